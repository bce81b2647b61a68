//! A NOR flash whose power may go away at any moment, also within an operation.
//!
//! It keeps what `embedded-storage` promises of a `MultiwriteNorFlash`, and nothing beyond: bits that a write leaves at 1
//! stay, bits that were 0 stay, other bytes stay. Everything else a cut leaves in a state of its own: bits programmed,
//! bits not programmed, and bits that read differently from read to read.

use embedded_storage::nor_flash::{
    ErrorType, MultiwriteNorFlash, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};
use meter_synth::Random;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;
use std::rc::Rc;

/// The bytes that one program operation of a chip may write.
const PAGE: usize = 256;

/// The part of a sector in which at most one bit flips until the sector is erased.
const FLIP_UNIT: usize = 64;

/// The power went away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PowerCut;

impl NorFlashError for PowerCut {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

/// Where a cut came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Before an operation began, or after it had ended and before anybody heard of it.
    Between,
    /// Within a write.
    Write,
    /// Within an erase.
    Erase,
}

/// When the power goes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// At the operation after so many.
    Operations(u64),
    /// At the erase after so many.
    Erases(u64),
}

/// What an operation that was cut short leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tearing {
    /// It is done up to a byte, and not from there on.
    Bytes,
    /// Any bit is done or not, and an erase leaves bytes wild.
    Bits,
    /// The same, and bits that read differently from read to read.
    Unstable,
}

/// What was done to the chip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Work {
    /// Program operations.
    pub programs: u64,
    /// Sectors erased.
    pub erases: u64,
}

/// A chip with sectors of a size. A clone is the same chip: the log has one, the trial another.
#[derive(Debug, Clone)]
pub struct Chip<const SECTOR: usize>(Rc<RefCell<Die<SECTOR>>>);

#[derive(Debug)]
struct Die<const SECTOR: usize> {
    cells: Vec<u8>,
    /// Bits that read as they like.
    unstable: Vec<u8>,
    tearing: Tearing,
    /// How often they read as one since the power came: it depends on temperature and voltage.
    ones: f64,
    /// Units of which a bit has flipped.
    flipped: BTreeSet<usize>,
    random: Random,
    left: Option<When>,
    cut: Option<Moment>,
    work: Work,
    /// How often each sector was erased.
    erases: Vec<u64>,
}

impl<const SECTOR: usize> Chip<SECTOR> {
    /// As it leaves a drawer: full of anything.
    pub fn new(sectors: u32, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let cells: Vec<u8> = (0..sectors as usize * SECTOR).map(|_| random.bits() as u8).collect();
        Self(Rc::new(RefCell::new(Die {
            unstable: vec![0; cells.len()],
            cells,
            ones: 0.5,
            tearing: Tearing::Unstable,
            flipped: BTreeSet::new(),
            random,
            left: None,
            cut: None,
            work: Work::default(),
            erases: vec![0; sectors as usize],
        })))
    }

    /// Cuts leave no more behind than this.
    pub fn tear(&self, tearing: Tearing) {
        self.0.borrow_mut().tearing = tearing;
    }

    /// The power is there until then.
    pub fn power_up(&self, until: When) {
        let mut die = self.0.borrow_mut();
        (die.left, die.cut) = (Some(until), None);
        die.ones = [0.0, 0.02, 0.5, 0.98, 1.0][(die.random.bits() % 5) as usize];
    }

    /// Where the cut came, if it has.
    pub fn cut(&self) -> Option<Moment> {
        self.0.borrow().cut
    }

    /// What was done so far.
    pub fn work(&self) -> Work {
        self.0.borrow().work
    }

    /// How often sectors were erased.
    pub fn erases(&self, sectors: Range<usize>) -> u64 {
        self.0.borrow().erases[sectors].iter().sum()
    }

    /// A bit flips somewhere, at most one in 64 bytes until they are erased. False if that unit has had its flip.
    pub fn flip(&self) -> bool {
        let die = &mut *self.0.borrow_mut();
        let at = die.random.bits() as usize % die.cells.len();
        let is_first = die.flipped.insert(at / FLIP_UNIT);
        if is_first {
            die.cells[at] ^= 1 << (die.random.bits() % 8);
        }
        is_first
    }
}

impl<const SECTOR: usize> Die<SECTOR> {
    /// Whether the operation that begins now is the one with the cut. `Err` if there is no power at all.
    fn begin(&mut self, is_erase: bool) -> Result<bool, PowerCut> {
        if self.cut.is_some() {
            return Err(PowerCut);
        }
        match &mut self.left {
            Some(When::Operations(0)) => Ok(true),
            Some(When::Erases(0)) => Ok(is_erase),
            Some(When::Operations(left)) => {
                *left -= 1;
                Ok(false)
            }
            Some(When::Erases(left)) => {
                *left -= u64::from(is_erase);
                Ok(false)
            }
            None => Ok(false),
        }
    }

    /// A cut at an operation: before it, within it, or behind it.
    fn share(&mut self, within: Moment) -> (Moment, f64) {
        match self.random.bits() % 4 {
            0 => (Moment::Between, 0.0),
            1 => (Moment::Between, 1.0),
            // Hardly begun and nearly done are as likely as all the rest.
            _ => (within, [0.02, self.random.share(), 0.98][(self.random.bits() % 3) as usize]),
        }
    }

    fn program(&mut self, at: usize, bytes: &[u8]) {
        for (place, byte) in (at..).zip(bytes) {
            self.cells[place] &= byte;
            self.unstable[place] &= byte;
        }
    }

    /// Byte by byte up to somewhere, or all bits at once, each as far as it came.
    fn program_in_part(&mut self, at: usize, bytes: &[u8], share: f64) {
        let done = (share * bytes.len() as f64) as usize;
        if self.tearing == Tearing::Bytes {
            return self.program(at, &bytes[..done]);
        }
        let in_order = self.random.bits().is_multiple_of(2);
        let shaky = self.shaky();
        if in_order {
            self.program(at, &bytes[..done]);
        }
        let rest = if in_order { done..(done + 1).min(bytes.len()) } else { 0..bytes.len() };
        for place in rest {
            for bit in (0..8).map(|bit| 1u8 << bit) {
                if self.cells[at + place] & !bytes[place] & bit == 0 {
                    continue;
                }
                if self.random.share() < shaky {
                    self.unstable[at + place] |= bit;
                } else if self.random.share() < share {
                    self.cells[at + place] &= !bit;
                }
            }
        }
    }

    /// Each byte is erased, as it was, anything, or unstable.
    fn erase_in_part(&mut self, at: usize, share: f64) {
        if self.tearing == Tearing::Bytes {
            return self.cells[at..at + (share * SECTOR as f64) as usize].fill(0xFF);
        }
        let (shaky, wild) = (self.shaky(), self.few() / 8.0);
        for place in at..at + SECTOR {
            if self.random.share() < share {
                (self.cells[place], self.unstable[place]) = (0xFF, 0);
            }
            if self.random.share() < shaky {
                self.unstable[place] |= self.random.bits() as u8;
            } else if self.random.share() < wild {
                self.cells[place] = self.random.bits() as u8;
            }
        }
    }

    /// How many bits of an operation that was cut short are unstable.
    fn shaky(&mut self) -> f64 {
        let share = self.few();
        if self.tearing == Tearing::Unstable { share } else { 0.0 }
    }

    /// None, a few, some or all.
    fn few(&mut self) -> f64 {
        [0.0, 0.01, 0.1, 1.0][(self.random.bits() % 4) as usize]
    }

    fn read(&mut self, at: usize, bytes: &mut [u8]) -> Result<(), PowerCut> {
        if self.cut.is_some() {
            return Err(PowerCut);
        }
        for (place, byte) in (at..).zip(bytes) {
            *byte = self.cells[place];
            if self.unstable[place] != 0 {
                let noise = (0..8).fold(0, |byte, _| byte << 1 | u8::from(self.random.share() < self.ones));
                *byte = *byte & !self.unstable[place] | noise & self.unstable[place];
            }
        }
        Ok(())
    }

    fn erase(&mut self, at: usize) -> Result<(), PowerCut> {
        let cut = self.begin(true)?;
        self.work.erases += 1;
        self.erases[at / SECTOR] += 1;
        self.flipped.retain(|unit| !(at..at + SECTOR).contains(&(unit * FLIP_UNIT)));
        let (moment, share) = if cut { self.share(Moment::Erase) } else { (Moment::Between, 1.0) };
        if moment == Moment::Erase {
            self.erase_in_part(at, share);
        } else if share > 0.0 {
            self.cells[at..at + SECTOR].fill(0xFF);
            self.unstable[at..at + SECTOR].fill(0);
        }
        self.end(cut, moment)
    }

    fn write(&mut self, at: usize, bytes: &[u8]) -> Result<(), PowerCut> {
        let cut = self.begin(false)?;
        self.work.programs += 1;
        let (moment, share) = if cut { self.share(Moment::Write) } else { (Moment::Between, 1.0) };
        if moment == Moment::Write {
            self.program_in_part(at, bytes, share);
        } else if share > 0.0 {
            let zeros: u32 = self.cells[at..at + bytes.len()].iter().map(|byte| byte.count_zeros()).sum();
            self.program(at, bytes);
            if zeros <= 1 {
                // It was blank but for a flip. What was written now may suffer one of its own.
                self.flipped.remove(&(at / FLIP_UNIT));
            }
        }
        self.end(cut, moment)
    }

    fn end(&mut self, cut: bool, moment: Moment) -> Result<(), PowerCut> {
        if cut {
            self.cut = Some(moment);
            return Err(PowerCut);
        }
        Ok(())
    }
}

impl<const SECTOR: usize> ErrorType for Chip<SECTOR> {
    type Error = PowerCut;
}

impl<const SECTOR: usize> ReadNorFlash for Chip<SECTOR> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), PowerCut> {
        self.0.borrow_mut().read(offset as usize, bytes)
    }

    fn capacity(&self) -> usize {
        self.0.borrow().cells.len()
    }
}

impl<const SECTOR: usize> NorFlash for Chip<SECTOR> {
    const WRITE_SIZE: usize = 1;
    const ERASE_SIZE: usize = SECTOR;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), PowerCut> {
        let (from, to) = (from as usize, to as usize);
        assert!(from.is_multiple_of(SECTOR) && to.is_multiple_of(SECTOR), "whole sectors: {from} to {to}");
        (from..to).step_by(SECTOR).try_for_each(|at| self.0.borrow_mut().erase(at))
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), PowerCut> {
        let at = offset as usize;
        assert!(
            at % PAGE + bytes.len() <= PAGE,
            "{} bytes at {at} need more than one operation",
            bytes.len()
        );
        self.0.borrow_mut().write(at, bytes)
    }
}

impl<const SECTOR: usize> MultiwriteNorFlash for Chip<SECTOR> {}
