//! The load far ahead, where no weather is forecast: what it would be in the weather of each year before.
//!
//! A linear model learns the load of a day from its calendar and its weather alone. It is shown the weather of the same
//! weeks of each earlier year, also some days earlier and later, and how far the load was from the model then. So heat
//! waves, mild winters and their errors come as whole paths.

use super::inputs::{Inputs, Part, inputs_per_day, parts_of};
use super::known::Known;
use super::lattice::{Block, Lattice};
use super::ridge::{Ridge, Sample};
use super::scale::Scale;
use super::scenarios::Scenarios;
use super::table::Table;

/// The days of a year.
const YEAR: usize = 365;
/// The model learns from so many years.
const LEARNED: usize = 4 * YEAR;
/// By how many days the weather of a year is moved, forward and back.
const MOVES: [i64; 9] = [-12, -9, -6, -3, 0, 3, 6, 9, 12];
/// The days from which the present level is taken.
const RECENT: usize = 28;
/// The level moves from month to month: three values at these distances have the variance of one standard deviation.
const LEVELS: [f64; 3] = [-1.224_745, 0.0, 1.224_745];

/// Whether there is enough to learn from at an origin, and no column that knows better.
pub fn apply(table: &Table<'_>, lattice: &Lattice, index: usize) -> bool {
    let known = lattice.known(table, index);
    let columns = known.columns();
    columns > 0
        && (0..columns).all(|column| !known.is_forecast(column))
        && index >= YEAR + lattice.whole_after() + MOVES[MOVES.len() - 1].unsigned_abs() as usize
}

/// The scenarios of an origin. None if the model cannot be fitted.
pub fn scenarios(table: &Table<'_>, lattice: &Lattice, index: usize) -> Option<Scenarios> {
    let known = lattice.known(table, index);
    let scale = Scale::of(known);
    let past = Past::learn(table, lattice, index, scale)?;
    let (level, spread) = past.level();
    let ahead = lattice.blocks();
    let mut paths = Vec::new();
    for year in (1..).take_while(|year| year * YEAR + 1 < index) {
        for moved in MOVES {
            let first = index as i64 - (year * YEAR) as i64 + moved;
            let days = usize::try_from(first).ok().filter(|first| first + ahead.len() <= index);
            let Some(days) = days.filter(|first| *first > past.first) else { continue };
            let path = past.path(known, (days, &ahead), scale);
            for off in LEVELS {
                let at = |value: &f64| scale.from(value + level + off * spread);
                paths.push(path.iter().map(at).collect());
            }
        }
    }
    (!paths.is_empty()).then(|| Scenarios::of(paths, lattice.horizon))
}

/// What was learned from the days before an origin.
struct Past<'a> {
    model: Ridge,
    lattice: &'a Lattice,
    /// The first origin that was learned from.
    first: usize,
    /// How far the load of each day from there on was from the model, on the scale; NaN is missing.
    errors: Vec<Vec<f64>>,
}

impl<'a> Past<'a> {
    fn learn(table: &Table<'_>, lattice: &'a Lattice, index: usize, scale: Scale) -> Option<Self> {
        let known = lattice.known(table, index);
        // The weather of the day before the first is seen, too.
        let first = index.saturating_sub(LEARNED).max(1);
        let day = lattice.day;
        let row = |origin: usize| lattice.origin(origin);
        let inputs: Vec<Inputs> =
            (first..index).map(|origin| seen(known, (row(origin), day), row(origin))).collect();
        let loads: Vec<Vec<f64>> = (first..index)
            .map(|origin| (0..day).map(|step| known.filled(row(origin) + step as i64)).collect())
            .collect();
        let measured: Vec<Vec<f64>> = (first..index)
            .map(|origin| known.ended(row(origin), day).expect("the days before an origin have ended"))
            .collect();
        let samples: Vec<Sample<'_>> = inputs
            .iter()
            .zip(loads.iter().zip(&measured))
            .filter(|(_, (_, measured))| measured.iter().any(|load| !load.is_nan()))
            .map(|(inputs, (load, _))| Sample { inputs, load })
            .collect();
        let model = Ridge::fit(&samples, scale)?;
        let errors = inputs.iter().zip(&measured).map(|(inputs, load)| {
            let expected = model.forecast(inputs);
            load.iter().zip(&expected).map(|(load, expected)| scale.to(*load) - scale.to(*expected)).collect()
        });
        let errors = errors.collect();
        Some(Self { model, lattice, first, errors })
    }

    /// The load in the calendar of the horizon and the weather of some earlier days, with their errors, on the scale.
    fn path(&self, known: Known<'_>, (days, ahead): (usize, &[Block]), scale: Scale) -> Vec<f64> {
        let of_block = |(offset, block): (usize, &Block)| -> Vec<f64> {
            let start = block.start(known);
            let weather = self.lattice.origin(days + offset);
            let inputs = seen(known, (start, self.lattice.day), weather);
            let errors = &self.errors[days + offset - self.first];
            let expected = self.model.forecast(&inputs);
            let steps = expected.iter().zip(errors).take(block.length);
            steps
                .map(|(expected, error)| scale.to(*expected) + if error.is_nan() { 0.0 } else { *error })
                .collect()
        };
        ahead.iter().enumerate().flat_map(of_block).collect()
    }

    /// How far the load is from the model lately, and by how much that changes from month to month.
    fn level(&self) -> (f64, f64) {
        let mean = |days: &[Vec<f64>]| {
            let errors = days.iter().flatten().filter(|error| !error.is_nan());
            let (sum, count) = errors.fold((0.0, 0.0), |(sum, count), error| (sum + error, count + 1.0));
            if count > 0.0 { sum / count } else { 0.0 }
        };
        let months: Vec<f64> = self.errors.rchunks(RECENT).map(mean).collect();
        let changes = months.windows(2).map(|pair| (pair[0] - pair[1]).powi(2));
        let spread = (changes.sum::<f64>() / (months.len().max(2) - 1) as f64).sqrt();
        (months.first().copied().unwrap_or(0.0), spread)
    }
}

/// What the model sees of a day: the calendar of the rows from `start` on, and the weather of those from `weather` on.
fn seen(known: Known<'_>, (start, day): (i64, usize), weather: i64) -> Inputs {
    let mut inputs = Inputs::default();
    let length = day as i64;
    inputs.add_weekday(known, start, length);
    for row in [start - length / 2, start + length + length / 2] {
        inputs.add(Part::Flag, known.holiday(row));
    }
    inputs.add_season(known.moment(start + length / 2));
    for column in 0..known.columns() {
        let fine = inputs_per_day(known.columns());
        let value = |row| known.column(column, row);
        for value in parts_of(weather, day, day.min(fine), value) {
            inputs.add(Part::Hinged(column), value);
        }
        for value in parts_of(weather - length, day, day.min(2), value) {
            inputs.add(Part::Hinged(column), value);
        }
        inputs.add(Part::Plain(column), parts_of(weather - 2 * length, day, 1, value)[0]);
    }
    inputs
}
