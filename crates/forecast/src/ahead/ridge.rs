//! The linear model: one system for a block, and a right-hand side for each of its steps.
//!
//! It is fitted from scratch at the beginning of a quarter, when its layout and scale are chosen anew. Between, each
//! block that has ended is added by a rank-one update of the inverse, which gives what a fit from scratch would give.

use super::inputs::{Inputs, Part};
use super::scale::Scale;
use super::solve::{Square, add_scaled, dot};

/// How strongly weights are pulled to zero, for inputs with a spread of one.
const PENALTY: f64 = 10.0;
/// Where the hinges of a column stand: quantiles of its values.
const HINGES: [f64; 5] = [0.1, 0.3, 0.5, 0.7, 0.9];
/// A flag of one day in seven has a spread near 0.35. Divided by half of it, it is pulled to zero less than a load is.
const FLAG: f64 = 0.175;
/// The same for sines and cosines.
const SEASON: f64 = 0.35;

/// A block that has ended: its inputs, and its load with gaps filled.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    /// What was known.
    pub inputs: &'a Inputs,
    /// What came, in units of the load.
    pub load: &'a [f64],
}

/// A fitted model.
#[derive(Debug)]
pub struct Ridge {
    scale: Scale,
    layout: Layout,
    inverse: Square,
    /// The weights of each step.
    weights: Vec<Vec<f64>>,
}

impl Ridge {
    /// Fits a model to blocks that have ended. None if the system cannot be solved.
    pub fn fit(samples: &[Sample<'_>], scale: Scale) -> Option<Self> {
        let steps = samples.first()?.load.len();
        let layout = Layout::of(samples, scale);
        let rows: Vec<Vec<f64>> = samples.iter().map(|sample| layout.row(sample.inputs, scale)).collect();
        let mut system = Square::diagonal(rows.first()?.len(), PENALTY);
        // The first input is the constant, which is not pulled anywhere.
        system.of[0] = 1e-3;
        for row in &rows {
            system.add_outer(row, 1.0);
        }
        let inverse = system.inverse()?;
        let weights = (0..steps).map(|step| {
            let mut right = vec![0.0; inverse.size];
            for (row, sample) in rows.iter().zip(samples) {
                add_scaled(&mut right, row, scale.to(sample.load[step]));
            }
            inverse.times(&right)
        });
        let weights: Vec<Vec<f64>> = weights.collect();
        let is_finite = weights.iter().flatten().all(|weight| weight.is_finite());
        is_finite.then_some(Self { scale, layout, inverse, weights })
    }

    /// The load of a block.
    pub fn forecast(&self, inputs: &Inputs) -> Vec<f64> {
        let row = self.layout.row(inputs, self.scale);
        self.weights.iter().map(|weights| self.scale.from(dot(weights, &row))).collect()
    }

    /// Whether it forecasts on a scale that a load has left.
    pub fn is_outgrown(&self, load: &[f64]) -> bool {
        load.iter().any(|load| self.scale.is_beyond(*load))
    }

    /// Adds a block that has ended. Steps without a value change nothing.
    pub fn add(&mut self, inputs: &Inputs, load: &[f64]) {
        let row = self.layout.row(inputs, self.scale);
        let direction = self.inverse.times(&row);
        let share = 1.0 / (1.0 + dot(&row, &direction));
        for (weights, value) in self.weights.iter_mut().zip(load) {
            if !value.is_nan() {
                let error = self.scale.to(*value) - dot(weights, &row);
                add_scaled(weights, &direction, share * error);
            }
        }
        for (line, left) in self.inverse.of.chunks_exact_mut(direction.len()).zip(&direction) {
            add_scaled(line, &direction, -share * left);
        }
    }
}

/// How the values of a block become a row of the system.
#[derive(Debug)]
struct Layout {
    load: Centre,
    columns: Vec<(Centre, Vec<f64>)>,
}

#[derive(Debug, Clone, Copy)]
struct Centre {
    mean: f64,
    spread: f64,
}

impl Centre {
    fn of(values: &[f64]) -> Self {
        let count = values.len().max(1) as f64;
        let mean = values.iter().sum::<f64>() / count;
        let spread = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt();
        // A constant has no spread, and its inputs become zero.
        let is_flat = spread <= 1e-9 * mean.abs().max(1e-9);
        Self { mean, spread: if is_flat { f64::INFINITY } else { spread } }
    }

    fn scaled(self, value: f64) -> f64 {
        (value - self.mean) / self.spread
    }
}

impl Layout {
    fn of(samples: &[Sample<'_>], scale: Scale) -> Self {
        let collect = |wanted: &dyn Fn(Part) -> bool| -> Vec<f64> {
            let of = |sample: &Sample<'_>| {
                let values = sample.inputs.parts.iter().zip(&sample.inputs.values);
                let values = values.filter(|(part, value)| wanted(**part) && !value.is_nan());
                values.map(|(_, value)| *value).collect::<Vec<f64>>()
            };
            samples.iter().flat_map(of).collect()
        };
        let loads: Vec<f64> =
            collect(&|part| part == Part::Load).iter().map(|load| scale.to(*load)).collect();
        let parts = samples.first().map_or(&[][..], |sample| &sample.inputs.parts);
        let number = |part: &Part| match part {
            Part::Hinged(column) | Part::Plain(column) => column + 1,
            _ => 0,
        };
        let columns = (0..parts.iter().map(number).max().unwrap_or(0)).map(|column| {
            let mut values = collect(&|part| part == Part::Hinged(column));
            let centre = Centre::of(&values);
            values.sort_by(f64::total_cmp);
            let mut knots: Vec<f64> = HINGES
                .iter()
                .filter_map(|at| values.get((at * values.len() as f64) as usize).copied())
                .collect();
            knots.dedup();
            // A column of two values, such as a flag, is linear already.
            let is_flag = values.windows(2).filter(|pair| pair[0] != pair[1]).count() < 3;
            (centre, if is_flag { Vec::new() } else { knots })
        });
        Self { load: Centre::of(&loads), columns: columns.collect() }
    }

    fn row(&self, inputs: &Inputs, scale: Scale) -> Vec<f64> {
        let mut row = Vec::with_capacity(2 * inputs.values.len());
        row.push(1.0);
        for (part, &value) in inputs.parts.iter().zip(&inputs.values) {
            match *part {
                Part::Load if value.is_nan() => row.push(0.0),
                Part::Load => row.push(self.load.scaled(scale.to(value))),
                Part::Flag => row.push(value / FLAG),
                Part::Season => row.push(value / SEASON),
                Part::Plain(column) => row.push(self.columns[column].0.scaled(value)),
                Part::Hinged(column) => {
                    let (centre, knots) = &self.columns[column];
                    row.push(centre.scaled(value));
                    row.extend(knots.iter().map(|knot| (value - knot).max(0.0) / centre.spread));
                }
            }
        }
        row
    }
}
