//! Billing periods that are over, to which late rows of some consumers still belong.

use crate::shares::{NO_GROUP, Share};
use reading::time::DAY;
use serde::{Deserialize, Serialize};

/// What the consumers of a billing period add up to. Stored as it is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Ended {
    /// The billing period.
    pub period: u32,
    /// By number of the group: the sum of the highest blocks of its consumers. All are whole numbers of W or simple
    /// fractions, so the order in which they are added changes nothing.
    pub peaks: Vec<f64>,
    /// By number of the class: imported energy, Wh, and how many consumers have any.
    pub classes: Vec<(u64, u64)>,
}

impl Ended {
    pub(crate) fn new(period: u32) -> Self {
        Self { period, ..Self::default() }
    }

    /// Adds a consumer whose own period this is; `all` is the number of the whole town.
    pub(crate) fn add(&mut self, share: &Share, all: u32) {
        self.count(share, all, 1.0, u64::wrapping_add);
    }

    /// Takes a consumer out, so that it can change.
    pub(crate) fn remove(&mut self, share: &Share, all: u32) {
        self.count(share, all, -1.0, u64::wrapping_sub);
    }

    fn count(&mut self, share: &Share, all: u32, sign: f64, change: impl Fn(u64, u64) -> u64) {
        if share.peak > 0.0 {
            for number in [share.groups[0], share.groups[1], all] {
                if number != NO_GROUP {
                    *at(&mut self.peaks, number as usize) += sign * f64::from(share.peak);
                }
            }
        }
        if let (Some(class), Some(energy)) = (share.class(), share.energy()) {
            let (sum, count) = at(&mut self.classes, class);
            (*sum, *count) = (change(*sum, energy.into()), change(*count, 1));
        }
    }

    /// The sum of the highest blocks of the consumers of a group.
    pub(crate) fn peaks_of(&self, group: usize) -> f64 {
        self.peaks.get(group).copied().unwrap_or_default()
    }

    /// What consumers of each class imported on average; not a number for a class without any.
    pub(crate) fn means(&self) -> Vec<f64> {
        self.classes.iter().map(|&(sum, count)| sum as f64 / count as f64).collect()
    }

    /// What consumers of a class imported on average, if they imported anything.
    pub(crate) fn mean(&self, class: usize) -> Option<f64> {
        let &(sum, count) = self.classes.get(class)?;
        (sum > 0 && count > 0).then(|| sum as f64 / count as f64)
    }
}

/// The shortest billing period is February.
const SHORTEST: i64 = 28 * DAY;

/// How many ended periods late rows can belong to.
pub(crate) fn most_ended(final_after: i64) -> usize {
    if final_after > SHORTEST { 2 } else { 1 }
}

/// The entry at a place, which may be new.
fn at<T: Clone + Default>(all: &mut Vec<T>, place: usize) -> &mut T {
    if place >= all.len() {
        all.resize(place + 1, T::default());
    }
    &mut all[place]
}
