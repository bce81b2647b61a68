//! A block of lines into a batch: most readings come this way.

use super::object::{object, refused};
use memchr::memchr;
use reading::{Batch, EventTime, Issue, Limits, MeterId, RawReading, Reason, Span, check};

/// The longest line that is read.
pub const LONGEST_LINE: usize = 64 * 1024;

/// Decodes and checks the lines that `batch.bytes` holds, at most 4 GiB of them, into the rest of the batch.
///
/// Each line becomes a reading with its span, or a dead letter with its reason. Lines may end in `\r\n`, the last
/// one may lack its end, empty ones are skipped, and so is a byte order mark before the first. A name that was
/// written with escapes is appended to `batch.bytes`; keys of all others point to where the name stands.
pub fn decode_lines(limits: &Limits, batch: &mut Batch) {
    debug_assert!(u32::try_from(batch.bytes.len()).is_ok(), "spans count bytes in 32 bits");
    // Names may be appended behind the block, but its lines end here.
    let block_end = batch.bytes.len();
    let mut raw = RawReading::new(MeterId::new("-").expect("a dash is a name"), EventTime(0));
    let mut start = if batch.bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    while start < block_end {
        let block = &batch.bytes[start..block_end];
        let length = memchr(b'\n', block).unwrap_or(block.len());
        let line = block[..length].strip_suffix(b"\r").unwrap_or(&block[..length]);
        let span = Span { at: start as u32, len: line.len() as u32 };
        start += length + 1;
        let decoded = if length > LONGEST_LINE {
            Err(Reason::TooLong)
        } else {
            // The whole block, not the line alone: the short ways read eight bytes at once, also at the end of a line.
            object(block, block.len() - line.len(), &mut raw)
        };
        let fields = match decoded {
            Ok(fields) => fields,
            Err(reason) => {
                bury(batch, span, reason);
                continue;
            }
        };
        match check(&raw, limits) {
            Ok(checked) => {
                match fields.name_left {
                    Some(left) => batch.push_named_at(block_end - left, &raw.meter, checked),
                    None => batch.push(&raw.meter, checked),
                }
                batch.spans.push(span);
                if fields.unknown > 0 {
                    batch.counts.issues(Issue::UnknownField, u64::from(fields.unknown));
                }
            }
            Err(reason) => bury(batch, span, reason),
        }
    }
}

#[cold]
#[inline(never)]
fn bury(batch: &mut Batch, span: Span, reason: Reason) {
    let line = batch.text(span);
    if !line.trim_ascii().is_empty() {
        let reason = refused(line, reason);
        batch.bury(span, reason);
    }
}
