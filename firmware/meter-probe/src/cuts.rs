//! A meter that is reset at any instruction: what it counted lies in a memory that survives, so each start can look
//! whether the log kept it.
//!
//! The host resets the board from outside, at times that the board does not know. Bits are programmed one by one and
//! bytes erased one by one, slowly, so that most resets come within an operation.

use core::fmt::{self, Write};
use core::hint::black_box;
use core::sync::atomic::{AtomicU8, AtomicU32, Ordering::SeqCst};
use embedded_storage::nor_flash::{ErrorType, MultiwriteNorFlash, NorFlash, NorFlashErrorKind, ReadNorFlash};
use meter_core::{Microamperes, Register, Registers};
use meter_log::{Calendar, Error, Event, Interval, Keeper, Layout, Live, Log, Shelf, Topic};
use meter_tamper::Code;
use units::Millivolts;

const SECTOR: usize = 512;

const LAYOUT: Layout = Layout { energy: 4, profile: 4, daily: 3, billing: 3, settings: 3, events: 3 };

/// The bytes of flash that a board has to provide.
pub const FLASH_BYTES: usize = 80 * SECTOR;

/// The words of the witness.
pub const WITNESS_WORDS: usize = 7;

/// Empty rounds for a byte that is programmed or erased.
const SLOWNESS: u32 = 400;

/// Intervals of twenty seconds; a block is a second.
const CALENDAR: Calendar = Calendar { interval_s: 20, offset_s: 0, billing_day: 1 };

/// Energy of a block.
const BLOCK_MICRO_WATT_HOURS: u64 = 1_000;

/// What survives a reset beside the flash: what the log has to answer for.
#[derive(Debug, Clone, Copy)]
pub struct Witness<'a> {
    words: &'a [AtomicU32; WITNESS_WORDS],
}

/// The places of the witness's words.
#[derive(Clone, Copy)]
enum Word {
    /// Whether there is a witness at all.
    Magic,
    /// Starts so far.
    Starts,
    /// What the flash is doing: 0 nothing, 1 a write, 2 an erase.
    Busy,
    /// The clock of the place.
    Clock,
    /// Blocks that were counted, or are being counted.
    Blocks,
    /// Intervals that were acknowledged.
    Intervals,
    /// Events that were acknowledged.
    Events,
}

const MAGIC: u32 = 0x4752_4944;

impl<'a> Witness<'a> {
    /// In a memory that a reset leaves as it is.
    pub fn new(words: &'a [AtomicU32; WITNESS_WORDS]) -> Self {
        Self { words }
    }

    fn get(&self, word: Word) -> u32 {
        self.words[word as usize].load(SeqCst)
    }

    fn set(&self, word: Word, value: u32) {
        self.words[word as usize].store(value, SeqCst);
    }
}

/// A memory that behaves as a NOR flash does, and is as slow.
#[derive(Debug, Clone, Copy)]
pub struct SlowFlash<'a> {
    cells: &'a [AtomicU8],
    witness: Witness<'a>,
}

/// Why a trial ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All starts are through.
    Held,
    /// The log did not keep what it had acknowledged.
    Broken,
}

impl From<fmt::Error> for Ended {
    fn from(_: fmt::Error) -> Self {
        Self::Broken
    }
}

type Kept<'a> = Keeper<SlowFlash<'a>>;

/// Starts the meter, looks what its log kept, and counts until the next reset. Ends after so many starts.
pub fn cuts(out: &mut impl Write, cells: &[AtomicU8], witness: Witness<'_>, starts: u32) -> Ended {
    match begin(out, cells, witness, starts) {
        Err(ended) => ended,
        Ok(mut keeper) => loop {
            if let Err(ended) = block(out, &mut keeper, witness) {
                return ended;
            }
        },
    }
}

/// A start: `Err` if it was the last.
pub fn begin<'a>(
    out: &mut impl Write,
    cells: &'a [AtomicU8],
    witness: Witness<'a>,
    starts: u32,
) -> Result<Kept<'a>, Ended> {
    let flash = SlowFlash { cells, witness };
    if witness.get(Word::Magic) != MAGIC {
        Word::ALL.into_iter().for_each(|word| witness.set(word, 0));
        // 2026-01-31 18:00 UTC.
        witness.set(Word::Clock, 1_769_882_400);
        Log::format(flash, &LAYOUT).map_err(|cause| failed(out, cause))?;
        witness.set(Word::Magic, MAGIC);
    }
    let start = witness.get(Word::Starts);
    let cut_in = ["nothing", "a write", "an erase"][witness.get(Word::Busy) as usize % 3];
    let log = Log::open(flash, &LAYOUT).map_err(|cause| failed(out, cause))?;
    let (mut keeper, restored) =
        Keeper::start(log, CALENDAR, Some(witness.get(Word::Clock))).map_err(|cause| failed(out, cause))?;
    witness.set(Word::Starts, start + 1);
    let blocks = (restored.energies.micro[0] / BLOCK_MICRO_WATT_HOURS) as u32;
    let counted = witness.get(Word::Blocks);
    let lost = counted.wrapping_sub(blocks);
    writeln!(out, "start {start} in {cut_in} blocks {blocks} lost {lost}")?;
    // Blocks are seconds. More than were counted are as wrong as ten too few.
    if lost > 10 {
        writeln!(out, "broken: {counted} blocks were counted, {blocks} are restored")?;
        return Err(Ended::Broken);
    }
    witness.set(Word::Blocks, blocks);
    look(out, &mut keeper, witness, restored.energies.micro[0])?;
    if start >= starts { Err(Ended::Held) } else { Ok(keeper) }
}

/// A block: `Err` if something broke.
pub fn block(out: &mut impl Write, keeper: &mut Kept<'_>, witness: Witness<'_>) -> Result<(), Ended> {
    let blocks = witness.get(Word::Blocks) + 1;
    let clock = witness.get(Word::Clock) + 1;
    witness.set(Word::Blocks, blocks);
    witness.set(Word::Clock, clock);
    let import = Register::restored(u64::from(blocks) * BLOCK_MICRO_WATT_HOURS);
    let registers = Registers { import, ..Registers::default() };
    let (voltage, current) = (Millivolts(230_000), Microamperes(1_000_000));
    let live = Live { registers, largest: None, voltage, current };
    keeper.advance(clock, &live).map_err(|cause| failed(out, cause))?;
    witness.set(Word::Intervals, keeper.log().usage(Shelf::Profile).records);
    if blocks.is_multiple_of(33) {
        let number = keeper.note(Topic::Relay, Code(301), &live).map_err(|cause| failed(out, cause))?;
        witness.set(Word::Events, number);
    }
    keeper.log().tend().map_err(|cause| failed(out, cause))?;
    Ok(())
}

/// Everything acknowledged is there, in order, and shows no more energy than was restored.
fn look(
    out: &mut impl Write,
    keeper: &mut Kept<'_>,
    witness: Witness<'_>,
    restored: u64,
) -> Result<(), Ended> {
    let shelves = [
        (Shelf::Profile, witness.get(Word::Intervals)),
        (Shelf::Events(Topic::Relay), witness.get(Word::Events)),
    ];
    for (shelf, acknowledged) in shelves {
        let log = keeper.log();
        let (mut walk, mut newest, mut last) = (log.walk(shelf), None, (0, restored, u32::MAX));
        loop {
            let next = if shelf == Shelf::Profile {
                log.before::<Interval>(&mut walk)
                    .map(|one| one.map(|(number, one)| (number, one.energies, one.end)))
            } else {
                log.before::<Event>(&mut walk)
                    .map(|one| one.map(|(number, one)| (number, one.energies, one.time)))
            };
            let Some((number, energies, time)) = next.map_err(|cause| failed(out, cause))? else { break };
            let in_order = newest.is_none() || number + 1 == last.0;
            if !in_order || energies.micro[0] > last.1 || time > last.2 {
                writeln!(out, "broken: {shelf:?} {number} before {last:?}")?;
                return Err(Ended::Broken);
            }
            newest = newest.or(Some(number));
            last = (number, energies.micro[0], time);
        }
        if newest.unwrap_or(0) < acknowledged {
            writeln!(out, "broken: {shelf:?} {acknowledged} was acknowledged, newest is {newest:?}")?;
            return Err(Ended::Broken);
        }
    }
    Ok(())
}

fn failed(out: &mut impl Write, cause: Error<NorFlashErrorKind>) -> Ended {
    // There is no other way to report it.
    let _ = writeln!(out, "broken: {cause}");
    Ended::Broken
}

impl Word {
    const ALL: [Self; WITNESS_WORDS] =
        [Self::Magic, Self::Starts, Self::Busy, Self::Clock, Self::Blocks, Self::Intervals, Self::Events];
}

impl SlowFlash<'_> {
    fn wait(&self) {
        for round in 0..SLOWNESS {
            black_box(round);
        }
    }
}

impl ErrorType for SlowFlash<'_> {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for SlowFlash<'_> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        let cells = self.cells.get(offset as usize..).ok_or(NorFlashErrorKind::OutOfBounds)?;
        bytes.iter_mut().zip(cells).for_each(|(byte, cell)| *byte = cell.load(SeqCst));
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.cells.len()
    }
}

impl NorFlash for SlowFlash<'_> {
    const WRITE_SIZE: usize = 1;
    const ERASE_SIZE: usize = SECTOR;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        let cells = self.cells.get(from as usize..to as usize).ok_or(NorFlashErrorKind::OutOfBounds)?;
        self.witness.set(Word::Busy, 2);
        // Every cell is wild for a while, and they do not end in order.
        for pass in 0..2 {
            for place in 0..cells.len() {
                let cell = &cells[place * 37 % cells.len()];
                cell.store(if pass == 0 { cell.load(SeqCst) ^ 0x5A } else { 0xFF }, SeqCst);
                self.wait();
            }
        }
        self.witness.set(Word::Busy, 0);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        let cells = self.cells.get(offset as usize..).ok_or(NorFlashErrorKind::OutOfBounds)?;
        self.witness.set(Word::Busy, 1);
        // Bit after bit of all bytes: a cut leaves a bit of each.
        for bit in [3, 6, 0, 5, 2, 7, 1, 4] {
            for (cell, byte) in cells.iter().zip(bytes) {
                cell.store(cell.load(SeqCst) & (byte | !(1 << bit)), SeqCst);
                self.wait();
            }
        }
        self.witness.set(Word::Busy, 0);
        Ok(())
    }
}

impl MultiwriteNorFlash for SlowFlash<'_> {}
