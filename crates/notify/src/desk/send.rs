//! What is due goes out: digests first, then groups, the most severe first.

use super::group::{Group, GroupKey, Member, Standing};
use super::line::{Held, Line};
use super::notice::{Kind, Notice};
use super::rules::{By, Receiver, Route, Whom};
use super::{Desk, DeskRules, address_for};
use crate::words::{Asked, Form, Language, Room, Values};
use crate::{Address, Channel, Message};
use cases::Severity;
use core::cmp::Reverse;
use reading::{Calendar, EventTime};
use std::sync::Arc;

/// Of so many, a message can name some: no message has room for more.
const NAMEABLE: usize = 50;

/// What a message about members of a group is made of.
struct Parcel<'a> {
    form: Form,
    /// The most severe first.
    members: Vec<&'a Notice>,
    /// Others that nobody names.
    unnamed: u64,
    /// What all of them have in common.
    joined_by: &'a [By],
    /// The end of its id, where the same errands had a message already.
    suffix: String,
}

/// Where a parcel goes.
struct To<'a> {
    key: &'a GroupKey,
    route: &'a Route,
    receiver: &'a Receiver,
    now: EventTime,
    calendar: &'a Calendar,
}

impl Parcel<'_> {
    fn severity(&self) -> Severity {
        self.members.iter().map(|notice| notice.severity).max().unwrap_or(Severity::Info)
    }

    fn total(&self) -> u64 {
        self.members.len() as u64 + self.unnamed
    }
}

impl Desk {
    pub(super) fn send_due(&mut self, now: EventTime, calendar: &Calendar, messages: &mut Vec<Message>) {
        let first_of = |group: &Group| group.members.values().map(|member| member.notice.id.clone()).min();
        let due =
            self.groups.iter().filter(|(key, group)| group.due <= now && self.has_work(key, group, now));
        let mut due: Vec<(Reverse<Severity>, Option<String>, GroupKey)> =
            due.map(|(key, group)| (Reverse(group.severity()), first_of(group), key.clone())).collect();
        due.sort_unstable();
        for (.., key) in due {
            let Some(mut group) = self.groups.remove(&key) else { continue };
            self.send_group(&key, &mut group, now, calendar, messages);
            self.groups.insert(key, group);
        }
    }

    /// Whether a group has anything to send or to drop. Most that wait for the end of something greater have not.
    fn has_work(&self, key: &GroupKey, group: &Group, now: EventTime) -> bool {
        let repeat = self.rules.route(&key.route).and_then(|route| route.repeat);
        let repeats = repeat.zip(group.last).is_some_and(|(repeat, last)| now.since(last) >= repeat);
        let is_kept = |notice: &Notice| self.mutes.keeps(notice, self.rules.inhibits(), now).is_some();
        let has_work = |member: &Member| match member.standing {
            Standing::New(from) => key.escalated || from <= now && !is_kept(&member.notice),
            Standing::Sent => repeats,
            Standing::Over => true,
        };
        group.unnamed > 0 || group.members.values().any(has_work)
    }

    pub(super) fn send_digests(&mut self, now: EventTime, calendar: &Calendar, messages: &mut Vec<Message>) {
        let Self { lines, rules, recent, counts, .. } = self;
        lines.change_each(|(name, address), line| {
            let (Some(receiver), Some(severity)) = (rules.receiver(name), line.severity) else {
                return false;
            };
            if !line.may_send(receiver, severity, now, calendar) {
                return false;
            }
            let Some(to) = address_now(receiver, address.as_ref(), now, calendar) else { return false };
            let waited = line.take();
            let Some(first) = waited.held.first() else { return true };
            let (id, total) =
                (format!("digest.{}.{name}.{}", first.route, first.notice.id), waited.waiting());
            let (area, case) = (first.notice.place.area, first.notice.case.clone());
            let kind = Some(first.notice.kind).filter(|_| !waited.is_mixed);
            let form = match kind {
                Some(_) if total == 1 => Form::One,
                Some(_) => Form::Several,
                None => Form::Digest,
            };
            let members = waited.held.iter().map(|held| &held.notice).collect();
            let parcel =
                Parcel { form, members, unnamed: waited.more, joined_by: &[], suffix: String::new() };
            let (text, named) = text(rules, &parcel, kind, (&receiver.language, receiver), calendar);
            counts.digested += total;
            line.sent.push_back(now);
            let more = u32::try_from(total - 1).unwrap_or(u32::MAX);
            messages.push(Message { channel: receiver.channel, id, to, time: now, area, case, more, text });
            // A thing that it only counts was not named.
            for Held { route, notice } in waited.held.into_iter().take(named) {
                recent.insert((route, name.clone(), notice.kind, notice.scope), (now, notice.seen));
            }
            true
        });
    }

    /// Sends what is due of one group: what is new, what is over, and what goes on and is to be repeated.
    fn send_group(
        &mut self,
        key: &GroupKey,
        group: &mut Group,
        now: EventTime,
        calendar: &Calendar,
        messages: &mut Vec<Message>,
    ) {
        let rules = Arc::clone(&self.rules);
        let (Some(route), Some(receiver)) = (rules.route(&key.route), rules.receiver(&key.receiver)) else {
            return;
        };
        let to = To { key, route, receiver, now, calendar };
        let joined_by = route.group_by.as_deref().unwrap_or_default();
        if key.escalated {
            self.drop_answered(group);
        }
        let is_new = |member: &Member| {
            matches!(member.standing, Standing::New(from) if from <= now)
                && self.mutes.keeps(&member.notice, rules.inhibits(), now).is_none()
        };
        let new = names_of(group, is_new);
        if !new.is_empty() {
            self.send_new(&to, group, &new, messages);
        } else if group.unnamed > 0 && !group.members.values().any(Member::is_new) {
            // Those that nobody named share the lot of those that were named: all of them are over.
            self.counts.over += std::mem::take(&mut group.unnamed);
        }
        let over = names_of(group, Member::is_over);
        if !over.is_empty() {
            let form = if over.len() == 1 { Form::Ended } else { Form::AllEnded };
            let parcel =
                Parcel { form, members: notices(group, &over), unnamed: 0, joined_by, suffix: String::new() };
            if self.send_now(&to, &parcel, messages) {
                over.iter().for_each(|episode| drop(group.members.remove(episode)));
                group.due = now.plus(route.interval);
            }
        }
        let is_time = route.repeat.zip(group.last).is_some_and(|(repeat, last)| now.since(last) >= repeat);
        if !is_time || !new.is_empty() {
            return;
        }
        let again = names_of(group, |member| member.is_sent() && self.needs_reminder(&member.notice, now));
        if again.is_empty() {
            return;
        }
        let form = if again.len() == 1 { Form::One } else { Form::Several };
        let suffix = format!(".again.{}", compact(now));
        let parcel = Parcel { form, members: notices(group, &again), unnamed: 0, joined_by, suffix };
        if self.send_now(&to, &parcel, messages) {
            group.last = Some(now);
            group.due = now.plus(route.interval);
        }
    }

    /// Sends what nobody has heard of, or lets it wait for a digest.
    fn send_new(&mut self, to: &To<'_>, group: &mut Group, new: &[String], messages: &mut Vec<Message>) {
        let members = notices(group, new);
        let joined_by = to.route.group_by.as_deref().unwrap_or_default();
        let form = if members.len() as u64 + group.unnamed == 1 { Form::One } else { Form::Several };
        let parcel = Parcel { form, members, unnamed: group.unnamed, joined_by, suffix: String::new() };
        let total = parcel.total();
        if self.send_now(to, &parcel, messages) {
            self.counts.sent += total;
        } else {
            self.line(to.key).hold(&to.route.name, &parcel.members, parcel.unnamed);
        }
        if !to.key.escalated {
            let escalating: Vec<Notice> =
                parcel.members.iter().copied().filter(|one| one.goes_on()).cloned().collect();
            escalating.iter().for_each(|notice| self.escalate(to, notice));
        }
        let remembers = to.route.clear || to.route.repeat.is_some();
        for episode in new {
            match group.members.get_mut(episode) {
                Some(member) if remembers && member.notice.goes_on() => member.standing = Standing::Sent,
                _ => drop(group.members.remove(episode)),
            }
        }
        group.unnamed = 0;
        group.last = Some(to.now);
        group.due = to.now.plus(to.route.interval);
    }

    /// Writes a message, if its line is free. Only what is more severe overtakes what waits for a digest.
    fn send_now(&mut self, to: &To<'_>, parcel: &Parcel<'_>, messages: &mut Vec<Message>) -> bool {
        let &To { key, route, receiver, now, calendar } = to;
        let Some(first) = parcel.members.first() else { return false };
        let Some(address) = address_now(receiver, key.address.as_ref(), now, calendar) else { return false };
        let line = self.line(key);
        if line.is_ahead(parcel.severity()) || !line.may_send(receiver, parcel.severity(), now, calendar) {
            return false;
        }
        line.sent.push_back(now);
        let rules = Arc::clone(&self.rules);
        let language = route.language.as_ref().unwrap_or(&receiver.language);
        let (text, named) = text(&rules, parcel, Some(key.kind), (language, receiver), calendar);
        let (form, suffix) = (parcel.form, &parcel.suffix);
        if matches!(form, Form::One | Form::Several) {
            for notice in parcel.members.iter().take(named) {
                let about = (route.name.clone(), receiver.name.clone(), notice.kind, notice.scope);
                self.recent.insert(about, (now, notice.seen));
            }
        }
        messages.push(Message {
            channel: receiver.channel,
            id: format!("{}.{}.{}.{}{suffix}", receiver.channel, route.name, receiver.name, first.id),
            to: address,
            time: now,
            area: first.place.area,
            case: first.case.clone(),
            more: u32::try_from(parcel.total() - 1).unwrap_or(u32::MAX),
            text,
        });
        true
    }

    fn line(&mut self, key: &GroupKey) -> &mut Line {
        self.lines.get_or_insert_with((key.receiver.clone(), key.address.clone()), Line::default)
    }

    /// Makes the errands to those who hear of it when nobody acknowledges.
    fn escalate(&mut self, to: &To<'_>, notice: &Notice) {
        let Some(escalation) = &to.route.escalate else { return };
        let due = to.now.plus(escalation.after);
        for name in &escalation.to {
            let Some(receiver) = self.rules.receiver(name) else { continue };
            self.counts.errands += 1;
            let Some(address) = address_for(receiver, notice, &self.readers) else {
                self.counts.unreachable += 1;
                continue;
            };
            let (route, receiver, kind) = (to.route.name.clone(), name.clone(), notice.kind);
            let common = to.route.common(notice);
            let key = GroupKey { route, receiver, escalated: true, address, kind, common };
            let is_asked = self.groups.is_asked();
            self.groups.get_or_insert_with(key, || Group::new(due, is_asked)).join(notice, due);
        }
    }

    /// Forgets escalations that somebody acknowledged in time.
    fn drop_answered(&mut self, group: &mut Group) {
        let answered =
            names_of(group, |member| member.is_new() && self.acknowledged(&member.notice.episode).is_some());
        for episode in answered {
            group.members.remove(&episode);
            self.counts.answered += 1;
        }
    }

    /// Whether people should hear again of what goes on.
    fn needs_reminder(&self, notice: &Notice, now: EventTime) -> bool {
        let goes_on = self.active.get(&notice.episode).is_some_and(|active| active.acknowledged.is_none());
        goes_on && self.mutes.keeps(notice, self.rules.inhibits(), now).is_none()
    }
}

/// The address at this time. None while nobody of the rota is on duty.
fn address_now(
    receiver: &Receiver,
    decided: Option<&Address>,
    now: EventTime,
    calendar: &Calendar,
) -> Option<Address> {
    match &receiver.whom {
        Whom::Reader | Whom::Consumer => decided.cloned(),
        whom => whom.address_at(now, calendar).cloned(),
    }
}

/// The episodes of some members of a group.
fn names_of(group: &Group, is_meant: impl Fn(&Member) -> bool) -> Vec<String> {
    let meant = group.members.iter().filter(|(_, member)| is_meant(member));
    meant.map(|(episode, _)| episode.clone()).collect()
}

/// The notices of these episodes, the most severe first.
fn notices<'a>(group: &'a Group, episodes: &[String]) -> Vec<&'a Notice> {
    let members = episodes.iter().filter_map(|episode| group.members.get(episode));
    let mut notices: Vec<&Notice> = members.map(|member| &member.notice).collect();
    notices.sort_by(|one, other| other.severity.cmp(&one.severity).then_with(|| one.id.cmp(&other.id)));
    notices
}

/// What stands in a list of many: `M1 (3.1 A apart)`.
fn label(scope: &str, brief: &str) -> String {
    if brief.is_empty() { scope.to_owned() } else { format!("{scope} ({brief})") }
}

/// The words of a message to a receiver in a language, and how many of its members they name.
fn text(
    rules: &DeskRules,
    parcel: &Parcel<'_>,
    kind: Option<Kind>,
    (language, receiver): (&Language, &Receiver),
    calendar: &Calendar,
) -> (String, usize) {
    let asked = Asked { kind, form: parcel.form, language };
    let label = |notice: &&Notice| label(&notice.scope.to_string(), &notice.brief);
    let names = match parcel.form {
        Form::One | Form::Ended => vec![],
        _ => parcel.members.iter().take(NAMEABLE).map(label).collect(),
    };
    let mut words = language.words(&parcel.members, calendar);
    if parcel.unnamed > 0 {
        // Of those that nobody names, only what joins the group is known.
        words.retain(|(name, _)| parcel.joined_by.iter().any(|by| by.name() == name));
    }
    let values = Values { names, total: parcel.total(), words };
    let registry = Some(rules.templates().registry());
    let registry = registry.filter(|registry| receiver.channel == Channel::Sms && !registry.is_empty());
    let room = Room { parts: receiver.parts, registry };
    let (text, named) = rules.templates().write(&asked, &values, room);
    (text, if values.names.is_empty() { 1 } else { named })
}

/// ISO 8601 in its basic form, which may stand in a name.
fn compact(time: EventTime) -> String {
    time.to_string().chars().filter(|c| !matches!(c, '-' | ':')).collect()
}
