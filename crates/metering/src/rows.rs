//! Rows of demand and of profiles.

use reading::{DayType, EventTime, MeterId, Target};
use units::{Ratio, VoltAmperes, WattHours, Watts};

/// The highest demand of a period, and the block in which it was.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    /// Mean power over the block.
    pub demand: Watts,
    /// When the block ended.
    pub end: EventTime,
}

/// Whose demand a row has. A period ends for all meters at once, and the name of a group may be twice as long as that of
/// a meter: it stands apart, so that the rows of meters stay small.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// A meter.
    Meter(MeterId),
    /// A group.
    Group(Box<Target>),
}

/// What a meter or a group used in a billing period and tariff zone.
#[derive(Debug, Clone, PartialEq)]
pub struct DemandRow {
    /// The meter or the group.
    pub whose: Whose,
    /// When the billing period starts.
    pub start: EventTime,
    /// When it ends; of a period under way, when its last interval ends.
    pub end: EventTime,
    /// The number of the zone; 0 is the one of all minutes.
    pub zone: u8,
    /// The highest of the blocks that stand side by side.
    pub block: Option<Peak>,
    /// The highest of all blocks, one ending with each interval.
    pub sliding: Option<Peak>,
    /// The highest apparent power of a block, blocks side by side.
    pub block_va: Option<VoltAmperes>,
    /// The highest apparent power of all blocks, one ending with each interval.
    pub sliding_va: Option<VoltAmperes>,
    /// Imported energy, estimated energy included.
    pub energy: WattHours,
    /// Whether the period is over, and of a group, whether late rows can join it no more.
    pub is_final: bool,
    /// The other columns. Only the row of the zone of all minutes has them.
    pub whole: Option<Whole>,
}

impl DemandRow {
    /// The meter or the group.
    pub fn target(&self) -> Target {
        match &self.whose {
            Whose::Meter(meter) => Target::Meter(*meter),
            Whose::Group(group) => **group,
        }
    }

    /// The highest block over the sanctioned load, in W. Of a group, over the rating of its transformer or feeder, in
    /// VA if apparent power is known.
    pub fn utilisation(&self) -> Option<Ratio> {
        let sanctioned = self.whole.as_ref()?.among.sanctioned.filter(|sanctioned| sanctioned.0 > 0.0)?;
        let active = self.block.map(|block| block.demand.0);
        let most = match self.whose {
            Whose::Meter(_) => active,
            Whose::Group(_) => self.block_va.map(|most| most.0).or(active),
        }?;
        Some(Ratio(most / sanctioned.0))
    }
}

/// The columns about a whole billing period.
#[derive(Debug, Clone, PartialEq)]
pub struct Whole {
    /// Exported energy.
    pub exported: WattHours,
    /// Mean imported power over that of the highest block.
    pub load_factor: Option<Ratio>,
    /// Active over apparent energy, of the intervals that import and whose reactive power is known.
    pub pf: Option<Ratio>,
    /// Reactive energy of these intervals, lagging and leading, varh.
    pub reactive: Option<(f64, f64)>,
    /// Hours of intervals with a low power factor.
    pub low_pf_hours: f64,
    /// How these intervals spread over the classes of the power factor, if they are counted.
    pub pf_spread: Option<PfSpread>,
    /// Hours of intervals whose energy is known.
    pub hours: f64,
    /// Those of these hours whose energy is estimated.
    pub estimated_hours: f64,
    /// The lowest slot of the typical day, by the load profile at the end of the period.
    pub base: Option<Watts>,
    /// The share of the typical day's energy from midnight to six.
    pub night_share: Option<Ratio>,
    /// The columns that compare it with others in the town.
    pub among: Among,
}

/// A meter or a group among the others of the town, as far as the plan asks for it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Among {
    /// Its mean net power in the block in which all consumers together had their highest demand.
    pub coincident: Option<Watts>,
    /// The sanctioned load of a consumer, or the rating of a transformer or feeder.
    pub sanctioned: Option<Watts>,
    /// How many consumers a group has.
    pub meters: Option<u32>,
    /// The sum of the highest blocks of its consumers, over that of the group.
    pub diversity: Option<Ratio>,
    /// What a consumer imported, over the mean of all consumers of its class.
    pub peers: Option<Ratio>,
}

/// How much of a billing period passed at which power factor.
#[derive(Debug, Clone, PartialEq)]
pub struct PfSpread {
    /// The power factor that a twentieth of the time was below.
    pub low: Ratio,
    /// Hours in each class, from 0 to 1.
    pub hours: Vec<f64>,
}

/// One slot of a load profile.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProfileRow {
    /// The meter.
    pub meter: MeterId,
    /// The type of day.
    pub day_type: DayType,
    /// The minute of the local day at which the slot starts.
    pub minute: u16,
    /// Mean net power.
    pub mean: Watts,
    /// The standard deviation of single days from the mean.
    pub spread: Watts,
    /// How many days the mean is worth.
    pub weight: f64,
}

impl ProfileRow {
    /// The time of day at which the slot starts, as people write it.
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

impl MeteringRows {
    /// Empties it, keeping its memory.
    pub fn clear(&mut self) {
        let Self { demand, profiles } = self;
        demand.clear();
        profiles.clear();
    }
}
