//! Where a notice comes from: the message whose readings settled its tick. Its name goes with the notice in the header
//! `traceparent` (W3C Trace Context), and with the messages that people get, so that one can be followed back.
//!
//! It is no part of a result: a run that starts again may settle a tick by another message.

use pipeline::PartitionId;
use reading::id;

/// The header.
pub(crate) const HEADER: &str = "traceparent";

/// The message that settled a tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trace {
    topic: u32,
    partition: u32,
    offset: i64,
}

impl Trace {
    /// The message of a topic at this offset.
    pub(crate) fn of(topic: &str, partition: PartitionId, offset: i64) -> Self {
        // The lower half of the hash.
        Self { topic: id::hash(topic.as_bytes()) as u32, partition, offset }
    }

    /// The value of the header: version, trace, the span of that message, and that it is recorded.
    pub(crate) fn header(&self) -> String {
        let Self { topic, partition, offset } = self;
        format!("00-{topic:08x}{partition:08x}{offset:016x}-{:016x}-01", offset + 1)
    }
}

/// The trace that a header names. None if it is not one.
pub(crate) fn id_of(header: &[u8]) -> Option<&str> {
    let header = str::from_utf8(header).ok()?;
    let mut fields = header.split('-');
    let (version, trace, span) = (fields.next()?, fields.next()?, fields.next()?);
    let is_hex = |field: &str, length| {
        field.len() == length && field.bytes().all(|one| matches!(one, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_right = is_hex(version, 2) && version != "ff" && is_hex(trace, 32) && is_hex(span, 16);
    Some(trace).filter(|trace| is_right && trace.bytes().any(|one| one != b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_names_the_message_and_is_read_again() {
        let trace = Trace::of("readings", 3, 0x2a);
        let header = trace.header();
        let id = id_of(header.as_bytes()).unwrap();
        assert_eq!(&id[8..], "00000003000000000000002a");
        assert_eq!(header, format!("00-{id}-000000000000002b-01"));
        assert_ne!(trace, Trace::of("other", 3, 0x2a));
    }

    #[test]
    fn what_is_no_trace_is_none() {
        let header = Trace::of("readings", 0, 0).header();
        let zero = format!("00-{}-{}-01", "0".repeat(32), "1".repeat(16));
        for wrong in ["", "00", &header[..40], &header.to_uppercase(), &zero, &header.replacen("00", "ff", 1)]
        {
            assert_eq!(id_of(wrong.as_bytes()), None, "{wrong}");
        }
        assert_eq!(id_of(&[0xff]), None);
        // A later version may have more behind it.
        assert!(id_of(format!("{header}-more").as_bytes()).is_some());
    }
}
