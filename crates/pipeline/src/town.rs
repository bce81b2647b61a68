//! The second stage of a whole town, or of a part of it: its topology, and the stages that look at each tick.

use crate::Outputs;
use crate::parts::{Restoring, Storing};
use crate::plan::Plan;
use crate::reports::Reports;
use crate::snapshot::SnapshotError;
use crate::stages::{NotLookedAt, Stages, Tick, TownGauges, Watch};
use forecast::SeasonalMean;
use grid::{Join, Topology, balance};
use metering::DemandRow;
use notify::RouteError;
use reading::{EventTime, Fingerprint, Grid, Interval, Target};
use std::sync::Arc;
use supply::Supply;
use vet::Tally;

/// Balances, expectations, suspicions, cases and messages of a whole town, tick by tick.
#[derive(Debug, Clone)]
pub struct Town {
    grid: Grid,
    topology: Arc<Topology>,
    stages: Stages,
}

/// Why a plan and a topology make no town.
#[derive(Debug, thiserror::Error)]
pub enum TownError {
    /// A channel cannot say who gets what.
    #[error(transparent)]
    Routes(#[from] RouteError),
}

impl Town {
    /// A town at its beginning.
    pub fn new(plan: &Plan, topology: impl Into<Arc<Topology>>) -> Result<Self, TownError> {
        let topology = topology.into();
        Ok(Self { grid: plan.grid(), stages: Stages::new(plan, &topology)?, topology })
    }

    /// The connections of meters, transformers and feeders.
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// Takes another topology. One that makes no town changes nothing.
    pub fn place(&mut self, topology: impl Into<Arc<Topology>>) -> Result<(), TownError> {
        let topology = topology.into();
        self.stages.fits(&topology)?;
        self.stages.place(&self.topology, &topology);
        self.topology = topology;
        Ok(())
    }

    /// The cases that are open.
    pub fn open_cases(&self) -> impl Iterator<Item = &cases::Case> {
        self.stages.watch.iter().flat_map(Watch::open_cases)
    }

    /// Who has supply and who has not, if the plan looks at it.
    pub fn supply(&self) -> Option<&Supply> {
        self.stages.supply.as_ref().map(|stage| &stage.supply)
    }

    /// What is remembered of the load of a target, where loads are forecast.
    pub fn load_of(&self, target: Target) -> Option<&SeasonalMean> {
        self.stages.expectations.as_ref().and_then(|stage| stage.load_of(target))
    }

    /// What could not be followed up.
    pub fn not_looked_at(&self) -> NotLookedAt {
        self.stages.watch.as_ref().map(|watch| watch.not_looked_at().clone()).unwrap_or_default()
    }

    /// How often each rule of the second stage fired since it began.
    pub fn tally(&self) -> Tally {
        self.stages.contracts.as_ref().map(|stage| *stage.tally()).unwrap_or_default()
    }

    /// What it counts at this moment.
    pub fn gauges(&self) -> TownGauges {
        self.stages.gauges()
    }

    /// Looks at the intervals that the tick ending at `end` closed, sorted by meter, then by end; and at what came
    /// beside them, each kind by meter and time.
    pub fn tick(&mut self, end: EventTime, rows: &[Interval], reports: &Reports, out: &mut Outputs) {
        let topology = Arc::clone(&self.topology);
        let joined = Join::new(&topology, rows);
        let Stages { balances, contracts, supply, watch, groups, expectations } = &mut self.stages;
        let is_balanced = balances.is_some() || contracts.is_some();
        let balanced = if is_balanced { balance(end, joined.iter(), &topology) } else { Vec::new() };
        let tick = Tick { end, joined: &joined, reports, balances: &balanced };
        if let Some(balances) = balances {
            balances.tick(&tick, out);
        }
        if let Some(contracts) = contracts {
            contracts.tick(&tick, out);
        }
        if let Some(supply) = supply {
            supply.tick(&tick, out);
        }
        if let Some(watch) = watch {
            watch.tick(&tick, out);
        }
        if let Some(groups) = groups {
            groups.tick(&tick, out);
        }
        if let Some(expectations) = expectations {
            expectations.tick(&tick, out);
        }
    }

    /// It is `now` by the clock of the shell, every reading of before has been looked at, and no tick will come that
    /// says so. Silence is noticed all the same.
    pub fn notice(&mut self, now: EventTime, out: &mut Outputs) {
        if let Some(supply) = &mut self.stages.supply {
            supply.notice(now, &self.topology, out);
        }
    }

    /// No tick will come any more: the day and the month under way are published as far as they went.
    pub fn finish(&mut self, out: &mut Outputs) {
        self.stages.finish(&self.topology, out);
    }

    /// Adds to the demand of meters what is known of others, once the tick that closed it is looked at.
    pub fn complete(&mut self, demand: &mut [DemandRow]) {
        if let Some(groups) = &mut self.stages.groups {
            groups.complete(demand, &self.topology);
        }
    }

    /// What waits on the way to a town is intervals of its length.
    pub(crate) fn inflow_fingerprint(&self) -> u64 {
        Fingerprint::new("inflow").whole(self.grid.length()).end()
    }

    /// Appends the parts of all stages to those that are stored.
    pub(crate) fn store(&self, parts: &mut Storing) {
        self.stages.store(&self.topology, parts);
    }

    /// Takes the parts of all stages out of those that were stored, into a town at its beginning.
    pub(crate) fn restore(&mut self, parts: &mut Restoring<'_>) -> Result<(), SnapshotError> {
        self.stages.restore(&self.topology, parts)
    }
}
