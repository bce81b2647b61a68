//! The day's suspicions of each meter in one row.

use crate::{Detector, Suspicion};
use jiff::civil::Date;
use reading::{Calendar, EventTime, MeterId};
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

/// Collects the suspicions of the day that is under way.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DailyScores {
    pub(crate) day: Option<Date>,
    pub(crate) by_meter: BTreeMap<MeterId, DailySuspicion>,
}

impl DailyScores {
    /// Nothing collected yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what the tick that ends at `end` raised, in any order. If that tick is the first of a local day, the
    /// rows of the day before are added to `out` first, by meter.
    pub fn collect(
        &mut self,
        end: EventTime,
        calendar: &Calendar,
        raised: &[Suspicion],
        out: &mut Vec<DailySuspicion>,
    ) {
        let day = calendar.day_of_interval(end);
        if self.day != Some(day) {
            self.finish(out);
            self.day = Some(day);
        }
        for suspicion in raised.iter().filter(|suspicion| suspicion.score > 0.0) {
            let meter = suspicion.meter;
            self.by_meter.entry(meter).or_insert_with(|| DailySuspicion::new(meter, day)).add(suspicion);
        }
    }

    /// Adds the rows of the current day, when the readings end.
    pub fn finish(&mut self, out: &mut Vec<DailySuspicion>) {
        out.extend(core::mem::take(&mut self.by_meter).into_values());
        self.day = None;
    }
}
