//! One reading that is missing shows nothing, because messages are lost. The same one missing of far more meters than lose it
//! by chance, and much of their energy with it, shows a short outage.

use crate::groups::LEAST;
use crate::silence::Across;
use crate::spells::Ended;

/// The share of readings that may be lost, and once in how many readings their loss may pass for an outage if little energy
/// was used as well: four of four, six of twelve, or nine of 25 that miss the same one.
const LOST: f64 = 0.05;
const RARELY: f64 = 1.0 / 50_000.0;

/// Whether these of `all` missed the same reading because supply was gone for a short time.
pub(crate) fn were_out_shortly(places: &[usize], ended: &[Ended], all: u32) -> bool {
    let (members, together) = sum_of(places, ended, |_| true);
    members >= LEAST && by_chance(all, members) < RARELY && together.is_partly_dark(members)
}

/// How likely it is that so many of all lose the same reading by chance.
fn by_chance(all: u32, so_many: u32) -> f64 {
    (0..so_many).map(|at| f64::from(all.saturating_sub(at)) / f64::from(at + 1) * LOST).product()
}

/// How many of the silences at these places have an energy of such a kind, and its sum.
pub(crate) fn sum_of(places: &[usize], ended: &[Ended], of: impl Fn(Across) -> bool) -> (u32, Across) {
    let telling = places.iter().filter_map(|&at| ended[at].across).filter(|one| of(*one));
    telling.fold((0, Across::default()), |(members, sum), one| (members + 1, sum + one))
}
