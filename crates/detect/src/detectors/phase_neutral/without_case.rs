//! What the rule made of all intervals of one meter, for a person who asks why there is no case.

use super::block::Block;
use super::neighbours::Differences;
use super::shared::{Beside, Sharing};
use super::{Rule, explains};
use grid::{Joined, Role, TopologyRow};
use reading::{EventTime, MeterId, TransformerId};
use std::collections::BTreeMap;

/// The intervals of a meter, counted by what became of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Looked {
    /// They have both currents, and may be evidence.
    pub(super) compared: u32,
    /// Of these, the currents are apart by more than is allowed.
    pub(super) apart: u32,
    /// Of these, a neighbour with the opposite difference explains it: which one, and how often.
    pub(super) shared: BTreeMap<MeterId, u32>,
    /// Or next to nothing returned and all was counted: the neutral of the supply is broken.
    pub(super) broken: u32,
    /// Or no neighbour could be asked, because the transformer is not known.
    pub(super) held_back: u32,
    /// The most of the rest that followed one another.
    pub(super) longest_run: u32,
    /// How many have to follow one another.
    pub(super) needed: u32,
}

impl Rule {
    /// Looks at the intervals of a meter, among those of its neighbours, in the order of time.
    pub(super) fn look_at<'a>(
        &self,
        meter: MeterId,
        rows: impl Iterator<Item = Joined<'a>> + Clone,
    ) -> Looked {
        let of_consumers = rows.filter(Joined::is_consumer);
        let own = of_consumers.clone().filter(|joined| joined.interval.meter == meter);
        let compared = own.filter_map(|joined| Some((Block::new(joined.interval)?, joined.row)));
        let compared: Vec<(Block, Option<&TopologyRow>)> = compared.collect();
        let apart = || compared.iter().filter(|(block, _)| self.is_apart(block));
        let neighbours = neighbours(apart(), of_consumers);
        let mut looked = Looked {
            compared: compared.len() as u32,
            apart: apart().count() as u32,
            needed: self.blocks,
            ..Looked::default()
        };
        let (mut run, mut sharing) = ((EventTime::MIN, false, 0), Sharing::default());
        for (block, row) in apart() {
            let Some(transformer) = row.and_then(TopologyRow::transformer) else {
                looked.held_back += 1;
                continue;
            };
            let all = &neighbours[&(transformer, block.end)];
            if let Some(other) = self.sharer(&mut sharing, meter, block, all) {
                *looked.shared.entry(other).or_default() += 1;
                continue;
            }
            if self.is_broken_neutral(block) {
                looked.broken += 1;
                continue;
            }
            let side = block.difference().0 > 0.0;
            let before = if run.0 == block.start && run.1 == side { run.2 } else { 0 };
            run = (block.end, side, before + 1);
            looked.longest_run = looked.longest_run.max(run.2);
        }
        looked
    }

    /// The neighbour with whom a meter shares its neutral, if that explains a block. Like the rule at work, but that
    /// also learns from what the neighbours' own differences show.
    fn sharer(
        &self,
        sharing: &mut Sharing,
        meter: MeterId,
        block: &Block,
        all: &[Beside],
    ) -> Option<MeterId> {
        let differences = Differences::new(all.iter().map(|other| (other.block.difference(), other.meter)));
        let nearest = differences.nearest_opposite(meter, block.difference());
        if let Some((other, _)) = nearest.filter(|(_, apart)| explains(block.difference(), *apart)) {
            return Some(other);
        }
        let own = Beside { meter, block: *block };
        sharing.explained_by(&own, all, |other| self.is_notable(other), all.len())
    }
}

/// The blocks of all consumers on the transformers of these blocks, by transformer and end.
fn neighbours<'a, 'b>(
    blocks: impl Iterator<Item = &'b (Block, Option<&'a TopologyRow>)>,
    rows: impl Iterator<Item = Joined<'a>>,
) -> BTreeMap<(TransformerId, EventTime), Vec<Beside>>
where
    'a: 'b,
{
    let place = |row: Option<&TopologyRow>| row.and_then(TopologyRow::transformer);
    let interesting = blocks.filter_map(|(block, row)| Some(((place(*row)?, block.end), Vec::new())));
    let mut all: BTreeMap<_, Vec<Beside>> = interesting.collect();
    for joined in rows.filter(|joined| joined.role == Some(Role::Consumer)) {
        let block =
            place(joined.row).and_then(|transformer| all.get_mut(&(transformer, joined.interval.end)));
        if let Some((block, own)) = block.zip(Block::new(joined.interval)) {
            block.push(Beside { meter: joined.interval.meter, block: own });
        }
    }
    all
}

impl Looked {
    pub(super) fn in_words(&self) -> Vec<String> {
        let Self { compared, apart, shared, broken, held_back, longest_run, needed } = self;
        if *compared == 0 {
            return vec!["no interval has a phase and a neutral current to compare".to_owned()];
        }
        let mut lines = vec![format!(
            "in {apart} of {compared} intervals phase and neutral are apart by more than is allowed"
        )];
        for (other, blocks) in shared {
            lines.push(format!(
                "a shared neutral explains {blocks} of them: both neutrals together fit both phases of it and {other}"
            ));
        }
        if *broken > 0 {
            lines.push(format!(
                "in {broken} of them next to nothing comes back, and the registers count all that goes out: the neutral of the supply is broken"
            ));
        }
        if *held_back > 0 {
            lines.push(format!(
                "{held_back} of them raise nothing: on no known transformer, a shared neutral cannot be looked at"
            ));
        }
        if *longest_run > 0 {
            lines.push(format!("at most {longest_run} of the others run on, {needed} are needed"));
        }
        lines
    }
}
