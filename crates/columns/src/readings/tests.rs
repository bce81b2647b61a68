use crate::sample::{LIMITS, QUARTER_PAST, any_raw, assert_same, checked, full, meter, three_phase, words};
use crate::{ColumnsError, ParquetReadings, ReadingsWriter};
use arrow::array::*;
use arrow::compute::cast;
use arrow::datatypes::*;
use expect_test::{Expect, expect};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use reading::{Batch, EventTime, Issue, RawReading};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use units::WattHours;

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn ours(&self, readings: &[RawReading]) -> PathBuf {
        let path = self.path("ours.parquet");
        let mut writer = ReadingsWriter::create(&path).unwrap();
        writer.write(readings).unwrap();
        assert_eq!(writer.finish().unwrap(), readings.len() as u64);
        path
    }

    fn theirs(&self, columns: &[(&str, ArrayRef)], properties: WriterProperties) -> PathBuf {
        let path = self.path("theirs.parquet");
        let fields: Vec<Field> =
            columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
        let schema = Arc::new(Schema::new(fields));
        let arrays = columns.iter().map(|(_, array)| array.clone()).collect();
        let rows = RecordBatch::try_new(schema.clone(), arrays).unwrap();
        let file = fs::File::create(&path).unwrap();
        let mut writer = ArrowWriter::try_new(file, schema, Some(properties)).unwrap();
        writer.write(&rows).unwrap();
        writer.close().unwrap();
        path
    }
}

fn read(path: &Path) -> Batch {
    let mut file = ParquetReadings::open(path).unwrap();
    let mut batch = Batch::default();
    assert!(file.next_batch(&LIMITS, &mut batch).unwrap());
    let mut rest = Batch::default();
    assert!(!file.next_batch(&LIMITS, &mut rest).unwrap());
    batch
}

fn plain() -> WriterProperties {
    WriterProperties::builder().build()
}

fn time(ms: &[i64]) -> ArrayRef {
    Arc::new(TimestampMillisecondArray::from(ms.to_vec()).with_timezone("UTC"))
}

/// Reads a file of these columns beside `meter` and `time`.
fn check_columns(columns: &[(&str, ArrayRef)], expected: &Expect) {
    let folder = Folder::new();
    let rows = columns[0].1.len();
    let meters: ArrayRef = Arc::new(StringArray::from_iter_values((1..=rows).map(|row| format!("M{row}"))));
    let times = time(&vec![QUARTER_PAST.0; rows]);
    let mut all = vec![("meter", meters), ("time", times)];
    all.extend_from_slice(columns);
    expected.assert_eq(&words(&read(&folder.theirs(&all, plain()))));
}

fn check_error(result: Result<ParquetReadings, ColumnsError>, folder: &Folder, expected: &Expect) {
    let Err(error) = result else { panic!("it opened") };
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text += &format!("\n  because: {cause}");
        source = cause.source();
    }
    if let Some(help) = error.help() {
        text += &format!("\n  help: {help}");
    }
    expected.assert_eq(&text.replace(&folder.0.path().display().to_string(), "DIR"));
}

fn check_refused(columns: &[(&str, ArrayRef)], expected: &Expect) {
    let folder = Folder::new();
    check_error(ParquetReadings::open(folder.theirs(columns, plain())), &folder, expected);
}

fn ints(values: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

fn floats(values: &[f64]) -> ArrayRef {
    Arc::new(Float64Array::from(values.to_vec()))
}

fn texts(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

#[test]
fn every_field_survives_a_file() {
    let folder = Folder::new();
    let readings = [full(), three_phase()];
    assert_same(&read(&folder.ours(&readings)), &checked(&readings));
}

#[test]
fn a_file_has_the_columns_of_the_wire() {
    let folder = Folder::new();
    let file = fs::File::open(folder.ours(&[full()])).unwrap();
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let columns: Vec<String> = reader
        .schema()
        .fields()
        .iter()
        .map(|column| format!("{} {}", column.name(), column.data_type()))
        .collect();
    expect![[r#"meter Utf8, time Timestamp(ms, "UTC"), imp Int64, exp Int64, v Decimal64(18, 3), v_a Decimal64(18, 3), v_b Decimal64(18, 3), v_c Decimal64(18, 3), i Decimal64(18, 3), i_a Decimal64(18, 3), i_b Decimal64(18, 3), i_c Decimal64(18, 3), in Decimal64(18, 3), vl Decimal64(18, 3), p Decimal64(18, 3), p_a Decimal64(18, 3), p_b Decimal64(18, 3), p_c Decimal64(18, 3), q Decimal64(18, 3), q_a Decimal64(18, 3), q_b Decimal64(18, 3), q_c Decimal64(18, 3), lag Int64, lead Int64, vah Int64, f Decimal64(18, 3), ev List(UInt16), relay Boolean, seq UInt64"#]]
    .assert_eq(&columns.join(", "));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_file_gives_what_the_check_gives(readings in vec(any_raw(), 1..200)) {
        let folder = Folder::new();
        assert_same(&read(&folder.ours(&readings)), &checked(&readings));
    }
}

#[test]
fn batches_and_row_groups_keep_the_order() {
    let folder = Folder::new();
    let rows = 20_000;
    let meters = StringArray::from_iter_values((0..rows).map(|row| format!("M{}", row % 7_000)));
    let times: Vec<i64> = (0..rows).map(|row| QUARTER_PAST.0 + row / 7_000 * 900_000).collect();
    let columns: [(&str, ArrayRef); 3] = [
        ("meter", Arc::new(meters)),
        ("time", time(&times)),
        ("imp", Arc::new(Int64Array::from_iter_values(0..rows))),
    ];
    // A small dictionary that is given up half way, one that holds, and none.
    for (small, dictionary) in [(true, true), (false, true), (false, false)] {
        let properties = WriterProperties::builder()
            .set_max_row_group_row_count(Some(9_000))
            .set_dictionary_enabled(dictionary)
            .set_dictionary_page_size_limit(if small { 10_000 } else { 1_000_000 });
        let path = folder.theirs(&columns, properties.build());
        let mut file = ParquetReadings::open(&path).unwrap();
        assert_eq!(file.len(), rows as u64);
        let mut batch = Batch::default();
        let (mut lengths, mut row) = (Vec::new(), 0);
        while let Some(next) = file.next_time().unwrap() {
            assert!(file.next_batch(&LIMITS, &mut batch).unwrap());
            assert_eq!(next, batch.readings[0].time());
            for index in 0..batch.len() {
                assert_eq!(batch.meter(index), meter(&format!("M{}", row % 7_000)));
                assert_eq!(batch.readings[index].imp(), Some(WattHours(row)));
                assert_eq!(batch.key(index).hash, reading::id::hash(batch.name(index)));
                row += 1;
            }
            lengths.push(batch.len());
        }
        assert!(!file.next_batch(&LIMITS, &mut batch).unwrap());
        assert_eq!(lengths, [8192, 808, 8192, 808, 2000]);
        assert_eq!(file.rows_read(), rows as u64);
    }
}

#[test]
fn text_of_any_kind_names_a_meter() {
    let folder = Folder::new();
    let names = texts(&["M2", "M1", "M2", "M2"]);
    let dictionary = |keys: DataType, of: DataType| DataType::Dictionary(Box::new(keys), Box::new(of));
    for kind in [
        DataType::Utf8,
        DataType::LargeUtf8,
        DataType::Utf8View,
        dictionary(DataType::Int32, DataType::Utf8),
        dictionary(DataType::UInt8, DataType::LargeUtf8),
    ] {
        let meters = cast(&names, &kind).unwrap();
        let columns = [("meter", meters), ("time", time(&[QUARTER_PAST.0; 4])), ("imp", ints(&[1, 2, 3, 4]))];
        let batch = read(&folder.theirs(&columns, plain()));
        let found: Vec<_> = (0..4).map(|index| batch.meter(index).to_string()).collect();
        assert_eq!(found, ["M2", "M1", "M2", "M2"], "{kind}");
        assert_eq!(batch.key(0).hash, batch.key(3).hash);
    }
}

#[test]
fn time_of_any_unit_is_the_same_moment() {
    let folder = Folder::new();
    let ms = QUARTER_PAST.0;
    let times: [ArrayRef; 6] = [
        Arc::new(TimestampMillisecondArray::from(vec![ms]).with_timezone("UTC")),
        Arc::new(TimestampMicrosecondArray::from(vec![ms * 1000 + 999]).with_timezone("UTC")),
        Arc::new(TimestampNanosecondArray::from(vec![ms * 1_000_000 + 999_999]).with_timezone("UTC")),
        // Zoned timestamps are kept in UTC, whatever zone they show.
        Arc::new(TimestampMillisecondArray::from(vec![ms]).with_timezone("Asia/Kolkata")),
        Arc::new(Int64Array::from(vec![ms])),
        Arc::new(UInt64Array::from(vec![ms as u64])),
    ];
    for times in times {
        let kind = times.data_type().to_string();
        let columns = [("meter", texts(&["M1"])), ("time", times), ("imp", ints(&[1]))];
        assert_eq!(read(&folder.theirs(&columns, plain())).readings[0].time(), QUARTER_PAST, "{kind}");
    }
}

#[test]
fn numbers_of_any_width_are_the_same_reading() {
    for kind in [
        DataType::Int8,
        DataType::Int16,
        DataType::Int32,
        DataType::Int64,
        DataType::UInt8,
        DataType::UInt16,
        DataType::UInt32,
        DataType::UInt64,
        DataType::Float32,
        DataType::Float64,
        DataType::Decimal32(9, 2),
        DataType::Decimal64(18, 3),
        DataType::Decimal128(38, 5),
    ] {
        let column = cast(&Int64Array::from(vec![Some(100), None, Some(5)]), &kind).unwrap();
        let registers = if kind.is_integer() { column.clone() } else { ints(&[100, 0, 5]) };
        let nulls = if kind.is_integer() { "None" } else { "(0)" };
        let folder = Folder::new();
        let columns = [
            ("meter", texts(&["M1", "M2", "M3"])),
            ("time", time(&[QUARTER_PAST.0; 3])),
            ("f", ints(&[50, 50, 50])),
            ("imp", registers),
            ("v", column.clone()),
            ("p", column),
        ];
        let found = words(&read(&folder.theirs(&columns, plain())));
        let expected = format!(
            "M1 2024-01-01T00:15:00Z imp (100) v ((100000, 100000)) i None p (100000)\n\
             M2 2024-01-01T00:15:00Z imp {nulls} v None i None p None\n\
             M3 2024-01-01T00:15:00Z imp (5) v ((5000, 5000)) i None p (5000)\n"
        );
        assert_eq!(found, expected, "{kind}");
    }
}

#[test]
fn floats_are_rounded_half_away_from_zero() {
    check_columns(
        &[("p", floats(&[0.0005, -0.0005, 0.0015, 0.0025, -0.0025, 0.000_499_9, 230.1, -1e-9]))],
        &expect![[r#"
            M1 2024-01-01T00:15:00Z imp None v None i None p (1)
            M2 2024-01-01T00:15:00Z imp None v None i None p (-1)
            M3 2024-01-01T00:15:00Z imp None v None i None p (2)
            M4 2024-01-01T00:15:00Z imp None v None i None p (3)
            M5 2024-01-01T00:15:00Z imp None v None i None p (-3)
            M6 2024-01-01T00:15:00Z imp None v None i None p (0)
            M7 2024-01-01T00:15:00Z imp None v None i None p (230100)
            M8 2024-01-01T00:15:00Z imp None v None i None p (0)
        "#]],
    );
}

#[test]
fn what_is_no_number_is_absent_and_what_is_endless_is_dead() {
    check_columns(
        &[
            ("imp", ints(&[1, 2, 3, 4, 5])),
            ("v", floats(&[f64::NAN, f64::INFINITY, 1e300, -3e6, 230.0])),
            ("p", floats(&[f64::NAN, 1.0, 1.0, 1.0, 1e16])),
        ],
        &expect![[r#"
            M1 2024-01-01T00:15:00Z imp (1) v None i None p None
            number-range: {"meter":"M2","time":1704068100000,"imp":2,"v":"inf","p":1}
            number-range: {"meter":"M3","time":1704068100000,"imp":3,"v":1000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000,"p":1}
            number-range: {"meter":"M4","time":1704068100000,"imp":4,"v":-3000000,"p":1}
            number-range: {"meter":"M5","time":1704068100000,"imp":5,"v":230,"p":10000000000000000}
        "#]],
    );
}

#[test]
fn each_reading_with_a_value_that_is_no_number_is_counted() {
    let folder = Folder::new();
    // Two blocks of rows: of the second column every value is NaN, of the third one value.
    let rows = 130;
    let meters: ArrayRef = Arc::new(StringArray::from_iter_values((0..rows).map(|row| format!("M{row}"))));
    let once: Vec<f64> = (0..rows).map(|row| if row == 129 { f64::NAN } else { 230.0 }).collect();
    let count = |columns: Vec<(&str, ArrayRef)>| {
        let mut all = vec![("meter", Arc::clone(&meters)), ("time", time(&vec![QUARTER_PAST.0; rows]))];
        all.push(("imp", ints(&vec![5; rows])));
        all.extend(columns);
        let read = read(&folder.theirs(&all, plain()));
        assert_eq!((read.len(), read.dead.len()), (rows, 0));
        read.counts.of_issue(Issue::NotANumber)
    };
    assert_eq!(count(vec![("p", floats(&vec![1.0; rows]))]), 0);
    assert_eq!(count(vec![("p", floats(&vec![f64::NAN; rows]))]), rows as u64);
    assert_eq!(count(vec![("v", floats(&once))]), 1);
    assert_eq!(count(vec![("v", floats(&once)), ("q", floats(&once))]), 1, "a reading counts once");
}

#[test]
fn dead_rows_keep_what_they_said() {
    let folder = Folder::new();
    let stamps = TimestampMillisecondArray::from(vec![
        Some(QUARTER_PAST.0),
        None,
        Some(QUARTER_PAST.0),
        Some(0),
        Some(QUARTER_PAST.0),
    ]);
    let columns: [(&str, ArrayRef); 5] = [
        (
            "meter",
            Arc::new(StringArray::from(vec![
                None,
                Some("M1"),
                Some("a \"bad\"\n\\ name"),
                Some("M1"),
                Some("M1"),
            ])),
        ),
        ("time", Arc::new(stamps.with_timezone("UTC"))),
        ("imp", Arc::new(UInt64Array::from(vec![Some(1), Some(2), Some(3), None, Some(u64::MAX)]))),
        ("relay", Arc::new(BooleanArray::from(vec![Some(true), None, None, Some(true), None]))),
        ("colour", texts(&["red", "red", "red", "red", "red"])),
    ];
    let path = folder.theirs(&columns, plain());
    expect![[r#"
        meter-missing: {"time":1704068100000,"imp":1,"relay":"on"}
        time-missing: {"meter":"M1","imp":2}
        meter-name: {"meter":"a \"bad\"\u000a\\ name","time":1704068100000,"imp":3}
        time-implausible: {"meter":"M1","time":0,"relay":"on"}
        number-range: {"meter":"M1","time":1704068100000,"imp":18446744073709551615}
    "#]]
    .assert_eq(&words(&read(&path)));
    assert_eq!(ParquetReadings::open(&path).unwrap().unknown_columns(), ["colour"]);
}

#[test]
fn phases_are_three_or_one() {
    let some = |values: &[Option<f64>]| -> ArrayRef { Arc::new(Float64Array::from(values.to_vec())) };
    check_columns(
        &[
            ("imp", ints(&[1, 2, 3, 4, 5])),
            ("v_a", some(&[Some(1.0), Some(1.0), Some(1.0), None, Some(1.0)])),
            ("v_b", some(&[Some(2.0), None, Some(2.0), None, None])),
            ("v_c", some(&[Some(3.0), None, None, None, None])),
            ("v", some(&[None, None, None, Some(4.0), Some(4.0)])),
        ],
        &expect![[r#"
            M1 2024-01-01T00:15:00Z imp (1) v ((1000, 3000)) i None p None
            M2 2024-01-01T00:15:00Z imp (2) v ((1000, 1000)) i None p None
            M4 2024-01-01T00:15:00Z imp (4) v ((4000, 4000)) i None p None
            M1 ev [] relay None v of each [1000, 2000, 3000]
            field-type: {"meter":"M3","time":1704068100000,"imp":3,"v_a":1,"v_b":2}
            field-twice: {"meter":"M5","time":1704068100000,"imp":5,"v":4,"v_a":1}
        "#]],
    );
}

#[test]
fn events_are_numbers_or_names() {
    let mut numbers = ListBuilder::new(Int32Builder::new());
    for list in [vec![Some(201)], vec![], vec![Some(-1)], vec![None]] {
        numbers.append_value(list);
    }
    check_columns(
        &[
            ("imp", ints(&[1, 2, 3, 4])),
            ("ev", Arc::new(numbers.finish())),
            ("relay", texts(&["on", "off", "on", "on"])),
        ],
        &expect![[r#"
            M1 2024-01-01T00:15:00Z imp (1) v None i None p None
            M2 2024-01-01T00:15:00Z imp (2) v None i None p None
            M1 ev [201] relay Some(true)
            M2 ev [] relay Some(false)
            number-range: {"meter":"M3","time":1704068100000,"imp":3,"ev":[-1],"relay":"on"}
            field-type: {"meter":"M4","time":1704068100000,"imp":4,"ev":[null],"relay":"on"}
        "#]],
    );
    let mut names = LargeListBuilder::new(StringBuilder::new());
    names.append_value([Some("magnet"), Some("cover-open")]);
    names.append_value([Some("moon-shine")]);
    names.append_null();
    check_columns(
        &[
            ("imp", ints(&[1, 2, 3])),
            ("ev", Arc::new(names.finish())),
            ("relay", texts(&["on", "on", "half"])),
        ],
        &expect![[r#"
            M1 2024-01-01T00:15:00Z imp (1) v None i None p None
            M2 2024-01-01T00:15:00Z imp (2) v None i None p None
            M3 2024-01-01T00:15:00Z imp (3) v None i None p None
            M1 ev [201, 251] relay Some(true)
            M2 ev [] relay Some(true)
        "#]],
    );
}

#[test]
fn a_file_that_is_not_there_says_so() {
    let folder = Folder::new();
    check_error(
        ParquetReadings::open(folder.path("none.parquet")),
        &folder,
        &expect![[r#"
            cannot open `DIR/none.parquet`
              because: No such file or directory (os error 2)"#]],
    );
}

#[test]
fn broken_files_say_how() {
    let folder = Folder::new();
    let whole = fs::read(folder.ours(&[full()])).unwrap();
    let check = |bytes: &[u8], expected: &Expect| {
        let path = folder.path("broken.parquet");
        fs::write(&path, bytes).unwrap();
        check_error(ParquetReadings::open(&path), &folder, expected);
    };
    check(b"", &expect!["`DIR/broken.parquet` is empty"]);
    check(b"{\"meter\":\"M1\"}\n", &expect!["`DIR/broken.parquet` is no Parquet file"]);
    check(b"PK", &expect!["`DIR/broken.parquet` is no Parquet file"]);
    check(
        &whole[..1000],
        &expect![[r#"
        `DIR/broken.parquet` is torn: it starts as a Parquet file and stops after 1000 bytes without a footer
          help: copy or write the file again: the end is missing"#]],
    );
    check(
        b"PAR1PAR1",
        &expect![[r#"
        `DIR/broken.parquet` is torn: it starts as a Parquet file and stops after 8 bytes without a footer
          help: copy or write the file again: the end is missing"#]],
    );
    let mut wrong = whole.clone();
    let footer = wrong.len() - 8;
    wrong[footer - 40..footer].fill(0xff);
    check(
        &wrong,
        &expect![[r#"
        the footer of `DIR/broken.parquet` cannot be read
          because: Parquet error: Unexpected struct field type 15"#]],
    );
}

/// Three readings with a column `owner`, written by pyarrow 26 with `plaintext_footer=True` and one encrypted column.
#[test]
fn encrypted_columns_behind_a_plain_footer_are_named_if_they_are_needed() {
    let folder = Folder::new();
    let put = |bytes: &[u8]| {
        let path = folder.path("sealed.parquet");
        fs::write(&path, bytes).unwrap();
        path
    };
    let needed = put(include_bytes!("tests/encrypted-imp.parquet"));
    check_error(
        ParquetReadings::open(needed),
        &folder,
        &expect![[r#"
        column `imp` of `DIR/sealed.parquet` is encrypted
          help: decrypt it first, for example with pyarrow, and write it as Parquet again"#]],
    );
    let other = read(&put(include_bytes!("tests/encrypted-owner.parquet")));
    assert_eq!((other.len(), other.readings[2].imp()), (3, Some(WattHours(100_100))));
}

#[test]
fn damage_behind_a_good_footer_says_where() {
    let folder = Folder::new();
    let path = folder.ours(&vec![full(); 100]);
    let mut bytes = fs::read(&path).unwrap();
    bytes[4..200].fill(0xff);
    fs::write(&path, bytes).unwrap();
    let mut file = ParquetReadings::open(&path).unwrap();
    let Err(error) = file.next_batch(&LIMITS, &mut Batch::default()) else { panic!("it was read") };
    expect!["`DIR/ours.parquet` is damaged after row 0"]
        .assert_eq(&error.to_string().replace(&folder.0.path().display().to_string(), "DIR"));
}

proptest! {
    #[test]
    fn a_damaged_file_is_an_error_or_other_readings(harms in vec((any::<Index>(), any::<u8>()), 1..4)) {
        let folder = Folder::new();
        let path = folder.ours(&[full(), three_phase()]);
        let mut bytes = fs::read(&path).unwrap();
        for (at, byte) in harms {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        fs::write(&path, bytes).unwrap();
        if let Ok(mut file) = ParquetReadings::open(&path) {
            while file.next_batch(&LIMITS, &mut Batch::default()).is_ok_and(|more| more) {}
        }
    }
}

#[test]
fn columns_that_do_not_fit_are_named() {
    let good = || [("meter", texts(&["M1"])), ("time", time(&[QUARTER_PAST.0]))];
    check_refused(
        &[("meter", texts(&["M1"])), ("start", time(&[0])), ("wh", ints(&[1]))],
        &expect![[r#"
            `DIR/theirs.parquet` has no column `time`; it has `meter`, `start`, `wh`
              help: name the column `time`: a timestamp in UTC, or integer milliseconds since 1970"#]],
    );
    check_refused(
        &[("id", texts(&["M1"])), ("time", time(&[0])), ("imp", ints(&[1]))],
        &expect![[r#"
            `DIR/theirs.parquet` has no column `meter`; it has `id`, `time`, `imp`
              help: readings need `meter` (text), `time` and one more field of the wire format"#]],
    );
    let [meters, times] = good();
    check_refused(
        &[meters.clone(), times.clone(), ("imp", texts(&["12"]))],
        &expect![[r#"
            column `imp` of `DIR/theirs.parquet` holds Utf8, expected an integer
              help: convert `imp` to an integer"#]],
    );
    check_refused(
        &[meters.clone(), times.clone(), ("imp", ints(&[1])), ("imp", ints(&[1]))],
        &expect!["`DIR/theirs.parquet` has two columns `imp`"],
    );
    check_refused(
        &[meters.clone(), times, ("power", ints(&[1]))],
        &expect![[r#"
            `DIR/theirs.parquet` has `meter` and `time` but no column that measures; it has `meter`, `time`, `power`
              help: add a register (`imp`) or a measurement (`v`, `i`, `in`, `p`, `q`)"#]],
    );
    check_refused(
        &[meters, ("time", Arc::new(TimestampMillisecondArray::from(vec![0]))), ("imp", ints(&[1]))],
        &expect![[r#"
            column `time` of `DIR/theirs.parquet` holds Timestamp(ms), expected a timestamp in UTC or integer milliseconds since 1970 UTC
              help: the time has no zone: convert it to UTC, for example `dt.replace_time_zone("UTC")`"#]],
    );
}

#[test]
fn zstd_and_gzip_are_read() {
    let folder = Folder::new();
    let columns = [("meter", texts(&["M1"])), ("time", time(&[QUARTER_PAST.0])), ("imp", ints(&[7]))];
    for packed in [Compression::ZSTD(Default::default()), Compression::GZIP(Default::default())] {
        let properties = WriterProperties::builder().set_compression(packed);
        assert_eq!(read(&folder.theirs(&columns, properties.build())).readings[0].imp(), Some(WattHours(7)));
    }
}

#[test]
fn a_writer_that_is_dropped_leaves_no_file() {
    let folder = Folder::new();
    let mut writer = ReadingsWriter::create(folder.path("ours.parquet")).unwrap();
    writer.write(&[full()]).unwrap();
    drop(writer);
    assert_eq!(fs::read_dir(folder.0.path()).unwrap().count(), 0);
}

#[test]
fn a_batch_without_any_time_may_go_first() {
    let folder = Folder::new();
    let nothing: ArrayRef = Arc::new(TimestampMillisecondArray::from(vec![None]).with_timezone("UTC"));
    let path = folder.theirs(&[("meter", texts(&["M1"])), ("time", nothing), ("imp", ints(&[7]))], plain());
    assert_eq!(ParquetReadings::open(path).unwrap().next_time().unwrap(), Some(EventTime::MIN));
}
