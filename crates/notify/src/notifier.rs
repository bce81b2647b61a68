//! Alerts to messages, no more to a phone than it can bear.

use crate::{Phone, Routes, SmsText, text};
use cases::{Alert, AlertId, AlertKind, CaseId};
use detect::{Detector, Evidence};
use reading::time::{DAY, HOUR};
use reading::{AreaId, Calendar, EventTime, MeterId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

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

/// People read fewer messages a day than this. The limit bounds what is remembered of a phone.
const MOST_PER_DAY: u32 = 1000;
/// So many times the main number of the last message is clearly worse. Ours, until readers teach us better: in simulated
/// towns the load alone hardly ever doubles the distance of phase and neutral from one case to the next.
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
    /// Its text.
    pub text: SmsText,
}

/// What became of some alerts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Routed {
    /// Messages to send.
    pub sms: Vec<Sms>,
    /// Alerts of areas without a phone.
    pub unrouted: Vec<AlertId>,
    /// Alerts about meters that a message asked to check not long ago, and that are not clearly worse now.
    pub repeated: Vec<AlertId>,
    /// How many alerts had to wait for a digest.
    pub held: u32,
}

/// An alert that waits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Held {
    alert: AlertId,
    case: CaseId,
    area: Option<AreaId>,
    pub(crate) meter: MeterId,
    seen: Option<Seen>,
    /// Its main number in words.
    pub(crate) words: String,
}

/// The main number of the weightiest evidence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Seen {
    detector: Detector,
    main: f64,
}

impl Seen {
    fn of(alert: &Alert) -> Option<Self> {
        let leading = alert.evidence.first()?;
        Some(Self { detector: leading.detector, main: leading.main()?.value })
    }

    /// Numbers of two detectors cannot be compared: what another detector sees is news.
    fn is_clearly_worse_than(&self, before: &Self) -> bool {
        self.detector != before.detector || self.main >= before.main * CLEARLY_WORSE
    }
}

/// The last message that named a meter.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Named {
    time: EventTime,
    seen: Option<Seen>,
}

impl Named {
    /// Whether the person who got it knows all that this alert is about.
    fn covers(&self, alert: &Alert) -> bool {
        let (Some(before), Some(now)) = (&self.seen, Seen::of(alert)) else { return true };
        !now.is_clearly_worse_than(before)
    }
}

/// What is remembered of a phone: messages of the last 24 hours, and what waits. Both are bounded.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Line {
    sent: VecDeque<EventTime>,
    /// The first few that wait, as many as a digest names.
    held: Vec<Held>,
    /// How many others wait.
    more: u32,
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
            seen: Seen::of(alert),
            words: alert.evidence.first().map(Evidence::main_in_words).unwrap_or_default(),
        });
    }

    fn digest(&mut self, to: &Phone, end: EventTime, last: &mut BTreeMap<MeterId, Named>) -> Option<Sms> {
        let first = self.held.first()?;
        let (text, named) = text::digest(&self.held, self.more);
        // A meter that it only counts was not named.
        last.extend(self.held[..named].iter().map(|held| (held.meter, Named { time: end, seen: held.seen })));
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
    pub(crate) named: BTreeMap<MeterId, Named>,
}

impl Notifier {
    /// Nothing sent yet.
    pub fn new(routes: Routes, throttle: Throttle) -> Self {
        Self { routes, throttle, lines: BTreeMap::new(), named: BTreeMap::new() }
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
    /// that opened is worth a message: a closed one needs no visit. A case that comes back while the last message about
    /// its meter is fresh needs no second visit, unless it is clearly worse.
    pub fn route(&mut self, end: EventTime, alerts: &[Alert], calendar: &Calendar) -> Routed {
        let mut routed = Routed::default();
        let throttle = self.throttle;
        self.named.retain(|_, named| end.since(named.time) < throttle.again_after);
        for (phone, line) in &mut self.lines {
            line.forget_before_today(end);
            if line.may_send(end, throttle) {
                routed.sms.extend(line.digest(phone, end, &mut self.named));
            }
        }
        let mut opened: Vec<&Alert> = alerts.iter().filter(|alert| alert.kind == AlertKind::Opened).collect();
        opened.sort_by(|one, other| other.severity.cmp(&one.severity).then(one.id.cmp(&other.id)));
        for alert in opened {
            let Some(phone) = self.routes.phone_of(alert.area) else {
                routed.unrouted.push(alert.id.clone());
                continue;
            };
            if self.named.get(&alert.meter).is_some_and(|named| named.covers(alert)) {
                routed.repeated.push(alert.id.clone());
                continue;
            }
            let line = self.lines.entry(phone.clone()).or_default();
            // A new alert waits behind those that wait already.
            if !line.held.is_empty() || !line.may_send(end, throttle) {
                line.hold(alert);
                routed.held += 1;
                continue;
            }
            line.sent.push_back(end);
            self.named.insert(alert.meter, Named { time: end, seen: Seen::of(alert) });
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
