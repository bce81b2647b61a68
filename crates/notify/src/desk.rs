//! The desk: which notice becomes which message, to whom and when.
//!
//! A notice that a [`Route`] takes becomes an *errand* for each receiver of the route. Errands wait in groups, and go
//! out as one message for each group: after `wait`, then no more often than `interval`, and again after `repeat` while
//! it goes on and nobody acknowledges. A silence, or something greater that goes on, keeps an errand in its group until
//! it ends. The line to an address has limits and quiet hours: what is over them waits for one digest.
//!
//! The desk has no clock: the time is an argument, the end of a tick in a replay and the wall's where people wait. The
//! order of notices within a call changes nothing. [`Counts`] and [`Desk::waiting`] say what became of every errand.

mod counts;
mod group;
mod line;
mod mute;
mod notice;
mod rows;
mod rules;
mod send;
mod stored;
mod tracked;

pub use counts::Counts;
pub use mute::Silence;
pub use notice::{Kind, Notice, Phase, Place, Scope, Seen, Word};
pub use rows::{DamagedRows, Row, RowKey};
pub use rules::{By, DeskRules, Escalation, Hours, Inhibit, Quiet, Receiver, Route, RulesError, Shift, Whom};
pub use stored::DeskState;

use crate::channels::sms;
use crate::{Address, Message, RouteError, Routes};
use grid::Topology;
use group::{Group, GroupKey, Standing};
use line::Line;
use mute::{Kept, Mutes};
use reading::time::HOUR;
use reading::{Calendar, EventTime};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use tracked::Tracked;

/// Something that goes on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Active {
    kind: Kind,
    scope: Scope,
    /// Who has acknowledged it, and when.
    acknowledged: Option<(String, EventTime)>,
}

/// Whose line it is: the receiver, and the address where the place of a notice decides it.
type LineKey = (String, Option<Address>);

/// What a message about a thing was last sent about: by route, receiver, kind and part of the network.
type Recent = Tracked<(String, String, Kind, Scope), (EventTime, Option<Seen>)>;

/// How many errands wait, and for what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    /// In groups: for `wait`, `interval`, the end of a silence or of something greater, or for an acknowledgement.
    pub grouped: u64,
    /// For a digest.
    pub held: u64,
}

/// Decides which notice becomes which message.
#[derive(Debug, Clone, PartialEq)]
pub struct Desk {
    rules: Arc<DeskRules>,
    readers: Routes,
    active: Tracked<String, Active>,
    mutes: Mutes,
    groups: Tracked<GroupKey, Group>,
    /// Members that changed of groups that are gone since.
    gone: Vec<(GroupKey, String)>,
    lines: Tracked<LineKey, Line>,
    recent: Recent,
    swept: EventTime,
    counts: Counts,
}

impl Desk {
    /// A desk that nothing has come to yet.
    pub fn new(rules: DeskRules, topology: &Topology) -> Result<Self, RouteError> {
        let readers = Self::readers(&rules, topology)?;
        Ok(Self {
            rules: Arc::new(rules),
            readers,
            active: Tracked::default(),
            mutes: Mutes::default(),
            groups: Tracked::default(),
            gone: Vec::new(),
            lines: Tracked::default(),
            recent: Recent::default(),
            swept: EventTime::MIN,
            counts: Counts::default(),
        })
    }

    /// The meter reader of each area, if any receiver is one. Fails if the topology has no clear answer.
    pub fn readers(rules: &DeskRules, topology: &Topology) -> Result<Routes, RouteError> {
        let any = rules.receivers().iter().any(|receiver| receiver.whom == Whom::Reader);
        if any { Routes::by_area(topology, &sms::PHONES) } else { Ok(Routes::default()) }
    }

    /// What it goes by.
    pub fn rules(&self) -> &DeskRules {
        &self.rules
    }

    /// Other people read the meters from now on.
    pub fn set_readers(&mut self, readers: Routes) {
        self.readers = readers;
    }

    /// What became of all notices since the state began.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// How many errands wait.
    pub fn waiting(&self) -> Waiting {
        Waiting {
            grouped: self.groups.values().map(Group::new_errands).sum(),
            held: self.lines.values().map(Line::waiting).sum(),
        }
    }

    /// How many of the errands in groups are kept back at this time: by silences, and by something greater.
    pub fn kept_back(&self, now: EventTime) -> (u64, u64) {
        let members = self.groups.values().flat_map(|group| group.members.values());
        let kept = members.filter(|member| member.is_new());
        let kept = kept.filter_map(|member| self.mutes.keeps(&member.notice, self.rules.inhibits(), now));
        kept.fold((0, 0), |(silenced, inhibited), kept| match kept {
            Kept::BySilence => (silenced + 1, inhibited),
            Kept::ByGreater => (silenced, inhibited + 1),
        })
    }

    /// Somebody takes care of an episode: it is not repeated, and does not escalate, until it ends. Another episode of
    /// the same thing is news again. False if nothing of this name goes on.
    pub fn acknowledge(&mut self, episode: &str, by: &str, time: EventTime) -> bool {
        let Some(active) = self.active.get(episode) else { return false };
        // Who came first takes care.
        if active.acknowledged.is_none()
            && let Some(active) = self.active.get_mut(episode)
        {
            active.acknowledged = Some((by.to_owned(), time));
        }
        true
    }

    /// Of all that somebody takes care of, only these episodes still have somebody. The others are repeated and escalate
    /// again.
    pub fn keep_acknowledged(&mut self, has_somebody: impl Fn(&str) -> bool) {
        self.active.change_each(|episode, active| {
            let is_left = active.acknowledged.is_some() && !has_somebody(episode);
            if is_left {
                active.acknowledged = None;
            }
            is_left
        });
    }

    /// Who takes care of an episode, and since when.
    pub fn acknowledged(&self, episode: &str) -> Option<(&str, EventTime)> {
        let (by, time) = self.active.get(episode)?.acknowledged.as_ref()?;
        Some((by, *time))
    }

    /// Whether an episode of this name goes on, as far as notices have come.
    pub fn goes_on(&self, episode: &str) -> bool {
        self.active.contains_key(episode)
    }

    /// Keeps notices back for a while. One of the same name is replaced.
    pub fn silence(&mut self, name: &str, silence: Silence) {
        self.mutes.silences.insert(name.to_owned(), silence);
    }

    /// Ends a silence before its time. False if there is none of this name.
    pub fn end_silence(&mut self, name: &str) -> bool {
        self.mutes.silences.remove(name).is_some()
    }

    /// The silences that have not ended, by name.
    pub fn silences(&self) -> impl Iterator<Item = (&str, &Silence)> {
        self.mutes.silences.iter().map(|(name, silence)| (name.as_str(), silence))
    }

    /// Takes the notices of a tick that ends now, in any order, and writes the messages that are due.
    pub fn route(
        &mut self,
        now: EventTime,
        notices: &[Notice],
        calendar: &Calendar,
        messages: &mut Vec<Message>,
    ) {
        self.forget(now);
        // First, so that what a digest names is no news any more.
        self.send_digests(now, calendar, messages);
        let mut sorted: Vec<&Notice> = notices.iter().collect();
        sorted.sort_by(|one, other| {
            let later = |notice: &Notice| matches!(notice.phase, Phase::Ended | Phase::Withdrawn);
            let severity = other.severity.cmp(&one.severity);
            later(one).cmp(&later(other)).then(severity).then_with(|| one.id.cmp(&other.id))
        });
        let mut changed = BTreeMap::<&str, &Notice>::new();
        for notice in sorted {
            match notice.phase {
                Phase::Began if self.active.contains_key(&notice.episode) => {
                    self.counts.notices += 1;
                    self.counts.known += 1;
                    changed.insert(&notice.episode, notice);
                }
                Phase::Began | Phase::Once => self.begin(notice, now, calendar),
                Phase::Ended | Phase::Withdrawn => {
                    changed.insert(&notice.episode, notice);
                }
            }
        }
        self.follow(&changed, now);
        self.send_due(now, calendar, messages);
        let Self { groups, gone, .. } = self;
        groups.retain(|key, group| {
            let is_done = group.is_done(now);
            if is_done {
                group.members.take_changed(|episode, _| gone.push((key.clone(), episode)));
            }
            !is_done
        });
        self.lines.retain(|_, line| !line.is_idle());
    }

    fn forget(&mut self, now: EventTime) {
        self.mutes.forget_ended(now);
        self.lines.change_each(|_, line| line.forget_before_today(now));
        // Who asks looks at the time, too: an hour more or less changes nothing but the memory.
        if now.since(self.swept) >= HOUR {
            self.swept = now;
            let rules = &self.rules;
            let again_after = |route: &str| rules.route(route).map_or(0, |route| route.again_after);
            self.recent.retain(|(route, ..), (time, _)| now.since(*time) < again_after(route));
        }
    }

    /// Makes the errands of a new notice.
    fn begin(&mut self, notice: &Notice, now: EventTime, calendar: &Calendar) {
        self.counts.notices += 1;
        if notice.goes_on() {
            let active = Active { kind: notice.kind, scope: notice.scope, acknowledged: None };
            self.active.insert(notice.episode.clone(), active);
            self.mutes.begins(notice.kind, notice.scope);
        }
        let mut is_routed = false;
        for route in self.rules.routes().iter().filter(|route| route.takes(notice, now, calendar)) {
            is_routed = true;
            for name in &route.to {
                let Some(receiver) = self.rules.receiver(name) else { continue };
                self.counts.errands += 1;
                if is_recent(&self.recent, route, name, notice, now) {
                    self.counts.repeated += 1;
                    continue;
                }
                let Some(address) = address_for(receiver, notice, &self.readers) else {
                    self.counts.unreachable += 1;
                    continue;
                };
                let (route_name, receiver, kind) = (route.name.clone(), name.clone(), notice.kind);
                let common = route.common(notice);
                let key = GroupKey { route: route_name, receiver, escalated: false, address, kind, common };
                let (due, is_asked) = (now.plus(route.wait), self.groups.is_asked());
                let group = self.groups.get_or_insert_with(key, || Group::new(due, is_asked));
                group.join(notice, EventTime::MIN);
            }
        }
        self.counts.unrouted += u64::from(!is_routed);
    }

    /// Lets groups follow what changed or ended.
    fn follow(&mut self, changed: &BTreeMap<&str, &Notice>, now: EventTime) {
        if changed.is_empty() {
            return;
        }
        let Self { groups, rules, mutes, counts, .. } = self;
        groups.change_each(|key, group| {
            let clear = rules.route(&key.route).is_some_and(|route| route.clear);
            // The shorter of the two is walked through: a storm can end with as many groups as changes.
            let known: Vec<&str> = if group.members.len() < changed.len() {
                let members = group.members.keys();
                members.filter_map(|episode| Some(*changed.get_key_value(episode.as_str())?.0)).collect()
            } else {
                changed.keys().copied().filter(|episode| group.members.contains_key(*episode)).collect()
            };
            for &episode in &known {
                let (notice, member) = (changed[episode], group.members.get_mut(episode).expect("just seen"));
                match (notice.phase, member.is_new()) {
                    (Phase::Began | Phase::Once, true) => member.notice = notice.clone(),
                    (Phase::Began | Phase::Once, false) => {}
                    (_, true) => {
                        let kept = mutes.keeps(&member.notice, rules.inhibits(), now);
                        let count = match kept {
                            _ if key.escalated => &mut counts.answered,
                            None => &mut counts.over,
                            Some(Kept::BySilence) => &mut counts.silenced,
                            Some(Kept::ByGreater) => &mut counts.inhibited,
                        };
                        *count += 1;
                        group.members.remove(episode);
                    }
                    (Phase::Ended, false) if clear => {
                        member.notice = notice.clone();
                        member.standing = Standing::Over;
                    }
                    (_, false) => drop(group.members.remove(episode)),
                }
            }
            !known.is_empty()
        });
        // Only now: what ends together with the greater thing was kept back by it to the end.
        for (episode, notice) in changed {
            if !matches!(notice.phase, Phase::Ended | Phase::Withdrawn) {
                continue;
            }
            if let Some(active) = self.active.remove(*episode) {
                self.mutes.ends(active.kind, active.scope);
            }
        }
    }
}

/// Whether the receiver has had a message about the same thing not long ago, and knows all that this one is about.
fn is_recent(recent: &Recent, route: &Route, receiver: &str, notice: &Notice, now: EventTime) -> bool {
    let key = (route.name.clone(), receiver.to_owned(), notice.kind, notice.scope);
    let Some((time, before)) = recent.get(&key) else { return false };
    let is_worse =
        || notice.seen.zip(*before).is_some_and(|(seen, before)| seen.is_clearly_worse_than(&before));
    now.since(*time) < route.again_after && !is_worse()
}

/// The address that a notice decides, `Some(None)` where the time of the message does, and `None` if nobody is there.
fn address_for(receiver: &Receiver, notice: &Notice, readers: &Routes) -> Option<Option<Address>> {
    match &receiver.whom {
        Whom::Reader => Some(Some(readers.address_of(notice.place.area)?.clone())),
        Whom::Consumer => Some(Some(sms::phone(notice.place.phone.as_deref()?)?)),
        Whom::One(_) | Whom::Rota(_) => Some(None),
    }
}

#[cfg(test)]
mod tests;
