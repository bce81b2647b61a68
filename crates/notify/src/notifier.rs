//! Alerts to messages, no more to a phone than it can bear.

use crate::{Phone, Routes, SmsText, text};
use cases::{Alert, AlertId, CaseId, Kind};
use detect::Evidence;
use reading::time::{DAY, HOUR};
use reading::{AreaId, Calendar, EventTime, MeterId};
use std::collections::{BTreeMap, VecDeque};
use units::Amperes;

/// How many messages one phone gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttle {
    per_hour: u32,
    per_day: u32,
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
}

/// Nobody reads more a day than this; it bounds what is remembered of a phone.
const MOST_PER_DAY: u32 = 1000;

impl Throttle {
    /// At most `per_hour` messages to one phone in any hour, and `per_day` in any 24 hours.
    pub fn new(per_hour: u32, per_day: u32) -> Result<Self, ThrottleError> {
        if per_hour == 0 {
            return Err(ThrottleError::PerHour);
        }
        if per_day < per_hour {
            return Err(ThrottleError::PerDay { per_hour, per_day });
        }
        if per_day > MOST_PER_DAY {
            return Err(ThrottleError::TooMany { per_day, most: MOST_PER_DAY });
        }
        Ok(Self { per_hour, per_day })
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
        let apart = alert.evidence.first().map(|Evidence::PhaseNeutral(numbers)| numbers.apart);
        self.held.push(Held {
            alert: alert.id.clone(),
            case: alert.case.clone(),
            area: alert.area,
            meter: alert.meter,
            apart: apart.unwrap_or_default(),
        });
    }

    fn digest(&mut self, to: &Phone, end: EventTime) -> Option<Sms> {
        let first = self.held.first()?;
        let sms = Sms {
            id: format!("digest.{}", first.alert),
            to: to.clone(),
            time: end,
            area: first.area,
            case: first.case.clone(),
            more: (self.held.len() as u32 - 1).saturating_add(self.more),
            text: text::digest(&self.held, self.more),
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
}

impl Notifier {
    /// Nothing sent yet.
    pub fn new(routes: Routes, throttle: Throttle) -> Self {
        Self { routes, throttle, lines: BTreeMap::new() }
    }

    /// Whose phone it is.
    pub fn routes(&self) -> &Routes {
        &self.routes
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
    /// that opened is worth a message: one that closed asks nobody to walk anywhere.
    pub fn route(&mut self, end: EventTime, alerts: &[Alert], calendar: &Calendar) -> Routed {
        let mut routed = Routed::default();
        let throttle = self.throttle;
        for (phone, line) in &mut self.lines {
            line.forget_before_today(end);
            if line.may_send(end, throttle) {
                routed.sms.extend(line.digest(phone, end));
            }
        }
        let mut opened: Vec<&Alert> = alerts.iter().filter(|alert| alert.kind == Kind::Opened).collect();
        opened.sort_by(|one, other| other.severity.cmp(&one.severity).then(one.id.cmp(&other.id)));
        for alert in opened {
            let Some(phone) = self.routes.phone_of(alert.area) else {
                routed.unrouted.push(alert.id.clone());
                continue;
            };
            let line = self.lines.entry(phone.clone()).or_default();
            // Nobody overtakes those that wait already.
            if !line.held.is_empty() || !line.may_send(end, throttle) {
                line.hold(alert);
                routed.held += 1;
                continue;
            }
            line.sent.push_back(end);
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
