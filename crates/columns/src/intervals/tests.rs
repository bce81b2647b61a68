use super::*;
use crate::read_back;
use crate::sample::{LIMITS, QUARTER_PAST, full, meter};
use arrow::array::Array;
use expect_test::{Expect, expect};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use reading::{Phases, Quality, Sums, check};
use std::fs;
use std::fs::File;
use units::{Amperes, Millivolts, Milliwatts, Ratio, WattHours};

fn measured() -> Interval {
    let mut sums = Sums::EMPTY;
    sums.add(&check(&full(), &LIMITS).unwrap().reading);
    Interval {
        meter: meter("M1"),
        start: QUARTER_PAST.minus(900_000),
        end: QUARTER_PAST,
        imp: Some(WattHours(250)),
        exp: Some(WattHours(1)),
        sums,
        quality: Quality::ESTIMATED.with(Quality::RESET),
        instead: None,
    }
}

fn gap() -> Interval {
    Interval {
        meter: meter("M2"),
        imp: None,
        exp: None,
        sums: Sums::EMPTY,
        quality: Quality::GAP,
        instead: None,
        ..measured()
    }
}

fn check_columns(asked: Intervals, expected: &Expect) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("intervals.parquet");
    let mut writer = IntervalsFile::create(&path, asked, Compression::USUAL).unwrap();
    writer.write(&[measured(), gap()]).unwrap();
    assert!(writer.finish().unwrap());
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap();
    let columns = reader.schema().fields().iter().map(|column| {
        let null = if column.is_nullable() { " or null" } else { "" };
        format!("{} {}{null}\n", column.name(), column.data_type())
    });
    expected.assert_eq(&columns.collect::<String>());
}

#[test]
fn columns_are_those_of_the_design() {
    check_columns(
        Intervals::PLAIN,
        &expect![[r#"
        meter Utf8
        start Timestamp(ms, "UTC")
        end Timestamp(ms, "UTC")
        imp_wh Int64 or null
        exp_wh Int64 or null
        avg_w Float64 or null
        max_w Float64 or null
        pf Float64 or null
        v_min Float64 or null
        v_max Float64 or null
        i_avg Float64 or null
        imbalance_avg Float64 or null
        imbalance_max Float64 or null
        readings Int32
        quality Dictionary(Int32, Utf8)
    "#]],
    );
}

#[test]
fn what_is_asked_for_stands_behind_the_others() {
    check_columns(
        Intervals {
            valid: true,
            pf_true: true,
            unbalance: true,
            candidate: Some((Ratio(0.1), Amperes(0.001))),
        },
        &expect![[r#"
            meter Utf8
            start Timestamp(ms, "UTC")
            end Timestamp(ms, "UTC")
            imp_wh Int64 or null
            exp_wh Int64 or null
            avg_w Float64 or null
            max_w Float64 or null
            pf Float64 or null
            v_min Float64 or null
            v_max Float64 or null
            i_avg Float64 or null
            imbalance_avg Float64 or null
            imbalance_max Float64 or null
            readings Int32
            quality Dictionary(Int32, Utf8)
            valid_wh Int64 or null
            pf_true Float64 or null
            unbalance Float64 or null
            candidate Boolean
        "#]],
    );
}

#[test]
fn rows_come_back_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("intervals.parquet");
    let mut writer = IntervalsFile::create(
        &path,
        Intervals { valid: true, candidate: Some((Ratio(0.001), Amperes(0.01))), ..Intervals::PLAIN },
        Compression::USUAL,
    )
    .unwrap();
    writer.write(&[measured(), gap()]).unwrap();
    writer.finish().unwrap();
    let (_, rows) = read_back(&path).unwrap();
    expect![[r#"
        {"meter":"M1","start":"2024-01-01T00:00:00Z","end":"2024-01-01T00:15:00Z","imp_wh":250,"exp_wh":1,"avg_w":-1150.001,"max_w":-1150.001,"pf":-0.9999999999455578,"v_min":231.255,"v_max":231.255,"i_avg":5.001,"imbalance_avg":0.019,"imbalance_max":0.019,"readings":1,"quality":"estimated,reset","valid_wh":250,"candidate":true}
        {"meter":"M2","start":"2024-01-01T00:00:00Z","end":"2024-01-01T00:15:00Z","imp_wh":null,"exp_wh":null,"avg_w":null,"max_w":null,"pf":null,"v_min":null,"v_max":null,"i_avg":null,"imbalance_avg":null,"imbalance_max":null,"readings":0,"quality":"gap","valid_wh":null,"candidate":false}
    "#]]
    .assert_eq(
        &rows.iter().map(|row| format!("{}\n", serde_json::Value::from(row.clone()))).collect::<String>(),
    );
}

#[test]
fn many_and_few_at_a_time_give_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    let all: Vec<Interval> = (0..5_000)
        .map(|row| Interval {
            meter: meter(&format!("M{}", row % 700)),
            imp: Some(WattHours(row)),
            ..measured()
        })
        .collect();
    let written = |sizes: &[usize]| {
        let path = folder.path().join("intervals.parquet");
        let mut writer = IntervalsFile::create(&path, Intervals::PLAIN, Compression::USUAL).unwrap();
        let mut rest = &all[..];
        for &size in sizes.iter().cycle() {
            let (chunk, more) = rest.split_at(size.min(rest.len()));
            writer.write(chunk).unwrap();
            rest = more;
            if rest.is_empty() {
                break;
            }
        }
        assert!(writer.finish().unwrap());
        fs::read(&path).unwrap()
    };
    // The same bytes: how intervals are cut into calls leaves no trace.
    let at_once = written(&[5_000]);
    assert_eq!(written(&[1]), at_once);
    assert_eq!(written(&[100, 3_000, 7]), at_once);
    let (_, rows) = read_back(folder.path().join("intervals.parquet")).unwrap();
    assert!(
        rows.iter().zip(&all).all(|(row, one)| row["meter"] == one.meter.as_str()
            && row["imp_wh"].as_i64() == one.imp.map(|wh| wh.0))
    );
}

#[test]
fn a_writer_that_is_dropped_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer =
        IntervalsFile::create(&folder.path().join("intervals.parquet"), Intervals::PLAIN, Compression::USUAL)
            .unwrap();
    writer.write(&[measured()]).unwrap();
    drop(writer);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let Err(error) = IntervalsFile::create(
        "no/such/folder/intervals.parquet".as_ref(),
        Intervals::PLAIN,
        Compression::USUAL,
    ) else {
        panic!("it wrote")
    };
    expect!["cannot create `no/such/folder/intervals.parquet`"].assert_eq(&error.to_string());
}

#[test]
fn what_is_not_believed_has_something_instead_or_nothing() {
    let spike = Interval { quality: Quality::SPIKE, ..measured() };
    let of_power = Interval { quality: Quality::SPIKE.with(Quality::POWER), ..measured() };
    let of_power = Interval { instead: Some(WattHours(7)), ..of_power };
    let suspect = Interval { quality: Quality::SUSPECT, ..measured() };
    let estimated = Interval { quality: Quality::ESTIMATED, instead: None, ..measured() };
    let all = [measured(), spike, of_power, suspect, estimated, gap()];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("intervals.parquet");
    let asked = Intervals { valid: true, pf_true: true, unbalance: true, candidate: None };
    let mut writer = IntervalsFile::create(&path, asked, Compression::USUAL).unwrap();
    writer.write(&all).unwrap();
    writer.finish().unwrap();
    let valid: Vec<_> =
        read_back(&path).unwrap().1.iter().map(|row| row["valid_wh"].as_i64().map(WattHours)).collect();
    assert_eq!(valid, [all[0].imp, all[1].imp, Some(WattHours(7)), None, all[4].imp, all[5].imp]);
    // The same in messages.
    let message = record_batch(&asked, all.iter());
    let column = message.column_by_name("valid_wh").unwrap();
    assert_eq!(column.null_count(), valid.iter().filter(|wh| wh.is_none()).count());
}

/// Intervals of a fleet as they are: registers grow by little, voltages are near each other, names are in order.
fn fleet(rows: i64) -> Vec<Interval> {
    let mut all = Vec::new();
    for row in 0..rows {
        let noise = (row as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
        let mut raw = full();
        raw.v = Some(Phases::One(Millivolts(226_000 + (noise % 90) as i32 * 100)));
        raw.p = Some(Phases::One(Milliwatts(300_000 + (noise % 2_000) as i64 * 1_000)));
        let mut sums = Sums::EMPTY;
        sums.add(&check(&raw, &LIMITS).unwrap().reading);
        let name = meter(&format!("M{:07}", row % 1_000));
        let imp = Some(WattHours((noise % 500) as i64));
        all.push(Interval { meter: name, imp, sums, ..measured() });
    }
    all
}

#[test]
fn a_file_is_small_unless_a_plan_wants_it_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let all = fleet(20_000);
    let [none, snappy, usual, highest] =
        [Compression::None, Compression::Snappy, Compression::USUAL, Compression::Zstd(Some(19))].map(
            |compression| {
                let path = folder.path().join("intervals.parquet");
                let mut writer = IntervalsFile::create(&path, Intervals::PLAIN, compression).unwrap();
                writer.write(&all).unwrap();
                writer.finish().unwrap();
                fs::metadata(&path).unwrap().len()
            },
        );
    assert!(usual * 5 < none, "{usual} bytes, without compression {none}");
    assert!(highest <= usual && usual < snappy && snappy < none, "{highest}, {usual}, {snappy}, {none}");
}
