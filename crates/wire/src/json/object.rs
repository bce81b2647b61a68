//! One object: field after field, in any order.
//!
//! The short ways read eight bytes at a time, and so may look beyond the line into the next one. They accept no line
//! feed, so that they never step over the line's end. Where the block ends, they give way to the careful ones, which
//! know the line's end from `beyond`: the number of bytes at the end of the block that belong to later lines.

use super::careful::Careful;
use super::field::{self, Field, each_field};
use super::number::word;
use super::value::value;
use core::str;
use reading::{RawReading, Reason};

/// Reads one object, which is all that `line` holds, into `raw`, and returns how many of its fields are unknown.
///
/// Nothing that `raw` held before is left; after a refusal its content has no meaning. Unknown fields are stepped over
/// with any value of at most 64 levels. `null` is the same as an absent field.
///
/// ```
/// use reading::{EventTime, MeterId, RawReading, Reason};
/// use wire::json::decode;
///
/// let mut raw = RawReading::new(MeterId::new("-").expect("a name"), EventTime(0));
/// let line = br#"{"meter":"M1","time":1704067200000,"v":231.25,"colour":"red"}"#;
/// assert_eq!(decode(line, &mut raw), Ok(1));
/// assert_eq!(decode(&line[..30], &mut raw), Err(Reason::Torn));
/// ```
pub fn decode(line: &[u8], raw: &mut RawReading) -> Result<u32, Reason> {
    match object(line, 0, raw) {
        Ok(fields) => Ok(fields.unknown),
        Err(reason) => Err(refused(line, reason)),
    }
}

/// What is known of an object beside its reading.
#[derive(Clone, Copy)]
pub(super) struct Fields {
    /// How many fields were unknown.
    pub(super) unknown: u32,
    /// How many bytes of the block are left at the first letter of the meter's name, if the name stands there without
    /// escapes. The batch then points to it instead of copying it.
    pub(super) name_left: Option<usize>,
    /// The known fields, by their bits.
    seen: u32,
}

/// The reason for a refused line. That it is no text comes first: the other reason may only follow from that.
#[cold]
pub(super) fn refused(line: &[u8], reason: Reason) -> Reason {
    match str::from_utf8(line) {
        // A character that the end of the line cuts in two is no wrong text, but torn like the rest.
        Err(wrong) if wrong.error_len().is_some() || reason != Reason::Torn => Reason::NotUtf8,
        _ => reason,
    }
}

/// Reads the object at the front of `block`.
///
/// The fields are tried in the order of the table, round after round. A sender keeps its order of fields, so that every
/// branch here goes the same way line after line, and the processor foresees it.
#[inline(always)]
pub(super) fn object(block: &[u8], beyond: usize, raw: &mut RawReading) -> Result<Fields, Reason> {
    forget(raw);
    let mut fields = Fields { unknown: 0, name_left: None, seen: 0 };
    let Some(mut rest) = open(block, beyond)? else { return Err(Reason::MeterMissing) };
    'object: loop {
        let before = fields.seen;
        macro_rules! round {
            ($($field:ident $name:literal,)*) => {$(
                if let Some(at_value) = named(rest, const { Field::$field.quoted() }, Field::$field.width()) {
                    if fields.seen & Field::$field.bit() != 0 {
                        return Err(Reason::FieldTwice);
                    }
                    fields.seen |= Field::$field.bit();
                    let (after, name_left) = value(Field::$field, at_value, beyond, raw)?;
                    // Known when this is compiled, so that only one field has the assignment.
                    if Field::$field as u8 == Field::Meter as u8 {
                        fields.name_left = name_left;
                    }
                    match next_field(after, beyond)? {
                        Some(at_field) => rest = at_field,
                        None => break 'object,
                    }
                }
            )*};
        }
        each_field!(round);
        if fields.seen == before {
            // No field of a whole round was recognized: unknown, or written in an unusual way.
            let after;
            (fields, after) = field_carefully(rest, beyond, raw, fields)?;
            match next_field(after, beyond)? {
                Some(at_field) => rest = at_field,
                None => break,
            }
        }
    }
    if fields.seen & Field::Meter.bit() == 0 {
        return Err(Reason::MeterMissing);
    }
    if fields.seen & Field::Time.bit() == 0 {
        return Err(Reason::TimeMissing);
    }
    Ok(fields)
}

/// Steps into the object; nothing if it is empty.
#[inline(always)]
fn open(block: &[u8], beyond: usize) -> Result<Option<&[u8]>, Reason> {
    match block {
        [b'{', rest @ ..] if rest.first() == Some(&b'"') => Ok(Some(rest)),
        _ => open_carefully(block, beyond),
    }
}

#[cold]
#[inline(never)]
fn open_carefully(block: &[u8], beyond: usize) -> Result<Option<&[u8]>, Reason> {
    let mut careful = Careful::new(block, beyond);
    careful.space();
    careful.expect(b'{')?;
    careful.space();
    if careful.take(b'}') { careful.end().map(|()| None) } else { Ok(Some(careful.block())) }
}

/// Steps from behind a value to the next field; nothing if there is none.
#[inline(always)]
fn next_field(block: &[u8], beyond: usize) -> Result<Option<&[u8]>, Reason> {
    match block {
        [b',', rest @ ..] => Ok(Some(if rest.first() == Some(&b' ') { behind_space(rest) } else { rest })),
        [b'}', rest @ ..] if rest.len() == beyond => Ok(None),
        _ => next_field_carefully(block, beyond),
    }
}

/// Steps over the space that Python writes behind a comma by default. It is a call, so that it stays a branch: as
/// arithmetic it would delay every field of a sender that writes none.
#[inline(never)]
fn behind_space(block: &[u8]) -> &[u8] {
    &block[1..]
}

#[cold]
#[inline(never)]
fn next_field_carefully(block: &[u8], beyond: usize) -> Result<Option<&[u8]>, Reason> {
    let mut careful = Careful::new(block, beyond);
    careful.space();
    if careful.take(b',') {
        return Ok(Some(careful.block()));
    }
    careful.expect(b'}')?;
    careful.end().map(|()| None)
}

/// The block behind this name of a field and its colon, if they stand at its front.
#[inline(always)]
fn named(block: &[u8], quoted: u64, width: usize) -> Option<&[u8]> {
    (word(block)? << (64 - 8 * width) == quoted).then(|| &block[width..])
}

/// A field with a name that is unknown, or written in an unusual way.
#[cold]
#[inline(never)]
fn field_carefully<'a>(
    block: &'a [u8],
    beyond: usize,
    raw: &mut RawReading,
    mut fields: Fields,
) -> Result<(Fields, &'a [u8]), Reason> {
    let mut careful = Careful::new(block, beyond);
    let name = careful.name()?;
    let Some(field) = name.text(&mut [0; field::LONGEST]).and_then(Field::named) else {
        careful.skip()?;
        fields.unknown += 1;
        return Ok((fields, careful.block()));
    };
    if fields.seen & field.bit() != 0 {
        return Err(Reason::FieldTwice);
    }
    fields.seen |= field.bit();
    let (rest, name_left) = value(field, careful.block(), beyond, raw)?;
    fields.name_left = name_left.or(fields.name_left);
    Ok((fields, rest))
}

/// Makes room for the next reading; events keep their memory.
#[inline(always)]
fn forget(raw: &mut RawReading) {
    raw.imp = None;
    raw.exp = None;
    raw.v = None;
    raw.i = None;
    raw.neutral = None;
    raw.v_load = None;
    raw.p = None;
    raw.q = None;
    raw.lag = None;
    raw.lead = None;
    raw.vah = None;
    raw.f = None;
    raw.events.clear();
    raw.unknown_event = false;
    raw.relay = None;
    raw.seq = None;
}
