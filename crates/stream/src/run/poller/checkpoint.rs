//! Checkpoints of all workers at once, and the positions that the group is told of them.

use super::Poller;
use crate::log::Consumer;
use crate::run::group::commits;
use crate::run::messages::{ToWorker, Written};
use shell::{Failure, telemetry};
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// How often it says to the group that all is closed, should that fail.
const TRIES_TO_END: u32 = 3;

impl<C: Consumer> Poller<'_, C> {
    /// Every worker stores its partitions as of here.
    pub(super) fn barrier(&mut self) {
        *self.set.group.lock().unwrap_or_else(PoisonError::into_inner) = self.set.consumer.membership();
        self.hand_over_all();
        self.pending.iter_mut().for_each(|pending| pending.push_back(ToWorker::Barrier));
        self.in_flight = Some(self.epoch);
        self.epoch += 1;
        self.tell_workers();
    }

    /// A checkpoint is in the store: commits its positions to the group.
    pub(super) fn commit(&mut self, written: &Written) {
        self.in_flight = self.in_flight.filter(|epoch| *epoch != written.epoch);
        if !self.set.kafka.transactional {
            let commits = commits(&written.positions, &written.ended, written.number);
            // For those who look at the group; the checkpoint is what counts. That all is closed stands only here.
            let has_ended = !written.ended.is_empty();
            let tries = if has_ended { TRIES_TO_END } else { 1 };
            let commit = || {
                self.set.consumer.commit(&commits, has_ended).map_err(|error| telemetry::commit_fails(&error))
            };
            // The first that succeeds ends it.
            let _committed = (0..tries).any(|_| commit().is_ok());
        }
        telemetry::checkpoint_written(written.positions.len(), written.bytes, written.seconds);
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
