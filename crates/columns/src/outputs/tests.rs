use super::*;
use crate::files::OutputFile;
use crate::sample::{QUARTER_PAST, meter};
use crate::{Encoder, Message, read_back};
use ::cases::{Case, CaseId, Change};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use detect::{DailySuspicion, Detector, Innocent};
use expect_test::{Expect, expect};
use forecast::Forecast;
use grid::{Balance, Gap, Standing};
use jiff::civil::date;
use jiff::tz::TimeZone;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use pipeline::Compression;
use reading::{AreaId, Calendar, Quality, Target, TransformerId};
use std::fs::File;
use units::{WattHours, Watts};

/// Writes the rows of an output to its file and compares what [`shown`] makes of it.
fn show<O: Output>(output: impl Fn() -> O, out: &Outputs, expected: &Expect) {
    expected.assert_eq(&shown(output, out));
}

/// Writes the rows of an output to its file and shows it: a line a column, its values behind it. What the file and the
/// messages both have is the same.
fn shown<O: Output>(output: impl Fn() -> O, out: &Outputs) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(O::ABOUT.file);
    let mut file = O::File::create(&path, output(), Compression::USUAL).unwrap();
    file.take(out).unwrap();
    assert!(file.finish().unwrap());
    assert_same_as_messages(&output(), out, &read_back(&path).unwrap().1);
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap();
    let schema = reader.schema().clone();
    let read: Vec<_> = reader.build().unwrap().map(Result::unwrap).collect();
    let mut text = String::new();
    for (index, field) in schema.fields().iter().enumerate() {
        text += &format!("{} {}:", field.name(), field.data_type());
        for one in &read {
            // Without its zone: Arrow shows that only with a table of time zones.
            let stamps = DataType::Timestamp(TimeUnit::Millisecond, None);
            let column = match field.data_type() {
                DataType::Timestamp(..) => cast(one.column(index), &stamps).unwrap(),
                _ => one.column(index).clone(),
            };
            let options = FormatOptions::default().with_null("-");
            let values = ArrayFormatter::try_new(&column, &options).unwrap();
            // How a reason goes on is for `cases` to say.
            (0..one.num_rows()).for_each(|row| text += &format!(" {:.40}", values.value(row).to_string()));
        }
        text += "\n";
    }
    text
}

fn assert_same_as_messages<O: Output>(output: &O, out: &Outputs, rows: &[crate::Row]) {
    let mut encoder = Encoder::default();
    let objects: Vec<crate::Row> =
        O::rows(out).map(|row| serde_json::from_slice(encoder.line(output, row)).unwrap()).collect();
    assert_eq!(rows.len(), objects.len());
    for (row, object) in rows.iter().zip(&objects) {
        let in_both: Vec<&String> = object.keys().filter(|name| row.contains_key(*name)).collect();
        assert!(in_both.len() > 3, "{in_both:?}");
        in_both.into_iter().for_each(|name| assert_eq!(row[name], object[name], "{name}"));
    }
}

fn transformer() -> TransformerId {
    TransformerId::new("T01").unwrap()
}

#[test]
fn names_of_places_are_escaped_in_json() {
    let name = r#"मुंबई "पूर्व" \ 3"#;
    let (mut one, output) = (balance(), Balances);
    one.transformer = TransformerId::new(name).unwrap();
    let mut encoder = Encoder::default();
    let Message { key, value } = encoder.row(&output, &one);
    assert_eq!(key, format!("{name}/{}", one.end).as_bytes());
    let row: crate::Row = serde_json::from_slice(value.unwrap()).unwrap();
    assert_eq!(row["transformer"], name);
}

#[test]
fn a_forecast_has_a_column_a_quantile() {
    let forecast = Forecast {
        target: Target::Transformer(transformer()),
        issued: QUARTER_PAST.minus(3_600_000),
        start: QUARTER_PAST,
        end: QUARTER_PAST.plus(900_000),
        mean: Watts(1500.0),
        quantiles: vec![Watts(1000.0), Watts(2000.5)],
    };
    let short = Forecast { target: Target::System, quantiles: vec![], ..forecast.clone() };
    show(
        || Forecasts::new(vec![0.1, 0.975]),
        &Outputs { forecasts: vec![forecast, short], ..Outputs::default() },
        &expect![[r#"
            target Utf8: transformer/T01 system
            issued Timestamp(ms, "UTC"): 2023-12-31T23:15:00 2023-12-31T23:15:00
            start Timestamp(ms, "UTC"): 2024-01-01T00:15:00 2024-01-01T00:15:00
            end Timestamp(ms, "UTC"): 2024-01-01T00:30:00 2024-01-01T00:30:00
            mean Float64: 1500.0 1500.0
            q10 Float64: 1000.0 -
            q97.5 Float64: 2000.5 -
        "#]],
    );
}

#[test]
fn a_suspicion_is_of_a_local_day() {
    let by_detector = |score| [score; Detector::ALL.len()];
    let day = |day, score| DailySuspicion { meter: meter("M1"), day, score, by_detector: by_detector(score) };
    let suspicions = vec![day(date(2024, 2, 29), 0.25), day(date(1969, 12, 31), 1.0)];
    let text = shown(|| Suspicions, &Outputs { suspicions, ..Outputs::default() });
    let lines: Vec<&str> = text.lines().collect();
    expect![[r#"
        meter Utf8: M1 M1
        day Date32: 2024-02-29 1969-12-31
        score Float64: 0.25 1.0"#]]
    .assert_eq(&lines[..3].join("\n"));
    // Then a column a detector.
    let by_detector = Detector::ALL.iter().map(|one| format!("{} Float64: 0.25 1.0", one.column()));
    assert_eq!(lines[3..], by_detector.collect::<Vec<String>>());
}

/// An open case and a closed one.
fn cases() -> Outputs {
    let detector = Detector::PhaseNeutral;
    let fact = |name, value| detector.about().fact(name).unwrap().of(value);
    let brief = detector.about().innocent("brief").unwrap();
    let blocks = brief.fact("blocks").unwrap().of(8.0).limited(4.0);
    let evidence = detect::Evidence {
        detector,
        since: QUARTER_PAST.minus(7_200_000),
        until: QUARTER_PAST,
        blocks: 8,
        score: 0.75,
        weight: 1.0,
        facts: vec![
            fact("phase", 2.0),
            fact("neutral", 5.5),
            fact("apart", 3.5).limited(0.5),
            fact("share", 0.636),
        ],
        excess: Some(WattHours(1610)),
        looked_at: vec![Innocent { definition: brief, facts: vec![blocks.about(meter("M2"))] }],
    };
    let id = |days: i64| CaseId::new(detector, meter("M1"), QUARTER_PAST.minus(days * 86_400_000));
    let mut shorter = detect::Evidence {
        blocks: 4,
        until: QUARTER_PAST.minus(3_600_000),
        excess: None,
        ..evidence.clone()
    };
    (shorter.facts[0].value, shorter.facts[2].value) = (2.5, 3.0);
    let open = Case {
        id: id(0),
        follows: Some(id(9)),
        detector,
        detectors: vec![detector],
        meter: meter("M1"),
        transformer: Some(transformer()),
        area: AreaId::new("north"),
        opened: QUARTER_PAST,
        last_evidence: QUARTER_PAST,
        closed: None,
        score_max: 0.75,
        blocks: 8,
        opening: vec![shorter],
        evidence: vec![evidence],
        excess: Some(WattHours(2415)),
    };
    let closed = Case {
        id: id(-1),
        follows: None,
        transformer: None,
        area: None,
        closed: Some(QUARTER_PAST),
        ..open.clone()
    };
    Outputs { changes: vec![Change::Opened(open), Change::Opened(closed)], ..Outputs::default() }
}

#[test]
fn a_case_carries_what_is_to_be_done_and_its_reason() {
    show(
        || Cases::new(Calendar::new(TimeZone::UTC, Default::default())),
        &cases(),
        &expect![[r#"
        id Utf8: phase-neutral.M1.20240101T0015Z phase-neutral.M1.20240102T0015Z
        target Utf8: meter/M1 meter/M1
        kind Utf8: phase-neutral phase-neutral
        opened Timestamp(ms, "UTC"): 2024-01-01T00:15:00 2024-01-01T00:15:00
        updated Timestamp(ms, "UTC"): 2024-01-01T00:15:00 2024-01-01T00:15:00
        closed Timestamp(ms, "UTC"): - 2024-01-01T00:15:00
        state Utf8: open closed
        probability Float64: 0.75 0.75
        severity Utf8: high high
        wh_day_low Int64: - -
        wh_day_mid Int64: 2415 2415
        wh_day_high Int64: - -
        excess_total_wh Int64: 2415 2415
        detectors Utf8: phase-neutral phase-neutral
        area Utf8: north -
        transformer Utf8: T01 -
        outcome Utf8: - -
        follows Utf8: phase-neutral.M1.20231223T0015Z -
        reason Utf8: please check meter M1: phase 2.00 A, neu please check meter M1: phase 2.00 A, neu
    "#]],
    );
}

#[test]
fn evidence_is_a_fact_a_row_of_the_opening_and_the_strongest_run() {
    let mut one = cases();
    one.changes.truncate(1);
    show(
        || Evidence,
        &one,
        &expect![[r#"
        case Utf8: phase-neutral.M1.20240101T0015Z phase-neutral.M1.20240101T0015Z phase-neutral.M1.20240101T0015Z phase-neutral.M1.20240101T0015Z phase-neutral.M1.20240101T0015Z phase-neutral.M1.20240101T0015Z phase-neutral.M1.20240101T0015Z phase-neutral.M1.20240101T0015Z phase-neutral.M1.20240101T0015Z phase-neutral.M1.20240101T0015Z phase-neutral.M1.20240101T0015Z
        run Utf8: opening opening opening opening opening strongest strongest strongest strongest strongest strongest
        detector Utf8: phase-neutral phase-neutral phase-neutral phase-neutral phase-neutral phase-neutral phase-neutral phase-neutral phase-neutral phase-neutral phase-neutral
        looked_at Utf8: - - - - brief - - - - - brief
        fact Utf8: phase neutral apart share blocks phase neutral apart share excess blocks
        value Float64: 2.5 5.5 3.0 0.636 8.0 2.0 5.5 3.5 0.636 1610.0 8.0
        allowed Float64: - - 0.5 - 4.0 - - 0.5 - - 4.0
        unit Utf8: A A A - - A A A - Wh -
        about Utf8: - - - - M2 - - - - - M2
        since Timestamp(ms, "UTC"): 2023-12-31T22:15:00 2023-12-31T22:15:00 2023-12-31T22:15:00 2023-12-31T22:15:00 2023-12-31T22:15:00 2023-12-31T22:15:00 2023-12-31T22:15:00 2023-12-31T22:15:00 2023-12-31T22:15:00 2023-12-31T22:15:00 2023-12-31T22:15:00
        until Timestamp(ms, "UTC"): 2023-12-31T23:15:00 2023-12-31T23:15:00 2023-12-31T23:15:00 2023-12-31T23:15:00 2023-12-31T23:15:00 2024-01-01T00:15:00 2024-01-01T00:15:00 2024-01-01T00:15:00 2024-01-01T00:15:00 2024-01-01T00:15:00 2024-01-01T00:15:00
        weight Float64: 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0
    "#]],
    );
}

fn balance() -> Balance {
    Balance {
        transformer: transformer(),
        start: QUARTER_PAST.minus(900_000),
        end: QUARTER_PAST,
        supplied: Some(WattHours(1000)),
        consumed: WattHours(900),
        estimated: Some(WattHours(60)),
        gap: Some(Gap { probable: WattHours(40), low: WattHours(-20), high: WattHours(100) }),
        meters: 12,
        reporting: 11,
        quality: Quality::PARTIAL.with(Quality::ESTIMATED),
        revision: 2,
        standing: Standing::Final,
    }
}

#[test]
fn a_balance_without_a_supply_has_no_gap_and_a_file_holds_the_last_revision() {
    let whole = balance();
    let half = Balance { supplied: None, estimated: None, gap: None, ..whole };
    let in_file = |standing| Balances::in_file(&Balance { standing, ..whole });
    assert_eq!([Standing::Open, Standing::Final, Standing::Ended].map(in_file), [false, true, true]);
    show(
        || Balances,
        &Outputs { balances: vec![whole, half], ..Outputs::default() },
        &expect![[r#"
            transformer Utf8: T01 T01
            start Timestamp(ms, "UTC"): 2024-01-01T00:00:00 2024-01-01T00:00:00
            end Timestamp(ms, "UTC"): 2024-01-01T00:15:00 2024-01-01T00:15:00
            supplied_wh Int64: 1000 -
            consumed_wh Int64: 900 900
            gap_wh Int64: 40 -
            meters Int32: 12 12
            reporting Int32: 11 11
            estimated_wh Int64: 60 -
            gap_low_wh Int64: -20 -
            gap_high_wh Int64: 100 -
            quality Dictionary(Int32, Utf8): estimated,partial estimated,partial
            revision Int32: 2 2
            final Boolean: true true
        "#]],
    );
}
