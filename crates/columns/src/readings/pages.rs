//! A file as the Parquet decoder asks for it: the header of a page, then the page.

use bytes::Bytes;
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;

/// Most headers are shorter.
const HEADER: usize = 256;

/// A file, for one thread at a time. The Parquet crate's own way opens it anew for each header and each page, reads 8 KB
/// for a header, and a page in parts.
#[derive(Debug, Clone)]
pub(super) struct Pages(Arc<File>);

/// The file from some place on.
#[derive(Debug)]
pub(super) struct Rest {
    file: Arc<File>,
    at: u64,
}

impl Pages {
    pub(super) fn of(file: File) -> Self {
        Self(Arc::new(file))
    }

    fn from(&self, at: u64) -> Rest {
        Rest { file: Arc::clone(&self.0), at }
    }
}

impl Read for Rest {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let mut file = &*self.file;
        file.seek(SeekFrom::Start(self.at))?;
        let read = file.read(to)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Length for Pages {
    fn len(&self) -> u64 {
        Length::len(&*self.0)
    }
}

impl ChunkReader for Pages {
    type T = BufReader<Rest>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(BufReader::with_capacity(HEADER, self.from(start)))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let mut page = vec![0; length];
        self.from(start).read_exact(&mut page).map_err(ParquetError::from)?;
        Ok(page.into())
    }
}
