//! Checkpoints through all workers, and the positions that are committed to the group after them.

use super::Poller;
use crate::log::Consumer;
use crate::run::group::commits;
use crate::run::messages::{ToWorker, Written};
use shell::{Failure, telemetry};
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// How often the last commit of a run is tried. Only this commit records that everything is closed.
const TRIES_TO_END: u32 = 3;

impl<C: Consumer> Poller<'_, C> {
    /// Sends a barrier to every worker, behind all messages so far: each stores its partitions at this place.
    pub(super) fn barrier(&mut self) {
        *self.set.group.lock().unwrap_or_else(PoisonError::into_inner) = self.set.consumer.membership();
        self.hand_over_all();
        self.pending.iter_mut().for_each(|pending| pending.push_back(ToWorker::Barrier));
        self.in_flight = Some(self.epoch);
        self.epoch += 1;
        self.send_to_workers();
    }

    /// Commits the positions of a checkpoint that is in the store. With transactions the checkpointer does so.
    pub(super) fn commit(&mut self, written: &Written) {
        self.in_flight = self.in_flight.filter(|epoch| *epoch != written.epoch);
        if !self.set.kafka.transactional {
            let commits = commits(&written.positions, &written.ended, written.number);
            // The positions are only for people and tools that watch the group's lag: a restart uses the checkpoint.
            // But no other place stores the mark "ended", so that commit is waited for and tried again.
            let has_ended = !written.ended.is_empty();
            let tries = if has_ended { TRIES_TO_END } else { 1 };
            let commit = || {
                self.set.consumer.commit(&commits, has_ended).map_err(|error| telemetry::commit_fails(&error))
            };
            // `any` stops at the first success.
            let _committed = (0..tries).any(|_| commit().is_ok());
        }
        telemetry::checkpoint_written(written.positions.len(), written.bytes, written.seconds);
    }

    /// Stores the present state and waits for that, but not longer than `longest`. Returns whether it was in time.
    #[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
    pub(super) fn store_everything(&mut self, longest: Duration) -> Result<bool, Failure> {
        let until = Instant::now() + longest;
        if !self.wait_for_checkpoint(until)? {
            return Ok(false);
        }
        self.barrier();
        self.wait_for_checkpoint(until)
    }

    /// Waits for the checkpoint under way, if there is one. Returns whether it was written in time.
    #[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
    fn wait_for_checkpoint(&mut self, until: Instant) -> Result<bool, Failure> {
        while self.in_flight.is_some() {
            self.send_to_workers();
            self.check()?;
            match self.set.written.recv_timeout(Duration::from_millis(5)) {
                Ok(written) => self.commit(&written),
                Err(_) if Instant::now() >= until => {
                    telemetry::checkpoint_not_awaited();
                    return Ok(false);
                }
                Err(_) => {}
            }
        }
        Ok(true)
    }
}
