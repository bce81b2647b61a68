//! The first stage: the order of arrival, and the meters.
//!
//! A lane holds all partitions of a replay, or one partition of a log. Of one partition its state depends on nothing
//! but what that partition held up to a place, so a lane restored there goes on as if it had never stopped, whoever
//! goes on with it.

use crate::books::{Books, BooksV1, Lost, MeteringState};
use crate::outputs::{bury, bury_held, bury_undecoded};
use crate::snapshot::SnapshotError;
use crate::{Outputs, Plan};
use fleet::{Fleet, FleetState, PartitionId, Sequencer, SequencerState, Shard, Step};
use grid::Topology;
use metering::MeteringRows;
use reading::{Batch, EventTime};
use serde::{Deserialize, Serialize};
use vet::Tally;

/// Meters, and the order in which their readings come.
#[derive(Debug)]
pub struct Lane {
    pub(crate) sequencer: Sequencer,
    pub(crate) fleet: Fleet,
    pub(crate) books: Books,
    steps: Vec<Step>,
    /// How many meters the changes hold that were stored since the whole state was.
    behind: usize,
    /// What was stored of profiles and demand is another plan's.
    lost_metering: bool,
}

/// Profiles of so many meters are told at once: each is some kilobytes.
const METERS: usize = 64;

/// Changes of so few meters are no burden, however many meters there are.
const FEW: usize = 10_000;

/// `F` is a [`FleetState`] and `M` a [`MeteringState`], or what is written as one.
#[derive(Serialize, Deserialize)]
struct LaneV3<F, M> {
    sequencer: SequencerState,
    fleet: F,
    books: BooksV1<M>,
}

impl Lane {
    /// A lane at its beginning.
    pub fn new(plan: &Plan, topology: &Topology) -> Self {
        let fleet = plan.new_fleet(Shard::WHOLE);
        let mut lane = Self {
            sequencer: Sequencer::new(plan.order),
            fleet,
            books: Books::new(plan),
            steps: Vec::new(),
            behind: 0,
            lost_metering: false,
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

    /// All partitions have ended: what waits for a register is told with what is known.
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
        for slots in self.fleet.by_name().chunks(METERS) {
            let meters = slots.iter().map(|&slot| (slot, self.fleet.meter(slot)));
            let Some(told) = self.books.finish(meters) else { return Ok(()) };
            each(told)?;
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
                        out.events.extend(self.fleet.tick_events().iter().map(|event| (end, *event)));
                        let rows = &mut out.intervals[known..];
                        self.books.enter(
                            self.fleet.row_slots(),
                            self.fleet.silences(),
                            rows,
                            &mut out.metering,
                        );
                        out.demand_upto.push(out.metering.demand.len());
                        known = out.intervals.len();
                    }
                }
            }
        }
        bury(partition, batch, &[], &refused, &mut out.dead);
    }

    /// The whole state, to be stored; changes are counted from here on.
    pub fn store(&mut self) -> Vec<u8> {
        self.fleet.keep_changes();
        self.behind = 0;
        let books = self.books.stored(0..self.fleet.len() as u32);
        written(&LaneV3 { sequencer: self.sequencer.snapshot(), fleet: self.fleet.stored(), books })
    }

    /// What changed since the state or changes of it were stored last.
    pub fn store_changes(&mut self) -> Vec<u8> {
        self.behind += self.fleet.changed();
        let books = self.books.stored(self.fleet.changed_slots().into_iter());
        written(&LaneV3 { sequencer: self.sequencer.snapshot(), fleet: self.fleet.changes(), books })
    }

    /// Whether all changes since the whole state was stored are more than the whole state is: then that is better
    /// stored anew, as whoever restores reads all of them.
    pub fn is_mostly_changed(&self) -> bool {
        self.behind + self.fleet.changed() > self.fleet.len().max(FEW)
    }

    /// A lane that goes on from what was stored: the whole state, and the changes to it in their order.
    pub fn restore(
        plan: &Plan,
        topology: &Topology,
        chain: &[impl AsRef<[u8]>],
    ) -> Result<Self, SnapshotError> {
        let wrong = |what| SnapshotError::Content { what };
        let mut whole: Option<LaneV3<FleetState, MeteringState>> = None;
        let mut behind = 0;
        for stored in chain {
            let later: LaneV3<FleetState, MeteringState> =
                postcard::from_bytes(stored.as_ref()).map_err(|_| wrong("its structure"))?;
            match &mut whole {
                None => whole = Some(later),
                Some(whole) => {
                    whole.sequencer = later.sequencer;
                    behind += later.fleet.meters();
                    whole.fleet.overlay(later.fleet).map_err(|_| wrong("the changes of the meters"))?;
                    whole.books.overlay(later.books);
                }
            }
        }
        let whole = whole.ok_or_else(|| wrong("no state at all"))?;
        let mut lane = Self::new(plan, topology);
        lane.sequencer.restore(&whole.sequencer).map_err(|_| wrong("the order of arrival"))?;
        lane.fleet.restore(&whole.fleet).map_err(|_| wrong("the meters"))?;
        lane.fleet.keep_changes();
        lane.behind = behind;
        lane.restore_books(&whole.books)?;
        Ok(lane)
    }

    pub(crate) fn restore_books(&mut self, stored: &BooksV1<MeteringState>) -> Result<(), SnapshotError> {
        let Lost(lost) = self.books.restore(stored)?;
        self.lost_metering = lost;
        Ok(())
    }

    /// From now on each meter's profile is told every four weeks.
    pub fn tell_profiles_now_and_then(&mut self) {
        self.books.tell_profiles_now_and_then();
    }

    /// Whether profiles and demand were stored under other settings, and begin afresh.
    pub fn has_lost_metering(&self) -> bool {
        self.lost_metering
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

pub(crate) fn written(stored: &impl Serialize) -> Vec<u8> {
    postcard::to_stdvec(stored).expect("plain data in memory can be written")
}

#[cfg(test)]
mod tests;
