//! A dead letter that is read again, from a line of `dead-letters.ndjson` or from a message.

use crate::outputs::readable;
use reading::{Batch, Limits, Reason};
use serde_json::{Map, Value};

/// A dead letter as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Why it became no part of an interval.
    pub reason: Reason,
    /// The file that it came from, if it is known.
    pub source: String,
    /// The bytes that were kept.
    pub bytes: Vec<u8>,
}

impl Letter {
    /// Reads a line of `dead-letters.ndjson`; nothing if the line is something else.
    ///
    /// ```
    /// use columns::Letter;
    ///
    /// let line = br#"{"reason":"torn","source":"a.ndjson","bytes":"{\"meter\":\"M1\",\"ti"}"#;
    /// assert_eq!(Letter::parse(line).map(|letter| letter.bytes), Some(br#"{"meter":"M1","ti"#.to_vec()));
    /// assert_eq!(Letter::parse(br#"{"meter":"M1","time":1704067200000,"imp":1}"#), None);
    /// ```
    pub fn parse(line: &[u8]) -> Option<Self> {
        let columns: Map<String, Value> = serde_json::from_slice(line).ok()?;
        let text = |column: &str| columns.get(column).and_then(Value::as_str);
        let reason = Reason::named(text("reason")?)?;
        let bytes = match (text("bytes"), text("bytes_hex")) {
            (Some(text), _) => text.as_bytes().to_vec(),
            (None, Some(digits)) => from_digits(digits)?,
            (None, None) => return None,
        };
        Some(Self { reason, source: text("source").unwrap_or_default().to_owned(), bytes })
    }

    /// The letter as a line of `dead-letters.ndjson`, without its end. [`Self::parse`] gives it back.
    pub fn line(&self) -> Vec<u8> {
        let mut columns = Map::new();
        let mut put = |column: &str, text: String| drop(columns.insert(column.to_owned(), text.into()));
        put("reason", self.reason.name().to_owned());
        put("source", self.source.clone());
        match std::str::from_utf8(&self.bytes) {
            Ok(text) => put("bytes", text.to_owned()),
            Err(_) => {
                put("bytes_hex", self.bytes.iter().map(|byte| format!("{byte:02x}")).collect());
            }
        }
        serde_json::to_vec(&columns).expect("text can be written")
    }

    /// What stands in it now: readings, each with its text, and what still cannot be read, with its reason.
    ///
    /// A message that was refused as a whole may hold many readings.
    pub fn read(&self, limits: &Limits) -> Batch {
        let mut batch = Batch::of_bytes(readable(&self.bytes));
        let all = reading::Span { at: 0, len: batch.bytes.len() as u32 };
        // Only the beginning of a line that is too long was kept: as a line of its own it would be called torn.
        if self.reason == Reason::TooLong {
            batch.bury(all, Reason::TooLong);
            return batch;
        }
        wire::json::decode_lines(limits, &mut batch);
        if batch.is_empty() {
            // One letter stays one letter, with all of its bytes.
            // Of bytes that never were JSON only the first reason says what is wrong.
            let dead = batch.dead.first().filter(|_| self.bytes.trim_ascii_start().starts_with(b"{"));
            let reason = dead.map_or(self.reason, |dead| dead.reason);
            batch = Batch::of_bytes(std::mem::take(&mut batch.bytes));
            batch.bury(all, reason);
        }
        batch
    }
}

fn from_digits(digits: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }
}

#[cfg(test)]
mod tests;
