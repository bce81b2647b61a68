//! What the trees see of a step: its time, loads before it, and columns around it.

use super::known::Known;
use super::lattice::Block;

/// The features of the steps of a block, step by step.
#[derive(Debug, Clone, Default)]
pub struct Sights {
    /// Whether each feature is a load. Loads are seen as distances from the level, so that what is learned about one
    /// level holds for another.
    pub is_load: Vec<bool>,
    /// One row of features for each step.
    pub steps: Vec<f64>,
    /// The mean load of the day before the forecast.
    pub level: f64,
}

impl Sights {
    /// The features of a block, from what is known.
    pub fn of(known: Known<'_>, block: Block) -> Self {
        let whole = Whole::of(known, block);
        let mut sights = Self { level: whole.level, ..Self::default() };
        for step in 0..block.length {
            let mut add = |is_load: bool, value: f64| {
                if step == 0 {
                    sights.is_load.push(is_load);
                }
                sights.steps.push(value);
            };
            add_calendar(known, block.start(known) + step as i64, &mut add);
            add_loads(known, block, step, &mut add);
            whole.loads.iter().for_each(|load| add(true, *load));
            for (column, means) in whole.columns.iter().enumerate() {
                add_column(known, block, (column, step), &mut add);
                means.iter().for_each(|mean| add(false, *mean));
            }
        }
        sights
    }

    /// How many features a step has.
    pub fn features(&self) -> usize {
        self.is_load.len()
    }
}

/// What all steps of a block see alike.
struct Whole {
    level: f64,
    loads: Vec<f64>,
    columns: Vec<Vec<f64>>,
}

impl Whole {
    fn of(known: Known<'_>, block: Block) -> Self {
        let (issued, day) = (known.issued(), known.grid().day() as i64);
        let load = |from: i64, to: i64| mean(from, to.max(from + 1), |row| known.filled(row));
        let level = load(issued - day, issued);
        let loads = vec![
            load(issued - 1, issued),
            load(issued - (day / 8).max(1), issued),
            load(issued - day, issued - day + day / 3),
            // With one step a day, a part of a day is that step: the row at the moment of issue is not known.
            load(issued - (2 * day / 3).max(1), issued - day / 3),
            load(issued - 2 * day, issued - day),
            load(issued - 7 * day, issued),
            load(issued - 28 * day, issued),
        ];
        let columns = (0..known.columns()).map(|column| {
            let value = |row| known.column(column, row);
            let mut means =
                vec![mean(issued - day, issued, value), mean(issued - 2 * day, issued - day, value)];
            if known.is_forecast(column) {
                let start = block.start(known);
                means.push(mean(start, start + block.length as i64, value));
            }
            means
        });
        Self { level, loads, columns: columns.collect() }
    }
}

fn add_calendar(known: Known<'_>, row: i64, add: &mut impl FnMut(bool, f64)) {
    let day = known.grid().day() as i64;
    let moment = known.moment(row);
    add(false, f64::from(moment.minute));
    add(false, f64::from(moment.weekday));
    add(false, f64::from(moment.year_day));
    for row in [row, row - day, row + day] {
        add(false, known.holiday(row));
    }
    // A holiday is a Sunday to most loads.
    add(false, if known.holiday(row) > 0.0 { 6.0 } else { f64::from(moment.weekday) });
}

fn add_loads(known: Known<'_>, block: Block, step: usize, add: &mut impl FnMut(bool, f64)) {
    let day = known.grid().day();
    let row = block.start(known) + step as i64;
    let ago = |days: usize| known.filled(row - (days * day) as i64);
    let week = block.weeks_back();
    for days in [block.ahead + 1, block.ahead + 2, block.ahead + 3, week, week + 7] {
        add(true, ago(days));
    }
    add(true, (0..4).map(|more| ago(week + 7 * more)).sum::<f64>() / 4.0);
}

fn add_column(
    known: Known<'_>,
    block: Block,
    (column, step): (usize, usize),
    add: &mut impl FnMut(bool, f64),
) {
    let day = known.grid().day() as i64;
    let row = block.start(known) + step as i64;
    let value = |row| known.column(column, row);
    if known.is_forecast(column) {
        add(false, value(row));
        // Buildings answer slowly: the quarter of a day before the step.
        add(false, mean(row - day / 4, row + 1, value));
    }
    add(false, value(row - (block.ahead as i64 + 1) * day));
}

/// The mean over rows, in their order.
fn mean(from: i64, to: i64, value: impl Fn(i64) -> f64) -> f64 {
    (from..to).map(value).sum::<f64>() / (to - from) as f64
}
