//! A ring of sectors that takes records one after another and loses none that it has acknowledged.
//!
//! What a power cut can leave behind, and what is done about it:
//!
//! - **A record written in part.** Its bits may be unstable: blank at one read, a record at another. Before the first
//!   write after a start, the last slot that was touched behind the newest record and the first that looks blank become
//!   all zeros, which is stable and no record. So a slot that a cut could have touched never takes a record, and never
//!   comes to life.
//! - **A record written whole, but barely.** It reads well now and might not later. At a start the newest record is
//!   programmed once more with the same bits, before anybody sees it.
//! - **A sector erased in part.** It may look blank and not be. Only a sector with a header is written to, and the
//!   header is written when the erase has ended. It too is programmed once more at a start.
//!
//! - **Cuts again and again**, each within a write. They fill the head with slots that are given up; if it holds nothing
//!   else it is erased itself, so that no records go for that.
//!
//! A record whose write was cut short may be there afterwards or not. Once something else was written it never comes.
//!
//! The next sector is erased in advance, by [`Ring::tend`]: a record waits for program operations, not for an erase.

use crate::error::Error;
use crate::sector::Header;
use crate::slot::{Entry, Look, SLOT, look};
use embedded_storage::nor_flash::MultiwriteNorFlash;

/// Slots that may refuse a record, one after another, until the rest of the sector is passed over.
const TRIES: usize = 4;

/// Sectors that may do so until the ring counts as worn out.
const SECTORS_TRIED: usize = 3;

/// Where a ring goes on. Everything else is in the flash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ring {
    pub(crate) id: u16,
    first: u16,
    pub(crate) sectors: u16,
    /// The sector that takes records; 0 before there was one.
    pub(crate) head: u32,
    /// The next slot of it; past its end if it is full.
    pub(crate) slot: u16,
    /// The number of the next record.
    pub(crate) next: u32,
    /// The sector after the head is erased and has its header.
    pub(crate) prepared: bool,
    /// The head holds no record yet.
    fresh: bool,
    /// Whether it was tried to erase that sector in advance.
    tended: bool,
    /// Nothing that a cut may have left is behind the newest record.
    settled: bool,
    /// The most erases of any of its sectors.
    pub(crate) erases: u32,
}

/// What a sector holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Scanned {
    /// Some slot was written to.
    touched: bool,
    newest: Option<(u16, Entry)>,
}

type Failure<F> = Error<<F as embedded_storage::nor_flash::ErrorType>::Error>;

impl Ring {
    pub(crate) const fn new(id: u16, first: u16, sectors: u16) -> Self {
        let (head, slot, next) = (0, u16::MAX, 1);
        let (prepared, fresh, tended, settled) = (false, false, false, true);
        Self { id, first, sectors, head, slot, next, prepared, fresh, tended, settled, erases: 0 }
    }

    /// Finds the end of the ring: its newest record, and where the next one goes. Programs what it found once more.
    pub(crate) fn open<F: MultiwriteNorFlash>(&mut self, flash: &mut F) -> Result<Option<Entry>, Failure<F>> {
        *self = Self::new(self.id, self.first, self.sectors);
        let mut newest: Option<Header> = None;
        for place in 0..u32::from(self.sectors) {
            if let Some(header) = self.header(flash, place)? {
                self.erases = self.erases.max(header.erases);
                newest = newest.into_iter().chain([header]).max_by_key(|header| header.number);
            }
        }
        let Some(header) = newest else { return Ok(None) };
        let newest = header.number;
        // As it was read then: it might not be readable a second time.
        flash.write(self.address::<F>(newest, 0), &header.to_slot())?;
        self.prepared = !self.scan(flash, newest)?.touched && newest > 1 && self.holds(flash, newest - 1)?;
        self.head = if self.prepared { newest - 1 } else { newest };
        (self.slot, self.fresh, self.settled) = (1, true, false);
        for number in (self.oldest()..=self.head).rev() {
            if !self.holds(flash, number)? {
                continue;
            }
            let Some((slot, entry)) = self.scan(flash, number)?.newest else { continue };
            flash.write(self.address::<F>(number, slot), &entry.to_slot(self.id))?;
            self.next = entry.number + 1;
            if number == self.head {
                (self.slot, self.fresh) = (slot + 1, false);
            }
            return Ok(Some(entry));
        }
        Ok(None)
    }

    // Not inlined, as much else here: the code would be a quarter larger.
    /// Takes a record, and gives its number once it would survive a power cut.
    #[inline(never)]
    pub(crate) fn append<F: MultiwriteNorFlash>(
        &mut self,
        flash: &mut F,
        entry: Entry,
    ) -> Result<u32, Failure<F>> {
        let entry = Entry { number: self.next, ..entry };
        let bytes = entry.to_slot(self.id);
        if !self.settled {
            self.settle(flash)?;
        }
        for _ in 0..SECTORS_TRIED {
            if self.slot >= slots::<F>() && !self.turn(flash)? {
                // It does not take even its header.
                self.give_up();
                continue;
            }
            for _ in 0..TRIES {
                if self.slot >= slots::<F>() {
                    break;
                }
                // If the driver fails, the slot is as dubious as after a cut.
                self.settled = false;
                let written = self.program(flash, self.slot, &bytes)?;
                self.settled = true;
                self.slot += 1;
                if written {
                    (self.next, self.fresh) = (self.next + 1, false);
                    return Ok(entry.number);
                }
            }
            if self.slot < slots::<F>() {
                self.give_up();
            }
        }
        Err(Error::Worn { sector: self.sector(self.head) })
    }

    /// Makes a sector ready whose first slot is the next: false if it is worn out.
    fn turn<F: MultiwriteNorFlash>(&mut self, flash: &mut F) -> Result<bool, Failure<F>> {
        if self.fresh && !self.prepared {
            // Only cuts have filled it. A sector of records must not go for that.
            let ready = self.prepare(flash, self.head)?;
            self.slot = if ready { 1 } else { self.slot };
            return Ok(ready);
        }
        let ready = self.prepared || self.prepare(flash, self.head + 1)?;
        self.advance();
        Ok(ready)
    }

    /// Passes over the rest of a sector that takes nothing.
    fn give_up(&mut self) {
        (self.slot, self.fresh) = (u16::MAX, false);
    }

    /// Erases the next sector in advance if half of this one is used: true if it did.
    pub(crate) fn tend<F: MultiwriteNorFlash>(&mut self, flash: &mut F) -> Result<bool, Failure<F>> {
        let due = !self.prepared
            && !self.fresh
            && self.slot > slots::<F>() / 2
            // A sector that is worn out is not tried again and again.
            && !self.tended;
        if due {
            self.tended = true;
            self.prepared = self.prepare(flash, self.head + 1)?;
        }
        Ok(due)
    }

    /// Whether it was never prepared.
    pub(crate) fn is_new(&self) -> bool {
        self.head == 0
    }

    /// The oldest sector that still has its records.
    pub(crate) fn oldest(&self) -> u32 {
        let kept = u32::from(self.sectors) - 1 - u32::from(self.prepared);
        self.head.saturating_sub(kept).max(1)
    }

    /// Whether the place of a sector's number holds that sector.
    pub(crate) fn holds<F: MultiwriteNorFlash>(
        &self,
        flash: &mut F,
        number: u32,
    ) -> Result<bool, Failure<F>> {
        Ok(self.header(flash, number)?.is_some_and(|header| header.number == number))
    }

    #[inline(never)]
    pub(crate) fn read<F: MultiwriteNorFlash>(
        &self,
        flash: &mut F,
        sector: u32,
        slot: u16,
    ) -> Result<Look, Failure<F>> {
        let mut bytes = [0; SLOT];
        flash.read(self.address::<F>(sector, slot), &mut bytes)?;
        Ok(look(bytes, self.id))
    }

    /// Gives up what a cut may have touched: the first slot that looks blank, and the one before it if it is no record.
    /// Those before were given up at an earlier start.
    #[inline(never)]
    fn settle<F: MultiwriteNorFlash>(&mut self, flash: &mut F) -> Result<(), Failure<F>> {
        // If the driver fails meanwhile, the next try begins anew.
        let mut ring = *self;
        let mut before = None;
        loop {
            if ring.slot >= slots::<F>() {
                if !ring.prepared {
                    break;
                }
                ring.advance();
            }
            let (here, seen) =
                (ring.address::<F>(ring.head, ring.slot), ring.read(flash, ring.head, ring.slot)?);
            ring.slot += 1;
            if seen == Look::Blank {
                flash.write(before.unwrap_or(here), &[0; SLOT])?;
                before = Some(here);
                break;
            }
            before = Some(here);
        }
        if let Some(before) = before {
            flash.write(before, &[0; SLOT])?;
        }
        ring.settled = true;
        *self = ring;
        Ok(())
    }

    fn advance(&mut self) {
        self.head += 1;
        (self.slot, self.prepared, self.fresh, self.tended) = (1, false, true, false);
    }

    /// Erases the place of a sector's number, and writes the header that proves it: false if it does not take it.
    #[inline(never)]
    fn prepare<F: MultiwriteNorFlash>(&mut self, flash: &mut F, number: u32) -> Result<bool, Failure<F>> {
        let old = self.header(flash, number)?;
        // Without its header a sector counts as worn as the most worn of its ring, but for the first round.
        let unknown = if number <= u32::from(self.sectors) { 0 } else { self.erases };
        let erases = old.map_or(unknown, |header| header.erases) + 1;
        let header = Header { ring: self.id, sectors: self.sectors, number, erases };
        let from = self.address::<F>(number, 0);
        if old.is_some() {
            // Without a header nobody sees records of which some are erased and some are not.
            flash.write(from, &[0; SLOT])?;
        }
        flash.erase(from, from + F::ERASE_SIZE as u32)?;
        self.erases = self.erases.max(header.erases);
        flash.write(from, &header.to_slot())?;
        self.holds(flash, number)
    }

    fn program<F: MultiwriteNorFlash>(
        &self,
        flash: &mut F,
        slot: u16,
        bytes: &[u8; SLOT],
    ) -> Result<bool, Failure<F>> {
        let (address, mut seen) = (self.address::<F>(self.head, slot), [0; SLOT]);
        flash.write(address, bytes)?;
        flash.read(address, &mut seen)?;
        Ok(seen == *bytes)
    }

    #[inline(never)]
    fn scan<F: MultiwriteNorFlash>(&self, flash: &mut F, sector: u32) -> Result<Scanned, Failure<F>> {
        let mut scanned = Scanned::default();
        for slot in 1..slots::<F>() {
            let seen = self.read(flash, sector, slot)?;
            scanned.touched |= seen != Look::Blank;
            if let Look::Whole { entry, .. } = seen {
                scanned.newest = Some((slot, entry));
            }
        }
        Ok(scanned)
    }

    /// The header at the place of a sector's number, whichever number it has.
    #[inline(never)]
    fn header<F: MultiwriteNorFlash>(
        &self,
        flash: &mut F,
        number: u32,
    ) -> Result<Option<Header>, Failure<F>> {
        let mut bytes = [0; SLOT];
        flash.read(self.address::<F>(number, 0), &mut bytes)?;
        let Some(header) = Header::of(&bytes) else { return Ok(None) };
        let sectors = u32::from(self.sectors);
        let ours = header.ring == self.id
            && header.sectors == self.sectors
            && header.number % sectors == number % sectors;
        if ours { Ok(Some(header)) } else { Err(Error::OtherLayout { sector: self.sector(number) }) }
    }

    fn sector(&self, number: u32) -> u32 {
        u32::from(self.first) + number % u32::from(self.sectors)
    }

    fn address<F: MultiwriteNorFlash>(&self, number: u32, slot: u16) -> u32 {
        self.sector(number) * F::ERASE_SIZE as u32 + u32::from(slot) * SLOT as u32
    }
}

/// The slots of a sector, with its header.
pub(crate) const fn slots<F: MultiwriteNorFlash>() -> u16 {
    (F::ERASE_SIZE / SLOT) as u16
}
