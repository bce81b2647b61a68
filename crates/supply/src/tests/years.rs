//! Months, years and major event days.

use super::*;
use crate::books::Books;
use jiff::civil::{Date, date};

/// Four consumers, two in each area.
fn town() -> Topology {
    let row = |name, area| placed(name, name, name, area);
    Topology::new(vec![row("A", "A1"), row("B", "A1"), row("C", "A2"), row("D", "A2")]).unwrap()
}

fn noon(day: Date) -> EventTime {
    calendar().start_of(day).plus(12 * HOUR)
}

/// Enters interruptions of one consumer of A1, by day, in minutes. Returns the rows of the last month.
fn last_month(interruptions: &[(Date, i64)]) -> Vec<IndexRow> {
    let (topology, calendar, mut books) = (town(), calendar(), Books::default());
    let mut out = Vec::new();
    for (day, minutes) in interruptions {
        let lasted = (noon(*day), noon(*day).plus(minutes * MINUTE));
        books.interrupted(&rules(), &calendar, &topology, AreaId::new("A1"), lasted);
        out.clear();
        books.tick(&calendar, &topology, noon(*day).plus(6 * HOUR), &mut out);
    }
    out.clear();
    books.finish(&calendar, &topology, &mut out);
    out
}

#[test]
fn a_day_far_beyond_the_usual_is_a_major_event_day() {
    // 30 days of 8 or 32 minutes of one of four: ln SAIDI is ln 2 or ln 8, alpha ln 4 = 1.386294, beta ln 2 x 1.017095
    // = 0.704997; the threshold is exp(1.386294 + 1.762492) = 23.307 min.
    let mut days: Vec<(Date, i64)> =
        (1..=30).map(|day| (date(2024, 1, day), if day % 2 == 0 { 8 } else { 32 })).collect();
    days.extend([(date(2024, 2, 3), 93), (date(2024, 2, 4), 94), (date(2024, 2, 4), 4)]);
    let rows = last_month(&days);
    let all = rows[0];
    assert_eq!((all.area, all.month, all.consumers), (None, date(2024, 2, 1), 4));
    let major = all.major.unwrap();
    assert!((major.threshold - 23.307).abs() < 0.001, "{}", major.threshold);
    assert_eq!(major.days, 1, "23.5 min are beyond it, 23.25 are not");
    assert_eq!(
        [all.saidi, all.saifi, all.caidi, all.maifi],
        [Some(46.75), Some(0.5), Some(93.5), Some(0.25)]
    );
    assert_eq!([major.saidi_without, major.saifi_without], [Some(23.25), Some(0.25)]);
    // In its own area the same interruptions weigh twice; in the other there were none. A day is major for all areas.
    let own = rows[1].major.unwrap();
    assert_eq!((rows[1].saidi, own.saidi_without, own.days), (Some(93.5), Some(46.5), 1));
    assert_eq!(own.threshold, major.threshold);
    let other = rows[2].major.unwrap();
    assert_eq!((rows[2].saidi, rows[2].caidi, other.saidi_without), (Some(0.0), None, Some(0.0)));
}

#[test]
fn of_fewer_than_thirty_days_no_day_is_major() {
    let mut days: Vec<(Date, i64)> = (1..=29).map(|day| (date(2024, 1, day), 8)).collect();
    days.push((date(2024, 2, 3), 5000));
    assert_eq!(last_month(&days)[0].major, None);
}

#[test]
fn days_of_more_than_five_years_before_count_no_longer() {
    let mut days: Vec<(Date, i64)> = (1..=30).map(|day| (date(2024, 1, day), 8)).collect();
    days.push((date(2029, 1, 3), 8));
    assert!(last_month(&days)[0].major.is_some());
    days.pop();
    days.push((date(2029, 2, 3), 8));
    assert!(last_month(&days)[0].major.is_none());
}

#[test]
fn an_interruption_belongs_to_the_day_on_which_it_began_and_its_month_is_published_again() {
    let (topology, calendar, mut books) = (town(), calendar(), Books::default());
    let mut out = Vec::new();
    let mut tick = |books: &mut Books, day: Date| {
        out.clear();
        books.tick(&calendar, &topology, noon(day), &mut out);
        out.iter().filter(|row| row.area.is_none()).map(|row| (row.month, row.saidi)).collect::<Vec<_>>()
    };
    assert_eq!(tick(&mut books, date(2024, 1, 30)), []);
    assert_eq!(tick(&mut books, date(2024, 2, 1)), [(date(2024, 1, 1), Some(0.0))]);
    let lasted = (noon(date(2024, 1, 31)), noon(date(2024, 2, 2)));
    books.interrupted(&rules(), &super::calendar(), &town(), None, lasted);
    assert_eq!(tick(&mut books, date(2024, 2, 3)), [], "with the next month");
    assert_eq!(
        tick(&mut books, date(2024, 3, 1)),
        [(date(2024, 1, 1), Some(720.0)), (date(2024, 2, 1), Some(0.0))]
    );
}
