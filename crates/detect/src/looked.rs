//! What the rule of phase against neutral made of all intervals of one meter: for whoever asks why there is no case.

use crate::PhaseNeutral;
use crate::phase_neutral::{Block, evidence_currents, explains};
use crate::shared_neutral::Neighbours;
use grid::Joined;
use reading::{EventTime, MeterId};
use std::collections::BTreeMap;

/// The intervals of a meter, counted by what became of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Looked {
    /// They have both currents, and may be evidence.
    pub compared: u32,
    /// Of these, the currents are apart by more than is allowed.
    pub apart: u32,
    /// Of these, a neighbour with the opposite difference explains it: who, and how often.
    pub shared: BTreeMap<MeterId, u32>,
    /// Or no neighbour could be asked, because the transformer is not known.
    pub held_back: u32,
    /// The most of the rest that followed one another.
    pub longest_run: u32,
    /// How many have to follow one another.
    pub needed: u32,
}

impl PhaseNeutral {
    /// Looks at the intervals of a meter, among those of its neighbours, in the order of time.
    pub fn look_at<'a>(&self, meter: MeterId, rows: impl Iterator<Item = Joined<'a>> + Clone) -> Looked {
        let own = rows.clone().filter(|joined| joined.interval.meter == meter);
        let compared = own.clone().filter(|joined| evidence_currents(joined.interval).is_some()).count();
        let blocks: Vec<Block<'a>> = own.filter_map(|joined| self.apart(joined)).collect();
        let neighbours = Neighbours::of(blocks.iter().map(|block| (block.interval, block.row)), rows);
        let mut looked = Looked {
            compared: compared as u32,
            apart: blocks.len() as u32,
            needed: self.blocks,
            ..Looked::default()
        };
        let mut run = (EventTime::MIN, false, 0);
        for block in &blocks {
            if block.row.is_none_or(|row| row.transformer.is_none()) {
                looked.held_back += 1;
                continue;
            }
            let difference = block.currents.difference();
            let nearest = neighbours.nearest_opposite(block.interval, block.row, difference);
            if let Some((other, _)) = nearest.filter(|(_, apart)| explains(difference, *apart)) {
                *looked.shared.entry(other).or_default() += 1;
                continue;
            }
            let side = difference.0 > 0.0;
            let before = if run.0 == block.interval.start && run.1 == side { run.2 } else { 0 };
            run = (block.interval.end, side, before + 1);
            looked.longest_run = looked.longest_run.max(run.2);
        }
        looked
    }
}
