//! A Parquet file of readings, batch by batch, in file order.

use super::pages::Pages;
use super::sealed::encrypted_columns;
use crate::ColumnsError;
use crate::field::{Field, Layout, Misfit};
use crate::guard::guarded;
use crate::rows::{Rows, first_time};
use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, FieldRef, Schema};
use arrow::error::ArrowError;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::{Compression, Encoding, Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use reading::{Batch, EventTime, Limits};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The most readings of one batch: their 64 bytes each stay in a second-level cache while they are admitted.
const BATCH_ROWS: usize = 8192;
/// The first and the last bytes of every Parquet file.
const MAGIC: &[u8; 4] = b"PAR1";

/// A Parquet file of readings.
///
/// Row groups are read one after another, so that a batch never holds rows of two dictionaries of meters. Columns
/// that the engine does not know are not read at all, nor those of a row group in which all values are null.
pub struct ParquetReadings {
    path: PathBuf,
    file: Pages,
    layout: Layout,
    // The same file with `meter` as text, and as dictionary for row groups that have it as one.
    as_text: ArrowReaderMetadata,
    as_dictionary: ArrowReaderMetadata,
    next_group: usize,
    group: Option<Group>,
    // One record batch ahead: whether there is a next reading, and of which time, is known before it is read.
    ahead: Option<RecordBatch>,
    rows_read: u64,
    rows: Rows,
}

struct Group {
    reader: ParquetRecordBatchReader,
    layout: Layout,
}

impl ParquetReadings {
    /// Opens a file and checks that its columns are those of readings.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ColumnsError> {
        let path = path.as_ref().to_owned();
        let mut file = look_at(&path)?;
        let footer = |source| ColumnsError::Footer { path: path.clone(), source };
        let as_written = ArrowReaderMetadata::load(&file, as_parquet()).map_err(footer)?;
        let layout = Layout::of(as_written.schema()).map_err(|misfit| {
            let found = as_written.schema().fields().iter().map(|column| column.name().clone()).collect();
            misfit_error(&path, found, misfit)
        })?;
        let text = DataType::Utf8;
        let as_text = meter_as(&as_written, &layout, &text).map_err(footer)?;
        let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(text));
        let as_dictionary = meter_as(&as_written, &layout, &dictionary).map_err(footer)?;
        let all_groups = as_written.metadata().row_groups();
        if let Some((column, codec)) = all_groups.iter().find_map(|group| unreadable(&layout, group)) {
            return Err(ColumnsError::Compression { path, column, codec });
        }
        let encrypted = encrypted_columns(&mut file);
        let encrypted = encrypted.map_err(|source| ColumnsError::Open { path: path.clone(), source })?;
        if let Some((column, _)) =
            layout.known().find(|(field, _)| encrypted.iter().any(|name| name == field.name()))
        {
            return Err(ColumnsError::Encrypted { path, column: column.name() });
        }
        Ok(Self {
            path,
            file: Pages::of(file),
            layout,
            as_text,
            as_dictionary,
            next_group: 0,
            group: None,
            ahead: None,
            rows_read: 0,
            rows: Rows::of_file(),
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many rows the file says it has.
    pub fn len(&self) -> u64 {
        self.as_text.metadata().row_groups().iter().map(|group| group.num_rows().max(0) as u64).sum()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many rows were handed out.
    pub fn rows_read(&self) -> u64 {
        self.rows_read
    }

    /// The names of the columns that the engine does not know; they are ignored.
    pub fn unknown_columns(&self) -> &[String] {
        &self.layout.unknown
    }

    /// The event time of the first reading that was not handed out yet, or nothing at the end of the file.
    ///
    /// Where that row has no time, it is that of the next row of the same batch that has one, and the smallest
    /// time of all where none has: such a batch holds dead letters only and may go first.
    pub fn next_time(&mut self) -> Result<Option<EventTime>, ColumnsError> {
        self.read_ahead()?;
        let (Some(ahead), Some(group)) = (&self.ahead, &self.group) else {
            return Ok(None);
        };
        Ok(Some(first_time(&group.layout, ahead).unwrap_or(EventTime::MIN)))
    }

    /// Empties `batch` and fills it with the next rows, at most 8192; says whether there were any.
    pub fn next_batch(&mut self, limits: &Limits, batch: &mut Batch) -> Result<bool, ColumnsError> {
        batch.clear();
        self.read_ahead()?;
        let (Some(ahead), Some(group)) = (self.ahead.take(), &self.group) else {
            return Ok(false);
        };
        let appended = self.rows.append(&group.layout, &ahead, limits, batch);
        appended.map_err(|source| self.damaged(source))?;
        self.rows_read += ahead.num_rows() as u64;
        Ok(true)
    }

    fn read_ahead(&mut self) -> Result<(), ColumnsError> {
        while self.ahead.is_none() {
            if let Some(group) = &mut self.group {
                // The decoder of parquet 59 panics on some damaged pages (a shift by too much among run lengths):
                // such a page is damaged like any other. What is left of the reader is not used again.
                let next = guarded(|| group.reader.next());
                let gave_up = || ArrowError::ParquetError("the decoder gave up on a damaged page".to_owned());
                match next.unwrap_or_else(|| Some(Err(gave_up()))) {
                    Some(Ok(rows)) if rows.num_rows() > 0 => self.ahead = Some(rows),
                    Some(Ok(_)) => {}
                    Some(Err(source)) => return Err(self.damaged(source)),
                    None => self.group = None,
                }
            } else if self.next_group < self.as_text.metadata().num_row_groups() {
                let opened = self.open_group(self.next_group);
                self.group = Some(opened.map_err(|source| self.damaged(source.into()))?);
                self.next_group += 1;
            } else {
                return Ok(());
            }
        }
        Ok(())
    }

    fn open_group(&self, index: usize) -> Result<Group, ParquetError> {
        let chunks = self.as_text.metadata().row_group(index);
        let meter = self.layout.at(Field::Meter).and_then(|root| leaf(chunks, root));
        let by_dictionary = meter.is_some_and(is_all_dictionary);
        let metadata = if by_dictionary { &self.as_dictionary } else { &self.as_text };
        let mut kept: Vec<usize> = self
            .layout
            .known()
            .filter(|&(field, root)| {
                matches!(field, Field::Meter | Field::Time) || !leaf(chunks, root).is_some_and(is_all_null)
            })
            .map(|(_, root)| root)
            .collect();
        kept.sort_unstable();
        let mask = ProjectionMask::roots(metadata.parquet_schema(), kept.iter().copied());
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(self.file.clone(), metadata.clone())
            .with_row_groups(vec![index])
            .with_projection(mask)
            .with_batch_size(BATCH_ROWS)
            .build()?;
        Ok(Group { reader, layout: self.layout.projected(&kept) })
    }

    fn damaged(&self, source: ArrowError) -> ColumnsError {
        ColumnsError::Damaged { path: self.path.clone(), rows: self.rows_read, source }
    }
}

/// Types as Parquet itself says them. Arrow writers put a schema of their own beside them, and Arrow's reader of
/// that panics where a byte of it is wrong. It says more of one type only: seconds, which are plain integers to
/// Parquet and so are taken for milliseconds here; such rows are dead, being of 1970.
pub(crate) fn as_parquet() -> ArrowReaderOptions {
    ArrowReaderOptions::new().with_skip_arrow_metadata(true)
}

/// Opens a file that may be one of Parquet, or says why it cannot be.
pub(crate) fn look_at(path: &Path) -> Result<File, ColumnsError> {
    let open = |source| ColumnsError::Open { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(open)?;
    let bytes = file.seek(SeekFrom::End(0)).map_err(open)?;
    if bytes == 0 {
        return Err(ColumnsError::Empty { path: path.to_owned() });
    }
    let mut ends_as_parquet = |at| -> std::io::Result<bool> {
        let mut four = [0; 4];
        file.seek(SeekFrom::Start(at))?;
        Ok(bytes >= 4 && file.read_exact(&mut four).map(|()| four == *MAGIC)?)
    };
    let starts = ends_as_parquet(0).map_err(open)?;
    let ends = ends_as_parquet(bytes.saturating_sub(4)).map_err(open)?;
    // Two magic numbers and the length of the footer between them.
    match (starts, ends) {
        (true, true) if bytes >= 12 => Ok(file),
        (true, _) => Err(ColumnsError::Torn { path: path.to_owned(), bytes }),
        _ => Err(ColumnsError::NotParquet { path: path.to_owned() }),
    }
}

fn misfit_error(path: &Path, found: Vec<String>, misfit: Misfit) -> ColumnsError {
    let path = path.to_owned();
    match misfit {
        Misfit::Missing { column } => ColumnsError::ColumnMissing { path, column: column.name(), found },
        Misfit::Twice { column } => ColumnsError::ColumnTwice { path, column: column.name() },
        Misfit::Type { column, found } => ColumnsError::ColumnType {
            path,
            column: column.name(),
            found: found.to_string(),
            expected: column.kind().expected(),
        },
        Misfit::NothingMeasured => ColumnsError::NothingMeasured { path, found },
    }
}

/// The same file, its meters read as another type, and its decimals as they stand there.
fn meter_as(
    written: &ArrowReaderMetadata,
    layout: &Layout,
    wanted: &DataType,
) -> Result<ArrowReaderMetadata, ParquetError> {
    let columns: Vec<FieldRef> = written
        .schema()
        .fields()
        .iter()
        .enumerate()
        .map(|(at, column)| {
            if layout.at(Field::Meter) == Some(at) {
                return Arc::new(column.as_ref().clone().with_data_type(wanted.clone()));
            }
            match *column.data_type() {
                // As wide as they stand in the file.
                DataType::Decimal128(digits, decimals) if is_whole(written, at) => {
                    let narrow = DataType::Decimal64(digits, decimals);
                    Arc::new(column.as_ref().clone().with_data_type(narrow))
                }
                _ => column.clone(),
            }
        })
        .collect();
    let schema = Arc::new(Schema::new_with_metadata(columns, written.schema().metadata().clone()));
    ArrowReaderMetadata::try_new(written.metadata().clone(), ArrowReaderOptions::new().with_schema(schema))
}

/// Whether a column is stored as plain whole numbers, decimals among them.
fn is_whole(written: &ArrowReaderMetadata, root: usize) -> bool {
    let columns = written.parquet_schema();
    let leaf = (0..columns.num_columns()).find(|&leaf| columns.get_column_root_idx(leaf) == root);
    leaf.is_some_and(|leaf| matches!(columns.column(leaf).physical_type(), Type::INT32 | Type::INT64))
}

/// The column chunk of a column: all that we know have only one, lists too.
fn leaf(group: &RowGroupMetaData, root: usize) -> Option<&ColumnChunkMetaData> {
    let schema = group.schema_descr();
    let leaf = (0..schema.num_columns()).find(|&leaf| schema.get_column_root_idx(leaf) == root)?;
    Some(group.column(leaf))
}

/// Whether all pages of a chunk refer to its dictionary. A chunk that gave up its dictionary half way is read
/// faster as text than through a dictionary that is made up for it.
fn is_all_dictionary(chunk: &ColumnChunkMetaData) -> bool {
    let plain_data = |encoding| !matches!(encoding, Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY);
    chunk.dictionary_page_offset().is_some()
        && match chunk.page_encoding_stats_mask() {
            Some(mask) => !mask.encodings().any(plain_data),
            // Without statistics: PLAIN is the encoding of the dictionary itself, RLE that of the nulls.
            None => true,
        }
}

fn is_all_null(chunk: &ColumnChunkMetaData) -> bool {
    let nulls = chunk.statistics().and_then(parquet::file::statistics::Statistics::null_count_opt);
    nulls.is_some_and(|nulls| i64::try_from(nulls) == Ok(chunk.num_values()))
}

/// A known column whose compression this build does not know.
fn unreadable(layout: &Layout, group: &RowGroupMetaData) -> Option<(&'static str, String)> {
    layout.known().find_map(|(field, root)| match leaf(group, root)?.compression() {
        Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::GZIP(_) | Compression::ZSTD(_) => None,
        other => {
            Some((field.name(), format!("{other:?}").split('(').next().unwrap_or_default().to_lowercase()))
        }
    })
}
