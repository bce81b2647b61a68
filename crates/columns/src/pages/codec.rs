//! Pages compressed, where that makes them smaller.

use parquet::basic::{Compression as Name, ZstdLevel};
use parquet::errors::ParquetError;
use pipeline::Compression;
use std::fmt;
use std::io;

/// What compresses pages, in the same memory again and again.
pub(super) struct Codec {
    kind: Kind,
    /// A page in one piece.
    page: Vec<u8>,
    packed: Vec<u8>,
}

enum Kind {
    None,
    Snappy(Box<snap::raw::Encoder>),
    Zstd(zstd::bulk::Compressor<'static>, ZstdLevel),
}

/// What the pages of a chunk are compressed with, and the dictionary and the data if they are.
type Packed<'a> = (Name, Option<[&'a [u8]; 2]>);

impl Codec {
    pub(super) fn new(compression: Compression) -> Result<Self, ParquetError> {
        let kind = match compression {
            Compression::None => Kind::None,
            Compression::Snappy => Kind::Snappy(Box::new(snap::raw::Encoder::new())),
            Compression::Zstd(level) => {
                // Columns are encoded before, so that level 3 saves one per cent more and costs a third of the time more.
                let level = level.map_or(1, i32::from);
                Kind::Zstd(zstd::bulk::Compressor::new(level)?, ZstdLevel::try_new(level)?)
            }
        };
        Ok(Self { kind, page: Vec::new(), packed: Vec::new() })
    }

    /// Compresses the pages of a chunk. If that hardly makes them smaller, they had better stay as they are, which
    /// spares readers the work: one codec holds for the whole chunk.
    pub(super) fn pack(&mut self, dictionary: &[&[u8]], data: &[&[u8]]) -> io::Result<Packed<'_>> {
        const LEAST_SAVED: usize = 32;
        let name = match &self.kind {
            Kind::None => return Ok((Name::UNCOMPRESSED, None)),
            Kind::Snappy(_) => Name::SNAPPY,
            Kind::Zstd(_, level) => Name::ZSTD(*level),
        };
        self.packed.clear();
        let mut whole = 0;
        if dictionary.iter().any(|part| !part.is_empty()) {
            whole += self.append(dictionary)?;
        }
        let at = self.packed.len();
        whole += self.append(data)?;
        if self.packed.len() > whole - whole / LEAST_SAVED {
            return Ok((Name::UNCOMPRESSED, None));
        }
        let (dictionary, data) = self.packed.split_at(at);
        Ok((name, Some([dictionary, data])))
    }

    /// Appends a page, compressed. Says how many bytes it had before.
    fn append(&mut self, parts: &[&[u8]]) -> io::Result<usize> {
        let Self { kind, page, packed } = self;
        page.clear();
        parts.iter().for_each(|part| page.extend_from_slice(part));
        let from = packed.len();
        let room = match kind {
            Kind::None => 0,
            Kind::Snappy(_) => snap::raw::max_compress_len(page.len()),
            Kind::Zstd(..) => zstd::zstd_safe::compress_bound(page.len()),
        };
        packed.resize(from + room, 0);
        let to = &mut packed[from..];
        let written = match kind {
            Kind::None => 0,
            Kind::Snappy(encoder) => encoder.compress(page, to)?,
            Kind::Zstd(compressor, _) => compressor.compress_to_buffer(page, to)?,
        };
        packed.truncate(from + written);
        Ok(page.len())
    }
}

impl fmt::Debug for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            Kind::None => "Codec(none)",
            Kind::Snappy(_) => "Codec(snappy)",
            Kind::Zstd(..) => "Codec(zstd)",
        })
    }
}
