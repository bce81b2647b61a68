//! A lane is the first stage: it judges the order of arrival, and holds the meters.
//!
//! A lane has all partitions of a replay, or one partition of a log. With one partition, its state depends only on
//! the messages of that partition up to an offset. So a lane that is restored at that offset, in any process,
//! continues as if it had never stopped.

use crate::books::Books;
use crate::outputs::{Closing, Part, bury, bury_held, bury_undecoded, clocks_ahead};
use crate::parts::{Found, LostPart, PartKind, Restoring, Storing, Taken};
use crate::plan::MostPower;
use crate::snapshot::SnapshotError;
use crate::{Outputs, Plan};
use fleet::{
    Fleet, FleetState, FleetStateV1, FleetStateV2, FleetStateV3, PartitionId, Sequencer, SequencerStateV1,
    SequencerStateV2, SequencerStateV3, SequencerStateV4, Shard, Step,
};
use grid::Topology;
use health::Summary;
use metering::MeteringRows;
use reading::{Batch, EventTime};
use vet::Tally;

const ORDER: PartKind = PartKind {
    name: "order",
    version: Sequencer::STATE_VERSION,
    reads: &[1, 2, 3, 4],
    holds: "how far each partition has come, and readings that wait for a clock",
    settings: "no setting",
};
const METERS: PartKind = PartKind {
    name: "meters",
    version: Fleet::STATE_VERSION,
    reads: &[1, 2, 3],
    holds: "registers and open intervals: the first interval of every meter is then partial",
    settings: "`length`, `grace` or `energy` of `[intervals]`",
};

/// The meters of some partitions, and the order of their readings.
#[derive(Debug)]
pub struct Lane {
    pub(crate) sequencer: Sequencer,
    pub(crate) fleet: Fleet,
    pub(crate) books: Books,
    most_power: MostPower,
    steps: Vec<Step>,
    /// The fingerprint of the settings that the stored meters depend on.
    meters_fingerprint: u64,
    /// How many meters the stored changes hold since the whole state was stored last.
    behind: usize,
}

/// Profiles of so many meters are published at once: each takes some kilobytes.
const AT_ONCE: usize = 64;

/// Changes of so few meters are no reason to store the whole state anew: a restart reads them in no time.
const FEW: usize = 10_000;

impl Lane {
    /// A lane without any state.
    pub fn new(plan: &Plan, topology: &Topology) -> Self {
        Self {
            sequencer: Sequencer::new(plan.order),
            fleet: plan.new_fleet(Shard::WHOLE, topology),
            books: Books::new(plan, topology),
            most_power: plan.most_power.clone(),
            meters_fingerprint: plan.intervals.fingerprint(),
            steps: Vec::new(),
            behind: 0,
        }
    }

    /// The meters.
    pub fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// The order of arrival.
    pub fn sequencer(&self) -> &Sequencer {
        &self.sequencer
    }

    /// Takes from the topology when devices were swapped, how much power each meter can use, and which are gone.
    pub fn place(&mut self, topology: &Topology) {
        self.most_power.place(topology, &mut self.fleet);
        self.books.place(topology);
    }

    /// A partition begins. Its first reading is not before `first`, if that is known.
    pub fn open(&mut self, partition: PartitionId, first: Option<EventTime>) {
        self.sequencer.open(partition, first);
    }

    /// Takes readings of a batch from index `from` on, and returns the index up to which it took them.
    ///
    /// It stops before the end of the batch when another partition has earlier readings.
    pub fn take(&mut self, partition: PartitionId, batch: &Batch, from: usize, out: &mut Outputs) -> usize {
        if from == 0 {
            bury_undecoded(partition, batch, &mut out.dead);
        }
        let mut waited = Vec::new();
        let closed = self.sequencer.closed();
        let came = self.sequencer.sequence(partition, batch, from, &mut self.steps, &mut waited);
        for (held, reason) in waited {
            bury_held(partition, held, reason, &mut out.dead);
        }
        self.take_steps(partition, batch, closed, out);
        came
    }

    /// A partition has no more readings.
    pub fn end(&mut self, partition: PartitionId, out: &mut Outputs) {
        let closed = self.sequencer.closed();
        self.sequencer.end(partition, &mut self.steps);
        self.take_steps(partition, &Batch::default(), closed, out);
    }

    /// All partitions have ended. Intervals that still wait for a register reading are closed with what is known.
    pub fn finish(&mut self, out: &mut Outputs) {
        let known = out.intervals.len();
        self.fleet.finish(&mut out.intervals);
        out.closings.push((Closing::End, out.intervals.len()));
        self.enter(known, out);
        out.demand_upto.push(out.metering.demand.len());
        for turn in 0..self.books.last_turns() {
            let reports = self.books.last_reports(turn, &self.fleet);
            out.reports.extend(reports.into_iter().map(|report| (EventTime::MAX, report)));
        }
    }

    /// What has been wrong with the readings since the state began.
    pub fn summary(&self) -> Summary {
        self.books.summary(&self.fleet)
    }

    /// To be called after [`Self::finish`]. Passes on unfinished billing periods, and profiles, of some meters at a
    /// time.
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

    /// Does the steps. Before them, every interval up to `closed` was closed.
    fn take_steps(
        &mut self,
        partition: PartitionId,
        batch: &Batch,
        mut closed: EventTime,
        out: &mut Outputs,
    ) {
        let mut refused = Vec::new();
        for step in std::mem::take(&mut self.steps) {
            match step {
                Step::Admit(range) => {
                    self.fleet.admit(batch, range, &mut refused);
                    self.books.hear(&self.fleet, batch);
                }
                // Readings that came too early and waited have a batch of their own. Their refusals are indices into
                // that batch, and not into the current one.
                Step::Released(partition, released) => {
                    let mut refused = Vec::new();
                    self.fleet.admit(&released, 0..released.len(), &mut refused);
                    self.books.hear(&self.fleet, &released);
                    bury(partition, &released, &refused, &mut out.dead);
                }
                Step::Refused(partition, refused) => {
                    bury(partition, &refused, &clocks_ahead(&refused), &mut out.dead);
                }
                Step::Join(number) => {
                    let known = out.intervals.len();
                    self.fleet.join(number, &mut out.intervals);
                    self.enter(known, out);
                    let part = Part { after: closed, number };
                    out.closings.push((Closing::Part(part), out.intervals.len()));
                    out.demand_upto.push(out.metering.demand.len());
                }
                Step::Advance(watermark) => {
                    closed = watermark;
                    if watermark == EventTime::MAX {
                        self.books.end();
                    }
                    self.close_up_to(watermark, true, out);
                }
                Step::Rest(last) => {
                    self.fleet.end();
                    self.books.end();
                    self.close_up_to(last, true, out);
                    self.close_up_to(EventTime::MAX, false, out);
                }
            }
        }
        bury(partition, batch, &refused, &mut out.dead);
    }

    /// Closes the intervals that end at `watermark` or before, as ticks or as rows of no tick.
    fn close_up_to(&mut self, watermark: EventTime, in_ticks: bool, out: &mut Outputs) {
        let mut known = out.intervals.len();
        while let Some(end) = self.fleet.close_next(watermark, &mut out.intervals) {
            self.enter(known, out);
            let closing = if in_ticks { Closing::Tick(end) } else { Closing::End };
            out.closings.push((closing, out.intervals.len()));
            let tick = if in_ticks { end } else { EventTime::MAX };
            let reports = self.books.reports(end, &mut self.fleet);
            out.reports.extend(reports.into_iter().map(|report| (tick, report)));
            out.demand_upto.push(out.metering.demand.len());
            known = out.intervals.len();
        }
    }

    /// Enters the rows from `known` on into the books.
    fn enter(&mut self, known: usize, out: &mut Outputs) {
        let rows = &mut out.intervals[known..];
        self.books.enter(self.fleet.row_slots(), self.fleet.silences(), rows, &mut out.metering);
    }

    /// The whole state, as bytes to store. From here on, changes are kept for [`Self::store_changes`].
    pub fn store(&mut self) -> Vec<u8> {
        let mut parts = Storing::new();
        self.fleet.keep_changes();
        self.behind = 0;
        self.store_whole(&mut parts);
        parts.end()
    }

    /// Appends the parts of the whole state.
    pub(crate) fn store_whole(&self, parts: &mut Storing) {
        parts.part(&ORDER, self.sequencer.fingerprint(), &self.sequencer.snapshot());
        parts.part(&METERS, self.meters_fingerprint, &self.fleet.stored());
        self.books.store(0..self.fleet.len() as u32, parts);
    }

    /// The changes since the state, or changes to it, were stored last.
    pub fn store_changes(&mut self) -> Vec<u8> {
        let mut parts = Storing::new();
        self.behind += self.fleet.changed();
        let changed = self.fleet.changed_slots();
        parts.part(&ORDER, self.sequencer.fingerprint(), &self.sequencer.snapshot());
        parts.part(&METERS, self.meters_fingerprint, &self.fleet.changes());
        self.books.store(changed.into_iter(), &mut parts);
        parts.end()
    }

    /// Whether the changes since the whole state was stored hold more meters than the whole state, and not few.
    ///
    /// A restart reads the whole state and all changes. So it is then better to store the whole state anew.
    pub fn is_mostly_changed(&self) -> bool {
        self.behind + self.fleet.changed() > self.fleet.len().max(FEW)
    }

    /// Restores a lane from the whole state and the changes to it, in the order in which they were stored.
    ///
    /// Parts whose settings have changed in the plan start empty. They are returned as lost.
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

    /// Restores the parts of a lane. It must have no state yet.
    pub(crate) fn take_parts(&mut self, parts: &mut Restoring<'_>) -> Result<(), SnapshotError> {
        if let Some(found) = parts.take(&ORDER, self.sequencer.fingerprint())? {
            let stored = match found.version {
                1 => found.whole::<SequencerStateV1>()?.into(),
                2 => found.whole::<SequencerStateV2>()?.into(),
                3 => found.whole::<SequencerStateV3>()?.into(),
                4 => found.whole::<SequencerStateV4>()?.into(),
                _ => found.whole()?,
            };
            self.sequencer.restore(&stored).map_err(|_| found.wrong())?;
        }
        match parts.take_even_remains(&METERS, self.meters_fingerprint)? {
            Some(Taken::Whole(found)) => {
                let stored = self.meters_in(&found)?;
                self.fleet.restore(&stored).map_err(|_| found.wrong())?;
            }
            // The books are kept by slot. If each meter got another slot, it would get the profile and the bill of
            // another.
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

    /// The stored state of the meters, with all changes applied.
    fn meters_in(&mut self, found: &Found<'_>) -> Result<FleetState, SnapshotError> {
        self.behind = 0;
        let mut overlay = |whole: &mut FleetState, later: FleetState| {
            self.behind += later.meters();
            whole.overlay(later).map_err(|_| found.wrong())
        };
        match found.version {
            1 => found.overlaid_as::<FleetStateV1, _>(overlay),
            2 => found.overlaid_as::<FleetStateV2, _>(overlay),
            3 => found.overlaid_as::<FleetStateV3, _>(overlay),
            _ => found.overlaid(&mut overlay),
        }
    }

    /// From now on each meter's profile is published every four weeks.
    pub fn publish_profiles_every_four_weeks(&mut self) {
        self.books.publish_profiles_every_four_weeks();
    }

    /// Bytes that the books take: profiles, demand, and the state of the quality rules.
    pub fn books_memory(&self) -> usize {
        self.books.memory()
    }

    /// How often each quality rule has fired since the state began.
    pub fn tally(&self) -> Tally {
        self.books.tally()
    }
}

#[cfg(test)]
mod tests;
