//! In some hours of the day, every day the same, the meter counts less than the home's standby; in the other hours it
//! counts as before. A fridge does not rest at fixed hours: a wire leads past the meter then, or the meter is stopped.

use super::contract::persistence;
use super::kept::Kept;
use super::{DetectorRule, Needs, Stored, Work};
use crate::weigh::{Comparing, Findings, Found};
use crate::{
    About, Detector, Evidence, FactDefinition, Innocent, InnocentDefinition, SettingsError, Unit, Words,
};
use core::ops::Range;
use grid::{Joined, Topology};
use reading::time::{DAY, HOUR};
use reading::{EventTime, Fingerprint, Interval, MeterId};
use serde::{Deserialize, Serialize};
use units::{Ratio, Volts, WattHours};

keys! {
    /// How little is counted, in how many hours, on how many days.
    ///
    /// Standby is what a home uses in its quietest hour of a day, on the mean of two weeks. An empty home uses that in
    /// all hours, and a cooler that is switched off for the season leaves it.
    Rule {
        left: Ratio > 0 = "50 %", "the meter must count less than this share of the home's standby,";
        days: u32 > 0 = 4, "at the same hours of so many days running,";
        least: u32 > 0 = 3, "in at least so many hours one after another,";
        most: u32 > 0 = 12, "and in at most so many";
        rest: Ratio > 0 = "60 %", "in the other hours it must count at least this share of what is usual";
        history: u32 > 0 = 7, "so many days must be known";
        standby: WattHours > 0 = "20 Wh", "homes that use less than this in their quietest hour are not looked at";
        alive: Volts > 0 = "161 V", "hours with a lower voltage are not looked at: the supply was not there";
    }
}

static MISSING: FactDefinition = FactDefinition::new(
    "missing",
    Unit::Share,
    "how much less than the home's standby the meter counts in those hours",
)
.with_limit("allowed");
static COUNTED: FactDefinition = FactDefinition::new(
    "counted",
    Unit::WattHours,
    "what it counts in one of those hours, on the mean of some days",
);
static STANDBY: FactDefinition = FactDefinition::new(
    "standby",
    Unit::WattHours,
    "what it counts in the quietest of the other hours of a day, on the mean of two weeks",
);
static USUAL: FactDefinition =
    FactDefinition::new("usual", Unit::WattHours, "what it counted in one of those hours before");
static HOURS: FactDefinition =
    FactDefinition::new("hours", Unit::Count, "how many hours one after another").with_limit("most");
static DAYS: FactDefinition =
    FactDefinition::new("days", Unit::Count, "on how many days running").with_limit("needed");
static REST: FactDefinition = FactDefinition::new(
    "rest",
    Unit::Share,
    "what it counts in the other hours, as a share of what is usual then",
)
.with_limit("needed");

static VACANT: InnocentDefinition = InnocentDefinition {
    name: "vacant",
    facts: &[&REST],
    words: &[
        "an empty home: less would be counted in all hours, and in the others it is {rest:0} of the usual",
    ],
};
static OUTAGE: InnocentDefinition = InnocentDefinition {
    name: "outage",
    facts: &[&HOURS],
    words: &["supply that is cut every day: the meter had voltage in these {hours} hours"],
};
static GENERATION: InnocentDefinition = InnocentDefinition {
    name: "generation",
    facts: &[&COUNTED],
    words: &[
        "a roof or a battery of its own: nothing was fed back for a week, and no current flows beside {counted}",
    ],
};

pub(super) static ABOUT: About = About {
    main: &MISSING,
    facts: &[&MISSING, &COUNTED, &STANDBY, &USUAL, &HOURS, &DAYS, &REST],
    innocent: &[&VACANT, &OUTAGE, &GENERATION],
    words: Words {
        main: "{missing:0} below standby for {hours} hours a day",
        short: "{hours} hours a day below standby",
        seen: "{missing:0} less than standby ({missing.allowed:0} allowed) in {hours} hours of {days} days",
        excess: "about {excess} not counted",
        parts: &["{hours} hours a day", "{counted} an hour, standby {standby}", "{days} days since {since}"],
        page: &[
            "in {hours} hours running it counts {counted} an hour, before {usual}; its standby is {standby}",
            "{missing} less than standby, allowed {missing.allowed}; in the other hours {rest} of the usual",
            "on {days} days running, {days.needed} needed, from {since} to {until}",
            "that is {excess}",
        ],
    },
};

pub(super) const NEEDS: Needs = Needs::ROWS;

/// Means go over about so many days.
const LOOKS_BACK: u8 = 14;
/// After it fed energy back, a meter is not looked at for so many hours: a battery may carry the home.
const AFTER_FEEDING: u8 = 7 * 24;
/// Power that a meter may see beside a standstill, VA: filters of power supplies, and the error of its current.
const IDLE: f64 = 30.0;
/// So many of the other hours may be odd: the edges of the window are cut by the clock.
const EDGES: usize = 2;

impl DetectorRule for Rule {
    fn check(&self) -> Result<(), SettingsError> {
        if self.least <= self.most && self.most < 24 {
            return Ok(());
        }
        Err(SettingsError::Contradiction {
            key: "most",
            problem: format!("`most` ({}) must be at least `least` ({}) and below 24", self.most, self.least),
            help: "leave both out for the usual limits".to_owned(),
        })
    }

    /// The others are used only for a new suspicion.
    fn fingerprint(&self) -> u64 {
        let Self { left, history, standby, alive, .. } = self;
        let print = Fingerprint::new("hours-missing").number(left.0).whole(i64::from(*history));
        print.whole(standby.0).number(alive.0).end()
    }
}

impl Rule {
    /// What a meter's days show after an hour, if it is enough.
    fn evidence(&self, home: &Home, hour: &Hour) -> Option<Evidence> {
        let window = home.window(self)?;
        let at = |hour: usize| hour % 24;
        let (rest, hours) = (home.rest.share(), window.len() as f64);
        // Hours since the window began, today or yesterday.
        let back = (hour.of_day() + 24 - at(window.start)) % 24;
        if rest < self.rest.0 || back >= window.len() {
            return None;
        }
        let days = window.clone().map(|hour| home.runs[at(hour)]).min().unwrap_or_default();
        let usual = window.clone().map(|hour| f64::from(home.usual[at(hour)])).sum::<f64>() / hours;
        let counted = home.low.counted_in_an_hour();
        let standby = f64::from(home.standby);
        let missing = MISSING.of(1.0 - counted / standby).limited(1.0 - self.left.0);
        let (hours, rest) = (HOURS.of(hours).limited(self.most.into()), REST.of(rest).limited(self.rest.0));
        let excess = (usual - counted).max(0.0) * window.len() as f64 * f64::from(days);
        let since = hour.start - back as i64 * HOUR - (i64::from(days) - 1) * DAY;
        let counted = COUNTED.of(counted);
        Some(Evidence {
            detector: Detector::HoursMissing,
            since: EventTime(since),
            until: EventTime(hour.start + HOUR),
            blocks: u32::from(days.unsigned_abs()) * window.len() as u32,
            score: persistence(self.days, days.unsigned_abs().into()),
            weight: 1.0,
            facts: vec![
                missing,
                counted,
                STANDBY.of(standby),
                USUAL.of(usual),
                hours,
                DAYS.of(days.into()).limited(self.days.into()),
                rest,
            ],
            excess: Some(WattHours(excess.round() as i64)),
            looked_at: vec![
                Innocent::new(&VACANT, [rest]),
                Innocent::new(&OUTAGE, [hours]),
                Innocent::new(&GENERATION, [counted]),
            ],
        })
    }
}

/// An hour that adds up from intervals.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Hour {
    /// Since 1970, ms.
    start: i64,
    ms: i32,
    wh: i32,
    /// Voltage times current, VAh.
    product: f32,
    /// Whether each of its intervals can be looked at.
    is_fine: bool,
}

impl Hour {
    fn of_day(&self) -> usize {
        (self.start.rem_euclid(DAY) / HOUR) as usize
    }

    fn add(&mut self, interval: &Interval, rule: &Rule) {
        self.ms += interval.length() as i32;
        let sums = &interval.sums;
        let seen = interval.imp.filter(|_| interval.quality.is_whole()).zip(sums.v());
        let Some((wh, (low, high))) = seen.filter(|_| sums.i_count > 0 && interval.exp.is_none()) else {
            self.is_fine = false;
            return;
        };
        let amperes = f64::from(sums.i) / f64::from(sums.i_count) / 1000.0;
        let phases = if sums.three_count > 0 { 3.0 } else { 1.0 };
        let volts = f64::midpoint(f64::from(low.0), f64::from(high.0)) / 1000.0;
        self.wh = self.wh.saturating_add(wh.0.clamp(0, i32::MAX.into()) as i32);
        self.product += (phases * amperes * volts * interval.length() as f64 / HOUR as f64) as f32;
        self.is_fine &= f64::from(low.0) / 1000.0 >= rule.alive.0;
    }
}

/// What was counted in some hours, beside what is usual then. Older hours count less.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Compared {
    hours: f32,
    counted: f32,
    usual: f32,
}

impl Compared {
    /// Two days' hours are looked at, more or less.
    const KEEPS: f32 = 1.0 - 1.0 / 48.0;

    fn add(&mut self, counted: f32, usual: f32) {
        self.hours = self.hours * Self::KEEPS + 1.0;
        self.counted = self.counted * Self::KEEPS + counted;
        self.usual = self.usual * Self::KEEPS + usual;
    }

    fn share(&self) -> f64 {
        if self.usual > 0.0 { f64::from(self.counted / self.usual) } else { 0.0 }
    }

    fn counted_in_an_hour(&self) -> f64 {
        f64::from(self.counted / self.hours.max(1.0))
    }
}

/// What is known of a consumer: 208 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Home {
    hour: Hour,
    /// What it counts in each hour of the day, by UTC: only likeness from day to day matters. Wh.
    usual: [f32; 24],
    /// Over how many days, at most [`LOOKS_BACK`].
    seen: [u8; 24],
    /// On how many days running an hour was low; below zero, on how many it was not.
    runs: [i8; 24],
    low: Compared,
    rest: Compared,
    /// The mean of the quietest hours of days, Wh, and over how many days.
    standby: f32,
    days: u16,
    /// The quietest hour of the day under way, if there is one.
    quietest: Option<f32>,
    /// For so many hours it is not looked at.
    feeds: u8,
}

impl Home {
    /// Takes an interval. Returns the hour that ended with it or before it, if that hour was low.
    fn take(&mut self, interval: &Interval, rule: &Rule) -> Option<Hour> {
        let start = interval.start.0 - interval.start.0.rem_euclid(HOUR);
        if interval.end.0 > start + HOUR {
            return None;
        }
        if start != self.hour.start {
            self.begin(start);
        }
        if interval.sums.p < 0 {
            self.feeds = AFTER_FEEDING;
        }
        self.hour.add(interval, rule);
        let is_over = interval.end.0 == start + HOUR && i64::from(self.hour.ms) == HOUR;
        let hour = self.hour;
        (is_over && hour.is_fine && self.count(&hour, rule)).then_some(hour)
    }

    fn begin(&mut self, start: i64) {
        if start.div_euclid(DAY) != self.hour.start.div_euclid(DAY)
            && let Some(quietest) = self.quietest.take()
        {
            self.days = self.days.saturating_add(1);
            self.standby += (quietest - self.standby) / f32::from(self.days.min(LOOKS_BACK.into()));
        }
        self.hour = Hour { start, is_fine: true, ..Hour::default() };
    }

    /// Counts an hour, and returns whether it was low.
    fn count(&mut self, hour: &Hour, rule: &Rule) -> bool {
        let (at, wh) = (hour.of_day(), hour.wh as f32);
        let allowed = rule.left.0 * f64::from(self.standby);
        let is_known =
            u32::from(self.days) >= rule.history && f64::from(self.standby) >= rule.standby.0 as f64;
        self.feeds = self.feeds.saturating_sub(1);
        let is_still = f64::from(wh) < allowed && f64::from(hour.product) < allowed + IDLE;
        if is_known && self.feeds == 0 && is_still {
            self.runs[at] = self.runs[at].max(0).saturating_add(1);
            self.low.add(wh, self.usual[at]);
            return true;
        }
        self.runs[at] = self.runs[at].min(0).saturating_sub(1);
        if is_known {
            self.rest.add(wh, self.usual[at]);
        }
        self.quietest = Some(self.quietest.map_or(wh, |least| least.min(wh)));
        // What is usual is not learnt from hours that are low.
        self.seen[at] = (self.seen[at] + 1).min(LOOKS_BACK);
        self.usual[at] += (wh - self.usual[at]) / f32::from(self.seen[at]);
        false
    }

    /// The hours that are low day after day, one after another, if the others are not. It may go beyond 24.
    fn window(&self, rule: &Rule) -> Option<Range<usize>> {
        let days = rule.days.min(100) as i8;
        let mut longest = 0..0;
        let mut begin = 0;
        for hour in 0..48 {
            if self.runs[hour % 24] < days {
                begin = hour + 1;
            } else if hour + 1 - begin > longest.len() {
                longest = begin..hour + 1;
            }
        }
        let others = (longest.end..longest.start + 24).filter(|hour| self.runs[hour % 24] > -days);
        let is_window = (rule.least as usize..=rule.most as usize).contains(&longest.len());
        (is_window && others.count() <= EDGES).then_some(longest)
    }
}

/// The stored state: what is known of each consumer.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct State {
    homes: Vec<(MeterId, Home)>,
}

impl Stored for State {}

/// The rule at work.
#[derive(Debug, Clone, PartialEq)]
pub struct Runs {
    rule: Rule,
    homes: Kept<Home>,
}

impl Runs {
    /// Nothing seen yet.
    pub fn new(rule: Rule) -> Self {
        Self { rule, homes: Kept::default() }
    }
}

impl Work for Runs {
    type State = State;

    fn state(&self, topology: &Topology) -> State {
        State { homes: self.homes.stored(topology) }
    }

    fn restore(&mut self, State { homes }: State, topology: &Topology) {
        self.homes = Kept::restored(homes, topology);
    }

    fn begin(&mut self, comparing: &Comparing<'_>) {
        self.homes.fit(comparing.topology);
    }

    fn see(&mut self, _comparing: &Comparing<'_>, joined: &Joined<'_>, out: &mut Findings) {
        let Some(home) = self.homes.of(joined) else { return };
        let Some(hour) = home.take(joined.interval, &self.rule) else { return };
        if let Some(evidence) = self.rule.evidence(home, &hour) {
            out.push(Found::new(joined.interval.end, joined.interval.meter, joined.row, evidence));
        }
    }
}

#[cfg(test)]
mod tests;
