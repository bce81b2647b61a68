use crate::lv::{LvSettings, LvTown};
use crate::{Faults, Settings};
use reading::time::DAY;
use reading::{EventTime, MeterId, RawReading};
use std::collections::BTreeMap;

const START: EventTime = EventTime(1_711_929_600_000);

/// The readings of each meter in order of time, and the one meter with this fault.
fn of(faults: Faults, kind: &str) -> (BTreeMap<MeterId, Vec<RawReading>>, MeterId) {
    let town = Settings { faults, thieves: 0.0, ..Settings::usual(40, 10, 2, START) };
    let town = LvTown::new(LvSettings { innocents: 0.0, ..LvSettings::usual(town) }).unwrap();
    let mut all: BTreeMap<MeterId, Vec<RawReading>> = BTreeMap::new();
    let mut messages = town.messages();
    for message in messages.by_ref() {
        all.entry(message.raw.meter).or_default().push(message.raw);
    }
    let truth = messages.truth();
    assert!(truth.iter().all(|row| row.kind == kind && row.wh.is_none()), "{truth:?}");
    (all, truth.first().unwrap_or_else(|| panic!("nobody has {kind}")).meter)
}

fn registers(readings: &[RawReading]) -> Vec<i64> {
    readings.iter().filter_map(|raw| raw.imp).map(|imp| imp.0).collect()
}

#[test]
fn registers_fall_to_zero_once() {
    let (all, meter) = of(Faults { reset: 0.03, ..Faults::NONE }, "reset");
    let wh = registers(&all[&meter]);
    assert_eq!(wh.windows(2).filter(|pair| pair[1] < pair[0]).count(), 1);
}

#[test]
fn an_exchanged_meter_goes_on_under_another_name() {
    let (all, meter) = of(Faults { swap: 0.03, ..Faults::NONE }, "swap");
    let next = MeterId::new(format!("{meter}-2")).unwrap();
    assert_eq!(all[&meter].len() + all[&next].len(), 960);
    assert!(all[&meter].last().unwrap().time < all[&next][0].time && all[&next][0].seq == Some(0));
}

#[test]
fn a_stuck_element_repeats_itself_and_a_dead_one_shows_nothing() {
    let (all, meter) = of(Faults { stuck: 0.03, ..Faults::NONE }, "stuck");
    let same = all[&meter].windows(2).filter(|pair| pair[0].p == pair[1].p).count();
    assert!(same > 2 * 96 - 2, "{same}");
    let (all, meter) = of(Faults { dead: 0.03, ..Faults::NONE }, "dead");
    let still = registers(&all[&meter]).windows(2).filter(|pair| pair[0] == pair[1]).count();
    assert!(still > 2 * 96, "{still}");
}

#[test]
fn wrong_units_leave_the_registers_alone() {
    for (faults, kind) in [
        (Faults { unit: 0.03, ..Faults::NONE }, "unit"),
        (Faults { ct_tenth: 0.03, ..Faults::NONE }, "ct-tenth"),
    ] {
        let (honest, _) = of(Faults { daily: 0.03, ..Faults::NONE }, "daily");
        let (all, meter) = of(faults, kind);
        let sent = |all: &BTreeMap<MeterId, Vec<RawReading>>| {
            all[&meter].iter().map(|raw| (raw.p, raw.i)).collect::<Vec<_>>()
        };
        assert_eq!(registers(&all[&meter]), registers(&honest[&meter]));
        assert_ne!(sent(&all), sent(&honest));
    }
}

#[test]
fn a_spike_is_one_leap_and_a_clock_is_off_for_days() {
    let (all, meter) = of(Faults { spike: 0.03, ..Faults::NONE }, "spike");
    let leaps = registers(&all[&meter]).windows(2).filter(|pair| pair[1] - pair[0] > 60_000).count();
    assert_eq!(leaps, 1);
    let (all, meter) = of(Faults { clock_ahead: 0.03, ..Faults::NONE }, "clock-ahead");
    let off = all[&meter].iter().filter(|raw| raw.time.since(START) % (DAY / 96) != 0).count();
    assert!(off > 90, "{off}");
}

#[test]
fn a_fast_concentrator_stamps_all_below_it() {
    let (all, meter) = of(Faults { fast_concentrators: 0.5, ..Faults::NONE }, "clock-ahead");
    assert_eq!(all[&meter][0].time.since(START), DAY / 96 + DAY / 24);
}
