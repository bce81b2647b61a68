//! Columns of a Parquet file that are encrypted while its footer is plain.
//!
//! The footer then lists the columns as in any file, and their pages look like damage. The reader of Parquet passes over
//! what marks them, so it is looked up here. Sources: parquet.thrift and Parquet Modular Encryption, "plaintext footer
//! mode"; the compact protocol of Thrift.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// Structs within structs, beyond which a footer is taken for damaged.
const DEEPEST: u8 = 32;

/// The names of the encrypted columns; of a nested one that of its root. A footer that cannot be read names none.
pub(super) fn encrypted_columns(file: &mut File) -> io::Result<Vec<String>> {
    let mut end = [0; 8];
    let length = file.seek(SeekFrom::End(-8))?;
    file.read_exact(&mut end)?;
    let footer = u64::from(u32::from_le_bytes([end[0], end[1], end[2], end[3]]));
    let Some(start) = length.checked_sub(footer) else { return Ok(Vec::new()) };
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(footer).read_to_end(&mut bytes)?;
    Ok(Walk(&bytes).encrypted().unwrap_or_default())
}

/// The rest of a footer in the compact protocol. `None` anywhere: it ends too early, or is no footer.
struct Walk<'a>(&'a [u8]);

impl<'a> Walk<'a> {
    /// `FileMetaData`: its field 8 says that some columns are encrypted, field 4 has the row groups.
    fn encrypted(&mut self) -> Option<Vec<String>> {
        let (mut names, mut is_sealed) = (Vec::new(), false);
        self.fields(0, |walk, field, kind| match field {
            4 => walk.each(|walk, _| {
                // `RowGroup`: field 1 has the columns.
                walk.fields(2, |walk, field, kind| match field {
                    1 => walk.each(|walk, _| walk.column(&mut names)),
                    _ => walk.skip(kind, 3),
                })
            }),
            8 => {
                is_sealed = true;
                walk.skip(kind, 1)
            }
            _ => walk.skip(kind, 1),
        })?;
        names.sort();
        names.dedup();
        is_sealed.then_some(names)
    }

    /// `ColumnChunk`: field 3 has its path in field 3, and field 8 is there if the column is encrypted.
    fn column(&mut self, names: &mut Vec<String>) -> Option<()> {
        let (mut path, mut is_sealed) = (Vec::new(), false);
        self.fields(4, |walk, field, kind| match field {
            3 => walk.fields(5, |walk, field, kind| match field {
                3 => walk.each(|walk, _| {
                    path.push(String::from_utf8_lossy(walk.binary()?).into_owned());
                    Some(())
                }),
                _ => walk.skip(kind, 6),
            }),
            8 => {
                is_sealed = true;
                walk.skip(kind, 5)
            }
            _ => walk.skip(kind, 5),
        })?;
        names.extend(path.into_iter().next().filter(|_| is_sealed));
        Some(())
    }

    /// Hands out each field of a struct, with its kind. `take` reads its value.
    fn fields(&mut self, depth: u8, mut take: impl FnMut(&mut Self, u64, u8) -> Option<()>) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        let mut field = 0;
        loop {
            let head = self.bytes(1)?[0];
            let (step, kind) = (u64::from(head >> 4), head & 15);
            if kind == 0 {
                return Some(());
            }
            // A field far from the one before has its number written out, in zigzag.
            field = if step == 0 { self.number()? >> 1 } else { field + step };
            take(self, field, kind)?;
        }
    }

    /// Hands out each element of a list, with its kind.
    fn each(&mut self, mut take: impl FnMut(&mut Self, u8) -> Option<()>) -> Option<()> {
        let head = self.bytes(1)?[0];
        let count = if head >> 4 == 15 { self.number()? } else { u64::from(head >> 4) };
        (0..count).try_for_each(|_| take(self, head & 15))
    }

    fn skip(&mut self, kind: u8, depth: u8) -> Option<()> {
        match kind {
            // A bool stands in the head of its field.
            1 | 2 => Some(()),
            3 => self.bytes(1).map(drop),
            4..=6 => self.number().map(drop),
            7 => self.bytes(8).map(drop),
            8 => self.binary().map(drop),
            // In a list, a bool takes a byte.
            9 | 10 => self.each(|walk, kind| walk.skip(if kind <= 2 { 3 } else { kind }, depth + 1)),
            12 => self.fields(depth, |walk, _, kind| walk.skip(kind, depth + 1)),
            // Footers hold no map.
            _ => None,
        }
        .filter(|()| depth <= DEEPEST)
    }

    fn binary(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.bytes(usize::try_from(length).ok()?)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for place in 0..10 {
            let byte = self.bytes(1)?[0];
            number |= u64::from(byte & 127) << (7 * place);
            if byte < 128 {
                return Some(number);
            }
        }
        None
    }

    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }
}
