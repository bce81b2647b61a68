//! Compares a meter or a group with others in the town: its part in the town's peak, diversity, and peers.

use crate::ended::Ended;
use crate::groups::Groups;
use crate::metering::Strides;
use crate::rows::{Among, DemandRow};
use crate::shares::{BlockUse, Share, power_of_use};
use reading::Target;
use units::{Ratio, Watts};

impl Groups {
    /// Adds to the row of a meter what is known of the others so far. The row must be of the billing period under way or
    /// of the one before.
    ///
    /// If late rows of others are awaited, their part in the means of classes is missing, and the peak of the town is
    /// the highest block by what has come.
    pub fn complete(&mut self, row: &mut DemandRow) {
        if self.class_means.is_none() {
            self.class_means = Some(self.under_way().means());
        }
        self.complete_with(row, None);
    }

    /// The same of the row of a group. `sums` are those of the period of the row.
    pub(crate) fn complete_with(&self, row: &mut DemandRow, sums: Option<&Ended>) {
        let (target, start, block) = (row.target(), row.start, row.block);
        let Some(whole) = &mut row.whole else { return };
        let period = self.moments.period_at(&self.demand.settings, start);
        let group = self.numbers.get(&target).map(|&number| number as usize);
        let among = match (target, group) {
            (Target::Meter(meter), _) => {
                let Some(share) = self.consumers.of(meter) else { return };
                if period != self.period && !self.ended.iter().any(|ended| ended.period == period) {
                    return;
                }
                let (coincident, peers) = (self.share_in_peak(share, period), self.over_peers(share, period));
                Among { coincident: known(coincident), peers: peers.map(Ratio), ..whole.among }
            }
            (_, Some(group)) => {
                let BlockUse { coincident, before, .. } = self.groups[group];
                let coincident = match period {
                    _ if period == self.settled_period => coincident,
                    _ if period == self.settled_before => before,
                    _ => return,
                };
                let peaks = sums.map(|sums| sums.peaks_of(group)).filter(|peaks| *peaks > 0.0);
                let diversity = peaks.zip(block.filter(|block| block.demand.0 > 0.0));
                Among {
                    coincident: known(coincident),
                    meters: Some(self.sizes[group]),
                    diversity: diversity.map(|(peaks, block)| Ratio(peaks / block.demand.0)),
                    ..whole.among
                }
            }
            _ => return,
        };
        whole.among = among;
    }

    /// What a consumer used in the town's highest block of a period by what has come so far, W; NaN is not known.
    fn share_in_peak(&self, share: &Share, period: u32) -> f32 {
        let (mut use_of_peak, mut highest) = match period {
            _ if period == self.settled_period => (share.block.coincident, self.settled_peak(period)),
            _ if period == self.settled_before => (share.block.before, f32::INFINITY),
            _ => (f32::NAN, 0.0),
        };
        for (at, _) in self.candidates.iter().filter(|(_, one)| one.period == period) {
            if self.powers[at] > highest {
                use_of_peak = power_of_use(share.uses[at], self.hours_of_a_block());
                highest = self.powers[at];
            }
        }
        use_of_peak
    }

    /// The highest settled block of the town in a period, W; 0 if there is none.
    fn settled_peak(&self, period: u32) -> f32 {
        let all = self.all as usize;
        let is_own = self.demand.heads.get(all).is_some_and(|head| head.period == period);
        let zones = Strides::of(&self.demand.settings).zones;
        self.demand.zones.get(all * zones).filter(|_| is_own).map_or(0.0, |zone| zone.block.max(0.0))
    }

    /// What a consumer imported in a period, over the mean of its class.
    fn over_peers(&self, share: &Share, period: u32) -> Option<f64> {
        let (class, energy) = share.in_period(period)?;
        if period == self.period {
            let mean = self.class_means.as_ref()?.get(class).filter(|mean| **mean > 0.0)?;
            return Some(f64::from(energy) / mean);
        }
        let mean = self.ended.iter().find(|ended| ended.period == period)?.mean(class)?;
        // In the precision in which ratios of the period before were always published.
        Some(f64::from((f64::from(energy) / mean) as f32))
    }
}

fn known(power: f32) -> Option<Watts> {
    (!power.is_nan()).then(|| Watts(f64::from(power)))
}
