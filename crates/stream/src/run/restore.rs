//! Where a run continues: at a checkpoint of the store and, with transactions, at the offsets that the group has
//! committed.

use super::messages::{LastStored, State};
use super::stage::Stage;
use crate::kafka::KafkaPlan;
use crate::log::Committed;
use checkpoints::{Piece, Store, StoreError, Subject};
use grid::Topology;
use pipeline::{
    Confluence, District, Lane, LostPart, PartitionId, Plan, Second, SnapshotError, Town, restore_second,
};
use shell::{Failure, telemetry, unfit};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The place at which a partition continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// The beginning of its log, even if the store holds a checkpoint. That checkpoint belongs to no commit: its
    /// results were in a transaction that was aborted.
    Beginning,
    /// The last complete checkpoint.
    Newest,
    /// The checkpoint at this offset.
    At(i64),
}

/// A partition with its restored state.
pub struct Start {
    pub state: State,
    /// The offset of the next message; none at the beginning of the log.
    pub position: Option<i64>,
    /// The checkpoint that it was restored from; none if the next one has to be a full piece.
    pub stored: Option<LastStored>,
}

pub struct Restorer<'a> {
    pub plan: &'a Plan,
    pub kafka: &'a KafkaPlan,
    pub stage: Stage,
    pub store: &'a Store,
    /// Continue from checkpoints of another plan, with the parts that fit this plan.
    pub accept_changes: bool,
}

/// The last piece of a chain, and the payloads of all its pieces.
type Chain = (Piece, Vec<Vec<u8>>);

impl Restorer<'_> {
    /// Restores the second stage: its last checkpoint or, with transactions, the one that the last transaction names.
    pub fn second(
        &self,
        topology: &Topology,
        committed: &BTreeMap<PartitionId, Committed>,
    ) -> Result<(u64, Second), Failure> {
        let begin = |number| {
            let town = Town::new(self.plan, topology.clone()).map_err(|error| unfit(&error))?;
            Ok((number, Second { town, confluence: Confluence::default(), positions: BTreeMap::new() }))
        };
        let at = match self.kafka.transactional {
            false => None,
            true => {
                // Every commit names the second stage's checkpoint. The greatest number is that of the last
                // transaction.
                let numbers =
                    committed.values().filter_map(|one| one.metadata.split(' ').next()?.parse().ok());
                match numbers.max() {
                    Some(number) => Some(number),
                    // No transaction was ever committed, so results of checkpoints in the store were never visible.
                    None => return begin(0),
                }
            }
        };
        let Some((piece, payload)) = self.newest_complete(at)? else {
            // A missing checkpoint that a commit names is a failure: from the beginning, all results would come twice.
            return match at {
                None => begin(0),
                Some(number) => Err(self.missing(&Subject::Grid, number)),
            };
        };
        let (second, mut lost) = restore_second(self.plan, topology.clone(), &payload)
            .map_err(|error| self.unusable(&Subject::Grid, &error))?;
        if !lost.is_empty() && !self.accept_changes {
            // List every lost part in one message. The operator should not accept one loss and then meet the next.
            lost.extend(self.lost_of_lanes(topology, &second.positions));
        }
        self.accept(&Subject::Grid, &lost)?;
        Ok((piece.position, second))
    }

    /// The parts that the partitions of a second stage would lose. A partition that cannot be read is left out here,
    /// and reported when it is restored.
    fn lost_of_lanes(
        &self,
        topology: &Topology,
        positions: &BTreeMap<PartitionId, i64>,
    ) -> BTreeSet<LostPart> {
        let mut all = BTreeSet::new();
        for (&partition, &position) in positions {
            let subject = self.stage.subject(self.kafka, partition);
            if let Ok(Some((_, payloads))) = self.chain(&subject, Some(position as u64))
                && let Ok((_, lost)) = Lane::restore(self.plan, topology, &payloads)
            {
                all.extend(lost);
            }
        }
        all
    }

    /// Continues without the lost parts if the operator has accepted that. Otherwise it refuses and names them.
    fn accept(&self, subject: &Subject, lost: &[LostPart]) -> Result<(), Failure> {
        if lost.is_empty() || self.accept_changes {
            lost.iter().for_each(|part| telemetry::part_begins_afresh(subject, part));
            return Ok(());
        }
        let parts: String = lost.iter().map(|part| format!("\n    {part}")).collect();
        Err(Failure::wrong(
            format!("the checkpoints do not fit this plan in these parts:{parts}"),
            "`--accept-new-plan` continues: these parts begin afresh, and everything else stays. Or use the earlier plan, or other `--checkpoints`",
        ))
    }

    /// The last checkpoint of the second stage whose partitions have complete checkpoints, too. With `at`, the one with
    /// this number: transactional results end there, so an earlier one would publish some of them twice.
    fn newest_complete(&self, at: Option<u64>) -> Result<Option<(Piece, Vec<u8>)>, Failure> {
        let last = |(piece, mut payloads): Chain| (piece, payloads.pop().expect("a chain has an end"));
        let newest = self.chain(&Subject::Grid, at)?.map(last);
        let mut candidate = newest.clone().filter(|_| at.is_none());
        while let Some((piece, payload)) = candidate {
            let Some(missing) = self.missing_partition(&payload)? else { return Ok(Some((piece, payload))) };
            telemetry::checkpoint_passed_over(&Subject::Grid.to_string(), &missing);
            let earlier = self.store.earlier(&Subject::Grid, piece.position).map_err(unreadable)?;
            let chain = earlier.map(|number| self.chain(&Subject::Grid, Some(number))).transpose()?;
            candidate = chain.flatten().map(last);
        }
        Ok(newest)
    }

    /// The first partition without a complete checkpoint at the offset that this second stage names.
    fn missing_partition(&self, second: &[u8]) -> Result<Option<String>, Failure> {
        // A second stage that cannot be read has no offsets here. `second` reports it.
        for (partition, position) in pipeline::positions_of(second).unwrap_or_default() {
            let subject = self.stage.subject(self.kafka, partition);
            if self.chain(&subject, Some(position as u64))?.is_none() {
                return Ok(Some(format!("there is no complete checkpoint of {subject} at {position}")));
            }
        }
        Ok(None)
    }

    /// Restores a partition at a place.
    pub fn partition(
        &self,
        topology: &Arc<Topology>,
        partition: PartitionId,
        from: From,
    ) -> Result<Start, Failure> {
        let begin = || -> Result<State, Failure> {
            match self.stage {
                Stage::Readings => {
                    let mut lane = Box::new(Lane::new(self.plan, topology));
                    lane.open(partition, None);
                    lane.publish_profiles_every_four_weeks();
                    Ok(State::Lane(lane))
                }
                Stage::Grid { lanes } => {
                    let district = District::new(self.plan, Arc::clone(topology), lanes);
                    Ok(State::District(Box::new(district.map_err(|error| unfit(&error))?)))
                }
            }
        };
        let subject = self.stage.subject(self.kafka, partition);
        let chain = match from {
            From::Beginning => None,
            From::Newest => self.chain(&subject, None)?,
            From::At(at) => {
                let chain = self.chain(&subject, Some(at as u64))?;
                Some(chain.ok_or_else(|| self.missing(&subject, at as u64))?)
            }
        };
        let Some((piece, payloads)) = chain else {
            return Ok(Start { state: begin()?, position: None, stored: None });
        };
        let position = piece.position as i64;
        let behind = payloads.len() as u32 - 1;
        let (state, lost) =
            self.state(topology, &payloads).map_err(|error| self.unusable(&subject, &error))?;
        self.accept(&subject, &lost)?;
        // If a part is lost, forget the old checkpoint: the next one is then written even if no message comes, and the
        // next start does not refuse again.
        let last = LastStored { position, behind, fingerprint: piece.fingerprint };
        Ok(Start { state, position: Some(position), stored: Some(last).filter(|_| lost.is_empty()) })
    }

    fn state(
        &self,
        topology: &Arc<Topology>,
        chain: &[Vec<u8>],
    ) -> Result<(State, Vec<LostPart>), SnapshotError> {
        match self.stage {
            Stage::Readings => {
                let (mut lane, lost) = Lane::restore(self.plan, topology, chain)?;
                lane.publish_profiles_every_four_weeks();
                Ok((State::Lane(Box::new(lane)), lost))
            }
            Stage::Grid { lanes } => {
                let last = chain.last().expect("a chain has an end");
                let (district, lost) = District::restore(self.plan, Arc::clone(topology), lanes, last)?;
                Ok((State::District(Box::new(district)), lost))
            }
        }
    }

    fn chain(&self, subject: &Subject, at: Option<u64>) -> Result<Option<Chain>, Failure> {
        let newest = self.store.newest(subject, at).map_err(unreadable)?;
        for (object, why) in &newest.passed_over {
            telemetry::checkpoint_passed_over(object, why);
        }
        let Some((piece, _)) = newest.chain.last() else { return Ok(None) };
        let piece = piece.clone();
        Ok(Some((piece, newest.chain.into_iter().map(|(_, payload)| payload).collect())))
    }

    fn missing(&self, subject: &Subject, position: u64) -> Failure {
        Failure::failed_with_help(
            format!("there is no complete checkpoint of {subject} at {position}, where the last results end"),
            "restore the store of checkpoints, or begin with another group and another store",
        )
    }

    fn unusable(&self, subject: &Subject, error: &SnapshotError) -> Failure {
        Failure::failed(format!("cannot continue from the checkpoint of {subject}"), error)
            .help(Some("use the version of Gridwarden that wrote it, or other `--checkpoints`".to_owned()))
    }
}

fn unreadable(error: StoreError) -> Failure {
    Failure::failed("cannot read the checkpoints", &error).again()
}
