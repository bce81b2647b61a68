use super::*;
use pipeline::Dead;
use reading::time::HOUR;
use reading::{Interval, Limits, MeterId, Quality, RawReading, Sums, check};
use units::{Milliamperes, Millivolts, Milliwatts, WattHours};

const LIMITS: Limits =
    Limits { v_max: Millivolts(500_000), i_max: Milliamperes(200_000), p_max: Milliwatts(100_000_000) };
const BEGIN: i64 = 1_704_067_200_000;

fn meter() -> MeterId {
    MeterId::new("M1").unwrap()
}

fn row(hour: i64, readings: u16) -> Interval {
    let (start, end) = (EventTime(BEGIN + hour * HOUR), EventTime(BEGIN + (hour + 1) * HOUR));
    let sums = Sums { readings, ..Sums::EMPTY };
    let quality = Quality::MEASURED;
    Interval { meter: meter(), start, end, imp: None, exp: None, sums, quality, instead: None }
}

/// A dead letter at the end of an hour; without one, bytes that are no reading.
fn dead(reason: Reason, hour: Option<i64>) -> Dead {
    let reading = hour.map(|hour| {
        let mut raw = RawReading::new(meter(), EventTime(BEGIN + (hour + 1) * HOUR));
        raw.imp = Some(WattHours(1));
        (meter(), check(&raw, &LIMITS).unwrap().reading)
    });
    Dead { partition: 0, reason, bytes: Vec::new(), reading, extra: None, origin: None }
}

/// The failure of a run with these rows and dead letters, its first line alone.
fn check_run(intervals: Vec<Interval>, letters: Vec<Dead>) -> Option<String> {
    let decoded = letters.iter().filter(|letter| letter.reading.is_some()).count();
    let readings = intervals.iter().map(|row| u64::from(row.sums.readings)).sum::<u64>() + decoded as u64;
    let mut share = DeadShare::default();
    share.take(&Outputs { intervals, dead: letters, ..Outputs::default() });
    let failure = share.failure(readings, "mend it", "kept")?.to_string();
    failure.lines().next().map(str::to_owned)
}

fn late(hours: std::ops::Range<i64>) -> Vec<Dead> {
    hours.map(|hour| dead(Reason::Late, Some(hour))).collect()
}

#[test]
fn history_that_is_sent_again_does_not_count() {
    let measured = || (0..10).map(|hour| row(hour, 1)).collect::<Vec<_>>();
    let thrice = (0..3).flat_map(|_| late(0..10)).collect();
    assert_eq!(check_run(measured(), thrice), None);
    let of_four_a_row = (0..10).map(|hour| row(hour, 4)).collect();
    assert_eq!(check_run(of_four_a_row, (0..9).flat_map(|_| late(0..10)).collect()), None);
    // What cannot be read is dead all the same.
    let mut letters = late(0..10);
    letters.extend((0..11).map(|_| dead(Reason::NotJson, None)));
    let failure = check_run(measured(), letters).unwrap();
    assert!(failure.contains("(11)") && failure.contains("most of them `not-json`"), "{failure}");
}

#[test]
fn the_newest_first_is_no_history() {
    // All in one stream: what is late is from before the first interval.
    let failure = check_run(vec![row(20, 1)], late(0..20)).unwrap();
    assert!(failure.contains("(20)") && failure.contains("newest first"), "{failure}");
    // Each day for itself: the last hour of each day is there, and closes the others without a reading.
    let days = (0..96).map(|hour| row(hour, u16::from(hour % 24 == 23))).collect();
    let letters = late(0..96).into_iter().enumerate().filter(|(hour, _)| hour % 24 != 23);
    let failure = check_run(days, letters.map(|(_, letter)| letter).collect()).unwrap();
    assert!(failure.contains("(92)") && failure.contains("newest first"), "{failure}");
}

#[test]
fn a_restart_knows_no_reading_before_its_state() {
    let mut share = DeadShare::of_a_restart();
    share.take(&Outputs { intervals: vec![row(20, 1)], dead: late(0..20), ..Outputs::default() });
    assert!(share.failure(21, "", "").is_none());
}

#[test]
fn half_is_not_more_than_half() {
    let letters = |count| (0..count).map(|_| dead(Reason::Torn, None)).collect();
    let rows = || (0..3).map(|hour| row(hour, 1)).collect::<Vec<_>>();
    assert_eq!(check_run(rows(), letters(3)), None);
    assert!(check_run(rows(), letters(4)).is_some());
    assert_eq!(check_run(Vec::new(), Vec::new()), None);
}
