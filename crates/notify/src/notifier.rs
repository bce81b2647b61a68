//! Alerts to messages, no more to a phone than it can bear.

use crate::{Phone, Routes, SmsText, text};
use cases::{Alert, AlertId, CaseId, Kind};
use detect::Evidence;
use reading::time::{DAY, HOUR};
use reading::{AreaId, Calendar, EventTime, MeterId};
use std::collections::{BTreeMap, VecDeque};
use units::Amperes;

/// How many messages one phone gets, and how soon another about the same meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttle {
    per_hour: u32,
    per_day: u32,
    again_after: i64,
}

/// Why these settings make no throttle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ThrottleError {
    /// No message ever.
    #[error("`per_hour` must be 1 or more")]
    PerHour,
    /// The day would be full within the hour.
    #[error("`per_day` ({per_day}) must be at least `per_hour` ({per_hour})")]
    PerDay {
        /// Messages an hour.
        per_hour: u32,
        /// Messages a day.
        per_day: u32,
    },
    /// More than is remembered.
    #[error("`per_day` ({per_day}) must be at most {most}")]
    TooMany {
        /// Messages a day.
        per_day: u32,
        /// The most.
        most: u32,
    },
    /// A time before the message.
    #[error("`again_after` must be nothing or longer, found {found} ms")]
    AgainAfter {
        /// What was given, ms.
        found: i64,
    },
}

/// Nobody reads more a day than this; it bounds what is remembered of a phone.
const MOST_PER_DAY: u32 = 1000;
/// So many times as far apart as a person was told is clearly worse. Ours, until readers teach us better: in simulated
/// towns the load alone hardly ever doubles the distance from one case to the next.
const CLEARLY_WORSE: f64 = 2.0;

impl Throttle {
    /// At most `per_hour` messages to one phone in any hour, and `per_day` in any 24 hours. Another about the same meter
    /// comes `again_after` ms after the last at the earliest, unless the evidence is clearly worse by then.
    pub fn new(per_hour: u32, per_day: u32, again_after: i64) -> Result<Self, ThrottleError> {
        if per_hour == 0 {
            return Err(ThrottleError::PerHour);
        }
        if per_day < per_hour {
            return Err(ThrottleError::PerDay { per_hour, per_day });
        }
        if per_day > MOST_PER_DAY {
            return Err(ThrottleError::TooMany { per_day, most: MOST_PER_DAY });
        }
        if again_after < 0 {
            return Err(ThrottleError::AgainAfter { found: again_after });
        }
        Ok(Self { per_hour, per_day, again_after })
    }

    /// Messages to one phone in any hour.
    pub fn per_hour(&self) -> u32 {
        self.per_hour
    }

    /// Messages to one phone in any 24 hours.
    pub fn per_day(&self) -> u32 {
        self.per_day
    }

    /// How soon another about the same meter comes, ms.
    pub fn again_after(&self) -> i64 {
        self.again_after
    }
}

/// A message to one phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sms {
    /// Its name: `sms.` and that of the alert, or `digest.` and that of the first alert that had to wait.
    pub id: String,
    /// Who gets it.
    pub to: Phone,
    /// The end of the tick in which it was sent.
    pub time: EventTime,
    /// The area of the alert, the first one's in a digest.
    pub area: Option<AreaId>,
    /// The case of the alert, the first one's in a digest.
    pub case: CaseId,
    /// How many other cases it stands for.
    pub more: u32,
    /// What it says.
    pub text: SmsText,
}

/// What became of some alerts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Routed {
    /// Messages to send.
    pub sms: Vec<Sms>,
    /// Alerts that nobody is responsible for.
    pub unrouted: Vec<AlertId>,
    /// Alerts about meters that somebody was asked to check not long ago, and that are not clearly worse now.
    pub told_already: Vec<AlertId>,
    /// How many alerts had to wait for a digest.
    pub held: u32,
}

/// An alert that waits.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Held {
    pub(crate) alert: AlertId,
    pub(crate) case: CaseId,
    pub(crate) area: Option<AreaId>,
    pub(crate) meter: MeterId,
    pub(crate) apart: Amperes,
}

/// What a person was last told of a meter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Told {
    pub(crate) time: EventTime,
    pub(crate) apart: Amperes,
}

/// What is remembered of a phone: messages of the last 24 hours, and what waits. Both are bounded.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Line {
    pub(crate) sent: VecDeque<EventTime>,
    /// The first few that wait, as many as a digest names.
    pub(crate) held: Vec<Held>,
    /// How many others wait.
    pub(crate) more: u32,
}

impl Line {
    fn may_send(&self, end: EventTime, throttle: Throttle) -> bool {
        let this_hour = self.sent.iter().filter(|time| end.since(**time) < HOUR).count();
        this_hour < throttle.per_hour as usize && self.sent.len() < throttle.per_day as usize
    }

    fn forget_before_today(&mut self, end: EventTime) {
        while self.sent.front().is_some_and(|time| end.since(*time) >= DAY) {
            self.sent.pop_front();
        }
    }

    fn hold(&mut self, alert: &Alert) {
        if self.held.len() == text::NAMED {
            self.more = self.more.saturating_add(1);
            return;
        }
        self.held.push(Held {
            alert: alert.id.clone(),
            case: alert.case.clone(),
            area: alert.area,
            meter: alert.meter,
            apart: apart(alert),
        });
    }

    fn digest(&mut self, to: &Phone, end: EventTime, told: &mut BTreeMap<MeterId, Told>) -> Option<Sms> {
        let first = self.held.first()?;
        let (text, named) = text::digest(&self.held, self.more);
        // Who is only counted in it was not told of.
        told.extend(
            self.held[..named].iter().map(|held| (held.meter, Told { time: end, apart: held.apart })),
        );
        let sms = Sms {
            id: format!("digest.{}", first.alert),
            to: to.clone(),
            time: end,
            area: first.area,
            case: first.case.clone(),
            more: (self.held.len() as u32 - 1).saturating_add(self.more),
            text,
        };
        self.held.clear();
        self.more = 0;
        self.sent.push_back(end);
        Some(sms)
    }
}

/// Routes alerts to phones under a throttle.
#[derive(Debug, Clone, PartialEq)]
pub struct Notifier {
    pub(crate) routes: Routes,
    pub(crate) throttle: Throttle,
    pub(crate) lines: BTreeMap<Phone, Line>,
    /// By meter, no longer than such a message is not repeated: at most as many as the messages of that time name.
    pub(crate) told: BTreeMap<MeterId, Told>,
}

impl Notifier {
    /// Nothing sent yet.
    pub fn new(routes: Routes, throttle: Throttle) -> Self {
        Self { routes, throttle, lines: BTreeMap::new(), told: BTreeMap::new() }
    }

    /// Whose phone it is.
    pub fn routes(&self) -> &Routes {
        &self.routes
    }

    /// Other people are responsible from now on.
    pub fn set_routes(&mut self, routes: Routes) {
        self.routes = routes;
    }

    /// How many messages a phone gets.
    pub fn throttle(&self) -> Throttle {
        self.throttle
    }

    /// How many alerts wait for a digest.
    pub fn waiting(&self) -> u64 {
        self.lines.values().map(|line| line.held.len() as u64 + u64::from(line.more)).sum()
    }

    /// Routes the alerts of the tick that ends at `end`, in any order.
    ///
    /// First the digests that have become possible, by phone; then the new alerts, the most severe first. Only a case
    /// that opened is worth a message: one that closed asks nobody to walk anywhere. A case that comes back while the
    /// last message about its meter is fresh asks nobody to walk there again, unless it is clearly worse.
    pub fn route(&mut self, end: EventTime, alerts: &[Alert], calendar: &Calendar) -> Routed {
        let mut routed = Routed::default();
        let throttle = self.throttle;
        self.told.retain(|_, told| end.since(told.time) < throttle.again_after);
        for (phone, line) in &mut self.lines {
            line.forget_before_today(end);
            if line.may_send(end, throttle) {
                routed.sms.extend(line.digest(phone, end, &mut self.told));
            }
        }
        let mut opened: Vec<&Alert> = alerts.iter().filter(|alert| alert.kind == Kind::Opened).collect();
        opened.sort_by(|one, other| other.severity.cmp(&one.severity).then(one.id.cmp(&other.id)));
        for alert in opened {
            let Some(phone) = self.routes.phone_of(alert.area) else {
                routed.unrouted.push(alert.id.clone());
                continue;
            };
            if self.told.get(&alert.meter).is_some_and(|told| apart(alert) < told.apart * CLEARLY_WORSE) {
                routed.told_already.push(alert.id.clone());
                continue;
            }
            let line = self.lines.entry(phone.clone()).or_default();
            // Nobody overtakes those that wait already.
            if !line.held.is_empty() || !line.may_send(end, throttle) {
                line.hold(alert);
                routed.held += 1;
                continue;
            }
            line.sent.push_back(end);
            self.told.insert(alert.meter, Told { time: end, apart: apart(alert) });
            routed.sms.push(Sms {
                id: format!("sms.{}", alert.id),
                to: phone.clone(),
                time: end,
                area: alert.area,
                case: alert.case.clone(),
                more: 0,
                text: text::single(alert, calendar),
            });
        }
        self.lines.retain(|_, line| !line.sent.is_empty() || !line.held.is_empty());
        routed
    }
}

/// How far the currents of the strongest evidence are apart.
fn apart(alert: &Alert) -> Amperes {
    let first = alert.evidence.first();
    first.map(|Evidence::PhaseNeutral(numbers)| numbers.apart).unwrap_or_default()
}
