//! The second stage of a town or a part of it: its topology, and the stages that work on each tick.

use crate::Outputs;
use crate::confluence::Flow;
use crate::parts::{Restoring, Storing};
use crate::plan::Plan;
use crate::reports::Reports;
use crate::snapshot::SnapshotError;
use crate::stages::{Desk, Mark, NotLookedAt, Stages, Tick, TownGauges, Watch};
use forecast::SeasonalMean;
use grid::{Join, Topology};
use health::Summary;
use metering::DemandRow;
use notify::RouteError;
use notify::desk::{Counts, Waiting};
use reading::{EventTime, Fingerprint, Grid, Interval, Target};
use std::sync::Arc;
use supply::Supply;
use vet::Tally;

/// Computes balances, forecasts, suspicions, cases and messages of a town, tick by tick.
#[derive(Debug, Clone)]
pub struct Town {
    grid: Grid,
    topology: Arc<Topology>,
    stages: Stages,
}

/// Why a plan and a topology do not fit together.
#[derive(Debug, thiserror::Error)]
pub enum TownError {
    /// A channel cannot work out who gets its messages.
    #[error(transparent)]
    Routes(#[from] RouteError),
}

impl Town {
    /// A town without any state.
    pub fn new(plan: &Plan, topology: impl Into<Arc<Topology>>) -> Result<Self, TownError> {
        let topology = topology.into();
        Ok(Self { grid: plan.grid(), stages: Stages::new(plan, &topology)?, topology })
    }

    /// The connections of meters, transformers and feeders.
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// Takes another topology. If the topology is wrong, the town stays as it is.
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

    /// Which meters have supply, if the plan has a section `[supply]`.
    pub fn supply(&self) -> Option<&Supply> {
        self.stages.supply.as_ref().map(|stage| &stage.supply)
    }

    /// The history of the load of a target, if the plan forecasts loads.
    pub fn load_of(&self, target: Target) -> Option<&SeasonalMean> {
        self.stages.expectations.as_ref().and_then(|stage| stage.load_of(target))
    }

    /// What could not be judged, for lack of topology.
    pub fn not_looked_at(&self) -> NotLookedAt {
        self.stages.watch.as_ref().map(|watch| watch.not_looked_at().clone()).unwrap_or_default()
    }

    /// What became of everything that routes could take, and what waits.
    pub fn notices(&self) -> Option<(Counts, Waiting)> {
        self.stages.desk.as_ref().map(Desk::counts)
    }

    /// How often each quality rule of the second stage has fired since the state began.
    pub fn tally(&self) -> Tally {
        self.stages.contracts.as_ref().map(|stage| *stage.tally()).unwrap_or_default()
    }

    /// Adds to a summary of data health what only the town knows.
    pub fn complete_health(&self, summary: &mut Summary) {
        if let Some(balances) = &self.stages.balances {
            summary.set_after_final(balances.after_final());
        }
        if let Some(deliveries) = &self.stages.deliveries {
            deliveries.complete(summary);
        }
    }

    /// The gauges of all stages.
    pub fn gauges(&self) -> TownGauges {
        self.stages.gauges()
    }

    /// Works on what comes next out of a confluence.
    pub fn take(&mut self, flow: Flow, out: &mut Outputs) {
        match flow {
            Flow::Tick(end, tick) => self.tick(end, &tick.rows, &tick.reports.into_iter().collect(), out),
            Flow::Part(rows) => self.join(&rows, out),
        }
    }

    /// Works on the tick that ends at `end`. The intervals that it closed are sorted by meter, then by end, and the
    /// reports of each kind by meter and time.
    ///
    /// The balances of transformers are computed once, for every stage that needs them.
    pub fn tick(&mut self, end: EventTime, rows: &[Interval], reports: &Reports, out: &mut Outputs) {
        let topology = Arc::clone(&self.topology);
        let joined = Join::new(&topology, rows);
        let Stages { balances, contracts, supply, index, watch, groups, expectations, deliveries, desk } =
            &mut self.stages;
        let balanced = balances.as_mut().map(|stage| stage.compute(end, &joined)).unwrap_or_default();
        let mark = Mark::of(out);
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
        if let Some(index) = index {
            index.tick(&tick, out);
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
        if let Some(deliveries) = deliveries {
            deliveries.tick(&tick, out);
        }
        if let Some(desk) = desk {
            desk.route(end, &mark, &topology, out);
        }
    }

    /// Takes the last reports of the first stage, when no further tick will come.
    pub fn take_last(&mut self, reports: &Reports, out: &mut Outputs) {
        if let Some(deliveries) = &mut self.stages.deliveries {
            deliveries.take_last(&reports.deliveries, &self.topology, out);
        }
    }

    /// Takes a part of a long backlog: rows of ticks that are over, by meter and end. What they show is published with
    /// the next tick, so the order of parts does not matter.
    pub fn join(&mut self, rows: &[Interval], out: &mut Outputs) {
        let topology = Arc::clone(&self.topology);
        let joined = Join::new(&topology, rows);
        self.add(&joined, out);
        let Stages { contracts, supply, watch, expectations, .. } = &mut self.stages;
        if let Some(contracts) = contracts {
            contracts.join(&joined);
        }
        if let Some(supply) = supply {
            supply.join(&joined);
        }
        if let Some(watch) = watch {
            watch.join(&joined);
        }
        if let Some(expectations) = expectations {
            expectations.join(&joined);
        }
    }

    /// Takes rows that were still open when the run ended. They join balances and sums of groups. No other stage looks at
    /// them: if a run goes on from before the end, a tick brings them again.
    pub fn join_open(&mut self, rows: &[Interval], out: &mut Outputs) {
        let topology = Arc::clone(&self.topology);
        self.add(&Join::new(&topology, rows), out);
    }

    /// Adds rows of ticks that are over to balances and sums of groups.
    fn add(&mut self, joined: &Join<'_>, out: &mut Outputs) {
        let mark = Mark::of(out);
        if let Some(balances) = &mut self.stages.balances {
            balances.join(joined);
        }
        if let Some(groups) = &mut self.stages.groups {
            groups.join(joined, out);
        }
        if let Some(desk) = &mut self.stages.desk {
            desk.queue(&mark, joined.topology(), out);
        }
    }

    /// No further row will come: sums of groups that wait for late rows enter the demand of the groups. Call it before
    /// rows of the current billing period are [completed](Self::complete), and before [`Self::finish`].
    pub fn settle(&mut self, out: &mut Outputs) {
        if let Some(groups) = &mut self.stages.groups {
            groups.settle(&self.topology, out);
        }
    }

    /// Notices that meters are silent although no tick comes.
    ///
    /// If a whole town loses supply, no reading arrives, so no watermark advances and no tick closes. The shell then
    /// gives the time of its clock, `now`. It must have passed on every reading from before.
    pub fn notice(&mut self, now: EventTime, out: &mut Outputs) {
        let mark = Mark::of(out);
        if let Some(supply) = &mut self.stages.supply {
            supply.notice(now, &self.topology, out);
        }
        if let Some(desk) = &mut self.stages.desk {
            desk.route(now, &mark, &self.topology, out);
        }
    }

    /// No further tick will come, and files are written that hold balances and losses that are not final. Call it until
    /// it returns false: it publishes one interval at a time, because there may be days of them.
    pub fn end_balances(&mut self, out: &mut Outputs) -> bool {
        self.stages.balances.as_mut().is_some_and(|stage| stage.end(&self.topology, out))
    }

    /// No further tick will come. The current day and month are published as far as they went.
    pub fn finish(&mut self, out: &mut Outputs) {
        let mark = Mark::of(out);
        self.stages.finish(&self.topology, out);
        if let Some(desk) = &mut self.stages.desk {
            desk.end(&mark, &self.topology, out);
        }
    }

    /// Adds to rows of demand what only other meters or the topology know. Call it after the tick that closed them.
    pub fn complete(&mut self, demand: &mut [DemandRow]) {
        if let Some(groups) = &mut self.stages.groups {
            groups.complete(demand, &self.topology);
        }
    }

    /// The fingerprint of the intervals that wait for slower lanes: they depend on the length of an interval only.
    pub(crate) fn inflow_fingerprint(&self) -> u64 {
        Fingerprint::new("inflow").whole(self.grid.length()).end()
    }

    /// Appends the parts of all stages.
    pub(crate) fn store(&self, parts: &mut Storing) {
        self.stages.store(&self.topology, parts);
    }

    /// Restores the parts of all stages. The town must have no state yet.
    pub(crate) fn restore(&mut self, parts: &mut Restoring<'_>) -> Result<(), SnapshotError> {
        self.stages.restore(&self.topology, parts)
    }
}
