//! Rings: order, room, refusals.

use super::{Failure, LAYOUT, SECTOR, Sheet, formatted, reopened};
use crate::{Demanded, Energies, Error, Flags, Layout, Log, Shelf, Snapshot};
use embedded_storage::nor_flash::NorFlashErrorKind;

fn snapshot(number: u64) -> Snapshot {
    let (energies, largest) = (Energies { micro: [number; 6] }, Demanded::default());
    Snapshot { time: number as u32, energies, largest, flags: Flags::default() }
}

fn numbers(log: &mut Log<Sheet>, shelf: Shelf) -> Vec<u32> {
    let (mut walk, mut found) = (log.walk(shelf), Vec::new());
    while let Some((number, record)) = log.before::<Snapshot>(&mut walk).unwrap() {
        assert_eq!(record, snapshot(number.into()));
        found.push(number);
    }
    found
}

/// Appends records up to a number, with the work in advance that a meter does.
fn fill(log: &mut Log<Sheet>, up_to: u32) {
    for number in log.usage(Shelf::Daily).records + 1..=up_to {
        while log.tend().unwrap() {}
        assert_eq!(log.append(Shelf::Daily, &snapshot(number.into())), Ok(number));
    }
}

#[test]
fn records_are_read_from_the_newest_on_also_after_a_start() {
    let mut log = formatted();
    assert_eq!(numbers(&mut log, Shelf::Daily), Vec::<u32>::new());
    fill(&mut log, 10);
    let expected: Vec<u32> = (1..=10).rev().collect();
    assert_eq!(numbers(&mut log, Shelf::Daily), expected);
    let mut log = reopened(log);
    assert_eq!(numbers(&mut log, Shelf::Daily), expected);
    assert_eq!(log.newest::<Snapshot>(Shelf::Daily), Ok(Some((10, snapshot(10)))));
    assert_eq!(log.newest::<Snapshot>(Shelf::Billing), Ok(None));
}

#[test]
fn a_full_ring_drops_its_oldest_sector_and_no_other_ring_notices() {
    let mut log = formatted();
    log.append(Shelf::Billing, &snapshot(1)).unwrap();
    for up_to in 1..200 {
        fill(&mut log, up_to);
        let found = numbers(&mut log, Shelf::Daily);
        // Seven records a sector; of three sectors one is erased and one is being filled.
        assert!(found.len() >= (up_to as usize).min(7), "{} of {up_to}", found.len());
        assert_eq!(found[0], up_to);
    }
    assert_eq!(numbers(&mut reopened(log), Shelf::Billing), [1]);
}

#[test]
fn a_record_never_waits_for_an_erase_if_somebody_tends() {
    let mut log = formatted();
    fill(&mut log, 100);
    let erases = log.usage(Shelf::Daily).erases;
    // Three sectors of seven: 100 records fill 14 sectors, and the next is erased before it is needed.
    assert_eq!(erases, 5);
}

#[test]
fn a_failing_driver_loses_nothing_and_the_record_may_be_tried_again() {
    // With an advance to the next sector in it, which begins with an erase.
    for records in [0, 6, 7, 20] {
        for fails_in in 0..6 {
            let mut log = formatted();
            for number in 1..=records {
                log.append(Shelf::Daily, &snapshot(number.into())).unwrap();
            }
            let mut log = reopened(log);
            log.flash.fails_in = Some(fails_in);
            let tried: Result<u32, Failure> = log.append(Shelf::Daily, &snapshot(u64::from(records) + 1));
            if tried != Ok(records + 1) {
                assert_eq!(tried, Err(Error::Flash(NorFlashErrorKind::Other)));
                assert_eq!(log.append(Shelf::Daily, &snapshot(u64::from(records) + 1)), Ok(records + 1));
            }
            assert_eq!(numbers(&mut log, Shelf::Daily)[0], records + 1);
        }
    }
}

#[test]
fn a_sector_that_takes_nothing_is_passed_over() {
    let mut log = formatted();
    // Of energy, profile and daily: the second of the latter.
    let sector = usize::from(LAYOUT.energy + LAYOUT.profile) + 2;
    log.flash.worn = vec![sector];
    fill(&mut log, 50);
    assert_eq!(numbers(&mut log, Shelf::Daily)[..2], [50, 49]);
    let mut log = reopened(log);
    fill(&mut log, 100);
    assert_eq!(numbers(&mut log, Shelf::Daily)[..2], [100, 99]);
}

#[test]
fn a_ring_that_takes_nothing_is_reported_with_its_place() {
    let mut log = formatted();
    let first = usize::from(LAYOUT.energy + LAYOUT.profile);
    log.flash.worn = (first..first + 3).collect();
    let failed = log.append(Shelf::Daily, &snapshot(1)).unwrap_err();
    assert!(matches!(failed, Error::Worn { sector } if (first..first + 3).contains(&(sector as usize))));
    assert!(failed.to_string().ends_with(" is worn out: replace the flash"), "{failed}");
    assert_eq!(log.append(Shelf::Billing, &snapshot(1)), Ok(1), "another ring goes on");
}

#[test]
fn a_flash_without_a_log_is_refused_and_stays_as_it_is() {
    let flash = Sheet::new(LAYOUT.sectors());
    assert_eq!(Log::open(flash, &LAYOUT).unwrap_err(), Error::NotFormatted);
    let small = Sheet::new(LAYOUT.sectors() - 1);
    let refused = Log::open(small, &LAYOUT).unwrap_err();
    assert_eq!(refused.to_string(), format!("log needs {0} sectors, flash has {1}", 75, 74));
}

#[test]
fn another_layout_is_refused() {
    let flash = formatted().into_flash();
    let other = Layout { energy: 4, billing: 2, ..LAYOUT };
    let bigger = Sheet { cells: [flash.cells, vec![0xFF; 8 * SECTOR]].concat(), ..Sheet::new(0) };
    assert_eq!(Log::open(bigger, &other).unwrap_err(), Error::OtherLayout { sector: 1 });
}

#[test]
fn firmware_of_an_earlier_format_refuses_to_count_on() {
    let mut log = formatted();
    // An interval's layout on the shelf of energies, and its format raised.
    let ring = &mut log.rings[Shelf::Energy.place()];
    let entry = crate::slot::Entry { number: 0, format: 9, note: 0, content: [0; 54] };
    ring.append(&mut log.flash, entry).unwrap();
    let refused = log.newest::<Snapshot>(Shelf::Energy).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "newest record has format 9: install the firmware that wrote it, or newer"
    );
}

#[test]
fn the_standard_layout_fits_two_megabytes_and_its_ids_are_unique() {
    assert!(Layout::STANDARD.sectors() * 4_096 <= 2 << 20, "{} sectors", Layout::STANDARD.sectors());
    let mut ids: Vec<u16> = Shelf::all().map(Shelf::id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), crate::layout::SHELVES);
    assert!(Shelf::all().enumerate().all(|(place, shelf)| shelf.place() == place));
}
