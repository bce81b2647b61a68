//! Whatever is in the flash, also with checksums that fit: nothing panics, nothing runs for ever, and the log goes on.

use super::{LAYOUT, SECTOR, Sheet, formatted};
use crate::sector::Header;
use crate::slot::{Entry, MOST, SLOT};
use crate::{Calendar, Demanded, Energies, Flags, Interval, Keeper, Live, Log, Shelf, Snapshot};
use meter_core::{Microamperes, Registers};
use proptest::prelude::*;
use units::Millivolts;

/// A piece of flash that somebody wrote.
#[derive(Debug, Clone)]
enum Piece {
    Bytes { at: usize, bytes: Vec<u8> },
    Sector { place: usize, header: Header },
    Record { place: usize, slot: usize, ring: usize, entry: Entry },
}

fn pieces() -> impl Strategy<Value = Vec<Piece>> {
    let sectors = LAYOUT.sectors() as usize;
    // What is written behind them still has to have a number.
    let number = prop_oneof![0..9u32, MOST - 1_000..MOST - 900, MOST + 3..MOST + 12, u32::MAX - 9..=u32::MAX];
    let bytes = (0..sectors * SECTOR - SLOT, proptest::collection::vec(any::<u8>(), 1..SLOT))
        .prop_map(|(at, bytes)| Piece::Bytes { at, bytes });
    let header = (0..sectors, number.clone(), any::<u32>()).prop_map(|(place, number, erases)| {
        // In the right place and of the right ring, or it is refused at once.
        let (shelf, first) = (Shelf::all().nth(place / 3).unwrap(), place / 3 * 3);
        let (ring, number) = (shelf.id(), (number / 3 * 3).wrapping_add((place - first) as u32));
        // A ring's first sector is a multiple of three here, so numbers and places agree.
        Piece::Sector { place, header: Header { ring, sectors: 3, number, erases } }
    });
    let record = (0..sectors, 1..SECTOR / SLOT, number, any::<[u8; 2]>(), any::<[[u8; 27]; 2]>());
    let record = record.prop_map(|(place, slot, number, [format, note], content)| {
        let content: [u8; 54] = content.as_flattened().try_into().unwrap();
        let entry = Entry { number, format: format % 3, note, content };
        Piece::Record { place, slot, ring: place / 3, entry }
    });
    proptest::collection::vec(prop_oneof![bytes, header, record], 0..40)
}

fn written(mut flash: Sheet, pieces: &[Piece]) -> Sheet {
    for piece in pieces {
        let (at, bytes) = match piece {
            Piece::Bytes { at, bytes } => (*at, bytes.clone()),
            Piece::Sector { place, header } => (place * SECTOR, header.to_slot().to_vec()),
            Piece::Record { place, slot, ring, entry } => {
                let id = Shelf::all().nth(*ring).unwrap().id();
                (place * SECTOR + slot * SLOT, entry.to_slot(id).to_vec())
            }
        };
        flash.cells[at..at + bytes.len()].copy_from_slice(&bytes);
    }
    flash
}

/// Reads everything, then writes to every shelf for longer than a round.
fn used(mut log: Log<Sheet>) {
    for shelf in Shelf::all() {
        let mut walk = log.walk(shelf);
        let mut last = u64::from(u32::MAX) + 1;
        while let Some((number, _)) = log.before::<Interval>(&mut walk).unwrap() {
            assert!(u64::from(number) < last);
            last = number.into();
        }
        for _ in 0..30 {
            let snapshot = Snapshot { time: 1, ..Snapshot::default() };
            let number = log.append(shelf, &snapshot).unwrap();
            assert_eq!(log.newest::<Snapshot>(shelf).unwrap(), Some((number, snapshot)));
            log.tend().unwrap();
        }
    }
}

fn live() -> Live {
    let (voltage, current) = (Millivolts(230_000), Microamperes(1));
    Live { registers: Registers::default(), largest: None, voltage, current }
}

proptest! {
    #[test]
    fn a_log_with_anything_in_it_is_refused_or_goes_on(pieces in pieces()) {
        let flash = written(formatted().into_flash(), &pieces);
        if let Ok(log) = Log::open(flash, &LAYOUT) {
            used(log);
        }
    }

    #[test]
    fn any_saved_time_and_any_clock_start_a_meter(
        time: u32, clock: Option<u32>, mean_mw: u32, end: u32, interval_s: u32, offset_s in -50_400..=50_400i32,
        billing_day: u8, steps in proptest::collection::vec(any::<u32>(), 0..20)
    ) {
        let mut log = formatted();
        let largest = Demanded { mean_mw, end };
        let energies = Energies { micro: [7; 6] };
        let saved = Snapshot { time, energies, largest, flags: Flags::default() };
        log.append(Shelf::Energy, &saved).unwrap();
        let calendar = Calendar { interval_s, offset_s, billing_day };
        let (mut keeper, restored) = Keeper::start(log, calendar, clock).unwrap();
        prop_assert_eq!(restored.energies, energies);
        for now in steps {
            keeper.advance(now, &live()).unwrap();
        }
        prop_assert!(Log::open(keeper.into_log().into_flash(), &LAYOUT).is_ok());
    }
}
