use super::*;
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use std::fs::File;

/// A file of one column, written in groups, as the Parquet crate reads it.
fn read_back<C: Column>(
    of: Field,
    mut column: C,
    groups: &[usize],
    fill: impl Fn(&mut C, usize),
) -> RecordBatch {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("column.parquet");
    let mut file = PagedFile::create(&path, &Schema::new(vec![of])).unwrap();
    for (group, &rows) in groups.iter().enumerate() {
        fill(&mut column, group);
        file.group(rows, [column.end()].into_iter()).unwrap();
        column.clear();
    }
    let rows: usize = groups.iter().sum();
    assert_eq!(file.finish().unwrap(), rows as u64);
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
    fn names_come_back(groups in vec(vec("[A-Z0-9]{1,32}", 1..200), 1..3)) {
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
    let mut file = PagedFile::create(&path, &schema).unwrap();
    let mut column = Wholes::bounded();
    for numbers in [[5, -2, 3], [9, 9, 8]] {
        column.append(numbers.into_iter());
        file.group(3, [column.end()].into_iter()).unwrap();
        column.clear();
    }
    file.finish().unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap();
    let bounds = reader.metadata().row_groups().iter().map(|group| {
        let told = group.column(0).statistics().unwrap();
        [told.min_bytes_opt(), told.max_bytes_opt()].map(|bound| bound.unwrap()[0] as i8)
    });
    assert_eq!(bounds.collect::<Vec<_>>(), [[-2, 5], [8, 9]]);
}
