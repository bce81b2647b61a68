//! Rules that compare: a meter with its contract, a transformer with its consumers. Each finding is about one local
//! day.

use crate::rule::{Rule, Tally};
use reading::{Calendar, Event, EventCode, EventTime, Grid, Interval, MeterId, TransformerId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use units::{Ratio, WattHours, Watts};

/// The limits of these rules.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FindingsSettings {
    /// The share of the sanctioned load above which the mean power of an interval is a finding.
    pub sanctioned: Ratio,
    /// The energy of a day above which use is a finding, of a meter that should use nothing.
    pub inactive: WattHours,
    /// The share of the larger energy by which what a transformer gave and what its consumers used may differ.
    pub group_sum: Ratio,
    /// After so many days on which one energy is a multiple of the other, the multiple is the finding.
    pub multiplier_days: u32,
}

/// The meter or group that a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    /// A meter.
    Meter(MeterId),
    /// A transformer and its consumers.
    Transformer(TransformerId),
}

impl core::fmt::Display for Whose {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Meter(meter) => meter.fmt(f),
            Self::Transformer(transformer) => transformer.fmt(f),
        }
    }
}

/// A finding: how often a rule fired on a local day, and with which number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// The meter or group that it is about.
    pub whose: Whose,
    /// When the day starts.
    pub start: EventTime,
    /// When the day ends.
    pub end: EventTime,
    /// In how many intervals the rule fired.
    pub intervals: u32,
    /// The number that was compared: W for `sanctioned`, Wh for `inactive`, energy given over energy used for groups,
    /// and how often an event was reported.
    pub seen: f64,
    /// The limit, in the same unit.
    pub allowed: f64,
}

/// Compares meters with their contracts and transformers with their consumers, day by day.
#[derive(Debug, Clone)]
pub struct Findings {
    settings: FindingsSettings,
    pub(crate) calendar: Calendar,
    pub(crate) length: i64,
    pub(crate) tally: Tally,
    pub(crate) day: Day,
    pub(crate) factors: Factors,
}

/// The findings of the current local day.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Day {
    /// When the day starts, or none before the first tick.
    start: Option<EventTime>,
    above: BTreeMap<MeterId, Above>,
    inactive: BTreeMap<MeterId, Used>,
    reported: BTreeMap<(EventCode, MeterId), Reported>,
    groups: BTreeMap<TransformerId, Group>,
}

/// The ratio of current transformers by which a group was off on the last days, and on how many of them.
pub(crate) type Factors = BTreeMap<TransformerId, (u16, u32)>;

/// A meter above its sanctioned load, with the limit that held when it was first above.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Above {
    intervals: u32,
    most: i64,
    allowed: i64,
}

/// The use of a meter that should use nothing.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Used {
    intervals: u32,
    wh: i64,
}

/// How often a meter reported an event, and in how many intervals.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Reported {
    intervals: u32,
    times: u32,
    /// The tick of the last report: several reports in one tick are one interval.
    tick: EventTime,
}

/// The energies of a group, over the intervals in which all its meters reported.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Group {
    intervals: u32,
    supplied: i64,
    consumed: i64,
}

/// Ratios of current transformers, to 5 A: IEC 61869-2.
const FACTORS: [u16; 16] = [2, 4, 5, 6, 10, 12, 15, 20, 30, 40, 50, 60, 80, 100, 120, 200];
/// Losses and accuracy classes: a ratio this near to a factor counts as the factor.
const NEAR: f64 = 0.08;

impl Findings {
    /// The events that are looked at. Findings come in the order of their codes.
    pub const EVENTS: [EventCode; 2] = [EventCode::PHASE_SEQUENCE_REVERSED, EventCode::EVENT_LOG_OVERRUN];

    /// Nothing found yet.
    pub fn new(settings: FindingsSettings, calendar: Calendar, grid: Grid) -> Self {
        Self {
            settings,
            calendar,
            length: grid.length(),
            tally: Tally::default(),
            day: Day::default(),
            factors: Factors::new(),
        }
    }

    /// How often each rule was met since the state began.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Begins the tick that ends at `end`. If a day has ended before it, the day's findings are added to `out`.
    pub fn begin(&mut self, end: EventTime, out: &mut Vec<Finding>) {
        let day = self.calendar.start_of(self.calendar.day_of_interval(end));
        if self.day.start.is_some_and(|before| before < day) {
            self.close_day(out);
        }
        self.day.start = Some(day);
    }

    /// Takes an interval of a consumer. Only measured energy counts: an estimate is no evidence of use.
    #[inline]
    pub fn consumer(&mut self, row: &Interval, sanctioned: Option<Watts>, is_active: bool) {
        let Some(imp) = row.imp.filter(|imp| imp.0 > 0 && row.quality.is_whole()) else { return };
        if !is_active {
            let used = self.day.inactive.entry(row.meter).or_default();
            used.intervals += 1;
            used.wh += imp.0;
        }
        let Some(sanctioned) = sanctioned else { return };
        let allowed = (sanctioned.0 * self.settings.sanctioned.0) as i64;
        let watts = imp.mean_over(self.length).0 as i64;
        if watts > allowed {
            let nothing = Above { intervals: 0, most: 0, allowed };
            let above = self.day.above.entry(row.meter).or_insert(nothing);
            above.intervals += 1;
            above.most = above.most.max(watts);
        }
    }

    /// Takes the events that meters reported in the tick that ends at `end`.
    pub fn reported(&mut self, end: EventTime, events: &[Event]) {
        for event in events.iter().filter(|event| rule_of(event.code).is_some()) {
            let nothing = Reported { intervals: 0, times: 0, tick: EventTime::MIN };
            let reported = self.day.reported.entry((event.code, event.meter)).or_insert(nothing);
            reported.times += 1;
            reported.intervals += u32::from(reported.tick != end);
            reported.tick = end;
        }
    }

    /// Takes the energy that a transformer gave in an interval, and that its consumers used. All of them must have
    /// reported.
    pub fn group(&mut self, transformer: TransformerId, supplied: WattHours, consumed: WattHours) {
        let group = self.day.groups.entry(transformer).or_default();
        group.intervals += 1;
        group.supplied += supplied.0;
        group.consumed += consumed.0;
    }

    /// Closes the current day, as far as it went, and adds its findings to `out`.
    pub fn close_day(&mut self, out: &mut Vec<Finding>) {
        let day = std::mem::take(&mut self.day);
        let Some(start) = day.start else { return };
        // A local day has 23 to 25 hours: 30 hours after its start it is always the next day.
        let end = self.calendar.start_of(self.calendar.day(start.plus(30 * reading::time::HOUR)));
        let known = out.len();
        let finding = |rule, whose, intervals, seen, allowed| {
            let whose = Whose::Meter(whose);
            Finding { rule, whose, start, end, intervals, seen, allowed }
        };
        out.extend(day.above.into_iter().map(|(meter, above)| {
            finding(Rule::Sanctioned, meter, above.intervals, above.most as f64, above.allowed as f64)
        }));
        let most = self.settings.inactive.0;
        let inactive = day.inactive.into_iter().filter(|(_, used)| used.wh > most);
        out.extend(inactive.map(|(meter, used)| {
            finding(Rule::Inactive, meter, used.intervals, used.wh as f64, most as f64)
        }));
        out.extend(day.reported.into_iter().filter_map(|((code, meter), reported)| {
            Some(finding(rule_of(code)?, meter, reported.intervals, reported.times.into(), 0.0))
        }));
        for (transformer, group) in day.groups {
            // Sums are compared only if at least half a day is known.
            if i64::from(group.intervals) * self.length * 2 < end.since(start) {
                continue;
            }
            let whose = Whose::Transformer(transformer);
            out.extend(self.compare(transformer, group).map(|(rule, seen, allowed)| Finding {
                rule,
                whose,
                start,
                end,
                intervals: group.intervals,
                seen,
                allowed,
            }));
        }
        out[known..].iter().for_each(|finding| self.tally.count(finding.rule));
    }

    /// Compares what a transformer gave on a day with what its consumers used: the rule that was met, the ratio, and
    /// the limit of the ratio.
    fn compare(&mut self, transformer: TransformerId, group: Group) -> Option<(Rule, f64, f64)> {
        let (supplied, consumed) = (group.supplied.max(1) as f64, group.consumed.max(1) as f64);
        let ratio = supplied / consumed;
        let factor = factor_of(ratio.max(1.0 / ratio));
        let days = match (factor, self.factors.get(&transformer)) {
            (None, _) => 0,
            (Some(factor), Some((known, days))) if *known == factor => days + 1,
            (Some(_), _) => 1,
        };
        match factor {
            Some(factor) => self.factors.insert(transformer, (factor, days)),
            None => self.factors.remove(&transformer),
        };
        // A wrong multiplier makes the energy wrong by the same whole factor every day. On a single day it may have
        // any cause.
        if let Some(factor) = factor.filter(|_| days >= self.settings.multiplier_days) {
            let allowed = if ratio < 1.0 { 1.0 / f64::from(factor) } else { f64::from(factor) };
            return Some((Rule::Multiplier, ratio, allowed));
        }
        let off = (supplied - consumed).abs() / supplied.max(consumed);
        let share = 1.0 - self.settings.group_sum.0;
        let allowed = if ratio < 1.0 { share } else { 1.0 / share };
        (off > self.settings.group_sum.0).then_some((Rule::GroupSum, ratio, allowed))
    }
}

/// The rule that an event meets.
fn rule_of(code: EventCode) -> Option<Rule> {
    match code {
        EventCode::PHASE_SEQUENCE_REVERSED => Some(Rule::PhaseSequence),
        EventCode::EVENT_LOG_OVERRUN => Some(Rule::EventLog),
        _ => None,
    }
}

/// The factor that a ratio of at least 1 is near to.
fn factor_of(ratio: f64) -> Option<u16> {
    FACTORS.into_iter().find(|&factor| (ratio / f64::from(factor) - 1.0).abs() <= NEAR)
}
