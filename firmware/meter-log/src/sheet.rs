//! A flash in memory, for tests of what is built on the log.

extern crate alloc;

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::Cell;
use embedded_storage::nor_flash::{ErrorType, MultiwriteNorFlash, NorFlash, NorFlashErrorKind, ReadNorFlash};

/// A flash that does as it should, until it is broken. It is programmed by `WRITE` bytes.
#[derive(Debug, Clone)]
pub struct Sheet<const WRITE: usize> {
    /// What it holds.
    pub cells: Vec<u8>,
    /// Takes no write, while this is set.
    pub broken: Rc<Cell<bool>>,
}

impl<const WRITE: usize> ErrorType for Sheet<WRITE> {
    type Error = NorFlashErrorKind;
}

impl<const WRITE: usize> ReadNorFlash for Sheet<WRITE> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        bytes.copy_from_slice(&self.cells[offset as usize..][..bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.cells.len()
    }
}

impl<const WRITE: usize> NorFlash for Sheet<WRITE> {
    const WRITE_SIZE: usize = WRITE;
    const ERASE_SIZE: usize = 1024;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        self.cells[from as usize..to as usize].fill(0xFF);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        if self.broken.get() {
            return Err(NorFlashErrorKind::Other);
        }
        self.cells[offset as usize..].iter_mut().zip(bytes).for_each(|(cell, byte)| *cell &= byte);
        Ok(())
    }
}

impl<const WRITE: usize> MultiwriteNorFlash for Sheet<WRITE> {}
