//! The front of a partition: the time that enough of its meters have reached.
//!
//! Each meter of a panel has one vote, the time of its latest reading. The front is the latest time that three eighths
//! of the voters have reached. So a quarter of the clocks may be wrong by any amount, in either direction, and single
//! absurd stamps move nothing. Meters that deliver once a day, or are without supply, do not hold it back as long as
//! three eighths of the others go on.
//!
//! Example: of 200 meters, 75 have sent their reading of 10:15, and 125 still that of 10:00. The front is 10:15.
//!
//! The panel is a sample of the meters by their hash, so that each of them is as likely to be in it, whatever its
//! concentrator. A meter votes while it is heard: among the last readings of the partition, twice as many as there are
//! meters. The front depends on the readings of its partition and their order alone, and never goes back.

use reading::EventTime;
use serde::{Deserialize, Serialize};

/// The panel has at most so many members. Then every second one leaves. With 256 of a million meters, of which a
/// quarter is wrong, three eighths of the panel are wrong once in 500,000 panels.
const MOST_MEMBERS: usize = 512;

/// A front needs the votes of so many meters, or [`FIRST_READINGS`]: a partition may have fewer meters.
const FIRST_MEMBERS: usize = 16;

/// After so many readings there is a front, however few the meters are.
const FIRST_READINGS: u64 = 32;

/// A meter votes for at least so many readings after its own. It is more than two days of quarter-hours: a single meter
/// with a broken clock may have stored so many, and send them at once.
const LEAST_HEARD: u64 = 256;

/// A meter of which nothing was heard among so many times the known meters is forgotten.
const FORGOTTEN: u64 = 64;

/// Three of eight votes move the front.
const SHARE: (usize, usize) = (3, 8);

/// The vote of a meter.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Member {
    hash: u64,
    /// The time of its latest reading, rounded down to [`Panel::step`].
    latest: EventTime,
    /// The number of that reading in its partition.
    heard: u64,
}

/// Some of the meters of a partition, and the front that they agree on.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Panel {
    /// Sorted by hash.
    members: Vec<Member>,
    /// A meter is in the panel if so many of the lowest bits of its hash are zero.
    bits: u32,
    /// How many readings the partition has had.
    readings: u64,
    /// Votes beyond the front that have not been counted yet.
    uncounted: u64,
    front: Option<EventTime>,
}

impl Panel {
    /// A panel of a stored state that has none: it keeps the front, and hears its meters anew.
    pub(super) fn of_front(front: Option<EventTime>) -> Self {
        Self { front, ..Self::default() }
    }

    pub(super) fn front(&self) -> Option<EventTime> {
        self.front
    }

    /// About how many meters the partition has.
    pub(super) fn meters(&self) -> usize {
        self.members.len() << self.bits
    }

    /// Hears a reading: the vote of its meter, if that is in the panel. Returns whether the front moved.
    ///
    /// Votes are rounded down to `step`, ms, so that clocks that differ by seconds agree.
    #[inline]
    pub(super) fn hear(&mut self, hash: u64, time: impl FnOnce() -> EventTime, step: i64) -> bool {
        self.readings += 1;
        hash.trailing_zeros() >= self.bits && self.vote(hash, time(), step)
    }

    fn vote(&mut self, hash: u64, time: EventTime, step: i64) -> bool {
        let latest = EventTime(time.0.div_euclid(step).saturating_mul(step));
        let vote = Member { hash, latest, heard: self.readings };
        match self.members.binary_search_by_key(&hash, |member| member.hash) {
            Ok(place) => self.members[place] = vote,
            Err(place) => {
                self.members.insert(place, vote);
                while self.members.len() > MOST_MEMBERS {
                    self.bits += 1;
                    let bits = self.bits;
                    self.members.retain(|member| member.hash.trailing_zeros() >= bits);
                }
            }
        }
        if self.front.is_some_and(|front| latest <= front) {
            return false;
        }
        // Counting walks all members, so a large panel does not count at each vote.
        self.uncounted += 1;
        if self.uncounted * 64 < self.members.len() as u64 {
            return false;
        }
        self.uncounted = 0;
        let is_enough = self.members.len() >= FIRST_MEMBERS || self.readings >= FIRST_READINGS;
        is_enough && self.count(2 * self.meters() as u64)
    }

    /// The partition has no more readings: all votes count, however few there are.
    pub(super) fn end(&mut self) {
        self.count(u64::MAX);
    }

    /// Counts the votes of the meters that were among the last `readings` readings. Returns whether the front moved.
    fn count(&mut self, readings: u64) -> bool {
        let (now, forgotten) = (self.readings, FORGOTTEN * self.meters() as u64);
        let ago = |member: &Member| now - member.heard;
        self.members.retain(|member| ago(member) < forgotten.max(LEAST_HEARD));
        let voters = self.members.iter().filter(|member| ago(member) < readings.max(LEAST_HEARD));
        let mut votes: Vec<EventTime> = voters.map(|member| member.latest).collect();
        let needed = (votes.len() * SHARE.0).div_ceil(SHARE.1);
        let beyond = |front| votes.iter().filter(|vote| **vote > front).count();
        if needed == 0 || self.front.is_some_and(|front| beyond(front) < needed) {
            return false;
        }
        let (_, reached, _) = votes.select_nth_unstable_by(needed - 1, |a, b| b.cmp(a));
        let moved = self.front < Some(*reached);
        self.front = self.front.max(Some(*reached));
        moved
    }
}

#[cfg(test)]
mod tests;
