//! The end of a day: which group fits each consumer best, and what follows from that.

use super::groups::{Groups, Place};
use super::hand::{Hand, OTHERS, Run};
use super::{Index, Proposal, ProposalState};
use crate::Topology;
use jiff::ToSpan;
use jiff::civil::{Date, date};
use std::cmp::Reverse;
use std::ops::Range;
use units::Ratio;

/// Both counts of days are halved here.
const MOST_DAYS: u8 = 250;
const EPOCH: Date = date(1970, 1, 1);

/// A local day as days since 1970.
pub(super) fn number(day: Date) -> u16 {
    u16::try_from((day - EPOCH).get_days()).unwrap_or_default()
}

fn day_of(number: u16) -> Date {
    EPOCH.checked_add(i64::from(number).days()).expect("readings are of 2000 to 2100")
}

/// The candidates of a consumer on a day, besides its own transformer: all others on the feeder if they are few, or
/// else a part of them in turn.
#[derive(Debug, Clone)]
pub(super) struct Turn {
    before: Range<usize>,
    behind: Range<usize>,
}

impl Turn {
    pub(super) fn new(groups: &Groups, own: u32, day: u16) -> Self {
        let (feeder, own) = (groups.on_feeder_of(own), groups.of_transformer(own));
        let others = feeder.len() - own.len();
        let turns = others.div_ceil(OTHERS).max(1);
        let from = usize::from(day) % turns * OTHERS;
        let to = (from + OTHERS).min(others);
        // Counted without the own groups, which lie between.
        let (low, gap) = (own.start - feeder.start, own.len());
        let at = |other: usize| feeder.start + other;
        Self {
            before: at(from.min(low))..at(to.min(low)),
            behind: at(from.max(low) + gap)..at(to.max(low) + gap),
        }
    }

    /// Their levels, in their order.
    #[inline]
    pub(super) fn copy(&self, levels: &[i16], to: &mut [i16; OTHERS]) {
        let (before, behind) = (&levels[self.before.clone()], &levels[self.behind.clone()]);
        to[..before.len()].copy_from_slice(before);
        to[before.len()..before.len() + behind.len()].copy_from_slice(behind);
    }

    fn groups(&self) -> impl Iterator<Item = usize> {
        self.before.clone().chain(self.behind.clone())
    }
}

/// What a day says of one consumer. Correlations are in thousandths.
#[derive(Debug, Clone, Copy)]
struct Verdict {
    named: i16,
    /// The best of the other candidates.
    group: u32,
    fits: i16,
}

impl Index {
    /// Judges the day of every consumer, and forgets it.
    pub(super) fn end_day(&mut self, topology: &Topology, proposals: &mut Vec<Proposal>) {
        let enough = self.day.ticks.div_ceil(2);
        for first in 0..self.hands.len() {
            let mut hand = self.hands[first];
            if hand.day.steps == 0 {
                continue;
            }
            let rows = [self.day.first, self.day.last].map(|end| topology.row_number_at(first, end));
            let place = rows[1].and_then(|row| self.groups.place(row));
            // A consumer that moved within the day was compared with two places.
            if let Some(place) = place.filter(|_| rows[0] == rows[1] && hand.day.steps >= enough) {
                let verdict = self.verdict(&hand, place);
                if let Some(state) = self.consider(&mut hand, place, verdict) {
                    let row = rows[1].expect("a place is of a row");
                    proposals.push(self.proposal(&hand, row, state, topology));
                    hand.run.revision += 1;
                    if state != ProposalState::Open {
                        hand.run = Run::default();
                    }
                }
            }
            hand.begin(enough);
            self.hands[first] = hand;
        }
    }

    /// How well the named place fits, and the best of the others. None where too little is known.
    fn verdict(&self, hand: &Hand, place: Place) -> Option<Verdict> {
        let own = self.groups.of_transformer(place.own);
        let fit_own = |group: usize| {
            let sum = hand.day.own[group - own.start];
            match place.group() == Some(group) {
                true => fit(sum, hand.day.square, hand.day.own_square.into()),
                false => self.fit(sum, hand, group),
            }
        };
        let turn = Turn::new(&self.groups, place.own, self.day.date?);
        let mut others: Vec<(i16, usize)> = Vec::new();
        for (group, sum) in turn.groups().zip(hand.day.others) {
            others.extend(self.fit(sum, hand, group).map(|fit| (fit, group)));
        }
        let named = match place.group().filter(|_| !hand.is_three_phase) {
            Some(named) => {
                let beside = own.clone().filter(|group| *group != named);
                others.extend(beside.filter_map(|group| Some((fit_own(group)?, group))));
                fit_own(named)?
            }
            // Any phase of the transformer will do.
            None => own.clone().filter_map(fit_own).max()?,
        };
        let (fits, group) = others.into_iter().max_by_key(|(fit, group)| (*fit, Reverse(*group)))?;
        Some(Verdict { named, group: group as u32, fits })
    }

    /// The correlation with a group that the consumer is not in, if the group had steps for half of the day.
    fn fit(&self, sum: i16, hand: &Hand, group: usize) -> Option<i16> {
        let (square, ticks) = self.day.squares[group];
        if 2 * ticks < self.day.ticks {
            return None;
        }
        // The consumer may have missed some of the group's ticks.
        let square = u64::from(square) * u64::from(hand.day.steps.min(ticks)) / u64::from(ticks.max(1));
        fit(sum, hand.day.square, square)
    }

    /// Counts a day. Returns what is to be published.
    fn consider(&self, hand: &mut Hand, place: Place, verdict: Option<Verdict>) -> Option<ProposalState> {
        let date = self.day.date?;
        let verdict = verdict?;
        let run = hand.run;
        if run.votes > 0 && self.is_named(place, run.group, hand.is_three_phase) {
            if !run.is_open {
                hand.run = Run::default();
            }
            return run.is_open.then_some(ProposalState::Adopted);
        }
        let margin = verdict.fits - verdict.named;
        let speaks = f64::from(margin) >= 1000.0 * self.settings.margin;
        let is_same = |one: u32, other: u32| {
            let [one_group, other_group] = [one, other].map(|at| &self.groups.all()[at as usize]);
            one == other || hand.is_three_phase && one_group.is_beside(other_group)
        };
        if run.votes == 0 {
            if speaks {
                let Verdict { named, group, fits } = verdict;
                let since = date;
                hand.run =
                    Run { group, since, named, fits, votes: 1, agreed: 1, looked: 1, ..Run::default() };
            }
        } else if speaks && is_same(verdict.group, run.group) {
            hand.run.agree(&verdict, 2 * self.settings.days);
        } else if self.is_candidate(place, run.group, date) || margin > run.fits - run.named {
            hand.run.disagree();
        }
        let run = &mut hand.run;
        if run.is_open && run.votes == 0 {
            return Some(ProposalState::Withdrawn);
        }
        run.is_open |= run.votes >= self.settings.days;
        run.is_open.then_some(ProposalState::Open)
    }

    /// Whether a group is the named place.
    fn is_named(&self, place: Place, group: u32, is_three_phase: bool) -> bool {
        let own = self.groups.of_transformer(place.own);
        own.contains(&(group as usize)) && (is_three_phase || place.group() == Some(group as usize))
    }

    /// Whether a group is among those that a consumer is compared with on a day.
    fn is_candidate(&self, place: Place, group: u32, date: u16) -> bool {
        let group = group as usize;
        let turn = Turn::new(&self.groups, place.own, date);
        self.groups.of_transformer(place.own).contains(&group) || turn.groups().any(|other| other == group)
    }

    fn proposal(&self, hand: &Hand, row: u32, state: ProposalState, topology: &Topology) -> Proposal {
        let (run, row) = (&hand.run, &topology.rows()[row as usize]);
        let group = &self.groups.all()[run.group as usize];
        let ratio = |thousandths: i16| Ratio(f64::from(thousandths) / 1000.0);
        Proposal {
            meter: row.meter,
            since: day_of(run.since),
            day: day_of(self.day.date.unwrap_or_default()),
            end: self.day.last,
            named: row.transformer().expect("a place is of a transformer"),
            named_phase: row.phase.clone(),
            proposed: group.transformer,
            proposed_phase: if hand.is_three_phase { row.phase.clone() } else { group.phase.clone() },
            days: run.agreed,
            looked: run.looked,
            named_fit: ratio(run.named),
            proposed_fit: ratio(run.fits),
            state,
            revision: run.revision,
        }
    }
}

impl Run {
    fn agree(&mut self, verdict: &Verdict, most: u8) {
        let near = |old: i16, new: i16| ((3 * i32::from(old) + i32::from(new)) / 4) as i16;
        self.named = near(self.named, verdict.named);
        self.fits = near(self.fits, verdict.fits);
        self.votes = (self.votes + 1).min(most.max(self.votes));
        self.agreed += 1;
        self.look();
    }

    fn disagree(&mut self) {
        self.votes -= 1;
        self.look();
    }

    fn look(&mut self) {
        self.looked += 1;
        if self.looked == MOST_DAYS {
            (self.agreed, self.looked) = (self.agreed / 2, self.looked / 2);
        }
    }
}

/// A correlation in thousandths; none without steps.
fn fit(sum: i16, square: u16, other: u64) -> Option<i16> {
    let both = f64::from(square) * other as f64;
    (both > 0.0).then(|| (1000.0 * f64::from(sum) / both.sqrt()).round().clamp(-1000.0, 1000.0) as i16)
}
