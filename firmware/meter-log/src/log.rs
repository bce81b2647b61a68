//! All rings in one flash.

use crate::error::Error;
use crate::layout::{Layout, SHELVES, Shelf};
use crate::record::Record;
use crate::ring::{Ring, slots};
use crate::slot::{Entry, Look, SLOT};
use embedded_storage::nor_flash::{ErrorType, MultiwriteNorFlash};

type Failure<F> = Error<<F as ErrorType>::Error>;

/// The records of a meter, in a flash that nothing else uses.
#[derive(Debug, Clone)]
pub struct Log<F> {
    pub(crate) flash: F,
    pub(crate) rings: [Ring; SHELVES],
}

/// Where a walk through the records of a shelf has come to, from the newest to the oldest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walk {
    shelf: Shelf,
    sector: u32,
    /// The slots below are still to be looked at.
    slot: u16,
    /// The number of the last record that was given. One that was written twice is given once.
    below: u32,
}

/// How much a ring has been used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// The most erases of any of its sectors.
    pub erases: u32,
    /// The records that were ever written.
    pub records: u32,
}

impl<F: MultiwriteNorFlash> Log<F> {
    /// Prepares the flash of a new meter. Whatever is in it is erased.
    pub fn format(mut flash: F, layout: &Layout) -> Result<Self, Failure<F>> {
        Self::fits(&flash, layout)?;
        for sector in 0..layout.sectors() {
            let from = sector * F::ERASE_SIZE as u32;
            flash.erase(from, from + F::ERASE_SIZE as u32)?;
        }
        let mut log = Self { flash, rings: layout.rings() };
        // Energy is the first ring, and prepared last: without it a flash counts as not formatted.
        for ring in log.rings.iter_mut().rev() {
            ring.tend(&mut log.flash)?;
        }
        Ok(log)
    }

    /// Finds the end of every ring, and makes sure of the newest records.
    pub fn open(flash: F, layout: &Layout) -> Result<Self, Failure<F>> {
        Self::fits(&flash, layout)?;
        let mut log = Self { flash, rings: layout.rings() };
        for ring in &mut log.rings {
            ring.open(&mut log.flash)?;
        }
        if log.rings[Shelf::Energy.place()].is_new() {
            return Err(Error::NotFormatted);
        }
        Ok(log)
    }

    fn fits(flash: &F, layout: &Layout) -> Result<(), Failure<F>> {
        const {
            // A header and three records at least; a slot is written at once.
            assert!(F::ERASE_SIZE.is_multiple_of(SLOT) && F::ERASE_SIZE >= 4 * SLOT);
            assert!(SLOT.is_multiple_of(F::WRITE_SIZE) && SLOT.is_multiple_of(F::READ_SIZE));
        }
        let (needed, has) = (layout.sectors(), (flash.capacity() / F::ERASE_SIZE) as u32);
        if has < needed { Err(Error::TooSmall { needed, has }) } else { Ok(()) }
    }

    /// Takes a record. When this returns a number, the record survives any power cut.
    pub fn append<R: Record>(&mut self, shelf: Shelf, record: &R) -> Result<u32, Failure<F>> {
        let (note, content) = record.to_bytes();
        let entry = Entry { number: 0, format: R::FORMAT, note, content };
        self.rings[shelf.place()].append(&mut self.flash, entry)
    }

    /// Erases at most one sector in advance: true if it did. Called between blocks, so that a record does not wait.
    pub fn tend(&mut self) -> Result<bool, Failure<F>> {
        for ring in &mut self.rings {
            if ring.tend(&mut self.flash)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// From the newest record of a shelf on.
    pub fn walk(&self, shelf: Shelf) -> Walk {
        let ring = &self.rings[shelf.place()];
        Walk { shelf, sector: ring.head, slot: ring.slot.min(slots::<F>()), below: ring.next }
    }

    /// The next older record and its number. Records of another format or damaged beyond repair are left out.
    pub fn before<R: Record>(&mut self, walk: &mut Walk) -> Result<Option<(u32, R)>, Failure<F>> {
        while let Some((entry, _)) = self.entry_before(walk)? {
            if entry.format != R::FORMAT {
                continue;
            }
            if let Some(record) = R::from_bytes(entry.note, &entry.content) {
                return Ok(Some((entry.number, record)));
            }
        }
        Ok(None)
    }

    /// The newest record of a shelf. Unlike older ones it must be readable.
    pub fn newest<R: Record>(&mut self, shelf: Shelf) -> Result<Option<(u32, R)>, Failure<F>> {
        let Some((entry, _)) = self.entry_before(&mut self.walk(shelf))? else { return Ok(None) };
        let known = if entry.format == R::FORMAT { R::from_bytes(entry.note, &entry.content) } else { None };
        let record = known.ok_or(Error::OtherFormat { format: entry.format })?;
        Ok(Some((entry.number, record)))
    }

    /// Writes the newest record of each setting anew if a bit of it had to be corrected: they may stay for
    /// 15 years, and of two wrong bits only the first can be corrected.
    pub fn renew_settings(&mut self) -> Result<(), Failure<F>> {
        for shelf in [Shelf::Calibration, Shelf::Configuration, Shelf::Image, Shelf::Line] {
            if let Some((entry, true)) = self.entry_before(&mut self.walk(shelf))? {
                self.rings[shelf.place()].append(&mut self.flash, entry)?;
            }
        }
        Ok(())
    }

    /// How much a ring has been used.
    pub fn usage(&self, shelf: Shelf) -> Usage {
        let ring = &self.rings[shelf.place()];
        Usage { erases: ring.erases, records: ring.next - 1 }
    }

    /// The flash, when the log is not needed any more.
    pub fn into_flash(self) -> F {
        self.flash
    }

    /// The next older record, and whether a bit of it was corrected.
    #[inline(never)]
    fn entry_before(&mut self, walk: &mut Walk) -> Result<Option<(Entry, bool)>, Failure<F>> {
        let ring = &self.rings[walk.shelf.place()];
        loop {
            if walk.slot <= 1 {
                // Sectors without their header are passed over: they are being erased.
                walk.sector = match walk.sector.checked_sub(1) {
                    Some(sector) if sector >= ring.oldest() => sector,
                    _ => return Ok(None),
                };
                walk.slot = if ring.holds(&mut self.flash, walk.sector)? { slots::<F>() } else { 1 };
                continue;
            }
            walk.slot -= 1;
            let seen = ring.read(&mut self.flash, walk.sector, walk.slot)?;
            if let Look::Whole { entry, corrected } = seen
                && entry.number < walk.below
            {
                walk.below = entry.number;
                return Ok(Some((entry, corrected)));
            }
        }
    }
}
