//! The day's suspicions of each meter in one row.

use crate::{Detector, Suspicion};
use jiff::civil::Date;
use reading::{Calendar, EventTime, MeterId, TransformerId};
use std::collections::BTreeMap;

/// One meter on one local day. A meter without a suspicion has no row.
#[derive(Debug, Clone, PartialEq)]
pub struct DailySuspicion {
    /// Which meter.
    pub meter: MeterId,
    /// The local day.
    pub day: Date,
    /// The highest score of the day.
    pub score: f64,
    /// The highest score of the day that each detector gave, in the order of [`Detector::ALL`]; 0 where it gave none.
    pub by_detector: [f64; Detector::ALL.len()],
}

impl DailySuspicion {
    pub(crate) fn new(meter: MeterId, day: Date) -> Self {
        Self { meter, day, score: 0.0, by_detector: [0.0; Detector::ALL.len()] }
    }

    /// The highest score of the day that a detector gave; 0 if it gave none.
    pub fn score_of(&self, detector: Detector) -> f64 {
        self.by_detector[detector as usize]
    }

    fn add(&mut self, suspicion: &Suspicion) {
        self.score = self.score.max(suspicion.score);
        for evidence in &suspicion.evidence {
            let score = &mut self.by_detector[evidence.detector as usize];
            *score = score.max(evidence.score);
        }
    }
}

/// Collects the suspicions of days that are under way. A day is over for a meter when the neighbours on its
/// transformer have been compared in the first interval of the next day.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DailyScores {
    pub(crate) open: BTreeMap<(Date, MeterId), OpenDay>,
}

/// A day of a meter that is under way.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OpenDay {
    pub(crate) row: DailySuspicion,
    /// Where the meter stands.
    pub(crate) transformer: Option<TransformerId>,
}

impl DailyScores {
    /// Nothing collected yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what a tick raised, in any order. The rows of days that are over are added to `out`, by day and meter:
    /// `front_of` knows up to when neighbours on a transformer have been compared.
    pub fn collect(
        &mut self,
        calendar: &Calendar,
        raised: &[Suspicion],
        front_of: impl Fn(Option<TransformerId>) -> EventTime,
        out: &mut Vec<DailySuspicion>,
    ) {
        for suspicion in raised.iter().filter(|suspicion| suspicion.score > 0.0) {
            let (day, meter) = (calendar.day_of_interval(suspicion.time), suspicion.meter);
            let new = || OpenDay { row: DailySuspicion::new(meter, day), transformer: None };
            let open = self.open.entry((day, meter)).or_insert_with(new);
            open.row.add(suspicion);
            open.transformer = suspicion.transformer;
        }
        let is_over = |&(day, _): &(Date, MeterId), open: &mut OpenDay| {
            calendar.day_of_interval(front_of(open.transformer)) > day
        };
        out.extend(self.open.extract_if(.., is_over).map(|(_, open)| open.row));
    }

    /// Adds the rows of the days under way, when the readings end.
    pub fn finish(&mut self, out: &mut Vec<DailySuspicion>) {
        out.extend(core::mem::take(&mut self.open).into_values().map(|open| open.row));
    }
}
