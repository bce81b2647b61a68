//! Chooses the unusual consumers by a lottery. A larger town keeps the winners of a smaller one.
//!
//! For a share of 2 %, each block of 50 consumers has one winner at a random place. A seat that is taken passes its
//! lot on to the next free one. So shares are met to within one, and a consumer added at the end moves no other.

use crate::faults::Misfortune;
use crate::random::{Random, Stream};
use crate::{Faults, Settings};

/// What is unusual about a consumer's wiring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Oddity {
    Theft,
    /// The first of two neighbours: its neutral carries less.
    SharedLess,
    /// The second: its neutral carries more.
    SharedMore,
    CtError,
    Brief,
    SwappedWires,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(crate) oddity: Option<Oddity>,
    pub(crate) misfortune: Option<Misfortune>,
    pub(crate) three_phase: bool,
    pub(crate) solar: bool,
}

impl Seat {
    /// Whether the wiring is usual, and the element measures the true values.
    fn is_usual(&self) -> bool {
        use Misfortune::{CtTenth, Dead, Spike, Stuck, Unit};
        let amiss = matches!(self.misfortune, Some(Spike | Stuck | Dead | Unit | CtTenth));
        self.oddity.is_none() && !amiss
    }

    fn is_free(&self) -> bool {
        self.oddity.is_none() && self.misfortune.is_none()
    }
}

/// From so many consumers on, a share of thieves above zero means at least one.
pub(crate) const SURELY_ONE: usize = 50;

pub(crate) fn deal(settings: &Settings) -> Vec<Seat> {
    let mut seats = vec![Seat::default(); settings.meters];
    let draw = |purpose, share| Draw { seed: settings.seed, purpose, share, meters: settings.meters };
    let thefts = draw(0, settings.thieves);
    thefts.each_target(|target| {
        seat(&mut seats, target, |seat| seat.oddity = Some(Oddity::Theft));
    });
    let none = !seats.iter().any(|seat| seat.oddity.is_some());
    if none && settings.thieves > 0.0 && settings.meters >= SURELY_ONE {
        let target = thefts.target(0) % settings.meters;
        seats[target].oddity = Some(Oddity::Theft);
    }
    let each = settings.consumers_each();
    draw(1, settings.lookalikes).each_target(|target| {
        let fits = |at: &usize| {
            let same_transformer = at / each == (at + 1) / each;
            same_transformer && at + 1 < seats.len() && seats[*at].is_free() && seats[at + 1].is_free()
        };
        if let Some(at) = (target..seats.len()).find(fits) {
            seats[at].oddity = Some(Oddity::SharedLess);
            seats[at + 1].oddity = Some(Oddity::SharedMore);
        }
    });
    for (purpose, oddity) in [(2, Oddity::CtError), (3, Oddity::Brief), (4, Oddity::SwappedWires)] {
        draw(purpose, settings.lookalikes).each_target(|target| {
            seat(&mut seats, target, |seat| seat.oddity = Some(oddity));
        });
    }
    for (purpose, share, misfortune) in misfortunes(&settings.faults) {
        draw(purpose, share).each_target(|target| {
            seat(&mut seats, target, |seat| seat.misfortune = Some(misfortune));
        });
    }
    // Only consumers with usual wiring get solar roofs and three phases: the unusual ones are about a single phase.
    draw(9, settings.solar).each_target(|at| seats[at].solar = seats[at].is_usual());
    draw(10, settings.three_phase).each_target(|at| seats[at].three_phase = seats[at].is_usual());
    seats
}

/// The lottery and the share of each fault of a meter.
pub(crate) fn misfortunes(faults: &Faults) -> [(u64, f64, Misfortune); 10] {
    [
        (5, faults.clock_ahead, Misfortune::ClockAhead),
        (6, faults.clock_behind, Misfortune::ClockBehind),
        (7, faults.reset, Misfortune::Reset),
        (8, faults.swap, Misfortune::Swap),
        (11, faults.spike, Misfortune::Spike),
        (12, faults.stuck, Misfortune::Stuck),
        (13, faults.dead, Misfortune::Dead),
        (14, faults.unit, Misfortune::Unit),
        (15, faults.ct_tenth, Misfortune::CtTenth),
        (16, faults.daily, Misfortune::Daily),
    ]
}

fn seat(seats: &mut [Seat], target: usize, take: impl FnOnce(&mut Seat)) {
    if let Some(free) = seats[target..].iter_mut().find(|seat| seat.is_free()) {
        take(free);
    }
}

/// One lottery: its winners are a share of the consumers.
pub(crate) struct Draw {
    pub(crate) seed: u64,
    pub(crate) purpose: u64,
    pub(crate) share: f64,
    pub(crate) meters: usize,
}

impl Draw {
    pub(crate) fn each_target(&self, mut each: impl FnMut(usize)) {
        if self.share <= 0.0 {
            return;
        }
        for block in 0.. {
            if self.first_of(block) >= self.meters {
                return;
            }
            let target = self.target(block);
            if target < self.meters {
                each(target);
            }
        }
    }

    fn first_of(&self, block: u64) -> usize {
        // With a tiny share the first block hardly ends; `as` limits it to `usize`.
        (block as f64 / self.share) as usize
    }

    pub(crate) fn target(&self, block: u64) -> usize {
        let first = self.first_of(block);
        let size = (self.first_of(block + 1) - first).max(1);
        let mut random = Random::of_part(self.seed, Stream::Seats, self.purpose, block);
        first + random.below(size as u64) as usize
    }
}

#[cfg(test)]
mod tests;
