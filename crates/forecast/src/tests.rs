use crate::student::student;
use crate::*;
use expect_test::{Expect, expect};
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use reading::time::{DAY, HOUR};
use reading::{Calendar, EventTime, Grid, Target};
use std::collections::{BTreeMap, BTreeSet};
use units::{WattHours, Watts};

fn calendar(zone: &str, holidays: &[Date]) -> Calendar {
    Calendar::new(TimeZone::get(zone).unwrap(), holidays.iter().copied().collect::<BTreeSet<_>>())
}

fn hours() -> Grid {
    Grid::new(HOUR).unwrap()
}

/// Fills every hour from `from` to `to`, local days, with what `energy` says of its local day and start minute.
fn filled(calendar: &Calendar, from: Date, to: Date, energy: impl Fn(Date, u16) -> i64) -> SeasonalMean {
    let mut history = SeasonalMean::new(Target::System);
    let mut start = calendar.start_of(from);
    while start < calendar.start_of(to) {
        let energy = energy(calendar.day(start), calendar.minute_of_day(start));
        history.observe(start.plus(HOUR), WattHours(energy));
        start = start.plus(HOUR);
    }
    history
}

fn check(forecasts: &[Forecast], answer: &Expect) {
    let line = |one: &Forecast| {
        let quantiles: Vec<String> = one.quantiles.iter().map(|watts| format!("{:.1}", watts.0)).collect();
        format!("{} {}: {:.1} [{}]\n", one.target, one.start, one.mean.0, quantiles.join(" "))
    };
    answer.assert_eq(&forecasts.iter().map(line).collect::<String>());
}

const QUANTILES: [f64; 3] = [0.1, 0.5, 0.9];

#[test]
fn a_target_reads_what_it_writes() {
    for text in ["system", "feeder/F1", "transformer/T0007", "meter/M000123"] {
        assert_eq!(Target::parse(text).unwrap().to_string(), text);
    }
    for text in ["", "systems", "feeder", "feeder/", "meter/a b", "street/7"] {
        assert_eq!(Target::parse(text), None, "{text}");
    }
}

#[test]
fn quantiles_are_those_of_the_table_of_student() {
    // R: qt(0.9, 1:7), and qt(0.975, 3).
    let rounded = |p, freedom| (student(p, freedom) * 1000.0).round() / 1000.0;
    let tenth = [1, 2, 3, 4, 5, 6, 7].map(|freedom| rounded(0.9, freedom));
    assert_eq!(tenth, [3.078, 1.886, 1.638, 1.533, 1.476, 1.440, 1.415]);
    assert_eq!([rounded(0.975, 3), rounded(0.1, 3), rounded(0.5, 3)], [3.182, -1.638, 0.0]);
    assert_eq!([rounded(0.9, 0), rounded(1.0, 1)], [0.0, rounded(0.9999, 1)]);
}

/// Numbers of a bell, near enough: a dozen of xorshift64* (Vigna, 2014) added up.
struct Bell(u64);

impl Bell {
    fn next(&mut self) -> f64 {
        let mut unit = || {
            self.0 ^= self.0 >> 12;
            self.0 ^= self.0 << 25;
            self.0 ^= self.0 >> 27;
            (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1_u64 << 53) as f64
        };
        (0..12).map(|_| unit()).sum::<f64>() - 6.0
    }
}

/// A load with an evening, weekends of its own, days that differ as a whole, and hours that differ by themselves.
fn seeded_load(seed: u64, calendar: &Calendar, days: i64) -> BTreeMap<EventTime, i64> {
    let mut bell = Bell(seed);
    let mut loads = BTreeMap::new();
    let first = calendar.start_of(date(2024, 1, 1));
    for day in 0..days {
        let of_day = 1.0 + 0.08 * bell.next();
        for hour in 0..24 {
            let evening = if (18..22).contains(&hour) { 1.6 } else { 1.0 };
            let weekend = if day % 7 >= 5 { 1.2 } else { 1.0 };
            let load = 100_000.0 * evening * weekend * of_day * (1.0 + 0.05 * bell.next());
            loads.insert(first.plus(day * DAY + (hour + 1) * HOUR), load as i64);
        }
    }
    loads
}

#[test]
fn a_band_of_four_fifths_holds_four_fifths_of_the_truth() {
    let calendar = calendar("UTC", &[]);
    let (mut held, mut below, mut all) = (0, 0, 0);
    for seed in 1..=20 {
        let loads = seeded_load(seed, &calendar, 56);
        let mut history = SeasonalMean::new(Target::System);
        for day in 0..56 {
            let starts = calendar.start_of(date(2024, 1, 1)).plus(day * DAY);
            let horizon = Horizon::new(calendar.day(starts), &calendar, hours());
            let of_day = history.forecast(starts, &horizon, &[0.1, 0.9]);
            // Until the fourth Sunday is over, some days are like fewer than four.
            for one in of_day.iter().filter(|_| day >= 28) {
                let truth = loads[&one.end] as f64;
                all += 1;
                held += u32::from(one.quantiles[0].0 <= truth && truth <= one.quantiles[1].0);
                below += u32::from(truth < one.quantiles[0].0);
            }
            for (end, load) in loads.range(starts.plus(1)..=starts.plus(DAY)) {
                history.observe(*end, WattHours(*load));
            }
        }
    }
    let share = |count: u32| f64::from(count) / f64::from(all);
    assert!((0.7..=0.9).contains(&share(held)), "the band holds {:.3}", share(held));
    assert!((0.05..=0.15).contains(&share(below)), "{:.3} lie below it", share(below));
}

#[test]
fn without_history_there_is_no_forecast() {
    let calendar = calendar("Asia/Kolkata", &[]);
    let horizon = Horizon::new(date(2024, 1, 10), &calendar, hours());
    assert_eq!(SeasonalMean::new(Target::System).forecast(EventTime::MAX, &horizon, &QUANTILES), []);
}

#[test]
fn a_weekday_is_like_the_last_four_weekdays() {
    let calendar = calendar("UTC", &[]);
    // Energy is the day of the month times ten, weekends a thousand: Mon 8 to Thu 11 January 2024 matter for Fri 12.
    let history = filled(&calendar, date(2024, 1, 1), date(2024, 1, 12), |day, _| {
        if matches!(day.day(), 6 | 7) { 1000 } else { i64::from(day.day()) * 10 }
    });
    let horizon = Horizon::new(date(2024, 1, 12), &calendar, hours());
    let forecasts = history.forecast(horizon.starts_at(), &horizon, &QUANTILES);
    assert_eq!(forecasts.len(), 24);
    check(
        &forecasts[..2],
        &expect![[r#"
            system 2024-01-12T00:00:00Z: 95.0 [71.4 95.0 118.6]
            system 2024-01-12T01:00:00Z: 95.0 [71.4 95.0 118.6]
        "#]],
    );
}

#[test]
fn the_first_sunday_is_like_any_day() {
    let calendar = calendar("UTC", &[]);
    let history = filled(&calendar, date(2024, 1, 3), date(2024, 1, 7), |day, _| i64::from(day.day()));
    let horizon = Horizon::new(date(2024, 1, 7), &calendar, hours());
    let forecast = &history.forecast(horizon.starts_at(), &horizon, &[])[3];
    assert_eq!(forecast.mean, Watts(4.5));
}

#[test]
fn a_holiday_is_like_a_sunday() {
    let day = date(2024, 1, 26);
    let calendar = calendar("Asia/Kolkata", &[day]);
    // The grid is of UTC hours, so here an interval starts half past every local hour.
    let history = filled(&calendar, date(2024, 1, 1), day, |day, _| {
        if day.weekday().to_monday_zero_offset() == 6 { 7 } else { 1 }
    });
    let shifted = Grid::new(HOUR / 2).unwrap();
    let horizon = Horizon::new(day, &calendar, shifted);
    // Half-hour grid over hourly entries: every second slot is known.
    let forecasts = history.forecast(horizon.starts_at(), &horizon, &[]);
    assert_eq!(forecasts.len(), 24);
    assert!(forecasts.iter().all(|one| one.mean == Watts(14.0)), "7 Wh in half an hour");
}

#[test]
fn a_day_of_23_or_25_hours_has_as_many_intervals() {
    let calendar = calendar("Europe/Berlin", &[]);
    // Energy is the local hour, so the forecast must say the local hour again.
    let hour = |_, minute: u16| i64::from(minute / 60);
    for (day, hours_of_day) in [(date(2024, 3, 31), 23), (date(2024, 10, 27), 25), (date(2024, 10, 28), 24)] {
        let from = day.checked_sub(jiff::Span::new().days(21)).unwrap();
        let history = filled(&calendar, from, day, hour);
        let horizon = Horizon::new(day, &calendar, hours());
        let forecasts = history.forecast(horizon.starts_at(), &horizon, &QUANTILES);
        assert_eq!((horizon.len(), forecasts.len()), (hours_of_day, hours_of_day), "{day}");
        for one in &forecasts {
            let said = Watts(f64::from(calendar.minute_of_day(one.start) / 60));
            assert_eq!((one.mean, one.quantiles[2]), (said, said), "{day} {}", one.start);
        }
        assert_eq!(forecasts.last().unwrap().end, calendar.start_of(day.tomorrow().unwrap()));
    }
}

#[test]
fn the_hour_that_a_spring_day_lacks_is_forecast_from_days_that_have_it() {
    let calendar = calendar("Europe/Berlin", &[]);
    let history = filled(&calendar, date(2024, 3, 31), date(2024, 4, 2), |_, _| 5);
    let horizon = Horizon::new(date(2024, 4, 7), &calendar, hours());
    // Sunday 7 April is like Sunday 31 March, which had no 02:00; Monday 1 April had.
    assert_eq!(history.forecast(horizon.starts_at(), &horizon, &[]).len(), 24);
}

#[test]
fn a_part_that_comes_later_adds_up() {
    let mut history = SeasonalMean::new(Target::System);
    history.observe(EventTime(HOUR), WattHours(5));
    history.observe(EventTime(HOUR), WattHours(7));
    assert!(history.energies().eq([(EventTime(HOUR), WattHours(12))]));
}

#[test]
fn five_weeks_are_kept_and_no_more() {
    let mut history = SeasonalMean::new(Target::System);
    for hour in 1..=24 * 60 {
        history.observe(EventTime(hour * HOUR), WattHours(1));
    }
    assert_eq!(history.len(), 35 * 24);
    history.observe(EventTime(HOUR), WattHours(1));
    assert_eq!(history.len(), 35 * 24, "what is older than that is not taken back in");
}

#[test]
fn a_history_depends_on_the_interval_that_its_energies_are_of() {
    let of = |length| SeasonalMean::fingerprint(Grid::new(length).unwrap());
    assert_ne!(of(HOUR), of(HOUR / 2));
    // Pinned: a stored history must still be found by the next release.
    assert_eq!(of(HOUR), 15_194_703_952_283_841_991);
}

fn histories() -> impl Strategy<Value = Vec<(i64, i64)>> {
    // Within five weeks, so that nothing is dropped for its age.
    prop::collection::vec((24 * 5..24 * 40_i64, 0_i64..5000), 0..300)
}

fn observed(energies: &[(i64, i64)]) -> SeasonalMean {
    let mut history = SeasonalMean::new(Target::System);
    for (hour, energy) in energies {
        history.observe(EventTime(19_700 * DAY + hour * HOUR), WattHours(*energy));
    }
    history
}

proptest! {
    #[test]
    fn quantiles_never_fall(energies in histories(), mut levels in prop::collection::vec(0.0..1.0, 1..6)) {
        levels.sort_by(f64::total_cmp);
        let calendar = calendar("Asia/Kolkata", &[]);
        let day = calendar.day(EventTime(19_740 * DAY));
        let horizon = Horizon::new(day, &calendar, hours());
        for one in observed(&energies).forecast(EventTime::MAX, &horizon, &levels) {
            prop_assert!(one.quantiles.is_sorted_by(|low, high| low <= high), "{one:?}");
        }
    }

    #[test]
    fn what_came_after_the_issue_changes_nothing(energies in histories(), issued in 0_i64..24 * 40) {
        let calendar = calendar("UTC", &[]);
        let issued = EventTime(19_700 * DAY + issued * HOUR);
        let horizon = Horizon::new(calendar.day(issued).tomorrow().unwrap(), &calendar, hours());
        let mut until: Vec<(i64, i64)> = energies.clone();
        until.retain(|(hour, _)| EventTime(19_700 * DAY + hour * HOUR) <= issued);
        prop_assert_eq!(
            observed(&energies).forecast(issued, &horizon, &QUANTILES),
            observed(&until).forecast(issued, &horizon, &QUANTILES)
        );
    }

    #[test]
    fn a_restored_history_goes_on_the_same(energies in histories(), cut in any::<prop::sample::Index>()) {
        let at = cut.index(energies.len() + 1);
        let mut whole = observed(&energies[..at]);
        let stored = postcard::to_stdvec(&whole).unwrap();
        let mut restored: SeasonalMean = postcard::from_bytes(&stored).unwrap();
        for (hour, energy) in &energies[at..] {
            for history in [&mut whole, &mut restored] {
                history.observe(EventTime(19_700 * DAY + hour * HOUR), WattHours(*energy));
            }
        }
        prop_assert_eq!(whole, restored);
    }
}
