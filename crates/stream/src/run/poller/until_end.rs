//! The end of a run with `--until-end`: when the whole group has read everything, and which intervals are closed then.

use super::{Held, LAST_CHECKPOINT, Poller};
use crate::log::Consumer;
use crate::run::group::{ENDED, committed, partitions};
use crate::run::job::Done;
use crate::run::messages::ToWorker;
use crate::run::stage::Stage;
use shell::{Failure, telemetry};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How often a run that is at its end asks whether the other members of its group are, too.
const BETWEEN_LOOKS_AT_OTHERS: Duration = Duration::from_millis(500);
/// How long it waits while they commit nothing new, in sessions of the group: a dead member has lost its partitions by
/// then, so the silent ones are alive and do not end.
const SESSIONS: u32 = 3;
/// The stage of readings waits at least this long: a member that reads a large state back commits nothing meanwhile. In
/// the grid nothing is lost if it is too short, because the others close their districts themselves.
const OF_READINGS: Duration = Duration::from_secs(60);

impl<C: Consumer> Poller<'_, C> {
    /// Closes all open intervals once every partition is at its end, then waits until the whole group has done so.
    pub(super) fn come_to_an_end(&mut self, now: Instant) -> Result<Option<Done>, Failure> {
        // Before the group has assigned anything, "all my partitions have ended" would be true by mistake.
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
            while !self.store_everything(LAST_CHECKPOINT)? {}
            return Ok(Some(Done::Ended));
        }
        Ok(Some(if self.closed { Done::Ended } else { Done::NothingNew }))
    }

    /// Whether the other members have read and closed their partitions up to the targets of this run. One of them may
    /// be a process that has just died or left. The group notices that later, and then its partitions come here.
    fn others_have_ended(&mut self, now: Instant) -> Result<bool, Failure> {
        if self.set.others_go_on.load(Ordering::Relaxed) {
            return Ok(true);
        }
        if now < self.next_look_at_others {
            return Ok(false);
        }
        self.next_look_at_others = now + BETWEEN_LOOKS_AT_OTHERS;
        // They wait for this instance in the same way, so it commits its position now and not at the usual time.
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
            let closed = !of_readings || committed.is_some_and(|one| one.metadata.ends_with(ENDED));
            open += u32::from(offset < target || !closed);
            // Progress behind the target does not count, or a busy topic would keep this run waiting for ever.
            come += offset.min(target) + i64::from(closed);
        }
        if self.others.is_none_or(|(before, _)| before != come) {
            self.others = Some((come, now));
        }
        let since = self.others.map_or(now, |(_, since)| since);
        let kafka = self.set.kafka;
        let least = if of_readings { OF_READINGS } else { Duration::ZERO };
        // A member commits only with its checkpoints, so a long `every` must not look like a standstill.
        let patience = least.max(SESSIONS * kafka.connection().session()).max(3 * kafka.checkpoint_every);
        if open == 0 || now - since <= patience {
            return Ok(open == 0);
        }
        // In the grid this is normal: markers of transactions at the end of a log are no messages, so no committed
        // position gets past them.
        if of_readings {
            telemetry::left_to_others(self.topic(), open);
            self.set.others_go_on.store(true, Ordering::Relaxed);
        }
        Ok(true)
    }

    /// Whether every partition is at its end.
    fn all_ended(&self) -> bool {
        self.held.iter().all(|(&partition, held)| match self.set.restorer.stage {
            Stage::Readings => held.ended(),
            // The end of this log is unknown until every lane has written its `Ended` into it.
            Stage::Grid { .. } => {
                let ended = self.set.endings.is_at(partition, held.position);
                held.at_end.is_some() && (ended || self.set.others_go_on.load(Ordering::Relaxed))
            }
        })
    }

    /// Closes all open intervals and publishes them. The checkpoint keeps the state from before that. So a later run
    /// continues with the open intervals: if more readings of the last half hour come, it publishes that interval
    /// again, complete and under the same key.
    fn close_all(&mut self) -> Result<(), Failure> {
        if self.held.values().all(Held::is_closed) {
            return Ok(());
        }
        while !self.store_everything(LAST_CHECKPOINT)? {}
        // Do not publish twice what another instance has closed before it left. But a second stage in memory needs the
        // end of every partition, or its last tick would wait for the missing ones.
        let whole = self.set.second.is_some();
        for (&partition, held) in self.held.iter_mut().filter(|(_, held)| whole || !held.is_closed()) {
            self.pending[held.worker].push_back(ToWorker::End { partition });
            (held.was_closed, held.has_news) = (true, false);
        }
        while !self.store_everything(LAST_CHECKPOINT)? {}
        self.closed = true;
        Ok(())
    }
}
