use super::*;
use crate::outputs::{DeadLetters, dead_bytes};
use crate::sample::{LIMITS, any_raw, assert_same, full, meter};
use crate::{Encoder, ipc};
use pipeline::Dead;
use proptest::prelude::*;
use reading::{Checked, EventTime, RawReading};
use wire::frame::LONGEST;

/// The dead letter that a batch of one refused reading makes, read again from its line.
fn again(batch: &Batch) -> Batch {
    Letter::parse(&line(&refused(batch))).unwrap().read(&LIMITS)
}

fn refused(batch: &Batch) -> Dead {
    Dead {
        partition: 0,
        reason: Reason::Late,
        bytes: batch.spans.first().map(|&span| batch.text(span).to_vec()).unwrap_or_default(),
        reading: Some((batch.meter(0), batch.readings[0])),
        extra: batch.extra(0).cloned(),
        origin: None,
    }
}

fn line(dead: &Dead) -> Vec<u8> {
    Encoder::default().line(&DeadLetters::default(), dead).to_vec()
}

/// A reading is what counts in an interval. What the engine does not keep is not in its dead letter either.
fn is_kept(Checked { reading, extra, .. }: &Checked) -> bool {
    !reading.is_bare() || reading.is_three_phase() || extra.is_some()
}

/// Any reading that fits into a frame.
fn small_raw() -> impl Strategy<Value = RawReading> {
    let time = 1_600_000_000_000..1_800_000_000_000_i64;
    ("[A-Z0-9]{1,8}", time, any_raw()).prop_map(|(name, time, raw)| {
        let mut small = RawReading::new(meter(&name), EventTime(time));
        (small.imp, small.v, small.i) = (raw.imp, raw.v, raw.i);
        (small.events, small.relay) = (raw.events, raw.relay);
        small
    })
}

proptest! {
    #[test]
    fn a_refused_row_is_the_same_reading_when_it_is_read_again(raw in any_raw()) {
        let mut rows = Batch::default();
        ipc::decode(&ipc::encode(std::slice::from_ref(&raw)), &LIMITS, &mut rows);
        prop_assume!(rows.len() == 1);
        let checked = reading::check(&raw, &LIMITS).unwrap();
        prop_assume!(is_kept(&checked));
        let found = again(&rows);
        prop_assert_eq!(&found.readings, &rows.readings);
        prop_assert_eq!(&found.extras, &rows.extras);
        prop_assert_eq!(found.meter(0), rows.meter(0));
    }

    #[test]
    fn a_refused_frame_is_the_same_message_as_json(raw in small_raw()) {
        let mut frame = [0; LONGEST];
        let length = wire::frame::encode(&raw, &mut frame);
        prop_assume!(length.is_ok());
        let length = length.unwrap();
        let mut frames = Batch::default();
        wire::frame::decode_message(&[&[length as u8], &frame[..length]].concat(), &LIMITS, &mut frames);
        prop_assume!(frames.len() == 1);
        assert_same(&again(&frames), &frames);
    }

    #[test]
    fn any_line_is_a_letter_or_not(line in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Some(letter) = Letter::parse(&line) {
            letter.read(&LIMITS);
        }
    }

    #[test]
    fn a_letter_is_the_same_after_it_was_written(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        let letter = Letter { reason: Reason::Torn, source: "a \"b\"".to_owned(), bytes };
        prop_assert_eq!(Letter::parse(&letter.line()), Some(letter));
    }

    #[test]
    fn what_cannot_be_read_keeps_its_reason_and_its_bytes(bytes in prop::collection::vec(any::<u8>(), 1..200)) {
        let mut batch = Batch::of_bytes(bytes);
        wire::json::decode_lines(&LIMITS, &mut batch);
        let mut dead = Vec::new();
        pipeline::bury_undecoded(0, &batch, &mut dead);
        for one in dead {
            let found = Letter::parse(&line(&one)).unwrap().read(&LIMITS);
            let [again] = found.dead[..] else { panic!("{} letters of one", found.dead.len()) };
            prop_assert_eq!((again.reason, found.text(again.span)), (one.reason, &one.bytes[..]));
        }
    }
}

#[test]
fn a_reading_that_measures_nothing_that_is_kept_is_still_a_letter() {
    let raw = RawReading { f: Some(units::Millihertz(50_000)), ..RawReading::new(meter("M1"), full().time) };
    let mut rows = Batch::default();
    ipc::decode(&ipc::encode(&[raw]), &LIMITS, &mut rows);
    assert_eq!(again(&rows).dead[0].reason, Reason::NothingMeasured);
}

#[test]
fn a_message_that_was_refused_as_a_whole_may_hold_many_readings() {
    let bytes = b"{\"meter\":\"M1\",\"time\":1704067200000,\"imp\":1}\n{\"meter\":\"M2\",\"time\":17040672\n"
        .to_vec();
    let mut batch = Batch::default();
    ipc::decode(&bytes, &LIMITS, &mut batch);
    assert_eq!(batch.dead[0].reason, Reason::Torn);
    let found = Letter { reason: Reason::Torn, source: String::new(), bytes }.read(&LIMITS);
    assert_eq!((found.len(), found.meter(0), found.dead[0].reason), (1, meter("M1"), Reason::Torn));
}

#[test]
fn a_line_that_is_too_long_and_a_frame_that_is_damaged_stay_what_they_are() {
    for (reason, bytes) in [
        (Reason::TooLong, &b"{\"meter\":\"M1\",\"no"[..]),
        (Reason::FrameChecksum, b"\x01 a frame"),
        (Reason::Torn, b"\xff\xff\xff\xff an Arrow message"),
    ] {
        let letter = Letter { reason, source: String::new(), bytes: bytes.to_vec() };
        let found = letter.read(&LIMITS);
        assert_eq!((found.dead.len(), found.dead[0].reason), (1, reason));
        assert_eq!(found.text(found.dead[0].span), letter.bytes);
    }
}

#[test]
fn text_stays_as_it_came() {
    let bytes = br#"{ "meter": "M1", "time": 1704067200000, "imp": 1, "colour": "red" }"#.to_vec();
    let mut batch = Batch::of_bytes(bytes.clone());
    wire::json::decode_lines(&LIMITS, &mut batch);
    assert_eq!(*dead_bytes(&refused(&batch)), bytes);
}
