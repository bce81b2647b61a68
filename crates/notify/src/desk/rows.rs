//! The stored state row by row, for a store that is written with each message: only what changed is written again.

use super::counts::Counts;
use super::group::{Group, GroupKey, Member};
use super::line::Line;
use super::mute::{Mutes, Silence};
use super::notice::{Kind, Scope, Seen};
use super::stored::DeskState;
use super::tracked::Tracked;
use super::{Active, Desk, LineKey};
use reading::EventTime;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What names a row. They are stored by their number, so new ones must be added at the end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Key {
    Figures,
    Active(String),
    Silence(String),
    Group(GroupKey),
    Member(GroupKey, String),
    Line(LineKey),
    Recent(String, String, Kind, Scope),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Value {
    Figures { swept: EventTime, counts: Counts },
    Active(Active),
    Silence(Silence),
    Group { unnamed: u64, due: EventTime, last: Option<EventTime> },
    Member(Box<Member>),
    Line(Line),
    Recent(EventTime, Option<Seen>),
}

/// The name of a row of the stored state.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RowKey(Key);

/// A row of the stored state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Row(Value);

/// A row stands under the name of another kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a row stands under the name of another kind")]
pub struct DamagedRows;

impl Desk {
    /// Goes up when the form of rows changes.
    pub const ROWS_VERSION: u16 = 1;

    /// From now on [`Desk::take_changed`] has what changes. All that is there counts as changed.
    pub fn track(&mut self) {
        self.active.mark_all();
        self.mutes.silences.mark_all();
        self.groups.mark_all();
        self.groups.change_each(|_, group| {
            group.members.mark_all();
            false
        });
        self.lines.mark_all();
        self.recent.mark_all();
    }

    /// The rows that changed since the last time, and those that are gone. Empty before [`Desk::track`].
    pub fn take_changed(&mut self) -> BTreeMap<RowKey, Option<Row>> {
        let mut rows = BTreeMap::new();
        let mut put = |key, value: Option<Value>| {
            rows.insert(RowKey(key), value.map(Row));
        };
        if !self.groups.is_asked() {
            return rows;
        }
        put(Key::Figures, Some(Value::Figures { swept: self.swept, counts: self.counts }));
        self.active.take_changed(|episode, active| {
            put(Key::Active(episode), active.map(|active| Value::Active(active.clone())));
        });
        self.mutes.silences.take_changed(|name, silence| {
            put(Key::Silence(name), silence.map(|silence| Value::Silence(silence.clone())));
        });
        // First, because a group of the same name may have come since.
        for (key, episode) in self.gone.drain(..) {
            put(Key::Member(key, episode), None);
        }
        self.groups.take_changed(|key, group| {
            let Some(group) = group else { return put(Key::Group(key), None) };
            group.members.take_changed(|episode, member| {
                put(
                    Key::Member(key.clone(), episode),
                    member.map(|one| Value::Member(Box::new(one.clone()))),
                );
            });
            let Group { unnamed, due, last, .. } = *group;
            put(Key::Group(key), Some(Value::Group { unnamed, due, last }));
        });
        self.lines.take_changed(|key, line| {
            put(Key::Line(key), line.map(|line| Value::Line(line.clone())));
        });
        self.recent.take_changed(|(route, receiver, kind, scope), recent| {
            put(
                Key::Recent(route, receiver, kind, scope),
                recent.map(|(time, seen)| Value::Recent(*time, *seen)),
            );
        });
        rows
    }

    /// Goes on from rows, as [`Desk::restore`] does, and tracks what changes from there on.
    pub fn restore_rows(&mut self, rows: Vec<(RowKey, Row)>) -> Result<(), DamagedRows> {
        let state = DeskState::of_rows(rows)?;
        let members = |(key, group): &(GroupKey, Group)| {
            (key.clone(), group.members.keys().cloned().collect::<Vec<String>>())
        };
        let groups: Vec<(GroupKey, Vec<String>)> = state.groups.iter().map(members).collect();
        let lines: Vec<LineKey> = state.lines.iter().map(|(key, _)| key.clone()).collect();
        self.restore(state);
        self.active.track();
        self.mutes.silences.track();
        self.groups.track();
        self.groups.change_each(|_, group| {
            group.members.track();
            false
        });
        self.lines.track();
        self.recent.track();
        // What has nowhere to go any more is gone from the store as well.
        for (key, episodes) in groups {
            if !self.groups.contains_key(&key) {
                self.groups.mark(&key);
                self.gone.extend(episodes.into_iter().map(|episode| (key.clone(), episode)));
            }
        }
        for key in lines.iter().filter(|key| !self.lines.contains_key(key)).cloned().collect::<Vec<_>>() {
            self.lines.mark(&key);
        }
        Ok(())
    }
}

impl DeskState {
    fn of_rows(rows: Vec<(RowKey, Row)>) -> Result<Self, DamagedRows> {
        let (mut active, mut mutes) = (Tracked::default(), Mutes::default());
        let mut groups = BTreeMap::<GroupKey, Group>::new();
        let (mut lines, mut recent) = (Vec::new(), Vec::new());
        let (mut swept, mut counts) = (EventTime::MIN, Counts::default());
        let empty = || Group::new(EventTime::MIN, false);
        for (RowKey(key), Row(value)) in rows {
            match (key, value) {
                (Key::Figures, Value::Figures { swept: time, counts: all }) => (swept, counts) = (time, all),
                (Key::Active(episode), Value::Active(one)) => {
                    mutes.begins(one.kind, one.scope);
                    active.insert(episode, one);
                }
                (Key::Silence(name), Value::Silence(silence)) => mutes.silences.insert(name, silence),
                (Key::Group(key), Value::Group { unnamed, due, last }) => {
                    let group = groups.entry(key).or_insert_with(empty);
                    (group.unnamed, group.due, group.last) = (unnamed, due, last);
                }
                (Key::Member(key, episode), Value::Member(member)) => {
                    groups.entry(key).or_insert_with(empty).members.insert(episode, *member);
                }
                (Key::Line(key), Value::Line(line)) => lines.push((key, line)),
                (Key::Recent(route, receiver, kind, scope), Value::Recent(time, seen)) => {
                    recent.push((route, receiver, kind, scope, time, seen));
                }
                _ => return Err(DamagedRows),
            }
        }
        Ok(Self { active, mutes, groups: groups.into_iter().collect(), lines, recent, swept, counts })
    }
}
