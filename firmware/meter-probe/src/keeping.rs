//! What keeping records costs, apart from metrology: instructions, code and memory.

use core::fmt::{self, Write};
use core::hint::black_box;
use embedded_storage::nor_flash::{ErrorType, MultiwriteNorFlash, NorFlash, NorFlashErrorKind, ReadNorFlash};
use meter_core::{Microamperes, Registers};
use meter_log::{
    Calendar, Configuration, Constants, Event, Image, Interval, Keeper, Layout, Live, Log, Record, Shelf,
    Snapshot, Topic,
};
use meter_tamper::Code;
use units::Millivolts;

const SECTOR: usize = 512;

pub(crate) const LAYOUT: Layout =
    Layout { energy: 3, profile: 3, daily: 3, billing: 3, settings: 3, events: 3 };

const CALENDAR: Calendar = Calendar { interval_s: 900, offset_s: 19_800, billing_day: 1 };

/// A flash in memory that takes no time.
pub(crate) struct Sheet {
    cells: [u8; 75 * SECTOR],
}

/// Writes the instructions of a block with a save and of one with an interval, without the chip's own time, and the
/// bytes of the log's memory without its driver's.
pub fn keeping_cost(out: &mut impl Write, counter: impl Fn() -> u64) -> fmt::Result {
    let sheet = Sheet::new();
    let Ok(log) = Log::format(sheet, &LAYOUT) else { return Err(fmt::Error) };
    let begin = 1_767_225_600;
    let Ok((mut keeper, _)) = Keeper::start(log, CALENDAR, Some(begin)) else { return Err(fmt::Error) };
    let (mut saves, mut save_cost, mut intervals, mut interval_cost) = (0, 0, 0, 0);
    for second in 1..=3_600 {
        let records = keeper.log().usage(Shelf::Energy).records;
        let before = counter();
        let closed = keeper.advance(begin + second, black_box(&live())).map_err(|_| fmt::Error)?;
        let taken = counter() - before;
        if closed.interval {
            (intervals, interval_cost) = (intervals + 1, interval_cost + taken);
        } else if keeper.log().usage(Shelf::Energy).records > records {
            (saves, save_cost) = (saves + 1, save_cost + taken);
        }
        keeper.log().tend().map_err(|_| fmt::Error)?;
    }
    writeln!(out, "cost log-save {}", save_cost / saves)?;
    writeln!(out, "cost log-interval {}", interval_cost / intervals)?;
    writeln!(out, "cost log-state-bytes {}", size_of::<Keeper<Driverless>>())
}

/// Everything that an application asks of the log, with a driver that does nothing: for the size of its code alone.
pub fn keeping_size() -> Result<(), NorFlashErrorKind> {
    let end = |_| NorFlashErrorKind::Other;
    Log::format(Driverless, black_box(&LAYOUT)).map_err(end)?;
    let log = Log::open(Driverless, black_box(&LAYOUT)).map_err(end)?;
    let (mut keeper, restored) = Keeper::start(log, black_box(CALENDAR), black_box(Some(1))).map_err(end)?;
    black_box(restored);
    keeper.clock_set();
    loop {
        let closed = keeper.advance(black_box(2), black_box(&live())).map_err(end)?;
        black_box(closed);
        keeper.save_now(black_box(&live())).map_err(end)?;
        keeper.note(black_box(Topic::Relay), black_box(Code(301)), black_box(&live())).map_err(end)?;
        let log = keeper.log();
        log.tend().map_err(end)?;
        keep::<Constants>(log, Shelf::Calibration, Constants([1; 52]))?;
        let configuration = Configuration { time: 1, version: 1, bytes: [1; 48] };
        keep::<Configuration>(log, Shelf::Configuration, configuration)?;
        let image = Image { time: 1, version: [1; 3], slot: 0, length: 1, digest: [0; 32] };
        keep::<Image>(log, Shelf::Image, image)?;
        read::<Interval>(log, Shelf::Profile)?;
        read::<Snapshot>(log, Shelf::Daily)?;
        read::<Event>(log, Shelf::Events(Topic::Power))?;
    }
}

fn keep<R: Record>(log: &mut Log<Driverless>, shelf: Shelf, record: R) -> Result<(), NorFlashErrorKind> {
    let end = |_| NorFlashErrorKind::Other;
    black_box(log.append(shelf, black_box(&record)).map_err(end)?);
    black_box(log.newest::<R>(shelf).map_err(end)?.is_some());
    Ok(())
}

fn read<R: Record>(log: &mut Log<Driverless>, shelf: Shelf) -> Result<(), NorFlashErrorKind> {
    let mut walk = log.walk(shelf);
    while let Some(one) = log.before::<R>(&mut walk).map_err(|_| NorFlashErrorKind::Other)? {
        black_box(&one);
    }
    Ok(())
}

fn live() -> Live {
    let (voltage, current) = (Millivolts(230_000), Microamperes(5_000_000));
    Live { registers: Registers::default(), largest: None, voltage, current }
}

/// No driver at all.
pub(crate) struct Driverless;

impl ErrorType for Driverless {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Driverless {
    const READ_SIZE: usize = 1;

    fn read(&mut self, _: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        black_box(bytes);
        black_box(Ok(()))
    }

    fn capacity(&self) -> usize {
        black_box(LAYOUT.sectors() as usize * SECTOR)
    }
}

impl NorFlash for Driverless {
    const WRITE_SIZE: usize = 1;
    const ERASE_SIZE: usize = SECTOR;

    fn erase(&mut self, from: u32, _: u32) -> Result<(), NorFlashErrorKind> {
        black_box(from);
        black_box(Ok(()))
    }

    fn write(&mut self, _: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        black_box(bytes);
        black_box(Ok(()))
    }
}

impl MultiwriteNorFlash for Driverless {}

impl Sheet {
    pub(crate) fn new() -> Self {
        Self { cells: [0; 75 * SECTOR] }
    }
}

impl ErrorType for Sheet {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Sheet {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        let at = offset as usize;
        let cells = self.cells.get(at..at + bytes.len()).ok_or(NorFlashErrorKind::OutOfBounds)?;
        bytes.copy_from_slice(cells);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.cells.len()
    }
}

impl NorFlash for Sheet {
    const WRITE_SIZE: usize = 1;
    const ERASE_SIZE: usize = SECTOR;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        let cells = self.cells.get_mut(from as usize..to as usize);
        cells.ok_or(NorFlashErrorKind::OutOfBounds)?.fill(0xFF);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        let cells = self.cells.get_mut(offset as usize..).ok_or(NorFlashErrorKind::OutOfBounds)?;
        cells.iter_mut().zip(bytes).for_each(|(cell, byte)| *cell &= byte);
        Ok(())
    }
}

impl MultiwriteNorFlash for Sheet {}
