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
    /// The highest score of the day that [`Detector::PhaseNeutral`] gave; 0 if it gave none.
    pub phase_neutral: f64,
    /// The most blocks that a suspicion of the day rests on.
    pub blocks: u32,
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

    /// Takes what the tick that ends at `end` raised, in any order. If that tick is the first of a local day, the rows
    /// of the day before are added to `out` first, by meter.
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
            let row = self.by_meter.entry(meter).or_insert(DailySuspicion {
                meter,
                day,
                score: 0.0,
                phase_neutral: 0.0,
                blocks: 0,
            });
            row.score = row.score.max(suspicion.score);
            match suspicion.detector {
                Detector::PhaseNeutral => row.phase_neutral = row.phase_neutral.max(suspicion.score),
            }
            let blocks = suspicion.evidence.iter().map(crate::Evidence::blocks).max();
            row.blocks = row.blocks.max(blocks.unwrap_or_default());
        }
    }

    /// Adds the rows of the day under way, as when the readings end.
    pub fn finish(&mut self, out: &mut Vec<DailySuspicion>) {
        out.extend(core::mem::take(&mut self.by_meter).into_values());
        self.day = None;
    }
}
