//! Kernels over a row of numbers: one mean power for each interval, in time order, `None` where it is not known.

use units::{Ratio, Watts};

/// The highest demand of a row, and where it was.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    /// The first interval of the block.
    pub at: usize,
    /// Mean power over the block.
    pub demand: Watts,
}

/// The block of `width` intervals with the highest mean power; of equals, the first.
///
/// Blocks stand side by side from the row's start, as a demand register counts them. A block with a hole and the
/// rest of a block at the end take no part.
pub fn block_peak(powers: &[Option<Watts>], width: usize) -> Option<Peak> {
    if width == 0 {
        return None;
    }
    let mut peak: Option<Peak> = None;
    for (block, powers) in powers.chunks_exact(width).enumerate() {
        let Some(sum) = powers.iter().try_fold(0.0, |sum, power| Some(sum + (*power)?.0)) else { continue };
        let demand = Watts(sum / width as f64);
        if peak.is_none_or(|peak| demand > peak.demand) {
            peak = Some(Peak { at: block * width, demand });
        }
    }
    peak
}

/// Mean over peak of the intervals that are known: 1 is a flat load. `None` when nothing was used.
pub fn load_factor(powers: &[Option<Watts>]) -> Option<Ratio> {
    let (mut sum, mut count, mut peak) = (0.0, 0_u32, f64::NEG_INFINITY);
    for power in powers.iter().flatten() {
        sum += power.0;
        count += 1;
        peak = if power.0 > peak { power.0 } else { peak };
    }
    (count > 0 && peak > 0.0).then(|| Ratio(sum / f64::from(count) / peak))
}
