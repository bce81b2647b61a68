//! Lanes in pictures: each word is a lane and the ticks it closes, `A3` closes up to hour 3 with a row of every hour.

use super::*;
use crate::outputs::Part;
use crate::sample::row;
use expect_test::{Expect, expect};
use reading::time::HOUR;

/// `A3` closes the hours of lane A up to 3. `A+1` is a part of a backlog with a row of hour 1.
/// `Aidle`, `Abusy` and `Aend` change its state. `stop` stores and restores.
fn flow(words: &str) -> String {
    let mut all = Confluence::default();
    let mut closed = BTreeMap::<PartitionId, i64>::new();
    let mut lines = Vec::new();
    for lane in 0..2 {
        all.open(lane, EventTime::MIN);
    }
    for word in words.split_whitespace() {
        let lane = PartitionId::from(word.as_bytes()[0] - b'A');
        match &word[1..] {
            "idle" => all.idle(lane, true),
            "busy" => all.idle(lane, false),
            "end" => all.end(lane),
            _ if word == "stop" => {
                let stored = postcard::to_stdvec(&all.snapshot()).unwrap();
                all = Confluence::restore(&postcard::from_bytes(&stored).unwrap()).unwrap();
            }
            part if part.starts_with('+') => {
                let hour = part[1..].parse().unwrap();
                let after = EventTime(closed.get(&lane).copied().unwrap_or(0) * HOUR);
                let closing = Closing::Part(Part { after, number: 1 });
                all.take(lane, after, &[(closing, 1)], &[row(lane, hour)], &[]);
            }
            upto => {
                let upto: i64 = upto.parse().unwrap();
                let first = closed.insert(lane, upto).unwrap_or(0) + 1;
                let rows: Vec<Interval> = (first..=upto).map(|hour| row(lane, hour)).collect();
                let ticks: Vec<_> =
                    rows.iter().enumerate().map(|(at, row)| (Closing::Tick(row.end), at + 1)).collect();
                all.take(lane, EventTime(upto * HOUR), &ticks, &rows, &[]);
            }
        }
        while let Some(flow) = all.next_flow() {
            let (when, rows) = match flow {
                Flow::Tick(end, tick) => ((end.0 / HOUR).to_string(), tick.rows),
                Flow::Part(rows) => ("part".to_owned(), rows),
            };
            let rows: Vec<_> = rows.iter().map(|row| format!("{}@{}", row.meter, row.end.0 / HOUR)).collect();
            lines.push(format!("{when}: {}", rows.join(" ")));
        }
    }
    lines.push(format!("{} wait", all.waiting()));
    lines.join("\n")
}

#[expect(clippy::needless_pass_by_value, reason = "`expect!` is written in place")]
fn check(words: &str, expected: Expect) {
    expected.assert_eq(&flow(words));
}

#[test]
fn a_tick_waits_for_the_slowest() {
    check(
        "A3 B1 B2",
        expect![[r#"
        1: M0@1 M1@1
        2: M0@2 M1@2
        1 wait"#]],
    );
}

#[test]
fn no_tick_waits_for_an_idle_lane_and_no_row_is_lost() {
    check(
        "A1 B1 Bidle A3 Bbusy B2 A4 B4",
        expect![[r#"
        1: M0@1 M1@1
        2: M0@2
        3: M0@3
        4: M0@4 M1@2 M1@3 M1@4
        0 wait"#]],
    );
}

#[test]
fn no_tick_waits_for_a_lane_at_its_end() {
    check(
        "A2 B1 Bend",
        expect![[r#"
        1: M0@1 M1@1
        2: M0@2
        0 wait"#]],
    );
}

#[test]
fn what_waits_survives_a_stop() {
    check(
        "A3 B1 stop B2 stop B3",
        expect![[r#"
        1: M0@1 M1@1
        2: M0@2 M1@2
        3: M0@3 M1@3
        0 wait"#]],
    );
}

#[test]
fn a_part_of_a_backlog_comes_between_the_ticks_of_its_lane() {
    check(
        "A1 B2 A+1 stop B+1 B+2 A2 A3 A+2 B3",
        expect![[r#"
            1: M0@1 M1@1
            part: M0@1
            2: M0@2 M1@2
            part: M1@1
            part: M1@2
            3: M0@3 M1@3
            part: M0@2
            0 wait"#]],
    );
}

#[test]
fn only_those_that_are_waited_for_may_go_on_for_ever() {
    let mut all = Confluence::default();
    (0..2).for_each(|lane| all.open(lane, EventTime::MIN));
    let rows: Vec<Interval> = (1..=5).map(|hour| row(0, hour)).collect();
    let ticks: Vec<_> = rows.iter().enumerate().map(|(at, row)| (Closing::Tick(row.end), at + 1)).collect();
    all.take(0, EventTime(5 * HOUR), &ticks, &rows, &[]);
    assert_eq!(all.too_far_ahead(4).collect::<Vec<_>>(), [0]);
    assert_eq!(all.too_far_ahead(5).count(), 0);
    all.take(1, EventTime(5 * HOUR), &[], &[], &[]);
    assert_eq!(all.too_far_ahead(4).count(), 0, "no lane is behind");
}
