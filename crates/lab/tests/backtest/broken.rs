//! Loads as the field delivers them: each is forecast with numbers, or the reason says why not.

use super::{USUAL, failure, file, numbers, run, table};
use std::fmt::Write;
use std::fs;
use tempfile::TempDir;

/// What becomes of the load of a row.
type Change<'a> = &'a dyn Fn(usize, f64) -> String;

/// A file of two series in which each load and temperature is changed, by day, hour and value.
fn broken(folder: &TempDir, load: impl Fn(usize, f64) -> String, weather: &str) -> std::path::PathBuf {
    file(folder, |row, line| {
        let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        if let Ok(value) = cells[2].parse() {
            cells[2] = load(row, value);
        }
        if !weather.is_empty() && row > 24 * 30 {
            cells[3] = weather.to_owned();
        }
        Some(cells.join(","))
    })
}

#[test]
fn every_broken_load_is_forecast_with_numbers() {
    let number = |value: f64| value.to_string();
    let gone = String::new;
    let loads: [(&str, Change<'_>, &str); 13] = [
        ("constant", &|_, _| "5".to_owned(), ""),
        ("zeros", &|_, _| "0".to_owned(), ""),
        ("zeros, then load", &|row, load| number(if row < 24 * 40 { 0.0 } else { load }), ""),
        ("load, then zeros", &|row, load| number(if row < 24 * 40 { load } else { 0.0 }), ""),
        ("negative", &|_, load| number(5.0 - load), ""),
        ("gaps of weeks", &|row, load| if row / 24 % 20 < 9 { gone() } else { number(load) }, ""),
        ("a third missing", &|row, load| if row * 7919 % 31 < 10 { gone() } else { number(load) }, ""),
        ("doubled", &|row, load| number(if row < 24 * 45 { load } else { 2.0 * load }), ""),
        ("a spike", &|row, load| number(if row == 24 * 45 { 1e12 } else { load }), ""),
        ("words", &|row, load| if row % 50 == 7 { "ERR".to_owned() } else { number(load) }, ""),
        ("no weather", &|_, load| number(load), "NaN"),
        ("weather of an empty register", &|_, load| number(load), "-32768"),
        ("endless weather", &|_, load| number(load), "inf"),
    ];
    for (name, load, weather) in loads {
        let folder = TempDir::new().unwrap();
        let (path, out) = (broken(&folder, load, weather), folder.path().join("out"));
        let output = run(&path, &out, &format!("{USUAL} --models ridge --rating 30"));
        assert!(output.status.success(), "{name}: {}", failure(&output));
        let rows = table(&out.join("backtest.parquet"));
        assert_eq!(rows.num_rows(), 2 * 5 * 24, "{name}");
        let [low, middle, high, mean] = ["q0.1", "q0.5", "q0.9", "mean"].map(|column| numbers(&rows, column));
        for row in 0..rows.num_rows() {
            let (low, middle, high) = (low[row], middle[row], high[row]);
            assert!(
                mean[row].is_finite() && low <= middle && middle <= high,
                "{name}: {low} {middle} {high}"
            );
            assert!(low.abs().max(high.abs()) < 1e3, "{name}: {low} to {high}");
        }
        let chances = numbers(&table(&out.join("overloads.parquet")), "p_block");
        assert!(chances.iter().all(|chance| (0.0..=1.0).contains(chance)), "{name}");
    }
}

#[test]
fn a_series_without_a_value_is_named_with_the_reason() {
    let folder = TempDir::new().unwrap();
    let (path, out) = (broken(&folder, |_, _| "NaN".to_owned(), ""), folder.path().join("out"));
    let output = run(&path, &out, USUAL);
    assert_eq!(output.status.code(), Some(1));
    let text = failure(&output);
    assert!(text.contains("series `a`: no value is known") && text.contains("1 more series"), "{text}");
}

#[test]
fn the_days_on_which_clocks_change_are_forecast_whole() {
    let folder = TempDir::new().unwrap();
    let mut text = "time,kwh\n".to_owned();
    // From 1 September to 9 November 2023; clocks go back on 29 October in London, and by half an hour on 1 October
    // on Lord Howe Island.
    for row in 0..24 * 70_i64 {
        let time = jiff::Timestamp::from_second(1_693_526_400 + 3600 * row).unwrap();
        writeln!(text, "{time},{}", 10 + (row + 3) % 24 + row * 7919 % 5).unwrap();
    }
    let path = folder.path().join("load.csv");
    fs::write(&path, text).unwrap();
    for (zone, from, to) in [
        ("Europe/London", "2023-10-27", "2023-11-01"),
        ("Australia/Lord_Howe", "2023-09-29", "2023-10-04"),
        ("Pacific/Apia", "2023-10-27", "2023-11-01"),
    ] {
        let out = folder.path().join(from).join(zone);
        let span = format!("--zone {zone} --from {from} --to {to}");
        let options =
            format!("--target kwh --step 1h --horizon 1d --every 1d {span} --models ridge --rating 20");
        let output = run(&path, &out, &options);
        assert!(output.status.success(), "{zone}: {}", failure(&output));
        assert_eq!(table(&out.join("backtest.parquet")).num_rows(), 5 * 24, "{zone}");
        let peaks = table(&out.join("peaks.parquet"));
        for row in 0..peaks.num_rows() {
            let by_hour = (0..24).map(|hour| numbers(&peaks, &format!("p_hour_{hour:02}"))[row]);
            assert!((by_hour.sum::<f64>() - 1.0).abs() < 1e-9, "{zone}");
        }
    }
}
