//! `gridwarden lab forecast`: one origin of a backtest, without what came.

use super::{USUAL, failure, file, numbers, run, run_command, table};
use std::fs;
use tempfile::TempDir;

const ISSUED: &str =
    "--target kwh --id id --known temp_c,holiday --step 1h --horizon 1d --quantiles 0.1,0.5,0.9";

#[test]
fn a_forecast_is_that_of_a_backtest_at_its_moment() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, |_, _| None);
    let [past, now] = ["past", "now"].map(|name| folder.path().join(name));
    assert!(run(&path, &past, &USUAL.replace("--from 2024-02-20", "--from 2024-02-24")).status.success());
    let output =
        run_command("forecast", &path, &now, &format!("{ISSUED} --issued 2024-02-24 --rating rating"));
    assert!(output.status.success(), "{}", failure(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 1);
    let [past, rows] =
        [past.join("backtest.parquet"), now.join("forecasts.parquet")].map(|path| table(&path));
    let names: Vec<String> = rows.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names.join(" "), "series issued start end mean q0.1 q0.5 q0.9");
    assert_eq!(rows.num_rows(), 2 * 24);
    for column in ["mean", "q0.1", "q0.5", "q0.9"] {
        let [past, rows] = [&past, &rows].map(|rows| numbers(rows, column));
        assert!(past.iter().zip(&rows).all(|(past, now)| past.to_bits() == now.to_bits()), "{column}");
    }
    assert_eq!(table(&now.join("overload_days.parquet")).num_rows(), 2);
    assert!(!fs::exists(now.join("scores.json")).unwrap(), "nothing came yet that could be scored");
}

#[test]
fn a_load_that_ended_early_is_forecast_with_a_note() {
    let folder = TempDir::new().unwrap();
    let (path, out) = (file(&folder, |_, _| None), folder.path().join("out"));
    let output = run_command("forecast", &path, &out, &format!("{ISSUED} --issued 2024-03-02"));
    assert!(output.status.success(), "{}", failure(&output));
    let note = "note: 2 series without a value in the last day; that of `a` ends at 2024-02-28T00:00:00Z";
    assert!(failure(&output).contains(note), "{}", failure(&output));
}

#[test]
fn a_forecast_without_history_ends_with_1_and_the_reason() {
    let folder = TempDir::new().unwrap();
    let (path, out) = (file(&folder, |_, _| None), folder.path().join("out"));
    let output = run_command("forecast", &path, &out, &format!("{ISSUED} --issued 2023-12-31"));
    assert_eq!(output.status.code(), Some(1));
    let text = failure(&output);
    assert!(text.contains("no value is known at 2023-12-31T00:00:00Z (1 origin)"), "{text}");
    assert!(text.contains("issue the forecast later"), "{text}");
}
