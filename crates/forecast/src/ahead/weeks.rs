//! The seasonal model: the mean of the same time of day in the last weeks. It is the fallback, so it always answers.

use super::known::Known;
use super::lattice::Block;

/// How many weeks it looks back.
const WEEKS: usize = 4;

/// The load of some blocks.
pub fn forecast(known: Known<'_>, blocks: &[Block]) -> Vec<f64> {
    blocks.iter().flat_map(|block| forecast_block(known, *block)).collect()
}

fn forecast_block(known: Known<'_>, block: Block) -> Vec<f64> {
    let day = known.grid().day() as i64;
    let step = |offset: i64| {
        let row = block.start(known) + offset;
        let weeks = (0..WEEKS).map(|week| (block.weeks_back() + 7 * week) as i64 * day);
        let measured: Vec<f64> = weeks.filter_map(|back| known.load(row - back)).collect();
        if measured.is_empty() {
            // Less than a week of history: the last day.
            known.filled(row - (block.ahead as i64 + 1) * day)
        } else {
            measured.iter().sum::<f64>() / measured.len() as f64
        }
    };
    (0..block.length as i64).map(step).collect()
}
