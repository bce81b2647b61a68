//! Kernels over a row of numbers: one mean power for each interval, in time order, `None` where it is not known.

use units::{Ratio, WattHours, Watts};

/// The highest demand of a row, and where it was.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    /// The first interval of the block.
    pub at: usize,
    /// Mean power over the block.
    pub demand: Watts,
}

/// The block of `width` intervals with the highest mean power. If several are equal, it is the first of them.
///
/// Blocks follow one another from the start of the row, as a demand register counts them. A block with an unknown
/// interval is left out, and so is an incomplete block at the end.
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

/// The power that the load exceeds in 95 % of the known intervals.
pub fn base_load(powers: &[Option<Watts>]) -> Option<Watts> {
    let mut known: Vec<f64> = powers.iter().flatten().map(|power| power.0).collect();
    known.sort_by(f64::total_cmp);
    // A twentieth of the intervals are below it.
    known.get(known.len() / 20).copied().map(Watts)
}

/// Energy over known hours, as a share of a peak. `None` without hours or without a peak.
pub fn load_factor_of(energy: WattHours, hours: f64, peak: Watts) -> Option<Ratio> {
    (hours > 0.0 && peak.0 > 0.0).then(|| Ratio(energy.0 as f64 / hours / peak.0))
}

/// The value that a share of all values is below. `counts` are those of classes of equal width from 0 to 1. The
/// values of a class are assumed to be spread evenly over it. `None` if nothing was counted.
pub fn percentile(counts: &[u16], share: f64) -> Option<Ratio> {
    let all: u32 = counts.iter().map(|&count| u32::from(count)).sum();
    let mut wanted = f64::from(all) * share;
    for (class, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let count = f64::from(count);
        if wanted <= count {
            return Some(Ratio((class as f64 + wanted / count) / counts.len() as f64));
        }
        wanted -= count;
    }
    None
}

/// The typical day of a load profile: for each slot the mean of five weekdays, one Saturday and one Sunday. A type of
/// day whose slot is unknown is left out. `None` if a slot is unknown for all types.
pub fn typical_day(types: [&[Option<Watts>]; 3]) -> Option<Vec<Watts>> {
    const DAYS: [f64; 3] = [5.0, 1.0, 1.0];
    let slot = |at: usize| {
        let known =
            types.iter().zip(DAYS).filter_map(|(slots, days)| Some((slots.get(at).copied()??.0, days)));
        let (sum, days) = known.fold((0.0, 0.0), |(sum, all), (mean, days)| (sum + mean * days, all + days));
        (days > 0.0).then(|| Watts(sum / days))
    };
    (0..types[0].len()).map(slot).collect()
}

/// The share of a day's energy that is used from midnight to six. `None` for a day that uses nothing, or exports more
/// than it imports.
pub fn night_share(day: &[Watts]) -> Option<Ratio> {
    let sum = |slots: &[Watts]| slots.iter().map(|power| power.0).sum::<f64>();
    let (night, all) = (sum(&day[..day.len() / 4]), sum(day));
    (all > 0.0 && day.len().is_multiple_of(4)).then(|| Ratio(night / all))
}

/// Mean and variance of observations, in which later ones count more.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Learned {
    /// Mean.
    pub mean: f64,
    /// Variance, as of a whole population.
    pub variance: f64,
}

/// Takes one more observation. `weight` is the weight of all observations, if this one has the weight 1.
#[inline]
pub fn learn(learned: Learned, seen: f64, weight: f64) -> Learned {
    let off = seen - learned.mean;
    let step = off / weight;
    Learned { mean: learned.mean + step, variance: (1.0 - 1.0 / weight) * (learned.variance + off * step) }
}

/// The weight of all observations, by their number, if the last one has the weight 1. An observation keeps the share
/// `keep` of its weight when the next one comes. The list ends when one more observation changes nothing, or at
/// `most`.
pub fn weights(keep: f64, most: usize) -> Vec<f64> {
    let mut weights = vec![0.0];
    while weights.len() <= most {
        let before = weights[weights.len() - 1];
        let weight = 1.0 + keep * before;
        if weight <= before {
            break;
        }
        weights.push(weight);
    }
    weights
}
