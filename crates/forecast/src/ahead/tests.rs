//! The promises of the models: nothing later is seen, nothing breaks them, and each finds what it is made for.

use super::lattice::Lattice;
use super::ridge::{Ridge, Sample};
use super::scale::Scale;
use super::solve::{Square, dot};
use super::*;
use jiff::tz::TimeZone;

const HOUR: i64 = 3_600_000;
/// The days of a simulated load.
const DAYS: usize = 120;

fn grid(rows: usize) -> Grid {
    // 2024-01-01T00:00:00Z, a Monday.
    Grid::new(1_704_067_200_000, HOUR, rows, &TimeZone::get("Europe/London").unwrap())
}

/// A load that follows the hour, the weekday and a temperature, with noise of 5 %.
fn load(rows: usize) -> (Vec<f64>, Vec<f64>) {
    let mut random = 7_u64;
    let mut noise = || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (random >> 33) as f64 / (1u64 << 31) as f64 - 0.5
    };
    let mut temperature = 10.0;
    (0..rows)
        .map(|row| {
            temperature += 0.1 * (10.0 - temperature) + 2.0 * noise();
            let hour = (row % 24) as f64;
            let weekend = if (row / 24) % 7 >= 5 { 0.7 } else { 1.0 };
            let shape = 2.0 + (std::f64::consts::TAU * (hour - 8.0) / 24.0).sin();
            (
                100.0 * weekend * shape * (1.0 + 0.1 * noise()) + 3.0 * (15.0 - temperature).max(0.0),
                temperature,
            )
        })
        .unzip()
}

/// Every model that is not the fallback.
const ALL: &[Model] = &[Model::Ridge, Model::Trees, Model::Mix];

fn forecast_at(
    (load, temperature): (Vec<f64>, Vec<f64>),
    issued: i64,
    horizon: usize,
    models: &[Model],
) -> Forecast {
    let grid = grid(load.len());
    let columns = vec![Column { sight: Sight::Forecast, values: temperature }];
    let table = Table::new(&grid, load, columns);
    let lattice = Lattice::new(&table, issued, horizon);
    let index = lattice.index(issued).unwrap();
    Target::new(&table, lattice, models, index..index + 1).forecast(index)
}

/// The quantiles of a forecast, as bits.
fn bits(forecast: &Forecast) -> Vec<u64> {
    let steps = 0..forecast.scenarios.steps();
    steps
        .flat_map(|step| [0.1, 0.5, 0.9].map(|level| forecast.scenarios.quantile(step, level).to_bits()))
        .collect()
}

#[test]
fn a_forecast_sees_nothing_that_comes_later() {
    let rows = 24 * DAYS;
    let (load, temperature) = load(rows);
    let issued = 24 * 100 + 6;
    let expected = bits(&forecast_at((load.clone(), temperature.clone()), issued as i64, 24, ALL));
    let (mut later, mut weather) = (load, temperature);
    later[issued..].iter_mut().for_each(|value| *value = 1e6);
    // Weather is known to the end of the horizon, and not beyond.
    weather[issued + 24..].iter_mut().for_each(|value| *value = -40.0);
    assert_eq!(bits(&forecast_at((later, weather), issued as i64, 24, ALL)), expected);
}

#[test]
fn a_forecast_does_not_depend_on_other_origins() {
    let rows = 24 * DAYS;
    let (load, temperature) = load(rows);
    let grid = grid(rows);
    let table = Table::new(&grid, load, vec![Column { sight: Sight::Forecast, values: temperature }]);
    let lattice = Lattice::new(&table, 24 * 90, 24);
    let [first, last] = [24 * 90, 24 * 100].map(|row| lattice.index(row).unwrap());
    let many = Target::new(&table, lattice, &[Model::Mix], first..last + 1);
    let one = Target::new(&table, lattice, &[Model::Mix], last..last + 1);
    assert_eq!(bits(&many.forecast(last)), bits(&one.forecast(last)));
}

#[test]
fn the_models_learn_what_the_load_follows() {
    let rows = 24 * DAYS;
    let (load, temperature) = load(rows);
    let forecast = forecast_at((load.clone(), temperature), 24 * 110, 24, ALL);
    let error = |step: usize| (forecast.scenarios.quantile(step, 0.5) / load[24 * 110 + step] - 1.0).abs();
    let mean = (0..24).map(error).sum::<f64>() / 24.0;
    // The noise alone is 2.5 % on average.
    assert!(mean < 0.045, "{mean}");
    assert!(forecast.model != Model::Seasonal);
}

#[test]
fn no_load_breaks_a_forecast() {
    let rows = 24 * DAYS;
    let (usual, temperature) = load(rows);
    let issued = 24 * 100;
    let changed = |change: &dyn Fn(usize, f64) -> f64| -> Vec<f64> {
        usual.iter().enumerate().map(|(row, value)| change(row, *value)).collect()
    };
    let loads = [
        ("constant", changed(&|_, _| 5.0)),
        ("zero", changed(&|_, _| 0.0)),
        ("zeros, then load", changed(&|row, value| if row < 24 * 80 { 0.0 } else { value })),
        ("negative", changed(&|_, value| 150.0 - value)),
        ("doubled", changed(&|row, value| if row < 24 * 90 { value } else { 2.0 * value })),
        ("weeks missing", changed(&|row, value| if row / 24 % 40 < 20 { f64::NAN } else { value })),
        ("a third missing", changed(&|row, value| if row % 3 == 0 { f64::NAN } else { value })),
        ("infinite", changed(&|row, value| if row == 500 { f64::INFINITY } else { value })),
        ("new", changed(&|row, value| if row < issued - 5 { f64::NAN } else { value })),
        ("two days", changed(&|row, value| if row < issued - 48 { f64::NAN } else { value })),
        ("huge", changed(&|_, value| 1e12 * value)),
        ("one spike", changed(&|row, value| if row == 24 * 99 { 1e9 } else { value })),
    ];
    let mut weather = temperature;
    weather[24 * 50..24 * 60].iter_mut().for_each(|value| *value = f64::NAN);
    for (name, load) in loads {
        // Trees are slow without optimisation, and are shown the loads that are hardest for them.
        let models = if name.contains("missing") { ALL } else { &[Model::Ridge] };
        for horizon in [6, 30] {
            let forecast = forecast_at((load.clone(), weather.clone()), issued as i64, horizon, models);
            for step in 0..horizon {
                let quantiles =
                    [0.01, 0.1, 0.5, 0.9, 0.99].map(|level| forecast.scenarios.quantile(step, level));
                assert!(quantiles.iter().all(|value| value.is_finite()), "{name}: {quantiles:?}");
                assert!(quantiles.is_sorted(), "{name}: {quantiles:?}");
                assert!(forecast.scenarios.mean(step).is_finite(), "{name}");
            }
        }
    }
}

#[test]
fn a_load_that_never_changed_is_forecast_as_it_is() {
    let (usual, temperature) = load(24 * DAYS);
    let forecast = forecast_at((vec![4.9; usual.len()], temperature), 24 * 100, 24, &[Model::Ridge]);
    for step in 0..24 {
        assert_eq!([0.1, 0.5, 0.9].map(|level| forecast.scenarios.quantile(step, level)), [4.9; 3]);
    }
}

#[test]
fn one_garbled_value_bends_no_forecast() {
    let (usual, temperature) = load(24 * DAYS);
    for garbled in [1e9, 1e60, -1e9] {
        let mut load = usual.clone();
        load[24 * 90] = garbled;
        let [whole, bent] = [usual.clone(), load]
            .map(|load| forecast_at((load, temperature.clone()), 24 * 100, 24, &[Model::Ridge]));
        for step in 0..24 {
            let [whole, bent] = [&whole, &bent].map(|forecast| forecast.scenarios.quantile(step, 0.5));
            assert!(
                (bent / whole - 1.0).abs() < 0.3,
                "{garbled}, step {step}: {bent}, and {whole} without it"
            );
        }
    }
}

#[test]
fn a_load_that_doubled_is_forecast_at_its_new_height() {
    let (usual, temperature) = load(24 * DAYS);
    let doubled = usual.iter().enumerate().map(|(row, load)| if row < 24 * 95 { *load } else { 3.0 * load });
    // 110 days from 1 January: the model was fitted on 1 April, and the load grew on 5 April.
    let doubled: Vec<f64> = doubled.collect();
    let forecast = forecast_at((doubled.clone(), temperature), 24 * 110, 24, &[Model::Ridge]);
    let [came, expected]: [f64; 2] = [
        doubled[24 * 110..24 * 111].iter().sum(),
        (0..24).map(|step| forecast.scenarios.quantile(step, 0.5)).sum(),
    ];
    assert!((expected / came - 1.0).abs() < 0.1, "{expected}, and {came} came");
}

#[test]
fn what_was_not_measured_is_no_error() {
    let rows = 24 * DAYS;
    let (usual, temperature) = load(rows);
    let gaps: Vec<f64> =
        usual.iter().enumerate().map(|(row, load)| if row % 5 < 2 { f64::NAN } else { *load }).collect();
    let [whole, gappy] =
        [usual, gaps].map(|load| forecast_at((load, temperature.clone()), 24 * 110, 24, &[Model::Ridge]));
    for step in 0..24 {
        let [whole, gappy] = [&whole, &gappy].map(|forecast| forecast.scenarios.quantile(step, 0.1));
        assert!((gappy / whole - 1.0).abs() < 0.2, "step {step}: {gappy}, and {whole} without gaps");
    }
}

#[test]
fn one_day_of_history_still_has_a_spread() {
    let rows = 24 * DAYS;
    let (mut load, temperature) = load(rows);
    let issued = 24 * 50;
    load[..issued - 24].iter_mut().for_each(|value| *value = f64::NAN);
    let forecast = forecast_at((load, temperature), issued as i64, 24, ALL);
    for step in 0..24 {
        let [low, high] = [0.1, 0.9].map(|level| forecast.scenarios.quantile(step, level));
        assert!(low < high, "step {step}: {low} to {high}");
    }
}

#[test]
fn an_added_block_counts_like_a_fitted_one() {
    let rows = 24 * DAYS;
    let (load, _) = load(rows);
    let grid = grid(rows);
    let table = Table::new(&grid, load, vec![]);
    let lattice = Lattice::new(&table, 24, 24);
    let block = lattice.blocks()[0];
    let known = lattice.known(&table, 80);
    let scale = Scale::of(known);
    let inputs: Vec<_> =
        (0..81).map(|index| inputs::Inputs::of(lattice.known(&table, index), block)).collect();
    let loads: Vec<_> = (0..80).map(|index| known.ended(lattice.origin(index), 24).unwrap()).collect();
    let samples: Vec<Sample<'_>> =
        inputs.iter().zip(&loads).map(|(inputs, load)| Sample { inputs, load }).collect();
    let whole = Ridge::fit(&samples[20..80], scale).unwrap();
    // The same layout, but one block comes later, and one is counted twice.
    let mut grown = Ridge::fit(&samples[20..80], scale).unwrap();
    grown.add(samples[79].inputs, samples[79].load);
    let (once, twice) = (whole.forecast(&inputs[80]), grown.forecast(&inputs[80]));
    assert!(once.iter().zip(&twice).all(|(once, twice)| (once / twice - 1.0).abs() < 0.05));
    assert!(once != twice, "a block that is added changes something");
    // A block without a value changes nothing in the weights.
    let mut same = Ridge::fit(&samples[20..80], scale).unwrap();
    same.add(samples[79].inputs, &[f64::NAN; 24]);
    assert_eq!(same.forecast(&inputs[80]), once);
}

#[test]
fn an_inverse_is_an_inverse() {
    let mut matrix = Square::diagonal(9, 0.5);
    for index in 0..9_u32 {
        let row: Vec<f64> =
            (0..9_u32).map(|column| f64::from((index * 7 + column * column * 3) % 11)).collect();
        matrix.add_outer(&row, 1.0);
    }
    let full = |row: usize, column: usize| matrix.of[row.max(column) * 9 + row.min(column)];
    let inverse = matrix.clone().inverse().unwrap();
    for row in 0..9 {
        let line: Vec<f64> = (0..9).map(|column| full(row, column)).collect();
        for column in 0..9 {
            let product = dot(&line, &inverse.of[column * 9..column * 9 + 9]);
            assert!((product - f64::from(row == column)).abs() < 1e-9, "{row} {column}: {product}");
        }
    }
    assert!(Square::diagonal(3, -1.0).inverse().is_none());
}

#[test]
#[should_panic(expected = "is not known")]
fn a_look_ahead_panics() {
    let grid = grid(100);
    let table = Table::new(&grid, vec![1.0; 100], vec![]);
    Known::at(&table, 50, 24).load(50);
}

#[test]
fn an_overload_is_read_from_whole_paths() {
    let scenarios = Scenarios::of(vec![vec![1.0, 5.0], vec![1.0, 1.0], vec![6.0, 1.0], vec![1.0, 2.0]], 2);
    let risk = scenarios.day_risk(0..2, 4.0);
    // Two of four paths are above 4, each in one block; the marginal probabilities are a quarter each.
    assert_eq!((risk.probability, risk.blocks, risk.shed), (0.5, 0.5, 2.0));
    assert_eq!(scenarios.above(0, 4.0), 0.3);
    let peak = scenarios.peak(0..2);
    assert_eq!((peak.quantile(0.99), peak.in_steps(|step| step == 1)), (6.0, 0.5));
}

#[test]
fn the_better_source_of_a_total_weighs_more() {
    let errors = TotalErrors { direct: vec![1.0, -1.0, 1.0, -1.0], summed: vec![3.0, 3.0, -3.0, -3.0] };
    assert_eq!(errors.share(), 0.9);
    assert!(errors.spread(0.9) < 1.0);
    assert_eq!(TotalErrors::default().share(), 0.5);
    assert_eq!(parts(&[1.0, 3.0]), [0.25, 0.75]);
    assert_eq!(parts(&[0.0, 0.0]), [0.5, 0.5]);
}

/// The forecast of a month at day 420, from a load that follows a temperature known as `sight` says.
fn month_at((load, temperature): (Vec<f64>, Vec<f64>), sight: Sight, models: &[Model]) -> Forecast {
    let grid = grid(load.len());
    let table = Table::new(&grid, load, vec![Column { sight, values: temperature }]);
    let lattice = Lattice::new(&table, 24 * 420, 24 * 30);
    let index = lattice.index(24 * 420).unwrap();
    Target::new(&table, lattice, models, index..index + 1).forecast(index)
}

#[test]
fn a_month_without_a_weather_forecast_is_seen_in_the_weather_of_the_year_before() {
    let (load, temperature) = load(24 * 450);
    let forecast =
        month_at((load.clone(), temperature.clone()), Sight::Observed, &[Model::Ridge, Model::Years]);
    assert_eq!(forecast.model, Model::Years);
    let mean = |value: &dyn Fn(usize) -> f64| (0..24 * 30).map(value).sum::<f64>() / (24.0 * 30.0);
    let came = mean(&|step| load[24 * 420 + step]);
    let expected = mean(&|step| forecast.scenarios.quantile(step, 0.5));
    assert!((expected / came - 1.0).abs() < 0.05, "{expected}, and {came} came");
    let inside = mean(&|step| {
        let [low, high] = [0.1, 0.9].map(|level| forecast.scenarios.quantile(step, level));
        f64::from(low <= load[24 * 420 + step] && load[24 * 420 + step] <= high)
    });
    assert!((0.6..0.95).contains(&inside), "{inside} of the month is in the interval of 80 %");
    // Nothing of the month itself is seen.
    let (mut later, mut weather) = (load, temperature);
    later[24 * 420..].iter_mut().for_each(|value| *value = 1e6);
    weather[24 * 420..].iter_mut().for_each(|value| *value = -40.0);
    let again = month_at((later, weather), Sight::Observed, &[Model::Ridge, Model::Years]);
    assert_eq!(bits(&again), bits(&forecast));
}

#[test]
fn years_leave_a_month_with_a_weather_forecast_to_the_other_models() {
    let forecast = month_at(load(24 * 450), Sight::Forecast, &[Model::Seasonal, Model::Years]);
    assert_eq!(forecast.model, Model::Seasonal);
}
