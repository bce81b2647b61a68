use super::{decode, encode, encode_intervals};
use crate::sample::{LIMITS, QUARTER_PAST, any_raw, assert_same, checked, full, meter, three_phase};
use arrow::array::*;
use arrow::compute::cast;
use arrow::datatypes::*;
use arrow::ipc::writer::StreamWriter;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use reading::{Batch, Interval, Issue, Quality, RawReading, Reason, Sums};
use std::sync::Arc;
use units::WattHours;

fn decoded(message: &[u8]) -> Batch {
    let mut batch = Batch::default();
    decode(message, &LIMITS, &mut batch);
    batch
}

/// A message as others write it: dictionaries, views, lists, unknown columns.
fn theirs() -> Vec<u8> {
    let to = |kind: DataType, array: ArrayRef| cast(&array, &kind).unwrap();
    let dictionary = DataType::Dictionary(Box::new(DataType::UInt8), Box::new(DataType::Utf8));
    let meters: ArrayRef = Arc::new(StringArray::from(vec!["M1", "M2", "M1"]));
    let relay: ArrayRef = Arc::new(StringArray::from(vec![Some("on"), None, Some("off")]));
    let mut events = ListBuilder::new(UInt16Builder::new());
    events.append_value([Some(201), Some(3)]);
    events.append_null();
    events.append_value([]);
    let times = TimestampMillisecondArray::from(vec![QUARTER_PAST.0; 3]).with_timezone("UTC");
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("meter", to(dictionary, meters.clone())),
        ("time", Arc::new(times)),
        ("imp", Arc::new(Int32Array::from(vec![Some(1), None, Some(3)]))),
        ("v", Arc::new(Float32Array::from(vec![Some(230.5), Some(231.0), None]))),
        ("ev", Arc::new(events.finish())),
        ("relay", to(DataType::Utf8View, relay)),
        ("note", to(DataType::BinaryView, meters.clone())),
        (
            "place",
            Arc::new(StructArray::from(vec![
                (Arc::new(Field::new("x", DataType::LargeUtf8, true)), to(DataType::LargeUtf8, meters)),
                (Arc::new(Field::new("y", DataType::Null, true)), Arc::new(NullArray::new(3)) as ArrayRef),
            ])),
        ),
    ];
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let rows = RecordBatch::try_new(schema.clone(), columns.into_iter().map(|(_, array)| array).collect());
    let mut stream = StreamWriter::try_new(Vec::new(), &schema).unwrap();
    let rows = rows.unwrap();
    stream.write(&rows).unwrap();
    stream.write(&rows.slice(1, 2)).unwrap();
    stream.into_inner().unwrap()
}

#[test]
fn every_field_survives_a_message() {
    let readings = [full(), three_phase()];
    assert_same(&decoded(&encode(&readings)), &checked(&readings));
}

#[test]
fn messages_of_others_are_read() {
    let batch = decoded(&theirs());
    assert!(batch.dead.is_empty(), "{:?}", batch.dead);
    let names: Vec<String> = (0..batch.len()).map(|index| batch.meter(index).to_string()).collect();
    assert_eq!(names, ["M1", "M2", "M1", "M2", "M1"]);
    assert_eq!(batch.readings[4].imp(), Some(WattHours(3)));
    assert_eq!(batch.extras.len(), 3);
    assert_eq!(batch.counts.of_issue(Issue::UnknownField), 2);
}

#[test]
fn messages_share_a_batch() {
    let mut batch = Batch::default();
    let (one, other) = ([full()], [three_phase(), full()]);
    decode(&encode(&one), &LIMITS, &mut batch);
    decode(&encode(&other), &LIMITS, &mut batch);
    assert_same(&batch, &checked(&[full(), three_phase(), full()]));
}

#[test]
fn what_is_no_message_is_one_dead_letter_with_its_bytes() {
    let check = |message: &[u8], reason| {
        let batch = decoded(message);
        assert!(batch.is_empty());
        assert_eq!(batch.dead.len(), 1);
        assert_eq!(batch.dead[0].reason, reason);
        assert_eq!(batch.text(batch.dead[0].span), message);
    };
    let whole = theirs();
    check(b"", Reason::Torn);
    check(b"{}", Reason::Torn);
    check(b"{\"meter\":\"M1\",\"imp\":1}", Reason::Torn);
    check(&[0xff; 64], Reason::NotArrow);
    check(&[0; 64], Reason::NotArrow);
    check(&whole[..whole.len() / 2], Reason::Torn);
    check(&[&whole[..], b"more"].concat(), Reason::NotArrow);
    let silent = RawReading::new(meter("M1"), QUARTER_PAST);
    check(&encode(&[silent]), Reason::NothingMeasured);
    let interval = Interval {
        meter: meter("M1"),
        start: QUARTER_PAST,
        end: QUARTER_PAST.plus(900_000),
        imp: None,
        exp: None,
        sums: Sums::EMPTY,
        quality: Quality::GAP,
        instead: None,
    };
    check(&encode_intervals(&[interval], &crate::outputs::Intervals::PLAIN), Reason::TimeMissing);
}

proptest! {
    #[test]
    fn a_message_gives_what_the_check_gives(readings in vec(any_raw(), 0..100)) {
        // At least one measures, else the message as a whole is refused.
        let readings: Vec<RawReading> = std::iter::once(full()).chain(readings).collect();
        assert_same(&decoded(&encode(&readings)), &checked(&readings));
    }

    #[test]
    fn any_bytes_give_a_dead_letter(message in vec(any::<u8>(), 0..512)) {
        let batch = decoded(&message);
        assert!(batch.is_empty());
        assert_eq!(batch.dead.len(), 1);
    }
}

/// What street cabinets, brokers and people with bad intentions may do to a message.
#[derive(Debug, Clone)]
enum Harm {
    Byte(Index, u8),
    Word(Index, i64),
    Cut(Index),
    Remove(Index, u8),
    Copy(Index, Index, u8),
}

fn harm() -> impl Strategy<Value = Harm> {
    let word = prop_oneof![
        Just(0),
        Just(-1),
        Just(i64::MAX),
        Just(i64::MIN),
        Just(1 << 32),
        Just(i64::from(i32::MAX)),
        -16..4096_i64,
        any::<i64>(),
    ];
    prop_oneof![
        4 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Harm::Byte(at, byte)),
        4 => (any::<Index>(), word).prop_map(|(at, word)| Harm::Word(at, word)),
        1 => any::<Index>().prop_map(Harm::Cut),
        1 => (any::<Index>(), any::<u8>()).prop_map(|(at, count)| Harm::Remove(at, count)),
        1 => (any::<Index>(), any::<Index>(), any::<u8>()).prop_map(|(from, to, count)| Harm::Copy(from, to, count)),
    ]
}

fn do_harm(message: &mut Vec<u8>, harm: &Harm) {
    let length = message.len();
    if length == 0 {
        return;
    }
    match harm {
        Harm::Byte(at, byte) => message[at.index(length)] = *byte,
        Harm::Word(at, word) => {
            // Lengths, offsets and counts stand at multiples of four.
            let at = at.index(length) / 4 * 4;
            let bytes = word.to_le_bytes();
            let room = (length - at).min(8);
            message[at..at + room].copy_from_slice(&bytes[..room]);
        }
        Harm::Cut(at) => message.truncate(at.index(length)),
        Harm::Remove(at, count) => {
            let at = at.index(length);
            message.drain(at..(at + usize::from(*count)).min(length));
        }
        Harm::Copy(from, to, count) => {
            let (from, to) = (from.index(length), to.index(length));
            let count = usize::from(*count).min(length - from).min(length - to);
            message.copy_within(from..from + count, to);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn a_harmed_message_gives_readings_or_dead_letters(
        ours in any::<bool>(),
        harms in vec(harm(), 1..6),
    ) {
        let mut message = if ours { encode(&[full(), three_phase(), full()]) } else { theirs() };
        harms.iter().for_each(|harm| do_harm(&mut message, harm));
        let batch = decoded(&message);
        assert_eq!(batch.keys.len(), batch.readings.len());
        for index in 0..batch.len() {
            batch.meter(index);
        }
        for dead in &batch.dead {
            batch.text(dead.span);
        }
    }
}
