//! The stored state of meters, by the number of their slots.

use serde::ser::SerializeSeq;
use serde::{Deserialize, Serialize, Serializer};

/// What is stored of meters by slot, ascending: of all of them, or of those that changed since an earlier state.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BySlot<T>(Vec<(u32, T)>);

impl<T> BySlot<T> {
    /// Applies later changes to this state: the new state of a meter replaces its old one.
    pub fn overlay(&mut self, later: Self) {
        let mut known = std::mem::take(&mut self.0).into_iter().peekable();
        for (slot, meter) in later.0 {
            self.0.extend(std::iter::from_fn(|| known.next_if(|(other, _)| *other < slot)));
            known.next_if(|(other, _)| *other == slot);
            self.0.push((slot, meter));
        }
        self.0.extend(known);
    }

    /// All of them, by slot.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.0.iter().map(|(slot, meter)| (*slot, meter))
    }
}

impl<T> FromIterator<(u32, T)> for BySlot<T> {
    /// Slots must ascend.
    fn from_iter<I: IntoIterator<Item = (u32, T)>>(meters: I) -> Self {
        let meters: Vec<(u32, T)> = meters.into_iter().collect();
        debug_assert!(meters.is_sorted_by_key(|(slot, _)| *slot), "slots ascend");
        Self(meters)
    }
}

/// Is written as a [`BySlot`], one meter at a time, so that the state of millions of meters is never in memory twice.
#[derive(Debug)]
pub struct WrittenBySlot<F> {
    /// The slots, ascending.
    pub slots: Vec<u32>,
    /// What is stored of the meter in a slot.
    pub meter: F,
}

impl<T: Serialize, F: Fn(u32) -> T> Serialize for WrittenBySlot<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut meters = serializer.serialize_seq(Some(self.slots.len()))?;
        for &slot in &self.slots {
            meters.serialize_element(&(slot, (self.meter)(slot)))?;
        }
        meters.end()
    }
}
