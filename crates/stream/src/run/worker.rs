//! A thread that holds some partitions: it decodes their messages and publishes closed intervals, or the findings of a
//! district.

use super::exchange::{Endings, Passing};
use super::halt::Ended;
use super::messages::{LastStored, State, Stored, Ticks, ToSecond, ToWorker};
use super::noticing::{Next, Noticing};
use super::parcel::{Empties, Parcel};
use super::progress::Progress;
use super::publish::{Publisher, Record};
use super::rows::Rows;
use super::tally::Tally;
use super::too_far::TooFar;
use crate::metrics::Metrics;
use crate::trace::Trace;
use grid::Topology;
use pipeline::{Closing, Lane, Outputs, PartitionId, Passed, Plan, fingerprint_of_parts};
use reading::issue::Counts;
use reading::{Batch, EventTime};
use shell::telemetry;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};

pub struct Worker<'a> {
    pub index: usize,
    pub plan: &'a Plan,
    pub full_after: u32,
    pub rows: Rows<'a>,
    pub publisher: &'a Publisher,
    pub empties: &'a Empties,
    pub second: SyncSender<(usize, ToSecond)>,
    /// The topic through which rows are passed on to districts, with `exchange = "kafka"`.
    pub passing: Option<&'a Passing>,
    pub endings: &'a Endings,
    /// Lanes that are too far ahead of others for the districts of this instance.
    pub lanes_too_far: &'a TooFar,
    /// How many rows of one lane may wait for slower lanes in a district.
    pub most_rows: usize,
    pub topology: Arc<Topology>,
    pub metrics: &'a Metrics,
    /// How many barriers have passed. Results that are published now belong to this epoch.
    pub epoch: u64,
}

/// The partitions of a worker. They are not fields of [`Worker`], so that its methods can borrow it and one partition.
#[derive(Default)]
struct Partitions {
    held: BTreeMap<PartitionId, Held>,
    /// Partitions that have ended since the last barrier.
    ended: Vec<Stored>,
    /// The counts of partitions that were given away or have ended.
    tally: Tally,
    /// The readings of one parcel, reused for the next one.
    batch: Batch,
}

struct Held {
    state: State,
    progress: Progress,
}

/// Why intervals were closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// By messages; the broker took the newest of them at this time, and this is the last one.
    Messages { newest_ms: i64, last: Trace },
    /// By the end of a run with `--until-end`.
    End,
}

impl Cause {
    fn newest_ms(self) -> i64 {
        match self {
            Self::Messages { newest_ms, .. } => newest_ms,
            Self::End => i64::MIN,
        }
    }

    fn trace(self) -> Option<Trace> {
        match self {
            Self::Messages { last, .. } => Some(last),
            Self::End => None,
        }
    }
}

impl Worker<'_> {
    /// Works until the poller has closed the channel.
    pub fn work(mut self, messages: &Receiver<ToWorker>) -> Result<Tally, Ended> {
        let mut partitions = Partitions::default();
        let mut noticing = Noticing::new();
        loop {
            match noticing.next(messages, self.looks_for_silence(&partitions)) {
                Next::Message(message) => self.act_on(message, &mut partitions)?,
                Next::Look(now) => self.notice_silence(now, &mut partitions)?,
                Next::Over => break,
            }
        }
        let Partitions { held, mut tally, .. } = partitions;
        for held in held.values() {
            tally.add(&held.progress.tally);
            match &held.state {
                State::Lane(lane) => tally.found.health.add(&lane.summary()),
                State::District(_) => {}
            }
        }
        Ok(tally)
    }

    /// Whether the worker has to look for silent meters by the clock. A district has to, even if no lane sends
    /// anything.
    fn looks_for_silence(&self, partitions: &Partitions) -> bool {
        let has_district = |held: &Held| matches!(held.state, State::District(_));
        self.plan.supply.is_some() && partitions.held.values().any(has_district)
    }

    fn notice_silence(&mut self, now: EventTime, partitions: &mut Partitions) -> Result<(), Ended> {
        for (&partition, held) in &mut partitions.held {
            if let Held { state: State::District(district), progress } = held {
                self.notice(partition, district, progress, now)?;
            }
        }
        Ok(())
    }

    fn act_on(&mut self, message: ToWorker, partitions: &mut Partitions) -> Result<(), Ended> {
        match message {
            ToWorker::Open { partition, state, position, stored, gauges } => {
                let progress = Progress::new(&state, position, stored, gauges);
                let held = self.open(partition, Held { state, progress })?;
                partitions.held.insert(partition, held);
            }
            ToWorker::Parcel { partition, parcel } => match partitions.held.get_mut(&partition) {
                Some(Held { state: State::Lane(lane), progress }) => {
                    self.take(partition, lane, progress, parcel, &mut partitions.batch)?;
                }
                Some(Held { state: State::District(district), progress }) => {
                    self.take_passed(partition, district, progress, parcel)?;
                }
                None => {}
            },
            ToWorker::Idle { partition, idle } => {
                self.pass_on(partition, &Passed::Idle { lane: partition, idle })?;
                self.send_to_second(ToSecond::Idle { partition, idle })?;
            }
            ToWorker::Topology(topology) => self.place(topology, partitions)?,
            ToWorker::Barrier => {
                let held = partitions.held.iter_mut();
                let stored = held.map(|(&partition, held)| self.store(partition, held));
                let stored = stored.chain(partitions.ended.drain(..)).collect();
                self.send_to_second(ToSecond::Barrier { stored })?;
                self.epoch += 1;
            }
            ToWorker::Close { partition } => {
                if let Some(held) = partitions.held.remove(&partition) {
                    if let State::District(_) = held.state {
                        self.forget_district(partition, &held.progress);
                    }
                    partitions.tally.add(&held.progress.tally);
                }
            }
            ToWorker::End { partition } => self.end(partition, partitions)?,
        }
        Ok(())
    }

    fn open(&mut self, partition: PartitionId, mut held: Held) -> Result<Held, Ended> {
        match &held.state {
            State::Lane(_) => {
                // Register every rule at zero: an alert rule on a missing series never fires.
                self.plan.rules().for_each(|rule| self.metrics.quality(rule, 0));
                // Districts may know this lane as idle from its earlier owner, and would go on without its rows.
                self.pass_on(partition, &Passed::Idle { lane: partition, idle: false })?;
            }
            State::District(district) => {
                // It may have ended before it was stored, and then no message comes that would show it.
                self.endings.set(partition, held.progress.position, district.ended());
                self.count_district(partition, district, &mut held.progress);
            }
        }
        Ok(held)
    }

    /// Applies a new topology from now on.
    fn place(&mut self, topology: Arc<Topology>, partitions: &mut Partitions) -> Result<(), Ended> {
        for held in partitions.held.values_mut() {
            match &mut held.state {
                State::Lane(lane) => lane.place(&topology),
                State::District(district) => {
                    if let Err(error) = district.place(Arc::clone(&topology)) {
                        telemetry::topology_unfit(&error);
                    }
                }
            }
        }
        self.topology = Arc::clone(&topology);
        self.send_to_second(ToSecond::Topology(topology))
    }

    /// Closes all open intervals of a partition.
    fn end(&mut self, partition: PartitionId, partitions: &mut Partitions) -> Result<(), Ended> {
        if let Some(Held { state: State::Lane(mut lane), mut progress }) = partitions.held.remove(&partition)
        {
            let mut out = Outputs::default();
            lane.end(partition, &mut out);
            lane.finish(&mut out);
            out.reports_of_last_tick();
            progress.count_quality(&lane, self.plan, &Counts::default(), self.metrics);
            self.hand_on(partition, &lane, &mut progress, out, Cause::End)?;
            lane.finish_metering(|rows| {
                self.rows.metering(rows, |record| self.publisher.send(self.epoch, record))
            })?;
            partitions.tally.add(&progress.tally);
            partitions.tally.found.health.add(&lane.summary());
            // The stored state stays the one from before the end, which the last barrier has written. A later run
            // continues from there with open intervals.
            let position = progress.position;
            partitions.ended.push(Stored { partition, position, state: None, ended: true });
        }
        self.send_to_second(ToSecond::End { partition })
    }

    fn take(
        &mut self,
        partition: PartitionId,
        lane: &mut Lane,
        progress: &mut Progress,
        mut parcel: Parcel,
        batch: &mut Batch,
    ) -> Result<(), Ended> {
        batch.clear();
        let mut out = Outputs::default();
        progress.position = parcel.next();
        progress.tally.messages += parcel.messages() as u64;
        let newest_ms = parcel.newest_ms();
        let last = Trace::of(&self.rows.kafka().readings, partition, parcel.next() - 1);
        self.metrics.received_messages.inc_by(parcel.messages() as u64);
        self.metrics.received_bytes.inc_by(parcel.len() as u64);
        parcel.decode(partition, &self.plan.limits, batch, &mut out.dead);
        self.empties.give(parcel);
        progress.tally.readings += batch.len() as u64;
        self.metrics.readings_decoded.inc_by(batch.len() as u64);
        let came = lane.take(partition, batch, 0, &mut out);
        debug_assert_eq!(came, batch.len(), "a lane of one partition has every turn");
        progress.count(lane, self.metrics);
        progress.count_quality(lane, self.plan, &batch.counts, self.metrics);
        self.hand_on(partition, lane, progress, out, Cause::Messages { newest_ms, last })
    }

    /// Publishes the results of one partition, and gives its rows to the second stage.
    fn hand_on(
        &mut self,
        partition: PartitionId,
        lane: &Lane,
        progress: &mut Progress,
        out: Outputs,
        cause: Cause,
    ) -> Result<(), Ended> {
        let publish = |record: &Record<'_>| self.publisher.send(self.epoch, record);
        progress.tally.dead.take(&out);
        progress.tally.intervals += out.intervals.len() as u64;
        self.metrics.intervals.inc_by(out.intervals.len() as u64);
        for dead in &out.dead {
            self.metrics.dead_letters(dead.reason.name(), 1);
            self.rows.dead(dead, publish)?;
        }
        if out.closings.is_empty() {
            return Ok(());
        }
        let closed = lane.sequencer().closed();
        let kept = out.metering;
        // Shared and not copied: the second stage reads the rows while this thread publishes them.
        let rows = Arc::new(Ticks { closings: out.closings, rows: out.intervals, reports: out.reports });
        let in_memory = self.plan.has_second_stage() && self.passing.is_none();
        let shared = if in_memory { Arc::clone(&rows) } else { Arc::default() };
        // The second stage first: its alerts should not wait until all intervals are published.
        self.send_to_second(ToSecond::Rows {
            partition,
            closed,
            rows: shared,
            newest_ms: cause.newest_ms(),
            trace: cause.trace(),
        })?;
        match self.passing {
            None => self.rows.intervals(partition, &self.topology, &rows.closings, &rows.rows, publish)?,
            Some(passing) => self.pass_ticks_on(passing, partition, closed, &rows, cause)?,
        }
        self.rows.metering(kept, |record| self.publisher.send(self.epoch, record))
    }

    /// Passes rows and reports on to their districts, and then, to every district, that these ticks are closed.
    fn pass_ticks_on(
        &mut self,
        passing: &Passing,
        lane: PartitionId,
        closed: EventTime,
        rows: &Ticks,
        cause: Cause,
    ) -> Result<(), Ended> {
        let publish = |record: &Record<'_>| self.publisher.send(self.epoch, record);
        let Ticks { closings, rows, reports } = rows;
        let last = cause == Cause::End;
        let pass = |closing, row| match closing {
            Closing::Tick(tick) => Some(Passed::Row { lane, tick, last, row }),
            Closing::Part(part) => Some(Passed::PartRow { lane, part, row }),
            // They belong to no tick: districts do not get them.
            Closing::End => None,
        };
        let mut first = 0;
        for &(closing, upto) in closings {
            self.rows.passed(
                passing,
                &self.topology,
                &rows[first..upto],
                |row| pass(closing, row),
                publish,
            )?;
            first = upto;
            if let Closing::Part(part) = closing {
                self.pass_on(lane, &Passed::Part { lane, part })?;
            }
        }
        let pass = |tick, report| Passed::Report { lane, tick, last, report };
        passing.reports(&self.topology, reports, pass, publish)?;
        let ticks = closings.iter().filter_map(|(closing, _)| closing.tick()).collect();
        let passed = match cause {
            Cause::End => Passed::Ended { lane, ticks },
            Cause::Messages { newest_ms, .. } => Passed::Closed { lane, closed, ticks, newest_ms },
        };
        self.pass_on(lane, &passed)
    }

    /// Passes a message of the exchange on to all districts, with `exchange = "kafka"`.
    fn pass_on(&self, lane: PartitionId, passed: &Passed) -> Result<(), Ended> {
        match self.passing {
            Some(passing) => passing.to_all(lane, passed, |record| self.publisher.send(self.epoch, record)),
            None => Ok(()),
        }
    }

    fn store(&self, partition: PartitionId, held: &mut Held) -> Stored {
        let Held { state, progress } = held;
        let position = progress.position;
        if let State::Lane(lane) = state {
            progress.gauges.memory(lane.fleet().memory(), lane.books_memory());
        }
        let last = progress.stored;
        // Nothing has come since: the piece in the store is still the state.
        if last.is_some_and(|last| last.position == position) {
            return Stored { partition, position, state: None, ended: false };
        }
        let changes = match state {
            State::Lane(lane) => last.and_then(|last| self.store_changes(last, lane)),
            State::District(_) => None,
        };
        let (base, bytes, behind) = match (changes, last) {
            (Some(changes), Some(last)) => (Some(last.position), changes, last.behind + 1),
            _ => (None, whole(state), 0),
        };
        // The next changes build on this piece, even before it is written: pieces are written in their order.
        let fingerprint = fingerprint_of_parts(&bytes).expect("parts that were just written");
        progress.stored = Some(LastStored { position, behind, fingerprint });
        Stored { partition, position, state: Some((base, bytes)), ended: false }
    }

    /// The changes since the last checkpoint. None if the whole state has to be stored, or is hardly larger.
    fn store_changes(&self, last: LastStored, lane: &mut Lane) -> Option<Vec<u8>> {
        if last.behind >= self.full_after || lane.is_mostly_changed() {
            return None;
        }
        let changes = lane.store_changes();
        // After a start with a changed plan or a newer program the state has other parts. Changes cannot build on the
        // old ones, so it is stored whole.
        (fingerprint_of_parts(&changes).ok() == Some(last.fingerprint)).then_some(changes)
    }

    fn send_to_second(&self, message: ToSecond) -> Result<(), Ended> {
        self.second.send((self.index, message)).map_err(|_| Ended)
    }
}

fn whole(state: &mut State) -> Vec<u8> {
    match state {
        State::Lane(lane) => lane.store(),
        State::District(district) => district.store(),
    }
}
