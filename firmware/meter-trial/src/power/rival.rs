//! The same value kept by our log and by the map of the crate `sequential-storage`, on the same chip with the same cuts.

use super::chip::{Chip, PowerCut, Tearing, When};
use embedded_storage::nor_flash::{NorFlash as _, ReadNorFlash as _};
use embedded_storage_async::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use meter_log::{Energies, Layout, Log, Shelf, Snapshot};
use meter_synth::Random;
use sequential_storage::cache::{Cache, Uncached};
use sequential_storage::map::{MapConfig, MapStorage};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

const SECTOR: usize = 512;

/// The bytes that one program operation may write: a driver splits longer writes.
const PAGE: usize = 256;

/// Four sectors for the value, and as few as may be for all else.
const LAYOUT: Layout = Layout { energy: 4, profile: 3, daily: 3, billing: 3, settings: 3, events: 3 };

/// What became of values that were acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kept {
    /// Values that were acknowledged.
    pub acknowledged: u64,
    /// Starts at which an older value was found than had been acknowledged.
    pub older: u64,
    /// Starts at which none was found although one had been acknowledged.
    pub none: u64,
    /// Starts at which it could not be read or written, although there was power.
    pub refused: u64,
}

/// What keeps a value.
trait Keeps: Sized {
    /// After a start.
    fn open(chip: Chip<SECTOR>) -> Option<Self>;
    /// The newest value. `None` if it cannot be read.
    fn newest(&mut self) -> Option<Option<u64>>;
    /// Takes a newer one, and acknowledges it.
    fn take(&mut self, number: u64) -> bool;
}

/// By our log.
pub fn kept_by_log(cuts: u64, seed: u64, tearing: Tearing) -> Kept {
    let chip = Chip::new(LAYOUT.sectors(), seed);
    Log::format(chip.clone(), &LAYOUT).expect("a new chip takes a log");
    chip.tear(tearing);
    kept::<Log<Chip<SECTOR>>>(&chip, cuts, seed)
}

/// By a map of `sequential-storage`, in four sectors.
pub fn kept_by_map(cuts: u64, seed: u64, tearing: Tearing) -> Kept {
    let mut chip = Chip::new(4, seed);
    let end = chip.capacity() as u32;
    chip.erase(0, end).expect("power does not fail yet");
    chip.tear(tearing);
    kept::<Map>(&chip, cuts, seed)
}

fn kept<K: Keeps>(chip: &Chip<SECTOR>, cuts: u64, seed: u64) -> Kept {
    let (mut random, mut kept, mut last) = (Random::new(seed), Kept::default(), 0);
    for _ in 0..cuts {
        chip.power_up(When::Operations(60 + random.bits() % 60));
        let found = K::open(chip.clone()).and_then(|mut store| Some((store.newest()?, store)));
        if chip.cut().is_some() {
            continue;
        }
        let Some((newest, mut store)) = found else {
            kept.refused += 1;
            continue;
        };
        kept.none += u64::from(newest.is_none() && last > 0);
        kept.older += u64::from(newest.is_some_and(|newest| newest < last));
        // From what is there, so that each loss is counted once.
        last = newest.unwrap_or(0);
        while store.take(last + 1) {
            last += 1;
            kept.acknowledged += 1;
        }
        kept.refused += u64::from(chip.cut().is_none());
    }
    kept
}

impl Keeps for Log<Chip<SECTOR>> {
    fn open(chip: Chip<SECTOR>) -> Option<Self> {
        Self::open(chip, &LAYOUT).ok()
    }

    fn newest(&mut self) -> Option<Option<u64>> {
        let newest = self.newest::<Snapshot>(Shelf::Energy).ok()?;
        Some(newest.map(|(_, snapshot)| snapshot.energies.micro[0]))
    }

    fn take(&mut self, number: u64) -> bool {
        let energies = Energies { micro: [number; 6] };
        self.append(Shelf::Energy, &Snapshot { energies, ..Snapshot::default() }).is_ok()
    }
}

/// The map, and what it needs to work in.
struct Map {
    storage: MapStorage<u8, Waiting, Cache<Uncached, Uncached, Uncached, u8>>,
    buffer: [u8; 128],
}

const KEY: u8 = 0;

impl Keeps for Map {
    fn open(chip: Chip<SECTOR>) -> Option<Self> {
        let range = 0..chip.capacity() as u32;
        let storage = MapStorage::new(Waiting(chip), MapConfig::new(range), Cache::new_uncached());
        Some(Self { storage, buffer: [0; 128] })
    }

    fn newest(&mut self) -> Option<Option<u64>> {
        let found = done(self.storage.fetch_item::<[u8; 48]>(&mut self.buffer, &KEY)).ok()?;
        Some(found.map(|value| u64::from_le_bytes(std::array::from_fn(|place| value[place]))))
    }

    fn take(&mut self, number: u64) -> bool {
        let value: [u8; 48] = std::array::from_fn(|place| number.to_le_bytes()[place % 8]);
        done(self.storage.store_item(&mut self.buffer, &KEY, &value)).is_ok()
    }
}

/// The chip is never busy, so nothing that waits for it has to wait.
fn done<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("nothing waits for a chip that answers at once"),
    }
}

/// The chip for a driver that waits.
struct Waiting(Chip<SECTOR>);

impl ErrorType for Waiting {
    type Error = PowerCut;
}

impl ReadNorFlash for Waiting {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), PowerCut> {
        self.0.read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl NorFlash for Waiting {
    const WRITE_SIZE: usize = 1;
    const ERASE_SIZE: usize = SECTOR;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), PowerCut> {
        self.0.erase(from, to)
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), PowerCut> {
        let (mut at, mut rest) = (offset, bytes);
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(PAGE - at as usize % PAGE));
            self.0.write(at, now)?;
            (at, rest) = (at + now.len() as u32, later);
        }
        Ok(())
    }
}
