//! The stored form of what the desk remembers.

use super::counts::Counts;
use super::group::{Group, GroupKey};
use super::line::Line;
use super::mute::Mutes;
use super::notice::{Kind, Scope, Seen};
use super::tracked::Tracked;
use super::{Active, Desk, LineKey, Recent};
use reading::EventTime;
use serde::{Deserialize, Serialize};

/// What was sent about a thing, as a row: a tuple as a key is not for every format.
pub(super) type RecentRow = (String, String, Kind, Scope, EventTime, Option<Seen>);

/// The stored state of [`Desk`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeskState {
    pub(super) active: Tracked<String, Active>,
    pub(super) mutes: Mutes,
    pub(super) groups: Vec<(GroupKey, Group)>,
    pub(super) lines: Vec<(LineKey, Line)>,
    pub(super) recent: Vec<RecentRow>,
    pub(super) swept: EventTime,
    pub(super) counts: Counts,
}

impl Desk {
    /// Goes up when the form of [`DeskState`] changes.
    pub const STATE_VERSION: u16 = 1;

    /// What must be stored to go on later.
    pub fn snapshot(&self) -> DeskState {
        let recent = self.recent.iter().map(|((route, receiver, kind, scope), (time, seen))| {
            (route.clone(), receiver.clone(), *kind, *scope, *time, *seen)
        });
        DeskState {
            active: self.active.clone(),
            mutes: self.mutes.clone(),
            groups: self.groups.iter().map(|(key, group)| (key.clone(), group.clone())).collect(),
            lines: self.lines.iter().map(|(key, line)| (key.clone(), line.clone())).collect(),
            recent: recent.collect(),
            swept: self.swept,
            counts: self.counts,
        }
    }

    /// Goes on from what was stored, with the rules that it has. Errands of a route or receiver that these no longer
    /// have are counted: they have nowhere to go.
    pub fn restore(&mut self, stored: DeskState) {
        let DeskState { active, mutes, groups, lines, recent, swept, counts } = stored;
        (self.active, self.mutes, self.swept, self.counts) = (active, mutes, swept, counts);
        let has_receiver = |name: &str| self.rules.receiver(name).is_some();
        let is_at_home =
            |key: &GroupKey| self.rules.route(&key.route).is_some() && has_receiver(&key.receiver);
        let (groups, homeless): (Vec<_>, Vec<_>) = groups.into_iter().partition(|(key, _)| is_at_home(key));
        let lost_in_groups: u64 = homeless.iter().map(|(_, group)| group.new_errands()).sum();
        let (lines, homeless): (Vec<_>, Vec<_>) =
            lines.into_iter().partition(|((name, _), _)| has_receiver(name));
        let lost_in_lines: u64 = homeless.iter().map(|(_, line)| line.waiting()).sum();
        self.counts.homeless += lost_in_groups + lost_in_lines;
        self.groups = groups.into_iter().collect();
        self.lines = lines.into_iter().collect();
        let recent = recent.into_iter();
        let of_row =
            |(route, receiver, kind, scope, time, seen)| ((route, receiver, kind, scope), (time, seen));
        self.recent = recent.map(of_row).collect::<Recent>();
    }
}
