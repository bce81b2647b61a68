//! Rows of an output as JSON objects, and their keys.

use crate::outputs::{Columns, Output};
use crate::value::{Cell, Value};
use reading::EventTime;
use std::io::Write;

/// A row as a message, or as a line of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// Its name, the same in every run: a later message with this key takes the place of an earlier one.
    pub key: &'a [u8],
    /// A JSON object; nothing if the row is withdrawn.
    pub value: Option<&'a [u8]>,
}

/// Writes rows as JSON, into buffers of its own, for one thread.
#[derive(Debug, Default)]
pub struct Encoder {
    key: Vec<u8>,
    value: Vec<u8>,
    times: Times,
}

impl Encoder {
    /// The row under its key.
    pub fn row<'a, O: Output>(&mut self, output: &'a O, row: O::Row<'a>) -> Message<'_> {
        self.put_key(output.key(row));
        self.value.clear();
        object(output, row, Part::Whole, &mut self.times, &mut self.value);
        Message { key: &self.key, value: Some(&self.value) }
    }

    /// The key of the row alone.
    pub fn key<'a, O: Output>(&mut self, output: &'a O, row: O::Row<'a>) -> &[u8] {
        self.put_key(output.key(row));
        &self.key
    }

    /// The row alone.
    pub fn line<'a, O: Output>(&mut self, output: &'a O, row: O::Row<'a>) -> &[u8] {
        self.value.clear();
        object(output, row, Part::Whole, &mut self.times, &mut self.value);
        &self.value
    }

    /// Rows that share their first columns in one message: `{"meter": .., "LIST": [{..}, ..]}`. Its key is that of the
    /// first row.
    pub fn rows<'a, O: Output>(
        &mut self,
        output: &'a O,
        rows: &[O::Row<'a>],
        shared: &[&str],
        list: &str,
    ) -> Option<Message<'_>> {
        let (&first, _) = rows.split_first()?;
        self.put_key(output.key(first));
        self.value.clear();
        object(output, first, Part::Only(shared), &mut self.times, &mut self.value);
        // The list comes in before the brace that ends the object.
        self.value.pop();
        name(list, &mut self.value);
        self.value.push(b'[');
        for (place, &row) in rows.iter().enumerate() {
            if place > 0 {
                self.value.push(b',');
            }
            object(output, row, Part::Without(shared), &mut self.times, &mut self.value);
        }
        self.value.extend_from_slice(b"]}");
        Some(Message { key: &self.key, value: Some(&self.value) })
    }

    /// Word that there is no row under a key any more.
    pub fn withdrawn<'v>(&mut self, key: impl IntoIterator<Item = Value<'v>>) -> Message<'_> {
        self.put_key(key);
        Message { key: &self.key, value: None }
    }

    fn put_key<'v>(&mut self, parts: impl IntoIterator<Item = Value<'v>>) {
        self.key.clear();
        for (place, part) in parts.into_iter().enumerate() {
            if place > 0 {
                self.key.push(b'/');
            }
            match part {
                Value::Name(name) => self.key.extend_from_slice(name),
                Value::Text(text) => self.key.extend_from_slice(text.as_bytes()),
                Value::Time(time) => self.key.extend_from_slice(self.times.text(time).as_bytes()),
                Value::Day(day) => write!(self.key, "{day}").expect(TAKES_ALL),
                Value::Whole(number) => write!(self.key, "{number}").expect(TAKES_ALL),
                other => debug_assert!(false, "{other:?} is no part of a name"),
            }
        }
    }
}

const TAKES_ALL: &str = "a vector takes all bytes";

/// Which columns of a row stand in an object.
#[derive(Clone, Copy)]
enum Part<'p> {
    Whole,
    Only(&'p [&'p str]),
    Without(&'p [&'p str]),
}

impl Part<'_> {
    fn has(self, column: &str) -> bool {
        match self {
            Self::Whole => true,
            Self::Only(names) => names.contains(&column),
            Self::Without(names) => !names.contains(&column),
        }
    }
}

fn object<'a, O: Output>(
    output: &'a O,
    row: O::Row<'a>,
    part: Part<'_>,
    times: &mut Times,
    to: &mut Vec<u8>,
) {
    to.push(b'{');
    output.columns(&mut Object { row, part, times, to });
    to.push(b'}');
}

/// The object so far.
struct Object<'o, R> {
    row: R,
    part: Part<'o>,
    times: &'o mut Times,
    to: &'o mut Vec<u8>,
}

impl<R: Copy> Columns<R> for Object<'_, R> {
    #[inline]
    fn column<T: Cell>(
        &mut self,
        column: &str,
        _unit: &'static str,
        _definition: &'static str,
        _source: &'static str,
        value: impl Fn(R) -> T,
    ) {
        if self.part.has(column) {
            name(column, self.to);
            put(&value(self.row).value(), self.times, self.to);
        }
    }

    fn if_any<T: Cell>(
        &mut self,
        column: &str,
        unit: &'static str,
        definition: &'static str,
        source: &'static str,
        value: impl Fn(R) -> Option<T>,
    ) {
        if value(self.row).is_some() {
            self.column(column, unit, definition, source, value);
        }
    }

    fn in_file<T: Cell>(
        &mut self,
        _column: &str,
        _unit: &'static str,
        _definition: &'static str,
        _source: &'static str,
        _value: impl Fn(R) -> T,
    ) {
    }
}

/// `"name":`, behind a comma if something stands before it. Names of columns hold no letter that needs an escape.
#[inline]
fn name(name: &str, to: &mut Vec<u8>) {
    if to.last() != Some(&b'{') {
        to.push(b',');
    }
    to.push(b'"');
    to.extend_from_slice(name.as_bytes());
    to.extend_from_slice(b"\":");
}

#[inline(always)]
fn put(value: &Value<'_>, times: &mut Times, to: &mut Vec<u8>) {
    match value {
        Value::Nothing => to.extend_from_slice(b"null"),
        Value::Name(name) => quoted(name, to),
        Value::Text(text) => serde_json::to_writer(to, &**text).expect(TAKES_ALL),
        Value::Time(time) => quoted(times.text(*time).as_bytes(), to),
        Value::Day(day) => write!(to, "\"{day}\"").expect(TAKES_ALL),
        Value::Whole(number) => serde_json::to_writer(to, number).expect(TAKES_ALL),
        Value::Number(number) => serde_json::to_writer(to, number).expect(TAKES_ALL),
        Value::Flag(flag) => serde_json::to_writer(to, flag).expect(TAKES_ALL),
        Value::Quality(quality) => write!(to, "\"{quality}\"").expect(TAKES_ALL),
        Value::Numbers(numbers) => serde_json::to_writer(to, numbers).expect(TAKES_ALL),
        Value::Json(value) => serde_json::to_writer(to, value).expect(TAKES_ALL),
    }
}

fn quoted(plain: &[u8], to: &mut Vec<u8>) {
    to.push(b'"');
    to.extend_from_slice(plain);
    to.push(b'"');
}

/// Texts of the times met last. Most rows of a tick have the same start and end, and writing a time takes longer than
/// finding it here.
#[derive(Debug)]
struct Times {
    known: [(EventTime, String); 4],
    next: usize,
}

impl Default for Times {
    fn default() -> Self {
        let never = || (EventTime::MIN, EventTime::MIN.to_string());
        Self { known: [never(), never(), never(), never()], next: 0 }
    }
}

impl Times {
    fn text(&mut self, time: EventTime) -> &str {
        let place = self.known.iter().position(|(known, _)| *known == time).unwrap_or_else(|| {
            let place = self.next;
            self.next = (place + 1) % self.known.len();
            self.known[place] = (time, time.to_string());
            place
        });
        &self.known[place].1
    }
}
