//! The energy between two register readings, when the register may have rolled over, been reset, or been garbled.

use reading::{EventTime, Issue, MeterId, Quality};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The limits of what a register may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterRules {
    /// Where registers return to zero, Wh. Example: five digits of kWh with three decimals roll over at 100,000,000.
    pub rollovers: Vec<i64>,
    /// After a reset to zero, a register holds no more than this power could have used since, W.
    pub reset_power: i64,
    /// A rise by more than this power could have used is not counted as energy, W. Some meters have a limit of their
    /// own: see [`Fleet::limit_power`](crate::Fleet::limit_power).
    pub most_power: i64,
}

/// The most power that each meter can use, W.
#[derive(Debug, Clone)]
pub(crate) struct MostPower {
    /// Of a meter without a limit of its own.
    usual: i64,
    own: BTreeMap<MeterId, i64>,
    /// The least and the greatest of all limits. Nearly all rises are below the least, and need no look-up.
    least: i64,
    pub(crate) greatest: i64,
}

impl MostPower {
    pub(crate) fn new(usual: i64, own: BTreeMap<MeterId, i64>) -> Self {
        let (least, greatest) = own
            .values()
            .fold((usual, usual), |(least, greatest), &watts| (least.min(watts), greatest.max(watts)));
        Self { usual, own, least, greatest }
    }

    /// Whether every meter can have used so much.
    #[inline]
    pub(crate) fn is_usual_rise(&self, from: Point, to: Point) -> bool {
        let rise = to.wh - from.wh;
        rise >= 0 && rise <= energy(self.least, to.time.since(from.time))
    }

    pub(crate) fn of(&self, meter: &MeterId) -> i64 {
        self.own.get(meter).copied().unwrap_or(self.usual)
    }
}

/// A register at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Point {
    pub(crate) time: EventTime,
    pub(crate) wh: i64,
}

/// The energy between two points, and how the register moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Advance {
    pub(crate) wh: i64,
    pub(crate) quality: Quality,
    pub(crate) issue: Option<Issue>,
}

impl RegisterRules {
    /// Compares two points of a register of a meter that can use `most_power`.
    pub(crate) fn advance(&self, most_power: i64, from: Point, to: Point) -> Advance {
        let ms = to.time.since(from.time);
        let rise = to.wh - from.wh;
        if rise >= 0 {
            if rise <= energy(most_power, ms) {
                return Advance::measured(rise);
            }
            return Advance { wh: 0, quality: Quality::SUSPECT, issue: Some(Issue::RegisterJumped) };
        }
        for &modulus in &self.rollovers {
            // Rollover: a register near its last digit that returns near zero went forward.
            // Near is a tenth, written so that no product overflows.
            let near_both_ends = from.wh < modulus && from.wh / 9 >= modulus / 10 && to.wh < modulus / 10;
            let forward = rise.saturating_add(modulus);
            if near_both_ends && forward <= energy(self.reset_power, ms) {
                return Advance { wh: forward, quality: Quality::ROLLOVER, issue: Some(Issue::Rollover) };
            }
        }
        // A reset starts from zero. A register that still holds more than a tenth was not reset, but garbled.
        if to.wh <= from.wh / 10 && to.wh <= energy(self.reset_power, ms) {
            return Advance { wh: to.wh, quality: Quality::RESET, issue: Some(Issue::Reset) };
        }
        Advance { wh: 0, quality: Quality::SUSPECT, issue: Some(Issue::RegisterFell) }
    }
}

impl Advance {
    pub(crate) fn measured(wh: i64) -> Self {
        Self { wh, quality: Quality::MEASURED, issue: None }
    }

    /// The energy, unless the points are of two devices.
    pub(crate) fn known(self) -> Option<i64> {
        (!self.quality.has(Quality::SWAP)).then_some(self.wh)
    }

    /// The energy with what is owed from before. Only a register that is trusted takes back what was estimated.
    pub(crate) fn beyond(self, owed: i64) -> i64 {
        let all = self.wh.saturating_add(owed);
        if self.is_doubtful() || self.quality.has(Quality::SWAP) { all.max(0) } else { all }
    }

    /// Whether only the next register reading can show if this one is true.
    ///
    /// A garbled message looks like a reset or a jump. If the next reading continues from it, it was true. If the
    /// next reading continues from the one before, it was garbled.
    fn is_doubtful(self) -> bool {
        self.quality.has(Quality::RESET) || self.quality.has(Quality::SUSPECT)
    }

    /// The advance if no later reading confirms it: no energy.
    fn refused(self) -> Self {
        let issue = if self.issue == Some(Issue::Reset) { Some(Issue::RegisterFell) } else { self.issue };
        Self { wh: 0, quality: Quality::SUSPECT, issue }
    }
}

/// Energy between two moments of a register.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Move {
    pub(crate) from: Point,
    pub(crate) to: Point,
    pub(crate) advance: Advance,
}

/// The course of a register: the last point that is believed, and perhaps a doubtful point after it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trail {
    pub(crate) good: Point,
    pub(crate) doubt: Option<Point>,
}

/// What a point of a register decides.
#[derive(Debug, Default)]
pub(crate) struct Decided {
    pub(crate) moves: [Option<Move>; 2],
    /// A doubtful point was garbled, and is passed over for this reason.
    pub(crate) passed_over: Option<Issue>,
}

impl Trail {
    /// Takes the next point; `advance` compares two.
    pub(crate) fn follow(&mut self, next: Point, advance: impl Fn(Point, Point) -> Advance) -> Decided {
        let Self { good, doubt } = *self;
        let whole = advance(good, next);
        let Some(doubt) = doubt else {
            if whole.is_doubtful() {
                self.doubt = Some(next);
                return Decided::default();
            }
            self.good = next;
            let moves = [Some(Move { from: good, to: next, advance: whole }), None];
            return Decided { moves, passed_over: None };
        };
        let odd = advance(good, doubt);
        if !whole.is_doubtful() {
            // The doubtful point was garbled, because the register continues from the point before.
            *self = Self { good: next, doubt: None };
            let advance = Advance { quality: whole.quality.with(Quality::GARBLED), ..whole };
            let moves = [Some(Move { from: good, to: next, advance }), None];
            return Decided { moves, passed_over: odd.refused().issue };
        }
        let after = advance(doubt, next);
        if !after.is_doubtful() {
            // The register continues from the doubtful point, so that point was true.
            *self = Self { good: next, doubt: None };
            let fell = Move { from: good, to: doubt, advance: odd };
            let moves = [Some(fell), Some(Move { from: doubt, to: next, advance: after })];
            return Decided { moves, passed_over: None };
        }
        // Neither holds: the last point was garbled, and the new one is as doubtful. The register may still go on
        // from the good point, and then all energy since counts.
        self.doubt = Some(next);
        Decided { moves: [None, None], passed_over: odd.refused().issue }
    }
}

/// The energy that so many watts use in so many milliseconds, and 1 Wh for the rounding of registers.
pub(crate) fn energy(watts: i64, ms: i64) -> i64 {
    // 64 bits are enough, except for a large limit over years of silence. Their division is much faster than that of
    // 128.
    if let Some(product) = watts.checked_mul(ms) {
        return product / 3_600_000 + 1;
    }
    let wh = i128::from(watts) * i128::from(ms) / 3_600_000;
    i64::try_from(wh).unwrap_or(i64::MAX - 1).saturating_add(1)
}

/// The part of `wh` that falls before `at`, if it is spread evenly from `from` to `to`.
///
/// The energy of an interval is the difference of two such parts. All are rounded down from the same start, so the
/// differences add up to the whole, to the watt-hour.
pub(crate) fn spread(wh: i64, from: EventTime, to: EventTime, at: EventTime) -> i64 {
    let whole = i128::from(to.since(from));
    let part = i128::from(at.since(from)).clamp(0, whole);
    (i128::from(wh) * part).div_euclid(whole) as i64
}
