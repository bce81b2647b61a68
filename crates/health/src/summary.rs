//! What was wrong with the readings of a run, the worst first, and what to do about it.

use crate::cause::Cause;
use crate::delivered::MOST_OFFSET;
use reading::{ConcentratorId, MeterId};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;

/// So many causes are named.
const MOST: usize = 10;

/// How many meters have had each cause of bad data, and which concentrators a wrong clock.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// With the first meter by name.
    causes: BTreeMap<Cause, (u64, MeterId)>,
    wrong_clocks: BTreeMap<ConcentratorId, i64>,
    absent: u32,
    after_final: u64,
    pub(crate) stamps: Stamps,
}

/// How many stamps there were, and how many of them are off the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Stamps {
    all: u64,
    off_grid: u64,
}

impl Stamps {
    pub(crate) fn count(&mut self, is_off_grid: bool) {
        self.all += 1;
        self.off_grid += u64::from(is_off_grid);
    }
}

/// A cause and the way out, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// What is wrong: `12 meters (M000012 and others): readings hours late`.
    pub what: String,
    /// What to do about it.
    pub what_to_do: &'static str,
}

impl Summary {
    /// Counts meters with a cause. `first` is the first of them by name.
    pub(crate) fn count(&mut self, cause: Cause, meters: u64, first: MeterId) {
        let (count, known) = self.causes.entry(cause).or_insert((0, first));
        *count += meters;
        *known = first.min(*known);
    }

    /// Adds those of other meters.
    pub fn add(&mut self, other: &Self) {
        for (&cause, &(meters, first)) in &other.causes {
            self.count(cause, meters, first);
        }
        self.stamps.all += other.stamps.all;
        self.stamps.off_grid += other.stamps.off_grid;
        self.wrong_clocks.extend(other.wrong_clocks.iter().map(|(&id, &offset)| (id, offset)));
    }

    /// Sets the concentrators whose clock was ahead, with by how much, s, and how many meters sent nothing.
    pub fn set_of_town(&mut self, clocks: BTreeMap<ConcentratorId, i64>, absent: u32) {
        (self.wrong_clocks, self.absent) = (clocks, absent);
    }

    /// How many meters have had a cause.
    pub fn meters(&self, cause: Cause) -> u64 {
        self.causes.get(&cause).map_or(0, |(meters, _)| *meters)
    }

    /// The concentrators whose clock was ahead, with by how much it was last, s.
    pub fn wrong_clocks(&self) -> &BTreeMap<ConcentratorId, i64> {
        &self.wrong_clocks
    }

    /// Sets how many intervals came when the balances of their time were final.
    pub fn set_after_final(&mut self, intervals: u64) {
        self.after_final = intervals;
    }

    /// How many intervals came when the balances of their time were final.
    pub fn after_final(&self) -> u64 {
        self.after_final
    }

    /// The share of the stamps of this run that are off the grid: further than `snap` from the boundaries of intervals, and
    /// from the steps between them of a meter that sends more often. The first stamp of each meter is left out. None if
    /// there is no other.
    pub fn share_off_grid(&self) -> Option<f64> {
        (self.stamps.all > 0).then(|| self.stamps.off_grid as f64 / self.stamps.all as f64)
    }

    /// How many meters of the topology sent nothing.
    pub fn absent(&self) -> u32 {
        self.absent
    }

    /// All of it in words: concentrators first, for they are one visit each, then what came too late and meters that
    /// sent nothing, then the causes of most meters.
    pub fn advice(&self) -> Vec<Advice> {
        let mut advice = Vec::new();
        if let Some((first, offset)) =
            self.wrong_clocks.iter().max_by_key(|(id, offset)| (**offset, Reverse(**id)))
        {
            let offset = match *offset {
                MOST_OFFSET.. => format!("at least {} h", MOST_OFFSET / 3600),
                offset => format!("{} min", (offset + 30) / 60),
            };
            let what = match self.wrong_clocks.len() {
                1 => format!("the clock of concentrator {first} is {offset} ahead"),
                count => {
                    format!("the clocks of {count} concentrators are ahead, that of {first} by {offset}")
                }
            };
            let what_to_do = "set it: until then the day and hour of all its meters are wrong";
            advice.push(Advice { what, what_to_do });
        }
        if self.after_final > 0 {
            let what = match self.after_final {
                1 => {
                    "an interval came after `final_after`: it is in no balance, no sum and no case".to_owned()
                }
                count => format!(
                    "{count} intervals came after `final_after`: they are in no balance, no sum and no case"
                ),
            };
            let what_to_do =
                "a longer `final_after` takes them in. If a file holds meter after meter, sort it by time";
            advice.push(Advice { what, what_to_do });
        }
        if self.absent > 0 {
            let what = match self.absent {
                1 => "a meter of the topology has sent nothing".to_owned(),
                meters => format!("{meters} meters of the topology have sent nothing"),
            };
            let what_to_do = "see `absent` by transformer. Are they installed, and named alike in both? An end in the \
                              topology ends what is expected";
            advice.push(Advice { what, what_to_do });
        }
        let mut causes: Vec<_> = self.causes.iter().collect();
        causes.sort_by_key(|(cause, (meters, _))| (Reverse(*meters), **cause));
        for (cause, (meters, first)) in causes {
            let meters = match meters {
                1 => format!("meter {first}"),
                meters => format!("{meters} meters ({first} and others)"),
            };
            let mut what = format!("{meters}: {}", cause.words());
            if let (Cause::OffGrid, Some(share)) = (cause, self.share_off_grid()) {
                what += &format!(" ({:.1} % of all stamps are off the grid)", share * 100.0);
            }
            advice.push(Advice { what, what_to_do: cause.advice() });
        }
        advice
    }
}

/// The table at the end of a run: the worst causes, each with what to do. Nothing if all is well.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let advice = self.advice();
        if advice.is_empty() {
            return Ok(());
        }
        f.write_str("what the readings lack, and what to do:")?;
        for Advice { what, what_to_do } in advice.iter().take(MOST) {
            write!(f, "\n  {what}\n      {what_to_do}")?;
        }
        Ok(())
    }
}
