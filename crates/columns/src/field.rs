//! The columns of a reading: the fields of the wire format, with a column a phase where the wire has an array.

use arrow::datatypes::{DataType, Schema, TimeUnit};

/// What a column must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Name,
    Time,
    Whole,
    Measured,
    Events,
    Relay,
}

impl Kind {
    /// What an error message asks for.
    pub(crate) fn expected(self) -> &'static str {
        match self {
            Self::Name => "text",
            Self::Time => "a timestamp in UTC or integer milliseconds since 1970 UTC",
            Self::Whole => "an integer",
            Self::Measured => "a number",
            Self::Events => "a list of integers or of text",
            Self::Relay => "a boolean, or the texts `on` and `off`",
        }
    }

    fn suits(self, found: &DataType) -> bool {
        match self {
            Self::Name => is_text(found),
            // Arrow keeps every zoned timestamp in UTC, whatever zone it shows.
            Self::Time => matches!(found, DataType::Timestamp(_, Some(_))) || found.is_integer(),
            Self::Whole => found.is_integer(),
            Self::Measured => {
                found.is_integer()
                    || matches!(found, DataType::Float32 | DataType::Float64)
                    || matches!(
                        found,
                        DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..)
                    )
            }
            Self::Events => match found {
                DataType::List(of) | DataType::LargeList(of) => {
                    of.data_type().is_integer() || is_text(of.data_type())
                }
                _ => false,
            },
            Self::Relay => *found == DataType::Boolean || is_text(found),
        }
    }
}

/// Whether a column of this type holds text, as such or through a dictionary.
pub(crate) fn is_text(found: &DataType) -> bool {
    match found {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, of) => {
            matches!(**of, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
        }
        _ => false,
    }
}

macro_rules! fields {
    ($($field:ident $name:literal $kind:ident,)*) => {
        /// A column that the engine knows.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum Field { $($field,)* }

        impl Field {
            /// All of them, in the order in which they are written.
            pub(crate) const ALL: &[Self] = &[$(Self::$field,)*];

            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$field => $name,)* }
            }

            pub(crate) fn kind(self) -> Kind {
                match self { $(Self::$field => Kind::$kind,)* }
            }
        }
    };
}

fields! {
    Meter "meter" Name,
    Time "time" Time,
    Imp "imp" Whole,
    Exp "exp" Whole,
    V "v" Measured,
    VA "v_a" Measured,
    VB "v_b" Measured,
    VC "v_c" Measured,
    I "i" Measured,
    IA "i_a" Measured,
    IB "i_b" Measured,
    IC "i_c" Measured,
    Neutral "in" Measured,
    VLoad "vl" Measured,
    P "p" Measured,
    PA "p_a" Measured,
    PB "p_b" Measured,
    PC "p_c" Measured,
    Q "q" Measured,
    QA "q_a" Measured,
    QB "q_b" Measured,
    QC "q_c" Measured,
    Lag "lag" Whole,
    Lead "lead" Whole,
    Vah "vah" Whole,
    F "f" Measured,
    Events "ev" Events,
    Relay "relay" Relay,
    Seq "seq" Whole,
}

impl Field {
    pub(crate) const COUNT: usize = Self::ALL.len();

    fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|field| field.name() == name)
    }
}

/// How a schema fails to be one of readings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Misfit {
    Missing { column: Field },
    Twice { column: Field },
    Type { column: Field, found: DataType },
    NothingMeasured,
}

/// Where the known columns stand in a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    at: [Option<usize>; Field::COUNT],
    /// The names of the others.
    pub(crate) unknown: Vec<String>,
}

impl Layout {
    /// Finds the columns of readings, or says what is wrong with a schema.
    pub(crate) fn of(schema: &Schema) -> Result<Self, Misfit> {
        let mut layout = Self { at: [None; Field::COUNT], unknown: Vec::new() };
        for (index, column) in schema.fields().iter().enumerate() {
            let Some(field) = Field::named(column.name()) else {
                layout.unknown.push(column.name().clone());
                continue;
            };
            if layout.at[field as usize].replace(index).is_some() {
                return Err(Misfit::Twice { column: field });
            }
            if !field.kind().suits(column.data_type()) {
                return Err(Misfit::Type { column: field, found: column.data_type().clone() });
            }
        }
        for column in [Field::Meter, Field::Time] {
            layout.at(column).ok_or(Misfit::Missing { column })?;
        }
        if layout.known().count() == 2 {
            return Err(Misfit::NothingMeasured);
        }
        Ok(layout)
    }

    /// Which column of the schema holds a field.
    pub(crate) fn at(&self, field: Field) -> Option<usize> {
        self.at[field as usize]
    }

    /// The fields that it has, in their own order, and where.
    pub(crate) fn known(&self) -> impl Iterator<Item = (Field, usize)> + '_ {
        Field::ALL.iter().filter_map(|&field| self.at(field).map(|at| (field, at)))
    }

    /// The same columns after all but `kept` were left out of the schema.
    pub(crate) fn projected(&self, kept: &[usize]) -> Self {
        let at = self.at.map(|at| at.and_then(|at| kept.iter().position(|&one| one == at)));
        Self { at, unknown: Vec::new() }
    }
}

/// The type of every point in time that is written.
pub(crate) fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()))
}
