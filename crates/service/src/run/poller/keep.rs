//! Checkpoints of all workers at once, and the end of a run that goes to the end.

use super::{Done, FAREWELL, Poller};
use crate::failure::Failure;
use crate::run::checkpointer::{Written, offsets};
use crate::run::group::watermarks;
use crate::run::stage::Stage;
use crate::run::worker::ToWorker;
use crate::telemetry;
use pipeline::PartitionId;
use rdkafka::consumer::{CommitMode, Consumer};
use std::collections::VecDeque;
use std::sync::PoisonError;
use std::thread;
use std::time::{Duration, Instant};

/// How often a run that is at its end looks whether the others of its group are.
const BETWEEN_LOOKS_AT_OTHERS: Duration = Duration::from_millis(500);
/// How long it waits while they keep nothing more: longer than any session, so that none of them is dead.
const OTHERS: Duration = Duration::from_secs(60);

impl Poller<'_> {
    /// Whether the group has kept what the others have, as far as the run is to go. One of them may be a process that
    /// was killed, of which the group does not know yet: what it had comes here in the end.
    pub(super) fn others_have_ended(&mut self, now: Instant) -> Result<bool, Failure> {
        if self.set.second.is_some() || now < self.next_look_at_others {
            return Ok(self.set.second.is_some());
        }
        self.next_look_at_others = now + BETWEEN_LOOKS_AT_OTHERS;
        // They look at this one in the same way.
        self.next_barrier = now;
        let consumer = self.set.consumer;
        let mut others = self.set.restorer.partitions(consumer)?;
        others.retain(|partition| !self.held.contains_key(partition));
        let committed = self.set.restorer.committed(consumer, &others)?;
        let (mut behind, mut kept) = (false, 0);
        for partition in others {
            let (low, high) = watermarks(consumer, self.topic(), partition)
                .map_err(|cause| Failure::failed("cannot ask for the ends of the others", &cause).again())?;
            let target = *self.set.targets.entry(partition).or_insert(high);
            let offset = committed.get(&partition).map_or(low, |one| one.offset);
            behind |= offset < target;
            kept += offset;
        }
        if self.others.is_none_or(|(before, _)| before != kept) {
            self.others = Some((kept, now));
        }
        // Marks of transactions at the end of a log are no messages: nobody keeps a position behind them.
        let since = self.others.map_or(now, |(_, since)| since);
        Ok(!behind || now - since > OTHERS)
    }

    /// Whether nothing is to come in any partition, if this run goes to the end.
    pub(super) fn all_ended(&self) -> bool {
        self.held.iter().all(|(&partition, held)| match self.set.restorer.stage {
            Stage::Readings => held.ended(),
            // Where the log will end is not known before all lanes have said their last word in it.
            Stage::Grid { .. } => held.at_end.is_some() && self.set.endings.is_at(partition, held.position),
        })
    }

    /// Every worker stores its partitions as of here.
    pub(super) fn barrier(&mut self) {
        *self.set.group.lock().unwrap_or_else(PoisonError::into_inner) = self.set.consumer.group_metadata();
        self.hand_over_all();
        self.pending.iter_mut().for_each(|pending| pending.push_back(ToWorker::Barrier));
        self.in_flight = Some(self.epoch);
        self.epoch += 1;
        self.tell_workers();
    }

    /// A checkpoint is there.
    pub(super) fn keep(&mut self, written: Written) {
        self.in_flight = self.in_flight.filter(|epoch| *epoch != written.epoch);
        if !self.set.kafka.transactional {
            let positions = offsets(self.topic(), &written.positions, &written.number.to_string());
            // For those who look at the group; the checkpoint is what counts.
            if let Err(error) = self.set.consumer.commit(&positions, CommitMode::Async) {
                telemetry::commit_fails(&error);
            }
        }
        telemetry::checkpoint_written(&written);
        self.last = Some(written);
    }

    /// A checkpoint of now; waits for it, but not longer than so.
    #[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
    pub(super) fn store_everything(&mut self, longest: Duration) -> Result<bool, Failure> {
        let until = Instant::now() + longest;
        if !self.wait_for_checkpoint(until)? {
            return Ok(false);
        }
        self.barrier();
        self.wait_for_checkpoint(until)
    }

    /// Waits for the one that is under way, if there is one; says whether it came in time.
    #[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
    fn wait_for_checkpoint(&mut self, until: Instant) -> Result<bool, Failure> {
        while self.in_flight.is_some() {
            self.tell_workers();
            self.check()?;
            match self.set.written.recv_timeout(Duration::from_millis(5)) {
                Ok(written) => self.keep(written),
                Err(_) if Instant::now() >= until => {
                    telemetry::checkpoint_not_awaited();
                    return Ok(false);
                }
                Err(_) => {}
            }
        }
        Ok(true)
    }

    /// Closes what is open. The state that is kept is that of before, so that a later run goes on where this one ended
    /// and tells the intervals of the edge again, whole.
    pub(super) fn end(&mut self) -> Result<Done, Failure> {
        if self.set.restorer.stage != Stage::Readings {
            while !self.store_everything(FAREWELL)? {}
            return Ok(Done::Ended);
        }
        if self.held.values().all(|held| held.was_told && !held.has_news) {
            return Ok(Done::NothingNew);
        }
        while !self.store_everything(FAREWELL)? {}
        // What another instance has closed before it left is not told twice; a second stage is closed as a whole.
        let whole = self.set.second.is_some();
        let open = self.held.iter().filter(|(_, held)| whole || !held.was_told || held.has_news);
        let partitions: Vec<(PartitionId, usize)> = open.map(|(&id, held)| (id, held.worker)).collect();
        for (partition, worker) in partitions {
            self.pending[worker].push_back(ToWorker::End { partition });
        }
        while !self.pending.iter().all(VecDeque::is_empty) {
            self.tell_workers();
            self.check()?;
            thread::sleep(Duration::from_millis(1));
        }
        Ok(Done::Ended)
    }
}
