//! A log in memory with one member of its group, for tests of its readers.

use super::{Change, Commit, Committed, Consumer, LogError, Membership, Message, Polled};
use pipeline::PartitionId;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

/// A topic and the decisions of its group. The test and the member share it.
#[derive(Debug, Default)]
pub struct MemoryLog(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    partitions: BTreeMap<PartitionId, Log>,
    /// The next offset of each partition that is assigned.
    assigned: BTreeMap<PartitionId, i64>,
    /// Partitions whose end was reported, and that got no message since.
    end_reported: BTreeSet<PartitionId>,
    paused: BTreeSet<PartitionId>,
    changes: VecDeque<Change>,
    has_changed: bool,
    committed: BTreeMap<PartitionId, Committed>,
    is_shut_out: bool,
    has_left: bool,
}

#[derive(Debug, Default)]
struct Log {
    /// The first offset that is still there.
    low: i64,
    values: Vec<Vec<u8>>,
}

impl Log {
    fn high(&self) -> i64 {
        self.low + self.values.len() as i64
    }
}

impl MemoryLog {
    /// A topic with this many empty partitions.
    pub fn new(partitions: PartitionId) -> Self {
        let partitions = (0..partitions).map(|id| (id, Log::default())).collect();
        Self(Mutex::new(State { partitions, ..State::default() }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Appends a message.
    pub fn append(&self, partition: PartitionId, value: &[u8]) {
        let mut state = self.state();
        state.partitions.get_mut(&partition).unwrap().values.push(value.to_owned());
        state.end_reported.remove(&partition);
    }

    /// Deletes messages before an offset, as a broker does when they get old.
    pub fn delete_before(&self, partition: PartitionId, offset: i64) {
        let mut state = self.state();
        let log = state.partitions.get_mut(&partition).unwrap();
        log.values.drain(..(offset - log.low) as usize);
        log.low = offset;
    }

    /// The group decides something.
    pub fn decide(&self, change: Change) {
        let mut state = self.state();
        state.changes.push_back(change);
        state.has_changed = true;
    }

    /// Another member has taken this one's name.
    pub fn shut_out(&self) {
        self.state().is_shut_out = true;
    }

    /// What the group has committed of a partition: offset and metadata.
    pub fn position(&self, partition: PartitionId) -> Option<(i64, String)> {
        self.state().committed.get(&partition).map(|one| (one.offset, one.metadata.clone()))
    }

    /// The partitions that the member has.
    pub fn held(&self) -> Vec<PartitionId> {
        self.state().assigned.keys().copied().collect()
    }

    /// The partitions that are paused.
    pub fn paused(&self) -> Vec<PartitionId> {
        self.state().paused.iter().copied().collect()
    }

    /// Whether the member has left.
    pub fn has_left(&self) -> bool {
        self.state().has_left
    }
}

/// The next event of any partition that is not paused: a message with its value, or the end of the log.
enum Next {
    Message(PartitionId, i64, Vec<u8>),
    End(PartitionId),
}

impl State {
    fn next(&mut self) -> Option<Next> {
        for (&partition, next) in &mut self.assigned {
            if self.paused.contains(&partition) {
                continue;
            }
            let log = &self.partitions[&partition];
            if *next < log.high() {
                let offset = (*next).max(log.low);
                *next = offset + 1;
                return Some(Next::Message(
                    partition,
                    offset,
                    log.values[(offset - log.low) as usize].clone(),
                ));
            }
            if self.end_reported.insert(partition) {
                return Some(Next::End(partition));
            }
        }
        None
    }
}

impl Consumer for MemoryLog {
    fn subscribe(&self) -> Result<(), LogError> {
        Ok(())
    }

    fn poll(&self, wait: Duration, take: impl FnOnce(&Message<'_>)) -> Polled {
        if self.state().is_shut_out {
            return Polled::ShutOut { error: LogError::of_a_test(), is_replaced: true };
        }
        let next = self.state().next();
        match next {
            None => {
                thread::sleep(wait.min(Duration::from_millis(1)));
                Polled::Nothing
            }
            Some(Next::End(partition)) => Polled::End(partition),
            Some(Next::Message(partition, offset, value)) => {
                let (timestamp_ms, value) = (Some(offset), Some(value.as_slice()));
                take(&Message { partition, offset, timestamp_ms, value, header: None });
                Polled::Message
            }
        }
    }

    fn has_changed(&self) -> bool {
        std::mem::take(&mut self.state().has_changed)
    }

    fn will_have_changed(&self) -> bool {
        self.state().has_changed
    }

    fn next_change(&self) -> Option<Change> {
        self.state().changes.pop_front()
    }

    fn assign(&self, starts: &[(PartitionId, i64)]) -> Result<(), LogError> {
        let mut state = self.state();
        state.end_reported.retain(|partition| !starts.iter().any(|(started, _)| started == partition));
        state.assigned.extend(starts.iter().copied());
        Ok(())
    }

    fn give_back(&self, partitions: &[PartitionId]) -> Result<(), LogError> {
        self.state().assigned.retain(|partition, _| !partitions.contains(partition));
        Ok(())
    }

    fn leave(&self) {
        let mut state = self.state();
        state.assigned.clear();
        state.has_left = true;
    }

    fn pause(&self, partitions: &[PartitionId]) -> Result<(), LogError> {
        self.state().paused.extend(partitions);
        Ok(())
    }

    fn resume(&self, partitions: &[PartitionId]) -> Result<(), LogError> {
        self.state().paused.retain(|partition| !partitions.contains(partition));
        Ok(())
    }

    fn partitions(&self) -> Result<Vec<PartitionId>, LogError> {
        Ok(self.state().partitions.keys().copied().collect())
    }

    fn watermarks(&self, partition: PartitionId) -> Result<(i64, i64), LogError> {
        let state = self.state();
        let log = &state.partitions[&partition];
        Ok((log.low, log.high()))
    }

    fn known_end(&self, partition: PartitionId) -> Option<i64> {
        Some(self.state().partitions[&partition].high())
    }

    fn committed(&self, partitions: &[PartitionId]) -> Result<BTreeMap<PartitionId, Committed>, LogError> {
        let mut committed = self.state().committed.clone();
        committed.retain(|partition, _| partitions.contains(partition));
        Ok(committed)
    }

    fn commit(&self, commits: &[Commit], _wait: bool) -> Result<(), LogError> {
        let committed =
            |one: &Commit| (one.partition, Committed { offset: one.offset, metadata: one.metadata.clone() });
        self.state().committed.extend(commits.iter().map(committed));
        Ok(())
    }

    fn membership(&self) -> Option<Membership> {
        None
    }
}
