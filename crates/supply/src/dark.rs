//! When the meters of transformers sent nothing. A transformer whose own meter is silent with its consumers is without
//! supply, unless registers say otherwise.

use crate::spells::reading_missing;
use crate::supply::Supply;
use grid::{Joined, Topology, TopologyRow};
use reading::{EventTime, MeterId, TransformerId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The transformers that have a meter.
pub(crate) type Dark = BTreeMap<TransformerId, OfTransformer>;

/// What the meter of a transformer sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OfTransformer {
    /// The end of the last interval in which it sent something.
    heard: EventTime,
    /// When it sent nothing, for a reading or longer.
    dark: Vec<(EventTime, EventTime)>,
}

impl Supply {
    /// Takes a row of a transformer's meter.
    pub(crate) fn see_transformer(&mut self, one: &Joined<'_>) {
        let (interval, transformer) = (one.interval, one.row.and_then(TopologyRow::transformer));
        let Some(transformer) = transformer.filter(|_| interval.sums.readings > 0) else { return };
        let Some(seat) = one.first().map(|first| &mut self.seats[first as usize]) else { return };
        let new = || OfTransformer { heard: interval.end, dark: Vec::new() };
        let own = self.dark.entry(transformer).or_insert_with(new);
        let (missing, length) = (reading_missing(interval, seat), self.rules.grid.length());
        let (silent, back) = (seat.last_reading().max(own.heard.minus(length)), interval.start.plus(missing));
        let least = seat.least_silence(length);
        if interval.end > own.heard {
            if silent < interval.start && back.since(silent) >= least {
                own.dark.push((silent, back));
            }
            if let Some(missing) = seat.missing_within(interval) {
                own.dark.push((interval.start, interval.start.plus(missing)));
            }
            own.heard = interval.end;
            seat.hear(interval.end, missing);
            seat.measured(interval);
        }
    }

    /// Whether the meter of a consumer's transformer was silent from `start` to `end` as well. None without such a meter,
    /// and while nothing was heard of it since.
    pub(crate) fn was_dark(
        &self,
        meter: &MeterId,
        (start, end): (EventTime, EventTime),
        topology: &Topology,
    ) -> Option<bool> {
        let row = topology.at(meter, EventTime(start.0.saturating_add(1)))?;
        let OfTransformer { heard, dark } = self.dark.get(&row.transformer()?)?;
        let length = self.rules.grid.length();
        let is_dark =
            |(from, to): &(EventTime, EventTime)| *from <= start.plus(length) && *to >= end.minus(length);
        match dark.iter().any(is_dark) {
            true => Some(true),
            false => (*heard >= end).then_some(false),
        }
    }

    /// Forgets what is older.
    pub(crate) fn forget_dark(&mut self, since: EventTime) {
        for own in self.dark.values_mut() {
            own.dark.retain(|(_, end)| *end >= since);
        }
    }
}
