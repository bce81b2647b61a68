//! Compares a meter or a group with others in the town: its part in the town's peak, diversity, and peers.

use crate::groups::Groups;
use crate::rows::{Among, DemandRow};
use crate::shares::BlockUse;
use reading::Target;
use units::{Ratio, Watts};

impl Groups {
    /// Adds to the row of a meter what is known of the others. The row must be of the billing period under way or of
    /// the one before.
    pub fn complete(&mut self, row: &mut DemandRow) {
        if self.class_means.is_none() {
            self.class_means = Some(self.means_of_classes());
        }
        self.complete_with(row, &[]);
    }

    /// The same of the row of a group. `peaks` are the sums of the highest blocks of the consumers of each group.
    pub(crate) fn complete_with(&self, row: &mut DemandRow, peaks: &[f64]) {
        let target = row.target();
        let Some(whole) = &mut row.whole else { return };
        let group = self.numbers.get(&target).map(|&number| number as usize);
        let (part, share) = match (target, group) {
            (Target::Meter(meter), _) => {
                let Some(share) = self.consumers.of(meter) else { return };
                ((share.block.coincident, share.block.before), Some(share))
            }
            (_, Some(group)) => {
                let BlockUse { coincident, before, .. } = self.groups[group];
                ((coincident, before), None)
            }
            _ => return,
        };
        let period = self.moments.period_at(&self.demand.settings, row.start);
        let means = self.class_means.as_deref().unwrap_or_default();
        let (coincident, peers) = match period {
            _ if period == self.period => (part.0, share.and_then(|share| share.over_peers(means))),
            // The means of the classes in the period before are no longer known, so each consumer keeps its own
            // ratio.
            _ if period == self.period_before => {
                let before = share.map(|share| f64::from(share.peers_before));
                (part.1, before.filter(|ratio| !ratio.is_nan()))
            }
            _ => return,
        };
        let peaks = group.and_then(|number| peaks.get(number)).filter(|peaks| **peaks > 0.0);
        let diversity = peaks.zip(row.block.filter(|block| block.demand.0 > 0.0));
        whole.among = Among {
            coincident: (!coincident.is_nan()).then(|| Watts(f64::from(coincident))),
            meters: group.map(|number| self.sizes[number]),
            peers: peers.map(Ratio),
            diversity: diversity.map(|(peaks, block)| Ratio(peaks / block.demand.0)),
            ..whole.among
        };
    }

    /// What consumers of each class imported on average in the period under way.
    pub(crate) fn means_of_classes(&self) -> Vec<f64> {
        let mut sums = vec![(0, 0_u64); self.classes.len()];
        for share in &self.consumers.shares {
            if let (Some((sum, count)), Some(energy)) =
                (sums.get_mut(usize::from(share.class)), share.energy())
            {
                (*sum, *count) = (*sum + u64::from(energy), *count + 1);
            }
        }
        sums.into_iter().map(|(sum, count)| sum as f64 / count as f64).collect()
    }

    /// The sums of the highest blocks of the consumers of each group.
    pub(crate) fn peaks(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.names.len()];
        for share in self.consumers.shares.iter().filter(|share| share.peak > 0.0) {
            for number in [share.groups[0], share.groups[1], self.all] {
                if let Some(sum) = sums.get_mut(number as usize) {
                    *sum += f64::from(share.peak);
                }
            }
        }
        sums
    }
}
