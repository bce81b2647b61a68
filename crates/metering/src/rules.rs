//! The settings of profiles and demand.

use reading::time::{DAY, HOUR, MINUTE};
use reading::{DayType, Grid};
use units::Ratio;

/// The profile and the demand that are kept of each meter.
#[derive(Debug, Clone, PartialEq)]
pub struct MeteringSettings {
    /// The grid of intervals.
    pub grid: Grid,
    /// A load profile.
    pub profile: Option<ProfileRule>,
    /// Demand by billing period.
    pub demand: Option<DemandRule>,
}

/// How a profile learns. Every slot of the local day has a mean and a spread for each type of day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProfileRule {
    slot: i64,
    half_life: u32,
}

/// How demand is measured.
#[derive(Debug, Clone, PartialEq)]
pub struct DemandRule {
    block: i64,
    zones: Vec<Zone>,
    billing_day: i8,
    low_pf: Ratio,
    pf_classes: u8,
    either_way: bool,
}

/// A part of the local day with a tariff of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// Its name.
    pub name: String,
    /// The first minute of the day that belongs to it.
    pub from: u16,
    /// The first minute after it. It is before `from` if the zone continues past midnight.
    pub to: u16,
    /// The months of its season, January the lowest bit.
    pub months: u16,
    /// Its types of day: weekday the lowest bit, then Saturday, then Sunday.
    pub days: u8,
}

impl Zone {
    /// Every month.
    pub const ALL_YEAR: u16 = 0xfff;
    /// Every type of day.
    pub const ALL_DAYS: u8 = 0b111;

    /// Whether a minute of a local day belongs to it. The minutes after midnight belong to the next day.
    pub(crate) fn holds(&self, minute: u16, month: i8, day_type: DayType) -> bool {
        if self.months >> (month - 1) & 1 == 0 || self.days >> day_type as u8 & 1 == 0 {
            return false;
        }
        if self.from < self.to {
            (self.from..self.to).contains(&minute)
        } else {
            minute >= self.from || minute < self.to
        }
    }
}

/// Why a rule is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RulesError {
    /// A slot that is not whole intervals, or does not divide a day.
    Slot,
    /// A half-life of less than one day, or of more than a thousand.
    HalfLife,
    /// A block that is not whole intervals, or does not divide a day.
    Block,
    /// A billing day that some months do not have.
    BillingDay,
    /// More zones than there is room for.
    Zones,
    /// Two zones of one name, or one with the name `all`.
    ZoneName,
    /// A zone without a minute, a month or a type of day, or with a minute or a month that does not exist.
    ZoneTime,
    /// Fewer than ten classes of the power factor, or more than two hundred.
    PfClasses,
}

/// The zone that every minute belongs to.
pub const ALL: &str = "all";
/// Zones beside [`ALL`]: together they fit a byte, one bit each.
const MOST_ZONES: usize = 7;
/// The last powers of a block are kept for each meter: more intervals than these would cost too much memory.
const MOST_IN_BLOCK: i64 = 60;

/// Whether a length is whole intervals and whole minutes, and divides a day.
fn divides(length: i64, grid: Grid) -> bool {
    length > 0 && length % grid.length() == 0 && length % MINUTE == 0 && DAY % length == 0
}

impl ProfileRule {
    /// A rule for slots of so many milliseconds. An observation counts half after `half_life` days of its type.
    pub fn new(slot: i64, half_life: u32, grid: Grid) -> Result<Self, RulesError> {
        if !divides(slot, grid) || slot / grid.length() > 200 {
            return Err(RulesError::Slot);
        }
        if !(1..=1000).contains(&half_life) {
            return Err(RulesError::HalfLife);
        }
        Ok(Self { slot, half_life })
    }

    /// Milliseconds of a slot.
    pub fn slot(&self) -> i64 {
        self.slot
    }

    /// Slots of a day.
    pub fn slots(&self) -> usize {
        (DAY / self.slot) as usize
    }

    /// Days of a type after which an observation counts half.
    pub fn half_life(&self) -> u32 {
        self.half_life
    }

    /// The share of a weight that is left after another day of the type.
    pub fn keep(&self) -> f64 {
        0.5_f64.powf(1.0 / f64::from(self.half_life))
    }
}

impl DemandRule {
    /// A rule for blocks of so many milliseconds and billing periods that begin on a day of the month. A power factor
    /// below `low_pf` is low.
    pub fn new(
        block: i64,
        zones: Vec<Zone>,
        billing_day: i8,
        low_pf: Ratio,
        grid: Grid,
    ) -> Result<Self, RulesError> {
        if !divides(block, grid) || block > 4 * HOUR || block / grid.length() > MOST_IN_BLOCK {
            return Err(RulesError::Block);
        }
        if !(1..=28).contains(&billing_day) {
            return Err(RulesError::BillingDay);
        }
        if zones.len() > MOST_ZONES {
            return Err(RulesError::Zones);
        }
        for (index, zone) in zones.iter().enumerate() {
            let known = zones[..index].iter().any(|other| other.name == zone.name);
            if known || zone.name == ALL || zone.name.is_empty() {
                return Err(RulesError::ZoneName);
            }
            let never = zone.months & Zone::ALL_YEAR == 0 || zone.days & Zone::ALL_DAYS == 0;
            if never || zone.from == zone.to || zone.from >= 1440 || zone.to > 1440 {
                return Err(RulesError::ZoneTime);
            }
        }
        Ok(Self { block, zones, billing_day, low_pf, pf_classes: 0, either_way: false })
    }

    /// The same rule, which also counts the intervals of a billing period by power factor, in so many classes from 0
    /// to 1.
    pub fn with_pf_classes(self, classes: u8) -> Result<Self, RulesError> {
        match classes {
            10..=200 => Ok(Self { pf_classes: classes, ..self }),
            _ => Err(RulesError::PfClasses),
        }
    }

    /// The rule of groups: no classes of the power factor, and apparent power either way, as a transformer carries
    /// what its consumers export as well.
    pub(crate) fn of_groups(self) -> Self {
        Self { pf_classes: 0, either_way: true, ..self }
    }

    /// Whether apparent power counts while energy is exported.
    pub(crate) fn either_way(&self) -> bool {
        self.either_way
    }

    /// The number of classes of the power factor; 0 if it is not counted.
    pub fn pf_classes(&self) -> usize {
        usize::from(self.pf_classes)
    }

    /// Milliseconds of a block.
    pub fn block(&self) -> i64 {
        self.block
    }

    /// The tariff zones, without the one of all minutes.
    pub fn zones(&self) -> &[Zone] {
        &self.zones
    }

    /// The name of a zone by its number; 0 is that of all minutes.
    pub fn zone_name(&self, zone: u8) -> &str {
        match zone.checked_sub(1) {
            None => ALL,
            Some(index) => &self.zones[usize::from(index)].name,
        }
    }

    /// The day of the month that a billing period starts on.
    pub fn billing_day(&self) -> i8 {
        self.billing_day
    }

    /// Below this, a power factor is low.
    pub fn low_pf(&self) -> Ratio {
        self.low_pf
    }
}
