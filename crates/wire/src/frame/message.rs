//! Frames in a message.

use super::{LONGEST, decode};
use reading::{Batch, EventTime, Limits, MeterId, RawReading, Reason, Span, check};

/// Decodes and checks a message of frames into a batch, behind what it already holds.
///
/// Each frame stands behind one byte with its length, also in a message of a single frame. The message is copied into
/// `batch.bytes`, and each reading's span is its frame without the length. A frame that cannot be read becomes a dead
/// letter, and the next one is tried. Where a length cannot be right, the rest of the message becomes one dead letter.
pub fn decode_message(message: &[u8], limits: &Limits, batch: &mut Batch) {
    let start = batch.bytes.len();
    debug_assert!(u32::try_from(start + message.len()).is_ok(), "spans count bytes in 32 bits");
    batch.bytes.extend_from_slice(message);
    let mut raw = RawReading::new(MeterId::new("-").expect("a dash is a name"), EventTime(0));
    let mut at = 0;
    while let Some(&length) = message.get(at) {
        let length = usize::from(length);
        let span = |at: usize, len: usize| Span { at: (start + at) as u32, len: len as u32 };
        let rest = span(at, message.len() - at);
        if length == 0 || length > LONGEST {
            return batch.bury(rest, Reason::FrameLength);
        }
        let Some(frame) = message.get(at + 1..at + 1 + length) else {
            return batch.bury(rest, Reason::Torn);
        };
        let span = span(at + 1, length);
        match decode(frame, &mut raw).and_then(|()| check(&raw, limits)) {
            Ok(checked) => {
                batch.push(&raw.meter, checked);
                batch.spans.push(span);
            }
            Err(reason) => batch.bury(span, reason),
        }
        at += 1 + length;
    }
}
