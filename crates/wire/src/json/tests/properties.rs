use super::{blank, limits};
use crate::arbitrary;
use crate::json::{decode, decode_lines, encode};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use reading::{Batch, Phases, RawReading, Reason, check};
use serde_json::Value;
use std::string::String;
use std::vec::Vec;
use std::{format, vec};
use units::Milliwatts;

fn line(raw: &RawReading) -> Vec<u8> {
    let mut out = Vec::new();
    encode(raw, &mut out);
    out
}

fn block(bytes: &[u8]) -> Batch {
    let mut batch = Batch::of_bytes(bytes);
    decode_lines(&limits(), &mut batch);
    batch
}

/// A line somewhat like a sound one.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let spaced = any::<bool>();
    let edits = vec(
        (any::<Index>(), 0..4, proptest::sample::select(b"{}[]\",:.-+eE019 nulltrf\\u\n\xff".to_vec())),
        0..4,
    );
    (arbitrary::reading(), spaced, edits).prop_map(|(raw, spaced, edits)| {
        let mut line = line(&raw);
        if spaced {
            let extra = br#","note": {"a": [1, "b\n", null], "c": -0.5e-3}}"#;
            line.pop();
            line.extend_from_slice(extra);
        }
        for (place, edit, byte) in edits {
            let at = place.index(line.len().max(1));
            match edit {
                0 if at < line.len() => drop(line.remove(at)),
                1 if at < line.len() => line[at] = byte,
                2 if at <= line.len() => line.insert(at, byte),
                3 if byte == b'0' => line.truncate(at),
                _ => {}
            }
        }
        line
    })
}

/// Whether a number of the oracle is the one that was kept, as far as its float resolves it.
fn agrees(value: Option<&Value>, kept: Option<i64>, places: f64) -> bool {
    match (value, kept) {
        (None | Some(Value::Null), None) => true,
        (Some(value), Some(kept)) => {
            let value = value.as_f64().unwrap() * places;
            (value - kept as f64).abs() <= 0.51 + value.abs() * 1e-15
        }
        _ => false,
    }
}

fn agree_phases<T: Copy>(value: Option<&Value>, kept: Option<Phases<T>>, number: impl Fn(T) -> i64) -> bool {
    match (value, kept) {
        (Some(Value::Array(three)), Some(Phases::Three(kept))) => {
            three.len() == 3
                && three.iter().zip(kept).all(|(one, kept)| agrees(Some(one), Some(number(kept)), 1e3))
        }
        (value, Some(Phases::One(kept))) => agrees(value, Some(number(kept)), 1e3),
        (value, None) => agrees(value, None, 1e3),
        _ => false,
    }
}

fn agree(object: &Value, raw: &RawReading) -> bool {
    object["meter"].as_str() == Some(raw.meter.as_str())
        && agrees(object.get("imp"), raw.imp.map(|one| one.0), 1.0)
        && agrees(object.get("exp"), raw.exp.map(|one| one.0), 1.0)
        && agrees(object.get("lag"), raw.lag.map(|one| one.0), 1.0)
        && agrees(object.get("lead"), raw.lead.map(|one| one.0), 1.0)
        && agrees(object.get("vah"), raw.vah.map(|one| one.0), 1.0)
        && agrees(object.get("in"), raw.neutral.map(|one| one.0.into()), 1e3)
        && agrees(object.get("vl"), raw.v_load.map(|one| one.0.into()), 1e3)
        && agrees(object.get("f"), raw.f.map(|one| one.0.into()), 1e3)
        && agree_phases(object.get("v"), raw.v, |one| one.0.into())
        && agree_phases(object.get("i"), raw.i, |one| one.0.into())
        && agree_phases(object.get("p"), raw.p, |one| one.0)
        && agree_phases(object.get("q"), raw.q, |one| one.0)
        && [("on", Some(true)), ("off", Some(false))].iter().all(|(name, relay)| {
            (object.get("relay").and_then(Value::as_str) == Some(name)) == (raw.relay == *relay)
        })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(raw in arbitrary::reading()) {
        let mut back = blank();
        prop_assert_eq!(decode(&line(&raw), &mut back), Ok(0));
        prop_assert_eq!(back, raw);
    }

    #[test]
    fn the_short_ways_and_the_careful_ones_agree(raw in arbitrary::reading()) {
        let careful = String::from_utf8(line(&raw)).unwrap();
        let careful = careful.replace(':', "\t:  ").replace(',', "  ,\r\n").replace(']', "\n]").replace('}', "  }");
        let mut back = blank();
        prop_assert_eq!(decode(careful.as_bytes(), &mut back), Ok(0));
        prop_assert_eq!(back, raw);
    }

    #[test]
    fn a_line_alone_and_in_a_block_says_the_same(line in damaged()) {
        prop_assume!(!line.contains(&b'\n') && !line.contains(&b'\r') && !line.trim_ascii().is_empty());
        let mut raw = blank();
        let alone = decode(&line, &mut raw).and_then(|_| check(&raw, &limits()));
        let between = block(&[b"7\n", &line[..], b"\n{\"meter\":\"M1\",\"time\":1704067200000,\"v\":1}\n"].concat());
        match alone {
            Ok(checked) => {
                prop_assert_eq!(between.readings[0], checked.reading);
                prop_assert_eq!(between.name(0), raw.meter.as_bytes());
                prop_assert_eq!(between.text(between.spans[0]), &line[..]);
            }
            Err(reason) => {
                prop_assert_eq!(between.dead[1].reason, reason);
                prop_assert_eq!(between.text(between.dead[1].span), &line[..]);
            }
        }
    }

    #[test]
    fn a_full_json_parser_agrees(line in damaged()) {
        let mut raw = blank();
        let ours = decode(&line, &mut raw);
        match (ours, serde_json::from_slice::<Value>(&line)) {
            (Ok(_), Ok(object)) => prop_assert!(agree(&object, &raw), "{:?}", raw),
            // What a float cannot hold is an error there, and only where the field is known here.
            (Ok(_), Err(wrong)) => prop_assert!(format!("{wrong}").contains("out of range"), "{wrong}"),
            (Err(Reason::NotJson | Reason::Torn | Reason::NotUtf8), theirs) => {
                // We keep to objects; other values are JSON too.
                prop_assert!(!matches!(theirs, Ok(Value::Object(_))), "{:?} {}", ours, String::from_utf8_lossy(&line));
            }
            (Err(_), _) => {}
        }
    }

    #[test]
    fn numbers_are_exact(negative: bool, whole in "0|[1-9][0-9]{0,13}", decimals in "[0-9]{0,9}", exponent in -12_i32..6) {
        let dot = if decimals.is_empty() { "" } else { "." };
        let sign = if negative { "-" } else { "" };
        let places = if exponent == 0 { String::new() } else { format!("e{exponent}") };
        let text = format!(r#"{{"meter":"M1","time":1704067200000,"p":{sign}{whole}{dot}{decimals}{places}}}"#);
        // All digits as one number, times ten to this.
        let digits: i128 = format!("{whole}{decimals}").parse().unwrap();
        let shift = exponent + 3 - decimals.len() as i32;
        let power = 10_i128.pow(shift.unsigned_abs());
        let size = if shift >= 0 { digits * power } else { (digits + power / 2) / power };
        let value = i64::try_from(if negative { -size } else { size }).ok().map(Milliwatts);
        let mut raw = blank();
        let padded = format!("{text}           ");
        for line in [&text, &padded] {
            let read = decode(line.as_bytes(), &mut raw);
            match value {
                Some(value) => prop_assert_eq!((read, raw.p), (Ok(0), Some(Phases::One(value)))),
                None => prop_assert_eq!(read, Err(Reason::NumberRange)),
            }
        }
    }

    #[test]
    fn any_bytes_give_a_reading_or_a_reason(bytes in vec(any::<u8>(), 0..200), like in damaged()) {
        let mut raw = blank();
        for bytes in [&bytes, &like] {
            let _ = decode(bytes, &mut raw);
            let batch = block(bytes);
            prop_assert_eq!(batch.len(), batch.spans.len());
        }
    }

    #[test]
    fn however_a_stream_is_cut_it_says_the_same(
        lines in vec(damaged(), 1..20),
        ends in vec(proptest::sample::select(vec!["\n", "\r\n", "\n\n"]), 20),
        cuts in vec(any::<bool>(), 20),
    ) {
        let lines = || lines.iter().map(|line| line.iter().copied().filter(|byte| !b"\r\n".contains(byte)));
        let mut whole = Vec::new();
        let mut parts = vec![Vec::new()];
        for ((line, end), cut) in lines().zip(&ends).zip(&cuts) {
            let line: Vec<u8> = line.chain(end.bytes()).collect();
            whole.extend_from_slice(&line);
            parts.last_mut().unwrap().extend_from_slice(&line);
            if *cut {
                parts.push(Vec::new());
            }
        }
        let whole = block(&whole);
        let parts: Vec<Batch> = parts.iter().map(|part| block(part)).collect();
        let readings: Vec<_> = parts.iter().flat_map(|part| part.readings.clone()).collect();
        let reasons: Vec<_> = parts.iter().flat_map(|part| &part.dead).map(|dead| dead.reason).collect();
        prop_assert_eq!(&whole.readings, &readings);
        prop_assert_eq!(whole.dead.iter().map(|dead| dead.reason).collect::<Vec<_>>(), reasons);
    }
}
