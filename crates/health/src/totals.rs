//! Transformers and concentrators: what all of their meters delivered.

use crate::cause::WRONG_CLOCK;
use crate::row::{HealthRow, MeterDay, Standing, Sums, Whose};
use crate::settings::HealthSettings;
use crate::span::{Span, date_of};
use reading::time::DAY;
use reading::{ConcentratorId, EventTime, TransformerId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where the readings of a meter come from.
#[derive(Debug, Clone, Copy, Default)]
pub struct Place {
    /// The transformer of the meter.
    pub transformer: Option<TransformerId>,
    /// The concentrator that sends for the meter.
    pub concentrator: Option<ConcentratorId>,
}

/// A day of a transformer or concentrator.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Total {
    /// Of meters whose day is final.
    settled: Sums,
    /// Of meters whose day will be reported again; after the first row nothing.
    provisional: Sums,
    /// By how much the clock of each meter was ahead, s. After the first row only the median is left.
    offsets: Vec<i32>,
}

/// The stored form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TotalsState {
    days: Vec<(i32, Vec<(Whose, Total)>)>,
    published: i32,
    wrong_clocks: BTreeMap<ConcentratorId, i64>,
}

/// The days of transformers and concentrators that are not final.
#[derive(Debug, Clone)]
pub struct Totals {
    settings: HealthSettings,
    days: BTreeMap<i32, BTreeMap<Whose, Total>>,
    /// The first rows of this day, and of all before, have been published.
    published: i32,
    /// The concentrators whose clock was wrong, with the offset that was seen last, s.
    wrong_clocks: BTreeMap<ConcentratorId, i64>,
}

impl Totals {
    /// Goes up when the stored form changes.
    pub const STATE_VERSION: u16 = 1;

    /// Totals of no day.
    pub fn new(settings: HealthSettings) -> Self {
        Self { settings, days: BTreeMap::new(), published: i32::MIN, wrong_clocks: BTreeMap::new() }
    }

    /// Takes the days of meters that a tick published, each with its place, and appends the rows: first those of the
    /// meters, then those of transformers and concentrators that are due.
    pub fn tick(
        &mut self,
        end: EventTime,
        days: impl Iterator<Item = (MeterDay, Place)>,
        out: &mut Vec<HealthRow>,
    ) {
        self.take(days, out);
        let today = Span::at(&self.settings.calendar, end);
        let length = self.settings.grid.length();
        let all_turned = today.start.plus(self.settings.turns() as i64 * length);
        let known: Vec<i32> = self.days.keys().copied().collect();
        for day in known {
            let is_whole = day < today.day - 2 || day == today.day - 2 && end >= all_turned;
            let final_at =
                Span::of(&self.settings.calendar, day).end.plus(self.settings.final_after.max(DAY));
            if is_whole && end >= final_at {
                let ended = self.days.remove(&day).unwrap_or_default();
                self.published = self.published.max(day);
                self.publish(day, ended, Standing::Final, out);
            } else if is_whole && self.published < day {
                self.published = day;
                let mut ended = self.days.remove(&day).unwrap_or_default();
                self.publish(day, ended.clone(), Standing::Open, out);
                ended.retain(|_, total| total.provisional.meters > 0);
                for total in ended.values_mut() {
                    total.offsets = median(&mut total.offsets).into_iter().collect();
                    total.provisional = Sums::default();
                }
                self.days.insert(day, ended);
            }
        }
    }

    /// The run ends: appends the rows of all days as they stand. The state stays as it is.
    pub fn finish(&self, out: &mut Vec<HealthRow>) {
        let mut last = self.clone();
        for (day, totals) in std::mem::take(&mut last.days) {
            last.publish(day, totals, Standing::Last, out);
        }
    }

    /// Takes days of meters, each with its place, and appends their rows.
    pub fn take(&mut self, days: impl Iterator<Item = (MeterDay, Place)>, out: &mut Vec<HealthRow>) {
        for (one, place) in days {
            let concentrator = place.concentrator.filter(|_| self.settings.whole_town);
            let of_place = [place.transformer.map(Whose::Transformer), concentrator.map(Whose::Concentrator)];
            let is_published = one.day <= self.published;
            // A total that is final and gone stays as it was published.
            let is_open = !is_published || self.days.contains_key(&one.day);
            for whose in of_place.into_iter().flatten().filter(|_| is_open) {
                let total = self.days.entry(one.day).or_default().entry(whose).or_default();
                match (one.standing == Standing::Final, one.is_again && !is_published) {
                    (true, _) => total.settled.add(&one),
                    (false, false) => total.provisional.add(&one),
                    // It is there as it was reported first.
                    (false, true) => {}
                }
                if !is_published {
                    total.offsets.extend(one.delivered.offset().map(|offset| offset as i32));
                }
            }
            out.push(HealthRow {
                whose: Whose::Meter(one.meter),
                day: date_of(one.day),
                sums: Sums::of(&one),
                offset_s: one.delivered.offset(),
                standing: one.standing,
            });
        }
    }

    /// Appends the rows of a day. If it is `Open`, the days of some meters may be final all the same.
    fn publish(
        &mut self,
        day: i32,
        totals: BTreeMap<Whose, Total>,
        standing: Standing,
        out: &mut Vec<HealthRow>,
    ) {
        for (whose, mut total) in totals {
            let offset_s = median(&mut total.offsets).map(i64::from);
            if let (Whose::Concentrator(id), Some(offset)) = (whose, offset_s)
                && offset > WRONG_CLOCK
            {
                self.wrong_clocks.insert(id, offset);
            }
            let is_whole = standing == Standing::Open && total.provisional.meters == 0;
            let standing = if is_whole { Standing::Final } else { standing };
            let mut sums = total.settled;
            sums.add_all(&total.provisional);
            out.push(HealthRow { whose, day: date_of(day), sums, offset_s, standing });
        }
    }

    /// The concentrators whose clock was ahead, with by how much it was last, s.
    pub fn wrong_clocks(&self) -> &BTreeMap<ConcentratorId, i64> {
        &self.wrong_clocks
    }

    /// The state, to be stored.
    pub fn snapshot(&self) -> TotalsState {
        let days = self.days.iter();
        TotalsState {
            days: days.map(|(&day, totals)| (day, totals.clone().into_iter().collect())).collect(),
            published: self.published,
            wrong_clocks: self.wrong_clocks.clone(),
        }
    }

    /// Replaces the state by a stored one.
    pub fn restore(&mut self, stored: TotalsState) {
        let days = stored.days.into_iter();
        self.days = days.map(|(day, totals)| (day, totals.into_iter().collect())).collect();
        self.published = stored.published;
        self.wrong_clocks = stored.wrong_clocks;
    }
}

/// The middle one; of two the lower.
fn median(offsets: &mut [i32]) -> Option<i32> {
    let middle = offsets.len().checked_sub(1)? / 2;
    Some(*offsets.select_nth_unstable(middle).1)
}
