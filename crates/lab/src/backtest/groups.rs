//! The total of each group, forecast on its own and as the sum of its members, and made to agree with them.

use super::forecasts::{Forecasts, Job};
use super::origins::Origin;
use super::series::{Loads, Series};
use crate::cli::Backtest;
use forecast::ahead::{DAY, Known, TotalErrors, parts};
use shell::Failure;
use std::collections::{BTreeMap, BTreeSet};

/// Some rows: the first, and the first no longer.
type Span = (usize, usize);

/// The days before each origin from which the weights are taken.
const DAYS: i64 = 56;
/// A total counts as measured if so little of it had to be filled.
const FILLED: f64 = 0.05;

/// The origins that were asked for, and those of the days before, from which the weights are taken.
pub fn warmed(origins: &[Origin]) -> Vec<Origin> {
    let asked: BTreeSet<i64> = origins.iter().map(|origin| origin.issued).collect();
    let mut warmed: BTreeMap<i64, Origin> = BTreeMap::new();
    for origin in origins {
        for back in 0..=DAYS {
            let (issued, end) = (origin.issued - back * DAY, origin.end - back * DAY);
            let is_asked = asked.contains(&issued);
            if back == 0 || !is_asked {
                warmed.insert(issued, Origin { issued, end, is_asked });
            }
        }
    }
    warmed.into_values().collect()
}

/// Adds the total of each group to the loads, forecasts it, and reconciles it with its members.
pub fn reconcile(
    args: &Backtest,
    loads: &mut Loads,
    origins: &[Origin],
    forecasts: &mut Forecasts,
) -> Result<(), Failure> {
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, series) in loads.series.iter().enumerate() {
        if let Some(group) = &series.group {
            groups.entry(group.clone()).or_default().push(index);
        }
    }
    for (name, members) in groups {
        if loads.series.iter().any(|series| series.name == name) {
            return Err(Failure::wrong(
                format!("`{name}` is a group and a series"),
                "name the groups otherwise, such as `feeder 7`",
            ));
        }
        let total = total(loads, &members, name);
        loads.series.push(total);
        let index = loads.series.len() - 1;
        let table = loads.table(index);
        Job { args, loads, origins, table: &table, is_total: true }.forecast(index, forecasts);
        Agreement::new(forecasts, members, index).apply(forecasts, origins);
    }
    Ok(())
}

/// The sum of some series. It is missing where too much of it would have to be filled.
fn total(loads: &Loads, members: &[usize], name: String) -> Series {
    let rows = loads.grid.rows();
    let (mut sum, mut filled) = (vec![0.0; rows], vec![0.0; rows]);
    for member in members {
        let table = loads.table(*member);
        for row in table.first_seen().unwrap_or(rows as i64)..rows as i64 {
            // What is filled into a row comes from rows before it, so the total knows nothing early.
            let value = Known::at(&table, row + 1, 0).filled(row);
            sum[row as usize] += value;
            if loads.series[*member].load[row as usize].is_nan() {
                filled[row as usize] += value.abs();
            }
        }
    }
    let has_started = |row: usize| members.iter().any(|member| !loads.series[*member].load[row].is_nan());
    let value = |row: usize| {
        if has_started(row) && filled[row] <= FILLED * sum[row].abs() { sum[row] } else { f64::NAN }
    };
    let columns = members.first().map(|member| loads.series[*member].columns.clone()).unwrap_or_default();
    Series { name, load: (0..rows).map(value).collect(), columns, rating: Vec::new(), group: None }
}

/// A total, its members, and where their forecasts stand.
struct Agreement {
    members: Vec<usize>,
    total: usize,
    /// The rows of each series and origin.
    places: BTreeMap<(usize, i64), Span>,
}

impl Agreement {
    fn new(forecasts: &Forecasts, members: Vec<usize>, total: usize) -> Self {
        let mut places: BTreeMap<(usize, i64), Span> = BTreeMap::new();
        let keys = forecasts.series.iter().zip(&forecasts.issued);
        for (row, (series, issued)) in keys.enumerate() {
            places.entry((*series, *issued)).or_insert((row, row)).1 = row + 1;
        }
        Self { members, total, places }
    }

    /// The rows of the total and of its members at an origin. A member without a forecast takes no part.
    fn rows(&self, issued: i64) -> Option<(Span, Vec<Span>)> {
        let total = *self.places.get(&(self.total, issued))?;
        let member = |member: &usize| self.places.get(&(*member, issued)).copied();
        Some((total, self.members.iter().filter_map(member).collect()))
    }

    fn apply(&self, forecasts: &mut Forecasts, origins: &[Origin]) {
        // All changes are found first: the weights of an origin come from forecasts as they were before any of them.
        let asked = origins.iter().filter(|origin| origin.is_asked);
        let changes: Vec<Change> = asked.filter_map(|origin| self.change(forecasts, *origin)).collect();
        for Change { total, members, spread, joined, of_members } in changes {
            forecasts.place(total, &joined, spread);
            for (rows, moved) in members.into_iter().zip(of_members) {
                forecasts.shift(rows, &moved);
            }
        }
    }

    fn change(&self, forecasts: &Forecasts, origin: Origin) -> Option<Change> {
        let (total, members) = self.rows(origin.issued)?;
        let mut errors = TotalErrors::default();
        let mut squares = vec![0.0; members.len()];
        for back in 1..=DAYS {
            let issued = origin.issued - back * DAY;
            // Only forecasts whose horizon has ended: later ones could not be judged yet.
            if origin.end - back * DAY <= origin.issued {
                self.learn(forecasts, issued, &mut errors, &mut squares);
            }
        }
        let share = errors.share();
        let Forecasts { mean, middle, .. } = forecasts;
        let (mut totals, mut delta) = (Vec::new(), Vec::new());
        for step in 0..total.1 - total.0 {
            // A few wild scenarios move a mean, and a median not: the total stands where its median is.
            let direct = middle[total.0 + step];
            let summed: f64 = members.iter().map(|rows| mean[rows.0 + step]).sum();
            let joined = share * direct + (1.0 - share) * summed;
            totals.push(joined);
            delta.push(joined - summed);
        }
        let of_members =
            parts(&squares).iter().map(|part| delta.iter().map(|delta| part * delta).collect()).collect();
        Some(Change { total, members, spread: errors.spread(share), joined: totals, of_members })
    }

    fn learn(&self, forecasts: &Forecasts, issued: i64, errors: &mut TotalErrors, squares: &mut [f64]) {
        let Some((total, members)) = self.rows(issued).filter(|(_, members)| members.len() == squares.len())
        else {
            return;
        };
        let Forecasts { actual, mean, middle, .. } = forecasts;
        for step in 0..total.1 - total.0 {
            let came = actual[total.0 + step];
            let summed: f64 = members.iter().map(|rows| mean[rows.0 + step]).sum();
            if !came.is_nan() {
                errors.direct.push(middle[total.0 + step] - came);
                errors.summed.push(summed - came);
            }
            for (rows, square) in members.iter().zip(squares.iter_mut()) {
                let error = mean[rows.0 + step] - actual[rows.0 + step];
                *square += if error.is_nan() { 0.0 } else { error * error };
            }
        }
    }
}

/// What reconciliation changes at an origin.
struct Change {
    total: Span,
    members: Vec<Span>,
    /// How much narrower the total becomes.
    spread: f64,
    /// The total, step by step.
    joined: Vec<f64>,
    /// By how much each member moves.
    of_members: Vec<Vec<f64>>,
}
