//! What is kept of one consumer: its day so far, beside each group of the feeder, and what earlier days said.

use super::groups::PHASES;
use reading::Interval;
use serde::{Deserialize, Serialize};

/// Candidates of a day besides the groups of the named transformer. A feeder with more takes them in turns.
pub(super) const OTHERS: usize = 27;
/// A step of voltage is measured in quarters of the meter's usual step, and cut off at two and a half of them: a motor
/// that starts next to the meter says little about the transformer.
const USUAL: i32 = 4;
/// So many steps of a day, squared or times one another, fit into 16 bits: 25 hours of 5 minutes.
pub(super) const MOST: i32 = 10;
/// Steps are added up in units of 50 mV, up to 10 V each, for the same reason.
const UNIT: i32 = 5;
const MOST_UNITS: i32 = 200;

/// The state of one consumer, in 92 bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hand {
    pub(super) day: Sums,
    /// The voltage in the interval before, in 10 mV; 0 if it is not known.
    before: u16,
    /// Which interval that was: the last 16 bits of its number.
    number: u16,
    /// Its usual step on the last day that had enough of them, in 10 mV; 0 if there was none.
    usual: u16,
    /// Its last reading was of three phases.
    pub(super) is_three_phase: bool,
    pub(super) run: Run,
}

/// Sums over the steps of the current day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sums {
    /// Its steps times those of the groups of its transformer; its own group without itself.
    pub(super) own: [i16; PHASES],
    /// The same for the candidates of the day.
    pub(super) others: [i16; OTHERS],
    /// Its steps squared, and those of its own group without itself.
    pub(super) square: u16,
    pub(super) own_square: u16,
    /// How many steps.
    pub(super) steps: u16,
    /// How large they were together.
    size: u16,
}

/// Days on which the same group fitted better than the named one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Run {
    /// The number of the group. It counts only if there are votes.
    pub(super) group: u32,
    /// The first day, as days since 1970.
    pub(super) since: u16,
    /// How well the named group and the other one fit lately, in thousandths.
    pub(super) named: i16,
    pub(super) fits: i16,
    /// How often it was published.
    pub(super) revision: u16,
    /// Days for it, less days against it.
    pub(super) votes: u8,
    /// Days for it, and days in all.
    pub(super) agreed: u8,
    pub(super) looked: u8,
    /// Whether it is proposed.
    pub(super) is_open: bool,
}

impl Hand {
    /// The voltage of an interval less that of the interval before, in 10 mV, if both are known.
    #[inline]
    pub(super) fn step(&mut self, interval: &Interval, number: u16) -> Option<i32> {
        let (low, high) = interval.sums.v()?;
        let volts = u16::try_from((i64::from(low.0) + i64::from(high.0)) / 20).ok()?;
        let is_next = self.number.wrapping_add(1) == number;
        let before = std::mem::replace(&mut self.before, volts);
        self.number = number;
        self.is_three_phase = interval.sums.three_count > 0;
        (is_next && before > 0 && volts > 0).then(|| i32::from(volts) - i32::from(before))
    }

    /// Counts a step that is freed of what the whole feeder did. Returns it in parts of the usual step, if there is one.
    #[inline]
    pub(super) fn count(&mut self, step: i32) -> Option<i16> {
        self.day.steps = self.day.steps.saturating_add(1);
        let units = ((step.abs() + UNIT / 2) / UNIT).min(MOST_UNITS);
        self.day.size = self.day.size.saturating_add(units as u16);
        let usual = i32::from(self.usual);
        if usual == 0 {
            return None;
        }
        let level = nearest(step * USUAL, usual).clamp(-MOST, MOST);
        self.day.square = self.day.square.saturating_add((level * level) as u16);
        Some(level as i16)
    }

    /// Forgets the day so far.
    pub(super) fn forget_day(&mut self) {
        self.day = Sums::default();
    }

    /// Forgets the day, and learns the usual step from it if it had enough of them.
    pub(super) fn begin(&mut self, enough: u16) {
        let Sums { steps, size, .. } = self.day;
        if steps >= enough && steps > 0 {
            self.usual = (i32::from(size) * UNIT / i32::from(steps)) as u16;
        }
        self.day = Sums::default();
    }
}

/// `above / below`, rounded to the nearest whole number.
#[inline]
pub(super) fn nearest(above: i32, below: i32) -> i32 {
    let half = if above < 0 { -below / 2 } else { below / 2 };
    (above + half) / below
}

impl Sums {
    /// Adds a step times those of the groups.
    #[inline]
    pub(super) fn add(&mut self, level: i16, own: &[i16], others: &[i16]) {
        add(&mut self.own, level, own);
        add(&mut self.others, level, others);
    }
}

#[inline]
fn add(sums: &mut [i16], level: i16, groups: &[i16]) {
    for (sum, group) in sums.iter_mut().zip(groups) {
        *sum = sum.saturating_add(level * group);
    }
}
