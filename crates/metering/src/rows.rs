//! What is told.

use reading::{DayType, EventTime, MeterId, Target};
use units::{Ratio, VoltAmperes, WattHours, Watts};

/// The highest demand of a period, and the end of the block.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    /// Mean power over the block.
    pub demand: Watts,
    /// When it ended.
    pub end: EventTime,
}

/// What one meter, or a group of them, used in a billing period and zone.
#[derive(Debug, Clone, PartialEq)]
pub struct DemandRow {
    /// Whose.
    pub target: Target,
    /// Where the billing period starts.
    pub start: EventTime,
    /// Where it ends, or where the last interval does that is known of it.
    pub end: EventTime,
    /// Which zone, by its number; 0 is that of all minutes.
    pub zone: u8,
    /// The highest block, blocks side by side.
    pub block: Option<Peak>,
    /// The highest block of any that ends with an interval.
    pub sliding: Option<Peak>,
    /// The highest apparent power of a block.
    pub block_va: Option<VoltAmperes>,
    /// The same, of any block that ends with an interval.
    pub sliding_va: Option<VoltAmperes>,
    /// Imported energy, estimated energy included.
    pub energy: WattHours,
    /// Of all minutes alone: the rest.
    pub whole: Option<Whole>,
}

impl DemandRow {
    /// Its highest block over what was agreed with a consumer, in W; or over what is made for a group, in VA if those
    /// are known.
    pub fn utilisation(&self) -> Option<Ratio> {
        let sanctioned = self.whole.as_ref()?.among.sanctioned.filter(|sanctioned| sanctioned.0 > 0.0)?;
        let active = self.block.map(|block| block.demand.0);
        let most = match self.target {
            Target::Meter(_) => active,
            _ => self.block_va.map(|most| most.0).or(active),
        }?;
        Some(Ratio(most / sanctioned.0))
    }
}

/// What is known of the whole of a billing period.
#[derive(Debug, Clone, PartialEq)]
pub struct Whole {
    /// Exported energy.
    pub exported: WattHours,
    /// Mean import over the highest block.
    pub load_factor: Option<Ratio>,
    /// Active over apparent energy of the intervals that import and carry reactive power.
    pub pf: Option<Ratio>,
    /// Reactive energy of the same, lagging and leading, varh.
    pub reactive: Option<(f64, f64)>,
    /// Hours of intervals with a low power factor.
    pub low_pf_hours: f64,
    /// How those intervals spread over the classes of the power factor, if that is counted.
    pub pf_spread: Option<PfSpread>,
    /// Hours of intervals whose energy is known.
    pub hours: f64,
    /// Those of them whose energy is estimated.
    pub estimated_hours: f64,
    /// The lowest slot of the typical day, as the load profile knows it at the end of the period.
    pub base: Option<Watts>,
    /// The share of the typical day's energy from midnight to six.
    pub night_share: Option<Ratio>,
    /// What it had to do with others.
    pub among: Among,
}

/// A meter or a group among the others of the town, as far as somebody has looked.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Among {
    /// Its mean net power in the block in which all consumers together had their highest.
    pub coincident: Option<Watts>,
    /// What was agreed with a consumer, or what a transformer is made for.
    pub sanctioned: Option<Watts>,
    /// How many consumers a group has.
    pub meters: Option<u32>,
    /// The sum of the highest blocks of its consumers, over that of the group.
    pub diversity: Option<Ratio>,
    /// What a consumer imported over the mean of all consumers of its class.
    pub peers: Option<Ratio>,
}

/// How much of a billing period passed at which power factor.
#[derive(Debug, Clone, PartialEq)]
pub struct PfSpread {
    /// The power factor that a twentieth of the time is below.
    pub low: Ratio,
    /// Hours in each class, from 0 to 1.
    pub hours: Vec<f64>,
}

/// One slot of a load profile.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProfileRow {
    /// Whose.
    pub meter: MeterId,
    /// Of which days.
    pub day_type: DayType,
    /// The first minute of the slot, of the local day.
    pub minute: u16,
    /// Mean net power.
    pub mean: Watts,
    /// How far days are from it: a standard deviation.
    pub spread: Watts,
    /// How many days it is worth.
    pub weight: f64,
}

impl ProfileRow {
    /// The slot as people say it: the time of the day that it starts at.
    pub fn slot(&self) -> String {
        format!("{:02}:{:02}", self.minute / 60, self.minute % 60)
    }
}

/// Rows to publish: billing periods that are over, and load profiles.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MeteringRows {
    /// One row for each meter, billing period and tariff zone.
    pub demand: Vec<DemandRow>,
    /// One row for each meter, type of day and slot of the day.
    pub profiles: Vec<ProfileRow>,
}
