use super::layout::checksum;
use super::{LONGEST, Unfit, decode, decode_message, encode};
use crate::{arbitrary, json};
use expect_test::{Expect, expect};
use proptest::collection::vec;
use proptest::prelude::*;
use reading::{Batch, EventTime, Limits, MeterId, RawReading, Reason};
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;
use units::{Milliamperes, Millivolts, Milliwatts};

/// Frames as version 1 writes them, each with what it says: never edited, only added to.
const VERSION_1: &str = include_str!("tests/v1.txt");

fn blank() -> RawReading {
    RawReading::new(MeterId::new("-").unwrap(), EventTime(0))
}

fn reading(line: &str) -> RawReading {
    let mut raw = blank();
    assert_eq!(json::decode(line.as_bytes(), &mut raw), Ok(0), "{line}");
    raw
}

fn frame(raw: &RawReading) -> Result<Vec<u8>, Unfit> {
    let mut out = [0; LONGEST];
    encode(raw, &mut out).map(|len| out[..len].to_vec())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// Why a frame with this body, sealed with the right checksum, is refused.
fn check_refused(body: &[u8], expected: Reason) {
    let sealed = [body, &checksum(body).to_le_bytes()].concat();
    assert_eq!(decode(&sealed, &mut blank()), Err(expected));
}

fn check_message(message: &[u8], expected: Expect) {
    let limits =
        Limits { v_max: Millivolts(600_000), i_max: Milliamperes(200_000), p_max: Milliwatts(200_000_000) };
    let mut batch = Batch::of_bytes(b"before");
    decode_message(message, &limits, &mut batch);
    assert_eq!(batch.len(), batch.spans.len());
    let mut seen = String::new();
    for (index, &span) in batch.spans.iter().enumerate() {
        seen += &format!("{} in {} bytes\n", batch.meter(index), batch.text(span).len());
    }
    for dead in &batch.dead {
        seen += &format!("{}: {}\n", dead.reason, hex(batch.text(dead.span)));
    }
    expected.assert_eq(&seen);
}

#[test]
fn frames_of_version_1_stay_readable() {
    for known in VERSION_1.lines() {
        let (bytes, line) = known.split_once(' ').unwrap();
        let mut raw = blank();
        assert_eq!(decode(&unhex(bytes), &mut raw), Ok(()), "{known}");
        assert_eq!(raw, reading(line));
        assert_eq!(hex(&frame(&raw).unwrap()), bytes);
    }
}

#[test]
fn the_checksum_is_the_one_of_hdlc() {
    assert_eq!(checksum(b"123456789"), 0x906e);
}

#[test]
fn the_largest_usual_reading_fits() {
    let largest = r#"{"meter":"M99999999999","time":4102444800000,"imp":134217727,"exp":134217727,"v":524.287,
        "i":523.999,"in":0.001,"p":33554.431,"q":-33554.431,"seq":268435455}"#;
    assert_eq!(frame(&reading(largest)).map(|bytes| bytes.len()), Ok(47));
    let mixed = r#"{"meter":"Meter_999999","time":4102444800000,"imp":99999999,"exp":9999999,"v":253.1,
        "i":60.123,"in":59.9,"p":13107.1,"q":-1310.7,"seq":1048575}"#;
    assert_eq!(frame(&reading(mixed)).map(|bytes| bytes.len()), Ok(47));
}

#[test]
fn what_does_not_fit_is_an_error() {
    let long = r#"{"meter":"Abcdefghijklmnopqrstuvwxyz012345","time":1704067200001,"v":[1,2,3],"p":[1,2,3]}"#;
    let unfit = frame(&reading(long)).unwrap_err();
    assert_eq!(unfit.to_string(), "reading takes 54 bytes, a frame has 48");
    let strong = r#"{"meter":"M1","time":1704067200000,"p":4611686018427387.903}"#;
    assert_eq!(frame(&reading(strong)), Err(Unfit::Power));
}

#[test]
fn a_bad_frame_is_refused_with_its_reason() {
    let good = frame(&reading(r#"{"meter":"M1","time":1704067200000,"imp":5}"#)).unwrap();
    let mut raw = blank();
    assert_eq!(decode(&[], &mut raw), Err(Reason::Torn));
    assert_eq!(decode(&[1, 0], &mut raw), Err(Reason::FrameChecksum));
    assert_eq!(decode(&[2, 0], &mut raw), Err(Reason::FrameVersion));
    assert_eq!(decode(&[1; 49], &mut raw), Err(Reason::FrameLength));
    for end in 1..good.len() {
        assert!(decode(&good[..end], &mut raw).is_err());
    }
    for bit in 8..8 * good.len() {
        let mut flipped = good.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(decode(&flipped, &mut raw), Err(Reason::FrameChecksum));
    }
}

#[test]
fn a_frame_that_contradicts_itself_is_refused() {
    let body = |fields: &[u8], rest: &[u8]| [&[1], fields, &[0, b'M', 0, 0, 0, 0], rest].concat();
    check_refused(&body(&[0], &[])[..3], Reason::FrameLength);
    check_refused(&body(&[1], &[]), Reason::FrameLength);
    check_refused(&body(&[1], &[5, 5]), Reason::FrameLength);
    check_refused(&body(&[0x80, 0x80, 0x40], &[]), Reason::FrameVersion); // a bit without a meaning
    check_refused(&body(&[0x80, 0x80, 0x02], &[]), Reason::FrameVersion); // relay on, but no relay
    check_refused(&body(&[1], &[0xff; 10]), Reason::NumberRange);
    check_refused(&body(&[4], &[0xfe, 0xff, 0xff, 0xff, 0x1f]), Reason::NumberRange);
    check_refused(&[1, 1, 0x60, b'M', 0, 0, 0, 0, 5], Reason::FrameVersion); // an unknown packing
    check_refused(&[1, 1, 0, b' ', 0, 0, 0, 0, 5], Reason::MeterName);
    check_refused(&[1, 1, 0x20, 0xff, 0xff, 0, 0, 0, 0, 5], Reason::MeterName);
}

#[test]
fn a_message_holds_frames_behind_their_lengths() {
    let framed = |line: &str| {
        let bytes = frame(&reading(line)).unwrap();
        [&[bytes.len() as u8], &bytes[..]].concat()
    };
    let one = framed(r#"{"meter":"M1","time":1704067200000,"imp":5}"#);
    let two = framed(r#"{"meter":"M2","time":1704067200000,"imp":5}"#);
    let empty = framed(r#"{"meter":"M3","time":1704067200000}"#);
    check_message(
        &[&one[..], &two].concat(),
        expect![[r#"
        M1 in 12 bytes
        M2 in 12 bytes
    "#]],
    );
    check_message(
        &[&empty[..], &one, &two[..5]].concat(),
        expect![[r#"
        M1 in 12 bytes
        nothing-measured: 010021609000bd242d6172
        torn: 0c01012138
    "#]],
    );
    check_message(
        &[&[3, 9, 9, 9], &one[..], &[0, 1, 2]].concat(),
        expect![[r#"
        M1 in 12 bytes
        frame-version: 090909
        frame-length: 000102
    "#]],
    );
    check_message(&[], expect![[r#""#]]);
}

proptest! {
    #[test]
    fn what_fits_is_read_back(raw in arbitrary::reading()) {
        if let Ok(bytes) = frame(&raw) {
            let mut back = blank();
            prop_assert_eq!(decode(&bytes, &mut back), Ok(()));
            prop_assert_eq!(back, raw);
        }
    }

    #[test]
    fn any_sealed_bytes_give_a_reading_or_a_reason(body in vec(any::<u8>(), 0..50), fields in 0_u32..1 << 21) {
        let fields = [fields as u8 | 0x80, (fields >> 7) as u8 | 0x80, (fields >> 14) as u8 & 0x7f];
        let body = [&[1], &fields[..], &body].concat();
        let sealed = [&body[..], &checksum(&body).to_le_bytes()].concat();
        let mut raw = blank();
        if decode(&sealed, &mut raw).is_ok() {
            // What was read can be written again, if it fits, and then says the same.
            if let Ok(bytes) = frame(&raw) {
                let mut back = blank();
                prop_assert_eq!(decode(&bytes, &mut back), Ok(()));
                prop_assert_eq!(back, raw);
            }
        }
    }

    #[test]
    fn any_message_is_accounted_for(message in vec(prop_oneof![0..60_u8, any::<u8>()], 0..300)) {
        let limits = Limits { v_max: Millivolts(1), i_max: Milliamperes(1), p_max: Milliwatts(1) };
        let mut batch = Batch::default();
        decode_message(&message, &limits, &mut batch);
        let lengths = batch.spans.iter().chain(batch.dead.iter().map(|dead| &dead.span)).map(|span| span.len as usize);
        let count = batch.len() + batch.dead.len();
        // Every byte is in a span, but for one length before each frame that could be cut out.
        let seen: usize = lengths.sum();
        prop_assert!(seen <= message.len() && seen + count >= message.len());
    }
}
