//! What the log promises, on a flash that does as it should. Power cuts are tried in `meter-trial`.

mod formats;
mod keeping;
mod ring;
mod wild;

use crate::{Error, Layout, Log};
use embedded_storage::nor_flash::{ErrorType, MultiwriteNorFlash, NorFlash, NorFlashErrorKind, ReadNorFlash};

/// Few and small sectors.
const LAYOUT: Layout = Layout { energy: 3, profile: 3, daily: 3, billing: 3, settings: 3, events: 3 };

/// A flash whose driver fails when it is asked to.
#[derive(Debug, Clone)]
struct Sheet {
    cells: Vec<u8>,
    /// Operations until one fails.
    fails_in: Option<u32>,
    /// Sectors that do not take zeros any more.
    worn: Vec<usize>,
}

const SECTOR: usize = 512;

impl Sheet {
    fn new(sectors: u32) -> Self {
        Self { cells: vec![0xA5; sectors as usize * SECTOR], fails_in: None, worn: Vec::new() }
    }

    fn step(&mut self) -> Result<(), NorFlashErrorKind> {
        match &mut self.fails_in {
            Some(0) => {
                self.fails_in = None;
                return Err(NorFlashErrorKind::Other);
            }
            Some(left) => *left -= 1,
            None => {}
        }
        Ok(())
    }
}

impl ErrorType for Sheet {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Sheet {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        let at = offset as usize;
        bytes.copy_from_slice(&self.cells[at..at + bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.cells.len()
    }
}

impl NorFlash for Sheet {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = SECTOR;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        self.step()?;
        self.cells[from as usize..to as usize].fill(0xFF);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        self.step()?;
        let at = offset as usize;
        if !self.worn.contains(&(at / SECTOR)) {
            self.cells[at..].iter_mut().zip(bytes).for_each(|(cell, byte)| *cell &= byte);
        }
        Ok(())
    }
}

impl MultiwriteNorFlash for Sheet {}

fn formatted() -> Log<Sheet> {
    Log::format(Sheet::new(LAYOUT.sectors()), &LAYOUT).unwrap()
}

fn reopened(log: Log<Sheet>) -> Log<Sheet> {
    Log::open(log.into_flash(), &LAYOUT).unwrap()
}

type Failure = Error<NorFlashErrorKind>;
