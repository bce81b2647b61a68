//! Names by number are names.

use super::*;
use reading::Dictionary;
use std::sync::Arc;

/// Some meters, each known to every dictionary under another number.
const METERS: [&str; 5] = ["a", "b", "c", "a-name-that-is-longer-than-15", "d"];

fn dictionary(turn: usize) -> Arc<Dictionary> {
    let mut dictionary = Dictionary::default();
    (0..METERS.len()).for_each(|place| dictionary.push(METERS[(place + turn) % METERS.len()].as_bytes()));
    Arc::new(dictionary)
}

#[test]
fn dictionaries_that_take_turns_name_the_same_meters() {
    let hour = |hour: i64| METERS.iter().map(move |name| register(name, hour * 60, hour * hour * 10));
    let named: Vec<RawReading> = (0..60).flat_map(hour).collect();
    // More dictionaries than are remembered, and one that is used all the time.
    let dictionaries: Vec<_> = (0..12).map(dictionary).collect();
    let mut engine = Engine::new(&hourly(), 2);
    for (turn, readings) in named.chunks(METERS.len()).enumerate() {
        let at = if turn % 2 == 0 { 3 } else { turn % dictionaries.len() };
        let mut batch = Batch::default();
        batch.name_by(&dictionaries[at]);
        for (place, raw) in readings.iter().enumerate() {
            let entry = (place + METERS.len() - at % METERS.len()) % METERS.len();
            batch.push_entry(entry as u32, check(raw, &limits()).unwrap());
        }
        engine.take(&batch);
    }
    assert_eq!(engine.finish(), run(&hourly(), &named));
}
