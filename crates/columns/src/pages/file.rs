//! The file around the pages.

use super::{Chunk, push_varint, zigzag};
use crate::{Aside, ColumnsError};
use arrow::datatypes::Schema;
use parquet::arrow::{ARROW_SCHEMA_META_KEY, ArrowSchemaConverter, encode_arrow_schema};
use parquet::basic::{ColumnOrder, Compression, Encoding, PageType};
use parquet::errors::ParquetError;
use parquet::file::metadata::{
    ColumnChunkMetaData, FileMetaData, KeyValue, ParquetMetaData, ParquetMetaDataWriter, RowGroupMetaData,
};
use parquet::file::statistics::Statistics;
use parquet::schema::types::{ColumnDescPtr, SchemaDescPtr};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const MAGIC: &[u8; 4] = b"PAR1";

/// A Parquet file of chunks of one page each, beside its place; see [`Aside`].
#[derive(Debug)]
pub(crate) struct PagedFile {
    aside: Aside,
    path: PathBuf,
    written: u64,
    arrow: String,
    schema: SchemaDescPtr,
    groups: Vec<RowGroupMetaData>,
    rows: u64,
}

impl PagedFile {
    /// Starts the file.
    pub(crate) fn create(path: &Path, schema: &Schema) -> Result<Self, ColumnsError> {
        let path = path.to_owned();
        let aside = match Aside::create(&path) {
            Ok(aside) => aside,
            Err(source) => return Err(ColumnsError::Create { path, source }),
        };
        let arrow = encode_arrow_schema(schema);
        let schema = match ArrowSchemaConverter::new().convert(schema) {
            Ok(schema) => Arc::new(schema),
            Err(source) => return Err(ColumnsError::Write { path, source }),
        };
        let mut file = Self { aside, path, written: 0, arrow, schema, groups: Vec::new(), rows: 0 };
        file.put(MAGIC).map_err(|source| file.failed(source))?;
        Ok(file)
    }

    /// Appends rows: a chunk a column.
    pub(crate) fn group<'a>(
        &mut self,
        rows: usize,
        chunks: impl Iterator<Item = Chunk<'a>>,
    ) -> Result<(), ColumnsError> {
        let group = self.try_group(rows, chunks).map_err(|source| self.failed(source))?;
        self.groups.push(group);
        self.rows += rows as u64;
        Ok(())
    }

    /// Ends the file, moves it to its name, and says how many rows it has.
    pub(crate) fn finish(mut self) -> Result<u64, ColumnsError> {
        self.footer().map_err(|source| self.failed(source))?;
        let (path, rows) = (self.path, self.rows);
        self.aside.finish().map_err(|source| ColumnsError::Rename { path, source })?;
        Ok(rows)
    }

    fn failed(&self, source: ParquetError) -> ColumnsError {
        ColumnsError::Write { path: self.path.clone(), source }
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), ParquetError> {
        self.aside.write_all(bytes)?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    fn try_group<'a>(
        &mut self,
        rows: usize,
        chunks: impl Iterator<Item = Chunk<'a>>,
    ) -> Result<RowGroupMetaData, ParquetError> {
        let from = self.written;
        let mut group = RowGroupMetaData::builder(Arc::clone(&self.schema))
            .set_num_rows(rows as i64)
            .set_file_offset(from as i64);
        // The format has room for so many numbers, and lets a group go without.
        if let Ok(number) = i16::try_from(self.groups.len()) {
            group = group.set_ordinal(number);
        }
        let columns = self.schema.columns().to_vec();
        for (column, chunk) in columns.into_iter().zip(chunks) {
            group = group.add_column_metadata(self.chunk(rows, column, &chunk)?);
        }
        group.set_total_byte_size((self.written - from) as i64).build()
    }

    fn chunk(
        &mut self,
        rows: usize,
        column: ColumnDescPtr,
        chunk: &Chunk<'_>,
    ) -> Result<ColumnChunkMetaData, ParquetError> {
        let from = self.written;
        if let Some((words, count)) = chunk.dictionary {
            self.put(&header(PageType::DICTIONARY_PAGE, words.len(), count, Encoding::PLAIN))?;
            self.put(words)?;
        }
        let data = self.written;
        let bytes = chunk.parts.iter().map(|part| part.len()).sum();
        self.put(&header(PageType::DATA_PAGE, bytes, rows, chunk.encoding))?;
        chunk.parts.iter().try_for_each(|part| self.put(part))?;
        let bytes = (self.written - from) as i64;
        let mut encodings = vec![Encoding::RLE, chunk.encoding];
        encodings.extend(chunk.dictionary.map(|_| Encoding::PLAIN));
        let mut told = ColumnChunkMetaData::builder(column)
            .set_encodings(encodings)
            .set_compression(Compression::UNCOMPRESSED)
            .set_num_values(rows as i64)
            .set_total_compressed_size(bytes)
            .set_total_uncompressed_size(bytes)
            .set_dictionary_page_offset(chunk.dictionary.map(|_| from as i64))
            .set_data_page_offset(data as i64);
        if let Some((low, high)) = chunk.bounds {
            told = told.set_statistics(Statistics::int64(Some(low), Some(high), None, Some(0), false));
        }
        told.build()
    }

    fn footer(&mut self) -> Result<(), ParquetError> {
        let created_by = concat!("gridwarden ", env!("CARGO_PKG_VERSION")).to_owned();
        let arrow = KeyValue::new(ARROW_SCHEMA_META_KEY.to_owned(), self.arrow.clone());
        let orders = self.schema.columns().iter().map(|column| {
            let (logical, converted) = (column.logical_type_ref(), column.converted_type());
            let order = ColumnOrder::sort_order_for_type(logical, converted, column.physical_type());
            ColumnOrder::TYPE_DEFINED_ORDER(order)
        });
        let file = FileMetaData::new(
            1,
            self.rows as i64,
            Some(created_by),
            Some(vec![arrow]),
            Arc::clone(&self.schema),
            Some(orders.collect()),
        );
        let metadata = ParquetMetaData::new(file, std::mem::take(&mut self.groups));
        let mut footer = Vec::new();
        ParquetMetaDataWriter::new(&mut footer, &metadata).finish()?;
        self.put(&footer)
    }
}

/// What stands before a page: `PageHeader` of parquet.thrift, in Thrift's compact form.
fn header(kind: PageType, bytes: usize, values: usize, encoding: Encoding) -> Vec<u8> {
    // Each field tells how far its number is from that of the one before, and its type: 5 a number, 12 a structure.
    const NUMBER: u8 = 0x15;
    let mut header = Vec::with_capacity(32);
    let number = |number: i64, header: &mut Vec<u8>| {
        header.push(NUMBER);
        push_varint(zigzag(number), header);
    };
    number(kind as i64, &mut header);
    number(bytes as i64, &mut header);
    number(bytes as i64, &mut header);
    header.push(if kind == PageType::DATA_PAGE { 0x2c } else { 0x4c });
    number(values as i64, &mut header);
    number(encoding as i64, &mut header);
    if kind == PageType::DATA_PAGE {
        number(Encoding::RLE as i64, &mut header);
        number(Encoding::RLE as i64, &mut header);
    }
    header.extend_from_slice(&[0, 0]);
    header
}
