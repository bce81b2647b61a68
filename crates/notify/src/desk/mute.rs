//! What keeps a notice back: something greater that goes on, or a person's silence.

use super::notice::{Kind, Notice, Scope};
use super::rules::Inhibit;
use super::tracked::Tracked;
use cases::Severity;
use reading::{AreaId, EventTime, FeederId, MeterId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A person's wish to hear nothing of some notices for a while. A criterion that is `None` asks for nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// When it begins.
    pub from: EventTime,
    /// When it ends. Every silence has an end.
    pub to: EventTime,
    /// Who wants it.
    pub author: String,
    /// Why.
    pub reason: String,
    /// Only this kind.
    pub kind: Option<Kind>,
    /// Only this meter.
    pub meter: Option<MeterId>,
    /// Only this area.
    pub area: Option<AreaId>,
    /// Only this feeder.
    pub feeder: Option<FeederId>,
    /// Only this and less severe.
    pub up_to: Option<Severity>,
}

impl Silence {
    fn covers(&self, notice: &Notice, now: EventTime) -> bool {
        let place = &notice.place;
        (self.from..self.to).contains(&now)
            && self.kind.is_none_or(|kind| kind == notice.kind)
            && self.meter.is_none_or(|meter| place.meter == Some(meter))
            && self.area.is_none_or(|area| place.area == Some(area))
            && self.feeder.is_none_or(|feeder| place.feeder == Some(feeder))
            && self.up_to.is_none_or(|most| notice.severity <= most)
    }
}

/// What keeps a notice back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    BySilence,
    ByGreater,
}

/// What goes on, by kind and part of the network, and the silences.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Mutes {
    /// How many episodes there are of each.
    going_on: BTreeMap<(Kind, Scope), u32>,
    pub(crate) silences: Tracked<String, Silence>,
}

impl Mutes {
    pub(crate) fn begins(&mut self, kind: Kind, scope: Scope) {
        *self.going_on.entry((kind, scope)).or_default() += 1;
    }

    pub(crate) fn ends(&mut self, kind: Kind, scope: Scope) {
        if let Some(count) = self.going_on.get_mut(&(kind, scope)) {
            *count -= 1;
            if *count == 0 {
                self.going_on.remove(&(kind, scope));
            }
        }
    }

    pub(crate) fn forget_ended(&mut self, now: EventTime) {
        self.silences.retain(|_, silence| silence.to > now);
    }

    /// What keeps a notice back now.
    pub(crate) fn keeps(&self, notice: &Notice, inhibits: &[Inhibit], now: EventTime) -> Option<Kept> {
        if self.silences.values().any(|silence| silence.covers(notice, now)) {
            return Some(Kept::BySilence);
        }
        let is_kept = |inhibit: &Inhibit| {
            inhibit.kinds.contains(&notice.kind) && self.goes_on_above(inhibit.by, notice)
        };
        inhibits.iter().any(is_kept).then_some(Kept::ByGreater)
    }

    /// Whether something of this kind goes on at, or above, the place of a notice. Of its own kind only what is above
    /// it counts: nothing keeps itself back.
    fn goes_on_above(&self, by: Kind, notice: &Notice) -> bool {
        let place = &notice.place;
        let above = [
            place.feeder.map(Scope::Feeder),
            place.transformer.map(Scope::Transformer),
            place.meter.map(Scope::Meter),
        ];
        let is_above = |scope: &Scope| *scope != notice.scope || by != notice.kind;
        above.into_iter().flatten().filter(is_above).any(|scope| self.going_on.contains_key(&(by, scope)))
    }
}
