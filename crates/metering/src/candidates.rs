//! The blocks of the whole town that may become its peak once late rows are in.
//!
//! What each consumer used in the peak of the town is known only if it was kept when that block ended. All blocks of
//! days would take too much memory. So the highest of them are kept, by what was in time: they are ranked before
//! anybody knows what comes late.

use crate::shares::CANDIDATES;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// A block of the town that has ended and waits for late rows. Stored as it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Candidate {
    /// The numbers of its first and of its last interval.
    pub first: u32,
    pub last: u32,
    /// The billing period.
    pub period: u32,
    /// Whether enough consumers were measured in time for it to make a peak.
    pub is_whole: bool,
    /// The power of the town by what was in time, W.
    pub power: f32,
}

impl Candidate {
    /// Which of two is rather the peak: one that is whole, then the higher one, then the earlier one.
    fn rank(&self, other: &Self) -> Ordering {
        let by_power = self.is_whole.cmp(&other.is_whole).then(self.power.total_cmp(&other.power));
        by_power.then(other.last.cmp(&self.last))
    }
}

/// At most [`CANDIDATES`] of them, each with the place of its uses in the consumers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Candidates {
    all: [Option<Candidate>; CANDIDATES],
    /// A billing period, and the highest power of a whole block in it so far, in time.
    best: Option<(u32, f32)>,
}

/// A whole block that is lower than this share of the best one so far is no candidate: late rows are more alike from
/// block to block.
const NEAR: f32 = 0.875;

impl Candidates {
    /// Each with its place.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &Candidate)> {
        self.all.iter().enumerate().filter_map(|(at, one)| Some((at, one.as_ref()?)))
    }

    /// The place of the block that ends with an interval.
    pub(crate) fn ending_at(&self, last: u32) -> Option<usize> {
        self.iter().find(|(_, one)| one.last == last).map(|(at, _)| at)
    }

    /// Takes a block, if it can be the peak rather than another one. Returns its place.
    ///
    /// The best of each billing period always stays. So a peak without late rows is never lost.
    pub(crate) fn take(&mut self, new: Candidate) -> Option<usize> {
        if new.is_whole {
            let best = self.best.filter(|(period, _)| *period == new.period).map_or(0.0, |(_, best)| best);
            if new.power < best * NEAR {
                return None;
            }
            self.best = Some((new.period, best.max(new.power)));
        }
        let at = match self.all.iter().position(Option::is_none) {
            Some(free) => free,
            None => self.least(&new)?,
        };
        self.all[at] = Some(new);
        Some(at)
    }

    /// The place of the one that has to leave for a new one; none if the new one itself has to.
    fn least(&self, new: &Candidate) -> Option<usize> {
        let all = || self.iter().map(|(_, one)| one).chain([new]);
        let is_best = |one: &Candidate| {
            all().filter(|other| other.period == one.period).all(|other| other.rank(one) != Ordering::Greater)
        };
        let others = self.iter().filter(|(_, one)| !is_best(one));
        let (at, least) = others.min_by(|(_, one), (_, other)| one.rank(other))?;
        (is_best(new) || least.rank(new) == Ordering::Less).then_some(at)
    }

    /// Every block that ends with this interval or before is settled.
    pub(crate) fn settle(&mut self, index: u32) {
        self.all.iter_mut().for_each(|one| *one = one.take().filter(|one| one.last > index));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn the_best_of_each_period_stays_and_the_least_leaves() {
        let mut candidates = Candidates::default();
        let mut page = String::new();
        for (last, period, is_whole, power) in [
            (1, 1, true, 80.0),
            (2, 1, true, 100.0),
            // Far below the best.
            (3, 1, true, 50.0),
            (4, 1, true, 100.0),
            (5, 2, true, 60.0),
            (6, 2, true, 90.0),
            (7, 2, false, 300.0),
            (8, 2, true, 95.0),
        ] {
            let at = candidates.take(Candidate { first: last, last, period, is_whole, power });
            let all: Vec<u32> = candidates.iter().map(|(_, one)| one.last).collect();
            page += &format!("{last}: {at:?} {all:?}\n");
        }
        candidates.settle(5);
        page += &format!("{:?} {:?}\n", candidates.ending_at(2), candidates.ending_at(8));
        expect![[r#"
            1: Some(0) [1]
            2: Some(1) [1, 2]
            3: None [1, 2]
            4: Some(2) [1, 2, 4]
            5: Some(0) [5, 2, 4]
            6: Some(0) [6, 2, 4]
            7: None [6, 2, 4]
            8: Some(0) [8, 2, 4]
            None Some(0)
        "#]]
        .assert_eq(&page);
    }
}
