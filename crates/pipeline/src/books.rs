//! What is done with closed intervals before anybody sees them, meter by meter: estimate, vet, add up.

use crate::Plan;
use crate::snapshot::SnapshotError;
use fleet::Silence;
use metering::{BySlot, DemandState, Metering, MeteringRows, PowerFactorState, ProfilesState};
use reading::{Interval, MeterId};
use serde::{Deserialize, Serialize};
use vet::{Tally, Vet, VetState, estimate, stand_in};

/// The books of some meters, by slot.
#[derive(Debug)]
pub struct Books {
    /// Silences longer than this are spread by the load profile, ms.
    linear_up_to: Option<i64>,
    vet: Option<Vet>,
    metering: Option<Metering>,
}

/// `M` is a [`MeteringState`], or what is written as one. Each with the fingerprint of its settings.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct BooksV1<M> {
    vet: Option<(u64, VetState)>,
    metering: Option<M>,
}

/// Profiles, demand and classes of the power factor, or what is written as those.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct MeteringParts<P, D, F> {
    profiles: Option<(u64, P)>,
    demand: Option<(u64, D)>,
    power_factors: Option<(u64, F)>,
}

pub(crate) type MeteringState = MeteringParts<ProfilesState, DemandState, PowerFactorState>;

impl Books {
    /// Nothing in them yet.
    pub fn new(plan: &Plan) -> Self {
        Self { linear_up_to: plan.linear_up_to, vet: plan.new_vet(), metering: plan.new_metering() }
    }

    /// Takes closed intervals, each with the slot of its meter, and the silences that they came out of; those of a meter
    /// come in the order of their ends. Leaves in them what is estimated, and the flags of what is odd; tells billing
    /// periods that are over.
    pub fn enter(
        &mut self,
        slots: &[u32],
        silences: &[Silence],
        rows: &mut [Interval],
        told: &mut MeteringRows,
    ) {
        if let (Some(linear_up_to), Some(metering), false) =
            (self.linear_up_to, &mut self.metering, silences.is_empty())
        {
            estimate(silences, linear_up_to, slots, rows, metering);
        }
        if let Some(vet) = &mut self.vet {
            let some_rejected = vet.judge(slots, rows, self.metering.as_ref());
            if let Some(metering) = self.metering.as_mut().filter(|_| some_rejected) {
                stand_in(slots, rows, metering);
            }
        }
        if let Some(metering) = &mut self.metering {
            metering.take(slots, rows, told);
        }
    }

    /// Billing periods as far as they went, and profiles; nothing if none are kept.
    pub fn finish(&mut self, meters: impl Iterator<Item = (u32, MeterId)>) -> Option<MeteringRows> {
        let metering = self.metering.as_mut()?;
        let mut told = MeteringRows::default();
        metering.finish(meters, &mut told);
        Some(told)
    }

    /// From now on each meter's profile is told every four weeks.
    pub fn tell_profiles_now_and_then(&mut self) {
        self.metering.iter_mut().for_each(Metering::publish_profiles_every_four_weeks);
    }

    /// How often each rule was met since they began.
    pub fn tally(&self) -> Tally {
        self.vet.as_ref().map(|vet| *vet.tally()).unwrap_or_default()
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        self.vet.as_ref().map_or(0, Vet::memory) + self.metering.as_ref().map_or(0, Metering::memory)
    }

    /// Numbers that change with the settings that the state depends on.
    pub(crate) fn fingerprints(&self) -> [Option<u64>; 4] {
        let metering = self.metering.as_ref();
        [
            self.vet.as_ref().map(Vet::fingerprint),
            metering.and_then(Metering::profiles_fingerprint),
            metering.and_then(Metering::demand_fingerprint),
            metering.and_then(Metering::power_factor_fingerprint),
        ]
    }

    /// The meters of these slots, ascending, to be written.
    pub(crate) fn stored(&self, slots: impl Iterator<Item = u32> + Clone) -> BooksV1<impl Serialize> {
        BooksV1 {
            vet: self.vet.as_ref().map(|vet| (vet.fingerprint(), vet.stored(slots.clone()))),
            metering: self.metering.as_ref().map(|metering| {
                let profiles = metering.profiles_fingerprint();
                let demand = metering.demand_fingerprint();
                let power_factors = metering.power_factor_fingerprint();
                MeteringParts {
                    profiles: profiles.map(|own| (own, metering.stored_profiles(slots.clone()))),
                    demand: demand.map(|own| (own, metering.stored_demand(slots.clone()))),
                    power_factors: power_factors.map(|own| (own, metering.stored_power_factors(slots))),
                }
            }),
        }
    }

    /// Takes the meters of a snapshot; says whether profiles and demand were stored under other settings, and begin
    /// afresh.
    pub(crate) fn restore(&mut self, stored: &BooksV1<MeteringState>) -> Result<Lost, SnapshotError> {
        if let (Some(vet), Some((fingerprint, stored))) = (&mut self.vet, &stored.vet)
            && vet.fingerprint() == *fingerprint
        {
            vet.restore(stored);
        }
        let Some(stored) = &stored.metering else { return Ok(Lost(false)) };
        let Some(metering) = &mut self.metering else { return Ok(Lost(true)) };
        let [mut lost, mut fits] = [false, true];
        let mut is_usable = |own: Option<u64>, found: u64| {
            lost |= own != Some(found);
            own == Some(found)
        };
        if let Some((found, profiles)) = &stored.profiles
            && is_usable(metering.profiles_fingerprint(), *found)
        {
            fits &= metering.restore_profiles(profiles);
        }
        if let Some((found, demand)) = &stored.demand
            && is_usable(metering.demand_fingerprint(), *found)
        {
            fits &= metering.restore_demand(demand);
        }
        if let Some((found, power_factors)) = &stored.power_factors
            && is_usable(metering.power_factor_fingerprint(), *found)
        {
            fits &= metering.restore_power_factors(power_factors);
        }
        fits.then_some(Lost(lost)).ok_or(SnapshotError::Content { what: "the profiles and the demand" })
    }
}

/// Whether profiles and demand begin afresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lost(pub(crate) bool);

impl BooksV1<MeteringState> {
    /// Lays the changes that came after it over a snapshot.
    pub(crate) fn overlay(&mut self, later: Self) {
        match (&mut self.vet, later.vet) {
            (Some((known, whole)), Some((found, later))) if *known == found => whole.overlay(later),
            (whole, later) => *whole = later,
        }
        match (&mut self.metering, later.metering) {
            (Some(whole), Some(later)) => {
                overlay(&mut whole.profiles, later.profiles);
                overlay(&mut whole.demand, later.demand);
                overlay(&mut whole.power_factors, later.power_factors);
            }
            (whole, later) => *whole = later,
        }
    }
}

fn overlay<T>(whole: &mut Option<(u64, BySlot<T>)>, later: Option<(u64, BySlot<T>)>) {
    match (whole, later) {
        (Some((known, whole)), Some((found, later))) if *known == found => whole.overlay(later),
        (whole, later) => *whole = later,
    }
}
