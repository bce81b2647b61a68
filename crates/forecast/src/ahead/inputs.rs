//! What the linear model sees of a block: load of days before, calendar, columns, each with the part it plays.

use super::known::Known;
use super::lattice::Block;
use super::moments::Moment;
use std::f64::consts::TAU;

/// The part that an input plays, which decides how it is scaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A load. NaN if it does not apply, such as yesterday's load on a day that is no Monday.
    Load,
    /// 0 or 1, or between them.
    Flag,
    /// A sine or cosine of the time of the year.
    Season,
    /// A column, with hinges: load rises with heat and with cold.
    Hinged(usize),
    /// A column, as it is.
    Plain(usize),
}

/// The inputs of a block.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// What each is.
    pub parts: Vec<Part>,
    /// The values, in units of the load and of the columns.
    pub values: Vec<f64>,
}

impl Inputs {
    /// The inputs of a block, from what is known.
    pub fn of(known: Known<'_>, block: Block) -> Self {
        let mut inputs = Self::default();
        inputs.add_load(known, block);
        inputs.add_calendar(known, block);
        for column in 0..known.columns() {
            inputs.add_column(known, block, column);
        }
        inputs
    }

    /// Adds an input.
    pub fn add(&mut self, part: Part, value: f64) {
        self.parts.push(part);
        self.values.push(value);
    }

    fn add_load(&mut self, known: Known<'_>, block: Block) {
        let day = known.grid().day();
        let (issued, rows) = (known.issued(), day as i64);
        let load = |row| known.filled(row);
        // Further ahead than a week, the shape of yesterday says little more than its parts do.
        let fine = if block.ahead < 7 { day.min(48) } else { day.min(8) };
        let coarse = if day >= 48 { 12 } else { day.min(8) };
        for value in parts_of(issued - rows, day, fine, load) {
            self.add(Part::Load, value);
        }
        let weeks = (block.weeks_back() * day) as i64;
        let before = [issued - 2 * rows, issued - 3 * rows, block.start(known) - weeks];
        for start in before.into_iter().chain([block.start(known) - weeks - 7 * rows]) {
            for value in parts_of(start, day, coarse, load) {
                self.add(Part::Load, value);
            }
        }
        let yesterday = parts_of(issued - rows, day, day.min(2), load);
        let middle = block.start(known) + block.length as i64 / 2;
        let weekday = known.moment(middle).weekday;
        let is_free = weekday >= 5 || known.holiday(middle) > 0.0;
        for applies in [is_free, weekday == 0, weekday == 5] {
            for value in &yesterday {
                self.add(Part::Load, if applies { *value } else { f64::NAN });
            }
        }
    }

    fn add_calendar(&mut self, known: Known<'_>, block: Block) {
        let start = block.start(known);
        let (length, day) = (block.length as i64, known.grid().day() as i64);
        self.add_weekday(known, start, length);
        let weeks = block.weeks_back() as i64 * day;
        for row in [
            start - day + day / 4,
            start - day + 3 * day / 4,
            start + length + day / 4,
            start - weeks + length / 2,
        ] {
            self.add(Part::Flag, known.holiday(row));
        }
        self.add_season(known.moment(start + length / 2));
    }

    /// Adds the weekday of some rows, and whether they are holidays.
    pub fn add_weekday(&mut self, known: Known<'_>, start: i64, length: i64) {
        let moment = known.moment(start + length / 2);
        for weekday in 0..7 {
            self.add(Part::Flag, f64::from(moment.weekday == weekday));
        }
        // Four parts of the block, since a block that begins at midnight UTC may lie in two local days.
        for part in 0..4 {
            self.add(Part::Flag, known.holiday(start + part * length / 4));
        }
    }

    /// Adds the time of the year.
    pub fn add_season(&mut self, moment: Moment) {
        self.add(Part::Flag, f64::from(moment.is_summer));
        for harmonic in 1..=3 {
            let angle = TAU * f64::from(harmonic) * f64::from(moment.year_day) / 365.25;
            self.add(Part::Season, angle.sin());
            self.add(Part::Season, angle.cos());
        }
    }

    /// A column in the block, if it is known by then, and in the days before.
    fn add_column(&mut self, known: Known<'_>, block: Block, column: usize) {
        let day = known.grid().day();
        let fine = inputs_per_day(known.columns());
        let value = |row| known.column(column, row);
        if known.is_forecast(column) {
            for value in parts_of(block.start(known), block.length, block.length.min(fine), value) {
                self.add(Part::Hinged(column), value);
            }
        }
        let issued = known.issued();
        for value in parts_of(issued - day as i64, day, day.min(fine), value) {
            self.add(Part::Hinged(column), value);
        }
        for back in [2, 3] {
            for value in parts_of(issued - (back * day) as i64, day, day.min(2), value) {
                self.add(Part::Plain(column), value);
            }
        }
        let start = block.start(known) - (block.weeks_back() * day) as i64;
        for value in parts_of(start, day, day.min(2), value) {
            self.add(Part::Plain(column), value);
        }
    }
}

/// How many inputs a day of a column is. Many columns get fewer each: a year has only 365 blocks to learn from.
pub fn inputs_per_day(columns: usize) -> usize {
    match columns {
        0..=2 => 8,
        3..=5 => 4,
        _ => 2,
    }
}

/// The means of `count` equal parts of some rows.
pub fn parts_of(start: i64, length: usize, count: usize, value: impl Fn(i64) -> f64) -> Vec<f64> {
    (0..count)
        .map(|part| {
            let (from, to) =
                (part * length / count, ((part + 1) * length / count).max(part * length / count + 1));
            (from..to).map(|row| value(start + row as i64)).sum::<f64>() / (to - from) as f64
        })
        .collect()
}
