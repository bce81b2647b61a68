//! The column `meter`: names, and the key of each, worked out once for a name and not once for a row.

use crate::numbers::BLOCK;
use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type};
use arrow::error::ArrowError;
use reading::{Key, MeterId, Reason, id};

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
}

/// What is known of one entry of a dictionary.
#[derive(Debug, Clone, Copy)]
struct Entry {
    hash: u64,
    // Where its name stands in the bytes of the batch, if `seen` is of this round.
    at: u32,
    seen: u32,
    name: Name,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    Unread,
    Good(u8),
    Bad,
}

const UNREAD: Entry = Entry { hash: 0, at: 0, seen: 0, name: Name::Unread };

/// The dictionary in use. A Parquet file has one for some hundred record batches.
#[derive(Debug, Default)]
pub(crate) struct Meters {
    // Held so that its address stays its own, and can be compared.
    values: Option<StringArray>,
    entries: Vec<Entry>,
    round: u32,
}

impl Meters {
    /// Gets ready for a record batch: names must be written anew, because the bytes of the batch may be new.
    pub(crate) fn start(&mut self, names: &Names) {
        self.round = self.round.wrapping_add(1);
        let Names::Dictionary(names) = names else {
            return;
        };
        let values = names.values().as_string::<i32>();
        let same = self.values.as_ref().is_some_and(|known| {
            known.value_data().as_ptr() == values.value_data().as_ptr()
                && known.offsets().inner().ptr_eq(values.offsets().inner())
                && known.nulls().is_none() == values.nulls().is_none()
        });
        if !same || self.round == 0 {
            self.round = 1;
            self.entries.clear();
            self.entries.resize(values.len(), UNREAD);
            self.values = Some(values.clone());
        }
    }

    /// The keys of the rows from `from`; names that are new to this round are copied to `bytes`.
    pub(crate) fn keys(
        &mut self,
        names: &Names,
        from: usize,
        keys: &mut [Key],
        refused: &mut [Option<Reason>; BLOCK],
        bytes: &mut Vec<u8>,
    ) {
        match names {
            Names::Dictionary(names) => self.keys_by_entry(names, from, keys, refused, bytes),
            Names::Text(names) => keys_by_text(names, from, keys, refused, bytes),
        }
    }

    fn keys_by_entry(
        &mut self,
        names: &DictionaryArray<Int32Type>,
        from: usize,
        keys: &mut [Key],
        refused: &mut [Option<Reason>; BLOCK],
        bytes: &mut Vec<u8>,
    ) {
        let nulls = names.keys().nulls();
        let indices = &names.keys().values()[from..];
        let Some(values) = &self.values else {
            return;
        };
        for (row, (key, &index)) in keys.iter_mut().zip(indices).enumerate() {
            if nulls.is_some_and(|nulls| nulls.is_null(from + row)) {
                refused[row].get_or_insert(Reason::MeterMissing);
                continue;
            }
            let index = index as usize;
            let entry = &mut self.entries[index];
            if entry.seen != self.round {
                if values.is_null(index) {
                    refused[row].get_or_insert(Reason::MeterMissing);
                    continue;
                }
                let name = values.value(index).as_bytes();
                if entry.name == Name::Unread {
                    let good = MeterId::new(name).is_some();
                    entry.name = if good { Name::Good(name.len() as u8) } else { Name::Bad };
                    entry.hash = if good { id::hash(name) } else { 0 };
                }
                if entry.name != Name::Bad {
                    entry.at = bytes.len() as u32;
                    append(name, bytes);
                }
                entry.seen = self.round;
            }
            match entry.name {
                Name::Good(len) => *key = Key { hash: entry.hash, at: entry.at, len },
                _ => {
                    refused[row].get_or_insert(Reason::MeterName);
                }
            }
        }
    }
}

/// Copies a name. Most are short: eight letters at a time, and whatever stands behind the last is not looked at.
fn append(name: &[u8], bytes: &mut Vec<u8>) {
    name.chunks(8).for_each(|letters| bytes.extend_from_slice(&id::word_of(letters).to_le_bytes()));
}

fn keys_by_text(
    names: &StringArray,
    from: usize,
    keys: &mut [Key],
    refused: &mut [Option<Reason>; BLOCK],
    bytes: &mut Vec<u8>,
) {
    let mut last: Option<(&str, Key)> = None;
    for (row, key) in keys.iter_mut().enumerate() {
        if names.is_null(from + row) {
            refused[row].get_or_insert(Reason::MeterMissing);
            continue;
        }
        let name = names.value(from + row);
        // Files sorted by meter name the same one many times running.
        if let Some((known, same)) = last
            && known == name
        {
            *key = same;
        } else if MeterId::new(name).is_some() {
            *key = Key { hash: id::hash(name.as_bytes()), at: bytes.len() as u32, len: name.len() as u8 };
            append(name.as_bytes(), bytes);
            last = Some((name, *key));
        } else {
            refused[row].get_or_insert(Reason::MeterName);
        }
    }
}
