//! A tamper event, and then the meter counts much less: while its sensor reports a magnet or a disturbed neutral, or in
//! the days after its cover was opened.
//!
//! An event alone shows little: loose contacts and nervous sensors report bursts of them. A drop alone has a hundred
//! innocent causes. Together they are strong.

use super::kept::{Homes, HomesState, WatchHomes, WithHomes};
use super::{DetectorRule, Needs};
use crate::weigh::{Comparing, Findings, Found};
use crate::{About, Detector, Evidence, FactDefinition, Innocent, InnocentDefinition, Unit, Words};
use grid::Joined;
use reading::time::{DAY, HOUR};
use reading::{Event, EventCode, EventTime, Fingerprint, Interval};
use serde::{Deserialize, Serialize};
use units::{Ratio, WattHours};

keys! {
    /// How much less, and for how long.
    ///
    /// A drop of 40 % for seven days is what utilities take for strong. A sensor that reports for hours is as good as
    /// days after an event, since the drop ends with it.
    Rule {
        drop: Ratio > 0 = "40 %", "the meter must count less than usual by this share";
        days: u32 > 0 = 7, "for so many days after the event,";
        hours: u32 > 0 = 6, "or in so many hours, all together, in which the event lasted";
        least: WattHours > 0 = "1 kWh", "meters that count less than this on a usual day are not looked at";
        history: u32 > 0 = 5, "so many days before the event must be known";
    }
}

/// Events that may be followed by a drop, each with the one that ends it if it lasts. The numbers are those of IS 15959
/// and of Gridwarden's own events.
const EVENTS: [(EventCode, Option<EventCode>); 4] = [
    (EventCode(201), Some(EventCode(202))),
    (EventCode(203), Some(EventCode(204))),
    (EventCode(251), None),
    (EventCode(404), None),
];

static DROP: FactDefinition =
    FactDefinition::new("drop", Unit::Share, "by how much less the meter counted than usual")
        .with_limit("allowed");
static COUNTED: FactDefinition =
    FactDefinition::new("counted", Unit::WattHours, "what the meter counted in that time");
static USUAL: FactDefinition = FactDefinition::new(
    "usual",
    Unit::WattHours,
    "what it counted in as much time at the same hours before the event",
);
static EVENT: FactDefinition =
    FactDefinition::new("event", Unit::Count, "the number of the event that came first, by IS 15959");
static LASTED: FactDefinition = FactDefinition::new(
    "lasted",
    Unit::Count,
    "whole hours that were looked at: those in which the event lasted, or those since an event that does not last",
);
static STANDSTILL: FactDefinition = FactDefinition::new(
    "left",
    Unit::Share,
    "what is left of the usual energy: next to nothing in an empty home",
);

static WITHOUT_EFFECT: InnocentDefinition = InnocentDefinition {
    name: "event-without-effect",
    facts: &[&DROP],
    words: &["a nervous sensor: its events change nothing, and here the meter counts {drop} less"],
};
static VACANT: InnocentDefinition = InnocentDefinition {
    name: "vacant",
    facts: &[&STANDSTILL],
    words: &["an empty home: next to nothing would be left, and {left} is"],
};

pub(super) static ABOUT: About = About {
    main: &DROP,
    facts: &[&DROP, &COUNTED, &USUAL, &EVENT, &LASTED],
    innocent: &[&WITHOUT_EFFECT, &VACANT],
    words: Words {
        main: "{drop:0} less",
        short: "event {event}, then {drop:0} less",
        seen: "{drop:0} less than usual ({drop.allowed:0} allowed) in {lasted} hours with or after event {event}",
        excess: "about {excess} not counted",
        parts: &["event {event}", "{drop:0} less in {lasted} hours", "{counted} of {usual}", "since {since}"],
        page: &[
            "event {event}; in {lasted} hours {counted} of the usual {usual}: {drop} less, allowed {drop.allowed}",
            "from {since} to {until}",
            "that is {excess}",
        ],
    },
};

pub(super) const NEEDS: Needs = Needs {
    events: &[EventCode(201), EventCode(202), EventCode(203), EventCode(204), EventCode(251), EventCode(404)],
    wires: false,
};

impl DetectorRule for Rule {
    /// The other keys are used only for a new suspicion.
    fn fingerprint(&self) -> u64 {
        Fingerprint::new("event-then-drop").whole(i64::from(self.days)).whole(i64::from(self.history)).end()
    }
}

impl Rule {
    /// What an episode shows, if it is enough.
    fn evidence(&self, episode: &Episode) -> Option<Evidence> {
        let days = i64::from(self.days) * DAY;
        let during = (episode.during.ms >= i64::from(self.hours) * HOUR).then_some(&episode.during);
        // In the end the days count from when the event came first, however often it came again.
        let after = (episode.after.ms >= days).then_some(&episode.after);
        let dropped = |sums: &&Compared| sums.drop() > self.drop.0;
        let sums = during.filter(dropped).or(after.filter(dropped))?;
        let (drop, lasted) = (DROP.of(sums.drop()).limited(self.drop.0), (sums.ms / HOUR) as f64);
        Some(Evidence {
            detector: Detector::EventThenDrop,
            since: episode.since,
            until: episode.until,
            blocks: sums.blocks,
            // 0.5 where the drop is just large enough, 1 where nothing is left.
            score: 0.5 + 0.5 * ((sums.drop() - self.drop.0) / (1.0 - self.drop.0).max(0.01)).clamp(0.0, 1.0),
            weight: 1.0,
            facts: vec![
                drop,
                COUNTED.of(sums.counted),
                USUAL.of(sums.usual),
                EVENT.of(episode.code.0.into()),
                LASTED.of(lasted),
            ],
            excess: Some(WattHours((sums.usual - sums.counted).round() as i64)),
            looked_at: vec![
                Innocent::new(&WITHOUT_EFFECT, [drop]),
                Innocent::new(&VACANT, [STANDSTILL.of(1.0 - sums.drop())]),
            ],
        })
    }
}

/// What a meter usually counts: its mean power in each hour of the day. 104 bytes a consumer.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Usual {
    watts: [f32; 24],
    /// Over how much time, ms.
    ms: i64,
}

/// The mean of an hour of the day goes over about so many days.
const LOOKS_BACK: i64 = 14;

impl Usual {
    fn add(&mut self, interval: &Interval, wh: f64) {
        let (length, hour) = (interval.length(), hour_of(interval));
        let watts = (wh * HOUR as f64 / length as f64) as f32;
        // So many intervals of this hour have been before, on average.
        let before = (self.ms / DAY).min(LOOKS_BACK) * (HOUR / length).max(1);
        self.watts[hour] += (watts - self.watts[hour]) / (before + 1) as f32;
        self.ms += length;
    }

    fn of(&self, interval: &Interval) -> f64 {
        f64::from(self.watts[hour_of(interval)]) * interval.length() as f64 / HOUR as f64
    }

    fn day(&self) -> f64 {
        self.watts.iter().map(|&watts| f64::from(watts)).sum()
    }
}

/// The hour of the day by UTC: every interval lies in one, and only likeness from day to day matters.
fn hour_of(interval: &Interval) -> usize {
    (interval.start.0.rem_euclid(DAY) / HOUR) as usize
}

/// What was counted, beside what is usual at those hours.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Compared {
    ms: i64,
    blocks: u32,
    counted: f64,
    usual: f64,
}

impl Compared {
    fn add(&mut self, length: i64, counted: f64, usual: f64) {
        (self.ms, self.blocks) = (self.ms + length, self.blocks + 1);
        (self.counted, self.usual) = (self.counted + counted, self.usual + usual);
    }

    fn drop(&self) -> f64 {
        if self.usual > 0.0 { 1.0 - self.counted / self.usual } else { 0.0 }
    }
}

/// A meter that had an event, and what it counted since. 120 bytes, and only such meters have one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Episode {
    /// The event that came first.
    code: EventCode,
    since: EventTime,
    /// The end of the last interval that was looked at.
    until: EventTime,
    /// Since when a sensor reports, while it does.
    on: Option<EventTime>,
    /// Whether a sensor reported when the tick under way began.
    #[serde(skip)]
    was_on: bool,
    /// When it was last seen to report.
    seen_on: EventTime,
    during: Compared,
    after: Compared,
}

impl Episode {
    fn new(event: &Event) -> Self {
        Self {
            code: event.code,
            since: event.time,
            until: event.time,
            on: None,
            was_on: false,
            seen_on: event.time,
            during: Compared::default(),
            after: Compared::default(),
        }
    }

    fn take(&mut self, event: &Event) {
        if EVENTS.iter().any(|(_, end)| *end == Some(event.code)) {
            self.on = None;
        } else if EVENTS.iter().any(|(code, end)| *code == event.code && end.is_some()) {
            self.on.get_or_insert(event.time);
            self.seen_on = event.time;
        }
    }

    /// Takes an interval of the tick under way.
    fn count(&mut self, interval: &Interval, wh: f64, usual: &Usual) {
        let (length, expected) = (interval.length(), usual.of(interval));
        // Both at the beginning and at the end of the interval: shorter reports have no interval of their own.
        if self.was_on && self.on.is_some() {
            self.during.add(length, wh, expected);
            self.seen_on = interval.end;
        }
        self.after.add(length, wh, expected);
        self.until = interval.end;
    }

    /// Whether nothing more is to be learnt of it: no drop after the days, or no sensor for as long.
    fn is_over(&self, rule: &Rule) -> bool {
        let days = i64::from(rule.days) * DAY;
        let has_dropped = self.after.drop() > rule.drop.0;
        let rests = self.until.since(self.seen_on) > days;
        self.after.ms >= days && !has_dropped && rests
    }
}

/// What is stored: what each consumer usually counts, and the episodes under way.
pub type State = HomesState<Usual, Episode>;

/// The rule at work.
pub type Runs = WithHomes<Rule, Usual, Episode>;

impl WatchHomes<Usual, Episode> for Rule {
    fn begin(&self, homes: &mut Homes<Usual, Episode>, comparing: &Comparing<'_>) {
        let followed = &mut homes.followed;
        followed.values_mut().for_each(|episode| episode.was_on = episode.on.is_some());
        for event in comparing.events.iter().filter(|event| NEEDS.events.contains(&event.code)) {
            followed.entry(event.meter).or_insert_with(|| Episode::new(event)).take(event);
        }
    }

    fn see(&self, homes: &mut Homes<Usual, Episode>, joined: &Joined<'_>, out: &mut Findings) {
        let (Homes { known, followed }, interval) = (homes, joined.interval);
        let Some(usual) = known.of(joined) else { return };
        let Some(wh) = interval.imp.filter(|_| interval.quality.is_whole()) else { return };
        let wh = wh.0 as f64;
        let episode = followed.get_mut(&interval.meter).filter(|episode| interval.end > episode.since);
        let Some(episode) = episode else {
            return usual.add(interval, wh);
        };
        episode.count(interval, wh, usual);
        let is_known = usual.ms >= i64::from(self.history) * DAY && usual.day() >= self.least.0 as f64;
        if let Some(evidence) = self.evidence(episode).filter(|_| is_known) {
            out.push(Found::new(interval.end, interval.meter, joined.row, evidence));
        }
    }

    fn end(&self, homes: &mut Homes<Usual, Episode>, _comparing: &Comparing<'_>) {
        homes.followed.retain(|_, episode| {
            episode.was_on = false;
            !episode.is_over(self)
        });
    }
}

#[cfg(test)]
mod tests;
