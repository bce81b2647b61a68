//! Which partitions are paused: all of them while the workers are busy, and those that are too far ahead of others.

use super::Poller;
use crate::log::Consumer;
use pipeline::PartitionId;
use shell::{Failure, telemetry};
use std::collections::VecDeque;
use std::thread;
use std::time::{Duration, Instant};

/// How long workers may be busy before the partitions are paused. The group waits much longer before it takes a member
/// for dead.
const PATIENCE: Duration = Duration::from_secs(1);

impl<C: Consumer> Poller<'_, C> {
    /// Waits until the workers have taken all pending messages. If that takes longer than [`PATIENCE`], it pauses the
    /// partitions and goes on polling, so that the group does not take this instance for dead.
    #[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
    pub(super) fn wait_for_room(&mut self) -> Result<(), Failure> {
        loop {
            self.send_to_workers();
            if self.pending.iter().all(VecDeque::is_empty) {
                self.busy = None;
                if std::mem::take(&mut self.all_paused) {
                    telemetry::flows_again();
                    let go_on = self.held.iter().filter(|(_, held)| !held.paused).map(|(&id, _)| id);
                    self.resume(go_on.collect())?;
                }
                return Ok(());
            }
            self.check()?;
            let since = *self.busy.get_or_insert_with(Instant::now);
            if since.elapsed() < PATIENCE {
                thread::sleep(Duration::from_micros(200));
                continue;
            }
            if !self.all_paused {
                telemetry::held_up();
                self.all_paused = true;
                let all: Vec<PartitionId> = self.held.keys().copied().collect();
                self.set
                    .consumer
                    .pause(&all)
                    .map_err(|cause| Failure::failed("cannot pause", &cause).again())?;
            }
            // A message that was under way before the pause may still come.
            self.poll_once(Duration::from_millis(50))?;
            if self.set.consumer.will_have_changed() || self.set.signals.signal().is_some() {
                return Ok(());
            }
        }
    }

    /// Pauses partitions that are too far ahead of others. Their rows wait in memory for the slower partitions, and
    /// without the pause that memory would have no bound.
    pub(super) fn pause_those_too_far_ahead(&mut self) -> Result<(), Failure> {
        let ahead = self.set.too_far.now();
        let (mut pause, mut resume) = (Vec::new(), Vec::new());
        for (&partition, held) in &mut self.held {
            let wait = ahead.contains(&partition);
            if wait && !held.paused {
                pause.push(partition);
            } else if !wait && held.paused {
                resume.push(partition);
            }
            held.paused = wait;
        }
        if !pause.is_empty() {
            self.set
                .consumer
                .pause(&pause)
                .map_err(|cause| Failure::failed("cannot pause", &cause).again())?;
        }
        if !self.all_paused && !resume.is_empty() {
            self.resume(resume)?;
        }
        Ok(())
    }

    #[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
    fn resume(&mut self, partitions: Vec<PartitionId>) -> Result<(), Failure> {
        let now = Instant::now();
        for partition in &partitions {
            if let Some(held) = self.held.get_mut(partition) {
                // A paused partition fetches nothing, so it may have more messages: its quiet time begins only now.
                held.at_end = held.at_end.map(|_| now);
            }
        }
        self.set
            .consumer
            .resume(&partitions)
            .map_err(|cause| Failure::failed("cannot resume after a pause", &cause).again())
    }
}
