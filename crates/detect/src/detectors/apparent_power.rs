//! The meter counts less than its own voltage and current say: its power has been altered, while it measures the rest
//! truly.
//!
//! Apparent power is the root of active and reactive power squared, and also voltage times current. Distorted currents
//! make the first one smaller than the second, and every home has its own share of them. So a meter is compared with
//! its own past, and with the second only where the past is not known.

use super::contract::persistence;
use super::kept::{Homes, HomesState, WatchHomes, WithHomes};
use super::{DetectorRule, Needs};
use crate::weigh::{Findings, Found};
use crate::{About, Detector, Evidence, FactDefinition, Innocent, InnocentDefinition, Unit, Words};
use grid::Joined;
use reading::time::{DAY, HOUR};
use reading::{EventTime, Fingerprint, Interval, MeterId};
use serde::{Deserialize, Serialize};
use units::{Amperes, Ratio, Volts, WattHours};

keys! {
    /// How much less the meter counts than voltage and current say, and for how long.
    ///
    /// A meter of class 1 errs by some percent at small currents, and a home's distortion moves by some percent with
    /// what is switched on.
    Rule {
        short: Ratio > 0 = "15 %", "power must be less than usual by this share; twice it without a known past";
        current: Amperes > 0 = "1 A", "intervals with a smaller current are not looked at";
        alive: Volts > 0 = "161 V", "neither are those with a lower voltage";
        blocks: u32 > 0 = 12, "so many intervals running must be short for a suspicion, of those that are looked at";
    }
}

static SHORT: FactDefinition = FactDefinition::new(
    "short",
    Unit::Share,
    "the share of voltage times current that is missing in the power, beyond what is usual at this meter",
)
.with_limit("allowed");
static POWER: FactDefinition = FactDefinition::new(
    "power",
    Unit::VoltAmperes,
    "mean apparent power of the run, from active and reactive power; the register's power is taken if it is larger",
);
static PRODUCT: FactDefinition =
    FactDefinition::new("product", Unit::VoltAmperes, "mean of voltage times current");
static USUAL: FactDefinition = FactDefinition::new(
    "usual",
    Unit::Share,
    "the share of voltage times current that power usually is at this meter; 100 % where its past is not known",
);
static BLOCKS: FactDefinition =
    FactDefinition::new("blocks", Unit::Count, "intervals running that are short").with_limit("needed");
static LOAD: FactDefinition =
    FactDefinition::new("load", Unit::Amperes, "mean current of the run").with_limit("least");

static DISTORTION: InnocentDefinition = InnocentDefinition {
    name: "distortion",
    facts: &[&USUAL],
    words: &[
        "distorted currents, as of cheap power supplies: usually power is {usual} of voltage times current here",
    ],
};
static LOW_LOAD: InnocentDefinition = InnocentDefinition {
    name: "low-load",
    facts: &[&LOAD],
    words: &["a meter that errs at small currents: {load} flow, and from {load.least} on it is looked at"],
};
static BRIEF: InnocentDefinition = InnocentDefinition {
    name: "brief",
    facts: &[&BLOCKS],
    words: &["a device that is on for an hour: {blocks} intervals, {blocks.needed} are needed"],
};

pub(super) static ABOUT: About = About {
    main: &SHORT,
    facts: &[&SHORT, &POWER, &PRODUCT, &USUAL, &BLOCKS],
    innocent: &[&DISTORTION, &LOW_LOAD, &BRIEF],
    words: Words {
        main: "{short:0} of the power missing",
        short: "{short:0} less power than V x I",
        seen: "{short:0} less power ({short.allowed:0} allowed) than voltage and current say",
        excess: "about {excess} not counted",
        parts: &[
            "{short:0} less power than V x I",
            "{power} of {product}",
            "{blocks} intervals since {since}",
        ],
        page: &[
            "power {power}, voltage times current {product}: {short} are missing, allowed {short.allowed}",
            "usually power is {usual} of it; in {blocks} intervals, {blocks.needed} needed, from {since} to {until}",
            "that is {excess}",
        ],
    },
};

pub(super) const NEEDS: Needs = Needs::ROWS;

/// So many intervals before a meter's past is known.
const KNOWN: u16 = 48;
/// The mean goes over about so many.
const LOOKS_BACK: u16 = 1000;
/// After it fed energy back, a meter is not looked at for so long: its readings of one interval may have both signs,
/// and add up to nothing.
const AFTER_FEEDING: i64 = 7 * DAY;
/// Phases whose voltages are further apart, in 1/10,000, have no common voltage to multiply with.
const UNBALANCED: u16 = 500;

impl DetectorRule for Rule {
    /// `blocks` is used only for a new suspicion.
    fn fingerprint(&self) -> u64 {
        let Self { short, current, alive, blocks: _ } = self;
        Fingerprint::new("apparent-power").number(short.0).number(current.0).number(alive.0).end()
    }

    fn why_no_case<'a>(&self, meter: MeterId, rows: impl Iterator<Item = Joined<'a>> + Clone) -> Vec<String> {
        let own = rows.filter(|joined| joined.interval.meter == meter);
        let shares: Vec<f64> =
            own.filter_map(|joined| self.look(joined.interval)).map(|look| look.share()).collect();
        let lowest = shares.iter().copied().fold(f64::INFINITY, f64::min);
        if shares.is_empty() {
            return vec!["apparent-power: no interval has power, voltage and enough current".to_owned()];
        }
        vec![format!(
            "apparent-power: in {} intervals with enough current, power is at least {:.1} % of voltage times current",
            shares.len(),
            100.0 * lowest
        )]
    }
}

impl Rule {
    /// What an interval says, if it can be looked at.
    fn look(&self, interval: &Interval) -> Option<Look> {
        let sums = &interval.sums;
        let is_whole = interval.quality.is_whole()
            && sums.readings > 0
            && [sums.p_count, sums.q_count, sums.i_count].iter().all(|count| *count == sums.readings);
        let is_three = sums.three_count == sums.readings;
        let is_one = sums.three_count == 0;
        if !is_whole || !(is_one || is_three) || (is_three && sums.unbalance > UNBALANCED) {
            return None;
        }
        let (low, high) = sums.v()?;
        let (low, high) = (f64::from(low.0) / 1000.0, f64::from(high.0) / 1000.0);
        let mean = |sum: f64| sum / f64::from(sums.readings) / 1000.0;
        let (amperes, hours) = (mean(f64::from(sums.i)), interval.length() as f64 / HOUR as f64);
        if low < self.alive.0 || amperes < self.current.0 {
            return None;
        }
        // A power in another unit is no theft: the register is right then.
        let watts = mean(sums.p as f64).max(interval.imp?.0 as f64 / hours);
        let phases = if is_three { 3.0 } else { 1.0 };
        let product = phases * amperes * f64::midpoint(low, high);
        Some(Look { amperes, watts, power: watts.hypot(mean(sums.q as f64)), product, hours })
    }
}

/// What one interval says.
#[derive(Debug, Clone, Copy)]
struct Look {
    amperes: f64,
    watts: f64,
    power: f64,
    product: f64,
    hours: f64,
}

impl Look {
    fn share(&self) -> f64 {
        self.power / self.product
    }
}

/// What is usual at a meter: 16 bytes a consumer.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Usual {
    share: f32,
    count: u16,
    /// When it fed energy back last.
    fed: Option<EventTime>,
}

impl Usual {
    fn add(&mut self, share: f64) {
        self.count = (self.count + 1).min(LOOKS_BACK);
        // A current that is measured too small must not make a true one look like a theft later.
        let share = share.min(1.0) as f32;
        self.share += (share - self.share) / f32::from(self.count);
    }

    fn is_known(&self) -> bool {
        self.count >= KNOWN
    }

    /// The share that power usually is of voltage times current.
    fn of(&self) -> f64 {
        if self.is_known() { f64::from(self.share) } else { 1.0 }
    }
}

/// Short intervals running: 80 bytes, and only such meters have one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Run {
    since: EventTime,
    until: EventTime,
    blocks: u32,
    amperes: f64,
    power: f64,
    product: f64,
    wh: f64,
}

impl Run {
    fn new(since: EventTime) -> Self {
        Self { since, until: since, blocks: 0, amperes: 0.0, power: 0.0, product: 0.0, wh: 0.0 }
    }

    fn add(&mut self, until: EventTime, look: &Look, usual: f64) {
        (self.until, self.blocks) = (until, self.blocks + 1);
        self.amperes += look.amperes;
        self.power += look.power;
        self.product += look.product;
        // Power was altered by one factor: what is counted, and what is not, go together.
        self.wh += look.watts * (usual / look.share().max(0.01) - 1.0) * look.hours;
    }

    fn evidence(&self, rule: &Rule, usual: &Usual) -> Evidence {
        let blocks = f64::from(self.blocks);
        let short = SHORT.of(usual.of() - self.power / self.product).limited(rule.allowed(usual));
        let usual = USUAL.of(usual.of());
        let counted = BLOCKS.of(blocks).limited(rule.blocks.into());
        let load = LOAD.of(self.amperes / blocks).limited(rule.current.0);
        Evidence {
            detector: Detector::ApparentPower,
            since: self.since,
            until: self.until,
            blocks: self.blocks,
            // A meter cannot be honest and short for days.
            score: persistence(rule.blocks, self.blocks),
            weight: 1.0,
            facts: vec![
                short,
                POWER.of(self.power / blocks),
                PRODUCT.of(self.product / blocks),
                usual,
                counted,
            ],
            excess: Some(WattHours(self.wh.round() as i64)),
            looked_at: vec![
                Innocent::new(&DISTORTION, [usual]),
                Innocent::new(&LOW_LOAD, [load]),
                Innocent::new(&BRIEF, [counted]),
            ],
        }
    }
}

impl Rule {
    fn allowed(&self, usual: &Usual) -> f64 {
        usual.of() * if usual.is_known() { self.short.0 } else { (2.0 * self.short.0).min(1.0) }
    }
}

/// What is stored: what is usual at each consumer, and the runs under way.
pub type State = HomesState<Usual, Run>;

/// The rule at work.
pub type Runs = WithHomes<Rule, Usual, Run>;

impl WatchHomes<Usual, Run> for Rule {
    fn see(&self, homes: &mut Homes<Usual, Run>, joined: &Joined<'_>, out: &mut Findings) {
        let interval = joined.interval;
        // A registered roof may feed one phase and not another: only sums are known here.
        let (Some(usual), None) = (homes.known.of(joined), interval.exp) else { return };
        if interval.sums.p < 0 {
            usual.fed = Some(interval.end);
        }
        let feeds = usual.fed.is_some_and(|fed| interval.end.since(fed) <= AFTER_FEEDING);
        let Some(look) = self.look(interval).filter(|_| !feeds) else { return };
        if usual.of() - look.share() <= self.allowed(usual) {
            usual.add(look.share());
            homes.followed.remove(&interval.meter);
            return;
        }
        let run = homes.followed.entry(interval.meter).or_insert_with(|| Run::new(interval.start));
        run.add(interval.end, &look, usual.of());
        if run.blocks >= self.blocks {
            out.push(Found::new(interval.end, interval.meter, joined.row, run.evidence(self, usual)));
        }
    }
}

#[cfg(test)]
mod tests;
