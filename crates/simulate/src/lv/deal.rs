//! Deals the kinds to the consumers by the lotteries of every town: a larger town keeps the winners of a smaller one,
//! and another choice of kinds keeps the winners, not what they win.

use super::kind::{Effect, Index, Kind, Suits};
use super::settings::LvSettings;
use super::story::{Side, Story};
use super::town::neighbour;
use crate::faults::Misfortune;
use crate::random::{Random, Stream};
use crate::seats::{Draw, SURELY_ONE, misfortunes};

#[derive(Debug, Clone, Default)]
pub(crate) struct Seat {
    pub(crate) story: Option<Story>,
    pub(crate) misfortune: Option<Misfortune>,
    pub(crate) solar: bool,
    pub(crate) three_phase: bool,
}

impl Seat {
    fn is_free(&self) -> bool {
        self.story.is_none() && self.misfortune.is_none()
    }
}

/// The lotteries of this town have numbers of their own.
const THEFTS: u64 = 20;
const INNOCENTS: u64 = 21;
const SOLAR: u64 = 22;
const THREE_PHASE: u64 = 23;

pub(crate) fn deal(settings: &LvSettings) -> Vec<Seat> {
    let town = &settings.town;
    let mut deal = Deal { settings, seats: vec![Seat::default(); town.meters] };
    let draw = |purpose, share| Draw { seed: town.seed, purpose, share, meters: town.meters };
    // Shares first: the kinds must not move them.
    draw(THREE_PHASE, town.three_phase).each_target(|at| deal.seats[at].three_phase = true);
    let thefts = draw(THEFTS, town.thieves);
    let kinds = deal.kinds(true);
    deal.share_out(&thefts, &kinds);
    let none = deal.seats.iter().all(|seat| seat.story.is_none());
    if none && town.thieves > 0.0 && town.meters >= SURELY_ONE && !kinds.is_empty() {
        deal.place(kinds[0], thefts.target(0) % town.meters);
    }
    deal.share_out(&draw(INNOCENTS, settings.innocents), &deal.kinds(false));
    for (purpose, share, misfortune) in misfortunes(&town.faults) {
        draw(purpose, share).each_target(|target| {
            if let Some(free) = deal.seats[target..].iter_mut().find(|seat| seat.is_free()) {
                free.misfortune = Some(misfortune);
            }
        });
    }
    // Only plain consumers have solar roofs: a theft is about what is used.
    draw(SOLAR, town.solar).each_target(|at| deal.seats[at].solar = deal.seats[at].is_free());
    deal.seats
}

struct Deal<'a> {
    settings: &'a LvSettings,
    seats: Vec<Seat>,
}

impl Deal<'_> {
    /// The kinds of one sort, in an order of this seed.
    fn kinds(&self, guilty: bool) -> Vec<Kind> {
        let town = &self.settings.town;
        let has_two = town.meters > town.consumers_each();
        let fits = |kind: &Kind| kind.guilty() == guilty && (has_two || *kind != Kind::WrongTransformer);
        let mut kinds: Vec<Kind> = Kind::ALL.to_vec();
        kinds.retain(|kind| self.settings.kinds.contains(kind) && fits(kind));
        kinds.sort_by_key(|kind| Random::stream(town.seed, Stream::LvDeal, *kind as u64).bits());
        kinds
    }

    /// Winner after winner gets kind after kind.
    fn share_out(&mut self, draw: &Draw, kinds: &[Kind]) {
        let mut kinds = kinds.iter().copied().cycle();
        draw.each_target(|target| {
            if let Some(kind) = kinds.next() {
                self.place(kind, target);
            }
        });
    }

    /// Gives a kind to the first consumer from the target on that suits.
    fn place(&mut self, kind: Kind, target: usize) {
        let Some(at) = (target..self.seats.len()).find(|&at| self.suits(kind, at)) else { return };
        let town = &self.settings.town;
        let suits = kind.row().suits;
        let sides: &[Side] = if suits == Suits::Pair { &[Side::First, Side::Second] } else { &[Side::Alone] };
        for (index, &side) in (at..).zip(sides) {
            let seat = &mut self.seats[index];
            seat.story = Some(Story::new(kind, side, town, index));
            match suits {
                Suits::Three => seat.three_phase = true,
                Suits::Single | Suits::Pair => seat.three_phase = false,
                Suits::Any => {}
            }
        }
    }

    fn suits(&self, kind: Kind, at: usize) -> bool {
        let each = self.settings.town.consumers_each();
        let of_transformer = at / each * each..(at / each * each + each).min(self.seats.len());
        let is_free = |index: usize| of_transformer.contains(&index) && self.seats[index].is_free();
        let row = kind.row();
        let has_neighbour = row.suits != Suits::Pair || is_free(at + 1);
        // One defect of a kind is enough for a transformer.
        let is_shared = matches!(
            row.effect,
            Effect::LineNeutral | Effect::TransformerMeter | Effect::Index(Index::Transformer)
        );
        let has_same = || {
            self.seats[of_transformer.clone()]
                .iter()
                .any(|seat| seat.story.is_some_and(|one| one.kind == kind))
        };
        let has_confusable = kind != Kind::WrongTransformer || neighbour(at / each) * each < self.seats.len();
        is_free(at) && has_neighbour && has_confusable && !(is_shared && has_same())
    }
}
