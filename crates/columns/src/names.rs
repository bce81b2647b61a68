//! The column `meter`: names, and in files the dictionary of them, looked into once for a name and not once for a row.

use crate::numbers::{BLOCK, first, valid};
use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type};
use arrow::error::ArrowError;
use reading::{Dictionary, Key, MeterId, Reason, id};
use std::sync::Arc;

/// The names of one record batch.
#[derive(Debug)]
pub(crate) enum Names {
    Dictionary(DictionaryArray<Int32Type>),
    Text(StringArray),
}

impl Names {
    /// The names of a column of text, in one of two forms.
    pub(crate) fn of(column: &ArrayRef) -> Result<Self, ArrowError> {
        let text = DataType::Utf8;
        Ok(match column.data_type() {
            DataType::Dictionary(..) => {
                let wanted = DataType::Dictionary(Box::new(DataType::Int32), Box::new(text));
                Self::Dictionary(cast(column, &wanted)?.as_dictionary().clone())
            }
            _ => Self::Text(cast(column, &text)?.as_string().clone()),
        })
    }

    fn at(&self, row: usize) -> Option<&str> {
        let (texts, row) = match self {
            Self::Text(texts) => (texts, row),
            Self::Dictionary(names) => (names.values().as_string::<i32>(), names.key(row)?),
        };
        texts.is_valid(row).then(|| texts.value(row))
    }

    /// The keys of the rows from `from`; their names are copied to `bytes`.
    pub(crate) fn keys(
        &self,
        from: usize,
        keys: &mut [Key],
        refused: &mut [Option<Reason>; BLOCK],
        bytes: &mut Vec<u8>,
    ) {
        let mut last: Option<(&str, Key)> = None;
        for (row, key) in keys.iter_mut().enumerate() {
            let Some(name) = self.at(from + row) else {
                refused[row].get_or_insert(Reason::MeterMissing);
                continue;
            };
            // Files sorted by meter name the same one many times running.
            if let Some((known, same)) = last
                && known == name
            {
                *key = same;
            } else if MeterId::new(name).is_some() {
                let hash = id::hash(name.as_bytes());
                *key = Key { hash, at: bytes.len() as u32, len: name.len() as u8 };
                append(name.as_bytes(), bytes);
                last = Some((name, *key));
            } else {
                refused[row].get_or_insert(Reason::MeterName);
            }
        }
    }
}

/// Copies a name. Most are short: eight letters at a time, and whatever stands behind the last is not looked at.
fn append(name: &[u8], bytes: &mut Vec<u8>) {
    name.chunks(8).for_each(|letters| bytes.extend_from_slice(&id::word_of(letters).to_le_bytes()));
}

/// The dictionary in use. A Parquet file has one for some hundred record batches.
#[derive(Debug, Default)]
pub(crate) struct Meters {
    // Held so that its address stays its own, and can be compared.
    values: Option<StringArray>,
    dictionary: Arc<Dictionary>,
}

impl Meters {
    /// The dictionary of a record batch.
    pub(crate) fn dictionary(&mut self, names: &DictionaryArray<Int32Type>) -> &Arc<Dictionary> {
        let values = names.values().as_string::<i32>();
        let same = self.values.as_ref().is_some_and(|known| {
            known.value_data().as_ptr() == values.value_data().as_ptr()
                && known.offsets().inner().ptr_eq(values.offsets().inner())
                && known.nulls().is_none() == values.nulls().is_none()
        });
        if !same {
            // A name that is none may be as long as it likes.
            let letters = values.value_data().len().min(values.len() * id::LONGEST);
            let mut dictionary = Dictionary::with_capacity(values.len(), letters);
            values.iter().for_each(|name| dictionary.push(name.unwrap_or_default().as_bytes()));
            self.dictionary = Arc::new(dictionary);
            self.values = Some(values.clone());
        }
        &self.dictionary
    }

    /// The entries of the rows from `from`.
    pub(crate) fn entries(
        &self,
        names: &DictionaryArray<Int32Type>,
        from: usize,
        entries: &mut [u32],
        refused: &mut [Option<Reason>; BLOCK],
    ) {
        let keys = names.keys();
        entries.iter_mut().zip(&keys.values()[from..]).for_each(|(entry, &key)| *entry = key as u32);
        let there = valid(keys.nulls(), from, entries.len());
        if there == first(entries.len()) && self.dictionary.is_all_good() {
            return;
        }
        for (row, &entry) in entries.iter().enumerate() {
            if there >> row & 1 == 0 || names.values().is_null(entry as usize) {
                refused[row].get_or_insert(Reason::MeterMissing);
            } else if !self.dictionary.is_good(entry) {
                refused[row].get_or_insert(Reason::MeterName);
            }
        }
    }
}
