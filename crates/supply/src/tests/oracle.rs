//! Any streets: outages of single consumers are those that a slow look at each whole picture finds. A stop, a clock that
//! looks, and the order of lines change nothing.

use super::*;
use proptest::prelude::*;

/// Hours of one consumer.
fn hours() -> impl Strategy<Value = String> {
    let letter = prop_oneof![
        10 => Just("1"),
        4 => Just("."),
        2 => Just("....."),
        2 => Just("x"),
        2 => Just("r"),
        1 => Just("b"),
    ];
    prop::collection::vec(letter, 0..24).prop_map(|letters| format!("1{}", letters.concat()))
}

/// A street of some consumers, on so many transformers of so many feeders, and a witness.
fn streets(transformers: usize, feeders: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(hours(), 1..9).prop_map(move |lines| {
        let longest = lines.iter().map(String::len).max().unwrap_or(0);
        let line = |(number, hours): (usize, String)| {
            let (transformer, feeder) = (number % transformers, number % feeders);
            format!(
                "M{number} T{transformer} F{feeder} A{feeder} | {hours}{}",
                "1".repeat(longest - hours.len())
            )
        };
        // A witness is always heard of, so that there is a tick in each hour.
        let witness = format!("W TW FW AW | {}", "1".repeat(longest));
        lines.into_iter().enumerate().map(line).chain([witness]).collect::<Vec<_>>().join("\n")
    })
}

/// What stays published, by key. After ticks that `stop` picks the state is stored and restored; after those that `look`
/// picks the clock of the shell looks for silence.
fn kept(
    picture: &str,
    stop: impl Fn(usize) -> bool,
    look: impl Fn(usize) -> bool,
) -> (BTreeMap<String, Outage>, Vec<IndexRow>) {
    let (topology, ticks) = street(picture);
    let mut supply = Supply::new(rules(), calendar(), &topology);
    let mut out = SupplyRows::default();
    for (number, (at, came)) in ticks.iter().enumerate() {
        supply.tick(hour(at + 1), &Join::new(&topology, &came.rows), &came.events, &mut out);
        if stop(number) {
            let stored = supply.snapshot(&topology);
            supply = restored(&topology, &stored, &supply.indices());
            assert_eq!(supply.snapshot(&topology), stored);
        }
        if look(number) {
            supply.notice(hour(at + 9), &topology, &mut out);
        }
    }
    supply.finish(&topology, &mut out);
    let mut kept = BTreeMap::new();
    for change in out.outages {
        match change {
            Change::Updated(outage) => kept.insert(change.key(), outage),
            Change::Withdrawn(..) => kept.remove(&change.key()),
        };
    }
    (kept, out.indices)
}

/// Each consumer's outages, by a look at its whole picture: start and end in minutes.
fn looked_at(hours: &str) -> Vec<(i64, Option<i64>)> {
    let letters: Vec<char> = hours.chars().collect();
    let heard: Vec<i64> =
        (0..).zip(&letters).filter(|(_, letter)| **letter != '.').map(|(at, _)| at).collect();
    let of = |wanted: &'static str, minutes: i64| {
        let all = (0..).zip(letters.clone()).filter(move |(_, letter)| wanted.contains(*letter));
        all.map(move |(at, _): (i64, char)| at * 60 + minutes).collect::<Vec<i64>>()
    };
    let gasps = [of("x", 40), of("b", 30)].concat();
    let backs = [of("r", 20), of("b", 32)].concat();
    let mut found = Vec::new();
    for &gasp in &gasps {
        let reported = backs.iter().copied().filter(|back| *back > gasp);
        let silent_return = |at: &&i64| letters[**at as usize] != 'r';
        let start = heard.iter().filter(silent_return).map(|at| at * 60).filter(|start| *start >= gasp);
        found.push((gasp, reported.chain(start).min()));
    }
    let is_out = |found: &[(i64, Option<i64>)], at: i64| {
        found.iter().any(|(from, to)| *from <= at && to.is_none_or(|to| at < to))
    };
    let gone = found.clone();
    for (place, &last) in heard.iter().enumerate() {
        let from = (last + 1) * 60;
        if is_out(&gone, from) {
            continue;
        }
        match heard.get(place + 1) {
            None if letters.len() as i64 - last > 4 => found.push((from, None)),
            Some(next) if letters[*next as usize] == 'r' && *next > last + 1 => {
                found.push((from, Some(next * 60 + 20)));
            }
            Some(next) if next - last > 4 => found.push((from, Some(next * 60))),
            _ => {}
        }
    }
    // Supply that comes back and was never gone was gone for a moment.
    for back in of("r", 20) {
        if !found.iter().any(|(from, to)| *from < back && to.is_none_or(|to| to >= back)) {
            found.push((back, Some(back)));
        }
    }
    found.sort_unstable();
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn outages_of_single_consumers_are_those_of_a_look_at_the_whole_picture(picture in streets(9, 9)) {
        let (kept, indices) = kept(&picture, |_| false, |_| false);
        let (mut minutes, mut sustained, mut momentary) = (0, 0_u64, 0_u64);
        let mut expected = Vec::new();
        for line in picture.lines() {
            let (place, hours) = line.split_once(" | ").unwrap();
            let meter = place.split(' ').next().unwrap();
            for (start, end) in looked_at(hours) {
                expected.push((meter.to_owned(), start, end));
                if let Some(end) = end {
                    let lasted = end - start;
                    minutes += if lasted > 5 { lasted } else { 0 };
                    sustained += u64::from(lasted > 5);
                    momentary += u64::from(lasted <= 5);
                }
            }
        }
        let in_minutes = |time: EventTime| time.since(START) / MINUTE;
        let out = kept.values().map(|one| {
            (one.target.name().to_owned(), in_minutes(one.start), one.end.map(in_minutes))
        });
        let mut out: Vec<_> = out.collect();
        out.sort_unstable();
        expected.sort_unstable();
        prop_assert_eq!(out, expected, "{}", picture);
        let consumers = picture.lines().count() as f64;
        let all = indices.iter().find(|row| row.area.is_none()).unwrap();
        prop_assert!((all.saidi.unwrap() * consumers - minutes as f64).abs() < 1e-6);
        prop_assert!((all.saifi.unwrap() * consumers - sustained as f64).abs() < 1e-6);
        prop_assert!((all.maifi.unwrap() * consumers - momentary as f64).abs() < 1e-6);
    }

    #[test]
    fn a_stop_anywhere_changes_nothing(picture in streets(2, 1), every in 1..9_usize) {
        let whole = kept(&picture, |_| false, |_| false);
        prop_assert_eq!(whole, kept(&picture, |number| number % every == 0, |_| false));
    }

    #[test]
    fn the_order_of_lines_changes_nothing(picture in streets(2, 1)) {
        let turned: Vec<&str> = picture.lines().rev().collect();
        prop_assert_eq!(kept(&picture, |_| false, |_| false), kept(&turned.join("\n"), |_| false, |_| false));
    }

    #[test]
    fn however_consumers_are_grouped_the_indices_are_the_same(picture in streets(2, 1)) {
        // Each on a transformer and feeder of its own.
        let alone = picture.lines().enumerate().map(|(number, line)| {
            let (place, hours) = line.split_once(" | ").unwrap();
            let meter = place.split(' ').next().unwrap();
            format!("{meter} U{number} G{number} A0 | {hours}")
        });
        let alone = alone.collect::<Vec<_>>().join("\n");
        let interruptions = |picture: &str| {
            let (kept, indices) = kept(picture, |_| false, |_| false);
            let consumers: u32 = kept.values().filter(|one| one.end.is_some()).map(|one| one.consumers).sum();
            (consumers, indices.iter().find(|row| row.area.is_none()).unwrap().saifi)
        };
        // Together, consumers that are not heard of go with those that are known to be out: never fewer.
        let (one, other) = (interruptions(&alone), interruptions(&picture));
        prop_assert!(other.1 >= one.1, "{:?} {:?}\n{}", one, other, picture);
    }

    #[test]
    fn a_clock_that_looks_too_early_changes_nothing_in_the_end(picture in streets(9, 9), at in 0..40_usize) {
        // However a silence is noticed, single consumers have the same keys.
        let whole = kept(&picture, |_| false, |_| false);
        let looked = kept(&picture, |_| false, |number| number == at);
        let over = |kept: &BTreeMap<String, Outage>| {
            kept.values().filter(|one| one.end.is_some()).copied().collect::<Vec<_>>()
        };
        prop_assert_eq!(over(&whole.0), over(&looked.0));
        prop_assert_eq!(whole.1, looked.1);
    }
}
