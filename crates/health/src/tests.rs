use crate::row::Standing;
use crate::{
    Book, Cause, DaysState, HealthRow, HealthSettings, MeterDay, MeterState, Place, Roll, Sums, Totals,
    Whose, arrival, date_of,
};
use expect_test::{Expect, expect};
use jiff::tz::TimeZone;
use reading::time::{DAY, HOUR, MINUTE, SECOND};
use reading::{
    Arrival, Calendar, ConcentratorId, EventTime, Grid, Interval, MeterId, Quality, TransformerId,
};
use std::collections::{BTreeMap, BTreeSet};

const QUARTER: i64 = 15 * MINUTE;

fn settings() -> HealthSettings {
    HealthSettings {
        grid: Grid::new(QUARTER).unwrap(),
        snap: 90 * SECOND,
        calendar: Calendar::new(TimeZone::UTC, BTreeSet::new()),
        grace: QUARTER,
        final_after: 4 * DAY,
        whole_town: true,
    }
}

/// A quarter of an hour of a day, and a time from there.
fn at(day: i64, quarter: i64) -> EventTime {
    EventTime(19_723 * DAY + day * DAY + quarter * QUARTER)
}

/// What happens to a book, in order.
#[derive(Debug, Clone, Copy)]
enum Step {
    Hear(u32, EventTime, EventTime),
    Repeat(u32, EventTime),
    Tick(EventTime),
}
use Step::{Hear, Repeat, Tick};

/// Quarters of days of one meter that sends each at once, with the tick behind each.
fn orderly(days: std::ops::Range<i64>) -> Vec<Step> {
    let quarters = days.flat_map(|day| (1..=96).map(move |quarter| at(day, quarter)));
    quarters.flat_map(|time| [Hear(0, time, time.plus(3 * SECOND)), Tick(time)]).collect()
}

fn name(slot: u32) -> MeterId {
    MeterId::new(format!("M{slot}")).unwrap()
}

fn act(book: &mut Book, step: Step, out: &mut Vec<MeterDay>) {
    match step {
        Hear(slot, stamp, arrived) => book.hear(slot, name(slot).hash(), stamp, arrived),
        Repeat(slot, stamp) => book.repeat(slot, name(slot).hash(), stamp),
        Tick(end) => book.tick(end, name, out),
    }
}

fn line(one: &MeterDay) -> String {
    let sums = Sums::of(one);
    let share = |share: Option<f64>| share.map_or("-".to_owned(), |share| format!("{share:.2}"));
    let number = |number: Option<f64>| number.map_or("-".to_owned(), |number| number.to_string());
    let expected = one.expected.map_or("-".to_owned(), |expected| expected.to_string());
    format!(
        "{} {} {}/{expected} p50 {} p95 {} offset {} within {} {} {:?}",
        one.meter,
        date_of(one.day),
        sums.received,
        number(sums.delay(0.5)),
        number(sums.delay(0.95)),
        number(one.delivered.offset().map(|offset| offset as f64)),
        share(sums.share_within_8h()),
        share(sums.share_within_24h()),
        one.standing,
    )
}

fn rows(steps: &[Step]) -> Vec<MeterDay> {
    let (mut book, mut out) = (Book::new(settings()), Vec::new());
    steps.iter().for_each(|&step| act(&mut book, step, &mut out));
    out
}

fn check(steps: &[Step], expected: Expect) {
    let lines: Vec<String> = rows(steps).iter().map(line).collect();
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn a_day_is_published_when_every_reading_had_24_hours_to_arrive() {
    check(&orderly(0..3), expect!["M0 2024-01-01 96/96 p50 2.5 p95 4.8 offset -2 within 1.00 1.00 Final"]);
}

/// All but those of a span of quarters of day 1, which come in a burst at another time.
fn late(quarters: std::ops::RangeInclusive<i64>, arrives: EventTime, days: i64) -> Vec<Step> {
    let mut steps = Vec::new();
    for step in orderly(0..days) {
        let Hear(_, stamp, _) = step else {
            steps.push(step);
            if let Tick(end) = step
                && end == arrives
            {
                steps.extend(quarters.clone().map(|quarter| Hear(0, at(1, quarter), arrives)));
            }
            continue;
        };
        if !quarters.clone().any(|quarter| at(1, quarter) == stamp) {
            steps.push(step);
        }
    }
    steps
}

#[test]
fn a_backlog_of_the_next_day_counts_with_its_delay() {
    // Half a day comes at six in the morning of the next day.
    check(
        &late(49..=96, at(2, 24), 5),
        expect![[r#"
        M0 2024-01-01 96/96 p50 2.5 p95 4.8 offset -2 within 1.00 1.00 Final
        M0 2024-01-02 96/96 p50 5 p95 79310.8 offset -2 within 0.59 1.00 Final
        M0 2024-01-03 96/96 p50 2.5 p95 4.8 offset -2 within 1.00 1.00 Final"#]],
    );
}

#[test]
fn a_backlog_of_three_days_makes_the_day_whole_when_it_is_final() {
    check(
        &late(1..=96, at(4, 40), 7),
        expect![[r#"
        M0 2024-01-01 96/96 p50 2.5 p95 4.8 offset -2 within 1.00 1.00 Final
        M0 2024-01-02 0/96 p50 - p95 - offset - within 0.00 0.00 Open
        M0 2024-01-03 96/96 p50 2.5 p95 4.8 offset -2 within 1.00 1.00 Final
        M0 2024-01-04 96/96 p50 2.5 p95 4.8 offset -2 within 1.00 1.00 Final
        M0 2024-01-02 96/96 p50 86400 p95 86400 offset -65534 within 0.00 0.00 Final
        M0 2024-01-05 96/96 p50 2.5 p95 4.8 offset -2 within 1.00 1.00 Final"#]],
    );
}

#[test]
fn what_never_comes_is_missing_and_final_after_four_days() {
    check(
        &late(10..=29, EventTime::MAX, 7),
        expect![[r#"
        M0 2024-01-01 96/96 p50 2.5 p95 4.8 offset -2 within 1.00 1.00 Final
        M0 2024-01-02 76/96 p50 2.5 p95 4.8 offset -2 within 0.79 0.79 Open
        M0 2024-01-03 96/96 p50 2.5 p95 4.8 offset -2 within 1.00 1.00 Final
        M0 2024-01-04 96/96 p50 2.5 p95 4.8 offset -2 within 1.00 1.00 Final
        M0 2024-01-02 76/96 p50 2.5 p95 4.8 offset -2 within 0.79 0.79 Final
        M0 2024-01-05 96/96 p50 2.5 p95 4.8 offset -2 within 1.00 1.00 Final"#]],
    );
}

#[test]
fn a_silent_meter_is_reported_until_it_is_gone() {
    let mut steps = orderly(0..1);
    steps.extend((1..60).flat_map(|day| (1..=96).map(move |quarter| Tick(at(day, quarter)))));
    let rows = rows(&steps);
    let last = rows.iter().map(|row| row.day).max().unwrap();
    assert_eq!(date_of(last), date_of(19_723 + 31));
    assert!(rows.iter().filter(|row| row.day > 19_723).all(|row| row.delivered.received == 0));
}

#[test]
fn a_removed_meter_is_expected_until_then() {
    let mut steps = orderly(0..1);
    steps.extend((1..=48).map(|quarter| Hear(0, at(1, quarter), at(1, quarter))));
    steps.extend((1..7).flat_map(|day| (1..=96).map(move |quarter| Tick(at(day, quarter)))));
    let (mut book, mut out) = (Book::new(settings()), Vec::new());
    book.place(BTreeMap::from([(name(0), at(1, 48))]));
    steps.iter().for_each(|&step| act(&mut book, step, &mut out));
    let lines: Vec<String> = out.iter().map(line).collect();
    expect![[r#"
        M0 2024-01-01 96/96 p50 2.5 p95 4.8 offset -2 within 1.00 1.00 Final
        M0 2024-01-02 48/48 p50 0 p95 0 offset 0 within 1.00 1.00 Final"#]]
    .assert_eq(&lines.join("\n"));
}

#[test]
fn a_meter_without_a_rhythm_has_no_expectation() {
    let times = (0..200).map(|number| at(0, 1).plus(number * 7 * MINUTE));
    let mut steps: Vec<Step> = times.map(|time| Hear(0, time, time)).collect();
    steps.extend((0..4).flat_map(|day| (1..=96).map(move |quarter| Tick(at(day, quarter)))));
    assert!(rows(&steps).iter().all(|row| row.expected.is_none()));
}

#[test]
fn repeats_are_counted_apart() {
    let mut steps = orderly(0..4);
    steps.insert(20, Repeat(0, at(0, 5)));
    let rows = rows(&steps);
    assert_eq!((rows[0].delivered.repeats, rows[0].delivered.received), (1, 96));
}

fn causes_of(arrived: impl Fn(EventTime) -> EventTime) -> Vec<Cause> {
    let (mut book, mut out) = (Book::new(settings()), Vec::new());
    for step in orderly(0..4) {
        let step = match step {
            Hear(slot, stamp, _) => Hear(slot, stamp, arrived(stamp)),
            other => other,
        };
        act(&mut book, step, &mut out);
    }
    let summary = book.summary(name);
    Cause::ALL.into_iter().filter(|&cause| summary.meters(cause) > 0).collect()
}

#[test]
fn clocks_and_late_deliveries_are_told_apart() {
    assert_eq!(causes_of(|stamp| stamp.plus(10 * SECOND)), []);
    assert_eq!(causes_of(|stamp| stamp.minus(HOUR)), [Cause::Ahead]);
    assert_eq!(causes_of(|stamp| stamp.plus(HOUR + 4 * SECOND)), [Cause::Behind]);
    let next_midnight = |stamp: EventTime| EventTime(stamp.minus(1).0.div_euclid(DAY) * DAY + DAY);
    assert_eq!(causes_of(next_midnight), [Cause::Late]);
}

/// Whether the clock of a meter in a file is called wrong. `came` says for a time its stamp, and the front by then. For
/// three hours no meter sends.
fn is_ahead_in_file(step: i64, came: impl Fn(EventTime) -> (EventTime, EventTime)) -> bool {
    let (mut book, mut out) = (Book::new(settings()), Vec::new());
    for quarter in 1..=96 * 6 {
        let time = at(0, quarter);
        if time.0 % step == 0 && !(at(2, 0) < time && time < at(2, 12)) {
            let (stamp, front) = came(time);
            let front = if at(2, 0) < front && front < at(2, 12) { at(2, 0) } else { front };
            let ahead = book.runs_ahead(0, front, stamp);
            let arrived = arrival(Arrival { sent: None, front }, ahead, stamp);
            book.hear(0, name(0).hash(), stamp, arrived);
        }
        book.tick(time, name, &mut out);
    }
    book.summary(name).meters(Cause::Ahead) > 0
}

#[test]
fn in_a_file_only_a_clock_that_stays_ahead_is_wrong() {
    // The first half of each round comes before the others have reached its time.
    for step in [15 * MINUTE, 30 * MINUTE, HOUR, DAY] {
        assert!(!is_ahead_in_file(step, |time| (time, time.minus(step))), "{step}");
        assert!(!is_ahead_in_file(step, |time| (time.plus(50 * SECOND), time.minus(step))), "{step}");
    }
    // Daily, at any hour.
    assert!(!is_ahead_in_file(DAY, |time| (time.plus(3 * HOUR), time.minus(9 * HOUR))));
    for step in [15 * MINUTE, 30 * MINUTE, HOUR] {
        let hour_ahead = |time: EventTime| (time.plus(HOUR), time.minus(step));
        assert!(is_ahead_in_file(step, hour_ahead), "{step}");
    }
}

/// What a meter lacks that stamps its readings so long after each quarter, and loses one of twenty, and the share of its stamps
/// that are off the grid.
fn causes_of_stamps(off: i64) -> (Vec<Cause>, Option<f64>) {
    let (mut book, mut out) = (Book::new(settings()), Vec::new());
    for quarter in 1..=96 * 8 {
        let (time, is_lost) = (at(0, quarter), quarter % 20 == 5);
        if !is_lost {
            book.hear(0, name(0).hash(), time.plus(off), time.plus(off));
        }
        let quality = if off > 90 * SECOND || is_lost { Quality::INTERPOLATED } else { Quality::MEASURED };
        let row = Interval {
            meter: name(0),
            start: time.minus(QUARTER),
            end: time,
            imp: None,
            exp: None,
            sums: reading::Sums::EMPTY,
            quality,
            instead: None,
        };
        book.enter(&[0], &[row]);
        book.tick(time, name, &mut out);
    }
    let summary = book.summary(name);
    let causes = Cause::ALL.into_iter().filter(|&cause| summary.meters(cause) > 0).collect();
    (causes, summary.share_off_grid())
}

#[test]
fn a_lost_reading_is_no_stamp_off_the_grid() {
    assert_eq!(causes_of_stamps(0), (vec![], Some(0.0)));
    assert_eq!(causes_of_stamps(50 * SECOND), (vec![], Some(0.0)));
    assert_eq!(causes_of_stamps(5 * MINUTE), (vec![Cause::OffGrid], Some(1.0)));
}

/// Some meters, each with faults of its own.
fn street() -> Vec<Step> {
    let mut steps = Vec::new();
    for day in 0..8 {
        for quarter in 1..=96 {
            let time = at(day, quarter);
            for slot in 0..12_u32 {
                let lost = slot == 3 && quarter % 7 == 0 || slot == 4 && day == 2;
                let daily = slot % 4 == 1;
                if !lost && !daily {
                    steps.push(Hear(slot, time, time.plus(i64::from(slot) * 10 * SECOND)));
                }
                if daily && quarter == 30 {
                    let from = if day == 0 { 0 } else { -66 };
                    steps.extend((from + 1..=30).map(|quarter| Hear(slot, at(day, quarter), time)));
                }
                if slot == 4 && day == 5 && quarter == 3 {
                    steps.extend((1..=96).map(|quarter| Hear(slot, at(2, quarter), time)));
                }
            }
            steps.push(Tick(time));
        }
    }
    steps
}

#[test]
fn what_is_stored_continues_as_if_nothing_had_happened() {
    let steps = street();
    let whole = rows(&steps);
    assert!(whole.iter().any(|row| row.standing == Standing::Open));
    for cut in (0..steps.len()).step_by(97) {
        let (mut book, mut out) = (Book::new(settings()), Vec::new());
        steps[..cut].iter().for_each(|&step| act(&mut book, step, &mut out));
        let (days, meters): (DaysState, Vec<MeterState>) =
            (book.days(), (0..12).map(|slot| book.stored(slot)).collect());
        let mut restored = Book::new(settings());
        restored.restore(&days, (0..).zip(&meters));
        steps[cut..].iter().for_each(|&step| act(&mut restored, step, &mut out));
        assert_eq!(out, whole, "cut at {cut}");
    }
}

#[test]
fn rows_are_the_same_however_meters_are_divided() {
    let steps = street();
    let whole = rows(&steps);
    let (mut books, mut out) = ([Book::new(settings()), Book::new(settings())], Vec::new());
    for &step in &steps {
        match step {
            Hear(slot, ..) | Repeat(slot, _) => act(&mut books[slot as usize % 2], step, &mut out),
            Tick(_) => {
                let known = out.len();
                books.iter_mut().for_each(|book| act(book, step, &mut out));
                out[known..].sort_unstable();
            }
        }
    }
    // A book has slots of its own meters only; the others of this test were never heard.
    assert_eq!(out, whole);
}

/// Readings of a day that no tick has reached are known only where their meters are.
#[test]
fn rows_at_the_end_are_the_same_however_meters_are_divided() {
    let at_end = |divided: u32| {
        let mut books = vec![Book::new(settings()); divided as usize];
        for quarter in 1..=96 {
            for slot in 0..4 {
                let book = &mut books[(slot % divided) as usize];
                // A book has slots of its own meters only.
                let own = slot / divided;
                book.hear(own, name(slot).hash(), at(0, quarter), at(0, quarter));
                if quarter == 95 && slot == 1 {
                    // A clock that is ahead, and one that is far ahead.
                    book.hear(own, name(slot).hash(), at(1, 3), at(0, quarter));
                    book.hear(own, name(slot).hash(), at(9, 3), at(0, quarter));
                }
            }
            for (first, book) in (0..).zip(&mut books) {
                book.tick(at(0, quarter), |own| name(own * divided + first), &mut Vec::new());
            }
        }
        // Then the books have the ticks of their own readings only.
        books.iter_mut().for_each(Book::end);
        books[1 % divided as usize].tick(at(1, 3), |own| name(own * divided + 1 % divided), &mut Vec::new());
        let mut rows = Vec::new();
        for (first, book) in (0..).zip(&mut books) {
            let turns = 0..book.turns();
            rows.extend(turns.flat_map(|turn| book.finish(turn, |own| name(own * divided + first))));
        }
        rows.sort_unstable();
        rows
    };
    let whole = at_end(1);
    assert_eq!(
        whole.iter().map(|row| (row.day, row.meter)).collect::<Vec<_>>(),
        [0, 1, 2, 3].map(|slot| (19_723, name(slot)))
    );
    assert_eq!(at_end(2), whole);
    assert_eq!(at_end(4), whole);
}

/// A concentrator of eight meters. One has a clock that is days ahead.
fn clocks_of_concentrator(heard: u32, ahead: u32) -> Vec<i64> {
    let (mut book, mut totals) = (Book::new(settings()), Totals::new(settings()));
    let place = Place { transformer: None, concentrator: ConcentratorId::new("C1") };
    let mut rows = Vec::new();
    for quarter in 1..=96 * 4 {
        let time = at(0, quarter);
        for slot in 0..heard {
            let arrived = if slot < ahead { time.minus(5 * DAY) } else { time };
            book.hear(slot, name(slot).hash(), time, arrived);
        }
        let mut days = Vec::new();
        book.tick(time, name, &mut days);
        let roll = |_| Roll::from([(Whose::Concentrator(place.concentrator.unwrap()), 8)]);
        totals.tick(time, days.into_iter().map(|day| (day, place)), roll, &mut rows);
    }
    let mut summary = book.summary(name);
    summary.set_of_town(totals.wrong_clocks().clone(), 0);
    if let Some(offset) = totals.wrong_clocks().values().next() {
        assert!(*offset > 18 * 3600);
        assert_eq!(summary.advice()[0].what, "the clock of concentrator C1 is at least 18 h ahead");
    }
    totals.wrong_clocks().values().copied().collect()
}

#[test]
fn a_concentrator_has_an_offset_if_half_of_its_meters_have_one() {
    assert_eq!(clocks_of_concentrator(3, 3), []);
    assert_eq!(clocks_of_concentrator(8, 3), []);
    assert_eq!(clocks_of_concentrator(4, 4).len(), 1);
    assert_eq!(clocks_of_concentrator(8, 8).len(), 1);
}

fn total_lines(final_after: i64) -> Vec<String> {
    let settings = HealthSettings { final_after, ..settings() };
    let (mut book, mut totals) = (Book::new(settings.clone()), Totals::new(settings));
    let place = Place { transformer: TransformerId::new("T1"), concentrator: ConcentratorId::new("C1") };
    let mut rows: Vec<HealthRow> = Vec::new();
    for step in street() {
        let mut days = Vec::new();
        act(&mut book, step, &mut days);
        if let Tick(end) = step {
            totals.tick(end, days.into_iter().map(|day| (day, place)), |_| Roll::new(), &mut rows);
        }
    }
    let last: Vec<MeterDay> = (0..book.turns()).flat_map(|turn| book.finish(turn, name)).collect();
    totals.take(last.into_iter().map(|day| (day, place)), &mut rows);
    totals.finish(|_| Roll::new(), &mut rows);
    let of_total = rows.iter().filter(|row| row.whose.role() == "concentrator");
    let line = |row: &HealthRow| {
        let Sums { meters, received, .. } = row.sums;
        let expected = row.sums.expected().unwrap_or(0);
        // The rows of the meters that were published last are those that the total holds.
        let mut meters_of = BTreeMap::new();
        for meter in rows.iter().filter(|other| other.whose.role() == "meter" && other.day == row.day) {
            meters_of.insert(meter.whose, meter.sums.received);
        }
        let of_meters: u64 = meters_of.values().sum();
        if row.standing != Standing::Open {
            assert_eq!(received, of_meters, "{}", row.day);
        }
        format!(
            "{} {meters} meters {received}/{expected} offset {:?} {:?}",
            row.day, row.offset_s, row.standing
        )
    };
    of_total.map(line).collect()
}

#[test]
fn totals_are_those_of_their_meters_first_and_last() {
    expect![[r#"
        2024-01-01 12 meters 1139/1152 offset Some(-40) Open
        2024-01-02 12 meters 1139/1152 offset Some(-40) Open
        2024-01-03 12 meters 1043/1152 offset Some(-30) Open
        2024-01-01 12 meters 1139/1152 offset Some(-40) Final
        2024-01-04 12 meters 1139/1152 offset Some(-40) Open
        2024-01-02 12 meters 1139/1152 offset Some(-40) Final
        2024-01-05 12 meters 1139/1152 offset Some(-40) Open
        2024-01-03 12 meters 1139/1152 offset Some(-30) Final
        2024-01-06 12 meters 1139/1152 offset Some(-40) Open
        2024-01-04 12 meters 1139/1152 offset Some(-40) Final
        2024-01-05 12 meters 1139/1152 offset Some(-40) Last
        2024-01-06 12 meters 1139/1152 offset Some(-40) Last
        2024-01-07 12 meters 1139/1152 offset Some(-40) Last
        2024-01-08 12 meters 941/1152 offset Some(-40) Last"#]]
    .assert_eq(&total_lines(4 * DAY).join("\n"));
    expect![[r#"
        2024-01-01 12 meters 1139/1152 offset Some(-40) Final
        2024-01-02 12 meters 1139/1152 offset Some(-40) Final
        2024-01-03 12 meters 1043/1152 offset Some(-30) Final
        2024-01-04 12 meters 1139/1152 offset Some(-40) Final
        2024-01-05 12 meters 1139/1152 offset Some(-40) Final
        2024-01-06 12 meters 1139/1152 offset Some(-40) Final
        2024-01-07 12 meters 1139/1152 offset Some(-40) Last
        2024-01-08 12 meters 941/1152 offset Some(-40) Last"#]]
    .assert_eq(&total_lines(0).join("\n"));
}

/// A transformer of three meters. One never sends. Another is heard for the first time on the fourth day, when it delivers
/// all it has.
#[test]
fn what_meters_that_sent_nothing_should_have_sent_is_expected_of_their_transformer() {
    let (mut book, mut totals) = (Book::new(settings()), Totals::new(settings()));
    let place = Place { transformer: TransformerId::new("T1"), concentrator: None };
    let whose = Whose::Transformer(place.transformer.unwrap());
    let roll = |_| Roll::from([(whose, 3)]);
    let mut rows = Vec::new();
    for step in orderly(0..7) {
        let mut days = Vec::new();
        act(&mut book, step, &mut days);
        if let Tick(end) = step {
            totals.tick(end, days.into_iter().map(|day| (day, place)), roll, &mut rows);
            if end == at(4, 40) {
                (1..=4 * 96 + 40)
                    .for_each(|quarter| act(&mut book, Hear(1, at(0, quarter), end), &mut Vec::new()));
            } else if end > at(4, 40) {
                act(&mut book, Hear(1, end, end), &mut Vec::new());
            }
        }
    }
    assert_eq!(totals.finish(roll, &mut rows), 1);
    let line = |row: &HealthRow| {
        let Sums { meters, absent, received, .. } = row.sums;
        let (expected, share) = (row.sums.expected().unwrap(), row.sums.share_within_24h().unwrap());
        format!("{} {meters} + {absent} meters {received}/{expected} {share:.2} {:?}", row.day, row.standing)
    };
    let lines: Vec<String> = rows.iter().filter(|row| row.whose == whose).map(line).collect();
    expect![[r#"
        2024-01-01 1 + 2 meters 96/288 0.33 Open
        2024-01-02 1 + 2 meters 96/288 0.33 Open
        2024-01-03 1 + 2 meters 96/288 0.33 Open
        2024-01-01 2 + 1 meters 192/288 0.33 Final
        2024-01-04 2 + 1 meters 192/288 0.53 Open
        2024-01-02 2 + 1 meters 192/288 0.33 Final
        2024-01-05 2 + 1 meters 192/288 0.67 Open
        2024-01-03 2 + 1 meters 192/288 0.33 Final
        2024-01-04 2 + 1 meters 192/288 0.53 Last
        2024-01-05 2 + 1 meters 192/288 0.67 Last"#]]
    .assert_eq(&lines.join("\n"));
}
