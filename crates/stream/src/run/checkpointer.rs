//! The thread that writes checkpoints. It waits first until the broker has every result from before the cut: if a
//! checkpoint were written earlier, a crash could lose those results, because no run would publish them again.

use super::group::commits;
use super::halt::{Ended, Halt};
use super::messages::{Cut, Written};
use super::publish::Publisher;
use super::stage::Stage;
use crate::kafka::KafkaPlan;
use crate::log::Membership;
use crate::metrics::Metrics;
use checkpoints::{Piece, Store, StoreError, Subject, retrying};
use pipeline::{PartitionId, fingerprint_of_parts};
use shell::{Failure, telemetry};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

pub struct Checkpointer<'a> {
    pub kafka: &'a KafkaPlan,
    pub stage: Stage,
    pub store: Store,
    pub publisher: &'a Publisher,
    /// The group's present state, which a transaction needs.
    pub group: &'a Mutex<Option<Membership>>,
    /// The number of the second stage's last checkpoint.
    pub number: u64,
    pub halt: Halt,
    pub metrics: &'a Metrics,
}

/// How many checkpoints of a partition are kept: the last one, and the one before it. If the process dies between
/// writing the partitions and writing the second stage, the restart needs the earlier ones.
const KEPT: usize = 2;

impl Checkpointer<'_> {
    /// Works until the second stage has closed the channel.
    pub fn work(mut self, cuts: &Receiver<Cut>, written: &Sender<Written>) -> Result<(), Failure> {
        while let Ok(cut) = cuts.recv() {
            let Some(done) = self.write(cut)? else { return Ok(()) };
            if written.send(done).is_err() {
                return Ok(());
            }
        }
        Ok(())
    }

    #[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
    fn write(&mut self, cut: Cut) -> Result<Option<Written>, Failure> {
        if self.publisher.drain(cut.epoch) == Err(Ended) {
            return self.publisher.deliveries().failure().map_or(Ok(None), Err);
        }
        let began = Instant::now();
        let mut bytes = 0;
        let (mut positions, mut ended) = (BTreeMap::new(), BTreeSet::new());
        for stored in cut.stored {
            let position = stored.position as u64;
            if let Some((base, state)) = &stored.state {
                let piece = Piece {
                    subject: self.subject(stored.partition),
                    position,
                    base: base.map(|base| base as u64),
                    fingerprint: fingerprint(state),
                };
                let Some(size) = self.write_piece(&piece, state)? else { return Ok(None) };
                bytes += size;
            }
            positions.insert(stored.partition, stored.position);
            if stored.ended {
                ended.insert(stored.partition);
            }
        }
        // The second stage after its partitions: it names their offsets, so a crash between must not leave it without
        // them.
        if let Some(second) = &cut.second {
            self.number += 1;
            let fingerprint = fingerprint(second);
            let piece = Piece { subject: Subject::Grid, position: self.number, base: None, fingerprint };
            let Some(size) = self.write_piece(&piece, second)? else { return Ok(None) };
            bytes += size;
        }
        // The commit after all pieces: committed offsets must always name checkpoints that exist.
        if self.kafka.transactional {
            let topic = self.stage.topic(self.kafka);
            let commits = commits(&positions, &ended, self.number);
            let group = self.group.lock().unwrap_or_else(PoisonError::into_inner).take();
            let group = group.ok_or_else(|| {
                Failure::failed_with_help("the group is not known yet", "this is a defect; please report it")
            })?;
            if let Err(failure) = self.publisher.commit(cut.epoch, topic, &commits, group) {
                // In a halted run the failed commit is a consequence, not the cause.
                let is_halted = self.halt.check().is_err() && self.publisher.deliveries().failure().is_none();
                return if is_halted { Ok(None) } else { Err(failure) };
            }
        }
        // Pruning last: until the commit, a restart still needs the earlier checkpoints.
        for (&partition, &position) in &positions {
            self.prune(&self.subject(partition), position as u64);
        }
        if cut.second.is_some() {
            self.prune(&Subject::Grid, self.number);
        }
        let (epoch, number, seconds) = (cut.epoch, self.number, began.elapsed().as_secs_f64());
        Ok(Some(Written { epoch, number, positions, ended, bytes, seconds }))
    }

    /// Writes a piece, and tries again for as long as the store fails. Returns nothing if the run is halted meanwhile.
    #[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
    fn write_piece(&self, piece: &Piece, state: &[u8]) -> Result<Option<u64>, Failure> {
        let halted = || self.halt.check().is_err();
        let fails = |error: &StoreError, pause| telemetry::store_fails("write a checkpoint", error, pause);
        let kept = retrying(halted, fails, || {
            let began = Instant::now();
            let written = self.store.write(piece, state);
            match &written {
                Ok(bytes) => self.metrics.checkpointed(piece.base.is_none(), *bytes, began.elapsed()),
                Err(_) => drop(self.metrics.checkpoint_failures.inc()),
            }
            written
        });
        match kept {
            Ok(size) => Ok(Some(size)),
            Err(_) if halted() => Ok(None),
            Err(error) => Err(Failure::failed("cannot write a checkpoint", &error)),
        }
    }

    fn prune(&self, subject: &Subject, upto: u64) {
        // Not fatal: the next checkpoint deletes it as well.
        if let Err(error) = self.store.prune(subject, upto, KEPT) {
            telemetry::prune_fails(&error);
        }
    }

    fn subject(&self, partition: PartitionId) -> Subject {
        self.stage.subject(self.kafka, partition)
    }
}

/// The fingerprint of a state's parts and of their settings. All pieces of a chain have the same one.
fn fingerprint(state: &[u8]) -> u64 {
    fingerprint_of_parts(state).expect("parts that were just written")
}
