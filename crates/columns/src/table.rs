//! A Parquet file on its way out, whatever its columns.

use crate::files::place;
use crate::{Aside, ColumnsError, Whole};
use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression as Codec, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;
use pipeline::Compression;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows are handed to the Parquet writer so many at a time.
pub(crate) const CHUNK_ROWS: usize = 8192;
/// A million meters with names of a dozen bytes still have one dictionary.
const DICTIONARY_BYTES: usize = 16 << 20;

/// A Parquet file beside its place; see [`Aside`].
#[derive(Debug)]
pub(crate) struct Table {
    writer: ArrowWriter<Aside>,
    path: PathBuf,
    rows: u64,
}

impl Table {
    /// Starts the file.
    pub(crate) fn create(
        path: &Path,
        schema: SchemaRef,
        properties: WriterProperties,
    ) -> Result<Self, ColumnsError> {
        let path = path.to_owned();
        let aside = match Aside::create(&path) {
            Ok(aside) => aside,
            Err(source) => return Err(ColumnsError::Create { path, source }),
        };
        match ArrowWriter::try_new(aside, schema, Some(properties)) {
            Ok(writer) => Ok(Self { writer, path, rows: 0 }),
            Err(source) => Err(ColumnsError::Write { path, source }),
        }
    }

    /// Appends rows.
    pub(crate) fn write(&mut self, rows: &RecordBatch) -> Result<(), ColumnsError> {
        let written = self.writer.write(rows);
        written.map_err(|source| ColumnsError::Write { path: self.path.clone(), source })?;
        self.rows += rows.num_rows() as u64;
        Ok(())
    }

    /// Ends the file, moves it to its name, and says how many rows it has.
    pub(crate) fn finish(self) -> Result<u64, ColumnsError> {
        let (whole, rows) = self.end()?;
        place(whole).map(|()| rows)
    }

    /// Ends the file, and says how many rows it has.
    pub(crate) fn end(self) -> Result<(Whole, u64), ColumnsError> {
        let Self { writer, path, rows } = self;
        let aside = match writer.into_inner() {
            Ok(aside) => aside,
            Err(source) => return Err(ColumnsError::Write { path, source }),
        };
        let whole = aside.end().map_err(|source| ColumnsError::Write { path, source: source.into() })?;
        Ok((whole, rows))
    }
}

/// What all files have in common: statistics a column chunk, a dictionary only where one is asked for, and pages that
/// are cut by their bytes alone, because large ones are compressed better.
pub(crate) fn properties(compression: Compression) -> WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_created_by(concat!("gridwarden ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(codec(compression))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        // Readers skip pages by the bounds of pages, and there are those of chunks alone.
        .set_offset_index_disabled(true)
        .set_data_page_row_count_limit(usize::MAX)
        .set_dictionary_enabled(false)
}

fn codec(compression: Compression) -> Codec {
    match compression {
        Compression::None => Codec::UNCOMPRESSED,
        Compression::Snappy => Codec::SNAPPY,
        Compression::Zstd(level) => {
            // Numbers stay as they are here, and the search of level 3 finds in them what level 1 does not.
            let level = level.map_or(3, i32::from);
            Codec::ZSTD(ZstdLevel::try_new(level).expect("a plan has levels of Zstandard only"))
        }
    }
}

/// The properties of an output's file: a dictionary for texts, times and days, of which many rows share a few, and
/// differences of whole numbers. Numbers with decimals are as they are: of many that are computed, rows share some, and
/// compression finds these.
pub(crate) fn properties_of(schema: &Schema, compression: Compression) -> WriterProperties {
    let layout = |properties: WriterPropertiesBuilder, field: &Arc<Field>| match field.data_type() {
        DataType::Utf8 | DataType::Timestamp(..) | DataType::Date32 | DataType::Dictionary(..) => {
            properties.dictionary(field.name())
        }
        DataType::Int32 | DataType::Int64 => properties.delta(field.name()),
        _ => properties,
    };
    schema.fields().iter().fold(properties(compression), layout).build()
}

/// How a column is laid out; the reasons are figures, see the writers.
pub(crate) trait Encode {
    /// Each different value once, and numbers for them.
    fn dictionary(self, column: &str) -> Self;
    /// Differences from one value to the next.
    fn delta(self, column: &str) -> Self;
    /// As small as it is: no compression.
    fn packed(self, column: &str) -> Self;
}

impl Encode for WriterPropertiesBuilder {
    fn dictionary(self, column: &str) -> Self {
        let column = ColumnPath::from(column);
        self.set_column_dictionary_enabled(column.clone(), true)
            .set_column_dictionary_page_size_limit(column, DICTIONARY_BYTES)
    }

    fn delta(self, column: &str) -> Self {
        self.set_column_encoding(ColumnPath::from(column), Encoding::DELTA_BINARY_PACKED)
    }

    fn packed(self, column: &str) -> Self {
        self.set_column_compression(ColumnPath::from(column), Codec::UNCOMPRESSED)
    }
}
