//! Alerts to messages on one channel, no more to an address than its throttle allows.

use crate::{Address, Channel, ChannelRule, Routes, Seen, Throttle};
use cases::{Alert, AlertId, AlertKind, CaseId};
use detect::Evidence;
use reading::time::{DAY, HOUR};
use reading::{AreaId, Calendar, EventTime, MeterId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// A message to one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// On which channel.
    pub channel: Channel,
    /// Its name among the messages of its channel: the name of the channel and that of the alert, as in `sms.`, or
    /// `digest.` (`digest.CHANNEL.` if it is not `sms`) and that of the first alert that had to wait.
    pub id: String,
    /// Who gets it.
    pub to: Address,
    /// The end of the tick in which it was sent.
    pub time: EventTime,
    /// The area of the alert, the first one's in a digest.
    pub area: Option<AreaId>,
    /// The case of the alert, the first one's in a digest; none if it is about no case.
    pub case: Option<CaseId>,
    /// How many other cases it stands for.
    pub more: u32,
    /// What it says, as its channel sends it.
    pub text: String,
}

/// What became of some alerts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Routed {
    /// Messages to send.
    pub messages: Vec<Message>,
    /// Alerts of areas without an address.
    pub unrouted: Vec<AlertId>,
    /// Alerts about meters that a message asked to check not long ago, and that are not clearly worse now.
    pub repeated: Vec<AlertId>,
    /// How many alerts had to wait for a digest.
    pub held: u32,
}

/// How many alerts that wait are remembered one by one; the others are counted.
pub(crate) const NAMED: usize = 3;

/// An alert that waits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Held {
    alert: AlertId,
    case: CaseId,
    area: Option<AreaId>,
    pub(crate) meter: MeterId,
    seen: Option<Seen>,
    /// Its main number in words.
    pub(crate) words: String,
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

/// What is remembered of an address: messages of the last 24 hours, and what waits. Both are bounded.
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
        if self.held.len() == NAMED {
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

    /// What waits, in one message; nothing if nothing does.
    fn digest(
        &mut self,
        to: &Address,
        end: EventTime,
        rule: &ChannelRule,
        last: &mut BTreeMap<MeterId, Named>,
    ) -> Option<Message> {
        let first = self.held.first()?;
        let (text, named) = rule.digest(&self.held, self.more);
        // A meter that it only counts was not named.
        last.extend(self.held[..named].iter().map(|held| (held.meter, Named { time: end, seen: held.seen })));
        let message = Message {
            channel: rule.channel(),
            id: rule.channel().digest_id(&first.alert),
            to: to.clone(),
            time: end,
            area: first.area,
            case: Some(first.case.clone()),
            more: (self.held.len() as u32 - 1).saturating_add(self.more),
            text,
        };
        self.held.clear();
        self.more = 0;
        self.sent.push_back(end);
        Some(message)
    }
}

/// Routes alerts to the addresses of one channel, under its throttle.
#[derive(Debug, Clone, PartialEq)]
pub struct Notifier {
    rule: ChannelRule,
    routes: Routes,
    pub(crate) lines: BTreeMap<Address, Line>,
    /// By meter, no longer than such a message is not repeated: at most as many as the messages of that time name.
    pub(crate) named: BTreeMap<MeterId, Named>,
}

impl Notifier {
    /// Nothing sent yet.
    pub fn new(rule: ChannelRule, routes: Routes) -> Self {
        Self { rule, routes, lines: BTreeMap::new(), named: BTreeMap::new() }
    }

    /// The settings of its channel.
    pub fn rule(&self) -> &ChannelRule {
        &self.rule
    }

    /// Other people are responsible from now on.
    pub fn set_routes(&mut self, routes: Routes) {
        self.routes = routes;
    }

    /// How many alerts wait for a digest.
    pub fn waiting(&self) -> u64 {
        self.lines.values().map(|line| line.held.len() as u64 + u64::from(line.more)).sum()
    }

    /// Routes the alerts of the tick that ends at `end`, in any order.
    ///
    /// First the digests that have become possible, by address; then the new alerts, the most severe first. Only a case
    /// that opened is worth a message: a closed one needs no visit. A case that comes back while the last message about
    /// its meter is fresh needs no second visit, unless it is clearly worse.
    pub fn route(&mut self, end: EventTime, alerts: &[Alert], calendar: &Calendar) -> Routed {
        let mut routed = Routed::default();
        let throttle = self.rule.throttle();
        self.named.retain(|_, named| end.since(named.time) < throttle.again_after);
        for (address, line) in &mut self.lines {
            line.forget_before_today(end);
            if line.may_send(end, throttle) {
                routed.messages.extend(line.digest(address, end, &self.rule, &mut self.named));
            }
        }
        let mut opened: Vec<&Alert> = alerts.iter().filter(|alert| alert.kind == AlertKind::Opened).collect();
        opened.sort_by(|one, other| other.severity.cmp(&one.severity).then(one.id.cmp(&other.id)));
        for alert in opened {
            let Some(address) = self.routes.address_of(alert.area) else {
                routed.unrouted.push(alert.id.clone());
                continue;
            };
            if self.named.get(&alert.meter).is_some_and(|named| named.covers(alert)) {
                routed.repeated.push(alert.id.clone());
                continue;
            }
            let line = self.lines.entry(address.clone()).or_default();
            // A new alert waits behind those that wait already.
            if !line.held.is_empty() || !line.may_send(end, throttle) {
                line.hold(alert);
                routed.held += 1;
                continue;
            }
            line.sent.push_back(end);
            self.named.insert(alert.meter, Named { time: end, seen: Seen::of(alert) });
            let channel = self.rule.channel();
            routed.messages.push(Message {
                channel,
                id: format!("{channel}.{}", alert.id),
                to: address.clone(),
                time: end,
                area: alert.area,
                case: Some(alert.case.clone()),
                more: 0,
                text: self.rule.single(alert, calendar),
            });
        }
        self.lines.retain(|_, line| !line.sent.is_empty() || !line.held.is_empty());
        routed
    }
}
