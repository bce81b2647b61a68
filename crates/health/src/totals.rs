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

/// How many meters there should be: those of transformers and concentrators by the topology.
pub type Roll = BTreeMap<Whose, u32>;

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

impl Total {
    /// The median offset, if at least half of its meters have one: fewer may be those whose own clocks are wrong.
    fn settle_offset(&mut self, whose: &Whose, roll: &Roll) {
        let meters = self.settled.meters + self.provisional.meters + self.absent(whose, roll);
        let enough = 2 * self.offsets.len() >= meters as usize;
        self.offsets = median(&mut self.offsets).filter(|_| enough).into_iter().collect();
    }

    /// How many meters of the roll have no row.
    fn absent(&self, whose: &Whose, roll: &Roll) -> u32 {
        let there = self.settled.meters + self.provisional.meters;
        roll.get(whose).map_or(0, |&meters| meters.saturating_sub(there))
    }
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
    /// meters, then those of transformers and concentrators that are due. `roll` says for a time how many meters these
    /// should have.
    pub fn tick(
        &mut self,
        end: EventTime,
        days: impl Iterator<Item = (MeterDay, Place)>,
        roll: impl Fn(EventTime) -> Roll,
        out: &mut Vec<HealthRow>,
    ) {
        self.take(days, out);
        let today = Span::at(&self.settings.calendar, end);
        let length = self.settings.grid.length();
        let all_turned = today.start.plus(self.settings.turns() as i64 * length);
        let known: Vec<i32> = self.days.keys().copied().collect();
        for day in known {
            let is_whole = day < today.day - 2 || day == today.day - 2 && end >= all_turned;
            let day_end = Span::of(&self.settings.calendar, day).end;
            let final_at = day_end.plus(self.settings.final_after.max(DAY));
            if is_whole && end >= final_at {
                let ended = self.days.remove(&day).unwrap_or_default();
                self.publish(day, ended, &roll(day_end), Standing::Final, out);
                self.published = self.published.max(day);
            } else if is_whole && self.published < day {
                let mut ended = self.days.remove(&day).unwrap_or_default();
                let roll = roll(day_end);
                ended.iter_mut().for_each(|(whose, total)| total.settle_offset(whose, &roll));
                self.published = day;
                self.publish(day, ended.clone(), &roll, Standing::Open, out);
                ended.retain(|whose, total| total.provisional.meters > 0 || total.absent(whose, &roll) > 0);
                ended.values_mut().for_each(|total| total.provisional = Sums::default());
                self.days.insert(day, ended);
            }
        }
    }

    /// The run ends: appends the rows of all days as they stand, and returns how many meters of transformers had sent
    /// nothing up to the last day. The state stays as it is.
    pub fn finish(&self, roll: impl Fn(EventTime) -> Roll, out: &mut Vec<HealthRow>) -> u32 {
        let (mut last, mut absent) = (self.clone(), 0);
        for (day, totals) in std::mem::take(&mut last.days) {
            let roll = roll(Span::of(&self.settings.calendar, day).end);
            let of_transformers = roll.iter().filter(|(whose, _)| matches!(whose, Whose::Transformer(_)));
            let nobody = Total::default();
            absent = of_transformers
                .map(|(whose, _)| totals.get(whose).unwrap_or(&nobody).absent(whose, &roll))
                .sum();
            last.publish(day, totals, &roll, Standing::Last, out);
        }
        absent
    }

    /// Takes days of meters, each with its place, and appends their rows.
    pub fn take(&mut self, days: impl Iterator<Item = (MeterDay, Place)>, out: &mut Vec<HealthRow>) {
        for (one, place) in days {
            let concentrator = place.concentrator.filter(|_| self.settings.whole_town);
            let of_place = [place.transformer.map(Whose::Transformer), concentrator.map(Whose::Concentrator)];
            let is_published = one.day <= self.published;
            for whose in of_place.into_iter().flatten() {
                let total = if is_published {
                    // A total that is final and gone stays as it was published.
                    let Some(open) = self.days.get_mut(&one.day).and_then(|day| day.get_mut(&whose)) else {
                        continue;
                    };
                    open
                } else {
                    self.days.entry(one.day).or_default().entry(whose).or_default()
                };
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
        roll: &Roll,
        standing: Standing,
        out: &mut Vec<HealthRow>,
    ) {
        for (whose, mut total) in totals {
            if day > self.published {
                total.settle_offset(&whose, roll);
            }
            let offset_s = total.offsets.first().copied().map(i64::from);
            if let (Whose::Concentrator(id), Some(offset)) = (whose, offset_s)
                && offset > WRONG_CLOCK
            {
                self.wrong_clocks.insert(id, offset);
            }
            let absent = total.absent(&whose, roll);
            let is_whole = standing == Standing::Open && total.provisional.meters + absent == 0;
            let standing = if is_whole { Standing::Final } else { standing };
            let mut sums = total.settled;
            sums.add_all(&total.provisional);
            sums.add_absent(absent);
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
