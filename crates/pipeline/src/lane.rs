//! The first stage: the order of arrival, and the meters.
//!
//! A lane holds all partitions of a replay, or one partition of a log. Of one partition its state depends on nothing
//! but what that partition held up to a place, so a lane restored there goes on as if it had never stopped, in
//! whatever process.

use crate::books::Books;
use crate::outputs::{bury, bury_held, bury_undecoded};
use crate::parts::{Found, LostPart, PartKind, Restoring, Storing, Taken};
use crate::snapshot::SnapshotError;
use crate::{Outputs, Plan};
use fleet::{Fleet, FleetState, PartitionId, Sequencer, Shard, Step};
use grid::Topology;
use metering::MeteringRows;
use reading::{Batch, EventTime};
use vet::Tally;

const ORDER: PartKind = PartKind {
    name: "order",
    version: Sequencer::STATE_VERSION,
    reads: &[],
    holds: "how far each partition has come, and readings that wait for a clock",
    settings: "no setting",
};
const METERS: PartKind = PartKind {
    name: "meters",
    version: Fleet::STATE_VERSION,
    reads: &[],
    holds: "registers and open intervals: the first interval of every meter is then partial",
    settings: "`length`, `grace` or `energy` of `[intervals]`",
};

/// Meters, and the order in which their readings come.
#[derive(Debug)]
pub struct Lane {
    pub(crate) sequencer: Sequencer,
    pub(crate) fleet: Fleet,
    pub(crate) books: Books,
    steps: Vec<Step>,
    /// Of the settings that the stored meters depend on.
    meters_fingerprint: u64,
    /// How many meters the changes hold that were stored since the whole state was.
    behind: usize,
}

/// Profiles of so many meters are published at once: each is some kilobytes.
const AT_ONCE: usize = 64;

/// Changes of so few meters are no burden, however many meters there are.
const FEW: usize = 10_000;

impl Lane {
    /// A lane at its beginning.
    pub fn new(plan: &Plan, topology: &Topology) -> Self {
        let fleet = plan.new_fleet(Shard::WHOLE);
        let mut lane = Self {
            sequencer: Sequencer::new(plan.order),
            fleet,
            books: Books::new(plan),
            meters_fingerprint: plan.intervals.fingerprint(),
            steps: Vec::new(),
            behind: 0,
        };
        lane.place(topology);
        lane
    }

    /// The meters.
    pub fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// The order of arrival.
    pub fn sequencer(&self) -> &Sequencer {
        &self.sequencer
    }

    /// Takes note of the devices that were exchanged.
    pub fn place(&mut self, topology: &Topology) {
        topology.swaps().for_each(|(meter, at)| self.fleet.swap(meter, at));
    }

    /// A partition is there; its first reading is not before `first`, as far as is known.
    pub fn open(&mut self, partition: PartitionId, first: Option<EventTime>) {
        self.sequencer.open(partition, first);
    }

    /// Takes readings of a partition from a place in a batch on. Returns how far it came: it stops early when it is
    /// another partition's turn.
    pub fn take(&mut self, partition: PartitionId, batch: &Batch, from: usize, out: &mut Outputs) -> usize {
        if from == 0 {
            bury_undecoded(partition, batch, &mut out.dead);
        }
        let (mut late, mut waited) = (Vec::new(), Vec::new());
        let came = self.sequencer.sequence(partition, batch, from, &mut self.steps, &mut late, &mut waited);
        bury(partition, batch, &late, &[], &mut out.dead);
        for (held, reason) in waited {
            bury_held(partition, held, reason, &mut out.dead);
        }
        self.take_steps(partition, batch, out);
        came
    }

    /// A partition has no more readings.
    pub fn end(&mut self, partition: PartitionId, out: &mut Outputs) {
        self.sequencer.end(partition, &mut self.steps);
        self.take_steps(partition, &Batch::default(), out);
    }

    /// All partitions have ended: intervals that wait for a register are closed with what is known.
    pub fn finish(&mut self, out: &mut Outputs) {
        let known = out.intervals.len();
        self.fleet.finish(&mut out.intervals);
        out.ticks.push((EventTime::MAX, out.intervals.len()));
        let rows = &mut out.intervals[known..];
        self.books.enter(self.fleet.row_slots(), self.fleet.silences(), rows, &mut out.metering);
        out.demand_upto.push(out.metering.demand.len());
    }

    /// Behind [`Self::finish`]: billing periods as far as they went, and profiles, of some meters at a time.
    pub fn finish_metering<E>(
        &mut self,
        mut each: impl FnMut(MeteringRows) -> Result<(), E>,
    ) -> Result<(), E> {
        for slots in self.fleet.by_name().chunks(AT_ONCE) {
            let meters = slots.iter().map(|&slot| (slot, self.fleet.meter(slot)));
            let Some(rows) = self.books.finish(meters) else { return Ok(()) };
            each(rows)?;
        }
        Ok(())
    }

    fn take_steps(&mut self, partition: PartitionId, batch: &Batch, out: &mut Outputs) {
        let mut refused = Vec::new();
        for step in self.steps.drain(..) {
            match step {
                Step::Admit(range) => self.fleet.admit(batch, range, &mut refused),
                Step::Released(released) => {
                    let mut refused = Vec::new();
                    self.fleet.admit(&released, 0..released.len(), &mut refused);
                    bury(partition, &released, &[], &refused, &mut out.dead);
                }
                Step::Advance(watermark) => {
                    let mut known = out.intervals.len();
                    while let Some(end) = self.fleet.close_next(watermark, &mut out.intervals) {
                        out.ticks.push((end, out.intervals.len()));
                        let rows = &mut out.intervals[known..];
                        self.books.enter(
                            self.fleet.row_slots(),
                            self.fleet.silences(),
                            rows,
                            &mut out.metering,
                        );
                        let reports = self.books.reports(&self.fleet);
                        out.reports.extend(reports.into_iter().map(|report| (end, report)));
                        out.demand_upto.push(out.metering.demand.len());
                        known = out.intervals.len();
                    }
                }
            }
        }
        bury(partition, batch, &[], &refused, &mut out.dead);
    }

    /// The whole state, to be stored. Changes are counted from here on.
    pub fn store(&mut self) -> Vec<u8> {
        let mut parts = Storing::new();
        self.fleet.keep_changes();
        self.behind = 0;
        self.store_whole(&mut parts);
        parts.end()
    }

    /// Appends the whole state to the parts that are stored.
    pub(crate) fn store_whole(&self, parts: &mut Storing) {
        parts.part(&ORDER, self.sequencer.fingerprint(), &self.sequencer.snapshot());
        parts.part(&METERS, self.meters_fingerprint, &self.fleet.stored());
        self.books.store(0..self.fleet.len() as u32, parts);
    }

    /// What changed since the state or changes of it were stored last.
    pub fn store_changes(&mut self) -> Vec<u8> {
        let mut parts = Storing::new();
        self.behind += self.fleet.changed();
        let changed = self.fleet.changed_slots();
        parts.part(&ORDER, self.sequencer.fingerprint(), &self.sequencer.snapshot());
        parts.part(&METERS, self.meters_fingerprint, &self.fleet.changes());
        self.books.store(changed.into_iter(), &mut parts);
        parts.end()
    }

    /// Whether all changes since the whole state was stored are more than the whole state is: then that is better
    /// stored anew, because a restart reads all of them.
    pub fn is_mostly_changed(&self) -> bool {
        self.behind + self.fleet.changed() > self.fleet.len().max(FEW)
    }

    /// A lane that goes on from what was stored: the whole state, and the changes to it in their order. Parts that the
    /// plan cannot go on with begin afresh, and are named.
    pub fn restore(
        plan: &Plan,
        topology: &Topology,
        chain: &[impl AsRef<[u8]>],
    ) -> Result<(Self, Vec<LostPart>), SnapshotError> {
        let mut parts = Restoring::read(chain)?;
        let mut lane = Self::new(plan, topology);
        lane.take_parts(&mut parts)?;
        lane.fleet.keep_changes();
        Ok((lane, parts.finish()))
    }

    /// Takes its parts out of those that were stored, at its beginning.
    pub(crate) fn take_parts(&mut self, parts: &mut Restoring<'_>) -> Result<(), SnapshotError> {
        if let Some(found) = parts.take(&ORDER, self.sequencer.fingerprint())? {
            self.sequencer.restore(&found.whole()?).map_err(|_| found.wrong())?;
        }
        match parts.take_even_remains(&METERS, self.meters_fingerprint)? {
            Some(Taken::Whole(found)) => {
                let stored = self.meters_in(&found)?;
                self.fleet.restore(&stored).map_err(|_| found.wrong())?;
            }
            // The books are kept by the slots of the meters, so the meters come back by name at least.
            Some(Taken::Remains(found)) => {
                let stored = self.meters_in(&found)?;
                self.fleet.restore_names(&stored).map_err(|_| found.wrong())?;
            }
            None => {
                Books::lose(parts, &METERS);
                return Ok(());
            }
        }
        self.books.restore(parts)
    }

    /// The whole state of the meters with all changes to it.
    fn meters_in(&mut self, found: &Found<'_>) -> Result<FleetState, SnapshotError> {
        self.behind = 0;
        found.overlaid(|whole: &mut FleetState, later: FleetState| {
            self.behind += later.meters();
            whole.overlay(later).map_err(|_| found.wrong())
        })
    }

    /// From now on each meter's profile is published every four weeks.
    pub fn publish_profiles_every_four_weeks(&mut self) {
        self.books.publish_profiles_every_four_weeks();
    }

    /// Bytes that the books take: profiles, demand, and what vetting remembers.
    pub fn books_memory(&self) -> usize {
        self.books.memory()
    }

    /// How often each rule was met since the state began.
    pub fn tally(&self) -> Tally {
        self.books.tally()
    }
}

#[cfg(test)]
mod tests;
