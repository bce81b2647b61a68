//! A target: the points of every model along its lattice, and the forecast of an origin with its scenarios.

use super::lattice::{Block, Lattice};
use super::models::Model;
use super::reconcile::TotalErrors;
use super::scale::Scale;
use super::scenarios::{Scenarios, pinball, quantile};
use super::table::Table;
use super::{rolling, weeks, years};
use std::ops::Range;

/// How many blocks of errors the scenarios of a forecast are made of.
const ERRORS: usize = 150;
/// So few errors of a model say nothing about its spread.
const FEWEST: usize = 10;
/// Days over which the width is corrected, and over which models are compared.
const JUDGED: usize = 60;
/// How far errors are resized by what the trees expect: not at all, by the root, or fully. Each target takes what had
/// the smallest loss lately.
const SHARPNESS: [f64; 3] = [0.0, 0.5, 1.0];
/// How far ahead, in days, there are trees. Beyond a week they know little more than the calendar, as the ridge does.
const WITH_TREES: usize = 7;
/// How far the weights of the mix follow its errors; the rest is half and half.
const TRUST: f64 = 0.7;
/// Another model takes over when its error is so much smaller.
const MARGIN: f64 = 0.97;

/// How far below and above the median the errors are expected to reach.
type Width = (f64, f64);

/// A forecast for each origin, where there is one.
type Points = Vec<Option<Vec<f64>>>;

/// The forecasts of one target at one time of day.
#[derive(Debug)]
pub struct Target<'a> {
    table: &'a Table<'a>,
    lattice: Lattice,
    models: Vec<Model>,
    /// Whether the weather of earlier years may be used.
    with_years: bool,
    /// Those of each model of `models`.
    points: Vec<Points>,
    /// How wide the trees expect the errors to be, by block and origin; nothing for horizons beyond the trees.
    widths: Vec<Vec<Option<Vec<Width>>>>,
    scales: Vec<Option<Scale>>,
    /// How each forecast turned out, by model, sharpness and origin.
    judged: Vec<Vec<Vec<Option<Judged>>>>,
}

/// A forecast.
#[derive(Debug)]
pub struct Forecast {
    /// Of which model it is.
    pub model: Model,
    /// How the load may go.
    pub scenarios: Scenarios,
}

impl<'a> Target<'a> {
    /// Follows a target up to the last of some origins.
    pub fn new(table: &'a Table<'a>, lattice: Lattice, models: &[Model], wanted: Range<usize>) -> Self {
        let with_years = models.contains(&Model::Years) && lattice.whole_after() > WITH_TREES;
        let others = models.iter().copied().filter(|model| *model != Model::Years);
        let models: Vec<Model> = [Model::Seasonal].into_iter().chain(others).collect();
        let mut target = Self {
            table,
            lattice,
            models,
            with_years,
            points: vec![],
            widths: vec![],
            scales: vec![],
            judged: vec![],
        };
        // A long horizon is a model for each of its days, which nobody asks if all origins have years before them.
        if with_years && years::apply(table, &lattice, wanted.start) {
            target.models.truncate(1);
        }
        let first = wanted.start.saturating_sub(JUDGED + lattice.whole_after());
        target.follow(first.saturating_sub(ERRORS + JUDGED + 2 * lattice.whole_after()), wanted.end);
        let scale = |index| (index >= first).then(|| Scale::of(lattice.known(table, index)));
        target.scales = (0..wanted.end).map(scale).collect();
        // A forecast that has not ended by the last origin is not judged: nobody could know how it turned out.
        let ended = target.newest(wanted.end.saturating_sub(1));
        target.judged = (0..target.models.len())
            .map(|model| {
                let sharp = |sharpness: &f64| {
                    (0..ended).map(|index| target.judge(model, *sharpness, index)).collect()
                };
                SHARPNESS.iter().map(sharp).collect()
            })
            .collect();
        target
    }

    /// Follows the models. Trees are followed only from `first` on: they are fitted month by month, and that is slow.
    fn follow(&mut self, first: usize, count: usize) {
        let blocks = self.lattice.blocks();
        let mut ridge: Vec<Points> = Vec::new();
        let mut trees: Vec<Points> = Vec::new();
        if self.models.len() > 1 {
            let ahead = |block: &Block| rolling::ridge(self.table, &self.lattice, *block, count);
            ridge = blocks.iter().map(ahead).collect();
        }
        if self.models.iter().any(|model| matches!(model, Model::Trees | Model::Mix)) {
            for (block, ridge) in blocks.iter().zip(&ridge) {
                if block.ahead >= WITH_TREES {
                    trees.push(ridge.clone());
                    continue;
                }
                let points = rolling::trees(self.table, &self.lattice, *block, first..count);
                if blocks.len() <= WITH_TREES {
                    self.widths
                        .push(points.iter().map(|point| Some(point.as_ref()?.widths.clone())).collect());
                }
                trees.push(points.into_iter().map(|point| Some(point?.load)).collect());
            }
        }
        let (ridge, trees) = (joined(&ridge, count), joined(&trees, count));
        let of = |model: &Model| match model {
            Model::Seasonal => {
                let at = |index| weeks::forecast(self.lattice.known(self.table, index), &blocks);
                (0..count).map(|index| Some(at(index))).collect()
            }
            Model::Ridge => ridge.clone(),
            Model::Trees => trees.clone(),
            Model::Mix => self.mix(&ridge, &trees),
            Model::Years => vec![None; count],
        };
        self.points = self.models.iter().map(of).collect();
    }

    /// Joins two models by their errors in the last days: half and half where these say nothing.
    fn mix(&self, ridge: &Points, trees: &Points) -> Points {
        let whole = self.lattice.whole_after();
        let products = |index: usize| -> Option<(f64, f64)> {
            let (ridge, trees) = (ridge[index].as_ref()?, trees[index].as_ref()?);
            let known = self.lattice.known(self.table, index + whole);
            let actual = known.ended(self.lattice.origin(index), self.lattice.horizon)?;
            let mut errors = TotalErrors::default();
            for ((actual, ridge), trees) in
                actual.iter().zip(ridge).zip(trees).filter(|((actual, _), _)| !actual.is_nan())
            {
                errors.direct.push(ridge - actual);
                errors.summed.push(trees - actual);
            }
            Some(errors.products())
        };
        let ended = self.newest(ridge.len().saturating_sub(1));
        let products: Vec<Option<(f64, f64)>> = (0..ended).map(products).collect();
        let point = |index: usize| -> Option<Vec<f64>> {
            let newest = self.newest(index);
            let (mut above, mut below) = (0.0, 0.0);
            for (one, other) in products[newest.saturating_sub(JUDGED)..newest].iter().flatten() {
                above += one;
                below += other;
            }
            let share = if below > 0.0 { (above / below).clamp(0.0, 1.0) } else { 0.5 };
            let share = TRUST * share + (1.0 - TRUST) * 0.5;
            let both = ridge[index].as_ref()?.iter().zip(trees[index].as_ref()?);
            Some(both.map(|(ridge, trees)| share * ridge + (1.0 - share) * trees).collect())
        };
        (0..ridge.len()).map(point).collect()
    }

    /// The forecast of an origin.
    pub fn forecast(&self, index: usize) -> Forecast {
        if self.with_years
            && years::apply(self.table, &self.lattice, index)
            && let Some(scenarios) = years::scenarios(self.table, &self.lattice, index)
        {
            return Forecast { model: Model::Years, scenarios };
        }
        let model = self.choose(index);
        let scale = self.scales[index].expect("an origin that was asked for has a scale");
        let point = self.points[model][index].as_deref().expect("the chosen model has a forecast");
        let point: Vec<f64> = point.iter().map(|load| scale.to(*load)).collect();
        let sharp = self.sharpness(model, index);
        let errors = self.errors((model, SHARPNESS[sharp]), index, scale);
        let width = self.width(model, sharp, index);
        let steps = point.len();
        let middle: Vec<f64> = (0..steps)
            .map(|step| {
                let mut column: Vec<f64> = errors.iter().map(|error| error[step]).collect();
                column.sort_by(f64::total_cmp);
                quantile(&column, 0.5)
            })
            .collect();
        let widened: Vec<Vec<f64>> = errors
            .iter()
            .map(|error| {
                error.iter().zip(&middle).map(|(error, middle)| middle + width * (error - middle)).collect()
            })
            .collect();
        Forecast { model: self.models[model], scenarios: Scenarios::new(&point, &widened, scale) }
    }

    /// The model that was best lately, by its mean absolute error on the scale. The last one that was asked for stands
    /// until another is better by more than chance.
    fn choose(&self, index: usize) -> usize {
        let newest = self.newest(index);
        let judged = newest.saturating_sub(JUDGED)..newest;
        let loss = |model: usize| {
            let losses: Vec<f64> = judged
                .clone()
                .filter_map(|origin| self.judged[model][0][origin].as_ref())
                .map(|judged| judged.loss)
                .collect();
            (losses.len() >= FEWEST).then(|| losses.iter().sum::<f64>() / losses.len() as f64)
        };
        let mut best: Option<(usize, Option<f64>)> = None;
        for model in (0..self.models.len()).rev().filter(|model| self.points[*model][index].is_some()) {
            let loss = loss(model);
            let is_better = match (best, loss) {
                (None, _) => true,
                (Some((_, Some(best))), Some(loss)) => loss < MARGIN * best,
                (Some((_, None)), Some(_)) => model > 0,
                (Some(_), None) => false,
            };
            if is_better {
                best = Some((model, loss));
            }
        }
        best.map_or(0, |(model, _)| model)
    }

    /// One more than the newest origin whose whole horizon is known at another.
    fn newest(&self, index: usize) -> usize {
        (index + 1).saturating_sub(self.lattice.whole_after())
    }

    /// The blocks of errors of a model that are known at an origin, newest first.
    fn errors(&self, (model, sharpness): (usize, f64), index: usize, scale: Scale) -> Vec<Vec<f64>> {
        let newest = self.newest(index);
        let known = self.lattice.known(self.table, index);
        let now = self.widths_at(index).filter(|_| sharpness > 0.0);
        let error = |origin: usize| {
            let point = self.points[model][origin].as_ref()?;
            let actual = known.ended(self.lattice.origin(origin), self.lattice.horizon)?;
            let error = actual.iter().zip(point).map(|(actual, point)| scale.to(*actual) - scale.to(*point));
            let mut error = without_gaps(error.collect())?;
            if let (Some(now), Some(then)) = (&now, self.widths_at(origin)) {
                resize(&mut error, (now, &then), sharpness);
            }
            Some(error)
        };
        let errors: Vec<Vec<f64>> = (newest.saturating_sub(ERRORS)..newest).rev().filter_map(error).collect();
        if errors.len() < FEWEST { self.differences(index, scale) } else { errors }
    }

    /// The widths of a whole horizon at an origin.
    fn widths_at(&self, index: usize) -> Option<Vec<Width>> {
        if self.widths.is_empty() {
            return None;
        }
        let parts: Option<Vec<&[Width]>> = self.widths.iter().map(|block| block[index].as_deref()).collect();
        parts.map(|parts| parts.concat())
    }

    /// How much days differ from the day before: the errors of a target that is new.
    fn differences(&self, index: usize, scale: Scale) -> Vec<Vec<f64>> {
        let known = self.lattice.known(self.table, index);
        let (day, horizon) = (self.lattice.day as i64, self.lattice.horizon as i64);
        let first = self.table.first_seen().unwrap_or(0);
        let mut blocks = Vec::new();
        for back in 1..=28 {
            // Each step of the horizon repeats the difference of its time of day, with both signs.
            let start = known.issued() - (back + 1) * day;
            if start < first {
                break;
            }
            let difference = |step: i64| {
                let row = start + step.rem_euclid(day);
                match (known.load(row), known.load(row + day)) {
                    (Some(before), Some(after)) => scale.to(after) - scale.to(before),
                    _ => f64::NAN,
                }
            };
            let Some(block) = without_gaps((0..horizon).map(difference).collect()) else { continue };
            blocks.push(block.iter().map(|error| -error).collect());
            blocks.push(block);
        }
        if blocks.is_empty() { self.deviations(index, scale) } else { blocks }
    }

    /// How much values differ from their mean: the errors of a target with less than two days.
    fn deviations(&self, index: usize, scale: Scale) -> Vec<Vec<f64>> {
        let known = self.lattice.known(self.table, index);
        let first = self.table.first_seen().unwrap_or(0);
        let values: Vec<f64> =
            (first..known.issued()).filter_map(|row| known.load(row)).map(|load| scale.to(load)).collect();
        let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
        let blocks: Vec<Vec<f64>> =
            values.iter().map(|value| vec![value - mean; self.lattice.horizon]).collect();
        if blocks.is_empty() { vec![vec![0.0; self.lattice.horizon]] } else { blocks }
    }

    /// Which sharpness had the smallest pinball loss lately.
    fn sharpness(&self, model: usize, index: usize) -> usize {
        if self.widths.is_empty() {
            return 0;
        }
        let newest = self.newest(index);
        let judged = newest.saturating_sub(JUDGED)..newest;
        let loss = |sharp: usize| -> f64 {
            let judged = judged.clone().filter_map(|origin| self.judged[model][sharp][origin].as_ref());
            judged.map(|judged| judged.pinball).sum()
        };
        let losses = [loss(0), loss(1), loss(2)];
        (1..SHARPNESS.len()).fold(0, |best, sharp| if losses[sharp] < losses[best] { sharp } else { best })
    }

    /// By how much the errors are widened, so that four of five values of the last days were inside.
    fn width(&self, model: usize, sharp: usize, index: usize) -> f64 {
        let newest = self.newest(index);
        let judged = newest.saturating_sub(JUDGED)..newest;
        let judged = judged.filter_map(|origin| self.judged[model][sharp][origin].as_ref());
        let mut misses: Vec<f64> = judged.flat_map(|judged| &judged.misses).copied().collect();
        if misses.len() < FEWEST * self.lattice.horizon {
            return 1.0;
        }
        misses.sort_by(f64::total_cmp);
        quantile(&misses, 0.8).clamp(0.5, 3.0)
    }

    /// How an earlier forecast turned out, once its horizon has ended.
    fn judge(&self, model: usize, sharpness: f64, index: usize) -> Option<Judged> {
        if sharpness > 0.0 && self.widths.is_empty() {
            return None;
        }
        let (scale, point) = (self.scales[index]?, self.points[model][index].as_ref()?);
        let known = self.lattice.known(self.table, index + self.lattice.whole_after());
        let actual = known.ended(self.lattice.origin(index), self.lattice.horizon)?;
        let errors = self.errors((model, sharpness), index, scale);
        let mut judged = Judged { misses: Vec::new(), loss: 0.0, pinball: 0.0 };
        let mut rows = 0.0;
        for (step, (actual, point)) in
            actual.iter().zip(point).enumerate().filter(|(_, (actual, _))| !actual.is_nan())
        {
            let mut column: Vec<f64> = errors.iter().map(|error| error[step]).collect();
            column.sort_by(f64::total_cmp);
            let [low, middle, high] = [0.1, 0.5, 0.9].map(|level| quantile(&column, level));
            let error = scale.to(*actual) - scale.to(*point);
            let (away, room) =
                if error < middle { (middle - error, middle - low) } else { (error - middle, high - middle) };
            if room > 0.0 {
                judged.misses.push(away / room);
            }
            judged.loss += error.abs();
            judged.pinball += pinball(error - low, 0.1) + pinball(error - high, 0.9);
            rows += 1.0;
        }
        judged.loss /= rows;
        judged.pinball /= rows;
        (rows > 0.0).then_some(judged)
    }
}

/// How a forecast turned out.
#[derive(Debug)]
struct Judged {
    /// How many times as far from the median as the quantile of 10 or 90 % each value was.
    misses: Vec<f64>,
    /// The mean absolute error on the scale.
    loss: f64,
    /// The mean pinball loss of the quantiles of 10 and 90 %.
    pinball: f64,
}

/// The forecasts of all blocks as those of a whole horizon.
fn joined(by_block: &[Points], count: usize) -> Points {
    let whole = |index: usize| {
        let parts: Option<Vec<&[f64]>> = by_block.iter().map(|points| points[index].as_deref()).collect();
        parts.map(|parts| parts.concat())
    };
    (0..count).map(whole).collect()
}

/// Makes errors of an earlier origin as wide as those expected now, within bounds: a width is only an estimate.
fn resize(errors: &mut [f64], (now, then): (&[Width], &[Width]), sharpness: f64) {
    for (error, (now, then)) in errors.iter_mut().zip(now.iter().zip(then)) {
        let (now, then) = if *error < 0.0 { (now.0, then.0) } else { (now.1, then.1) };
        if now > 0.0 && then > 0.0 {
            *error *= (now / then).clamp(0.25, 4.0).powf(sharpness);
        }
    }
}

/// Errors with gaps filled from their neighbours; none if less than a quarter was measured.
fn without_gaps(mut errors: Vec<f64>) -> Option<Vec<f64>> {
    let measured: Vec<usize> = (0..errors.len()).filter(|step| !errors[*step].is_nan()).collect();
    if 4 * measured.len() < errors.len() || measured.is_empty() {
        return None;
    }
    for step in 0..errors.len() {
        if errors[step].is_nan() {
            let after = measured.partition_point(|other| *other < step);
            let before = measured.get(after.wrapping_sub(1)).copied();
            let after = measured.get(after).copied();
            errors[step] = match (before, after) {
                (Some(before), Some(after)) => {
                    let share = (step - before) as f64 / (after - before) as f64;
                    errors[before] + share * (errors[after] - errors[before])
                }
                (Some(one), None) | (None, Some(one)) => errors[one],
                (None, None) => f64::NAN,
            };
        }
    }
    Some(errors)
}
