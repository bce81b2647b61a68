//! Where a run goes on: what the store holds, and what the group has committed.

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

/// Where a partition goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// At the beginning of its log, whatever the store holds.
    Beginning,
    /// At the last checkpoint.
    Newest,
    /// At the checkpoint of this offset.
    At(i64),
}

/// A partition at the place where it goes on.
pub struct Start {
    pub state: State,
    /// The next offset; none at the beginning of the log.
    pub position: Option<i64>,
    /// The checkpoint that it comes from; none if the next one has to be whole.
    pub stored: Option<LastStored>,
}

pub struct Restorer<'a> {
    pub plan: &'a Plan,
    pub kafka: &'a KafkaPlan,
    pub stage: Stage,
    pub store: &'a Store,
    /// Go on with what another plan has left, as far as this plan can use it.
    pub accept_changes: bool,
}

/// The last piece of a chain, and the payloads of all.
type Chain = (Piece, Vec<Vec<u8>>);

impl Restorer<'_> {
    /// The second stage: the last that is there or, with transactions, that of the last one.
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
                let numbers = committed.values().filter_map(|one| one.word.split(' ').next()?.parse().ok());
                match numbers.max() {
                    Some(number) => Some(number),
                    None => return begin(0),
                }
            }
        };
        let Some((piece, payload)) = self.newest_of_all(at)? else {
            return match at {
                None => begin(0),
                Some(number) => Err(self.missing(&Subject::Grid, number)),
            };
        };
        let (second, mut lost) = restore_second(self.plan, topology.clone(), &payload)
            .map_err(|error| self.unusable(&Subject::Grid, &error))?;
        if !lost.is_empty() && !self.accept_changes {
            // Everything that the operator is about to accept, in one message.
            lost.extend(self.lost_of_lanes(topology, &second.positions));
        }
        self.accept(&Subject::Grid, &lost)?;
        Ok((piece.position, second))
    }

    /// What the partitions of a second stage would lose. What cannot be read is reported when it is needed.
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

    /// Goes on without the parts that are lost if the operator has accepted that; else refuses, and names them.
    fn accept(&self, subject: &Subject, lost: &[LostPart]) -> Result<(), Failure> {
        if lost.is_empty() || self.accept_changes {
            lost.iter().for_each(|part| telemetry::part_begins_afresh(subject, part));
            return Ok(());
        }
        let parts: String = lost.iter().map(|part| format!("\n    {part}")).collect();
        Err(Failure::wrong(
            format!("the checkpoints do not fit this plan in these parts:{parts}"),
            "`--accept-new-plan` goes on: these parts begin afresh, and everything else stays. Or bring the plan back, or use other `--checkpoints`",
        ))
    }

    /// The last piece of the second stage whose partitions are whole as well; with `at` that one, come what may.
    fn newest_of_all(&self, at: Option<u64>) -> Result<Option<(Piece, Vec<u8>)>, Failure> {
        let last = |(piece, mut payloads): Chain| (piece, payloads.pop().expect("a chain has an end"));
        let newest = self.chain(&Subject::Grid, at)?.map(last);
        let mut candidate = newest.clone().filter(|_| at.is_none());
        while let Some((piece, payload)) = candidate {
            let Some(broken) = self.broken(&payload)? else { return Ok(Some((piece, payload))) };
            telemetry::checkpoint_passed_over(&Subject::Grid.to_string(), &broken);
            let earlier = self.store.earlier(&Subject::Grid, piece.position).map_err(unreadable)?;
            let chain = earlier.map(|number| self.chain(&Subject::Grid, Some(number))).transpose()?;
            candidate = chain.flatten().map(last);
        }
        Ok(newest)
    }

    /// A partition that is not there as it was when the second stage was stored so.
    fn broken(&self, second: &[u8]) -> Result<Option<String>, Failure> {
        // What cannot be read here is told by who needs it.
        for (partition, position) in pipeline::positions_of(second).unwrap_or_default() {
            let subject = self.stage.subject(self.kafka, partition);
            if self.chain(&subject, Some(position as u64))?.is_none() {
                return Ok(Some(format!("there is no whole checkpoint of {subject} at {position}")));
            }
        }
        Ok(None)
    }

    /// A partition with the state that it had there.
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
        // Without a part that is lost it is stored anew, even if nothing comes: the next start need not ask again.
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
            format!("there is no whole checkpoint of {subject} at {position}, where the last results end"),
            "bring the store of checkpoints back, or begin with another group and another store",
        )
    }

    fn unusable(&self, subject: &Subject, error: &SnapshotError) -> Failure {
        Failure::failed(format!("cannot go on from the checkpoint of {subject}"), error)
            .help(Some("use the version of Gridwarden that wrote it, or other `--checkpoints`".to_owned()))
    }
}

fn unreadable(error: StoreError) -> Failure {
    Failure::failed("cannot read the checkpoints", &error).again()
}
