//! The rows of a row group on their way into the file.

use crate::ColumnsError;
use crate::outputs::{Columns, Intervals, Output};
use crate::pages::{Column, Flags, Names, Numbers, PagedFile, Scratch, Wholes, Words};
use crate::value::{Cell, Type, Value};
use pipeline::Compression;
use reading::{Interval, Quality};
use std::mem::ManuallyDrop;

/// The rows that wait to be written, by column.
#[derive(Debug)]
pub(super) struct Group {
    rows: usize,
    columns: Vec<Pages>,
    /// What makes columns small; none if the file is not compressed.
    scratch: Option<Scratch>,
}

/// The pages of one column.
#[derive(Debug)]
enum Pages {
    Names(Names),
    Wholes(Wholes),
    Numbers(Numbers),
    Words(Words<Quality>),
    Flags(Flags),
}

impl Pages {
    /// Empty pages for values of a type.
    fn new(of: Type, optional: bool) -> Self {
        match (of, optional) {
            (Type::Text, false) => Self::Names(Names::new()),
            // Readers filter by time alone: a row group has all meters.
            (Type::Time, false) => Self::Wholes(Wholes::bounded()),
            (Type::Whole | Type::Count, false) => Self::Wholes(Wholes::new()),
            (Type::Whole, true) => Self::Wholes(Wholes::optional()),
            (Type::Number, true) => Self::Numbers(Numbers::new()),
            (Type::Quality, false) => Self::Words(Words::new()),
            (Type::Flag, false) => Self::Flags(Flags::default()),
            _ => panic!("pages for a column of type {of:?}, optional {optional}, are not written yet"),
        }
    }

    /// Appends a value a row.
    #[inline(always)]
    fn append<T: Cell>(&mut self, cells: impl Iterator<Item = T> + Clone) {
        match self {
            Self::Names(names) => {
                cells.for_each(|cell| names.push(cell.value().bytes().unwrap_or_default()));
            }
            Self::Wholes(wholes) if T::OPTIONAL => wholes.append_some(cells.map(|cell| value(cell).whole())),
            Self::Wholes(wholes) => {
                wholes.append(cells.map(|cell| value(cell).whole().unwrap_or_default()));
            }
            Self::Numbers(numbers) => numbers.append(cells.map(|cell| value(cell).number())),
            Self::Words(words) => {
                words.append(cells.map(|cell| value(cell).quality().unwrap_or_default()));
            }
            Self::Flags(flags) => flags.append(cells.map(|cell| value(cell).whole() == Some(1))),
        }
    }

    fn column(&mut self) -> &mut dyn Column {
        match self {
            Self::Names(names) => names,
            Self::Wholes(wholes) => wholes,
            Self::Numbers(numbers) => numbers,
            Self::Words(words) => words,
            Self::Flags(flags) => flags,
        }
    }
}

/// The value of a cell that is no text, and so owns no memory. The compiler does not always see that, and then it calls
/// the drop of [`Value`] for every cell.
#[inline(always)]
fn value<'v>(cell: impl Cell + 'v) -> ManuallyDrop<Value<'v>> {
    ManuallyDrop::new(cell.value())
}

impl Group {
    /// No rows.
    pub(super) fn new(output: &Intervals, compression: Compression) -> Self {
        let mut empty = Empty(Vec::new());
        output.columns(&mut empty);
        let scratch = (compression != Compression::None).then(Scratch::new);
        Self { rows: 0, columns: empty.0, scratch }
    }

    /// How many wait.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Appends intervals.
    pub(super) fn append(&mut self, output: &Intervals, all: &[Interval]) {
        self.rows += all.len();
        output.columns(&mut Append { rows: all, columns: self.columns.iter_mut() });
    }

    /// Writes all that wait.
    pub(super) fn write(&mut self, file: &mut PagedFile) -> Result<(), ColumnsError> {
        let rows = std::mem::take(&mut self.rows);
        let mut group = file.group(rows);
        for pages in &mut self.columns {
            group.add(&pages.column().end(self.scratch.as_mut()))?;
            pages.column().clear();
        }
        group.end()
    }
}

/// Makes the pages of each column.
struct Empty(Vec<Pages>);

impl<'a> Columns<&'a Interval> for Empty {
    fn column<T: Cell>(
        &mut self,
        _name: &str,
        _unit: &'static str,
        _definition: &'static str,
        _source: &'static str,
        _value: impl Fn(&'a Interval) -> T,
    ) {
        self.0.push(Pages::new(T::TYPE, T::OPTIONAL));
    }
}

/// Appends rows to the pages of each column.
struct Append<'a, 'p> {
    rows: &'a [Interval],
    columns: std::slice::IterMut<'p, Pages>,
}

impl<'a> Columns<&'a Interval> for Append<'a, '_> {
    #[inline]
    fn column<T: Cell>(
        &mut self,
        _name: &str,
        _unit: &'static str,
        _definition: &'static str,
        _source: &'static str,
        value: impl Fn(&'a Interval) -> T,
    ) {
        let pages = self.columns.next().expect("pages were made for every column");
        pages.append(self.rows.iter().map(&value));
    }
}
