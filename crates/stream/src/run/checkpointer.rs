//! The thread that writes checkpoints: once the broker has everything that was told before the cut.

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
    /// Of the group as it is now; needed for transactions.
    pub group: &'a Mutex<Option<Membership>>,
    /// The number of the last piece of the second stage.
    pub number: u64,
    pub halt: Halt,
    pub metrics: &'a Metrics,
}

/// How many checkpoints of a partition are kept: the last one, and the one before, whose second stage may be the last
/// that is whole.
const KEPT: usize = 2;

impl Checkpointer<'_> {
    /// Works until there is no more.
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
        if let Some(second) = &cut.second {
            self.number += 1;
            let fingerprint = fingerprint(second);
            let piece = Piece { subject: Subject::Grid, position: self.number, base: None, fingerprint };
            let Some(size) = self.write_piece(&piece, second)? else { return Ok(None) };
            bytes += size;
        }
        if self.kafka.transactional {
            let topic = self.stage.topic(self.kafka);
            let commits = commits(&positions, &ended, self.number);
            let group = self.group.lock().unwrap_or_else(PoisonError::into_inner).take();
            let group = group.ok_or_else(|| {
                Failure::failed_with_help("the group is not known yet", "this is a defect; please report it")
            })?;
            if let Err(failure) = self.publisher.commit(cut.epoch, topic, &commits, group) {
                // Told to end, nobody waits for it.
                let told_to_end =
                    self.halt.check().is_err() && self.publisher.deliveries().failure().is_none();
                return if told_to_end { Ok(None) } else { Err(failure) };
            }
        }
        for (&partition, &position) in &positions {
            self.prune(&self.subject(partition), position as u64);
        }
        if cut.second.is_some() {
            self.prune(&Subject::Grid, self.number);
        }
        let (epoch, number, seconds) = (cut.epoch, self.number, began.elapsed().as_secs_f64());
        Ok(Some(Written { epoch, number, positions, ended, bytes, seconds }))
    }

    /// Writes a piece, however long the store cannot take it; nothing if the run is to end.
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
        // What cannot be taken away now is taken next time.
        if let Err(error) = self.store.prune(subject, upto, KEPT) {
            telemetry::prune_fails(&error);
        }
    }

    fn subject(&self, partition: PartitionId) -> Subject {
        self.stage.subject(self.kafka, partition)
    }
}

/// Changes with the parts of a state and with their settings: pieces of a chain have the same.
fn fingerprint(state: &[u8]) -> u64 {
    fingerprint_of_parts(state).expect("parts that were just written")
}
