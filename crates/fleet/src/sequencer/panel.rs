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

/// Among fewer than [`FIRST_MEMBERS`] meters, one wrong clock is much. There a meter votes for a time far ahead only
/// after so many of its readings in a row stand there.
const IN_A_ROW: u8 = 8;

/// Half of all meters have 1 or more, a quarter of them 2 or more, and so on, in every partition: a partition may have
/// the meters whose hash leaves a certain rest, as [`Shard`](crate::Shard)s and senders choose, and the lowest bits of
/// these are all the same.
#[inline]
fn rarity(hash: u64) -> u32 {
    // The golden ratio: Knuth, The Art of Computer Programming 3, 6.4. The highest bits of the product depend on all.
    (hash ^ hash >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15).leading_zeros()
}

/// How many of so many votes move the front: never one of several alone.
pub(super) fn needed(votes: usize) -> usize {
    (votes * SHARE.0).div_ceil(SHARE.1).max(votes.min(2))
}

/// How votes are judged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Votes {
    /// Votes are rounded down to this, ms, so that clocks that differ by seconds agree.
    pub(super) step: i64,
    /// A reading later than the front by more than this is far ahead, ms: a wrong date, or a long pause.
    pub(super) far: i64,
}

/// The vote of a meter.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Member {
    hash: u64,
    /// The time of its latest reading, rounded down to [`Votes::step`].
    latest: EventTime,
    /// The number of its last reading in the partition.
    heard: u64,
    /// How many of its last readings in a row were far ahead, up to [`IN_A_ROW`].
    far: u8,
}

/// Some of the meters of a partition, and the front that they agree on.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Panel {
    /// Sorted by hash.
    members: Vec<Member>,
    /// A meter is in the panel if its [`rarity`] is at least this.
    bits: u32,
    /// How many readings the partition has had.
    readings: u64,
    /// After so many more votes beyond the front they are counted.
    until_count: u64,
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

    /// How many meters of so many in the panel have to agree.
    pub(super) fn agreeing(&self) -> usize {
        needed(self.members.len())
    }

    /// About how many meters the partition has.
    pub(super) fn meters(&self) -> usize {
        self.members.len() << self.bits
    }

    /// Hears a reading: the vote of its meter, if that is in the panel. Returns whether the front moved.
    #[inline]
    pub(super) fn hear(&mut self, hash: u64, time: impl FnOnce() -> EventTime, votes: Votes) -> bool {
        self.readings += 1;
        self.has_a_vote(hash) && self.vote(hash, time(), votes)
    }

    /// Whether a meter with this hash is in the panel.
    #[inline]
    pub(super) fn has_a_vote(&self, hash: u64) -> bool {
        rarity(hash) >= self.bits
    }

    /// Hears so many readings of meters that are not in the panel.
    pub(super) fn pass_over(&mut self, readings: usize) {
        self.readings += readings as u64;
    }

    fn vote(&mut self, hash: u64, time: EventTime, votes: Votes) -> bool {
        let latest = EventTime(time.0.div_euclid(votes.step).saturating_mul(votes.step));
        let is_far = self.front.is_some_and(|front| time > front.plus(votes.far));
        let is_small = self.members.len() < FIRST_MEMBERS;
        match self.members.binary_search_by_key(&hash, |member| member.hash) {
            Ok(place) => {
                let member = &mut self.members[place];
                member.heard = self.readings;
                member.far = if is_far { IN_A_ROW.min(member.far + 1) } else { 0 };
                if is_small && is_far && member.far < IN_A_ROW {
                    return false;
                }
                member.latest = latest;
            }
            Err(place) => {
                // A new meter whose first reading is far ahead has not voted yet.
                let latest = if is_small && is_far { EventTime::MIN } else { latest };
                let far = u8::from(is_far);
                self.members.insert(place, Member { hash, latest, heard: self.readings, far });
                while self.members.len() > MOST_MEMBERS {
                    self.bits += 1;
                    let bits = self.bits;
                    self.members.retain(|member| rarity(member.hash) >= bits);
                }
            }
        }
        if self.front.is_some_and(|front| latest <= front) {
            return false;
        }
        // Counting walks all members, so a panel does not count at each vote.
        self.until_count = self.until_count.saturating_sub(1);
        if self.until_count > 0 {
            return false;
        }
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
        let voters = || self.members.iter().filter(|member| ago(member) < readings.max(LEAST_HEARD));
        let needed = needed(voters().count());
        let beyond = |front| voters().filter(|member| member.latest > front).count();
        let lacking = needed - self.front.map_or(needed, beyond).min(needed);
        // Half of them, because fewer are needed when meters are not heard any more.
        self.until_count = (lacking as u64 / 2).max(self.members.len() as u64 / 64);
        if needed == 0 || lacking > 0 {
            return false;
        }
        let mut votes: Vec<EventTime> = voters().map(|member| member.latest).collect();
        let (_, reached, _) = votes.select_nth_unstable_by(needed - 1, |a, b| b.cmp(a));
        let moved = self.front < Some(*reached);
        self.front = self.front.max(Some(*reached));
        moved
    }
}

#[cfg(test)]
mod tests;
