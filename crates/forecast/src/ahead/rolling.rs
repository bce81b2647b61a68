//! A model that is carried along a lattice: at each origin it learns what has ended, then it forecasts.

use super::inputs::Inputs;
use super::lattice::{Block, Lattice};
use super::moments::quarter_and_month;
use super::ridge::{Ridge, Sample};
use super::scale::Scale;
use super::sights::Sights;
use super::table::Table;
use super::trees::{Growth, Trees};
use std::ops::Range;

/// The blocks that a first fit needs.
const FEWEST: usize = 14;
/// The first blocks of a target have no days before them, and are not learned from.
const SKIPPED: usize = 7;

/// A block that has ended.
struct Ended {
    origin: usize,
    /// NaN where nothing was measured.
    measured: Vec<f64>,
    /// The same with gaps filled by what the model had forecast.
    filled: Vec<f64>,
}

impl Ended {
    /// Puts what the model had forecast in the place of spikes: squares of their errors would outweigh all others.
    fn leave_out_spikes(&mut self, scale: Scale, point: Option<&[f64]>) {
        for (step, load) in self.filled.iter_mut().enumerate().filter(|(_, load)| scale.is_spike(**load)) {
            *load = point.map_or(0.0, |point| point[step]);
        }
    }
}

/// The ridge's forecast of a block at each origin before `count`; none while there is too little to learn from.
pub fn ridge(table: &Table<'_>, lattice: &Lattice, block: Block, count: usize) -> Vec<Option<Vec<f64>>> {
    let mut points: Vec<Option<Vec<f64>>> = Vec::with_capacity(count);
    let mut inputs: Vec<Inputs> = Vec::with_capacity(count);
    let mut learned: Vec<Ended> = Vec::new();
    let mut model: Option<Ridge> = None;
    let (mut next_fit, mut quarter) = (FEWEST, 0);
    for index in 0..count {
        let known = lattice.known(table, index);
        inputs.push(Inputs::of(known, block));
        let newest = index.checked_sub(block.ahead + 1).filter(|origin| *origin >= SKIPPED);
        let mut is_outgrown = false;
        if let Some(ended) = newest.and_then(|origin| ended(table, lattice, block, (origin, index), &points))
        {
            if let Some(model) = &mut model {
                is_outgrown = model.is_outgrown(&ended.measured);
                model.add(&inputs[ended.origin], &ended.measured);
            }
            learned.push(ended);
        }
        let (current, _) = quarter_and_month(table.grid().time(known.issued()));
        let is_due = learned.len() >= next_fit || current != quarter || is_outgrown;
        if is_due && learned.len() >= FEWEST {
            let scale = Scale::of(known);
            for ended in &mut learned {
                ended.leave_out_spikes(scale, points[ended.origin].as_deref());
            }
            let samples: Vec<Sample<'_>> = learned
                .iter()
                .map(|ended| Sample { inputs: &inputs[ended.origin], load: &ended.filled })
                .collect();
            model = Ridge::fit(&samples, scale);
            // In its first year a target changes fast: it is fitted anew each time that its history has doubled.
            next_fit = if learned.len() < 183 { 2 * learned.len() } else { usize::MAX };
            quarter = current;
        }
        points.push(model.as_ref().map(|model| model.forecast(&inputs[index])));
    }
    points
}

/// The block of an origin as it is known at a later one, if anything of it was measured.
fn ended(
    table: &Table<'_>,
    lattice: &Lattice,
    block: Block,
    (origin, at): (usize, usize),
    points: &[Option<Vec<f64>>],
) -> Option<Ended> {
    let known = lattice.known(table, at);
    let start = block.start(lattice.known(table, origin));
    let measured = known.ended(start, block.length)?;
    if measured.iter().all(|value| value.is_nan()) {
        return None;
    }
    let fill = |(step, value): (usize, &f64)| match &points[origin] {
        _ if !value.is_nan() => *value,
        Some(point) => point[step],
        None => known.filled(start + step as i64),
    };
    let filled = measured.iter().enumerate().map(fill).collect();
    Some(Ended { origin, measured, filled })
}

/// The blocks that trees need.
const FEWEST_FOR_TREES: usize = 28;

/// What the trees say about a block.
#[derive(Debug, Clone)]
pub struct TreePoint {
    /// The load.
    pub load: Vec<f64>,
    /// How far below it the quantile of 10 % is, and how far above that of 90 %, on the scale.
    pub widths: Vec<(f64, f64)>,
}

/// Trees for the median, and for the quantiles of 10 and 90 %.
type Fitted = [Trees; 3];

/// The trees' forecast of a block at the wanted origins. They are fitted anew at the first origin of each month.
pub fn trees(
    table: &Table<'_>,
    lattice: &Lattice,
    block: Block,
    wanted: Range<usize>,
) -> Vec<Option<TreePoint>> {
    let mut points: Vec<Option<TreePoint>> = vec![None; wanted.end];
    let sights: Vec<Sights> =
        (0..wanted.end).map(|index| Sights::of(lattice.known(table, index), block)).collect();
    let month = |index: usize| quarter_and_month(table.grid().time(lattice.origin(index))).1;
    let mut fitted: Option<(i32, Option<Fitted>)> = None;
    for index in wanted {
        let current = month(index);
        if fitted.as_ref().is_none_or(|(month, _)| *month != current) {
            let first =
                (0..=index).rev().take_while(|index| month(*index) == current).last().unwrap_or(index);
            fitted = Some((current, fit_trees(table, lattice, block, (first, &sights))));
        }
        points[index] =
            fitted.as_ref().and_then(|(_, trees)| Some(tree_point(trees.as_ref()?, &sights[index])));
    }
    points
}

fn tree_point([median, low, high]: &Fitted, sights: &Sights) -> TreePoint {
    let [middles, lows, highs] = [median, low, high].map(|trees| trees.forecast(sights));
    let edges = middles.iter().zip(lows.iter().zip(&highs));
    TreePoint {
        load: middles.iter().map(|middle| median.scale().from(*middle)).collect(),
        widths: edges
            .map(|(middle, (low, high))| ((middle - low).max(0.0), (high - middle).max(0.0)))
            .collect(),
    }
}

fn fit_trees(
    table: &Table<'_>,
    lattice: &Lattice,
    block: Block,
    (at, sights): (usize, &[Sights]),
) -> Option<Fitted> {
    let known = lattice.known(table, at);
    let ended = (SKIPPED..at).filter_map(|origin| {
        let start = block.start(lattice.known(table, origin));
        let load = known.ended(start, block.length)?;
        (!load.iter().all(|value| value.is_nan())).then_some((&sights[origin], load))
    });
    let blocks: Vec<_> = ended.collect();
    if blocks.len() < FEWEST_FOR_TREES {
        return None;
    }
    let fit = |growth| Trees::fit(&blocks, Scale::of(known), growth);
    Some([fit(Growth::MEDIAN)?, fit(Growth::edge(0.1))?, fit(Growth::edge(0.9))?])
}
