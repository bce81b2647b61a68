//! Current flows through a single-phase meter that shows no voltage: its neutral has been taken off, and the load
//! returns another way. The meter counts nothing then.

use super::contract::persistence;
use super::kept::{Homes, HomesState, WatchHomes, WithHomes};
use super::{DetectorRule, Needs};
use crate::weigh::{Comparing, Findings, Found};
use crate::{About, Detector, Evidence, FactDefinition, Innocent, InnocentDefinition, Unit, Words};
use grid::Joined;
use reading::time::{DAY, HOUR};
use reading::{EventTime, Fingerprint, Interval, MeterId};
use serde::{Deserialize, Serialize};
use units::{Amperes, Ratio, Volts, WattHours};

keys! {
    /// When a meter counts as without voltage, and which current is none that a dead supply can have.
    ///
    /// Firmware in the field reports more than 2 A on a dead phase at once. Several intervals are asked for here, so less
    /// is enough.
    Rule {
        dead: Volts > 0 = "50 V", "a meter with less voltage than this shows none";
        current: Amperes > 0 = "0.5 A", "a mean current above this must flow,";
        power: Ratio > 0 = "5 %", "and at most this share of the power that it had with voltage may be measured";
        blocks: u32 > 0 = 3, "so many intervals are needed for a suspicion";
    }
}

static CURRENT: FactDefinition =
    FactDefinition::new("current", Unit::Amperes, "mean current without voltage; above `allowed` it counts")
        .with_limit("allowed");
static VOLTAGE: FactDefinition =
    FactDefinition::new("voltage", Unit::Volts, "mean voltage that the meter shows meanwhile")
        .with_limit("dead");
static BEFORE: FactDefinition =
    FactDefinition::new("before", Unit::Volts, "the voltage that it showed before");
static BLOCKS: FactDefinition =
    FactDefinition::new("blocks", Unit::Count, "intervals with such a current").with_limit("needed");
static RETURNS: FactDefinition =
    FactDefinition::new("returns", Unit::Count, "how often the voltage came back in between");

static OUTAGE: InnocentDefinition = InnocentDefinition {
    name: "outage",
    facts: &[&CURRENT],
    words: &["supply that is cut: no current flows then, and here {current}"],
};
static DEFECT: InnocentDefinition = InnocentDefinition {
    name: "defect",
    facts: &[&RETURNS],
    words: &[
        "a broken voltage element or a loose neutral of the meter: here the voltage came back {returns} times",
    ],
};

pub(super) static ABOUT: About = About {
    main: &CURRENT,
    facts: &[&CURRENT, &VOLTAGE, &BEFORE, &BLOCKS, &RETURNS],
    innocent: &[&OUTAGE, &DEFECT],
    words: Words {
        main: "{current:1} without voltage",
        short: "{current:1} at {voltage}",
        seen: "{current} ({current.allowed} allowed) at a meter that shows {voltage}",
        excess: "about {excess} not counted",
        parts: &["{current} at {voltage}", "before {before}", "{blocks} intervals since {since}"],
        page: &[
            "the meter shows {voltage}, before {before}, and {current} flow, allowed {current.allowed}",
            "in {blocks} intervals, {blocks.needed} needed, from {since} to {until}; it came back {returns} times",
            "at the voltage before that is {excess}",
        ],
    },
};

pub(super) const NEEDS: Needs = Needs::ROWS;

/// A run ends after so long without a sighting.
const REST: i64 = 3 * DAY;

/// How a meter looks in an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Look {
    /// It has voltage: the mean of the lowest and the highest.
    Alive(f64),
    /// It shows none, and current flows.
    Missing { volts: f64, amperes: f64 },
}

impl DetectorRule for Rule {
    /// `blocks` is used only for a new suspicion.
    fn fingerprint(&self) -> u64 {
        let Self { dead, current, power, blocks: _ } = self;
        Fingerprint::new("neutral-missing").number(dead.0).number(current.0).number(power.0).end()
    }

    fn why_no_case<'a>(&self, meter: MeterId, rows: impl Iterator<Item = Joined<'a>> + Clone) -> Vec<String> {
        let own = rows.filter(|joined| joined.interval.meter == meter);
        let dead = own.filter_map(|joined| joined.interval.sums.v()).filter(|(_, high)| self.is_dead(high.0));
        let why = |count| {
            format!("neutral-missing: without voltage in {count} intervals, and no current to speak of")
        };
        Some(dead.count()).filter(|count| *count > 0).map(why).into_iter().collect()
    }
}

impl Rule {
    fn is_dead(&self, millivolts: i32) -> bool {
        f64::from(millivolts) / 1000.0 < self.dead.0
    }

    /// What an interval of a meter says that showed `before` volts when it had some.
    fn look(&self, interval: &Interval, before: f64) -> Option<Look> {
        let sums = &interval.sums;
        let has_all = sums.readings > 0 && sums.i_count == sums.readings && sums.p_count == sums.readings;
        let (low, high) = sums.v().filter(|_| has_all && sums.three_count == 0)?;
        let volts = f64::midpoint(f64::from(low.0), f64::from(high.0)) / 1000.0;
        let mean = |sum: f64| sum / f64::from(sums.readings) / 1000.0;
        if !self.is_dead(low.0) {
            return Some(Look::Alive(volts));
        }
        let (amperes, watts) = (mean(f64::from(sums.i)), mean(sums.p as f64));
        // Means over an interval with an outage in it have voltage, current and power, each of a part of the time.
        let has_power = watts.abs() > self.power.0 * amperes * before;
        let is_missing = self.is_dead(high.0) && amperes > self.current.0 && !has_power;
        is_missing.then_some(Look::Missing { volts, amperes })
    }
}

/// Sightings of one meter: 72 bytes, and only such meters have one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Run {
    since: EventTime,
    until: EventTime,
    blocks: u32,
    returns: u32,
    volts: f64,
    amperes: f64,
    wh: f64,
}

impl Run {
    fn new(since: EventTime) -> Self {
        Self { since, until: since, blocks: 0, returns: 0, volts: 0.0, amperes: 0.0, wh: 0.0 }
    }

    fn evidence(&self, rule: &Rule, before: f64) -> Evidence {
        let blocks = f64::from(self.blocks);
        let current = CURRENT.of(self.amperes / blocks).limited(rule.current.0);
        let returns = RETURNS.of(self.returns.into());
        Evidence {
            detector: Detector::NeutralMissing,
            since: self.since,
            until: self.until,
            blocks: self.blocks,
            // No innocent cause lets a current flow without voltage but a defect: only its length is in doubt.
            score: persistence(rule.blocks, self.blocks),
            weight: 1.0,
            facts: vec![
                current,
                VOLTAGE.of(self.volts / blocks).limited(rule.dead.0),
                BEFORE.of(before),
                BLOCKS.of(blocks).limited(rule.blocks.into()),
                returns,
            ],
            excess: Some(WattHours(self.wh.round() as i64)),
            looked_at: vec![Innocent::new(&OUTAGE, [current]), Innocent::new(&DEFECT, [returns])],
        }
    }
}

/// What is stored: the voltage of each consumer when it had some, and the runs under way.
pub type State = HomesState<f32, Run>;

/// The rule at work.
pub type Runs = WithHomes<Rule, f32, Run>;

impl WatchHomes<f32, Run> for Rule {
    fn see(&self, homes: &mut Homes<f32, Run>, joined: &Joined<'_>, out: &mut Findings) {
        let Some(before) = homes.known.of(joined) else { return };
        let interval = joined.interval;
        match self.look(interval, f64::from(*before)) {
            Some(Look::Alive(volts)) => {
                *before = volts as f32;
                if let Some(run) = homes.followed.get_mut(&interval.meter) {
                    run.returns += u32::from(run.until == interval.start);
                }
            }
            // A meter that never showed a voltage may have none to show.
            Some(Look::Missing { volts, amperes }) if *before > 0.0 => {
                let run = homes.followed.entry(interval.meter).or_insert_with(|| Run::new(interval.start));
                if interval.start.since(run.until) > REST {
                    *run = Run::new(interval.start);
                }
                (run.until, run.blocks) = (interval.end, run.blocks + 1);
                (run.volts, run.amperes) = (run.volts + volts, run.amperes + amperes);
                run.wh += amperes * f64::from(*before) * interval.length() as f64 / HOUR as f64;
                if run.blocks >= self.blocks {
                    let evidence = run.evidence(self, f64::from(*before));
                    out.push(Found::new(interval.end, interval.meter, joined.row, evidence));
                }
            }
            _ => {}
        }
    }

    fn end(&self, homes: &mut Homes<f32, Run>, comparing: &Comparing<'_>) {
        let now = comparing.fronts.last_tick();
        homes.followed.retain(|_, run| now.since(run.until) <= REST);
    }
}

#[cfg(test)]
mod tests;
