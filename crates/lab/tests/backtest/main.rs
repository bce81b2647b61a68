//! `gridwarden lab backtest` over small files, as a user runs it.
#![expect(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

mod broken;
mod forecast;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray, TimestampMillisecondArray};
use arrow::compute::concat_batches;
use arrow::datatypes::{Float64Type, TimestampMillisecondType};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;
use std::fmt::Write;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use tempfile::TempDir;

/// Two series of eight weeks by the hour, with a temperature known for two days more.
fn file(folder: &TempDir, change: impl Fn(usize, &str) -> Option<String>) -> PathBuf {
    let mut text = "time,id,kwh,temp_c,holiday,rating,feeder\n".to_owned();
    for (id, size) in [("a", 10.0), ("b", 25.0)] {
        for row in 0..24 * 58 {
            let (day, hour) = (row / 24, row % 24);
            let noise = ((row * 7919 + day * 104_729) % 101) as f64 / 100.0;
            let weekend = if day % 7 >= 5 { 0.6 } else { 1.0 };
            let temperature = 8.0 + (day % 9) as f64;
            let load = size * weekend * (1.0 + (hour as f64 / 4.0).sin().abs()) + noise + 0.2 * temperature;
            let load = if day < 56 { format!("{load:.2}") } else { String::new() };
            let stamp = format!("2024-{:02}-{:02}T{hour:02}:00:00Z", 1 + day / 29, 1 + day % 29);
            let line = format!("{stamp},{id},{load},{temperature},0,{},f1", 2.0 * size);
            writeln!(text, "{}", change(row, &line).unwrap_or(line)).unwrap();
        }
    }
    let path = folder.path().join("load.csv");
    fs::write(&path, text).unwrap();
    path
}

fn run(series: &Path, out: &Path, more: &str) -> Output {
    run_command("backtest", series, out, more)
}

fn run_command(name: &str, series: &Path, out: &Path, more: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gridwarden-lab"));
    command.arg(name).arg("--series").arg(series).arg("--out").arg(out);
    command.args(more.split_whitespace()).output().unwrap()
}

const USUAL: &str = "--target kwh --id id --known temp_c,holiday --step 1h --horizon 1d --every 1d \
                     --from 2024-02-20 --to 2024-02-25 --quantiles 0.1,0.5,0.9";

fn table(path: &Path) -> RecordBatch {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let schema = builder.schema().clone();
    let batches: Vec<RecordBatch> = builder.build().unwrap().map(Result::unwrap).collect();
    concat_batches(&schema, &batches).unwrap()
}

fn numbers(table: &RecordBatch, column: &str) -> Vec<f64> {
    let column = table.column_by_name(column).unwrap().as_primitive::<Float64Type>();
    column.iter().map(|value| value.unwrap_or(f64::NAN)).collect()
}

fn failure(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn every_series_origin_and_start_has_a_row() {
    let folder = TempDir::new().unwrap();
    let (path, out) = (file(&folder, |_, _| None), folder.path().join("out"));
    let output = run(&path, &out, USUAL);
    assert!(output.status.success(), "{}", failure(&output));
    let rows = table(&out.join("backtest.parquet"));
    assert_eq!(rows.num_rows(), 2 * 5 * 24);
    let names: Vec<String> = rows.schema().fields().iter().map(ToString::to_string).collect();
    expect_test::expect![[r#"
        Field { "series": Utf8 }
        Field { "issued": Timestamp(ms, "UTC") }
        Field { "start": Timestamp(ms, "UTC") }
        Field { "end": Timestamp(ms, "UTC") }
        Field { "lead": Int32 }
        Field { "actual": nullable Float64 }
        Field { "mean": Float64 }
        Field { "q0.1": Float64 }
        Field { "q0.5": Float64 }
        Field { "q0.9": Float64 }"#]]
    .assert_eq(&names.join("\n"));
    let [low, middle, high] = ["q0.1", "q0.5", "q0.9"].map(|column| numbers(&rows, column));
    for row in 0..rows.num_rows() {
        assert!(low[row] <= middle[row] && middle[row] <= high[row], "row {row}");
    }
    // The load ends on 24 February; forecasts of later rows have no actual.
    let actual = rows.column_by_name("actual").unwrap();
    assert_eq!(actual.null_count(), 0);
    let scores: Value = serde_json::from_str(&fs::read_to_string(out.join("scores.json")).unwrap()).unwrap();
    assert!(scores["overall"]["mape"].as_f64().unwrap() < 10.0, "{scores:#}");
    assert_eq!(scores["by_lead"].as_object().unwrap().len(), 24);
    assert!(fs::read_to_string(out.join("report.html")).unwrap().contains("<svg"));
}

#[test]
fn a_forecast_is_the_same_whatever_else_was_asked_for() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, |_, _| None);
    let one = |from: &str, every: &str| {
        let out = folder.path().join(format!("{from}{every}"));
        let options = USUAL.replace("--from 2024-02-20", &format!("--from {from}"));
        let output = run(&path, &out, &options.replace("--every 1d", &format!("--every {every}")));
        assert!(output.status.success(), "{}", failure(&output));
        let rows = table(&out.join("backtest.parquet"));
        let issued = rows.column_by_name("issued").unwrap().as_primitive::<TimestampMillisecondType>();
        let last = 1_708_732_800_000; // 2024-02-24
        let found = numbers(&rows, "q0.9");
        let found: Vec<u64> = (0..found.len())
            .filter(|row| issued.value(*row) == last)
            .map(|row| found[row].to_bits())
            .collect();
        assert_eq!(found.len(), 48);
        found
    };
    let expected = one("2024-02-20", "1d");
    assert_eq!(one("2024-02-24", "1d"), expected);
    assert_eq!(one("2024-02-22", "6h"), expected);
}

#[test]
fn the_order_of_rows_does_not_matter_and_the_last_of_a_time_counts() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, |_, _| None);
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let wrong = lines[700].replace(",a,", ",a,9");
    let shuffled: Vec<&str> = lines[1..].iter().rev().copied().collect();
    let text = format!("{}\n{wrong}\n{}\n", lines[0], shuffled.join("\n"));
    let other = folder.path().join("other.csv");
    fs::write(&other, text).unwrap();
    let [one, two] = [("one", &path), ("two", &other)].map(|(name, path)| {
        let out = folder.path().join(name);
        let output = run(path, &out, USUAL);
        assert!(output.status.success(), "{}", failure(&output));
        (numbers(&table(&out.join("backtest.parquet")), "q0.5"), failure(&output))
    });
    assert_eq!(one.0, two.0);
    assert!(two.1.contains("1 row of a time that the series had already"), "{}", two.1);
}

#[test]
fn a_rating_and_a_group_add_their_results() {
    let folder = TempDir::new().unwrap();
    let (path, out) = (file(&folder, |_, _| None), folder.path().join("out"));
    let output = run(&path, &out, &format!("{USUAL} --rating rating --group feeder"));
    assert!(output.status.success(), "{}", failure(&output));
    let blocks = numbers(&table(&out.join("overloads.parquet")), "p_block");
    assert_eq!(blocks.len(), 2 * 5 * 24);
    assert!(blocks.iter().all(|p| *p > 0.0 && *p < 1.0));
    let days = table(&out.join("overload_days.parquet"));
    assert_eq!(days.num_rows(), 2 * 5);
    let hours = numbers(&days, "hours");
    let sum: f64 = blocks.iter().sum();
    assert!((hours.iter().sum::<f64>() - sum).abs() < 0.1 * sum, "hours are the sum of probabilities");
    assert_eq!(table(&out.join("peaks.parquet")).num_rows(), 2 * 5);
    // The means of the members add up to that of the total.
    let means = numbers(&table(&out.join("backtest.parquet")), "mean");
    let (members, total) = means.split_at(2 * 5 * 24);
    assert_eq!(total.len(), 5 * 24);
    for (row, total) in total.iter().enumerate() {
        assert!((members[row] + members[row + 120] - total).abs() < 1e-9 * total, "row {row}");
    }
}

#[test]
fn an_origin_before_the_first_value_ends_with_1_and_the_others_are_written() {
    let folder = TempDir::new().unwrap();
    let empty = |row: usize, line: &str| {
        (row < 24 * 51 + 12 && line.contains(",b,")).then(|| line.replace(",b,", ",b,x"))
    };
    let (path, out) = (file(&folder, empty), folder.path().join("out"));
    let output = run(&path, &out, USUAL);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        failure(&output).contains("series `b`: no value is known at 2024-02-20T00:00:00Z"),
        "{}",
        failure(&output)
    );
    assert!(failure(&output).contains("cells could not be read"), "{}", failure(&output));
    assert_eq!(table(&out.join("backtest.parquet")).num_rows(), 5 * 24 + 24);
}

#[test]
fn mistakes_are_named_with_a_way_out() {
    let folder = TempDir::new().unwrap();
    let (path, out) = (file(&folder, |_, _| None), folder.path().join("out"));
    let cases = [
        (USUAL.replace("kwh", "mw"), "no column `mw`", "its columns are time, id, kwh"),
        (USUAL.replace("--step 1h", "--step 7m"), "does not divide a day", "15m"),
        (format!("{USUAL} --rating NaN"), "no column `NaN`", "its columns are time, id, kwh"),
        (USUAL.replace("--horizon 1d", "--horizon 90m"), "no whole number of steps", "multiple of 1h"),
        (USUAL.replace("--id id", ""), "occur more than once", "--id"),
        (USUAL.replace("2024-02-20", "2024-02-20T00:30:00Z"), "between two rows", "2024-02-20T01:00:00Z"),
        (USUAL.replace("--to 2024-02-25", "--to 2024-02-20"), "is not before", "FROM"),
        (format!("{USUAL} --zone Mars/Base"), "no time zone", "Europe/London"),
        (USUAL.replace("--known temp_c", "--known kwh"), "is the target", "leave it out"),
        (USUAL.replace("0.5,0.9", "0.5,.1"), "names .1 twice", "once"),
        (USUAL.replace("--horizon 1d", "--horizon 1mo --group feeder"), "a fixed length", "30d"),
    ];
    for (options, cause, way_out) in cases {
        let output = run(&path, &out, &options);
        let text = failure(&output);
        assert_eq!(output.status.code(), Some(2), "{options}: {text}");
        assert!(text.contains(cause) && text.contains(way_out), "{options}: {text}");
    }
}

#[test]
fn a_step_may_be_a_whole_day() {
    let folder = TempDir::new().unwrap();
    let mut text = "time,kwh\n".to_owned();
    for day in 0..500_i64 {
        let date = jiff::civil::date(2022, 1, 1).checked_add(jiff::Span::new().days(day)).unwrap();
        let load = if day % 7 >= 5 { 60.0 } else { 100.0 } + (day * 7919 % 101) as f64 / 10.0;
        writeln!(text, "{date}T00:00:00Z,{load}").unwrap();
    }
    let (path, out) = (folder.path().join("daily.csv"), folder.path().join("out"));
    fs::write(&path, text).unwrap();
    let options = "--target kwh --step 1d --horizon 1d --every 1d --from 2023-04-01 --to 2023-04-21";
    let output = run(&path, &out, options);
    assert!(output.status.success(), "{}", failure(&output));
    assert_eq!(table(&out.join("backtest.parquet")).num_rows(), 20);
}

#[test]
fn what_cannot_be_read_in_parquet_is_named_by_its_row_in_the_file() {
    let folder = TempDir::new().unwrap();
    let (path, out) = (folder.path().join("load.parquet"), folder.path().join("out"));
    let start = |row: i64| 1_704_067_200_000 + row * 3_600_000;
    // A batch holds some thousand rows, and the row that is wrong is in a later one.
    let load = |row: i64| if row == 3000 { "4,5".to_owned() } else { format!("{}", 10 + row % 24) };
    let times = TimestampMillisecondArray::from_iter_values((0..3600).map(start)).with_timezone("UTC");
    let loads = StringArray::from_iter_values((0..3600).map(load));
    let columns: [(&str, ArrayRef); 2] = [("time", Arc::new(times)), ("kwh", Arc::new(loads))];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let options =
        "--target kwh --step 1h --horizon 1d --every 1d --from 2024-05-20 --to 2024-05-22 --models ridge";
    let output = run(&path, &out, options);
    assert!(output.status.success(), "{}", failure(&output));
    assert!(failure(&output).contains("row 3000, `kwh` is no number: `4,5`"), "{}", failure(&output));
}
