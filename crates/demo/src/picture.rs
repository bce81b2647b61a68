//! The values that the demo shows. They come from the outputs of the engine and do not depend on the terminal.

use super::feed::{Ahead, Feed};
use super::shown_alert::ShownAlert;
use cases::Change;
use forecast::Forecast;
use grid::{Balance, Standing};
use notify::{Message, Sent};
use pipeline::Outputs;
use reading::time::{DAY, HOUR};
use reading::{Calendar, EventTime, Grid, Interval, Issue, MeterId, Target, TransformerId};
use shell::{count, grouped};
use std::collections::{BTreeMap, VecDeque};

/// So many alerts are kept: more than fit any screen.
const ALERTS: usize = 200;

/// Power of the town in one interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// When the interval ends.
    pub end: EventTime,
    /// Mean power of all consumers.
    pub kw: f64,
}

/// The power that was expected of the town in one interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expected {
    /// When the interval ends.
    pub end: EventTime,
    /// The expected mean power.
    pub kw: f64,
    /// The lowest quantile that the plan asks for.
    pub low: f64,
    /// The highest.
    pub high: f64,
}

/// Counts and measurements at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Gauges {
    /// Readings that could be decoded.
    pub readings: u64,
    /// Meters that have sent a reading.
    pub meters: u64,
    /// Every interval up to here is closed.
    pub watermark: Option<EventTime>,
    /// Open intervals of all meters.
    pub open_intervals: u64,
    /// Torn lines, which could not be decoded.
    pub torn: u64,
    /// Readings that came after their interval had closed.
    pub late: u64,
    /// Readings that came again.
    pub repeats: u64,
    /// Memory of the engine for each meter.
    pub bytes_a_meter: u64,
    /// Cases that are open.
    pub open_cases: u64,
}

/// All values that are shown.
#[derive(Debug, Clone)]
pub struct Picture {
    /// Local days and hours.
    pub calendar: Calendar,
    /// The grid of intervals.
    pub grid: Grid,
    /// The town's time.
    pub now: EventTime,
    /// The share of the history that is done, from 0 to 1. None in the live part.
    pub history: Option<f64>,
    /// Readings in a second of wall time.
    pub rate: f64,
    /// Counts and gauges.
    pub gauges: Gauges,
    /// Intervals closed.
    pub intervals: u64,
    /// Readings that went into no interval. Torn lines are counted in the gauges.
    pub dead: u64,
    /// The town's load of the last day, in the order of time.
    pub loads: Vec<Load>,
    /// The expected power of the last day and of today, in the order of time.
    pub expected: Vec<Expected>,
    /// The last balance of each transformer.
    pub balances: BTreeMap<TransformerId, Balance>,
    /// The last alerts, the newest first.
    pub alerts: VecDeque<ShownAlert>,
    /// How many alerts there were.
    pub alert_count: u64,
    /// How many cases have opened.
    pub opened: u64,
    /// For each meter that ever had a case: when the first case opened.
    pub first_cases: BTreeMap<MeterId, EventTime>,
    /// For each meter that delivered hours late: how many of its intervals came after their tick.
    pub late: BTreeMap<MeterId, u64>,
    /// How often a balance was published again, because rows joined it late.
    pub revised: u64,
    /// Meters whose clocks are ahead.
    pub ahead: Ahead,
    /// The last message to a person.
    pub message: Option<Message>,
    /// How many there were.
    pub sent: Sent,
}

impl Picture {
    /// A picture before the first reading.
    pub fn new(calendar: Calendar, grid: Grid, start: EventTime) -> Self {
        Self {
            calendar,
            grid,
            now: start,
            history: Some(0.0),
            rate: 0.0,
            gauges: Gauges::default(),
            intervals: 0,
            dead: 0,
            loads: Vec::new(),
            expected: Vec::new(),
            balances: BTreeMap::new(),
            alerts: VecDeque::new(),
            alert_count: 0,
            opened: 0,
            first_cases: BTreeMap::new(),
            late: BTreeMap::new(),
            revised: 0,
            ahead: Ahead::default(),
            message: None,
            sent: Sent::default(),
        }
    }

    /// Takes the outputs of the engine, and leaves them empty.
    pub fn take(&mut self, out: &mut Outputs) {
        self.intervals += out.intervals.len() as u64;
        self.note_late(out);
        // Torn lines are counted where they are decoded.
        self.dead += out.dead.iter().filter(|dead| dead.reading.is_some()).count() as u64;
        // Transformers are ranked by what is known, not by what is estimated: the last complete balance is shown.
        for balance in out.balances.iter().filter(|balance| balance.is_complete() && balance.gap.is_some()) {
            let shown = self.balances.entry(balance.transformer).or_insert(*balance);
            if balance.end >= shown.end {
                *shown = *balance;
            }
        }
        let of_town = out.forecasts.iter().filter(|forecast| forecast.target == Target::System);
        self.expected.extend(of_town.map(expected));
        let oldest = self.now.minus(DAY);
        self.expected.retain(|expected| expected.end > oldest);
        for change in &out.changes {
            if let Change::Opened(case) = change {
                self.opened += 1;
                self.first_cases.entry(case.meter).or_insert(case.opened);
            }
        }
        self.alert_count += (out.alerts.len() + out.above.len()) as u64;
        let mut new: Vec<ShownAlert> = out.alerts.drain(..).map(ShownAlert::Case).collect();
        new.extend(out.above.drain(..).map(ShownAlert::Above));
        new.sort_by_key(ShownAlert::time);
        new.into_iter().for_each(|alert| self.alerts.push_front(alert));
        self.alerts.truncate(ALERTS);
        self.sent.count(&out.messages);
        if let Some(message) = out.messages.pop() {
            self.message = Some(message);
        }
        out.clear();
    }

    /// Notes the intervals that came hours after their tick, and the balances that they joined.
    fn note_late(&mut self, out: &Outputs) {
        let mut first = 0;
        for &(closing, upto) in &out.closings {
            let is_late = |row: &&Interval| closing.tick().is_none_or(|end| end.since(row.end) > 2 * HOUR);
            let late = out.intervals[first..upto].iter().filter(is_late);
            late.for_each(|row| *self.late.entry(row.meter).or_default() += 1);
            first = upto;
        }
        let is_revised = |balance: &&Balance| balance.standing == Standing::Open && balance.revision > 0;
        self.revised += out.balances.iter().filter(is_revised).count() as u64;
    }

    /// Asks the engine for its gauges and for the load of the last day.
    pub fn refresh(&mut self, feed: &Feed<'_>) {
        let (pipeline, fleet) = (feed.pipeline(), feed.pipeline().fleet());
        let meters = fleet.len() as u64;
        self.gauges = Gauges {
            readings: feed.readings(),
            meters,
            watermark: Some(pipeline.sequencer().closed()).filter(|closed| *closed > EventTime::MIN),
            open_intervals: fleet.open_cells() as u64,
            torn: feed.torn(),
            late: fleet.totals().counts.of_issue(Issue::Late),
            repeats: fleet.totals().counts.of_issue(Issue::Repeat),
            bytes_a_meter: (pipeline.memory() as u64).checked_div(meters).unwrap_or_default(),
            open_cases: pipeline.town().map_or(0, |town| town.open_cases().count() as u64),
        };
        self.ahead = feed.ahead().clone();
        let Some(load) = pipeline.town().and_then(|town| town.load_of(Target::System)) else { return };
        let oldest = self.now.minus(DAY);
        let hours = self.grid.length() as f64 / HOUR as f64;
        let energies = load.energies().filter(|(end, _)| *end > oldest);
        self.loads = energies.map(|(end, wh)| Load { end, kw: wh.0 as f64 / 1000.0 / hours }).collect();
    }

    /// The load of the last closed interval.
    pub fn load(&self) -> Option<Load> {
        self.loads.last().copied()
    }

    /// The expected power of the interval that ends then.
    pub fn expected_at(&self, end: EventTime) -> Option<Expected> {
        let at = self.expected.binary_search_by_key(&end, |expected| expected.end).ok()?;
        Some(self.expected[at])
    }

    /// How far the watermark is behind the town's time.
    pub fn behind(&self) -> Option<i64> {
        self.gauges.watermark.map(|watermark| self.now.since(watermark))
    }

    /// How many messages went into no interval.
    pub fn dead_letters(&self) -> u64 {
        self.dead + self.gauges.torn
    }

    /// The same by reason, as text.
    pub fn dead_letters_in_words(&self) -> String {
        let Gauges { late, torn, .. } = self.gauges;
        let all = self.dead_letters();
        let other = all.saturating_sub(late + torn);
        let kinds = [(late, "late"), (torn, "torn"), (other, "refused")];
        let seen = kinds.iter().filter(|(number, _)| *number > 0);
        let words: Vec<String> = seen.map(|(number, kind)| format!("{} {kind}", grouped(*number))).collect();
        let colon = if all == 0 { "" } else { ": " };
        format!("{}{colon}{}", count(all, "dead letter"), words.join(", "))
    }

    /// The last balances. The largest gap comes first, and balances without a gap come last.
    pub fn by_gap(&self) -> Vec<&Balance> {
        let mut balances: Vec<&Balance> = self.balances.values().collect();
        balances.sort_by_key(|balance| std::cmp::Reverse(balance.gap.map(|gap| gap.probable)));
        balances
    }
}

fn expected(forecast: &Forecast) -> Expected {
    let kw = |at: Option<&units::Watts>| at.map_or(forecast.mean.0, |watts| watts.0) / 1000.0;
    Expected {
        end: forecast.end,
        kw: forecast.mean.0 / 1000.0,
        low: kw(forecast.quantiles.first()),
        high: kw(forecast.quantiles.last()),
    }
}
