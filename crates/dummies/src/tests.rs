//! Meters on this machine: as accurate as the firmware, and with a memory.

use crate::dummy::{Dummy, Own};
use crate::store;
use meter_synth::Wiring;
use meter_tamper::Kind;
use meter_wire::line::LONGEST;

const BEGIN: u32 = 1_704_445_200;

fn own(folder: &std::path::Path, place: usize) -> Own {
    let rows = store::meters(folder, 1, place + 1).unwrap();
    store::own(&rows[place], place, [0; 32], 7)
}

fn run(dummy: &mut Dummy, seconds: u32) -> usize {
    let until = dummy.now() + seconds;
    let mut readings = 0;
    while dummy.now() < until {
        readings += usize::from(dummy.step().reading.is_some());
    }
    readings
}

#[test]
fn a_dummy_counts_what_flows_and_goes_on_after_a_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flash");
    let own = own(folder.path(), 0);
    let mut dummy = Dummy::start(&own, &path, BEGIN).unwrap();
    let readings = run(&mut dummy, 120);
    assert!((23..=24).contains(&readings), "{readings}");
    let (counted, flowed) = (dummy.meter.import_micro() as f64 * 3_600e-6, dummy.truth().metered);
    let error = (counted / flowed - 1.0) * 100.0;
    assert!(error.abs() < 0.1, "{counted} of {flowed} J: {error} %");
    let before = dummy.meter.import_micro();
    drop(dummy);

    let dummy = Dummy::start(&own, &path, BEGIN + 600).unwrap();
    let after = dummy.meter.import_micro();
    // It saves every five seconds.
    assert!(after <= before && before - after < before / 15, "{before} {after}");
}

#[test]
fn an_earth_return_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let own = own(folder.path(), 3);
    let mut dummy = Dummy::start(&own, &folder.path().join("flash"), BEGIN).unwrap();
    dummy.wire(Wiring::EarthReturn(0.9));
    // Long enough for a heater or a fridge to run.
    run(&mut dummy, 3_600);
    assert!(dummy.meter.is_active(Kind::EarthLoading));
    // What waits for a line is the newest reading and the first interval.
    let mut frame = [0; LONGEST];
    let said = std::iter::from_fn(|| dummy.meter.speak_line(&mut frame));
    assert_eq!(said.count(), 2);
}

#[test]
fn the_folder_keeps_keys_and_gives_each_meter_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let two = store::meters(folder.path(), 1, 2).unwrap();
    let three = store::meters(folder.path(), 1, 3).unwrap();
    assert_eq!(three[..2], two);
    assert!(three[0].key != three[1].key && three[0].title != three[1].title);
    assert_eq!(store::meters(folder.path(), 1, 1).unwrap(), two[..1]);
}
