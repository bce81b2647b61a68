use super::*;
use reading::{Batch, EventTime, Limits};
use simulate::{Settings, Town};
use std::collections::BTreeMap;
use units::{Milliamperes, Millivolts, Milliwatts};

const PARTITIONS: u32 = 3;
const LIMITS: Limits =
    Limits { v_max: Millivolts(600_000), i_max: Milliamperes(2_000_000), p_max: Milliwatts(10_000_000_000) };

fn town() -> Town {
    let start = EventTime::parse_rfc3339(b"2024-01-01T00:00:00Z").unwrap();
    Town::new(Settings::usual(30, 1, 5, start)).unwrap()
}

/// Partition, key, bytes, number of readings.
type Kept = (u32, Option<MeterId>, Vec<u8>, u32);

/// Every message, and the counts of readings left out.
fn packed(format: MessageFormat, batch: u32) -> (Vec<Kept>, [u64; 2]) {
    let mut packer = Packer::new(format, batch, PARTITIONS);
    let mut sent = Vec::new();
    let mut seal = |packer: &mut Packer, partition| {
        let keep = |packed: Packed<'_>| -> Result<(), ()> {
            sent.push((
                packed.partition,
                packed.key.and_then(|key| MeterId::new(std::str::from_utf8(key).unwrap())),
                packed.payload.to_owned(),
                packed.readings,
            ));
            Ok(())
        };
        packer.seal(partition, keep).unwrap();
    };
    for message in town().messages() {
        if let Some(partition) = packer.add(&message) {
            seal(&mut packer, partition);
        }
    }
    (0..PARTITIONS).for_each(|partition| seal(&mut packer, partition));
    let left_out = packer.left_out();
    (sent, left_out)
}

fn decoded(format: MessageFormat, payload: &[u8]) -> Batch {
    let mut batch = Batch::default();
    match format {
        MessageFormat::Json => {
            batch.bytes.extend_from_slice(payload);
            wire::json::decode_lines(&LIMITS, &mut batch);
        }
        MessageFormat::Arrow => columns::ipc::decode(payload, &LIMITS, &mut batch),
        MessageFormat::Frame => wire::frame::decode_message(payload, &LIMITS, &mut batch),
    }
    batch
}

#[test]
fn a_message_holds_the_count_that_it_claims_and_readings_keep_their_order() {
    let lines: Vec<_> = town().messages().map(|message| (message.raw, message.torn.is_some())).collect();
    let torn = lines.iter().filter(|(_, torn)| *torn).count();
    assert!(torn > 0, "the town has torn messages");
    for (format, batch) in [
        (MessageFormat::Json, 1),
        (MessageFormat::Json, 7),
        (MessageFormat::Arrow, 100),
        (MessageFormat::Frame, 1),
        (MessageFormat::Frame, 20),
    ] {
        let (messages, [left_out, unfit]) = packed(format, batch);
        let mut times: BTreeMap<MeterId, Vec<i64>> = BTreeMap::new();
        let mut homes: BTreeMap<MeterId, u32> = BTreeMap::new();
        let (mut readings, mut dead) = (0, 0);
        for (partition, key, payload, count) in &messages {
            let batch = decoded(format, payload);
            assert_eq!(batch.len() + batch.dead.len(), *count as usize, "{format:?}");
            readings += batch.len();
            dead += batch.dead.len();
            for (index, reading) in batch.readings.iter().enumerate() {
                let meter = batch.meter(index);
                assert_eq!(
                    *homes.entry(meter).or_insert(*partition),
                    *partition,
                    "a meter has one partition"
                );
                assert!(key.is_none_or(|key| key == meter));
                times.entry(meter).or_default().push(reading.time().0);
            }
        }
        assert_eq!(messages.iter().all(|(_, key, ..)| key.is_some()), batch == 1);
        assert_eq!(readings as u64 + dead as u64 + left_out + unfit, lines.len() as u64, "{format:?}");
        match format {
            MessageFormat::Json => assert_eq!((dead, left_out), (torn, 0)),
            _ => assert_eq!((dead, left_out), (0, torn as u64)),
        }
        if format != MessageFormat::Frame {
            let mut expected: BTreeMap<MeterId, Vec<i64>> = BTreeMap::new();
            for (raw, _) in lines.iter().filter(|(_, torn)| !torn) {
                expected.entry(raw.meter).or_default().push(raw.time.0);
            }
            assert_eq!(times, expected, "{format:?}");
        }
    }
}

#[test]
fn the_same_town_gives_the_same_messages() {
    assert_eq!(packed(MessageFormat::Json, 7).0, packed(MessageFormat::Json, 7).0);
}
