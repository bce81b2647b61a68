//! Columns of an output, one after another, from its rows.

use crate::field::timestamp;
use arrow::array::{
    ArrayRef, ArrowPrimitiveType, BooleanArray, Date32Array, DictionaryArray, Float64Array, Int32Array,
    Int64Array, ListArray, PrimitiveArray, RecordBatch, StringArray, TimestampMillisecondArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{Field, Float64Type, Int32Type, Int64Type, Schema};
use reading::{EventTime, Quality};
use std::sync::Arc;

/// The columns of an output so far. The types of an empty sheet are those of the file, so that columns are named
/// in one place.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    fields: Vec<Field>,
    arrays: Vec<ArrayRef>,
}

impl Sheet {
    /// Starts an output.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// All columns together.
    pub(crate) fn rows(self) -> RecordBatch {
        RecordBatch::try_new(Arc::new(Schema::new(self.fields)), self.arrays)
            .expect("each column has one value a row, of the type that it says")
    }

    fn column(mut self, name: &str, nullable: bool, array: ArrayRef) -> Self {
        self.fields.push(Field::new(name, array.data_type().clone(), nullable));
        self.arrays.push(array);
        self
    }

    /// Text.
    pub(crate) fn text<T: AsRef<[u8]>>(self, name: &str, values: impl Iterator<Item = T>) -> Self {
        // Names have a dozen bytes.
        let mut bytes = Vec::with_capacity(12 * values.size_hint().0);
        let mut offsets = vec![0];
        values.for_each(|value| {
            bytes.extend_from_slice(value.as_ref());
            offsets.push(bytes.len() as i32);
        });
        // All of it is looked at as text once, which takes less than looking at each.
        let offsets = OffsetBuffer::new(offsets.into());
        let array = StringArray::try_new(offsets, bytes.into(), None).expect("text that was text before");
        self.column(name, false, Arc::new(array))
    }

    /// Text, or nothing.
    pub(crate) fn optional_text<T: AsRef<str>>(
        self,
        name: &str,
        values: impl Iterator<Item = Option<T>>,
    ) -> Self {
        self.column(name, true, Arc::new(values.collect::<StringArray>()))
    }

    /// Points in time.
    pub(crate) fn time(self, name: &str, values: impl Iterator<Item = EventTime>) -> Self {
        let array = TimestampMillisecondArray::from_iter_values(values.map(|time| time.0));
        self.column(name, false, Arc::new(array.with_data_type(timestamp())))
    }

    /// Points in time, or nothing.
    pub(crate) fn optional_time(self, name: &str, values: impl Iterator<Item = Option<EventTime>>) -> Self {
        let array: TimestampMillisecondArray = values.map(|time| time.map(|time| time.0)).collect();
        self.column(name, true, Arc::new(array.with_data_type(timestamp())))
    }

    /// Local days, counted since 1970.
    pub(crate) fn day(self, name: &str, values: impl Iterator<Item = i32>) -> Self {
        self.column(name, false, Arc::new(Date32Array::from_iter_values(values)))
    }

    /// Whole numbers.
    pub(crate) fn whole(self, name: &str, values: impl Iterator<Item = i64>) -> Self {
        self.column(name, false, Arc::new(Int64Array::from_iter_values(values)))
    }

    /// Whole numbers, or nothing.
    pub(crate) fn optional_whole(
        self,
        name: &str,
        values: impl Iterator<Item = Option<i64>> + Clone,
    ) -> Self {
        self.column(name, true, Arc::new(optional::<Int64Type>(values)))
    }

    /// How many of something.
    pub(crate) fn count(self, name: &str, values: impl Iterator<Item = u32>) -> Self {
        let values = values.map(|count| i32::try_from(count).unwrap_or(i32::MAX));
        self.column(name, false, Arc::new(Int32Array::from_iter_values(values)))
    }

    /// Numbers.
    pub(crate) fn number(self, name: &str, values: impl Iterator<Item = f64>) -> Self {
        self.column(name, false, Arc::new(Float64Array::from_iter_values(values)))
    }

    /// Numbers, or nothing.
    pub(crate) fn optional_number(
        self,
        name: &str,
        values: impl Iterator<Item = Option<f64>> + Clone,
    ) -> Self {
        self.column(name, true, Arc::new(optional::<Float64Type>(values)))
    }

    /// Numbers in a list, or no list.
    pub(crate) fn optional_list<'a>(
        self,
        name: &str,
        values: impl Iterator<Item = Option<&'a [f64]>>,
    ) -> Self {
        let lists = values.map(|list| list.map(|list| list.iter().map(|&number| Some(number))));
        self.column(name, true, Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>(lists)))
    }

    /// Yes or no, or neither.
    pub(crate) fn optional_flag(self, name: &str, values: impl Iterator<Item = Option<bool>>) -> Self {
        self.column(name, true, Arc::new(values.collect::<BooleanArray>()))
    }

    /// Yes or no.
    pub(crate) fn flag(self, name: &str, values: impl Iterator<Item = bool>) -> Self {
        let array = BooleanArray::from(values.collect::<Vec<_>>());
        self.column(name, false, Arc::new(array))
    }

    /// Qualities in words, each combination once.
    pub(crate) fn quality(self, name: &str, values: impl Iterator<Item = Quality>) -> Self {
        let mut words: Vec<Quality> = Vec::new();
        // Rows beside each other mostly have the same, and there are few in all.
        let keys = values.map(|quality| {
            words.iter().rposition(|&known| known == quality).unwrap_or_else(|| {
                words.push(quality);
                words.len() - 1
            }) as i32
        });
        let keys = Int32Array::from_iter_values(keys);
        let words = StringArray::from_iter_values(words.iter().map(ToString::to_string));
        let array = DictionaryArray::<Int32Type>::try_new(keys, Arc::new(words));
        self.column(name, false, Arc::new(array.expect("each key was given with its word")))
    }
}

/// Numbers of which some may be missing; mostly none are, or all.
fn optional<T: ArrowPrimitiveType>(
    values: impl Iterator<Item = Option<T::Native>> + Clone,
) -> PrimitiveArray<T> {
    let mut missing = false;
    let each = values.clone().map(|value| {
        missing |= value.is_none();
        value.unwrap_or_default()
    });
    let numbers: Vec<T::Native> = each.collect();
    let there = missing.then(|| values.map(|value| value.is_some()).collect::<NullBuffer>());
    PrimitiveArray::new(numbers.into(), there)
}
