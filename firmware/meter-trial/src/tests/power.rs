//! The log holds what it promises, in a short form of what `scripts/firmware-power` tries.

use crate::power::{Chip, Life, Profile, SECTOR, Tearing, kept_by_log, measured, wear};
use meter_log::{Energies, Event, Interval, Layout, Log, Record, Shelf, Snapshot, Topic};
use meter_tamper::Code;

#[test]
fn nothing_is_lost_by_cuts_flips_and_clocks() {
    let mut meter = Life::<512>::new(4_711);
    meter.run(300).unwrap();
    assert!(meter.count.in_writes > 60 && meter.count.in_erases > 15 && meter.count.flips > 60);
    assert!(meter.count.most_seconds_lost > 0, "cuts without a loss try nothing");
}

#[test]
fn sectors_of_four_kilobytes_lose_nothing_either() {
    Life::<4_096>::new(4_712).run(200).unwrap();
}

#[test]
fn a_value_is_kept() {
    let kept = kept_by_log(500, 3, Tearing::Unstable);
    assert!(kept.acknowledged > 5_000, "{kept:?}");
    assert_eq!((kept.older, kept.none, kept.refused), (0, 0, 0));
}

/// Appends records with a start before every so many, and gives how many of them are there at the end.
fn kept<R: Record>(shelf: Shelf, records: u32, start_every: u32, record: impl Fn(u32) -> R) -> usize {
    let layout = Layout::STANDARD;
    let chip = Chip::<SECTOR>::new(layout.sectors(), 1);
    let mut log = Log::format(chip.clone(), &layout).unwrap();
    for number in 0..records {
        if number % start_every == 0 {
            log = Log::open(chip.clone(), &layout).unwrap();
        }
        log.append(shelf, &record(number)).unwrap();
        log.tend().unwrap();
    }
    let (mut walk, mut found) = (log.walk(shelf), 0);
    while log.before::<R>(&mut walk).unwrap().is_some() {
        found += 1;
    }
    found
}

#[test]
fn the_standard_layout_holds_ninety_days_with_a_cut_in_each_hour() {
    // Twice as many, so that the ring is full.
    let interval = |number| Interval { end: 900 * number, ..Interval::default() };
    let found = kept(Shelf::Profile, 2 * 90 * 96, 4, interval);
    assert!(found >= 90 * 96, "{found} intervals");
}

#[test]
fn it_holds_thirteen_months_and_a_hundred_events_of_a_kind_with_a_cut_after_each() {
    let snapshot = |number| Snapshot { time: 86_400 * number, ..Snapshot::default() };
    let days = kept(Shelf::Daily, 2_000, 1, snapshot);
    assert!(days >= 396, "{days} days");
    let months = kept(Shelf::Billing, 400, 1, snapshot);
    assert!(months >= 13, "{months} months");
    let event = |time| Event { time, ..Event::new(Code(101), Energies::default()) };
    // Each start notes two events, and with them gives up a slot.
    let events = kept(Shelf::Events(Topic::Power), 1_000, 1, event);
    assert!(events >= 100, "{events} events");
}

#[test]
fn wear_is_computed_as_it_is_counted() {
    let quiet = Profile { cuts: 0.0, events: 0.0, ..Profile::DEFAULT };
    let computed = &wear(&Layout::STANDARD, &quiet)[..2];
    for (row, counted) in computed.iter().zip(measured(40)) {
        let counted = counted * 365.25 * quiet.years;
        assert!((counted / row.erases - 1.0).abs() < 0.02, "{row:?}, counted {counted}");
    }
    let worst = Profile { cuts: 24.0, events: 24.0, ..Profile::DEFAULT };
    for row in wear(&Layout::STANDARD, &worst) {
        assert!(row.erases < 100_000.0, "{row:?}");
    }
}
