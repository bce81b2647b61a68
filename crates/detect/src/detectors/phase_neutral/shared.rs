//! Neighbours that share a neutral, on whichever phases they are.
//!
//! Two houses have joined their neutrals. What both return adds up as phasors, and divides between the two wires as
//! their impedances want. So each meter alone sees too much or too little in its neutral, and what holds is a sum: the
//! two neutral currents together are as large as the phasor sum of the two phase currents. On one phase that is nearly
//! their plain sum, and the two differences are opposite. On two phases it is less, and both neutrals may be too small.

use super::block::Block;
use super::{EXPLAINED, EXPLAINED_SHARE};
use reading::time::DAY;
use reading::{EventTime, MeterId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use units::Amperes;

/// The block of one meter among those of its neighbours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Beside {
    pub(super) meter: MeterId,
    pub(super) block: Block,
}

/// How two neighbours have looked so far.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Pair {
    /// When their currents fitted last.
    until: EventTime,
    /// In how many blocks they fitted while both meters saw a difference.
    together: u16,
    /// In how many blocks no angle between their phases could explain them.
    against: u16,
}

/// The pairs of one transformer. A pair takes 64 bytes, and only neighbours whose currents have fitted have one.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Sharing(pub(super) BTreeMap<(MeterId, MeterId), Pair>);

/// So many blocks in which both saw a difference, and the two fitted, make a pair; one block fits by chance.
pub(super) const FITTED: u16 = 3;
/// A pair is remembered for so long after it fitted last.
pub(super) const REMEMBERED: i64 = 14 * DAY;

impl Sharing {
    /// Forgets pairs that have not fitted for long.
    pub(super) fn forget(&mut self, now: EventTime) {
        self.0.retain(|_, pair| now.since(pair.until) <= REMEMBERED);
    }

    /// The neighbour that explains a difference, if one does, among all blocks of its transformer in that interval.
    /// `notable` are differences large enough to explain one; at most `most` pairs are remembered.
    pub(super) fn explained_by(
        &mut self,
        own: &Beside,
        all: &[Beside],
        notable: impl Fn(&Block) -> bool,
        most: usize,
    ) -> Option<MeterId> {
        let others = || all.iter().filter(|other| other.meter != own.meter);
        let fitting = others().filter(|other| notable(&other.block));
        let fitting = fitting.filter_map(|other| Some((misfit(&own.block, &other.block)?, other.meter)));
        let nearest = fitting.min_by(|one, other| one.0.0.total_cmp(&other.0.0).then(one.1.cmp(&other.1)));
        if let Some((_, other)) = nearest {
            self.note(own, other, most);
            return Some(other);
        }
        let of_own = self.0.iter_mut().filter_map(|(&(one, other), pair)| {
            let partner = if one == own.meter { other } else { one };
            ((one == own.meter || other == own.meter) && pair.is_known()).then_some((partner, pair))
        });
        for (partner, pair) in of_own {
            match others().find(|other| other.meter == partner) {
                // The partner is not heard, so what it shares cannot be looked at.
                None => return Some(partner),
                Some(other) if any_angle(&own.block, &other.block) => return Some(partner),
                Some(_) => pair.against = pair.against.saturating_add(1),
            }
        }
        None
    }

    fn note(&mut self, own: &Beside, other: MeterId, most: usize) {
        let key = (own.meter.min(other), own.meter.max(other));
        if self.0.len() >= most && !self.0.contains_key(&key) {
            return;
        }
        let pair = self.0.entry(key).or_default();
        if own.block.end > pair.until || pair.together == 0 {
            pair.together = pair.together.saturating_add(1);
            pair.until = own.block.end;
        }
    }
}

impl Pair {
    /// When their currents fitted last.
    pub(super) fn until(&self) -> EventTime {
        self.until
    }

    fn is_known(&self) -> bool {
        self.together >= FITTED && self.together >= self.against.saturating_mul(2)
    }
}

/// How far the two neutrals together are from the phasor sum of the two phase currents, for the angle between the
/// phases that fits best: none, or a third of a turn either way. `None` if none of them fits.
///
/// A current whose active and reactive power are not known counts as one in phase with its voltage.
fn misfit(own: &Block, other: &Block) -> Option<Amperes> {
    let returned = own.currents.neutral + other.currents.neutral;
    let allowed = tolerance(own);
    let (one, two) = (phasor(own), phasor(other));
    let sums = [(1.0, 0.0), (-0.5, THIRD), (-0.5, -THIRD)].map(|(re, im)| {
        let turned = (two.0 * re - two.1 * im, two.0 * im + two.1 * re);
        length((one.0 + turned.0, one.1 + turned.1))
    });
    let nearest =
        sums.into_iter().map(|sum| (returned - Amperes(sum)).abs()).min_by(|a, b| a.0.total_cmp(&b.0))?;
    (nearest <= allowed).then_some(nearest)
}

/// Whether any angle between the two phase currents explains the two neutrals.
fn any_angle(own: &Block, other: &Block) -> bool {
    let (one, two) = (own.currents.phase, other.currents.phase);
    let returned = own.currents.neutral + other.currents.neutral;
    let allowed = tolerance(own);
    returned >= (one - two).abs() - allowed && returned <= one + two + allowed
}

/// As [`super::explains`]: loads move between two readings, and two meters of class 1 disagree.
fn tolerance(own: &Block) -> Amperes {
    EXPLAINED.max(own.difference().abs() * EXPLAINED_SHARE)
}

/// The sine of a third of a turn.
const THIRD: f64 = 0.866_025_403_784_438_6;

/// The phase current against its own voltage: in phase, and across.
fn phasor(block: &Block) -> (f64, f64) {
    let current = block.currents.phase.0;
    match block.power.map(|power| (power, length(power))) {
        Some(((p, q), apparent)) if apparent > 0.0 => (current * p / apparent, -current * q / apparent),
        _ => (current, 0.0),
    }
}

// A root is exact to the last bit on every machine (IEEE 754), which `hypot` is not.
fn length((re, im): (f64, f64)) -> f64 {
    (re * re + im * im).sqrt()
}

#[cfg(test)]
mod tests;
