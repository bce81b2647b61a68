//! Messages to readings. Total: whatever the bytes, they give readings or a dead letter.
//!
//! Arrow's own stream reader believes lengths and counts that a message states about itself, and panics, or asks
//! for all memory, where they are wrong. So the message is walked here: its tables are verified first, every
//! stretch of it is cut out with a check, and every array goes through Arrow's full validation.

use super::schema::{self, Columns};
use crate::field::{Layout, Misfit};
use crate::rows::Rows;
use arrow::array::{ArrayData, ArrayRef, RecordBatch, make_array};
use arrow::buffer::Buffer;
use arrow::datatypes::DataType;
use arrow::ipc::{self, MessageHeader, MetadataVersion, root_as_message};
use reading::{Batch, Issue, Limits, Reason, Span};
use std::collections::BTreeMap;

/// The longest message that is read; brokers carry 1 MiB by default.
const LONGEST_MESSAGE: usize = 64 << 20;
/// The most arrays of one record batch, nested ones counted: readings have 29 columns.
const MOST_ARRAYS: usize = 1024;
/// What stands before each part of a stream since Arrow 0.15.
const CONTINUATION: [u8; 4] = [0xff; 4];

/// Adds the readings of an Arrow IPC stream message to `batch`, rows in their order.
///
/// A row that is no reading becomes a dead letter that holds the row as JSON. A message that is no stream of
/// uncompressed columns of readings becomes one dead letter, whole; then none of its rows are added. Columns that
/// the engine does not know are counted as [`Issue::UnknownField`], once a message.
pub fn decode(message: &[u8], limits: &Limits, batch: &mut Batch) {
    let read = read(message);
    let appended = read.and_then(|(layout, record_batches)| {
        batch.counts.issues(Issue::UnknownField, layout.unknown.len() as u64);
        let mut rows = Rows::of_message();
        let mut all = record_batches.iter();
        // The columns were checked by now, so that the first failure would be the first record batch's.
        all.try_for_each(|one| rows.append(&layout, one, limits, batch)).map_err(|_| Reason::NotArrow)
    });
    if let Err(reason) = appended {
        let span = Span { at: batch.bytes.len() as u32, len: message.len() as u32 };
        batch.bytes.extend_from_slice(message);
        batch.bury(span, reason);
    }
}

fn read(message: &[u8]) -> Result<(Layout, Vec<RecordBatch>), Reason> {
    if message.len() > LONGEST_MESSAGE {
        return Err(Reason::TooLong);
    }
    let mut stream = Stream { rest: message };
    let mut columns = None;
    let mut dictionaries = BTreeMap::new();
    let mut record_batches = Vec::new();
    while let Some(part) = stream.part()? {
        let part = root_as_message(&part).map_err(|_| Reason::NotArrow)?;
        if !matches!(part.version(), MetadataVersion::V4 | MetadataVersion::V5) {
            return Err(Reason::NotArrow);
        }
        let body = stream.body(part.bodyLength())?;
        match (part.header_type(), &columns) {
            (MessageHeader::Schema, None) => {
                let found = part.header_as_schema().and_then(schema::columns).ok_or(Reason::NotArrow)?;
                let layout = Layout::of(&found.schema).map_err(|misfit| match misfit {
                    Misfit::Missing { column } if column.name() == "time" => Reason::TimeMissing,
                    Misfit::Missing { .. } => Reason::MeterMissing,
                    Misfit::Twice { .. } => Reason::FieldTwice,
                    Misfit::Type { .. } => Reason::FieldType,
                    Misfit::NothingMeasured => Reason::NothingMeasured,
                })?;
                columns = Some((found, layout));
            }
            (MessageHeader::DictionaryBatch, Some((columns, _))) => {
                let dictionary = part.header_as_dictionary_batch().ok_or(Reason::NotArrow)?;
                let values = values_of(columns, dictionary, body).ok_or(Reason::NotArrow)?;
                dictionaries.insert(dictionary.id(), values);
            }
            (MessageHeader::RecordBatch, Some((columns, _))) => {
                let rows = part.header_as_record_batch().ok_or(Reason::NotArrow)?;
                let rows = record_batch(columns, rows, body, &dictionaries).ok_or(Reason::NotArrow)?;
                record_batches.push(rows);
            }
            _ => return Err(Reason::NotArrow),
        }
    }
    let (_, layout) = columns.ok_or(Reason::Torn)?;
    Ok((layout, record_batches))
}

/// What is left of a message, cut into its parts.
struct Stream<'a> {
    rest: &'a [u8],
}

impl<'a> Stream<'a> {
    /// The tables of the next part, where they are aligned; nothing at the end of the stream.
    fn part(&mut self) -> Result<Option<Buffer>, Reason> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let mut length = self.four()?;
        if length == CONTINUATION {
            length = self.four()?;
        }
        let length = usize::try_from(i32::from_le_bytes(length)).map_err(|_| Reason::NotArrow)?;
        if length == 0 {
            // The end as it is written. What comes after it was not meant for us.
            return if self.rest.is_empty() { Ok(None) } else { Err(Reason::NotArrow) };
        }
        self.take(length).map(Buffer::from).map(Some)
    }

    fn body(&mut self, length: i64) -> Result<Buffer, Reason> {
        let length = usize::try_from(length).map_err(|_| Reason::NotArrow)?;
        self.take(length).map(Buffer::from)
    }

    fn four(&mut self) -> Result<[u8; 4], Reason> {
        let (four, rest) = self.rest.split_first_chunk().ok_or(Reason::Torn)?;
        self.rest = rest;
        Ok(*four)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Reason> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Reason::Torn)?;
        self.rest = rest;
        Ok(taken)
    }
}

/// The values of a dictionary, for the column that refers to it.
fn values_of(columns: &Columns, dictionary: ipc::DictionaryBatch, body: Buffer) -> Option<ArrayData> {
    let user = columns.dictionaries.iter().position(|&id| id == Some(dictionary.id()))?;
    let DataType::Dictionary(_, wanted) = columns.schema.field(user).data_type() else {
        return None;
    };
    // Dictionaries that grow on the way belong to long streams, and a message is short.
    if dictionary.isDelta() {
        return None;
    }
    Arrays::of(dictionary.data()?, body)?.array(wanted, None)
}

fn record_batch(
    columns: &Columns,
    rows: ipc::RecordBatch,
    body: Buffer,
    dictionaries: &BTreeMap<i64, ArrayData>,
) -> Option<RecordBatch> {
    let mut arrays = Arrays::of(rows, body)?;
    let found: Option<Vec<ArrayRef>> = columns
        .schema
        .fields()
        .iter()
        .zip(&columns.dictionaries)
        .map(|(column, id)| {
            let values = id.and_then(|id| dictionaries.get(&id));
            arrays.array(column.data_type(), values).map(make_array)
        })
        .collect();
    // Refuses columns of different lengths.
    let found = RecordBatch::try_new(columns.schema.clone(), found?).ok()?;
    (found.num_rows() as i64 == rows.length()).then_some(found)
}

/// The arrays of one record batch or dictionary, depth first.
struct Arrays<'a> {
    nodes: Box<dyn Iterator<Item = &'a ipc::FieldNode> + 'a>,
    buffers: Box<dyn Iterator<Item = &'a ipc::Buffer> + 'a>,
    variadic: Box<dyn Iterator<Item = i64> + 'a>,
    body: Buffer,
}

impl<'a> Arrays<'a> {
    fn of(rows: ipc::RecordBatch<'a>, body: Buffer) -> Option<Self> {
        let nodes = rows.nodes()?;
        if rows.compression().is_some() || nodes.len() > MOST_ARRAYS {
            return None;
        }
        Some(Self {
            nodes: Box::new(nodes.iter()),
            buffers: Box::new(rows.buffers()?.iter()),
            variadic: Box::new(rows.variadicBufferCounts().into_iter().flatten()),
            body,
        })
    }

    fn buffer(&mut self) -> Option<Buffer> {
        let place = self.buffers.next()?;
        let (at, length) = (usize::try_from(place.offset()).ok()?, usize::try_from(place.length()).ok()?);
        (at.checked_add(length)? <= self.body.len()).then(|| self.body.slice_with_length(at, length))
    }

    /// The next buffer, cut to so many values of so many bytes: where an odd byte is left over, Arrow panics.
    fn values(&mut self, count: usize, width: usize) -> Option<Buffer> {
        let buffer = self.buffer()?;
        let wanted = count.checked_mul(width)?;
        (wanted <= buffer.len()).then(|| buffer.slice_with_length(0, wanted))
    }

    /// The next buffer of offsets, which an array of nothing may leave empty.
    fn offsets(&mut self, length: usize, width: usize) -> Option<Buffer> {
        self.values(if length == 0 { 0 } else { length + 1 }, width)
    }

    /// The next array. `values` are those of its dictionary.
    fn array(&mut self, wanted: &DataType, values: Option<&ArrayData>) -> Option<ArrayData> {
        let node = self.nodes.next()?;
        let length = usize::try_from(node.length()).ok()?;
        // No array has more rows than its message has bits, so that nothing below can overflow. Only arrays of
        // nothing could claim more, and they stand beside others.
        if length > LONGEST_MESSAGE * 8 {
            return None;
        }
        let mut array = ArrayData::builder(wanted.clone()).len(length);
        if *wanted != DataType::Null {
            let nulls = self.buffer()?;
            if node.null_count() != 0 {
                // Arrow panics on too short a bitmap.
                array = array.null_bit_buffer((nulls.len() >= length.div_ceil(8)).then_some(nulls)?.into());
            }
        }
        match wanted {
            DataType::Null => {}
            DataType::Boolean => array = array.add_buffer(self.values(length.div_ceil(8), 1)?),
            DataType::Utf8 | DataType::Binary => {
                array = array.add_buffer(self.offsets(length, 4)?).add_buffer(self.buffer()?);
            }
            DataType::LargeUtf8 | DataType::LargeBinary => {
                array = array.add_buffer(self.offsets(length, 8)?).add_buffer(self.buffer()?);
            }
            DataType::Utf8View | DataType::BinaryView => {
                array = array.add_buffer(self.values(length, 16)?);
                for _ in 0..self.variadic.next()? {
                    array = array.add_buffer(self.buffer()?);
                }
            }
            DataType::List(of) => {
                array = array.add_buffer(self.offsets(length, 4)?);
                array = array.add_child_data(self.array(of.data_type(), None)?);
            }
            DataType::LargeList(of) => {
                array = array.add_buffer(self.offsets(length, 8)?);
                array = array.add_child_data(self.array(of.data_type(), None)?);
            }
            DataType::Struct(of) => {
                for of in of {
                    array = array.add_child_data(self.array(of.data_type(), None)?);
                }
            }
            DataType::Dictionary(keys, of) => {
                // Where all keys are null, the dictionary may be left out.
                let values = values.cloned().unwrap_or_else(|| ArrayData::new_empty(of));
                let keys = self.values(length, keys.primitive_width()?)?;
                array = array.add_buffer(keys).add_child_data(values);
            }
            plain => array = array.add_buffer(self.values(length, plain.primitive_width()?)?),
        }
        array.align_buffers(true).build().ok()
    }
}
