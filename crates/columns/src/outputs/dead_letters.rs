//! What became no part of an interval.

use super::{About, Columns, Output, Sent, Wanted};
use crate::files::LinesIfAny;
use crate::value::{Cell, Value};
use pipeline::{Dead, Outputs, Plan};
use reading::{EventTime, MeterId, RawReading};
use std::borrow::Cow;
use std::fmt::Write;
use std::path::PathBuf;
use wire::json::LONGEST_LINE;

/// `dead-letters.ndjson`; in a topic, the bytes as they came.
#[derive(Debug, Default)]
pub struct DeadLetters {
    /// The source of each partition, in their order.
    pub sources: Vec<PathBuf>,
}

/// The bytes of a dead letter as they came; of a binary source the reading as JSON, so that it can be read again.
pub fn dead_bytes(dead: &Dead) -> Cow<'_, [u8]> {
    let Some((meter, reading)) = dead.reading.as_ref().filter(|_| dead.bytes.is_empty()) else {
        return readable(&dead.bytes);
    };
    let mut raw = RawReading::new(*meter, reading.time());
    reading.write_back(dead.extra.as_ref(), &mut raw);
    Cow::Owned(as_json(&raw))
}

/// A frame that can be decoded as JSON, and any other bytes as they are. No text passes for a frame, which has a
/// checksum.
pub(crate) fn readable(bytes: &[u8]) -> Cow<'_, [u8]> {
    let mut raw = RawReading::new(MeterId::new("-").expect("a dash is a name"), EventTime(0));
    match wire::frame::decode(bytes, &mut raw) {
        Ok(()) => Cow::Owned(as_json(&raw)),
        Err(_) => Cow::Borrowed(bytes),
    }
}

fn as_json(raw: &RawReading) -> Vec<u8> {
    let mut written = Vec::new();
    wire::json::encode(raw, &mut written);
    written
}

/// As many of the bytes as a line may have: the whole of a line that is too long would be too long here as well.
fn shown(dead: &Dead) -> Cow<'_, [u8]> {
    match dead_bytes(dead) {
        Cow::Borrowed(bytes) => Cow::Borrowed(&bytes[..bytes.len().min(LONGEST_LINE)]),
        Cow::Owned(mut bytes) => {
            bytes.truncate(LONGEST_LINE);
            Cow::Owned(bytes)
        }
    }
}

fn text(dead: &Dead) -> Option<String> {
    String::from_utf8(shown(dead).into_owned()).ok()
}

fn digits(dead: &Dead) -> Option<String> {
    let bytes = shown(dead);
    std::str::from_utf8(&bytes).is_err().then(|| {
        bytes.iter().fold(String::new(), |mut digits, byte| {
            write!(digits, "{byte:02x}").expect("text takes all text");
            digits
        })
    })
}

impl Output for DeadLetters {
    const ABOUT: About = About {
        file: "dead-letters.ndjson",
        row: "what became no part of an interval; the file is only there if there is one. A message has the bytes as \
              they came, 900,000 at most, and its reason in the header `reason`. A reading of a binary source (Parquet, \
              Arrow, a frame) is written as JSON, so that it can be read again. A message without a value withdraws a \
              letter: it was sent again",
        key: "TOPIC/PARTITION/OFFSET/ITEM",
        section: "",
        only: "",
        sent: Sent::ByPartition,
    };

    type Row<'a> = &'a Dead;
    type File = LinesIfAny<Self>;

    fn of(_plan: &Plan) -> Option<Self> {
        Some(Self::default())
    }

    fn with_all_columns() -> Self {
        Self::default()
    }

    fn leave_out(_plan: &mut Plan, _wanted: Wanted<'_>) {}

    fn rows(out: &Outputs) -> impl Iterator<Item = &Dead> + Clone {
        out.dead.iter()
    }

    /// Without the topic of the readings, which the stream puts before it.
    fn key<'a>(&'a self, dead: &'a Dead) -> impl IntoIterator<Item = Value<'a>> {
        let (offset, item) = dead.origin.map_or((-1, 0), |origin| (origin.offset, origin.item));
        [i64::from(dead.partition).value(), offset.value(), i64::from(item).value()]
    }

    fn columns<'a>(&'a self, to: &mut impl Columns<&'a Dead>) {
        to.column(
            "reason",
            "",
            "why it became no part of an interval, by name",
            "the rules of data quality",
            |dead| dead.reason.name(),
        );
        to.column("source", "", "the file that it came from", "the arguments of the run", |dead| {
            let source = self.sources.get(dead.partition as usize);
            source.map(|source| source.display().to_string()).unwrap_or_default()
        });
        to.if_any(
            "meter",
            "",
            "the meter, if it was a reading",
            "the meter, as its messages name it",
            |dead| dead.reading.as_ref().map(|(meter, _)| meter),
        );
        to.if_any("time", "", "the time of the reading, UTC, if it was one", "the message itself", |dead| {
            dead.reading.as_ref().map(|(_, reading)| reading.time())
        });
        to.if_any(
            "bytes",
            "",
            "the bytes as they came, if they are text, or the reading as JSON if its source is binary; of a line that \
             is too long, the first 64 KiB",
            "the message itself",
            text,
        );
        to.if_any(
            "bytes_hex",
            "",
            "the bytes as they came, in hexadecimal digits, if they are no text",
            "the message itself",
            digits,
        );
    }
}
