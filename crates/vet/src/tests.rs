//! Pictures of rows, and slow arithmetic over the whole history of a meter.

mod state;

use crate::*;
use expect_test::{Expect, expect};
use fleet::Silence;
use jiff::tz::TimeZone;
use metering::{Metering, MeteringRows, ProfileRule};
use proptest::prelude::*;
use reading::time::{DAY, HOUR, MINUTE};
use reading::{Calendar, Event, EventCode, EventTime, Grid, Interval, MeterId, Quality, Sums};
use std::collections::BTreeMap;
use units::{Milliamperes, Ratio, WattHours, Watts};

const HALF: i64 = 30 * MINUTE;
/// Monday, 1 January 2024, midnight in Kolkata.
const START: EventTime = EventTime(1_704_047_400_000);

fn calendar() -> Calendar {
    Calendar::new(TimeZone::get("Asia/Kolkata").unwrap(), [].into())
}

fn rules() -> VetSettings {
    let grid = Grid::new(HALF).unwrap();
    VetSettings {
        grid,
        zero_run: 3 * HOUR,
        flat: FlatRule { run: 2 * HOUR, spread: Ratio(0.02), floor: WattHours(1) },
        spike: SpikeRule { times: 3.0, floor: Watts(1000.0) },
        day: Some(DayRule { low: Ratio(0.1), high: Ratio(4.0), floor: WattHours(1000) }),
        reverse: WattHours(10),
        power_factor: PowerFactorRule { least: Ratio(0.2), most: Ratio(1.2), floor: Milliamperes(2000) },
    }
}

/// The interval of a number since [`START`].
fn row(number: i64, wh: Option<i64>, quality: Quality) -> Interval {
    let end = START.plus((number + 1) * HALF);
    let meter = MeterId::new("M1").unwrap();
    Interval {
        meter,
        start: end.minus(HALF),
        end,
        imp: wh.map(WattHours),
        exp: None,
        sums: Sums::EMPTY,
        quality,
        instead: None,
    }
}

fn metering() -> Metering {
    let grid = Grid::new(HALF).unwrap();
    let profile = Some(ProfileRule::new(2 * HOUR, 40, grid).unwrap());
    Metering::new(metering::MeteringSettings { grid, profile, demand: None }, calendar())
}

/// Judges rows one after another, and lets the profile learn.
fn judged(mut rows: Vec<Interval>, part: usize) -> (Vec<Interval>, Vet) {
    let (mut vet, mut metering) = (Vet::new(rules(), calendar()), metering());
    for rows in rows.chunks_mut(part.max(1)) {
        for row in rows.chunks_mut(1) {
            vet.judge(&[0], row, Some(&metering));
            metering.take(&[0], row, &mut MeteringRows::default());
        }
    }
    (rows, vet)
}

/// A word an interval: its energy in Wh, `~` before one that is estimated, `-` for a hole. Answers with the flags of each,
/// by their first letters.
fn check(picture: &str, answer: &Expect) {
    let mut rows = Vec::new();
    for (number, word) in picture.split_whitespace().enumerate() {
        let (quality, wh) = match word.strip_prefix('~') {
            Some(wh) => (Quality::ESTIMATED, wh),
            None => (Quality::MEASURED, word),
        };
        if let Ok(wh) = wh.parse() {
            rows.push(row(number as i64, Some(wh), quality));
        }
    }
    let (rows, _) = judged(rows, 1);
    let found: Vec<String> = rows.iter().map(|row| flags(row.quality)).collect();
    answer.assert_eq(&found.join(" "));
}

fn flags(quality: Quality) -> String {
    match quality.to_string().as_str() {
        "measured" => ".".to_owned(),
        all => all.split(',').map(|one| &one[..1]).collect(),
    }
}

#[test]
fn zeros_for_three_hours_are_a_zero_run() {
    check("5 0 0 0 0 0 0 0 5 0", &expect![". . . . . . z z . ."]);
}

#[test]
fn a_silence_neither_ends_a_run_nor_is_part_of_it() {
    check("0 0 0 0 0 ~0 ~0 - - 0", &expect![". . . . . e e z"]);
    check("300 301 302 ~900 300", &expect![". . . e f"]);
}

#[test]
fn energies_within_a_share_of_the_first_are_flat() {
    check("300 301 296 305 306 307 300", &expect![". . . f f . ."]);
}

#[test]
fn near_zero_with_noise_is_flat_too_and_nothing_but_zero_is_not() {
    check("1 0 1 0 2 1 0 1", &expect![". . . f f f f f"]);
    check("0 0 0 0 0 1", &expect![". . . . . f"]);
}

/// Two weeks of 100 to 400 Wh, and then some days.
fn weeks(then: impl Fn(i64) -> Option<i64>) -> Vec<Interval> {
    let usual = |number: i64| Some(100 + 300 * i64::from(number % 48 > 36) + number % 7 * 5);
    let rows = (0..48 * 40).map(|number| {
        let wh = if number < 48 * 35 { usual(number) } else { then(number - 48 * 35).or(usual(number)) };
        row(number, wh, Quality::MEASURED)
    });
    rows.collect()
}

/// What is odd in those last days: the number of the interval since, and its flags.
fn odd(then: impl Fn(i64) -> Option<i64>) -> String {
    let (rows, _) = judged(weeks(then), 48);
    let odd = rows.iter().enumerate().filter(|(_, row)| row.quality != Quality::MEASURED);
    let found: Vec<String> =
        odd.map(|(number, row)| format!("{}:{}", number as i64 - 48 * 35, row.quality)).collect();
    found.join(" ")
}

#[test]
fn what_stands_out_of_the_third_highest_is_a_spike() {
    assert_eq!(odd(|_| None), "");
    assert_eq!(odd(|number| (number == 50).then_some(1200)), "", "less than three times");
    assert_eq!(odd(|number| (number == 50).then_some(1400)), "50:spike");
    assert_eq!(
        odd(|number| (50..60).contains(&number).then_some(1400 + number * 40)),
        "50:spike 51:spike 52:spike 95:high",
        "three of a kind are no exception, and the day has used more than four times the usual"
    );
}

#[test]
fn a_spike_is_not_known_before_the_second_monday() {
    let rows = |at: i64| -> Vec<Interval> {
        (0..48 * 20)
            .map(|number| {
                row(number, Some(if number == at { 5000 } else { 200 + number % 7 * 9 }), Quality::MEASURED)
            })
            .collect()
    };
    for (at, spikes) in [(48 * 6, 0), (48 * 15, 1)] {
        let (rows, _) = judged(rows(at), 1);
        assert_eq!(rows.iter().filter(|row| row.quality.has(Quality::SPIKE)).count(), spikes, "{at}");
    }
}

#[test]
fn a_day_is_high_or_low_beside_the_profile_and_is_flagged_at_its_end() {
    assert_eq!(odd(|number| (48..96).contains(&number).then_some(10 + number % 7 * 3)), "");
    assert_eq!(odd(|number| (48..96).contains(&number).then_some(5 + number % 7 * 3)), "95:low");
    let high = odd(|number| (48..96).contains(&number).then_some(850 + number % 7 * 30));
    assert_eq!(high, "95:high");
}

#[test]
fn a_day_is_compared_with_what_was_known_when_it_began() {
    // 8.8 kWh are usual; four times that are 735 Wh a half-hour. Slots of the day itself have been learned by its end.
    assert_eq!(odd(|number| (48..96).contains(&number).then_some(660 + number % 7 * 20)), "");
    assert_eq!(odd(|number| (48..96).contains(&number).then_some(690 + number % 7 * 20)), "95:high");
}

#[test]
fn a_day_of_which_some_is_estimated_is_not_compared() {
    let mut rows = weeks(|number| (48..96).contains(&number).then_some(5 + number % 7 * 3));
    rows[48 * 36 + 10].quality = Quality::ESTIMATED;
    let (rows, _) = judged(rows, 1);
    assert!(!rows.iter().any(|row| row.quality.has(Quality::LOW)));
}

/// One interval: energy, export if there is any, and readings of mean power W, V, A and neutral A.
fn electrical(imp: i64, exp: Option<i64>, [p, v, i, neutral]: [f64; 4]) -> String {
    let mut row = row(0, Some(imp), Quality::MEASURED);
    row.exp = exp.map(WattHours);
    let milli = |value: f64| (value * 1000.0).round();
    row.sums = Sums {
        p: milli(p) as i64 * 2,
        p_max: milli(p) as i64,
        i: milli(i) as u32 * 2,
        neutral: milli(neutral) as u32 * 2,
        v_min: milli(v) as i32,
        v_max: milli(v) as i32,
        readings: 2,
        p_count: 2,
        i_count: 2,
        loop_count: 2,
        ..Sums::EMPTY
    };
    judged(vec![row], 1).0[0].quality.to_string()
}

#[test]
fn export_that_no_register_counts_is_reverse() {
    assert_eq!(electrical(500, None, [-1000.0, 230.0, 4.4, 4.4]), "reverse");
    assert_eq!(electrical(0, Some(500), [-1000.0, 230.0, 4.4, 4.4]), "measured", "a roof");
    assert_eq!(electrical(0, None, [-19.0, 230.0, 0.1, 0.1]), "measured", "below the limit");
}

#[test]
fn a_factor_of_a_thousand_is_a_unit() {
    assert_eq!(electrical(500, None, [1.0, 230.0, 4.4, 4.4]), "unit");
    assert_eq!(electrical(500, None, [1000.0, 230.0, 4.4, 4.4]), "measured");
    assert_eq!(electrical(20, None, [40_000.0, 230.0, 180.0, 180.0]), "unit");
}

#[test]
fn power_of_a_solar_home_is_compared_with_import_less_export() {
    assert_eq!(electrical(190, Some(189), [0.6, 230.0, 4.4, 4.4]), "measured", "net 1 Wh");
    assert_eq!(electrical(190, Some(170), [40.0, 230.0, 4.4, 4.4]), "measured", "net 20 Wh");
    assert_eq!(electrical(690, Some(190), [1.0, 230.0, 4.4, 4.4]), "unit", "net 500 Wh, power in kW");
}

#[test]
fn power_is_at_most_voltage_times_the_larger_current() {
    assert_eq!(electrical(500, None, [1000.0, 230.0, 3.0, 3.0]), "power-factor");
    assert_eq!(electrical(500, None, [1000.0, 230.0, 3.0, 4.4]), "measured", "the neutral carries it");
    assert_eq!(electrical(90, None, [180.0, 230.0, 4.4, 4.4]), "power-factor", "under a fifth");
    assert_eq!(electrical(40, None, [80.0, 230.0, 1.9, 1.9]), "measured", "of little current");
    let mut solar = row(0, Some(34), Quality::MEASURED);
    solar.sums = Sums { p: 68_000, p_max: 68_000, q: 700_000, i: 3_090, neutral: 3_090, ..solar.sums };
    solar.sums = Sums { v_min: 230_000, v_max: 230_000, readings: 1, p_count: 1, q_count: 1, ..solar.sums };
    solar.sums = Sums { i_count: 1, loop_count: 1, ..solar.sums };
    assert_eq!(judged(vec![solar], 1).0[0].quality, Quality::MEASURED, "700 var flow");
    solar.sums.q = 0;
    assert_eq!(judged(vec![solar], 1).0[0].quality, Quality::POWER_FACTOR);
}

#[test]
fn every_rule_has_a_name_of_its_own_and_a_meaning() {
    let names: std::collections::BTreeSet<&str> = Rule::ALL.iter().map(|rule| rule.name()).collect();
    assert_eq!(names.len(), Rule::ALL.len());
    for rule in Rule::ALL {
        assert!(!rule.definition().is_empty() && !rule.default().is_empty() && !rule.source().is_empty());
        // A flag has the name of its rule.
        if let By::Flag(flag) = rule.by() {
            assert_eq!(flag.to_string(), rule.name());
        }
    }
}

/// What the flags of each interval should be, worked out from the whole history before it.
fn slow(rows: &[Interval]) -> Vec<u32> {
    let calendar = calendar();
    let mut found = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        let known: Vec<&Interval> = rows[..=at].iter().filter(|row| row.quality.is_whole()).collect();
        let energy = |row: &&Interval| row.imp.unwrap().0;
        if !row.quality.is_whole() {
            found.push(0);
            continue;
        }
        let mut flags = 0;
        let zeros = known.iter().rev().take_while(|row| energy(row) == 0).count();
        if zeros >= 6 {
            flags |= Quality::ZERO_RUN.0;
        }
        let (mut base, mut run) = (energy(&known[0]), 0);
        for wh in known.iter().map(energy) {
            if (wh - base).abs() <= ((base * (0.02_f64 * 65_536.0).round() as i64) >> 16).max(1) {
                run += 1;
            } else {
                (base, run) = (wh, 1);
            }
        }
        if run >= 4 && zeros < run && flags == 0 {
            flags |= Quality::FLAT.0;
        }
        // Peaks, each with what the Mondays since have left of it.
        let monday = |row: &&Interval| {
            let day = calendar.day(row.start);
            calendar.is_monday(day) && calendar.start_of(day) == row.start
        };
        let (mut peaks, mut mondays) = ([0_i64; 3], 0);
        for (number, one) in rows[..=at].iter().enumerate() {
            if monday(&one) {
                peaks = peaks.map(|peak| peak * 15 / 16);
                mondays += i64::from(peaks[2] > 0);
            }
            let wh = one.imp.unwrap().0;
            if one.quality.is_whole() {
                if number == at && mondays >= 2 && wh > 500 && wh > 3 * peaks[2] {
                    flags |= Quality::SPIKE.0;
                }
                let mut all = [wh, peaks[0], peaks[1], peaks[2]];
                all.sort_by_key(|wh| -wh);
                peaks = [all[0], all[1], all[2]];
            }
        }
        found.push(flags);
    }
    found
}

fn some_days() -> impl Strategy<Value = Vec<Interval>> {
    let one = (0..3_u8, 0..2000_i64, 1..9_usize, 0..12_u8);
    prop::collection::vec(one, 1..200).prop_map(|all| {
        let mut rows = Vec::new();
        for (kind, wh, times, odd) in all {
            for step in 0..times as i64 {
                let number = rows.len() as i64 * 3;
                let wh = match kind {
                    0 => 0,
                    1 => wh % 300 + step % 2,
                    _ => wh,
                };
                let quality = if odd == 0 { Quality::ESTIMATED } else { Quality::MEASURED };
                rows.push(row(number, Some(wh), quality));
            }
        }
        rows
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn flags_are_those_of_slow_arithmetic(rows in some_days()) {
        let expected = slow(&rows);
        let (judged, vet) = judged(rows.clone(), 7);
        let mut counted = BTreeMap::<u32, u64>::new();
        for ((before, after), expected) in rows.iter().zip(&judged).zip(expected) {
            prop_assert_eq!(after.quality.0 & !before.quality.0, expected, "{}", after.end);
            for bit in (0..32).map(|bit| 1 << bit).filter(|bit| expected & bit != 0) {
                *counted.entry(bit).or_default() += 1;
            }
        }
        for (bit, count) in counted {
            let rule = Rule::ALL.iter().find(|rule| rule.by() == By::Flag(Quality(bit))).unwrap();
            prop_assert_eq!(vet.tally().of(*rule, &reading::issue::Counts::default()), count);
        }
    }

    #[test]
    fn a_stop_in_the_middle_changes_nothing(rows in some_days(), at in 0..1000_usize) {
        let (mut whole, mut parts) = (rows.clone(), rows);
        let at = at.min(parts.len());
        let mut one = Vet::new(rules(), calendar());
        one.judge(&vec![3; whole.len()], &mut whole, None);
        let (before, after) = parts.split_at_mut(at);
        let mut first = Vet::new(rules(), calendar());
        first.judge(&vec![3; before.len()], before, None);
        let bytes = postcard::to_stdvec(&first.stored(0..9)).unwrap();
        let mut second = Vet::new(rules(), calendar());
        second.restore(&postcard::from_bytes(&bytes).unwrap());
        second.judge(&vec![3; after.len()], after, None);
        prop_assert_eq!(&parts, &whole);
        prop_assert_eq!(one.stored(0..9), second.stored(0..9));
    }

    #[test]
    fn what_is_estimated_adds_up_to_what_the_register_advanced(
        first in 0..HALF, length in 1..20 * HOUR, wh in 0..50_000_i64, used in prop::collection::vec(0..900_i64, 48)
    ) {
        let mut metering = metering();
        let days: Vec<Interval> =
            (0..48 * 8).map(|number| row(number, Some(used[number as usize % 48]), Quality::MEASURED)).collect();
        metering.take(&vec![0; days.len()], &days, &mut MeteringRows::default());
        let from = START.plus(8 * DAY + first);
        let silence = Silence { row: 1, from, to: from.plus(length), wh };
        // What the fleet makes of it, with some energy that was measured at the edges.
        let mut rows: Vec<Interval> = (48 * 8..48 * 8 + 44).map(|number| {
            let mut row = row(number, Some(0), Quality::ESTIMATED);
            let even = silence.advance_to(row.end) - silence.advance_to(row.start);
            row.imp = Some(WattHours(even + 7));
            row
        }).filter(|row| row.start < silence.to && row.end > silence.from).collect();
        rows.insert(0, row(0, Some(3), Quality::MEASURED));
        let mut slots = vec![0; rows.len()];
        slots[0] = 1;
        let before = rows.clone();
        estimate(&[silence], 2 * HOUR, &slots, &mut rows, &mut metering);
        let sum = |rows: &[Interval]| rows.iter().map(|row| row.imp.unwrap().0).sum::<i64>();
        prop_assert_eq!(sum(&rows), sum(&before));
        prop_assert_eq!(rows[0], before[0]);
        prop_assert!(rows.iter().all(|row| row.imp.unwrap().0 >= 0));
        if length <= 2 * HOUR {
            prop_assert_eq!(rows, before);
        }
    }
}

#[test]
fn a_long_silence_is_spread_as_the_profile_has_it() {
    let mut metering = metering();
    // 100 Wh in each half-hour, 500 from 18:00 to 22:00.
    let usual = |number: i64| if (36..44).contains(&(number % 48)) { 500 } else { 100 };
    let days: Vec<Interval> =
        (0..48 * 8).map(|number| row(number, Some(usual(number)), Quality::MEASURED)).collect();
    metering.take(&vec![0; days.len()], &days, &mut MeteringRows::default());
    let evening = 48 * 8 + 32;
    let from = START.plus(evening * HALF);
    let silence = Silence { row: 0, from, to: from.plus(4 * HOUR), wh: 4800 };
    let mut rows: Vec<Interval> =
        (evening..evening + 8).map(|number| row(number, Some(600), Quality::ESTIMATED)).collect();
    let found = |rows: &[Interval]| rows.iter().map(|row| row.imp.unwrap().0).collect::<Vec<_>>();
    estimate(&[silence], 4 * HOUR, &[0; 8], &mut rows, &mut metering);
    assert_eq!(found(&rows), [600; 8], "not longer than the limit");
    estimate(&[silence], 2 * HOUR, &[0; 8], &mut rows, &mut metering);
    assert_eq!(found(&rows), [200, 200, 200, 200, 1000, 1000, 1000, 1000]);
    // A meter that nothing is known of.
    let mut rows: Vec<Interval> =
        (evening..evening + 8).map(|number| row(number, Some(600), Quality::ESTIMATED)).collect();
    estimate(&[silence], 2 * HOUR, &[5; 8], &mut rows, &mut metering);
    assert_eq!(found(&rows), [600; 8]);
}

#[test]
fn rules_that_cannot_be_are_refused() {
    let check = |change: &dyn Fn(&mut VetSettings)| {
        let mut rules = rules();
        change(&mut rules);
        rules.check()
    };
    assert_eq!(check(&|_| ()), Ok(()));
    assert_eq!(check(&|rules| rules.zero_run = MINUTE), Err(VetSettingsError::ZeroRun));
    assert_eq!(check(&|rules| rules.flat.run = HOUR), Err(VetSettingsError::FlatRun));
    assert_eq!(check(&|rules| rules.spike.times = 1.0), Err(VetSettingsError::Spike));
    assert_eq!(
        check(&|rules| rules.day.iter_mut().for_each(|day| day.low = Ratio(1.0))),
        Err(VetSettingsError::Day)
    );
    assert_eq!(check(&|rules| rules.power_factor.most = Ratio(0.9)), Err(VetSettingsError::PowerFactor));
}

#[test]
fn a_meter_takes_fourteen_bytes() {
    assert_eq!(VetSettings::BYTES_PER_METER, 14);
}

fn town_rules() -> FindingsSettings {
    FindingsSettings {
        sanctioned: Ratio(1.5),
        inactive: WattHours(100),
        group_sum: Ratio(0.15),
        multiplier_days: 2,
    }
}

/// Some days of a consumer that uses so many Wh in each half-hour and of a transformer that gives and whose consumers use
/// so many; what was found.
fn found(days: i64, used: i64, is_active: bool, [supplied, consumed]: [i64; 2], stop: Option<i64>) -> String {
    let begin = || Findings::new(town_rules(), calendar(), Grid::new(HALF).unwrap());
    let (mut findings, mut out) = (begin(), Vec::new());
    for number in 0..days * 48 {
        let row = row(number, Some(used), Quality::MEASURED);
        findings.begin(row.end, &mut out);
        findings.consumer(&row, Some(Watts(3000.0)), is_active);
        let transformer = reading::TransformerId::new("T1").unwrap();
        findings.group(transformer, WattHours(supplied), WattHours(consumed));
        if stop == Some(number) {
            let bytes = postcard::to_stdvec(&findings.snapshot()).unwrap();
            findings = begin();
            findings.restore(postcard::from_bytes(&bytes).unwrap());
        }
    }
    findings.close_day(&mut out);
    let mut found: Vec<String> = out
        .iter()
        .map(|one| {
            let day = one.start.since(START) / DAY;
            format!("{day} {} {} {:.3}/{:.3}", one.rule.name(), one.whose, one.seen, one.allowed)
        })
        .collect();
    let counted = |rule: &Rule| findings.tally().of(*rule, &reading::issue::Counts::default());
    assert_eq!(Rule::ALL.iter().map(counted).sum::<u64>(), out.len() as u64);
    found.dedup();
    found.join("; ")
}

#[test]
fn what_a_contract_does_not_allow_is_one_finding_a_day() {
    assert_eq!(found(2, 2200, true, [100, 99], None), "", "4.4 kW of 3 kW and a half more");
    assert_eq!(
        found(2, 2300, true, [100, 99], None),
        "0 sanctioned M1 4600.000/4500.000; 1 sanctioned M1 4600.000/4500.000"
    );
    assert_eq!(found(1, 2, false, [100, 99], None), "", "96 Wh on a day");
    assert_eq!(found(1, 3, false, [100, 99], None), "0 inactive M1 144.000/100.000");
}

#[test]
fn what_a_meter_reports_of_itself_is_one_finding_a_day() {
    let begin = || Findings::new(town_rules(), calendar(), Grid::new(HALF).unwrap());
    let event = |meter: &str, code| Event { meter: MeterId::new(meter).unwrap(), time: START, code };
    let sequence = event("M1", EventCode::PHASE_SEQUENCE_REVERSED);
    let ticks: [(i64, &[Event]); 3] = [
        (1, &[event("M2", EventCode::HEARD), sequence, sequence]),
        (2, &[sequence, event("M1", EventCode::EVENT_LOG_OVERRUN), event("M1", EventCode::POWER_FAILURE)]),
        (49, &[sequence]),
    ];
    for stop in 0..3 {
        let (mut findings, mut out) = (begin(), Vec::new());
        for (at, (tick, events)) in ticks.into_iter().enumerate() {
            let end = START.plus(tick * HALF);
            findings.begin(end, &mut out);
            findings.reported(end, events);
            if at == stop {
                let bytes = postcard::to_stdvec(&findings.snapshot()).unwrap();
                findings = begin();
                findings.restore(postcard::from_bytes(&bytes).unwrap());
            }
        }
        findings.close_day(&mut out);
        let found = out.iter().map(|one| {
            let day = one.start.since(START) / DAY;
            format!("{day} {} {} {} in {}", one.rule.name(), one.whose, one.seen, one.intervals)
        });
        let expected = ["0 phase-sequence M1 3 in 2", "0 event-log M1 1 in 1", "1 phase-sequence M1 1 in 1"];
        assert_eq!(found.collect::<Vec<_>>(), expected, "stopped behind tick {stop}");
    }
}

#[test]
fn what_a_group_is_given_and_what_it_uses_are_the_same_or_a_multiple() {
    assert_eq!(found(1, 0, true, [100, 86], None), "");
    assert_eq!(found(1, 0, true, [100, 84], None), "0 group-sum T1 1.190/1.176");
    assert_eq!(found(1, 0, true, [84, 100], None), "0 group-sum T1 0.840/0.850");
    let tenth = "0 group-sum T1 10.200/1.176; 1 multiplier T1 10.200/10.000; 2 multiplier T1 10.200/10.000";
    assert_eq!(found(3, 0, true, [1020, 100], None), tenth, "a day of it may be anything");
    for stop in 0..3 * 48 {
        assert_eq!(found(3, 0, true, [1020, 100], Some(stop)), tenth, "stopped at {stop}");
    }
}

#[test]
fn what_is_estimated_is_found_nowhere() {
    let (mut findings, mut out) =
        (Findings::new(town_rules(), calendar(), Grid::new(HALF).unwrap()), Vec::new());
    for number in 0..48 {
        let row = row(number, Some(90_000), Quality::ESTIMATED);
        findings.begin(row.end, &mut out);
        findings.consumer(&row, Some(Watts(3000.0)), false);
    }
    findings.close_day(&mut out);
    assert_eq!(out, []);
}
