//! The progress of a worker with one partition: its offset and its counters.

use super::messages::{LastStored, State};
use super::tally::Tally;
use crate::metrics::{Metrics, Partition};
use pipeline::{Lane, Plan, TownGauges};
use reading::issue::Counts;
use reading::{EventTime, Issue};
use shell::DeadShare;
use std::sync::Arc;
use vet::{Rule, Tally as RuleTally};

/// The progress of a partition since this process has it.
pub struct Progress {
    /// The offset of the next message.
    pub position: i64,
    /// The checkpoint that is in the store.
    pub stored: Option<LastStored>,
    pub tally: Tally,
    /// The counters of the state at the last look: late, repeated and admitted readings, and readings by rule. Metrics
    /// count only differences, because a restored state brings the counts of an earlier process with it.
    before: [u64; 3],
    quality: [u64; Rule::ALL.len()],
    /// The gauges of its town, and the number of waiting rows, as this partition last added them to the metrics.
    pub counted: TownGauges,
    pub waiting: i64,
    pub gauges: Arc<Partition>,
}

impl Progress {
    /// The progress at the moment when this process takes over a partition.
    pub fn new(state: &State, position: i64, stored: Option<LastStored>, gauges: Arc<Partition>) -> Self {
        let (before, quality) = match state {
            State::Lane(lane) => (Self::counted(lane), Self::quality(lane)),
            State::District(_) => ([0; 3], [0; Rule::ALL.len()]),
        };
        let goes_on = matches!(state, State::Lane(lane) if lane.sequencer().closed() > EventTime::MIN);
        let dead = if goes_on { DeadShare::of_a_restart() } else { DeadShare::default() };
        Self {
            position,
            stored,
            tally: Tally { dead, ..Tally::default() },
            before,
            quality,
            counted: TownGauges::default(),
            waiting: 0,
            gauges,
        }
    }

    /// How many readings were late, repeated and admitted since the state began.
    fn counted(lane: &Lane) -> [u64; 3] {
        let (order, totals) = (lane.sequencer().counts(), lane.fleet().totals());
        let count = |issue| order.of_issue(issue) + totals.counts.of_issue(issue);
        [count(Issue::Late), count(Issue::Repeat), totals.admitted]
    }

    /// How often each rule was met since the state began. Findings of the decoder are not in the state: they come with
    /// each batch.
    fn quality(lane: &Lane) -> [u64; Rule::ALL.len()] {
        let mut counts = lane.sequencer().counts().clone();
        counts.add(&lane.fleet().totals().counts);
        let tally = lane.tally();
        std::array::from_fn(|index| tally.of(Rule::ALL[index], &counts))
    }

    /// Counts how often rules were met since the last call.
    pub fn count_quality(&mut self, lane: &Lane, plan: &Plan, door: &Counts, metrics: &Metrics) {
        let now = Self::quality(lane);
        let door_alone = RuleTally::default();
        for rule in plan.rules() {
            let more = now[rule as usize] - self.quality[rule as usize] + door_alone.of(rule, door);
            if more > 0 {
                metrics.quality(rule, more);
            }
        }
        // Differences only, or counts from before a restart would be counted again.
        self.quality = now;
    }

    /// Counts the readings since the last call.
    pub fn count(&mut self, lane: &Lane, metrics: &Metrics) {
        let now = Self::counted(lane);
        let [late, repeats, admitted] = [0, 1, 2].map(|kind| now[kind] - self.before[kind]);
        self.before = now;
        self.tally.late += late;
        self.tally.repeats += repeats;
        metrics.readings_late.inc_by(late);
        metrics.readings_repeated.inc_by(repeats);
        metrics.readings_admitted.inc_by(admitted);
        if let Some(front) = lane.sequencer().front() {
            self.gauges.front(front);
        }
    }
}
