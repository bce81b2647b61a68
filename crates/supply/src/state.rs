//! The stored state, and the settings that it depends on.
//!
//! There are two parts, because another length of intervals loses the first but must not lose the second. The first
//! holds current outages, which are hours old. The second holds the books behind the indices: six years of days.
//!
//! Most settings of supply are limits: how long a silence is, which share of consumers makes one outage, where
//! voltage is low, how long an interruption is momentary. They affect only later outages. A day in the books keeps
//! what was counted under the limits of that day.

use crate::books::Books;
use crate::dark::Dark;
use crate::groups::{Group, Returned};
use crate::past::Past;
use crate::seat::{Rhythm, Stored};
use crate::spells::{Ended, Spell, Told};
use crate::{Supply, Target};
use grid::Topology;
use reading::{EventTime, Fingerprint, MeterId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Why a state cannot be restored: its outages and its consumers contradict each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestoreError;

/// The stored form of the supply of all consumers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SupplyState {
    last: EventTime,
    /// Consumers that have sent something. In memory these are seats by row of the topology. After a restart the topology
    /// may be another one, so they are stored by name.
    heard: Vec<(MeterId, Stored)>,
    out: BTreeMap<MeterId, Spell>,
    groups: BTreeMap<Target, Group>,
    returned: BTreeMap<Target, Returned>,
    past: Past,
    ended_since: Vec<Ended>,
    told: BTreeMap<MeterId, Vec<Told>>,
    dark: Dark,
}

/// Version 3 of [`SupplyState`], without how often meters read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SupplyStateV3 {
    last: EventTime,
    heard: Vec<(MeterId, (EventTime, u32, u16))>,
    out: BTreeMap<MeterId, Spell>,
    groups: BTreeMap<Target, Group>,
    returned: BTreeMap<Target, Returned>,
    past: Past,
    ended_since: Vec<Ended>,
    told: BTreeMap<MeterId, Vec<Told>>,
    dark: Dark,
}

impl From<SupplyStateV3> for SupplyState {
    fn from(stored: SupplyStateV3) -> Self {
        let SupplyStateV3 { last, heard, out, groups, returned, past, ended_since, told, dark } = stored;
        let seat = |(meter, (heard, wh, late))| (meter, (heard, wh, late, Rhythm::default()));
        let heard = heard.into_iter().map(seat).collect();
        Self { last, heard, out, groups, returned, past, ended_since, told, dark }
    }
}

/// Version 2 of [`SupplyState`], without what parts of backlogs, reports and meters of transformers showed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SupplyStateV2 {
    last: EventTime,
    heard: Vec<(MeterId, (EventTime, u32, u16))>,
    out: BTreeMap<MeterId, Spell>,
    groups: BTreeMap<Target, Group>,
    returned: BTreeMap<Target, Returned>,
    past: Past,
}

impl From<SupplyStateV2> for SupplyState {
    fn from(SupplyStateV2 { last, heard, out, groups, returned, past }: SupplyStateV2) -> Self {
        let (ended_since, told, dark) = (Vec::new(), BTreeMap::new(), Dark::new());
        SupplyStateV3 { last, heard, out, groups, returned, past, ended_since, told, dark }.into()
    }
}

/// Version 1 of [`SupplyState`], without late deliveries and past outages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SupplyStateV1 {
    last: EventTime,
    heard: Vec<(MeterId, EventTime, u32)>,
    out: BTreeMap<MeterId, Spell>,
    groups: BTreeMap<Target, Group>,
    returned: BTreeMap<Target, Returned>,
}

impl From<SupplyStateV1> for SupplyState {
    fn from(stored: SupplyStateV1) -> Self {
        let SupplyStateV1 { last, heard, out, groups, returned } = stored;
        let heard = heard.into_iter().map(|(meter, heard, wh)| (meter, (heard, wh, 0))).collect();
        SupplyStateV2 { last, heard, out, groups, returned, past: Past::default() }.into()
    }
}

/// The stored form of the books behind the indices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndicesState(Books);

impl Supply {
    /// The version of [`SupplyState`].
    pub const STATE_VERSION: u16 = 4;
    /// The version of [`IndicesState`].
    pub const INDICES_VERSION: u16 = 1;

    /// A number of the settings that [`SupplyState`] depends on: the interval, because times and energies of
    /// consumers are those of intervals; and whether all consumers are known, because outages of feeders are only
    /// found then.
    pub fn fingerprint(&self) -> u64 {
        Fingerprint::new("supply").whole(self.rules.grid.length()).flag(self.rules.whole).end()
    }

    /// A number of the settings that [`IndicesState`] depends on: the time zone, because books are kept by local day.
    pub fn indices_fingerprint(&self) -> u64 {
        Fingerprint::new("indices").text(self.calendar.zone_name()).end()
    }

    /// The outages that last and the consumers with supply, to be stored. `topology` is the one in use.
    pub fn snapshot(&self, topology: &Topology) -> SupplyState {
        let seats = topology.rows().iter().zip(&self.seats);
        SupplyState {
            last: self.last,
            heard: seats.filter_map(|(row, seat)| Some((row.meter, seat.stored()?))).collect(),
            out: self.out.clone(),
            groups: self.groups.clone(),
            returned: self.returned.clone(),
            past: self.past.clone(),
            ended_since: self.ended_since.clone(),
            told: self.told.clone(),
            dark: self.dark.clone(),
        }
    }

    /// Takes a stored state, which must have been stored under the same [fingerprint](Self::fingerprint), into a
    /// supply at its beginning.
    pub fn restore(&mut self, topology: &Topology, stored: SupplyState) -> Result<(), RestoreError> {
        let mut members = BTreeMap::<Target, u32>::new();
        let ended = stored.ended_since.iter().map(|ended| &ended.spell);
        for target in stored.out.values().chain(ended).filter_map(|spell| spell.group) {
            *members.entry(target).or_default() += 1;
        }
        // A consumer that returns is subtracted from the count of its outage. A wrong count would wrap around below
        // zero.
        let out = stored.groups.iter().map(|(target, group)| (*target, group.out));
        let counted = stored.groups.values().all(|group| group.out <= group.consumers);
        if !counted || !out.filter(|(_, out)| *out > 0).eq(members) {
            return Err(RestoreError);
        }
        // A meter that has left the topology since is no consumer any more.
        topology.first_rows(stored.heard).for_each(|(first, known)| self.seats[first].take(known));
        (self.last, self.out) = (stored.last, stored.out);
        (self.groups, self.returned, self.past) = (stored.groups, stored.returned, stored.past);
        (self.ended_since, self.told, self.dark) = (stored.ended_since, stored.told, stored.dark);
        Ok(())
    }

    /// The books behind the indices, to be stored.
    pub fn indices(&self) -> IndicesState {
        IndicesState(self.books.clone())
    }

    /// Takes stored books, which must have been stored under the same
    /// [`indices_fingerprint`](Self::indices_fingerprint).
    pub fn restore_indices(&mut self, stored: IndicesState) {
        self.books = stored.0;
    }
}
