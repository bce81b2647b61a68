//! Rows of an output as columns of Arrow.

use crate::field::timestamp;
use crate::outputs::{Columns, Output};
use crate::value::{Cell, Type, Value};
use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, DictionaryArray, Float64Array, Int32Array, Int64Array, ListArray,
    RecordBatch, StringArray, TimestampMillisecondArray,
};
use arrow::buffer::{BooleanBuffer, NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, Int32Type, Schema};
use reading::Quality;
use std::sync::Arc;

/// The rows as a record batch. Without rows it still has the columns, each with its type.
pub(crate) fn record_batch<'a, O: Output>(
    output: &'a O,
    rows: impl Iterator<Item = O::Row<'a>> + Clone,
) -> RecordBatch {
    let mut sheet = Sheet { rows, fields: Vec::new(), arrays: Vec::new() };
    output.columns(&mut sheet);
    RecordBatch::try_new(Arc::new(Schema::new(sheet.fields)), sheet.arrays)
        .expect("each column has one value a row, of the type that it says")
}

/// The columns so far.
struct Sheet<I> {
    rows: I,
    fields: Vec<Field>,
    arrays: Vec<ArrayRef>,
}

impl<I: Iterator + Clone> Columns<I::Item> for Sheet<I> {
    fn column<T: Cell>(
        &mut self,
        name: &str,
        _unit: &'static str,
        _definition: &'static str,
        _source: &'static str,
        value: impl Fn(I::Item) -> T,
    ) {
        if T::TYPE == Type::Json {
            return;
        }
        let rows = self.rows.clone();
        let mut stored = Stored::new(T::TYPE, rows.size_hint().0);
        rows.for_each(|row| stored.push(&value(row).value()));
        let array = stored.end(T::TYPE, T::OPTIONAL);
        self.fields.push(Field::new(name, array.data_type().clone(), T::OPTIONAL));
        self.arrays.push(array);
    }
}

/// The values of one column on their way into an array.
struct Stored {
    values: Values,
    /// Which rows have a value.
    there: Vec<bool>,
}

enum Values {
    /// Texts one behind the other, and where each ends.
    Texts(Vec<u8>, Vec<i32>),
    Wholes(Vec<i64>),
    Numbers(Vec<f64>),
    /// Each different one, and the place of each row's.
    Qualities(Vec<Quality>, Vec<i32>),
    /// Lists one behind the other, and where each ends.
    Lists(Vec<f64>, Vec<i32>),
}

impl Stored {
    fn new(of: Type, rows: usize) -> Self {
        let values = match of {
            // Names have a dozen bytes.
            Type::Text | Type::Json => Values::Texts(Vec::with_capacity(12 * rows), vec![0]),
            Type::Time | Type::Day | Type::Whole | Type::Count | Type::Flag => {
                Values::Wholes(Vec::with_capacity(rows))
            }
            Type::Number => Values::Numbers(Vec::with_capacity(rows)),
            Type::Quality => Values::Qualities(Vec::new(), Vec::with_capacity(rows)),
            Type::Numbers => Values::Lists(Vec::new(), vec![0]),
        };
        Self { values, there: Vec::with_capacity(rows) }
    }

    #[inline(always)]
    fn push(&mut self, value: &Value<'_>) {
        self.there.push(!matches!(value, Value::Nothing));
        match &mut self.values {
            Values::Texts(bytes, ends) => {
                bytes.extend_from_slice(value.bytes().unwrap_or_default());
                ends.push(bytes.len() as i32);
            }
            Values::Wholes(wholes) => wholes.push(value.whole().unwrap_or_default()),
            Values::Numbers(numbers) => numbers.push(value.number().unwrap_or_default()),
            Values::Qualities(words, keys) => {
                let quality = value.quality().unwrap_or_default();
                // Rows beside each other mostly have the same, and there are few in all.
                let known = words.iter().rposition(|&known| known == quality);
                keys.push(known.unwrap_or_else(|| {
                    words.push(quality);
                    words.len() - 1
                }) as i32);
            }
            Values::Lists(numbers, ends) => {
                if let Value::Numbers(list) = value {
                    numbers.extend_from_slice(list);
                }
                ends.push(numbers.len() as i32);
            }
        }
    }

    fn end(self, of: Type, optional: bool) -> ArrayRef {
        let missing = optional && self.there.contains(&false);
        let nulls = missing.then(|| NullBuffer::from(self.there));
        match self.values {
            Values::Texts(bytes, ends) => {
                // One look at all of it as text takes less time than a look at each.
                let array = StringArray::try_new(OffsetBuffer::new(ends.into()), bytes.into(), nulls);
                Arc::new(array.expect("text that was text before"))
            }
            Values::Wholes(wholes) => whole_array(of, wholes, nulls),
            Values::Numbers(numbers) => Arc::new(Float64Array::new(numbers.into(), nulls)),
            Values::Qualities(words, keys) => {
                let words = StringArray::from_iter_values(words.iter().map(ToString::to_string));
                let keys = Int32Array::new(keys.into(), nulls);
                let array = DictionaryArray::<Int32Type>::try_new(keys, Arc::new(words));
                Arc::new(array.expect("each key was given with its word"))
            }
            Values::Lists(numbers, ends) => {
                let item = Arc::new(Field::new_list_field(DataType::Float64, true));
                let numbers = Arc::new(Float64Array::from(numbers));
                Arc::new(ListArray::new(item, OffsetBuffer::new(ends.into()), numbers, nulls))
            }
        }
    }
}

fn whole_array(of: Type, wholes: Vec<i64>, nulls: Option<NullBuffer>) -> ArrayRef {
    let narrow = || wholes.iter().map(|&whole| i32::try_from(whole).unwrap_or(i32::MAX)).collect::<Vec<_>>();
    match of {
        Type::Time => {
            let array = TimestampMillisecondArray::new(wholes.into(), nulls);
            Arc::new(array.with_data_type(timestamp()))
        }
        Type::Day => Arc::new(Date32Array::new(narrow().into(), nulls)),
        Type::Count => Arc::new(Int32Array::new(narrow().into(), nulls)),
        Type::Flag => Arc::new(BooleanArray::new(
            wholes.iter().map(|&flag| flag != 0).collect::<BooleanBuffer>(),
            nulls,
        )),
        _ => Arc::new(Int64Array::new(wholes.into(), nulls)),
    }
}
