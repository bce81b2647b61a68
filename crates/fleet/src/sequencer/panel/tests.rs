use super::*;
use reading::id;
use reading::time::{DAY, MINUTE};

const VOTES: Votes = Votes { step: MINUTE, far: DAY };

fn hear(panel: &mut Panel, meter: usize, minute: i64) {
    panel.hear(id::hash(format!("m{meter}").as_bytes()), || EventTime(minute * MINUTE), VOTES);
}

fn front(panel: &Panel) -> Option<i64> {
    panel.front().map(|front| front.0 / MINUTE)
}

/// The front after so many rounds of quarters of an hour. `clock` gives what the clock of a meter shows.
fn after(meters: usize, rounds: i64, clock: impl Fn(usize, i64) -> i64) -> Option<i64> {
    let mut panel = Panel::default();
    for round in 0..rounds {
        (0..meters).for_each(|meter| hear(&mut panel, meter, clock(meter, round * 15)));
    }
    front(&panel)
}

#[test]
fn three_eighths_of_the_meters_move_the_front() {
    let mut panel = Panel::default();
    (0..200).for_each(|meter| hear(&mut panel, meter, 600));
    let moved = (0..200).find(|&meter| {
        hear(&mut panel, meter, 615);
        front(&panel) == Some(615)
    });
    assert!(moved.is_some_and(|meter| (70..80).contains(&meter)), "{moved:?}");
}

#[test]
fn a_quarter_of_wrong_clocks_moves_nothing() {
    for off in [-1_000_000, -60, 60, 1_000_000] {
        for meters in [8, 16, 200, 5000] {
            let wrong = |meter: usize, minute| minute + if meter.is_multiple_of(4) { off } else { 0 };
            assert_eq!(after(meters, 10, wrong), Some(135), "{meters} meters, {off} minutes");
        }
    }
}

#[test]
fn a_third_that_delivers_once_a_day_and_a_quarter_behind_hold_nothing_back() {
    let clock = |meter: usize, minute: i64| match meter % 12 {
        0..4 => 0,
        4..7 => minute - 500,
        _ => minute,
    };
    assert_eq!(after(200, 90, clock), Some(89 * 15));
}

/// Senders and shards choose partitions by the same hash as the panel its members.
#[test]
fn every_part_of_the_meters_has_a_panel_of_them() {
    for part in 0..12 {
        let is_in = |meter: &usize| id::hash(format!("m{meter}").as_bytes()) % 12 == part;
        let meters: Vec<usize> = (0..60_000).filter(is_in).collect();
        let mut panel = Panel::default();
        for round in 0..10 {
            meters.iter().for_each(|&meter| hear(&mut panel, meter, round * 15));
        }
        assert_eq!(front(&panel), Some(135), "part {part}");
        assert!((128..=MOST_MEMBERS).contains(&panel.members.len()), "{}", panel.members.len());
        assert!((3_000..7_000).contains(&panel.meters()), "{} of {}", panel.meters(), meters.len());
    }
}

#[test]
fn an_absurd_stamp_moves_nothing() {
    let mut panel = Panel::default();
    for round in 0..10 {
        (0..20).for_each(|meter| hear(&mut panel, meter, round * 15));
        hear(&mut panel, 7, 50_000_000);
    }
    assert_eq!(front(&panel), Some(135));
}

#[test]
fn the_front_goes_on_without_those_that_have_no_supply() {
    let mut panel = Panel::default();
    for round in 0..100 {
        let alive = if round < 10 { 0..200 } else { 0..20 };
        alive.for_each(|meter| hear(&mut panel, meter, round * 15));
    }
    assert_eq!(
        front(&panel),
        Some(99 * 15),
        "a tenth of the meters is heard, and the others lost their votes"
    );
}

#[test]
fn a_single_meter_has_a_front_after_some_readings() {
    assert_eq!(after(1, 31, |_, minute| minute), None);
    assert_eq!(after(1, 32, |_, minute| minute), Some(31 * 15));
}

#[test]
fn seconds_off_the_quarter_do_not_matter() {
    let mut panel = Panel::default();
    for meter in 0..200 {
        let time = EventTime(600 * MINUTE + i64::from(meter % 50) * 1000);
        panel.hear(id::hash(format!("m{meter}").as_bytes()), || time, VOTES);
    }
    assert_eq!(front(&panel), Some(600));
}

#[test]
fn few_meters_go_far_ahead_only_after_eight_readings_in_a_row() {
    for meters in [1, 2, 3] {
        let mut panel = Panel::default();
        (0..40).for_each(|round| (0..meters).for_each(|meter| hear(&mut panel, meter, round * 15)));
        let now = front(&panel);
        (0..7).for_each(|place| hear(&mut panel, 0, 50_000_000 + place * 15));
        hear(&mut panel, 0, 40 * 15);
        (1..8).for_each(|place| hear(&mut panel, 0, 50_000_000 + place * 15));
        let after = if meters == 1 { Some(40 * 15) } else { now };
        assert_eq!(front(&panel), after, "{meters} meters");
    }
}

#[test]
fn after_a_pause_all_go_on() {
    for meters in [1, 2, 5, 20, 1000] {
        let mut panel = Panel::default();
        for round in (0..40).chain(400..408) {
            (0..meters).for_each(|meter| hear(&mut panel, meter, round * 15));
        }
        assert_eq!(front(&panel), Some(407 * 15), "{meters} meters");
    }
}

#[test]
fn the_panel_stays_small() {
    let mut panel = Panel::default();
    (0..100_000).for_each(|meter| hear(&mut panel, meter, 600));
    assert!((MOST_MEMBERS / 4..=MOST_MEMBERS).contains(&panel.members.len()));
    assert!((70_000..140_000).contains(&panel.meters()), "about {} meters", panel.meters());
}
