//! The second stage: a closed, ordered list of stages that look at all closed intervals of a tick side by side.
//!
//! A stage holds its own state and settings, and knows no other stage. [`Town::tick`](crate::Town::tick) calls the
//! stages by hand, because their order and the data between them are the design. The list at the end of this file
//! writes everything that is the same for all stages: begin, take another topology, finish, store, restore, gauges,
//! and whether there is a second stage at all.
//!
//! To add a stage: a file beside the others that implements [`Stage`], a row in the list, a line in `Town::tick`.

mod balances;
mod contracts;
mod deliveries;
mod desk;
mod expectations;
mod groups;
mod index;
mod supply;
mod watch;

pub(crate) use balances::Balances;
pub(crate) use contracts::Contracts;
pub(crate) use deliveries::Deliveries;
pub(crate) use desk::{Desk, Mark};
pub(crate) use expectations::Expectations;
pub(crate) use groups::Groups;
pub(crate) use index::Index;
pub(crate) use supply::Supply;
pub use watch::NotLookedAt;
pub(crate) use watch::Watch;

use crate::parts::{Restoring, Storing};
use crate::reports::Reports;
use crate::snapshot::SnapshotError;
use crate::{Outputs, Plan, TownError};
use grid::{Balance, Join, Topology};
use reading::{EventCode, EventTime};
use std::sync::Arc;

/// Everything that a stage may look at in one tick.
#[derive(Debug)]
pub(crate) struct Tick<'a> {
    /// The end of the tick.
    pub(crate) end: EventTime,
    /// The intervals that it closed, by meter and end, each with its row of the topology.
    pub(crate) joined: &'a Join<'a>,
    /// The reports of the tick, each kind by meter and time.
    pub(crate) reports: &'a Reports,
    /// The balances that are new in this tick or have changed. There are none if no stage of the plan needs them.
    pub(crate) balances: &'a [Balance],
}

/// A part of the second stage.
pub(crate) trait Stage: Sized {
    /// The settings that the stage takes from a plan.
    type Settings<'p>;

    /// The events of meters that the stage needs.
    fn events(_settings: &Self::Settings<'_>) -> Vec<EventCode> {
        Vec::new()
    }

    /// The settings in this plan. None if the plan does not ask for the stage.
    fn asked(plan: &Plan) -> Option<Self::Settings<'_>>;

    /// The stage without any state.
    fn new(settings: Self::Settings<'_>, plan: &Plan, topology: &Arc<Topology>) -> Result<Self, TownError>;

    /// Checks whether the stage can work with this topology.
    fn fits(&self, _topology: &Topology) -> Result<(), TownError> {
        Ok(())
    }

    /// Takes another topology. [`Self::fits`] has accepted it before.
    fn place(&mut self, _before: &Topology, _topology: &Arc<Topology>) {}

    /// No further tick will come. The stage publishes what is unfinished.
    fn finish(&mut self, _topology: &Topology, _out: &mut Outputs) {}

    /// Appends the parts of the stage.
    fn store(&self, topology: &Topology, parts: &mut Storing);

    /// Restores the parts of the stage, which must have no state yet. A part that is lost stays empty.
    fn restore(&mut self, topology: &Topology, parts: &mut Restoring<'_>) -> Result<(), SnapshotError>;

    /// Passes the value of each gauge of the stage to `set`.
    fn gauges(&self, _set: &mut impl FnMut(TownGauge, u64)) {}
}

/// A gauge of the second stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TownGauge {
    /// Cases that are open.
    CasesOpen,
    /// Outages that have not ended.
    OutagesOpen,
    /// Consumers that send nothing.
    SilentMeters,
}

impl TownGauge {
    /// All gauges.
    pub const ALL: &[Self] = &[Self::CasesOpen, Self::OutagesOpen, Self::SilentMeters];

    /// The name of its metric.
    pub fn name(self) -> &'static str {
        match self {
            Self::CasesOpen => "cases_open",
            Self::OutagesOpen => "outages_open",
            Self::SilentMeters => "silent_meters",
        }
    }

    /// What it counts, as the help text of the metric.
    pub fn help(self) -> &'static str {
        match self {
            Self::CasesOpen => "Cases that are open",
            Self::OutagesOpen => "Outages of feeders, transformers and consumers that have not ended",
            Self::SilentMeters => "Consumers that send nothing, by event time",
        }
    }
}

/// The value of each [`TownGauge`].
pub type TownGauges = [u64; TownGauge::ALL.len()];

macro_rules! stages {
    ($($field:ident: $stage:ident,)*) => {
        /// The stages that a plan asks for.
        #[derive(Debug, Clone)]
        pub(crate) struct Stages {
            $(pub(crate) $field: Option<$stage>,)*
        }

        impl Stages {
            pub(crate) fn new(plan: &Plan, topology: &Arc<Topology>) -> Result<Self, TownError> {
                Ok(Self {
                    $($field: match $stage::asked(plan) {
                        Some(settings) => Some($stage::new(settings, plan, topology)?),
                        None => None,
                    },)*
                })
            }

            /// Whether a plan asks for any stage.
            pub(crate) fn any(plan: &Plan) -> bool {
                false $(|| $stage::asked(plan).is_some())*
            }

            /// The events of meters that the stages of a plan need.
            pub(crate) fn events(plan: &Plan) -> Vec<EventCode> {
                let mut events = Vec::new();
                $(if let Some(settings) = $stage::asked(plan) {
                    events.extend($stage::events(&settings));
                })*
                events
            }

            pub(crate) fn fits(&self, topology: &Topology) -> Result<(), TownError> {
                $(if let Some(stage) = &self.$field {
                    stage.fits(topology)?;
                })*
                Ok(())
            }

            pub(crate) fn place(&mut self, before: &Topology, topology: &Arc<Topology>) {
                $(if let Some(stage) = &mut self.$field {
                    stage.place(before, topology);
                })*
            }

            pub(crate) fn finish(&mut self, topology: &Topology, out: &mut Outputs) {
                $(if let Some(stage) = &mut self.$field {
                    stage.finish(topology, out);
                })*
            }

            pub(crate) fn store(&self, topology: &Topology, parts: &mut Storing) {
                $(if let Some(stage) = &self.$field {
                    stage.store(topology, parts);
                })*
            }

            pub(crate) fn restore(
                &mut self,
                topology: &Topology,
                parts: &mut Restoring<'_>,
            ) -> Result<(), SnapshotError> {
                $(if let Some(stage) = &mut self.$field {
                    stage.restore(topology, parts)?;
                })*
                Ok(())
            }

            pub(crate) fn gauges(&self) -> TownGauges {
                let mut gauges = TownGauges::default();
                let mut set = |gauge: TownGauge, value| gauges[gauge as usize] = value;
                $(if let Some(stage) = &self.$field {
                    stage.gauges(&mut set);
                })*
                gauges
            }
        }
    };
}

// The order is that in which a tick passes through the stages.
stages! {
    balances: Balances,
    contracts: Contracts,
    supply: Supply,
    index: Index,
    watch: Watch,
    groups: Groups,
    expectations: Expectations,
    deliveries: Deliveries,
    desk: Desk,
}
