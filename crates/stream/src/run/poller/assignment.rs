//! Follows the group when it assigns partitions to this instance or revokes them.

use super::{Held, LAST_CHECKPOINT, Poller};
use crate::log::{Change, Consumer, LogError};
use crate::run::group::{ENDED, committed, partitions as all_partitions};
use crate::run::messages::ToWorker;
use crate::run::restore::{From, Start};
use crate::run::stage::Stage;
use pipeline::PartitionId;
use shell::{Failure, telemetry};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How often a run that needs all partitions joins again while another member has some. The other member may be a
/// process that was killed: with the pauses between the tries, the group has long noticed its death by the last one.
const TRIES_TO_HAVE_ALL: u32 = 6;

impl<C: Consumer> Poller<'_, C> {
    /// Acts on the group's decisions since the last call.
    pub(super) fn follow_the_group(&mut self) -> Result<(), Failure> {
        while let Some(change) = self.set.consumer.next_change() {
            match change {
                Change::Assign(partitions) => self.assign(&partitions)?,
                Change::Revoke(partitions) => self.revoke(&partitions)?,
            }
        }
        Ok(())
    }

    /// Restores the state of newly assigned partitions, and reads them from the offset where that state ends.
    fn assign(&mut self, partitions: &[PartitionId]) -> Result<(), Failure> {
        let consumer = self.set.consumer;
        let trouble =
            |cause: &LogError| Failure::failed("cannot take partitions of the group", cause).again();
        if self.set.second.is_some() {
            self.check_that_all_are_here(partitions)?;
        }
        let committed = committed(consumer, partitions)?;
        let mut starts = Vec::new();
        for &partition in partitions {
            let known = |at: Option<i64>| at.map_or(From::Beginning, From::At);
            // A second stage in memory must continue at the offsets of its own checkpoint, and transactional results
            // at the committed offset. Any other offset would lose or repeat rows.
            let from = match (&self.set.second, self.set.kafka.transactional) {
                (Some(positions), _) => known(positions.get(&partition).copied()),
                (None, true) => known(committed.get(&partition).map(|one| one.offset)),
                (None, false) => From::Newest,
            };
            let start = self.set.restorer.partition(&self.set.topology, partition, from);
            let Start { state, position, stored } = start?;
            let (low, high) = consumer.watermarks(partition).map_err(|cause| trouble(&cause))?;
            self.check_position(partition, position, low, high)?;
            let to_the_end = self.set.until_end && self.set.restorer.stage == Stage::Readings;
            // Kept from an earlier life of the run: otherwise each failure would move the end.
            let target = to_the_end.then(|| *self.set.carried.targets.entry(partition).or_insert(high));
            // The log may begin behind the checkpoint, if the broker has deleted messages meanwhile.
            let position = position.unwrap_or(low).max(low);
            starts.push((partition, position));
            let worker = partition as usize % self.set.workers.len();
            let gauges = self.set.metrics.partition(self.topic(), partition as i32);
            let of_worker = Arc::clone(&gauges);
            let opened = ToWorker::Open { partition, state, position, stored, gauges: of_worker };
            self.pending[worker].push_back(opened);
            let was_closed = committed
                .get(&partition)
                .is_some_and(|one| one.offset == position && one.metadata.ends_with(ENDED));
            let held = Held {
                worker,
                parcel: None,
                position,
                target,
                was_closed,
                has_news: false,
                at_end: None,
                idle: false,
                paused: false,
                gauges,
            };
            self.held.insert(partition, held);
        }
        self.has_nothing = self.held.is_empty();
        consumer.assign(&starts).map_err(|cause| trouble(&cause))?;
        telemetry::assigned(partitions.len(), self.held.len());
        self.set.metrics.rebalances.inc();
        self.count_partitions();
        self.send_to_workers();
        Ok(())
    }

    /// Updates the gauge of partitions of readings. An instance without any is not ready.
    fn count_partitions(&self) {
        let metrics = self.set.metrics;
        if self.set.restorer.stage != Stage::Readings {
            return;
        }
        metrics.assigned_partitions.set(self.held.len() as i64);
        if self.held.is_empty() {
            metrics.health.not_ready("the group has given no partitions to this instance");
        } else {
            metrics.health.ready();
        }
    }

    /// Fails if this instance does not have all partitions: a second stage in memory needs every meter.
    fn check_that_all_are_here(&mut self, partitions: &[PartitionId]) -> Result<(), Failure> {
        let topic = self.topic();
        let all = all_partitions(self.set.consumer)?.len();
        let ours: BTreeSet<_> = self.held.keys().chain(partitions).collect();
        if ours.len() == all {
            self.set.carried.times_shared = 0;
            return Ok(());
        }
        let failure = Failure::wrong(
            format!(
                "this instance has {} of {all} partitions of {topic}: another one is in the group {}",
                ours.len(),
                self.set.kafka.group
            ),
            "with `[grid] exchange = \"memory\"` balances and cases need all meters in one instance: end the other one, or give this one a group of its own",
        );
        self.set.carried.times_shared += 1;
        // The other member may be this instance itself before it was killed: the group notices that only after a while.
        Err(if self.set.carried.times_shared < TRIES_TO_HAVE_ALL { failure.again() } else { failure })
    }

    fn check_position(
        &self,
        partition: PartitionId,
        position: Option<i64>,
        low: i64,
        high: i64,
    ) -> Result<(), Failure> {
        let Some(position) = position else { return Ok(()) };
        if position > high {
            return Err(Failure::failed_with_help(
                format!(
                    "the checkpoint of partition {partition} of {} continues at offset {position}, but the log ends at {high}",
                    self.topic()
                ),
                "the topic was deleted and created again: begin with other `--checkpoints`",
            ));
        }
        if position < low {
            telemetry::messages_gone(partition, position, low);
        }
        Ok(())
    }

    /// Stores partitions for their next owner, and gives them back.
    fn revoke(&mut self, partitions: &[PartitionId]) -> Result<(), Failure> {
        let ours = partitions.iter().filter(|id| self.held.contains_key(id)).count();
        telemetry::revoked(ours, self.held.len());
        // The group's next assignment decides. The eager protocol revokes everything first, so "nothing" is not final.
        self.has_nothing = false;
        self.set.metrics.rebalances.inc();
        // Before giving back: the next owner restores these partitions as soon as it gets them.
        if ours > 0 {
            self.store_everything(LAST_CHECKPOINT)?;
        }
        for &partition in partitions {
            if let Some(held) = self.held.remove(&partition) {
                self.pending[held.worker].push_back(ToWorker::Close { partition });
            }
        }
        self.send_to_workers();
        self.count_partitions();
        self.set
            .consumer
            .give_back(partitions)
            .map_err(|cause| Failure::failed("cannot give partitions back", &cause).again())?;
        if ours > 0 && self.set.second.is_some() {
            // A second stage in memory with some of the meters would raise false suspicions about the rest.
            return Err(Failure::failed_with_help(
                "the group has taken the partitions away",
                "another instance came or went; this one joins again",
            )
            .again());
        }
        Ok(())
    }
}
