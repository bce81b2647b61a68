//! A reading as the shortest JSON object that gives the same reading back.

use alloc::vec::Vec;
use reading::{Phases, RawReading};
use units::{Milliamperes, Millivars, Millivolts, Milliwatts};

/// Writes a reading as one JSON object without a newline.
///
/// Fields stand in the order of the wire table, absent ones are left out, time is in milliseconds, and
/// thousandths have no more decimals than they need: `230.5`, `5`, `-0.001`. [`decode`](super::decode) gives
/// back the same reading.
pub fn encode(raw: &RawReading, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"meter\":\"");
    out.extend_from_slice(raw.meter.as_bytes());
    out.extend_from_slice(b"\",\"time\":");
    whole(out, raw.time.0);
    register(out, b",\"imp\":", raw.imp.map(|one| one.0));
    register(out, b",\"exp\":", raw.exp.map(|one| one.0));
    phases(out, b",\"v\":", raw.v, |Millivolts(one)| i64::from(one));
    phases(out, b",\"i\":", raw.i, |Milliamperes(one)| i64::from(one));
    measured(out, b",\"in\":", raw.neutral.map(|one| i64::from(one.0)));
    measured(out, b",\"vl\":", raw.v_load.map(|one| i64::from(one.0)));
    phases(out, b",\"p\":", raw.p, |Milliwatts(one)| one);
    phases(out, b",\"q\":", raw.q, |Millivars(one)| one);
    register(out, b",\"lag\":", raw.lag.map(|one| one.0));
    register(out, b",\"lead\":", raw.lead.map(|one| one.0));
    register(out, b",\"vah\":", raw.vah.map(|one| one.0));
    measured(out, b",\"f\":", raw.f.map(|one| i64::from(one.0)));
    if !raw.events.is_empty() {
        out.extend_from_slice(b",\"ev\":");
        list(out, &raw.events, |out, code| digits(out, u64::from(code.0)));
    }
    match raw.relay {
        Some(true) => out.extend_from_slice(b",\"relay\":\"on\""),
        Some(false) => out.extend_from_slice(b",\"relay\":\"off\""),
        None => {}
    }
    if let Some(seq) = raw.seq {
        out.extend_from_slice(b",\"seq\":");
        digits(out, seq);
    }
    out.push(b'}');
}

fn register(out: &mut Vec<u8>, key: &[u8], value: Option<i64>) {
    if let Some(value) = value {
        out.extend_from_slice(key);
        whole(out, value);
    }
}

fn measured(out: &mut Vec<u8>, key: &[u8], value: Option<i64>) {
    if let Some(value) = value {
        out.extend_from_slice(key);
        thousandths(out, value);
    }
}

fn phases<T: Copy>(out: &mut Vec<u8>, key: &[u8], value: Option<Phases<T>>, number: impl Fn(T) -> i64) {
    match value {
        None => {}
        Some(Phases::One(one)) => measured(out, key, Some(number(one))),
        Some(Phases::Three(three)) => {
            out.extend_from_slice(key);
            list(out, &three, |out, one| thousandths(out, number(one)));
        }
    }
}

fn list<T: Copy>(out: &mut Vec<u8>, all: &[T], write: impl Fn(&mut Vec<u8>, T)) {
    out.push(b'[');
    for (index, &one) in all.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, one);
    }
    out.push(b']');
}

fn whole(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    digits(out, value.unsigned_abs());
}

fn thousandths(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    digits(out, value.unsigned_abs() / 1000);
    let rest = (value.unsigned_abs() % 1000) as u16;
    if rest != 0 {
        let decimals = [rest / 100, rest / 10 % 10, rest % 10].map(|digit| b'0' + digit as u8);
        let needed = decimals.iter().rposition(|&digit| digit != b'0').map_or(0, |last| last + 1);
        out.push(b'.');
        out.extend_from_slice(&decimals[..needed]);
    }
}

fn digits(out: &mut Vec<u8>, mut value: u64) {
    let mut text = [0; 20]; // u64::MAX has 20 digits
    let mut first = text.len();
    loop {
        first -= 1;
        text[first] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&text[first..]);
}
