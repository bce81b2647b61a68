//! What each field means, in one place for every way of reading it.
//!
//! Each function reads a value at the front of `block`, whose last `beyond` bytes belong to later lines, and returns
//! the block behind the value.

use super::careful::{Careful, Quoted};
use super::field::Field;
use super::number::{Keep, Written, short_thousandths, short_whole, thousandths, whole};
use core::str;
use reading::{EventCode, EventTime, MeterId, Phases, RawReading, Reason, id};
use units::{
    Milliamperes, Millihertz, Millivars, Millivolts, Milliwatts, VarHours, VoltAmpereHours, WattHours,
};

/// The block behind a value.
type Rest<'a> = Result<&'a [u8], Reason>;

/// Reads the value of a field into the reading. Returns the block behind it and, for the meter's name, how many bytes
/// of the block are left at its first letter.
#[inline(always)]
pub(super) fn value<'a>(
    field: Field,
    block: &'a [u8],
    beyond: usize,
    raw: &mut RawReading,
) -> Result<(&'a [u8], Option<usize>), Reason> {
    let rest = match field {
        Field::Meter => {
            let (meter, name_left, rest) = meter_name(block, beyond)?;
            raw.meter = meter;
            return Ok((rest, name_left));
        }
        Field::Time => {
            let (ms, rest) = moment(block, beyond)?;
            raw.time = EventTime(ms);
            Ok(rest)
        }
        Field::Imp => put(&mut raw.imp, whole(block, beyond)?, WattHours),
        Field::Exp => put(&mut raw.exp, whole(block, beyond)?, WattHours),
        Field::V => phases(block, beyond, &mut raw.v, |v| small(v).map(Millivolts)),
        Field::I => phases(block, beyond, &mut raw.i, |i| small(i).map(Milliamperes)),
        Field::Neutral => put_small(&mut raw.neutral, thousandths(block, beyond)?, Milliamperes),
        Field::VLoad => put_small(&mut raw.v_load, thousandths(block, beyond)?, Millivolts),
        Field::P => phases(block, beyond, &mut raw.p, |p| Ok(Milliwatts(p))),
        Field::Q => phases(block, beyond, &mut raw.q, |q| Ok(Millivars(q))),
        Field::Lag => put(&mut raw.lag, whole(block, beyond)?, VarHours),
        Field::Lead => put(&mut raw.lead, whole(block, beyond)?, VarHours),
        Field::Vah => put(&mut raw.vah, whole(block, beyond)?, VoltAmpereHours),
        Field::F => put_small(&mut raw.f, thousandths(block, beyond)?, Millihertz),
        Field::Events => events(block, beyond, raw),
        Field::Relay => relay(block, beyond, raw),
        Field::Seq => counter(block, beyond, raw),
    };
    Ok((rest?, None))
}

#[inline(always)]
fn put<'a, T>(
    field: &mut Option<T>,
    (value, rest): (Option<i64>, &'a [u8]),
    quantity: impl Fn(i64) -> T,
) -> Rest<'a> {
    *field = value.map(quantity);
    Ok(rest)
}

#[inline(always)]
fn put_small<'a, T>(
    field: &mut Option<T>,
    (value, rest): (Option<i64>, &'a [u8]),
    quantity: impl Fn(i32) -> T,
) -> Rest<'a> {
    *field = value.map(small).transpose()?.map(quantity);
    Ok(rest)
}

#[inline(always)]
fn small(value: i64) -> Result<i32, Reason> {
    i32::try_from(value).map_err(|_| Reason::NumberRange)
}

/// One number, or an array of exactly three.
#[inline(always)]
fn phases<'a, T>(
    block: &'a [u8],
    beyond: usize,
    field: &mut Option<Phases<T>>,
    quantity: impl Fn(i64) -> Result<T, Reason>,
) -> Rest<'a> {
    if let Some((one, rest)) = short_thousandths(block) {
        *field = Some(Phases::One(quantity(one)?));
        return Ok(rest);
    }
    let (value, rest) = phases_otherwise(block, beyond)?;
    *field = match value {
        None => None,
        Some(Phases::One(one)) => Some(Phases::One(quantity(one)?)),
        Some(Phases::Three([a, b, c])) => Some(Phases::Three([quantity(a)?, quantity(b)?, quantity(c)?])),
    };
    Ok(rest)
}

#[inline(never)]
fn phases_otherwise(block: &[u8], beyond: usize) -> Result<(Option<Phases<i64>>, &[u8]), Reason> {
    let mut careful = Careful::new(block, beyond);
    careful.space();
    if careful.peek()? == b'[' {
        return match three(careful.block(), beyond) {
            Ok((three, rest)) => Ok((Some(Phases::Three(three)), rest)),
            Err(Reason::NumberRange) => Err(Reason::NumberRange),
            Err(_) => Err(careful.refuse()),
        };
    }
    let written = careful.optional_number(Keep::Thousandths)?;
    Ok((written.map(Written::signed).transpose()?.map(Phases::One), careful.block()))
}

fn three(block: &[u8], beyond: usize) -> Result<([i64; 3], &[u8]), Reason> {
    let mut three = [0; 3];
    let mut careful = Careful::new(block, beyond);
    for (index, one) in three.iter_mut().enumerate() {
        careful.expect(if index == 0 { b'[' } else { b',' })?;
        let (value, rest) = thousandths(careful.block(), beyond)?;
        *one = value.ok_or(Reason::FieldType)?;
        careful = Careful::new(rest, beyond);
        careful.space();
    }
    careful.expect(b']')?;
    Ok((three, careful.block()))
}

/// RFC 3339 with an offset, or whole milliseconds.
#[inline(always)]
fn moment(block: &[u8], beyond: usize) -> Result<(i64, &[u8]), Reason> {
    if let Some((ms, rest)) = short_whole(block) {
        return Ok((ms, rest));
    }
    let (ms, rest) = moment_otherwise(block, beyond)?;
    Ok((ms, rest))
}

#[inline(never)]
fn moment_otherwise(block: &[u8], beyond: usize) -> Result<(i64, &[u8]), Reason> {
    let mut careful = Careful::new(block, beyond);
    careful.space();
    if careful.peek()? == b'"' {
        let written = careful.string()?;
        let mut room = [0; 40]; // nanoseconds and an offset, with some to spare
        let time = written.text(&mut room).and_then(EventTime::parse_rfc3339).ok_or(Reason::TimeFormat)?;
        return Ok((time.0, careful.block()));
    }
    let written = careful.optional_number(Keep::Whole).map_err(|reason| match reason {
        Reason::FieldType => Reason::TimeFormat,
        other => other,
    })?;
    Ok((written.ok_or(Reason::TimeMissing)?.signed()?, careful.block()))
}

/// A meter's name, how many bytes of the block are left at it if it stands there without escapes, and the block behind.
type Named<'a> = Result<(MeterId, Option<usize>, &'a [u8]), Reason>;

#[inline(always)]
fn meter_name(block: &[u8], beyond: usize) -> Named<'_> {
    if let [b' ', b'"', name @ ..] | [b'"', name @ ..] = block
        && let Some(length) = short_string(name)
        && let Some((text, [_, rest @ ..])) = name.split_at_checked(length)
        && let Some(meter) = MeterId::new(text)
    {
        return Ok((meter, Some(name.len()), rest));
    }
    let (meter, left, rest) = meter_name_carefully(block, beyond)?;
    Ok((meter, left, rest))
}

/// How many bytes stand before the first quote, if it comes soon enough for a name.
#[inline(always)]
fn short_string(text: &[u8]) -> Option<usize> {
    let (words, _) = text.as_chunks();
    for (index, &bytes) in words.iter().take(id::LONGEST / 8 + 1).enumerate() {
        let quotes = u64::from_le_bytes(bytes) ^ 0x2222_2222_2222_2222;
        // Marks the lowest zero byte. A borrow may mark bytes above it in error.
        let zeros = quotes.wrapping_sub(0x0101_0101_0101_0101) & !quotes & 0x8080_8080_8080_8080;
        if zeros != 0 {
            return Some(8 * index + (zeros.trailing_zeros() / 8) as usize);
        }
    }
    None
}

#[cold]
#[inline(never)]
fn meter_name_carefully(block: &[u8], beyond: usize) -> Named<'_> {
    let mut careful = Careful::new(block, beyond);
    careful.space();
    match careful.peek()? {
        b'"' => {
            let quoted = careful.string()?;
            let mut room = [0; id::LONGEST];
            let meter = quoted.text(&mut room).and_then(MeterId::new).ok_or(Reason::MeterName)?;
            Ok((meter, quoted.left(), careful.block()))
        }
        b'n' => Err(careful.literal(b"null").err().unwrap_or(Reason::MeterMissing)),
        _ => Err(careful.refuse()),
    }
}

/// An array of codes, or of their names.
#[inline(never)]
fn events<'a>(block: &'a [u8], beyond: usize, raw: &mut RawReading) -> Rest<'a> {
    let mut careful = Careful::new(block, beyond);
    careful.space();
    match careful.peek()? {
        b'[' => careful.step(1),
        b'n' => return careful.literal(b"null").map(|()| careful.block()),
        _ => return Err(careful.refuse()),
    }
    careful.space();
    if careful.take(b']') {
        return Ok(careful.block());
    }
    loop {
        careful.space();
        match careful.peek()? {
            b'"' => match event_named(careful.string()?) {
                Some(code) => raw.events.push(code),
                None => raw.unknown_event = true,
            },
            b'-' | b'0'..=b'9' => {
                let code = careful.number(Keep::Whole)?.unsigned()?;
                raw.events.push(EventCode(u16::try_from(code).map_err(|_| Reason::NumberRange)?));
            }
            _ => return Err(careful.refuse()),
        }
        careful.space();
        if !careful.take(b',') {
            careful.expect(b']')?;
            return Ok(careful.block());
        }
    }
}

fn event_named(quoted: Quoted) -> Option<EventCode> {
    let mut room = [0; 40]; // the longest name has 30 letters
    let name = quoted.text(&mut room).and_then(|name| str::from_utf8(name).ok());
    name.and_then(EventCode::named)
}

#[inline(never)]
fn relay<'a>(block: &'a [u8], beyond: usize, raw: &mut RawReading) -> Rest<'a> {
    let mut careful = Careful::new(block, beyond);
    careful.space();
    match careful.peek()? {
        b'"' => {
            match careful.string()?.text(&mut [0; 3]) {
                Some(b"on") => raw.relay = Some(true),
                Some(b"off") => raw.relay = Some(false),
                _ => raw.unknown_event = true,
            }
            Ok(careful.block())
        }
        b'n' => careful.literal(b"null").map(|()| careful.block()),
        _ => Err(careful.refuse()),
    }
}

#[inline(always)]
fn counter<'a>(block: &'a [u8], beyond: usize, raw: &mut RawReading) -> Rest<'a> {
    match short_whole(block) {
        Some((seq, rest)) if seq >= 0 => {
            raw.seq = Some(seq as u64);
            Ok(rest)
        }
        _ => counter_carefully(block, beyond, raw),
    }
}

/// Reads all counters that [`short_whole`] does not, such as those in the upper half of the range, which a signed
/// number cannot hold.
#[cold]
#[inline(never)]
fn counter_carefully<'a>(block: &'a [u8], beyond: usize, raw: &mut RawReading) -> Rest<'a> {
    let mut careful = Careful::new(block, beyond);
    let written = careful.optional_number(Keep::Whole)?;
    raw.seq = written.map(Written::unsigned).transpose()?;
    Ok(careful.block())
}
