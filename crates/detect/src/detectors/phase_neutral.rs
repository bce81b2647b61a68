//! Phase and neutral current of a single-phase supply apart for several blocks: the rule of the meters' firmware.
//!
//! The current that goes out through the phase comes back through the neutral. If it does not, some current takes a
//! way round the meter, or two supplies share a neutral, or the load is so low that the meter itself is unsure. Only
//! the first is worth a visit, so the others are looked at before a suspicion is raised.

mod block;
mod neighbours;
mod shared;
mod state;
mod street;
mod without_case;

pub use state::State;

use super::contract::persistence;
use super::{DetectorRule, Needs, Work};
use crate::weigh::{Comparing, Findings};
use crate::{
    About, Detector, Evidence, Fact, FactDefinition, Innocent, InnocentDefinition, Setting, SettingsError,
    Unit, Words,
};
use block::{Block, Run};
use features::{LoopCurrents, loop_currents};
use grid::{Joined, Topology};
use reading::{Fingerprint, Interval, MeterId, Quality};
use std::collections::BTreeMap;
use street::Street;
use units::{Amperes, Ratio, WattHours};

keys! {
    /// How far phase and neutral may be apart: `share` of the larger current, but never less than `floor`; below
    /// `low_load` it is `low_load_share`. A suspicion needs `blocks` blocks, one after the other.
    ///
    /// The defaults are the firmware thresholds in the field. With them the floor is as much as 25 % of 2 A, so below
    /// that load the floor decides; `low_load_share` begins to matter with a lower floor or a higher limit.
    Rule {
        share: Ratio > 0 = "6.25 %", "phase and neutral may be apart by this share of the larger current";
        floor: Amperes > 0 = "0.5 A", "they may be apart by this much at any load";
        low_load: Amperes >= 0 = "2 A", "below this current the load is low";
        low_load_share: Ratio > 0 = "25 %", "the share by which they may be apart at low load";
        blocks: u32 > 0 = 5, "so many intervals running must be apart for a suspicion";
    }
}

static PHASE: FactDefinition =
    FactDefinition::new("phase", Unit::Amperes, "mean phase current of the run, each interval counting once");
static NEUTRAL: FactDefinition = FactDefinition::new(
    "neutral",
    Unit::Amperes,
    "mean neutral current of the run, each interval counting once",
);
static APART: FactDefinition = FactDefinition::new(
    "apart",
    Unit::Amperes,
    "how far `phase` and `neutral` are apart, without a sign; `allowed` is the mean of what the intervals of the run were allowed: a share of the larger current, more at low load, never less than the floor",
)
.with_limit("allowed");
static APART_MAX: FactDefinition =
    FactDefinition::new("apart_max", Unit::Amperes, "the largest distance of one interval of the run");
static SHARE: FactDefinition =
    FactDefinition::new("share", Unit::Share, "`apart` over the larger of `phase` and `neutral`");
static BLOCKS: FactDefinition = FactDefinition::new(
    "blocks",
    Unit::Count,
    "intervals of the run, one after the other; `needed` is how many the rule asks for",
)
.with_limit("needed");

static SHARED_NEUTRAL: InnocentDefinition = InnocentDefinition {
    name: "shared-neutral",
    facts: &[&OPPOSITE, &LEAST],
    words: &[
        "a shared neutral: the neighbour that comes nearest, {apart.about}, is {apart} apart",
        "a shared neutral: no neighbour is as much as {least} apart",
    ],
};
static OPPOSITE: FactDefinition = FactDefinition::new(
    "apart",
    Unit::Amperes,
    "phase less neutral of the neighbour that comes nearest, in the last interval; the opposite of the meter's own would explain it",
);
static LEAST: FactDefinition = FactDefinition::new(
    "least",
    Unit::Amperes,
    "in place of `apart` if no neighbour's phase and neutral differ by so much: less cannot explain a difference",
);
static BROKEN_NEUTRAL: InnocentDefinition = InnocentDefinition {
    name: "broken-neutral",
    facts: &[&RETURNED, &COUNTED_SHARE],
    words: &[
        "a broken neutral of the supply: {returned} of the phase current comes back, {counted} is counted",
        "a broken neutral of the supply: {returned} of the phase current comes back",
        "a broken neutral of the supply: no current goes out",
    ],
};
static COUNTED_SHARE: FactDefinition = FactDefinition::new(
    "counted",
    Unit::Share,
    "apparent power over voltage times phase current in the last interval, if power is known: with next to nothing returned, 90 % and more is a broken neutral",
);
static RETURNED: FactDefinition =
    FactDefinition::new("returned", Unit::Share, "neutral current over phase current in the last interval");
static LOW_LOAD: InnocentDefinition = InnocentDefinition {
    name: "low-load",
    facts: &[&LOAD, &LOW_BLOCKS],
    words: &["low load: {load} on average, low is below {load.limit}, {blocks} blocks were"],
};
static LOAD: FactDefinition = FactDefinition::new(
    "load",
    Unit::Amperes,
    "mean load of the run, the larger of the two currents; below `limit` it is low",
)
.with_limit("limit");
static LOW_BLOCKS: FactDefinition = FactDefinition::new(
    "blocks",
    Unit::Count,
    "intervals of the run at low load; they passed the wider allowance",
);
static THREE_PHASE: InnocentDefinition = InnocentDefinition {
    name: "three-phase",
    facts: &[&LOOP_READINGS],
    words: &["a three-phase meter: {readings} readings of a single phase and its neutral say no"],
};
static LOOP_READINGS: FactDefinition = FactDefinition::new(
    "readings",
    Unit::Count,
    "readings of the run that carry both currents of a single phase; none is of three phases",
);
static BRIEF: InnocentDefinition = InnocentDefinition {
    name: "brief",
    facts: &[&BLOCKS],
    words: &["a brief fault: {blocks} blocks running, {blocks.needed} are needed"],
};

pub(super) static ABOUT: About = About {
    main: &APART,
    facts: &[&PHASE, &NEUTRAL, &APART, &APART_MAX, &SHARE, &BLOCKS],
    innocent: &[&SHARED_NEUTRAL, &BROKEN_NEUTRAL, &LOW_LOAD, &THREE_PHASE, &BRIEF],
    words: Words {
        main: "{apart:1} apart",
        short: "phase {phase:1}, neutral {neutral:1}",
        seen: "phase {phase}, neutral {neutral}, {apart} apart ({apart.allowed} allowed)",
        excess: "at most {excess} beside the meter",
        parts: &[
            "phase {phase}",
            "neutral {neutral}",
            "{apart} apart, {share:0}",
            "allowed {apart.allowed}",
            "{blocks} blocks since {since}",
        ],
        page: &[
            "phase {phase}, neutral {neutral}: {apart} apart ({share}), allowed {apart.allowed}; {blocks} blocks running, {blocks.needed} needed",
            "from {since} to {until}, at most {apart_max} apart",
            "at the supply's voltage that is {excess}",
        ],
    },
};

pub(super) const NEEDS: Needs = Needs::ROWS;

impl DetectorRule for Rule {
    fn check(&self) -> Result<(), SettingsError> {
        let (low, share) = (self.low_load_share, self.share);
        if low >= share {
            return Ok(());
        }
        Err(SettingsError::Contradiction {
            key: "low_load_share",
            problem: format!(
                "`low_load_share` ({}) must be at least `share` ({})",
                low.shown(),
                share.shown()
            ),
            help: "see `[detectors.phase-neutral]` of pipelines/demo.toml".to_owned(),
        })
    }

    /// The fingerprint of the settings that the runs depend on. `blocks` is not among them: it is used only for a new
    /// suspicion.
    fn fingerprint(&self) -> u64 {
        let Self { share, floor, low_load, low_load_share, blocks: _ } = self;
        let shares = Fingerprint::new("phase-neutral").number(share.0).number(floor.0);
        shares.number(low_load.0).number(low_load_share.0).end()
    }

    fn why_no_case<'a>(&self, meter: MeterId, rows: impl Iterator<Item = Joined<'a>> + Clone) -> Vec<String> {
        self.look_at(meter, rows).in_words()
    }
}

impl Rule {
    /// How far apart the currents may be.
    fn allowed(&self, currents: &LoopCurrents) -> Amperes {
        let share = if self.is_low(currents) { self.low_load_share } else { self.share };
        self.floor.max(currents.load() * share.0)
    }

    fn is_low(&self, currents: &LoopCurrents) -> bool {
        currents.load() < self.low_load
    }

    /// Whether phase and neutral are apart by more than is allowed.
    fn is_apart(&self, block: &Block) -> bool {
        block.currents.apart > self.allowed(&block.currents)
    }

    /// Whether next to nothing comes back, and the registers count all that goes out: the neutral of the supply is
    /// broken, and the current returns through the earth until it is mended. A meter that counts in the neutral, and
    /// so is cheated by a return through the earth, counts less.
    fn is_broken_neutral(&self, block: &Block) -> bool {
        let LoopCurrents { phase, neutral, .. } = block.currents;
        neutral <= phase * NOTHING_RETURNS.0 && block.counted().is_some_and(|counted| counted >= COUNTED)
    }

    /// The least difference of a neighbour that can explain a block: see [`explains`].
    fn least(&self) -> Amperes {
        (self.floor - EXPLAINED.max(self.floor * EXPLAINED_SHARE)).max(Amperes(0.0))
    }

    /// Whether a block is apart, or can explain one that is.
    fn is_notable(&self, block: &Block) -> bool {
        const ROUNDING: Amperes = Amperes(1e-6);
        block.currents.apart >= self.least() - ROUNDING
    }
}

/// The rule at work: what waits for neighbours, and the runs, by number of the transformer.
#[derive(Debug, Clone, PartialEq)]
pub struct Runs {
    rule: Rule,
    streets: BTreeMap<u32, Street>,
}

impl Runs {
    /// No run yet.
    pub fn new(rule: Rule) -> Self {
        Self { rule, streets: BTreeMap::new() }
    }
}

/// A run gives evidence once for each interval that the consumers of its transformer can be compared in.
///
/// A meter without a known transformer has no known neighbours: whether it shares a neutral cannot be looked at, so its
/// intervals are no evidence. Those of them that were apart are counted as held back.
impl Work for Runs {
    type State = State;

    fn state(&self, topology: &Topology) -> State {
        State::of(self, topology)
    }

    fn restore(&mut self, state: State, topology: &Topology) {
        state.give_to(self, topology);
    }

    fn see(&mut self, comparing: &Comparing<'_>, joined: &Joined<'_>, out: &mut Findings) {
        let Some(block) = Block::new(joined.interval) else { return };
        let Some((transformer, row)) = joined.transformer().zip(joined.number()) else {
            out.held_back += u64::from(self.rule.is_apart(&block));
            return;
        };
        let meter = joined.interval.meter;
        let is_notable = self.rule.is_notable(&block);
        if is_notable || self.streets.get(&transformer).is_some_and(|street| street.may_share(meter, &block))
        {
            let most = street::most_kept(comparing.consumers_of(transformer));
            let street = self.streets.entry(transformer).or_default();
            if is_notable {
                street.note(meter, &block);
            }
            out.held_back += street.keep(row, block, most, &self.rule);
        }
    }

    fn end(&mut self, comparing: &Comparing<'_>, out: &mut Findings) {
        for (&transformer, street) in &mut self.streets {
            street.compare(&self.rule, comparing, comparing.front_of(transformer), &mut out.found);
        }
        self.streets.retain(|_, street| !street.is_empty());
    }
}

impl Rule {
    fn evidence(&self, run: &Run, last: &Block, nearest: Option<(MeterId, Amperes)>) -> Evidence {
        let mean = |sum: f64| Amperes(sum / f64::from(run.blocks));
        let (phase, neutral) = (mean(run.phase_sum), mean(run.neutral_sum));
        let (apart, allowed) = ((phase - neutral).abs(), mean(run.allowed_sum));
        let load = phase.max(neutral);
        let blocks = BLOCKS.of(run.blocks.into()).limited(self.blocks.into());
        let low_load = [LOAD.of(load.0).limited(self.low_load.0), LOW_BLOCKS.of(run.low_blocks.into())];
        let shared = match nearest {
            Some((other, apart)) => OPPOSITE.of(apart.0).about(other),
            None => LEAST.of(self.least().0),
        };
        Evidence {
            detector: Detector::PhaseNeutral,
            since: run.since,
            until: run.until,
            blocks: run.blocks,
            score: self.score(run, apart, allowed),
            weight: 1.0,
            facts: vec![
                PHASE.of(phase.0),
                NEUTRAL.of(neutral.0),
                APART.of(apart.0).limited(allowed.0),
                APART_MAX.of(run.apart_max),
                SHARE.of((apart / load).0),
                blocks,
            ],
            excess: run.excess.map(|sum| WattHours(sum.round() as i64)),
            looked_at: vec![
                Innocent::new(&SHARED_NEUTRAL, [shared]),
                Innocent::new(&BROKEN_NEUTRAL, returns(last)),
                Innocent::new(&LOW_LOAD, low_load),
                Innocent::new(&THREE_PHASE, [LOOP_READINGS.of(run.readings as f64)]),
                Innocent::new(&BRIEF, [blocks]),
            ],
        }
    }

    /// Size times [`persistence`].
    ///
    /// Size is `1 - allowed / apart`: 0 at the threshold, 0.5 at twice, 0.75 at four times the threshold. Both lie between
    /// 0 and 1, and so does their product; it grows with either.
    fn score(&self, run: &Run, apart: Amperes, allowed: Amperes) -> f64 {
        let size = 1.0 - (allowed / apart).0;
        size.clamp(0.0, 1.0) * persistence(self.blocks, run.blocks)
    }
}

/// How much of what goes out comes back, and is counted.
fn returns(block: &Block) -> Vec<Fact> {
    let LoopCurrents { phase, neutral, .. } = block.currents;
    let returned = (phase.0 > 0.0).then(|| RETURNED.of((neutral / phase).0));
    let counted = returned.and(block.counted()).map(|counted| COUNTED_SHARE.of(counted.0));
    returned.into_iter().chain(counted).collect()
}

/// The currents of an interval, if it may be evidence: estimates, gaps and the day of a meter swap may not.
fn evidence_currents(interval: &Interval) -> Option<LoopCurrents> {
    let unsure = [Quality::ESTIMATED, Quality::GAP, Quality::SWAP];
    let sure = !unsure.into_iter().any(|flag| interval.quality.has(flag));
    loop_currents(interval).filter(|_| sure)
}

/// Whether a neighbour's difference is the opposite of the meter's own, within 20 % or 0.3 A, whichever is more: two
/// meters of class 1 that measure one current disagree by less, and loads move between two readings.
fn explains(own: Amperes, theirs: Amperes) -> bool {
    (own + theirs).abs() <= EXPLAINED.max(own.abs() * EXPLAINED_SHARE)
}

/// What the neutral of a broken line shows beside the phase: the errors of its element.
const NOTHING_RETURNS: Ratio = Ratio(0.1);
/// Loads move between readings, the elements are of class 1, and distortion adds to the current alone.
const COUNTED: Ratio = Ratio(0.9);
const EXPLAINED_SHARE: f64 = 0.2;
const EXPLAINED: Amperes = Amperes(0.3);

#[cfg(test)]
mod tests;
