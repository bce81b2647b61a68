//! The file around the pages.

use super::codec::Codec;
use super::{Chunk, push_varint, zigzag};
use crate::{Aside, ColumnsError, Whole};
use arrow::datatypes::Schema;
use parquet::arrow::{ARROW_SCHEMA_META_KEY, ArrowSchemaConverter, encode_arrow_schema};
use parquet::basic::{ColumnOrder, Encoding, PageType};
use parquet::errors::ParquetError;
use parquet::file::metadata::{
    ColumnChunkMetaData, FileMetaData, KeyValue, ParquetMetaData, ParquetMetaDataWriter, RowGroupMetaData,
};
use parquet::file::statistics::Statistics;
use parquet::schema::types::{ColumnDescPtr, SchemaDescPtr};
use pipeline::Compression;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const MAGIC: &[u8; 4] = b"PAR1";

/// A Parquet file of chunks of one page each, beside its place; see [`Aside`].
#[derive(Debug)]
pub(crate) struct PagedFile {
    bytes: Bytes,
    codec: Codec,
    path: PathBuf,
    arrow: String,
    schema: SchemaDescPtr,
    groups: Vec<RowGroupMetaData>,
    rows: u64,
}

/// What has been written, and how much.
#[derive(Debug)]
struct Bytes {
    aside: Aside,
    written: u64,
}

impl Bytes {
    fn put(&mut self, bytes: &[u8]) -> Result<(), ParquetError> {
        self.aside.write_all(bytes)?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// Writes a page in parts. Says how many bytes fewer it has here than when it is read.
    fn page(&mut self, page: &Page, whole: usize, parts: &[&[u8]]) -> Result<i64, ParquetError> {
        let stored = parts.iter().map(|part| part.len()).sum();
        self.put(&page.header(whole, stored))?;
        parts.iter().try_for_each(|part| self.put(part))?;
        Ok(whole as i64 - stored as i64)
    }
}

/// A row group on its way: its chunks are added in the order of the columns.
pub(crate) struct RowGroup<'a> {
    file: &'a mut PagedFile,
    rows: usize,
    from: u64,
    chunks: Vec<ColumnChunkMetaData>,
}

impl RowGroup<'_> {
    /// Writes the chunk of the next column.
    pub(crate) fn add(&mut self, chunk: &Chunk<'_>) -> Result<(), ColumnsError> {
        let column = self.file.schema.column(self.chunks.len());
        let written = self.file.chunk(self.rows, column, chunk);
        self.chunks.push(written.map_err(|source| self.file.failed(source))?);
        Ok(())
    }

    /// Ends the group, behind its last column.
    pub(crate) fn end(self) -> Result<(), ColumnsError> {
        let Self { file, rows, from, chunks } = self;
        let size = chunks.iter().map(ColumnChunkMetaData::uncompressed_size).sum();
        let mut group = RowGroupMetaData::builder(Arc::clone(&file.schema))
            .set_num_rows(rows as i64)
            .set_file_offset(from as i64)
            .set_column_metadata(chunks)
            .set_total_byte_size(size);
        // The format has room for so many numbers, and lets a group go without.
        if let Ok(number) = i16::try_from(file.groups.len()) {
            group = group.set_ordinal(number);
        }
        let group = group.build().map_err(|source| file.failed(source))?;
        file.groups.push(group);
        file.rows += rows as u64;
        Ok(())
    }
}

impl PagedFile {
    /// Starts the file.
    pub(crate) fn create(
        path: &Path,
        schema: &Schema,
        compression: Compression,
    ) -> Result<Self, ColumnsError> {
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
        let codec = match Codec::new(compression) {
            Ok(codec) => codec,
            Err(source) => return Err(ColumnsError::Write { path, source }),
        };
        let bytes = Bytes { aside, written: 0 };
        let mut file = Self { bytes, codec, path, arrow, schema, groups: Vec::new(), rows: 0 };
        file.bytes.put(MAGIC).map_err(|source| file.failed(source))?;
        Ok(file)
    }

    /// Starts a row group of so many rows.
    pub(crate) fn group(&mut self, rows: usize) -> RowGroup<'_> {
        let (from, chunks) = (self.bytes.written, Vec::with_capacity(self.schema.num_columns()));
        RowGroup { file: self, rows, from, chunks }
    }

    /// Ends the file, and says how many rows it has.
    pub(crate) fn end(mut self) -> Result<(Whole, u64), ColumnsError> {
        self.footer().map_err(|source| self.failed(source))?;
        let Self { path, rows, bytes, .. } = self;
        let whole =
            bytes.aside.end().map_err(|source| ColumnsError::Write { path, source: source.into() })?;
        Ok((whole, rows))
    }

    fn failed(&self, source: ParquetError) -> ColumnsError {
        ColumnsError::Write { path: self.path.clone(), source }
    }

    /// Writes the pages of a chunk.
    fn chunk(
        &mut self,
        rows: usize,
        column: ColumnDescPtr,
        chunk: &Chunk<'_>,
    ) -> Result<ColumnChunkMetaData, ParquetError> {
        let Self { bytes, codec, .. } = self;
        let (words, count) = chunk.dictionary.unwrap_or_default();
        let whole = [words.len(), chunk.parts.iter().map(|part| part.len()).sum()];
        let (name, packed) = codec.pack(&[words], &chunk.parts)?;
        let packed = packed.map(|packed| packed.map(|page| [page]));
        let [words, data] = match &packed {
            Some([words, data]) => [&words[..], &data[..]],
            None => [&[words][..], &chunk.parts[..]],
        };
        let from = bytes.written;
        let mut saved = 0;
        if chunk.dictionary.is_some() {
            let page = Page { kind: PageType::DICTIONARY_PAGE, values: count, encoding: Encoding::PLAIN };
            saved += bytes.page(&page, whole[0], words)?;
        }
        let at = bytes.written;
        let page = Page { kind: PageType::DATA_PAGE, values: rows, encoding: chunk.encoding };
        saved += bytes.page(&page, whole[1], data)?;
        let size = (bytes.written - from) as i64;
        let mut encodings = vec![Encoding::RLE, chunk.encoding];
        encodings.extend(chunk.dictionary.map(|_| Encoding::PLAIN));
        let mut metadata = ColumnChunkMetaData::builder(column)
            .set_encodings(encodings)
            .set_compression(name)
            .set_num_values(rows as i64)
            .set_total_compressed_size(size)
            .set_total_uncompressed_size(size + saved)
            .set_dictionary_page_offset(chunk.dictionary.map(|_| from as i64))
            .set_data_page_offset(at as i64);
        if let Some((low, high)) = chunk.bounds {
            metadata =
                metadata.set_statistics(Statistics::int64(Some(low), Some(high), None, Some(0), false));
        }
        metadata.build()
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
        self.bytes.put(&footer)
    }
}

/// What a page is, but for its bytes.
struct Page {
    kind: PageType,
    values: usize,
    encoding: Encoding,
}

impl Page {
    /// What stands before a page: `PageHeader` of parquet.thrift, in Thrift's compact form. A page has so many bytes
    /// when it is read, and so many in the file.
    fn header(&self, whole: usize, stored: usize) -> Vec<u8> {
        // Each field says how far its number is from that of the one before, and its type: 5 a number, 12 a structure.
        const NUMBER: u8 = 0x15;
        let mut header = Vec::with_capacity(32);
        let number = |number: i64, header: &mut Vec<u8>| {
            header.push(NUMBER);
            push_varint(zigzag(number), header);
        };
        number(self.kind as i64, &mut header);
        number(whole as i64, &mut header);
        number(stored as i64, &mut header);
        header.push(if self.kind == PageType::DATA_PAGE { 0x2c } else { 0x4c });
        number(self.values as i64, &mut header);
        number(self.encoding as i64, &mut header);
        if self.kind == PageType::DATA_PAGE {
            number(Encoding::RLE as i64, &mut header);
            number(Encoding::RLE as i64, &mut header);
        }
        header.extend_from_slice(&[0, 0]);
        header
    }
}
