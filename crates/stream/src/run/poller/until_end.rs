//! The end of a run that goes to the end: when all of the group has come so far, and what is closed then.

use super::{FAREWELL, Held, Poller};
use crate::log::Consumer;
use crate::run::group::{ENDED, committed, partitions};
use crate::run::job::Done;
use crate::run::messages::ToWorker;
use crate::run::stage::Stage;
use shell::{Failure, telemetry};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How often a run that is at its end looks whether the others of its group are.
const BETWEEN_LOOKS_AT_OTHERS: Duration = Duration::from_millis(500);
/// How long it waits while they keep nothing more: longer than any session, so that none of them is dead.
const OTHERS: Duration = Duration::from_secs(60);

impl<C: Consumer> Poller<'_, C> {
    /// A run that goes to the end closes what it has once it is there, and goes on until all of the group is closed.
    pub(super) fn come_to_an_end(&mut self, now: Instant) -> Result<Option<Done>, Failure> {
        // The group has not said yet what this instance has.
        let knows = self.has_nothing || !self.held.is_empty();
        if !knows || !self.all_ended() {
            return Ok(None);
        }
        if self.set.restorer.stage == Stage::Readings {
            self.close_all()?;
        }
        if self.set.second.is_none() && !self.others_have_ended(now)? {
            return Ok(None);
        }
        if self.set.restorer.stage != Stage::Readings {
            while !self.store_everything(FAREWELL)? {}
            return Ok(Some(Done::Ended));
        }
        Ok(Some(if self.closed { Done::Ended } else { Done::NothingNew }))
    }

    /// Whether the others have closed what they have, as far as the run is to go. One of them may be a process that was
    /// killed or told to end, of which the group does not know yet: what it had comes here in the end.
    fn others_have_ended(&mut self, now: Instant) -> Result<bool, Failure> {
        if self.set.others_go_on.load(Ordering::Relaxed) {
            return Ok(true);
        }
        if now < self.next_look_at_others {
            return Ok(false);
        }
        self.next_look_at_others = now + BETWEEN_LOOKS_AT_OTHERS;
        // They look at this one in the same way.
        self.next_barrier = now;
        let consumer = self.set.consumer;
        let mut others = partitions(consumer)?;
        others.retain(|partition| !self.held.contains_key(partition));
        let committed = committed(consumer, &others)?;
        let of_readings = self.set.restorer.stage == Stage::Readings;
        let (mut open, mut come) = (0, 0);
        for partition in others {
            let (low, high) = consumer
                .watermarks(partition)
                .map_err(|cause| Failure::failed("cannot ask for the ends of the others", &cause).again())?;
            let target = *self.set.carried.targets.entry(partition).or_insert(high);
            let committed = committed.get(&partition);
            let offset = committed.map_or(low, |one| one.offset);
            let closed = !of_readings || committed.is_some_and(|one| one.word.ends_with(ENDED));
            open += u32::from(offset < target || !closed);
            // What is behind the target is none of this run's.
            come += offset.min(target) + i64::from(closed);
        }
        if self.others.is_none_or(|(before, _)| before != come) {
            self.others = Some((come, now));
        }
        let since = self.others.map_or(now, |(_, since)| since);
        // They may keep what they have only now and then.
        let patience = OTHERS.max(3 * self.set.kafka.checkpoint_every);
        if open == 0 || now - since <= patience {
            return Ok(open == 0);
        }
        // Marks of transactions at the end of a log are no messages: nobody keeps a position of the grid behind them.
        if of_readings {
            telemetry::left_to_others(self.topic(), open);
            self.set.others_go_on.store(true, Ordering::Relaxed);
        }
        Ok(true)
    }

    /// Whether nothing is to come in any partition, if this run goes to the end.
    fn all_ended(&self) -> bool {
        self.held.iter().all(|(&partition, held)| match self.set.restorer.stage {
            Stage::Readings => held.ended(),
            // Where the log will end is not known before all lanes have said their last word in it.
            Stage::Grid { .. } => {
                let ended = self.set.endings.is_at(partition, held.position);
                held.at_end.is_some() && (ended || self.set.others_go_on.load(Ordering::Relaxed))
            }
        })
    }

    /// Closes what is open. The state that is kept is that of before, so that a later run goes on where this one ended
    /// and tells the intervals of the edge again, whole.
    fn close_all(&mut self) -> Result<(), Failure> {
        if self.held.values().all(Held::is_closed) {
            return Ok(());
        }
        while !self.store_everything(FAREWELL)? {}
        // What another instance has closed before it left is not told twice; a second stage is closed as a whole.
        let whole = self.set.second.is_some();
        for (&partition, held) in self.held.iter_mut().filter(|(_, held)| whole || !held.is_closed()) {
            self.pending[held.worker].push_back(ToWorker::End { partition });
            (held.was_told, held.has_news) = (true, false);
        }
        while !self.store_everything(FAREWELL)? {}
        self.closed = true;
        Ok(())
    }
}
