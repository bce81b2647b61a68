//! Against slow arithmetic over all intervals at once, and small pictures of what counts and what does not.

mod state;

use crate::*;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use reading::time::{DAY, HOUR, MINUTE};
use reading::{Calendar, DayType, EventTime, Grid, Interval, MeterId, Quality, Sums};
use std::collections::BTreeMap;
use units::{Ratio, WattHours, Watts};

const HALF: i64 = 30 * MINUTE;
/// Monday, 1 January 2024, midnight in Kolkata.
const START: EventTime = EventTime(1_704_047_400_000);

fn calendar(zone: &str) -> Calendar {
    Calendar::new(TimeZone::get(zone).unwrap(), ["2024-01-26".parse().unwrap()].into())
}

fn rules(block: i64, slot: i64) -> MeteringSettings {
    let grid = Grid::new(HALF).unwrap();
    let evening = zone("evening", 18 * 60, 22 * 60);
    let night = zone("night", 22 * 60, 6 * 60);
    MeteringSettings {
        grid,
        profile: Some(ProfileRule::new(slot, 3, grid).unwrap()),
        demand: Some(DemandRule::new(block, vec![evening, night], 15, Ratio(0.85), grid).unwrap()),
    }
}

fn zone(name: &str, from: u16, to: u16) -> Zone {
    Zone { name: name.to_owned(), from, to, months: Zone::ALL_YEAR, days: Zone::ALL_DAYS }
}

fn meter() -> MeterId {
    MeterId::new("M1").unwrap()
}

/// The interval of a number since [`START`], with energy and mean reactive power.
fn row(number: i64, wh: Option<i64>, var: Option<i64>, quality: Quality) -> Interval {
    let end = START.plus((number + 1) * HALF);
    let mut sums = Sums::EMPTY;
    if let (Some(wh), Some(var)) = (wh, var) {
        (sums.p, sums.p_max, sums.q) = (wh * 2000, wh * 2000, var * 1000);
        (sums.readings, sums.p_count, sums.q_count) = (1, 1, 1);
    }
    let imp = wh.map(WattHours);
    Interval { meter: meter(), start: end.minus(HALF), end, imp, exp: None, sums, quality, instead: None }
}

fn metered(rules: &MeteringSettings, rows: &[Interval], part: usize) -> MeteringRows {
    let mut metering = Metering::new(rules.clone(), calendar("Asia/Kolkata"));
    let mut out = MeteringRows::default();
    for rows in rows.chunks(part.max(1)) {
        metering.take(&vec![0; rows.len()], rows, &mut out);
    }
    metering.finish([(0, meter())].into_iter(), &mut out);
    out
}

/// From 2:00 to 3:00 comes twice, the second time with ten times the energy.
#[test]
fn on_the_day_clocks_go_back_each_slot_counts_once() {
    // Sunday, 26 October 2025, midnight in Berlin.
    let start = EventTime(1_761_429_600_000);
    for slot in [HALF, HOUR, 2 * HOUR] {
        let rules = rules(HALF, slot);
        let mut metering = Metering::new(rules, calendar("Europe/Berlin"));
        let mut out = MeteringRows::default();
        for number in 0..50 {
            let end = start.plus((number + 1) * HALF);
            let wh = if number == 6 || number == 7 { 1000 } else { 100 };
            let imp = Some(WattHours(wh));
            let (sums, quality) = (Sums::EMPTY, Quality::MEASURED);
            let row = Interval {
                meter: meter(),
                start: end.minus(HALF),
                end,
                imp,
                exp: None,
                sums,
                quality,
                instead: None,
            };
            metering.take(&[0], &[row], &mut out);
        }
        metering.finish([(0, meter())].into_iter(), &mut out);
        let days: Vec<f64> = out.profiles.iter().map(|row| row.weight).collect();
        assert_eq!(days, vec![days[0]; (DAY / slot) as usize], "{slot}");
        let means: Vec<f64> = out.profiles.iter().map(|row| row.mean.0).collect();
        if slot < 2 * HOUR {
            assert_eq!(means, vec![200.0; means.len()], "{slot}");
        }
    }
}

#[derive(Debug, Default, Clone, Copy, PartialEq)]
struct Most(Option<(f64, i64)>);

impl Most {
    fn see(&mut self, value: f64, end: i64) {
        if self.0.is_none_or(|(most, _)| value > most) {
            self.0 = Some((value, end));
        }
    }
}

/// What a billing period and zone should say, worked out from all intervals at once.
#[derive(Debug, Default, PartialEq)]
struct Slow {
    energy: i64,
    block: Most,
    sliding: Most,
    block_va: Most,
}

fn whole(row: &Interval) -> bool {
    row.imp.is_some() && !row.quality.has(Quality::ESTIMATED) && !row.quality.has(Quality::SUSPECT)
}

/// While a meter exports, it demands nothing.
fn va(row: &Interval) -> Option<f64> {
    let (p, q) = (row.sums.p as f64, row.sums.q as f64);
    (row.sums.q_count > 0).then(|| if p < 0.0 { 0.0 } else { (p.powi(2) + q.powi(2)).sqrt() / 1000.0 })
}

fn slow_demand(rules: &MeteringSettings, rows: &[Interval]) -> BTreeMap<(String, u8), Slow> {
    let calendar = calendar("Asia/Kolkata");
    let rule = rules.demand.as_ref().unwrap();
    let zones = |row: &Interval| -> Vec<u8> {
        let minute = calendar.minute_of_day(row.start);
        let day = calendar.day(row.start);
        let day_type = calendar.day_type(day);
        let zones = rule.zones().iter().enumerate();
        let held = zones.filter(|(_, zone)| zone.holds(minute, day.month(), day_type));
        std::iter::once(0).chain(held.map(|(index, _)| index as u8 + 1)).collect()
    };
    let period = |row: &Interval| {
        let day = calendar.day(row.start);
        let first = day.first_of_month();
        let first = if day.day() >= 15 { first } else { first.yesterday().unwrap().first_of_month() };
        first.strftime("%Y-%m").to_string()
    };
    let mut all = BTreeMap::<(String, u8), Slow>::new();
    let width = (rule.block() / HALF) as usize;
    for row in rows {
        for zone in zones(row) {
            all.entry((period(row), zone)).or_default().energy += row.imp.map_or(0, |imp| imp.0);
        }
    }
    for block in rows.windows(width) {
        let last = &block[width - 1];
        let in_a_row = block.windows(2).all(|pair| pair[0].end == pair[1].start);
        if !in_a_row || !block.iter().all(whole) || block.iter().any(|row| period(row) != period(last)) {
            continue;
        }
        let power = block.iter().map(|row| row.imp.unwrap().0 as f64 * 2.0).sum::<f64>() / width as f64;
        let apparent: Option<f64> = block.iter().map(va).sum();
        let ends = (i64::from(calendar.minute_of_day(last.start)) * MINUTE + HALF) % rule.block() == 0;
        for zone in (0..3).filter(|zone| block.iter().all(|row| zones(row).contains(zone))) {
            let slow = all.entry((period(last), zone)).or_default();
            slow.sliding.see(power, last.end.0);
            if ends {
                slow.block.see(power, last.end.0);
                if let Some(apparent) = apparent {
                    slow.block_va.see(apparent / width as f64, last.end.0);
                }
            }
        }
    }
    all
}

/// Mean, spread and weight by type of day and minute, each day with the share that its age leaves it.
fn slow_profile(rules: &MeteringSettings, rows: &[Interval]) -> BTreeMap<(DayType, u16), [f64; 3]> {
    let calendar = calendar("Asia/Kolkata");
    let slot = rules.profile.as_ref().unwrap().slot();
    let mut days = BTreeMap::<(DayType, u16, i64), Vec<f64>>::new();
    for row in rows.iter().filter(|row| whole(row)) {
        let minute = calendar.minute_of_day(row.start) / (slot / MINUTE) as u16 * (slot / MINUTE) as u16;
        let (day, ordinal) = (calendar.day(row.start), row.start.since(START).div_euclid(DAY));
        let power = row.imp.unwrap().0 as f64 * 2.0;
        days.entry((calendar.day_type(day), minute, ordinal)).or_default().push(power);
    }
    let mut slots = BTreeMap::<(DayType, u16), Vec<f64>>::new();
    for ((day_type, minute, _), powers) in days {
        if powers.len() as i64 * HALF == slot {
            let mean = powers.iter().sum::<f64>() / powers.len() as f64;
            slots.entry((day_type, minute)).or_default().push(mean);
        }
    }
    let out = slots.into_iter().map(|(key, seen)| {
        let weights: Vec<f64> = (0..seen.len()).rev().map(|age| 0.5_f64.powf(age as f64 / 3.0)).collect();
        let weight: f64 = weights.iter().sum();
        let mean = seen.iter().zip(&weights).map(|(x, w)| x * w).sum::<f64>() / weight;
        let variance = seen.iter().zip(&weights).map(|(x, w)| (x - mean).powi(2) * w).sum::<f64>() / weight;
        (key, [mean, variance.sqrt(), weight])
    });
    out.collect()
}

fn close(a: f64, b: f64, scale: f64) -> bool {
    (a - b).abs() <= 1e-6 * scale.max(1.0)
}

/// Days of intervals, some missing, some without energy, some estimated.
fn days() -> impl Strategy<Value = Vec<Interval>> {
    let one = (0..40_i64, 0..3000_i64, -500..500_i64, 0..20_u8);
    prop::collection::vec(one, 1..1500).prop_map(|all| {
        let mut rows = Vec::new();
        for (number, (absent, wh, var, kind)) in all.into_iter().enumerate() {
            let (wh, var) = (Some(wh).filter(|_| kind != 1), Some(var).filter(|_| kind != 2));
            let quality = match kind {
                3 => Quality::ESTIMATED,
                4 => Quality::SUSPECT,
                5 => Quality::ROLLOVER,
                _ => Quality::MEASURED,
            };
            if absent > 0 {
                rows.push(row(number as i64, wh, var, quality));
            }
        }
        rows
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn demand_and_profile_are_those_of_slow_arithmetic(rows in days(), block in 0..4_usize, slot in 0..4_usize) {
        let rules = rules([HALF, HOUR, 2 * HOUR, 4 * HOUR][block], [HALF, HOUR, 2 * HOUR, 6 * HOUR][slot]);
        let fast = metered(&rules, &rows, 7);
        let mut found = BTreeMap::new();
        for row in &fast.demand {
            let middle = row.start.plus(10 * DAY);
            let month = calendar("Asia/Kolkata").day(middle).first_of_month();
            let month = if calendar("Asia/Kolkata").day(row.start).day() == 15 { calendar("Asia/Kolkata").day(row.start).first_of_month() } else { month };
            let slow = Slow {
                energy: row.energy.0,
                block: Most(row.block.map(|peak| (peak.demand.0, peak.end.0))),
                sliding: Most(row.sliding.map(|peak| (peak.demand.0, peak.end.0))),
                block_va: Most(row.block_va.map(|most| (most.0, 0))),
            };
            found.insert((month.strftime("%Y-%m").to_string(), row.zone), slow);
        }
        let expected = slow_demand(&rules, &rows);
        for (key, slow) in &expected {
            let fast = &found[key];
            prop_assert_eq!(fast.energy, slow.energy, "{:?}", key);
            for (fast, slow) in [(fast.block, slow.block), (fast.sliding, slow.sliding)] {
                prop_assert_eq!(fast.0.map(|(_, end)| end), slow.0.map(|(_, end)| end), "{:?}", key);
                if let (Some((fast, _)), Some((slow, _))) = (fast.0, slow.0) {
                    prop_assert!(close(fast, slow, slow), "{:?}: {} {}", key, fast, slow);
                }
            }
            let (fast, slow) = (fast.block_va.0.map(|most| most.0), slow.block_va.0.map(|most| most.0));
            prop_assert!(fast.zip(slow).is_none_or(|(fast, slow)| close(fast, slow, slow)));
            prop_assert_eq!(fast.is_some(), slow.is_some(), "{:?}", key);
        }
        let slow = slow_profile(&rules, &rows);
        prop_assert_eq!(fast.profiles.len(), slow.len());
        for row in &fast.profiles {
            let [mean, spread, weight] = slow[&(row.day_type, row.minute)];
            let scale = mean.abs().max(spread);
            prop_assert!(close(row.mean.0, mean, scale), "{:?} {}", row, mean);
            // A spread is the root of a small difference of squares.
            prop_assert!((row.spread.0 - spread).abs() <= 1e-5 * scale.max(1.0), "{:?} {}", row, spread);
            prop_assert!(close(row.weight, weight, weight), "{:?} {}", row, weight);
        }
    }

    #[test]
    fn cuts_and_a_stop_in_the_middle_change_nothing(rows in days(), part in 1..200_usize, at in 0..1500_usize) {
        let rules = rules(HOUR, 2 * HOUR);
        let whole = metered(&rules, &rows, usize::MAX);
        prop_assert_eq!(&metered(&rules, &rows, part), &whole);
        let (before, after) = rows.split_at(at.min(rows.len()));
        let mut first = Metering::new(rules.clone(), calendar("Asia/Kolkata"));
        let mut out = MeteringRows::default();
        first.take(&vec![0; before.len()], before, &mut out);
        let mut second = Metering::new(rules, calendar("Asia/Kolkata"));
        state::restore_all(&first, &mut second);
        second.take(&vec![0; after.len()], after, &mut out);
        second.finish([(0, meter())].into_iter(), &mut out);
        // A meter that was never heard of has no slot.
        if !rows.is_empty() {
            prop_assert_eq!(out, whole);
        }
    }
}

#[test]
fn a_billing_period_ends_where_the_next_one_begins() {
    let rules = rules(HOUR, HOUR);
    let rows: Vec<Interval> =
        (0..48 * 20).map(|number| row(number, Some(100), None, Quality::MEASURED)).collect();
    let out = metered(&rules, &rows, 48);
    let shown: Vec<String> = out
        .demand
        .iter()
        .map(|row| format!("{} {} zone {} {} Wh", row.start, row.end, row.zone, row.energy.0))
        .collect();
    expect_test::expect![[r#"
        2023-12-14T18:30:00Z 2024-01-14T18:30:00Z zone 0 67200 Wh
        2023-12-14T18:30:00Z 2024-01-14T18:30:00Z zone 1 11200 Wh
        2023-12-14T18:30:00Z 2024-01-14T18:30:00Z zone 2 22400 Wh
        2024-01-14T18:30:00Z 2024-01-20T18:30:00Z zone 0 28800 Wh
        2024-01-14T18:30:00Z 2024-01-20T18:30:00Z zone 1 4800 Wh
        2024-01-14T18:30:00Z 2024-01-20T18:30:00Z zone 2 9600 Wh"#]]
    .assert_eq(&shown.join("\n"));
}

#[test]
fn a_stream_publishes_the_profile_of_each_meter_every_four_weeks() {
    let mut rules = rules(HOUR, HOUR);
    rules.demand = None;
    let mut metering = Metering::new(rules, calendar("Asia/Kolkata"));
    metering.publish_profiles_every_four_weeks();
    let mut times = Vec::new();
    for number in 0..48 * 57 {
        let mut out = MeteringRows::default();
        metering.take(&[5], &[row(number, Some(100), None, Quality::MEASURED)], &mut out);
        times.extend((!out.profiles.is_empty()).then_some(number));
    }
    assert_eq!(times.len(), 2);
    assert_eq!(times[1] - times[0], 48 * 28);
}

#[test]
fn estimated_energy_counts_and_makes_no_peak() {
    let rules = rules(HALF, HOUR);
    let rows = [
        row(0, Some(100), None, Quality::MEASURED),
        row(1, Some(900), None, Quality::ESTIMATED),
        row(2, Some(200), None, Quality::MEASURED),
    ];
    let out = metered(&rules, &rows, 3);
    assert_eq!(out.demand[0].energy, WattHours(1200));
    assert_eq!(out.demand[0].block.unwrap().demand.0, 400.0);
    assert_eq!(out.profiles, []);
}

#[test]
fn reactive_energy_has_two_directions_and_a_low_factor_is_counted() {
    let rules = rules(HALF, HOUR);
    let rows = [
        row(0, Some(300), Some(800), Quality::MEASURED),
        row(1, Some(300), Some(-800), Quality::MEASURED),
        row(2, Some(400), Some(0), Quality::MEASURED),
    ];
    let whole = metered(&rules, &rows, 1).demand[0].whole.clone().unwrap();
    assert_eq!(whole.reactive, Some((400.0, 400.0)));
    assert_eq!(whole.low_pf_hours, 1.0);
    // 1000 Wh over 500 + 500 + 400 VAh.
    assert!((whole.pf.unwrap().0 - 1000.0 / 1400.0).abs() < 1e-12);
}

#[test]
fn a_twentieth_of_the_time_is_below_the_low_end_of_the_power_factor() {
    let mut rules = rules(HALF, HOUR);
    rules.demand = rules.demand.map(|demand| demand.with_pf_classes(10).unwrap());
    // Three half-hours at 0.6, one at 0.8, thirty-six at 1; and one with no reactive power, which has none.
    let vars = [[800; 3].as_slice(), &[450], &[0; 36]].concat();
    let mut rows: Vec<_> =
        (0..).zip(vars).map(|(number, var)| row(number, Some(300), Some(var), Quality::MEASURED)).collect();
    rows.push(row(40, Some(300), None, Quality::MEASURED));
    let spread = metered(&rules, &rows, 1).demand[0].whole.clone().unwrap().pf_spread.unwrap();
    assert_eq!(spread.hours, [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.5, 0.0, 0.5, 18.0]);
    // Two of forty: two thirds of the class from 0.6 on, in which three lie.
    assert!((spread.low.0 - (0.6 + 0.1 * 2.0 / 3.0)).abs() < 1e-12, "{}", spread.low.0);
}

#[test]
fn billed_is_what_stands_in_for_energy_that_is_not_believed() {
    let rules = rules(HALF, HOUR);
    let of_power = Quality::SPIKE.with(Quality::POWER);
    let mut spike = row(1, Some(90_000), None, of_power);
    spike.instead = Some(WattHours(250));
    let unknown = row(2, Some(90_000), None, of_power);
    let suspect = row(3, Some(40), None, Quality::SUSPECT);
    let rows = [row(0, Some(300), None, Quality::MEASURED), spike, unknown, suspect];
    let out = &metered(&rules, &rows, 1).demand[0];
    let whole = out.whole.as_ref().unwrap();
    assert_eq!((out.energy, whole.hours, whole.estimated_hours), (WattHours(590), 1.5, 0.5));
}

#[test]
fn a_spike_that_a_register_counted_is_billed_and_makes_the_peak_but_teaches_no_profile() {
    let mut rules = rules(HALF, HOUR);
    rules.demand = DemandRule::new(HALF, vec![], 1, Ratio(0.9), rules.grid).ok();
    let day = |spike| {
        let energy = |number| if number == 60 { 2400 } else { 300 };
        let quality = |number| if number == 60 { spike } else { Quality::MEASURED };
        let rows: Vec<_> =
            (0..96).map(|number| row(number, Some(energy(number)), None, quality(number))).collect();
        metered(&rules, &rows, 1)
    };
    let (usual, out) = (day(Quality::MEASURED), day(Quality::SPIKE));
    assert_eq!(out.demand[0].energy, WattHours(95 * 300 + 2400));
    assert_eq!(out.demand[0].block.map(|peak| peak.demand), Some(Watts(4800.0)));
    assert!(usual.profiles.iter().any(|cell| cell.mean.0 > 600.0));
    assert!(out.profiles.iter().all(|cell| cell.mean == Watts(600.0)));
}

#[test]
fn a_meter_has_no_power_factor_while_it_exports() {
    let rules = rules(HALF, HOUR);
    let mut exporting = row(1, Some(0), Some(3000), Quality::MEASURED);
    (exporting.sums.p, exporting.exp) = (-900_000, Some(WattHours(450)));
    let rows = [row(0, Some(300), Some(800), Quality::MEASURED), exporting];
    let row = metered(&rules, &rows, 1).demand[0].clone();
    assert_eq!(row.block_va.map(|most| most.0), Some(1000.0), "3 kvar while it exports are no demand");
    let whole = row.whole.unwrap();
    assert_eq!(whole.exported, WattHours(450));
    assert_eq!(whole.reactive, Some((400.0, 0.0)));
    assert!((whole.pf.unwrap().0 - 0.6).abs() < 1e-12);
}

#[test]
fn a_day_of_25_hours_counts_each_slot_once_and_one_of_23_leaves_some_out() {
    let grid = Grid::new(HALF).unwrap();
    let profile = Some(ProfileRule::new(HALF, 3, grid).unwrap());
    let rules = MeteringSettings { grid, profile, demand: None };
    for (day, at_one, at_two) in [("2024-10-27", 1.0, 1.0), ("2024-03-31", 0.0, 1.0)] {
        let london = calendar("Europe/London");
        let start = london.start_of(day.parse().unwrap());
        let mut metering = Metering::new(rules.clone(), london);
        let mut out = MeteringRows::default();
        let rows: Vec<Interval> = (0..54)
            .map(|number| {
                let end = start.plus((number + 1) * HALF);
                Interval { start: end.minus(HALF), end, ..row(0, Some(100), None, Quality::MEASURED) }
            })
            .collect();
        metering.take(&[0; 54], &rows, &mut out);
        metering.finish([(0, meter())].into_iter(), &mut out);
        let days = |minute| {
            let row = out.profiles.iter().find(|row| row.minute == minute && row.day_type == DayType::Sunday);
            row.map_or(0.0, |row| row.weight)
        };
        assert_eq!((days(60), days(120)), (at_one, at_two), "{day}");
    }
}

#[test]
fn a_zone_may_have_a_season_and_types_of_day() {
    let grid = Grid::new(HALF).unwrap();
    let winter = Zone { months: 1 << 11 | 1, ..zone("winter", 0, 24 * 60) };
    let sundays = Zone { days: 0b100, ..zone("sundays", 22 * 60, 2 * 60) };
    let demand = DemandRule::new(HALF, vec![winter, sundays], 1, Ratio(0.9), grid).unwrap();
    let rules = MeteringSettings { grid, profile: None, demand: Some(demand) };
    // January and February of 2024, 100 Wh each half-hour; the 26th of January is a holiday, and so a Sunday.
    let rows: Vec<Interval> =
        (0..60 * 48).map(|number| row(number, Some(100), None, Quality::MEASURED)).collect();
    let energies: Vec<i64> = metered(&rules, &rows, 48).demand.iter().map(|row| row.energy.0).collect();
    // Hours from 22 to 2 of five Sundays, of four in February: of a zone past midnight each day has its own two ends.
    let (january, february) = (31 * 4800, 29 * 4800);
    assert_eq!(energies, [january, january, 5 * 800, february, 0, 4 * 800]);
}

#[test]
fn rules_that_cannot_be_are_refused() {
    let grid = Grid::new(HALF).unwrap();
    assert_eq!(ProfileRule::new(45 * MINUTE, 3, grid), Err(RulesError::Slot));
    assert_eq!(ProfileRule::new(7 * HOUR, 3, grid), Err(RulesError::Slot));
    assert_eq!(ProfileRule::new(HOUR, 0, grid), Err(RulesError::HalfLife));
    let demand = |block, day, zones| DemandRule::new(block, zones, day, Ratio(0.9), grid).unwrap_err();
    assert_eq!(demand(15 * MINUTE, 1, vec![]), RulesError::Block);
    assert_eq!(demand(HOUR, 31, vec![]), RulesError::BillingDay);
    assert_eq!(demand(HOUR, 1, vec![zone("all", 0, 60)]), RulesError::ZoneName);
    assert_eq!(demand(HOUR, 1, vec![zone("a", 0, 60), zone("a", 60, 90)]), RulesError::ZoneName);
    assert_eq!(demand(HOUR, 1, vec![zone("a", 60, 60)]), RulesError::ZoneTime);
    assert_eq!(demand(HOUR, 1, vec![Zone { days: 0, ..zone("a", 0, 60) }]), RulesError::ZoneTime);
    assert_eq!(demand(HOUR, 1, vec![Zone { months: 1 << 12, ..zone("a", 0, 60) }]), RulesError::ZoneTime);
    assert_eq!(demand(HOUR, 1, vec![zone("a", 0, 1); 8]), RulesError::Zones);
    let classes =
        |classes| DemandRule::new(HOUR, vec![], 1, Ratio(0.9), grid).unwrap().with_pf_classes(classes);
    assert_eq!(classes(9), Err(RulesError::PfClasses));
    assert_eq!(classes(201), Err(RulesError::PfClasses));
}

#[test]
fn memory_is_what_the_rules_say_and_room_to_grow() {
    let rules = rules(HALF, 2 * HOUR);
    let mut metering = Metering::new(rules.clone(), calendar("Asia/Kolkata"));
    let mut out = MeteringRows::default();
    for slot in 0..10_000 {
        metering.take(&[slot], &[row(0, Some(100), None, Quality::MEASURED)], &mut out);
    }
    let (least, found) = (10_000 * rules.bytes_per_meter(), metering.memory());
    assert!((least..least * 9 / 8 + 4096).contains(&found), "{found} bytes, {least} at least");
}
