//! What is done with closed intervals before anybody sees them, meter by meter: estimate, vet, add up.

use crate::Plan;
use crate::snapshot::SnapshotError;
use fleet::Silence;
use metering::{Metering, MeteringRows, MeteringV1};
use reading::{Interval, MeterId};
use serde::{Deserialize, Serialize};
use vet::{Tally, Vet, VetV1, estimate, stand_in};

/// The books of some meters, by slot.
#[derive(Debug)]
pub struct Books {
    /// Silences longer than this are spread by the load profile, ms.
    linear_up_to: Option<i64>,
    vet: Option<Vet>,
    metering: Option<Metering>,
}

/// `M` is a [`MeteringV1`], or what is written as one. Each with the fingerprint of its settings.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct BooksV1<M> {
    vet: Option<(u64, VetV1)>,
    metering: Option<(u64, M)>,
}

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
    pub(crate) fn fingerprints(&self) -> [Option<u64>; 2] {
        [self.vet.as_ref().map(Vet::fingerprint), self.metering.as_ref().map(Metering::fingerprint)]
    }

    /// The meters of these slots, ascending, to be written.
    pub(crate) fn stored(&self, slots: impl Iterator<Item = u32> + Clone) -> BooksV1<impl Serialize> {
        BooksV1 {
            vet: self.vet.as_ref().map(|vet| (vet.fingerprint(), vet.stored(slots.clone()))),
            metering: self.metering.as_ref().map(|metering| (metering.fingerprint(), metering.stored(slots))),
        }
    }

    /// Takes the meters of a snapshot; says whether profiles and demand were stored under other settings, and begin
    /// afresh.
    pub(crate) fn restore(&mut self, stored: &BooksV1<MeteringV1>) -> Result<Lost, SnapshotError> {
        if let (Some(vet), Some((fingerprint, stored))) = (&mut self.vet, &stored.vet)
            && vet.fingerprint() == *fingerprint
        {
            vet.restore(stored);
        }
        let Some((fingerprint, stored)) = &stored.metering else { return Ok(Lost(false)) };
        match &mut self.metering {
            Some(metering) if metering.fingerprint() == *fingerprint => {
                let fits = metering.restore(stored);
                fits.then_some(Lost(false))
                    .ok_or(SnapshotError::Content { what: "the profiles and the demand" })
            }
            _ => Ok(Lost(true)),
        }
    }
}

/// Whether profiles and demand begin afresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lost(pub(crate) bool);

impl BooksV1<MeteringV1> {
    /// Lays the changes that came after it over a snapshot.
    pub(crate) fn overlay(&mut self, later: Self) {
        match (&mut self.vet, later.vet) {
            (Some((known, whole)), Some((found, later))) if *known == found => whole.overlay(later),
            (whole, later) => *whole = later,
        }
        match (&mut self.metering, later.metering) {
            (Some((known, whole)), Some((found, later))) if *known == found => whole.overlay(later),
            (whole, later) => *whole = later,
        }
    }
}
