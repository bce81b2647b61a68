//! A serial flash of 2 MB in a file.

use embedded_storage::nor_flash::{
    ErrorType, MultiwriteNorFlash, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

const BYTES: usize = 2 << 20;

/// What the chip holds, here and in the file. It is not synced: a dummy may forget what this machine forgets.
#[derive(Debug)]
pub struct FileFlash {
    cells: Vec<u8>,
    file: File,
}

/// Why the file is no flash.
#[derive(Debug)]
pub struct Failed(io::Error);

impl From<Failed> for io::Error {
    fn from(failed: Failed) -> Self {
        failed.0
    }
}

impl NorFlashError for Failed {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

impl FileFlash {
    /// The chip in a file; a new one is erased. Whether it was there before.
    pub fn open(path: &Path) -> io::Result<(Self, bool)> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut cells = Vec::new();
        file.read_to_end(&mut cells)?;
        let is_old = cells.len() == BYTES;
        if !is_old {
            cells = vec![0xFF; BYTES];
            file.write_all_at(&cells, 0)?;
        }
        Ok((Self { cells, file }, is_old))
    }

    fn change(&mut self, from: usize, change: impl FnOnce(&mut [u8]), length: usize) -> Result<(), Failed> {
        let cells = self.cells.get_mut(from..from + length).ok_or_else(beyond)?;
        change(cells);
        self.file.write_all_at(cells, from as u64).map_err(Failed)
    }
}

fn beyond() -> Failed {
    Failed(io::Error::new(io::ErrorKind::InvalidInput, "beyond the end of the flash"))
}

impl ErrorType for FileFlash {
    type Error = Failed;
}

impl ReadNorFlash for FileFlash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Failed> {
        let at = offset as usize;
        bytes.copy_from_slice(self.cells.get(at..at + bytes.len()).ok_or_else(beyond)?);
        Ok(())
    }

    fn capacity(&self) -> usize {
        BYTES
    }
}

impl NorFlash for FileFlash {
    const WRITE_SIZE: usize = 1;
    const ERASE_SIZE: usize = 4_096;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Failed> {
        self.change(from as usize, |cells| cells.fill(0xFF), (to - from) as usize)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Failed> {
        let program = |cells: &mut [u8]| cells.iter_mut().zip(bytes).for_each(|(cell, byte)| *cell &= byte);
        self.change(offset as usize, program, bytes.len())
    }
}

impl MultiwriteNorFlash for FileFlash {}
