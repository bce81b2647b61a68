//! The consumers of one transformer: the blocks that wait until all of them are heard, and the runs.

use super::block::{Block, Run};
use super::neighbours::Differences;
use super::shared::{Beside, FITTED, REMEMBERED, Sharing};
use super::{Rule, explains};
use crate::weigh::{Comparing, Found};
use reading::{EventTime, MeterId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A block of the meter in a row of the topology.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Kept {
    pub(super) row: u32,
    pub(super) block: Block,
}

/// What is known of the consumers of one transformer.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Street {
    /// The blocks that are apart, or can explain one that is, by their end.
    pub(super) waiting: BTreeMap<EventTime, Vec<Kept>>,
    /// How many wait.
    count: usize,
    pub(super) runs: BTreeMap<MeterId, Run>,
    pub(super) sharing: Sharing,
    /// The meters of which a block could explain another.
    pub(super) noted: BTreeMap<MeterId, Noted>,
}

/// Blocks of a meter that could explain another: how many, and the end of the last one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Noted {
    pub(super) blocks: u16,
    pub(super) last: EventTime,
}

/// How many pairs of neighbours a transformer has at most, unless it has more consumers.
const MOST_PAIRS: usize = 64;

/// How many blocks of a transformer wait at most, some 100 bytes each. They can only be so many if the meters of a whole
/// street measure wrongly, and one consumer of it is not heard for days: a dozen such meters fill the least in four days.
pub(super) fn most_kept(consumers: u32) -> usize {
    const EACH: usize = 64;
    const LEAST: usize = 2048;
    (consumers as usize * EACH).max(LEAST)
}

impl Street {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.runs.is_empty() && self.sharing.0.is_empty() && self.noted.is_empty()
    }

    /// Whether a meter may be one of a pair by the time that a block is compared, so that the block is needed even if
    /// it shows no difference. Only the meter's own blocks decide that: which pairs are known when it arrives depends on
    /// how long the neighbours were waited for.
    pub(super) fn may_share(&self, meter: MeterId, block: &Block) -> bool {
        let noted = self.noted.get(&meter);
        noted.is_some_and(|noted| noted.blocks >= FITTED && block.start.since(noted.last) <= REMEMBERED)
    }

    /// Remembers a block that could explain another.
    pub(super) fn note(&mut self, meter: MeterId, block: &Block) {
        let noted = self.noted.entry(meter).or_insert(Noted { blocks: 0, last: block.end });
        if block.start.since(noted.last) > REMEMBERED {
            noted.blocks = 0;
        }
        *noted = Noted { blocks: noted.blocks.saturating_add(1), last: noted.last.max(block.end) };
    }

    /// Keeps a block. If more than `most` wait, the earliest are dropped. Returns how many of these were apart.
    pub(super) fn keep(&mut self, row: u32, block: Block, most: usize, rule: &Rule) -> u64 {
        self.waiting.entry(block.end).or_default().push(Kept { row, block });
        self.count += 1;
        if self.count <= most {
            return 0;
        }
        let Some((_, dropped)) = self.waiting.pop_first() else { return 0 };
        self.count -= dropped.len();
        dropped.iter().filter(|kept| rule.is_apart(&kept.block)).count() as u64
    }

    /// Compares the neighbours in all intervals up to `front`, in the order of time.
    pub(super) fn compare(
        &mut self,
        rule: &Rule,
        comparing: &Comparing<'_>,
        front: EventTime,
        out: &mut Vec<Found>,
    ) {
        while let Some(first) = self.waiting.first_entry().filter(|first| *first.key() <= front) {
            let mut blocks = first.remove();
            self.count -= blocks.len();
            // Each time, because one call may compare the blocks of weeks.
            self.sharing.forget(blocks[0].block.start);
            // Rows stand in the order of their meters.
            blocks.sort_unstable_by_key(|kept| kept.row);
            self.compare_block(rule, comparing, &blocks, out);
        }
        // Missing, honest, explained or held back: in all cases the run did not go on.
        self.runs.retain(|_, run| run.until >= front);
        self.sharing.forget(front);
        // What comes late has its blocks of before, so they are kept for longer than pairs.
        self.noted.retain(|_, noted| front.since(noted.last) <= 2 * REMEMBERED);
    }

    /// Compares the neighbours in one interval.
    fn compare_block(
        &mut self,
        rule: &Rule,
        comparing: &Comparing<'_>,
        blocks: &[Kept],
        out: &mut Vec<Found>,
    ) {
        let rows = comparing.topology.rows();
        let difference = |kept: &Kept| (kept.block.difference(), rows[kept.row as usize].meter);
        let notable = blocks.iter().filter(|kept| rule.is_notable(&kept.block));
        let differences = Differences::new(notable.map(difference));
        let beside = |kept: &Kept| Beside { meter: rows[kept.row as usize].meter, block: kept.block };
        let all: Vec<Beside> = blocks.iter().map(beside).collect();
        let most = all.len().max(MOST_PAIRS);
        for Kept { row, block } in blocks.iter().filter(|kept| rule.is_apart(&kept.block)) {
            let row = &rows[*row as usize];
            let nearest = differences.nearest_opposite(row.meter, block.difference());
            let own = Beside { meter: row.meter, block: *block };
            let is_explained = nearest.is_some_and(|(_, apart)| explains(block.difference(), apart));
            if is_explained
                || self.sharing.explained_by(&own, &all, |other| rule.is_notable(other), most).is_some()
                || rule.is_broken_neutral(block)
            {
                continue;
            }
            let run = self.runs.entry(row.meter).or_insert_with(|| Run::new(block.start));
            if block.end <= run.until {
                // It comes late, and the run has long passed it.
                continue;
            }
            if block.start != run.until || run.turns(block) {
                *run = Run::new(block.start);
            }
            run.add(block, rule);
            if run.blocks >= rule.blocks {
                out.push(Found::new(block.end, row.meter, Some(row), rule.evidence(run, block, nearest)));
            }
        }
    }
}
