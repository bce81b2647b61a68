//! The books estimate, vet and add up closed intervals, meter by meter, before any output sees them.

mod health;
mod turns;
mod wires;

use self::health::Health;
use self::turns::Turn;
pub(crate) use self::wires::WireBook;
use crate::Plan;
use crate::parts::{Found, PartKind, Restoring, Storing};
use crate::reports::Report;
use crate::snapshot::SnapshotError;
use ::health::Summary;
use fleet::{Fleet, Silence};
use grid::Topology;
use metering::{BySlot, Metering, MeteringRows};
use reading::{Batch, EventTime, Interval, MeterId};
use serde::de::DeserializeOwned;
use vet::{Tally, Vet, VetState, estimate, stand_in};

/// The books of some meters, by slot.
#[derive(Debug)]
pub struct Books {
    /// Energy across a silence longer than this is spread by the load profile, ms.
    linear_up_to: Option<i64>,
    vet: Option<Vet>,
    metering: Option<Metering>,
    health: Option<Health>,
    wires: Option<WireBook>,
}

const VET: PartKind = PartKind {
    name: "vet",
    version: Vet::STATE_VERSION,
    reads: &[],
    holds: "what quality rules remember of each meter",
    settings: "`length` of `[intervals]`",
};
const PROFILES: PartKind = PartKind {
    name: "profiles",
    version: Metering::PROFILES_VERSION,
    reads: &[],
    holds: "load profiles",
    settings: "`slot` of `[profiles]`, `length` of `[intervals]`, or `time_zone`",
};
const DEMAND: PartKind = PartKind {
    name: "demand",
    version: Metering::DEMAND_VERSION,
    reads: &[],
    holds: "the demand of each meter in the billing period under way",
    settings: "`[demand]`, `length` of `[intervals]`, or `time_zone`",
};
const POWER_FACTOR: PartKind = PartKind {
    name: "power-factor",
    version: Metering::POWER_FACTOR_VERSION,
    reads: &[],
    holds: "the hours by power factor in the billing period under way",
    settings: "`[power_factor]`, `[demand]`, `length` of `[intervals]`, or `time_zone`",
};

impl Books {
    /// Empty books.
    pub fn new(plan: &Plan, topology: &Topology) -> Self {
        let mut books = Self {
            linear_up_to: plan.linear_up_to,
            vet: plan.new_vet(),
            metering: plan.new_metering(),
            health: plan.health.clone().map(Health::new),
            wires: plan.new_wires(),
        };
        books.place(topology);
        books
    }

    /// Takes another topology: it says which meters are gone.
    pub fn place(&mut self, topology: &Topology) {
        if let Some(health) = &mut self.health {
            health.place(topology);
        }
    }

    /// Notes what the meters have just taken of a batch, for data health and detectors.
    pub fn hear(&mut self, fleet: &Fleet, batch: &Batch) {
        if let (Some(health), Some(heard)) = (&mut self.health, fleet.heard()) {
            health.hear(heard, batch, fleet.closed());
        }
        if let (Some(wires), Some(heard)) = (&mut self.wires, fleet.heard()) {
            wires.hear(heard, batch, fleet);
        }
    }

    /// Takes closed intervals, each with the slot of its meter, and the silences that they ended.
    ///
    /// The intervals of one meter come in the order of their ends. The books fill in estimates, set flags of quality,
    /// and append the billing periods that are over to `closed`.
    pub fn enter(
        &mut self,
        slots: &[u32],
        silences: &[Silence],
        rows: &mut [Interval],
        closed: &mut MeteringRows,
    ) {
        let any_silence = !silences.is_empty();
        let learns = self.metering.is_some() && (self.vet.is_some() || self.linear_up_to.is_some());
        if learns && turns::any_has_several(slots) {
            let longer_than = self.linear_up_to.unwrap_or(i64::MAX);
            for Turn { rows: own, silences } in turns::turns(slots, rows, silences, longer_than) {
                self.enter_turn(&slots[own.clone()], (&silences, any_silence), &mut rows[own], closed);
            }
        } else {
            self.enter_turn(slots, (silences, any_silence), rows, closed);
        }
        if let Some(health) = &mut self.health {
            health.enter(slots, rows);
        }
        if let Some(wires) = &mut self.wires {
            wires.enter(slots, rows);
        }
    }

    /// Estimates, vets and adds up rows. All of them are judged by what was known before the first. Rows may lie in short
    /// silences that are not among these if there is `any_silence`.
    fn enter_turn(
        &mut self,
        slots: &[u32],
        (silences, any_silence): (&[Silence], bool),
        rows: &mut [Interval],
        closed: &mut MeteringRows,
    ) {
        if let (Some(linear_up_to), Some(metering), false) =
            (self.linear_up_to, &mut self.metering, silences.is_empty())
        {
            estimate(silences, linear_up_to, slots, rows, metering);
        }
        let metering = self.metering.as_ref();
        let some_rejected = self.vet.as_mut().is_some_and(|vet| vet.judge(slots, rows, metering));
        if let Some(metering) = self.metering.as_mut().filter(|_| some_rejected || any_silence) {
            stand_in(slots, rows, metering);
        }
        if let Some(metering) = &mut self.metering {
            metering.take(slots, rows, closed);
        }
    }

    /// The reports for the second stage about the tick that was closed last, which ended at `end`. Each kind is sorted
    /// by meter and time.
    pub fn reports(&mut self, end: EventTime, fleet: &mut Fleet) -> Vec<Report> {
        let mut reports: Vec<Report> = fleet.tick_events().iter().copied().map(Report::Event).collect();
        if let Some(health) = &mut self.health {
            reports.extend(health.tick(end, fleet));
        }
        reports.extend(self.wires.iter_mut().flat_map(WireBook::tick));
        reports
    }

    /// No more readings come: the ticks from now on are only those that the meters here have readings of.
    pub fn end(&mut self) {
        self.health.iter_mut().for_each(Health::end);
    }

    /// In how many turns the last reports come.
    pub fn last_turns(&self) -> u64 {
        self.health.as_ref().map_or(0, Health::turns)
    }

    /// The run ends: the last reports for the second stage, of a part of the meters with each turn. After the last turn
    /// only [`Self::summary`] is of use.
    pub fn last_reports(&mut self, turn: u64, fleet: &Fleet) -> Vec<Report> {
        self.health.as_mut().map(|health| health.finish(turn, fleet)).unwrap_or_default()
    }

    /// What has been wrong with the readings since the state began.
    pub fn summary(&self, fleet: &Fleet) -> Summary {
        self.health.as_ref().map(|health| health.summary(fleet)).unwrap_or_default()
    }

    /// Unfinished billing periods, and profiles. None if the plan keeps neither.
    pub fn finish(&mut self, meters: impl Iterator<Item = (u32, MeterId)>) -> Option<MeteringRows> {
        let metering = self.metering.as_mut()?;
        let mut rows = MeteringRows::default();
        metering.finish(meters, &mut rows);
        Some(rows)
    }

    /// From now on each meter's profile is published every four weeks.
    pub fn publish_profiles_every_four_weeks(&mut self) {
        self.metering.iter_mut().for_each(Metering::publish_profiles_every_four_weeks);
    }

    /// How often each quality rule has fired since the state began.
    pub fn tally(&self) -> Tally {
        self.vet.as_ref().map(|vet| *vet.tally()).unwrap_or_default()
    }

    /// Bytes that the books take.
    pub fn memory(&self) -> usize {
        self.vet.as_ref().map_or(0, Vet::memory)
            + self.metering.as_ref().map_or(0, Metering::memory)
            + self.health.as_ref().map_or(0, Health::memory)
            + self.wires.as_ref().map_or(0, WireBook::memory)
    }

    /// Appends the parts of the meters with these slots, which ascend.
    pub(crate) fn store(&self, slots: impl Iterator<Item = u32> + Clone, parts: &mut Storing) {
        if let Some(vet) = &self.vet {
            parts.part(&VET, vet.fingerprint(), &vet.stored(slots.clone()));
        }
        if let Some(health) = &self.health {
            health.store(slots.clone(), parts);
        }
        if let Some(wires) = &self.wires {
            wires.store(parts);
        }
        let Some(metering) = &self.metering else { return };
        if let Some(fingerprint) = metering.profiles_fingerprint() {
            parts.part(&PROFILES, fingerprint, &metering.stored_profiles(slots.clone()));
        }
        if let Some(fingerprint) = metering.demand_fingerprint() {
            parts.part(&DEMAND, fingerprint, &metering.stored_demand(slots.clone()));
        }
        if let Some(fingerprint) = metering.power_factor_fingerprint() {
            parts.part(&POWER_FACTOR, fingerprint, &metering.stored_power_factors(slots));
        }
    }

    /// Restores the parts: the whole state first, then the changes of some meters.
    pub(crate) fn restore(&mut self, parts: &mut Restoring<'_>) -> Result<(), SnapshotError> {
        if let Some(vet) = &mut self.vet
            && let Some(found) = parts.take(&VET, vet.fingerprint())?
        {
            vet.restore(&found.overlaid(|whole: &mut VetState, later| {
                whole.overlay(later);
                Ok(())
            })?);
        }
        if let Some(health) = &mut self.health {
            health.restore(parts)?;
        }
        if let Some(wires) = &mut self.wires {
            wires.restore(parts)?;
        }
        let Some(metering) = &mut self.metering else { return Ok(()) };
        if let Some(found) = take(parts, &PROFILES, metering.profiles_fingerprint())? {
            fits(&found, metering.restore_profiles(&by_slot(&found)?))?;
        }
        if let Some(found) = take(parts, &DEMAND, metering.demand_fingerprint())? {
            fits(&found, metering.restore_demand(&by_slot(&found)?))?;
        }
        if let Some(found) = take(parts, &POWER_FACTOR, metering.power_factor_fingerprint())? {
            fits(&found, metering.restore_power_factors(&by_slot(&found)?))?;
        }
        Ok(())
    }

    /// Counts all parts as lost: without the meters that `beneath` holds, a slot belongs to no meter.
    pub(crate) fn lose(parts: &mut Restoring<'_>, beneath: &PartKind) {
        parts.lose_with(&VET, beneath);
        parts.lose_with(&PROFILES, beneath);
        parts.lose_with(&DEMAND, beneath);
        parts.lose_with(&POWER_FACTOR, beneath);
        parts.lose_with(&Health::PART, beneath);
        parts.lose_with(&WireBook::PART, beneath);
    }
}

/// Takes a part, unless the plan does not ask for it.
fn take<'a>(
    parts: &mut Restoring<'a>,
    kind: &PartKind,
    fingerprint: Option<u64>,
) -> Result<Option<Found<'a>>, SnapshotError> {
    match fingerprint {
        Some(fingerprint) => parts.take(kind, fingerprint),
        None => Ok(None),
    }
}

/// State by slot, with all changes applied.
fn by_slot<T>(found: &Found<'_>) -> Result<BySlot<T>, SnapshotError>
where
    BySlot<T>: DeserializeOwned,
{
    found.overlaid(|whole: &mut BySlot<T>, later| {
        whole.overlay(later);
        Ok(())
    })
}

fn fits(found: &Found<'_>, fits: bool) -> Result<(), SnapshotError> {
    fits.then_some(()).ok_or_else(|| found.wrong())
}
