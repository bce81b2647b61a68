use super::*;
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema};
use expect_test::{Expect, expect};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use pipeline::Compression;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use std::fs::File;

/// A file of one column, written in groups, as the Parquet crate reads it: the same with every compression.
fn read_back<C: Column>(
    of: Field,
    mut column: C,
    groups: &[usize],
    fill: impl Fn(&mut C, usize),
) -> RecordBatch {
    let mut written = |compression| read_back_from(of.clone(), &mut column, groups, &fill, compression);
    let plain = written(Compression::None);
    for compression in [Compression::Snappy, Compression::USUAL, Compression::Zstd(Some(19))] {
        let rows = written(compression);
        // Of numbers, every bit: `==` would take no two that are none for equal.
        assert_eq!(rows.column(0).to_data(), plain.column(0).to_data(), "{compression}");
    }
    plain
}

fn read_back_from<C: Column>(
    of: Field,
    column: &mut C,
    groups: &[usize],
    fill: &impl Fn(&mut C, usize),
    compression: Compression,
) -> RecordBatch {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("column.parquet");
    let mut file = PagedFile::create(&path, &Schema::new(vec![of]), compression).unwrap();
    let mut scratch = (compression != Compression::None).then(Scratch::new);
    for (group, &rows) in groups.iter().enumerate() {
        fill(column, group);
        let mut to = file.group(rows);
        to.add(&column.end(scratch.as_mut())).unwrap();
        to.end().unwrap();
        column.clear();
    }
    let rows: usize = groups.iter().sum();
    assert_eq!(placed(file), rows as u64);
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap();
    let schema = reader.schema().clone();
    let batches: Vec<_> = reader.with_batch_size(rows.max(1)).build().unwrap().map(Result::unwrap).collect();
    arrow::compute::concat_batches(&schema, &batches).unwrap()
}

/// Numbers of any size, mostly near each other.
fn whole() -> impl Strategy<Value = i64> {
    prop_oneof![any::<i64>(), -3..3_i64, Just(7), 1_000_000..1_000_500_i64]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whole_numbers_come_back(groups in vec(vec(whole(), 1..400), 1..3)) {
        let sizes: Vec<_> = groups.iter().map(Vec::len).collect();
        let of = Field::new("of", DataType::Int64, false);
        let rows = read_back(of, Wholes::bounded(), &sizes, |column, group| {
            column.append(groups[group].iter().copied());
        });
        prop_assert_eq!(rows.column(0).as_primitive::<Int64Type>().values(), &groups.concat()[..]);
    }

    #[test]
    fn whole_numbers_that_may_be_missing_come_back(groups in vec(vec(option::of(whole()), 1..400), 1..3)) {
        let sizes: Vec<_> = groups.iter().map(Vec::len).collect();
        let of = Field::new("of", DataType::Int64, true);
        let rows = read_back(of, Wholes::optional(), &sizes, |column, group| {
            column.append_some(groups[group].iter().copied());
        });
        let read: Vec<_> = rows.column(0).as_primitive::<Int64Type>().iter().collect();
        prop_assert_eq!(read, groups.concat());
    }

    #[test]
    fn numbers_that_may_be_missing_come_back(groups in vec(vec(option::of(any::<f64>()), 1..400), 1..3)) {
        let sizes: Vec<_> = groups.iter().map(Vec::len).collect();
        let of = Field::new("of", DataType::Float64, true);
        let rows = read_back(of, Numbers::new(), &sizes, |column, group| {
            groups[group].chunks(50).for_each(|some| column.append(some.iter().copied()));
        });
        let bits = |number: Option<f64>| number.map(f64::to_bits);
        let read: Vec<_> = rows.column(0).as_primitive::<Float64Type>().iter().map(bits).collect();
        prop_assert_eq!(read, groups.concat().into_iter().map(bits).collect::<Vec<_>>());
    }

    #[test]
    fn numbers_of_few_and_of_many_different_ones_come_back(rows in 1..6_000_usize, different in 1..6_000_u64) {
        let number = |row: usize| Some((row as u64 * 7919 % different) as f64 / 10.0).filter(|_| !row.is_multiple_of(9));
        let of = Field::new("of", DataType::Float64, true);
        let read = read_back(of, Numbers::new(), &[rows], |column, _| column.append((0..rows).map(number)));
        let read: Vec<_> = read.column(0).as_primitive::<Float64Type>().iter().collect();
        prop_assert_eq!(read, (0..rows).map(number).collect::<Vec<_>>());
    }

    #[test]
    fn names_come_back(groups in vec(vec("(METER-OF-A-LONG-)?[AB0]{1,15}", 1..200), 1..3)) {
        let sizes: Vec<_> = groups.iter().map(Vec::len).collect();
        let of = Field::new("of", DataType::Utf8, false);
        let rows = read_back(of, Names::new(), &sizes, |column, group| {
            groups[group].iter().for_each(|name| column.push(name.as_bytes()));
        });
        let read: Vec<_> = rows.column(0).as_string::<i32>().iter().flatten().map(str::to_owned).collect();
        prop_assert_eq!(read, groups.concat());
    }

    #[test]
    fn words_and_flags_come_back(groups in vec(vec(0..600_u16, 1..900), 1..3)) {
        let sizes: Vec<_> = groups.iter().map(Vec::len).collect();
        let words = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let rows = read_back(Field::new("of", words, false), Words::new(), &sizes, |column, group| {
            column.append(groups[group].iter().copied());
        });
        let read = arrow::compute::cast(rows.column(0), &DataType::Utf8).unwrap();
        let read: Vec<_> = read.as_string::<i32>().iter().flatten().map(str::to_owned).collect();
        prop_assert_eq!(read, groups.concat().iter().map(ToString::to_string).collect::<Vec<_>>());

        let odd = Field::new("of", DataType::Boolean, false);
        let rows = read_back(odd, Flags::default(), &sizes, |column, group| {
            column.append(groups[group].iter().map(|word| word % 2 == 1));
        });
        let read: Vec<_> = rows.column(0).as_boolean().values().iter().collect();
        prop_assert_eq!(read, groups.concat().iter().map(|word| word % 2 == 1).collect::<Vec<_>>());
    }
}

#[test]
fn bounds_are_those_of_each_group() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("column.parquet");
    let schema = Schema::new(vec![Field::new("of", DataType::Int64, false)]);
    let mut file = PagedFile::create(&path, &schema, Compression::USUAL).unwrap();
    let mut column = Wholes::bounded();
    for numbers in [[5, -2, 3], [9, 9, 8]] {
        column.append(numbers.into_iter());
        let mut group = file.group(3);
        group.add(&column.end(None)).unwrap();
        group.end().unwrap();
        column.clear();
    }
    placed(file);
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap();
    let bounds = reader.metadata().row_groups().iter().map(|group| {
        let statistics = group.column(0).statistics().unwrap();
        [statistics.min_bytes_opt(), statistics.max_bytes_opt()].map(|bound| bound.unwrap()[0] as i8)
    });
    assert_eq!(bounds.collect::<Vec<_>>(), [[-2, 5], [8, 9]]);
}

/// Ends a file under its name, and says how many rows it has.
fn placed(file: PagedFile) -> u64 {
    let (whole, rows) = file.end().unwrap();
    whole.place().unwrap();
    rows
}

/// How a chunk of numbers is written, and what compression leaves of it.
fn check_numbers(number: impl Fn(u32) -> f64, expected: &Expect) {
    const ROWS: u32 = 20_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("column.parquet");
    let schema = Schema::new(vec![Field::new("of", DataType::Float64, true)]);
    let lines = [Compression::None, Compression::Snappy, Compression::USUAL].map(|compression| {
        let mut file = PagedFile::create(&path, &schema, compression).unwrap();
        let mut scratch = (compression != Compression::None).then(Scratch::new);
        let mut column = Numbers::new();
        column.append((0..ROWS).map(|row| Some(number(row))));
        let mut group = file.group(ROWS as usize);
        group.add(&column.end(scratch.as_mut())).unwrap();
        group.end().unwrap();
        placed(file);
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap();
        let chunk = reader.metadata().row_group(0).column(0);
        let encodings: Vec<_> = chunk.encodings().map(|encoding| encoding.to_string()).collect();
        let bytes = chunk.compressed_size() as f64 / f64::from(ROWS);
        format!("{compression}: {} {} {bytes:.1}\n", encodings.join(" "), chunk.compression())
    });
    expected.assert_eq(&lines.concat());
}

#[test]
fn numbers_that_rows_share_have_a_dictionary() {
    check_numbers(
        |row| f64::from(2_200 + row.wrapping_mul(0x9e37_79b9) % 300) / 10.0,
        &expect![[r#"
        none: PLAIN RLE UNCOMPRESSED 8.0
        snappy: PLAIN RLE RLE_DICTIONARY SNAPPY 0.3
        zstd: PLAIN RLE RLE_DICTIONARY ZSTD(ZstdLevel(1)) 0.2
    "#]],
    );
}

#[test]
fn numbers_that_all_differ_are_split_into_their_bytes() {
    check_numbers(
        |row| 1.0 / f64::from(row + 3),
        &expect![[r#"
        none: PLAIN RLE UNCOMPRESSED 8.0
        snappy: RLE BYTE_STREAM_SPLIT SNAPPY 6.6
        zstd: RLE BYTE_STREAM_SPLIT ZSTD(ZstdLevel(1)) 6.0
    "#]],
    );
}

#[test]
fn what_compression_would_not_make_smaller_stays_as_it_is() {
    check_numbers(
        |row| {
            // The end of splitmix64.
            let mixed = u64::from(row + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            f64::from_bits(mixed ^ mixed >> 31)
        },
        &expect![[r#"
            none: PLAIN RLE UNCOMPRESSED 8.0
            snappy: RLE BYTE_STREAM_SPLIT UNCOMPRESSED 8.0
            zstd: RLE BYTE_STREAM_SPLIT UNCOMPRESSED 8.0
        "#]],
    );
}
