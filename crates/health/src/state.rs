//! The stored state of a book.

use crate::book::{Book, Meter, Plane};
use crate::cause::Causes;
use crate::delivered::Delivered;
use crate::rhythm::Rhythm;
use reading::EventTime;
use serde::{Deserialize, Serialize};

/// Which days have planes, and how far each is published.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DaysState {
    today: Option<(i32, EventTime)>,
    planes: Vec<(i32, u64)>,
}

/// Where a day of a meter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Stands {
    InPlane,
    Fresh,
    Open,
}

/// What is stored of a meter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeterState {
    last: u32,
    first: u32,
    published: u16,
    rhythm: u8,
    causes: u8,
    days: Vec<(i32, Stands, Delivered)>,
}

impl Book {
    /// Goes up when the stored form changes.
    pub const STATE_VERSION: u16 = 1;

    /// What is stored beside the meters.
    pub fn days(&self) -> DaysState {
        let planes = self.planes.iter().map(|plane| (plane.day, plane.next_turn)).collect();
        DaysState { today: self.today, planes }
    }

    /// What is stored of the meter in a slot.
    pub fn stored(&self, slot: u32) -> MeterState {
        let meter = self.meters.get(slot as usize).copied().unwrap_or_default();
        let mut days = Vec::new();
        for plane in &self.planes {
            if let Some(&cell) = plane.cells.get(slot as usize).filter(|&&cell| cell != Delivered::NOTHING) {
                days.push((plane.day, Stands::InPlane, cell));
            }
        }
        for (kept, stands) in [(&self.fresh, Stands::Fresh), (&self.open, Stands::Open)] {
            if kept.is_empty() {
                continue;
            }
            // A handful of days, so that each is looked up.
            let mut from = i32::MIN;
            while let Some((&(day, _), _)) = kept.range((from, 0)..).next() {
                days.extend(kept.get(&(day, slot)).map(|&cell| (day, stands, cell)));
                from = day.saturating_add(1);
            }
        }
        let Meter { last, first, published, rhythm, causes } = meter;
        MeterState { last, first, published, rhythm: rhythm.stored(), causes: causes.0, days }
    }

    /// Restores a book, which must have no state yet.
    pub fn restore<'a>(&mut self, days: &DaysState, meters: impl Iterator<Item = (u32, &'a MeterState)>) {
        self.today = days.today;
        self.planes =
            days.planes.iter().map(|&(day, next_turn)| Plane { day, cells: Vec::new(), next_turn }).collect();
        for (slot, stored) in meters {
            let MeterState { last, first, published, rhythm, causes, ref days } = *stored;
            let (rhythm, causes) = (Rhythm::restored(rhythm), Causes(causes));
            self.put(slot, Meter { last, first, published, rhythm, causes });
            for &(day, stands, cell) in days {
                match stands {
                    Stands::InPlane => self.put_in_plane(slot, day, cell),
                    Stands::Fresh => drop(self.fresh.insert((day, slot), cell)),
                    Stands::Open => drop(self.open.insert((day, slot), cell)),
                }
            }
        }
    }
}
