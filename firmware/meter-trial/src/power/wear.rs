//! How often each sector is erased in the life of a meter.

use super::chip::Chip;
use meter_core::{Microamperes, Registers};
use meter_log::{Calendar, Keeper, Layout, Live, Log, SAVE_BLOCKS, SLOT, Shelf, Topic};
use meter_wire::BLOCK;
use std::ops::Range;
use units::Millivolts;

/// The sectors of the chips that the layout is made for.
pub const SECTOR: usize = 4_096;

/// The records of a sector, beside its header.
const RECORDS: f64 = (SECTOR / SLOT - 1) as f64;

/// Seconds between two readings on the line.
const LIVE_S: f64 = 5.0;

/// Calibration, configuration and image.
const SETTINGS: usize = 3;

/// What happens to a meter, beside time that passes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Profile {
    /// Years in the field.
    pub years: f64,
    /// Seconds of an interval.
    pub interval_s: u32,
    /// Power cuts on a day.
    pub cuts: f64,
    /// Events of each kind on a day.
    pub events: f64,
    /// Changes of each setting in a year.
    pub changes: f64,
}

impl Profile {
    /// Fifteen years at 15 minutes with two power cuts and one event of each kind on each day.
    pub const DEFAULT: Self = Self { years: 15.0, interval_s: 900, cuts: 2.0, events: 1.0, changes: 12.0 };
}

/// The wear of a ring.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Worn {
    /// Its name.
    pub name: &'static str,
    /// Rings of that kind.
    pub rings: usize,
    /// Sectors of each.
    pub sectors: u16,
    /// Slots that are used on a day, with those that a start gives up.
    pub slots_a_day: f64,
    /// How often each sector is erased in all the years.
    pub erases: f64,
}

/// By the layout: slots that are used, over those that an erase gives.
pub fn wear(layout: &Layout, profile: &Profile) -> Vec<Worn> {
    let Profile { years, interval_s, cuts, events, changes } = *profile;
    let day = 86_400.0;
    // One for each interval, start and event, beside the regular ones.
    let kinds = Topic::all().count();
    let saves = day / f64::from(SAVE_BLOCKS) + day / f64::from(interval_s) + cuts + kinds as f64 * events;
    let rows = [
        ("energy", 1, Shelf::Energy, saves),
        ("load profile", 1, Shelf::Profile, day / f64::from(interval_s) + cuts),
        ("days", 1, Shelf::Daily, 1.0),
        ("billing months", 1, Shelf::Billing, 12.0 / 365.25),
        ("settings, each", SETTINGS, Shelf::Configuration, changes / 365.25),
        // Two copies of a record for each block of numbers, and for each start.
        ("key of the line", 1, Shelf::Line, 2.0 * (day / LIVE_S / f64::from(BLOCK) + cuts)),
        ("power events", 1, Shelf::Events(Topic::Power), 2.0 * cuts),
        ("other events, each", kinds - 1, Shelf::Events(Topic::Relay), events),
    ];
    rows.map(|(name, rings, shelf, records)| {
        // A start gives up a slot in each ring that is written to before the next.
        let slots_a_day = records + records.min(cuts);
        let sectors = layout.of(shelf);
        let erases = slots_a_day * 365.25 * years / RECORDS / f64::from(sectors);
        Worn { name, rings, sectors, slots_a_day, erases }
    })
    .to_vec()
}

/// The erases of energy and load profile, each by sector and day, of a meter that ran for some days without a cut.
pub fn measured(days: u32) -> [f64; 2] {
    let layout = Layout::STANDARD;
    let chip = Chip::<SECTOR>::new(layout.sectors(), 1);
    let log = Log::format(chip.clone(), &layout).expect("a new chip takes a log");
    let erases = |range: Range<usize>| chip.erases(range) as f64;
    let rings =
        [0..usize::from(layout.energy), layout.energy.into()..(layout.energy + layout.profile).into()];
    let before = rings.clone().map(erases);
    let calendar = Calendar { interval_s: 900, offset_s: 0, billing_day: 1 };
    let begin = 1_767_225_600;
    let (mut keeper, _) = Keeper::start(log, calendar, Some(begin)).expect("power does not fail");
    let (voltage, current) = (Millivolts(230_000), Microamperes(5_000_000));
    let live = Live { registers: Registers::default(), largest: None, voltage, current };
    for second in 1..=days * 86_400 {
        keeper.advance(begin + second, &live).expect("power does not fail");
        keeper.log().tend().expect("power does not fail");
    }
    let after = rings.clone().map(erases);
    [0, 1].map(|ring| (after[ring] - before[ring]) / rings[ring].len() as f64 / f64::from(days))
}
