//! Words of lanes in pictures: `A3` is a row of lane A in hour 3, `A3!` an event, `A3|` closes up to there, `A3*` is
//! a row of its end, `A2.1+1` is a row of hour 1 in the first part of a backlog after hour 2, `A2.1/` ends the part,
//! `Aidle`, `Abusy` and `Aend` say so, `stop` stores and restores.

use super::*;
use crate::sample::row;
use expect_test::{Expect, expect};
use proptest::prelude::*;
use reading::time::HOUR;
use reading::{Event, EventCode};

fn word(text: &str) -> Passed {
    let lane = PartitionId::from(text.as_bytes()[0] - b'A');
    let hour = |text: &str| EventTime(text.parse::<i64>().unwrap() * HOUR);
    match &text[1..] {
        "idle" => Passed::Idle { lane, idle: true },
        "busy" => Passed::Idle { lane, idle: false },
        "end" => Passed::Ended { lane, ticks: Vec::new() },
        part if part.ends_with('/') => Passed::Part { lane, part: part_of(part.trim_end_matches('/')) },
        part if part.contains('+') => {
            let (of, row_of) = part.split_once('+').unwrap();
            let row = row(lane, row_of.parse().unwrap());
            Passed::PartRow { lane, part: part_of(of), row }
        }
        closed if closed.ends_with('|') => {
            let closed = hour(closed.trim_end_matches('|'));
            Passed::Closed { lane, closed, ticks: vec![closed], newest_ms: 0 }
        }
        text if text.ends_with('!') => {
            let tick = hour(text.trim_end_matches('!'));
            let code = EventCode::POWER_FAILURE;
            let event = Event { meter: row(lane, 0).meter, time: tick.minus(1), code };
            Passed::Report { lane, tick, last: false, report: Report::Event(event) }
        }
        text => {
            let tick = hour(text.trim_end_matches('*'));
            let row = row(lane, tick.0 / HOUR);
            Passed::Row { lane, tick, last: text.ends_with('*'), row }
        }
    }
}

/// `2.1` is the first part after the tick of hour 2.
fn part_of(text: &str) -> Part {
    let (after, number) = text.split_once('.').unwrap();
    Part { after: EventTime(after.parse::<i64>().unwrap() * HOUR), number: number.parse().unwrap() }
}

fn line_of(flow: &Flow) -> String {
    let (end, tick) = match flow {
        Flow::Tick(end, tick) => (end, tick),
        Flow::Part(rows) => {
            let rows: Vec<_> = rows.iter().map(|row| format!("{}@{}", row.meter, row.end.0 / HOUR)).collect();
            return format!("part: {}", rows.join(" "));
        }
    };
    let rows = tick.rows.iter().map(|row| format!("{}@{}", row.meter, row.end.0 / HOUR));
    let reports = tick.reports.iter().map(|report| format!("{}!", report.meter()));
    let rows: Vec<_> = rows.chain(reports).collect();
    format!("{}: {}", end.0 / HOUR, rows.join(" "))
}

fn flow_of<'a>(words: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut all = Inflow::default();
    (0..2).for_each(|lane| all.open(lane));
    let mut lines = Vec::new();
    for text in words {
        if text == "stop" {
            let stored = postcard::to_stdvec(&all.snapshot()).unwrap();
            all = Inflow::restore(&postcard::from_bytes(&stored).unwrap()).unwrap();
            continue;
        }
        let passed = word(text);
        let mut bytes = Vec::new();
        passed.encode(&mut bytes);
        assert_eq!(Passed::decode(&bytes).as_ref(), Some(&passed));
        let ended = all.take(passed);
        while let Some(flow) = all.next_flow() {
            lines.push(line_of(&flow));
        }
        if ended {
            let mut last = all.to_the_end();
            while let Some(flow) = last.next_flow() {
                lines.push(format!("end {}", line_of(&flow)));
            }
        }
    }
    lines
}

#[expect(clippy::needless_pass_by_value, reason = "`expect!` is written in place")]
fn check(words: &str, expected: Expect) {
    expected.assert_eq(&flow_of(words.split_whitespace()).join("\n"));
}

#[test]
fn a_tick_is_whole_when_every_lane_has_closed_it() {
    check(
        "A1 A1| A2 B1 B1| A2| B2|",
        expect![[r#"
            1: M0@1 M1@1
            2: M0@2"#]],
    );
}

#[test]
fn what_is_closed_is_a_repeat_and_what_is_not_counts_once() {
    check(
        "A1 A1| B1 A1 A1| A2 B1| A2 A1 A1| A2 A2| stop A2 B2 B2|",
        expect![[r#"
            1: M0@1 M1@1
            2: M0@2 M1@2"#]],
    );
}

#[test]
fn a_part_of_a_backlog_comes_once_behind_the_tick_that_it_follows() {
    check(
        "A1 A1| A1.1+1 A1.1+2 stop A1.1/ A1.2+3 A1.1+1 A1.1/ A1.2+3 A1.2/ B1 B1| A1.2/ A2| B2| A2.1+1 A2.1/",
        expect![[r#"
            1: M0@1 M1@1
            part: M0@1 M0@2
            part: M0@3
            2: 
            part: M0@1"#]],
    );
}

#[test]
fn events_come_with_their_tick_once_or_with_the_next_one_if_they_come_too_late() {
    check(
        "A1! A1! A1 A1| B1! B1| A1! A1| stop A2! Bidle A2| B2! stop B2| A3 A3|",
        expect![[r#"
            1: M0@1 M0! M1!
            2: M0!
            3: M0@3 M1!"#]],
    );
}

#[test]
fn no_tick_waits_for_an_idle_lane_even_after_a_stop() {
    check(
        "A1 A1| Bidle stop A2 A2| Bbusy A3 A3| B1 B1| B3|",
        expect![[r#"
            1: M0@1
            2: M0@2
            3: M0@3 M1@1"#]],
    );
}

#[test]
fn an_end_is_published_and_not_remembered() {
    check(
        "A1 B1 A1| B1| A2* Aend stop B2* Bend A2 A2| B2 B2|",
        expect![[r#"
            1: M0@1 M1@1
            end 2: M0@2 M1@2
            2: M0@2 M1@2"#]],
    );
}

#[test]
fn a_repeated_end_is_the_same_end() {
    check(
        "A1* Aend B1* B1* Bend Aend A1* Aend A1",
        expect![[r#"
            end 1: M0@1 M1@1
            end 1: M0@1 M1@1"#]],
    );
}

proptest! {
    /// A process dies after any word and another says again what was said since any word before: nothing changes.
    #[test]
    fn any_stretch_may_come_again(lanes in prop::collection::vec(0_usize..2, 24), died in 0_usize..24, from in 0_usize..24) {
        let mut said = [0_usize; 2];
        let mut words = Vec::new();
        for lane in lanes {
            let name = ["A", "B"][lane];
            said[lane] += 1;
            let hour = said[lane].div_ceil(3);
            words.push(format!("{name}{hour}{}", ["|", "", "!"][said[lane] % 3]));
        }
        let once = flow_of(words.iter().map(String::as_str));
        let (from, died) = (from.min(died), died);
        let again = words[..died].iter().chain(&words[from..]);
        let twice = flow_of(again.map(String::as_str));
        prop_assert_eq!(once, twice);
    }
}
