//! Rules that need to know more than one meter: what a contract allows, whether anybody should use anything, and whether
//! a group uses what its own meter gives. Each is told once a local day.

use crate::rule::{Rule, Tally};
use reading::{Calendar, Event, EventCode, EventTime, Grid, Interval, MeterId, TransformerId};
use std::collections::BTreeMap;
use units::{Ratio, WattHours, Watts};

/// The settings of these rules.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FindingsSettings {
    /// More than this share of the sanctioned load, as mean power of an interval.
    pub sanctioned: Ratio,
    /// More than this on a day, of a meter that should use nothing.
    pub inactive: WattHours,
    /// What a group used and what it was given differ by more than this share of the larger.
    pub group_sum: Ratio,
    /// One is a multiple of the other for so many days.
    pub multiplier_days: u32,
}

/// Whom a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    /// A meter.
    Meter(MeterId),
    /// A transformer and all that hangs on it.
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

/// What a rule has met on a local day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Finding {
    /// Which rule.
    pub rule: Rule,
    /// Whom it is about.
    pub whose: Whose,
    /// When the day starts.
    pub start: EventTime,
    /// When it ends.
    pub end: EventTime,
    /// In how many intervals.
    pub intervals: u32,
    /// The number that was looked at: W of `sanctioned`, Wh of `inactive`, what was given over what was used of groups, and
    /// how often a meter reported an event.
    pub seen: f64,
    /// What it was compared with, in the same unit.
    pub allowed: f64,
}

/// What the meters of a town say about each other and their contracts, day by day.
#[derive(Debug, Clone)]
pub struct Findings {
    rules: FindingsSettings,
    calendar: Calendar,
    length: i64,
    pub(crate) tally: Tally,
    /// The start of the local day under way.
    pub(crate) day: Option<EventTime>,
    pub(crate) above: BTreeMap<MeterId, Above>,
    pub(crate) unasked: BTreeMap<MeterId, Used>,
    pub(crate) reported: BTreeMap<(Rule, MeterId), Reported>,
    pub(crate) groups: BTreeMap<TransformerId, Group>,
    /// The factor that a group has been off by of late, and for how many days.
    pub(crate) factors: BTreeMap<TransformerId, (u16, u32)>,
}

/// A meter above its sanctioned load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Above {
    pub intervals: u32,
    pub most: i64,
    pub allowed: i64,
}

/// What a meter has used.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Used {
    pub intervals: u32,
    pub wh: i64,
}

/// How often a meter reported an event, and in how many intervals.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Reported {
    pub intervals: u32,
    pub times: u32,
    /// The tick of the last of them.
    pub tick: EventTime,
}

/// The intervals of a group in which everybody reported.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Group {
    pub intervals: u32,
    pub supplied: i64,
    pub consumed: i64,
}

/// Ratios of current transformers, to 5 A: IEC 61869-2.
const FACTORS: [u16; 16] = [2, 4, 5, 6, 10, 12, 15, 20, 30, 40, 50, 60, 80, 100, 120, 200];
/// Losses and classes of accuracy: so near to a factor is that factor.
const NEAR: f64 = 0.08;

impl Findings {
    /// What meters report that is looked at.
    pub const EVENTS: [EventCode; 2] = [EventCode::PHASE_SEQUENCE_REVERSED, EventCode::EVENT_LOG_OVERRUN];

    /// Nothing found yet.
    pub fn new(rules: FindingsSettings, calendar: Calendar, grid: Grid) -> Self {
        Self {
            rules,
            calendar,
            length: grid.length(),
            tally: Tally::default(),
            day: None,
            above: BTreeMap::new(),
            unasked: BTreeMap::new(),
            reported: BTreeMap::new(),
            groups: BTreeMap::new(),
            factors: BTreeMap::new(),
        }
    }

    /// How often each rule was met since it began.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// A tick that ends so is about to be looked at; a day that is over is told.
    pub fn begin(&mut self, end: EventTime, out: &mut Vec<Finding>) {
        let day = self.calendar.start_of(self.calendar.day_of_interval(end));
        if self.day.is_some_and(|before| before < day) {
            self.close_day(out);
        }
        self.day = Some(day);
    }

    /// An interval of a consumer; what is estimated is nobody's fault.
    #[inline]
    pub fn consumer(&mut self, row: &Interval, sanctioned: Option<Watts>, is_active: bool) {
        let Some(imp) = row.imp.filter(|imp| imp.0 > 0 && row.quality.is_whole()) else { return };
        if !is_active {
            let used = self.unasked.entry(row.meter).or_default();
            used.intervals += 1;
            used.wh += imp.0;
        }
        let Some(sanctioned) = sanctioned else { return };
        let allowed = (sanctioned.0 * self.rules.sanctioned.0) as i64;
        let watts = imp.mean_over(self.length).0 as i64;
        if watts > allowed {
            let above = self.above.entry(row.meter).or_insert(Above { intervals: 0, most: 0, allowed });
            above.intervals += 1;
            above.most = above.most.max(watts);
        }
    }

    /// What meters reported in the tick that ends at `end`.
    pub fn reported(&mut self, end: EventTime, events: &[Event]) {
        for event in events {
            let rule = match event.code {
                EventCode::PHASE_SEQUENCE_REVERSED => Rule::PhaseSequence,
                EventCode::EVENT_LOG_OVERRUN => Rule::EventLog,
                _ => continue,
            };
            let nothing = Reported { intervals: 0, times: 0, tick: EventTime::MIN };
            let reported = self.reported.entry((rule, event.meter)).or_insert(nothing);
            reported.times += 1;
            reported.intervals += u32::from(reported.tick != end);
            reported.tick = end;
        }
    }

    /// What a group was given in an interval, and what it used; of those in which everybody reported.
    pub fn group(&mut self, transformer: TransformerId, supplied: WattHours, consumed: WattHours) {
        let group = self.groups.entry(transformer).or_default();
        group.intervals += 1;
        group.supplied += supplied.0;
        group.consumed += consumed.0;
    }

    /// Tells the day under way, as far as it went.
    pub fn close_day(&mut self, out: &mut Vec<Finding>) {
        let Some(start) = self.day.take() else { return };
        // A day has 23 to 25 hours.
        let end = self.calendar.start_of(self.calendar.day(start.plus(30 * reading::time::HOUR)));
        let known = out.len();
        let finding = |rule, whose, intervals, seen, allowed| Finding {
            rule,
            whose,
            start,
            end,
            intervals,
            seen,
            allowed,
        };
        for (meter, above) in std::mem::take(&mut self.above) {
            let (seen, allowed) = (above.most as f64, above.allowed as f64);
            out.push(finding(Rule::Sanctioned, Whose::Meter(meter), above.intervals, seen, allowed));
        }
        let most = self.rules.inactive.0;
        for (meter, used) in std::mem::take(&mut self.unasked).into_iter().filter(|(_, used)| used.wh > most)
        {
            out.push(finding(
                Rule::Inactive,
                Whose::Meter(meter),
                used.intervals,
                used.wh as f64,
                most as f64,
            ));
        }
        for ((rule, meter), reported) in std::mem::take(&mut self.reported) {
            let (whose, times) = (Whose::Meter(meter), f64::from(reported.times));
            out.push(finding(rule, whose, reported.intervals, times, 0.0));
        }
        for (transformer, group) in std::mem::take(&mut self.groups) {
            // Half a day says enough.
            if i64::from(group.intervals) * self.length * 2 < end.since(start) {
                continue;
            }
            let (supplied, consumed) = (group.supplied.max(1) as f64, group.consumed.max(1) as f64);
            let (ratio, whose) = (supplied / consumed, Whose::Transformer(transformer));
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
            let off = (supplied - consumed).abs() / supplied.max(consumed);
            if let Some(factor) = factor.filter(|_| days >= self.rules.multiplier_days) {
                let allowed = if ratio < 1.0 { 1.0 / f64::from(factor) } else { f64::from(factor) };
                out.push(finding(Rule::Multiplier, whose, group.intervals, ratio, allowed));
            } else if off > self.rules.group_sum.0 {
                let share = 1.0 - self.rules.group_sum.0;
                let allowed = if ratio < 1.0 { share } else { 1.0 / share };
                out.push(finding(Rule::GroupSum, whose, group.intervals, ratio, allowed));
            }
        }
        out[known..].iter().for_each(|finding| self.tally.count(finding.rule));
    }
}

/// The factor that a ratio of at least 1 is near to.
fn factor_of(ratio: f64) -> Option<u16> {
    FACTORS.into_iter().find(|&factor| (ratio / f64::from(factor) - 1.0).abs() <= NEAR)
}
