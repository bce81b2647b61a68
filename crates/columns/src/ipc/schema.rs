//! The schema of a message. Arrow's own converter panics on a schema that makes no sense; this one refuses it.

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use arrow::ipc;
use std::sync::Arc;

/// The columns of a message, and which of them refer to which dictionary.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) schema: Arc<Schema>,
    pub(super) dictionaries: Vec<Option<i64>>,
}

/// A schema of types that readings, or columns beside them, may have. Nothing where it has another.
pub(super) fn columns(schema: ipc::Schema) -> Option<Columns> {
    if schema.endianness() != ipc::Endianness::Little {
        return None;
    }
    let mut fields = Vec::new();
    let mut dictionaries = Vec::new();
    for column in schema.fields()? {
        let dictionary = column.dictionary();
        let mut found = data_type(column)?;
        if let Some(dictionary) = dictionary {
            let keys = match dictionary.indexType() {
                Some(keys) => integer(keys)?,
                None => DataType::Int32,
            };
            found = DataType::Dictionary(Box::new(keys), Box::new(found));
        }
        fields.push(Field::new(column.name().unwrap_or_default(), found, true));
        dictionaries.push(dictionary.map(|dictionary| dictionary.id()));
    }
    Some(Columns { schema: Arc::new(Schema::new(fields)), dictionaries })
}

/// The type of the values themselves. The depth of types is bounded by the check of the message.
fn data_type(column: ipc::Field) -> Option<DataType> {
    Some(match column.type_type() {
        ipc::Type::Null => DataType::Null,
        ipc::Type::Bool => DataType::Boolean,
        ipc::Type::Int => integer(column.type_as_int()?)?,
        ipc::Type::FloatingPoint => match column.type_as_floating_point()?.precision() {
            ipc::Precision::HALF => DataType::Float16,
            ipc::Precision::SINGLE => DataType::Float32,
            ipc::Precision::DOUBLE => DataType::Float64,
            _ => return None,
        },
        ipc::Type::Utf8 => DataType::Utf8,
        ipc::Type::LargeUtf8 => DataType::LargeUtf8,
        ipc::Type::Utf8View => DataType::Utf8View,
        ipc::Type::Binary => DataType::Binary,
        ipc::Type::LargeBinary => DataType::LargeBinary,
        ipc::Type::BinaryView => DataType::BinaryView,
        ipc::Type::Timestamp => {
            let stamp = column.type_as_timestamp()?;
            DataType::Timestamp(time_unit(stamp.unit())?, stamp.timezone().map(Arc::from))
        }
        ipc::Type::Duration => DataType::Duration(time_unit(column.type_as_duration()?.unit())?),
        ipc::Type::Date => match column.type_as_date()?.unit() {
            ipc::DateUnit::DAY => DataType::Date32,
            ipc::DateUnit::MILLISECOND => DataType::Date64,
            _ => return None,
        },
        ipc::Type::Time => {
            let time = column.type_as_time()?;
            match (time.bitWidth(), time_unit(time.unit())?) {
                (32, unit @ (TimeUnit::Second | TimeUnit::Millisecond)) => DataType::Time32(unit),
                (64, unit @ (TimeUnit::Microsecond | TimeUnit::Nanosecond)) => DataType::Time64(unit),
                _ => return None,
            }
        }
        ipc::Type::List => DataType::List(only_child(column)?),
        ipc::Type::LargeList => DataType::LargeList(only_child(column)?),
        ipc::Type::Struct_ => {
            DataType::Struct(column.children()?.iter().map(child).collect::<Option<Vec<_>>>()?.into())
        }
        _ => return None,
    })
}

fn integer(found: ipc::Int) -> Option<DataType> {
    Some(match (found.bitWidth(), found.is_signed()) {
        (8, true) => DataType::Int8,
        (16, true) => DataType::Int16,
        (32, true) => DataType::Int32,
        (64, true) => DataType::Int64,
        (8, false) => DataType::UInt8,
        (16, false) => DataType::UInt16,
        (32, false) => DataType::UInt32,
        (64, false) => DataType::UInt64,
        _ => return None,
    })
}

fn time_unit(found: ipc::TimeUnit) -> Option<TimeUnit> {
    Some(match found {
        ipc::TimeUnit::SECOND => TimeUnit::Second,
        ipc::TimeUnit::MILLISECOND => TimeUnit::Millisecond,
        ipc::TimeUnit::MICROSECOND => TimeUnit::Microsecond,
        ipc::TimeUnit::NANOSECOND => TimeUnit::Nanosecond,
        _ => return None,
    })
}

fn only_child(column: ipc::Field) -> Option<Arc<Field>> {
    let children = column.children()?;
    let mut children = children.iter();
    let only = child(children.next()?)?;
    children.next().is_none().then_some(only)
}

/// A column inside a column; a dictionary there would need its own values, and no reading has one.
fn child(column: ipc::Field) -> Option<Arc<Field>> {
    if column.dictionary().is_some() {
        return None;
    }
    Some(Arc::new(Field::new(column.name().unwrap_or_default(), data_type(column)?, true)))
}
