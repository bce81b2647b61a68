//! When records are written, as pictures: `i` an interval, `d` a day, `m` a billing month, `s` a save, `.` nothing.

use super::{LAYOUT, Sheet, formatted};
use crate::{
    Calendar, Configuration, Constants, Energies, Event, Flags, Interval, Keeper, Live, Log, Shelf, Snapshot,
    Topic,
};
use meter_core::{DemandPeriod, Microamperes, Register, Registers};
use meter_tamper::Code;
use units::{Millivolts, Milliwatts};

/// India: half an hour, and no summer time.
const CALENDAR: Calendar = Calendar { interval_s: 1_800, offset_s: 19_800, billing_day: 1 };

/// 2026-01-31 18:29:50 UTC: ten seconds before the month ends in India.
const LATE: u32 = 1_769_884_190;

fn live(import: u64) -> Live {
    let registers = Registers { import: Register::restored(import), ..Registers::default() };
    let largest = Some(DemandPeriod { end: 1_769_000_400, mean: Milliwatts(3_000_000), whole: true });
    Live { registers, largest, voltage: Millivolts(230_120), current: Microamperes(4_560_000) }
}

/// A meter that has run for a minute, until `now`.
fn running(now: u32) -> Keeper<Sheet> {
    let (mut keeper, _) = Keeper::start(formatted(), CALENDAR, Some(now - 60)).unwrap();
    for second in 0..60 {
        keeper.advance(now - 59 + second, &live(100 + u64::from(second))).unwrap();
    }
    keeper
}

fn again(keeper: Keeper<Sheet>, clock: Option<u32>) -> (Keeper<Sheet>, crate::Restored) {
    let log = Log::open(keeper.into_log().into_flash(), &LAYOUT).unwrap();
    Keeper::start(log, CALENDAR, clock).unwrap()
}

fn picture(keeper: &mut Keeper<Sheet>, from: u32, seconds: u32, import: u64) -> String {
    let mut line = String::new();
    for second in 0..seconds {
        let saves = keeper.log().usage(Shelf::Energy).records;
        let closed = keeper.advance(from + second, &live(import + u64::from(second))).unwrap();
        let saved = keeper.log().usage(Shelf::Energy).records > saves;
        line.push(match (closed.month, closed.day, closed.interval) {
            (true, ..) => 'm',
            (_, true, _) => 'd',
            (.., true) => 'i',
            _ if saved => 's',
            _ => '.',
        });
    }
    line
}

#[test]
fn a_month_ends_at_local_midnight_with_the_registers_saved_before() {
    let mut keeper = running(LATE);
    assert_eq!(picture(&mut keeper, LATE + 1, 20, 1_000), "....s....m....s....s");
    let midnight = LATE + 10;
    let (_, interval) = keeper.log().newest::<Interval>(Shelf::Profile).unwrap().unwrap();
    assert_eq!((interval.end, interval.energies.micro[0]), (midnight, 1_009));
    assert_eq!((interval.centivolts, interval.centiamperes, interval.seconds), (23_012, 456, 70));
    for shelf in [Shelf::Daily, Shelf::Billing] {
        let (number, snapshot) = keeper.log().newest::<Snapshot>(shelf).unwrap().unwrap();
        assert_eq!((number, snapshot.time, snapshot.energies.micro[0]), (1, midnight, 1_009));
        assert_eq!(snapshot.largest.mean_mw, 3_000_000);
    }
}

#[test]
fn intervals_and_days_of_a_place_without_whole_hours() {
    // Nepal is 5:45 ahead: half-hours begin a quarter past and to.
    let calendar = Calendar { offset_s: 20_700, ..CALENDAR };
    assert_eq!(calendar.interval_end(1_769_884_190), 1_769_885_100);
    assert_eq!(calendar.day_end(1_769_884_190), 1_769_883_300 + 86_400);
    // Every month has a 28th: a later billing day is taken as that one. 30 January to 28 February 2028, midnight.
    let calendar = Calendar { interval_s: 900, offset_s: 0, billing_day: 31 };
    assert_eq!(calendar.month_end(1_832_803_200), 1_835_308_800);
    // From 28 February on, over the 29th, to 28 March.
    assert_eq!(calendar.month_end(1_835_308_800), 1_835_308_800 + 29 * 86_400);
}

#[test]
fn an_outage_over_boundaries_closes_each_once() {
    let keeper = running(LATE);
    // Two days later.
    let (mut keeper, restored) = again(keeper, Some(LATE + 172_800));
    assert_eq!((restored.clock, restored.clock_lost), (LATE + 172_800, false));
    assert_eq!(restored.energies.micro[0], 159);
    assert_eq!(restored.largest, None, "the month is over");
    let (number, interval) = keeper.log().newest::<Interval>(Shelf::Profile).unwrap().unwrap();
    assert_eq!((number, interval.end, interval.energies.micro[0]), (1, LATE + 10, 159));
    assert!(interval.flags.has(Flags::POWER_CUT.and(Flags::RECOVERED)));
    let (number, month) = keeper.log().newest::<Snapshot>(Shelf::Billing).unwrap().unwrap();
    assert_eq!((number, month.time, month.largest.mean_mw), (1, LATE + 10, 3_000_000));
    // A cut at once: nothing is closed a second time.
    let (mut keeper, _) = again(keeper, Some(LATE + 172_801));
    for shelf in [Shelf::Profile, Shelf::Daily, Shelf::Billing] {
        assert_eq!(keeper.log().usage(shelf).records, 1, "{shelf:?}");
    }
    let (number, event) = keeper.log().newest::<Event>(Shelf::Events(Topic::Power)).unwrap().unwrap();
    assert_eq!((number, event.code, event.time), (4, Code(102), LATE + 172_801));
    // The interval that the power came back in says so.
    let end = CALENDAR.interval_end(LATE + 172_801);
    keeper.advance(end, &live(500)).unwrap();
    let (_, interval) = keeper.log().newest::<Interval>(Shelf::Profile).unwrap().unwrap();
    assert!(interval.flags.has(Flags::POWER_CUT) && !interval.flags.has(Flags::RECOVERED));
}

#[test]
fn a_lost_clock_goes_on_from_the_last_save_and_says_so() {
    for clock in [None, Some(0)] {
        let (mut keeper, restored) = again(running(LATE), clock);
        assert_eq!((restored.clock, restored.clock_lost), (LATE, true));
        assert_eq!(restored.energies.micro[0], 159);
        keeper.advance(LATE + 10, &live(200)).unwrap();
        let (_, interval) = keeper.log().newest::<Interval>(Shelf::Profile).unwrap().unwrap();
        assert!(interval.flags.has(Flags::CLOCK_LOST), "{interval:?}");
        keeper.clock_set();
        keeper.advance(LATE + 7_000, &live(300)).unwrap();
        let (_, interval) = keeper.log().newest::<Interval>(Shelf::Profile).unwrap().unwrap();
        assert!(interval.flags.has(Flags::CLOCK_SET) && !interval.flags.has(Flags::CLOCK_LOST));
        assert_eq!(interval.energies.micro[0], 300);
    }
}

#[test]
fn a_clock_that_is_set_back_over_a_boundary_closes_it_once() {
    let mut keeper = running(LATE);
    assert_eq!(picture(&mut keeper, LATE + 9, 3, 1_000), ".m.");
    keeper.clock_set();
    picture(&mut keeper, LATE, 15, 2_000);
    assert_eq!(keeper.log().usage(Shelf::Profile).records, 1);
    // Its energy is in the interval after it.
    keeper.advance(LATE + 1_810, &live(3_000)).unwrap();
    let (number, interval) = keeper.log().newest::<Interval>(Shelf::Profile).unwrap().unwrap();
    assert_eq!((number, interval.end, interval.energies.micro[0]), (2, LATE + 1_810, 3_000));
    assert!(interval.flags.has(Flags::CLOCK_SET));
}

#[test]
fn a_last_gasp_saves_what_was_counted_since() {
    let mut keeper = running(LATE);
    keeper.advance(LATE + 1, &live(777)).unwrap();
    keeper.save_now(&live(777)).unwrap();
    let (_, restored) = again(keeper, Some(LATE + 3));
    assert_eq!(restored.energies.micro[0], 777);
}

#[test]
fn a_clock_that_stands_still_does_not_keep_energy_from_being_saved() {
    let mut keeper = running(LATE);
    for import in 0..12 {
        keeper.advance(LATE, &live(1_000 + import)).unwrap();
    }
    let (_, restored) = again(keeper, Some(LATE));
    assert_eq!(restored.energies.micro[0], 1_009);
}

#[test]
fn settings_keep_their_history_and_are_renewed_when_a_bit_is_wrong() {
    let mut keeper = running(LATE);
    let configuration = |version| Configuration { time: LATE, version, bytes: [version as u8; 48] };
    for version in 1..=3 {
        keeper.log().append(Shelf::Configuration, &configuration(version)).unwrap();
    }
    keeper.log().append(Shelf::Calibration, &Constants([7; 52])).unwrap();
    let mut flash = keeper.into_log().into_flash();
    let newest = flash.cells.windows(40).position(|bytes| bytes == [3; 40]).unwrap();
    flash.cells[newest] ^= 1;
    let (mut keeper, _) = Keeper::start(Log::open(flash, &LAYOUT).unwrap(), CALENDAR, Some(LATE)).unwrap();
    let (number, read) = keeper.log().newest::<Configuration>(Shelf::Configuration).unwrap().unwrap();
    assert_eq!((number, read), (4, configuration(3)));
    assert_eq!(keeper.log().usage(Shelf::Calibration).records, 1, "no bit of it is wrong");
    let mut walk = keeper.log().walk(Shelf::Configuration);
    let mut versions = Vec::new();
    while let Some((_, one)) = keeper.log().before::<Configuration>(&mut walk).unwrap() {
        versions.push(one.version);
    }
    assert_eq!(versions, [3, 3, 2, 1]);
}

#[test]
fn an_event_shows_registers_that_are_saved() {
    let mut keeper = running(LATE);
    keeper.note(Topic::Relay, Code(301), &live(9_999)).unwrap();
    let (_, event) = keeper.log().newest::<Event>(Shelf::Events(Topic::Relay)).unwrap().unwrap();
    assert_eq!((event.code, event.time, event.energies.micro[0]), (Code(301), LATE, 9_999));
    let (_, restored) = again(keeper, Some(LATE));
    assert!(restored.energies.covers(&event.energies));
    assert_eq!(Energies::from(&restored.energies.registers()), restored.energies);
}
