//! The line refuses what it should, in a short form of what `scripts/firmware-wire` tries.

use crate::wire::{Numbers, threats};

#[test]
fn every_threat_is_refused_and_the_line_goes_on() {
    for (name, tally) in threats() {
        assert_eq!(tally.wrong(), None, "{name}: {tally:?}");
    }
}

#[test]
fn numbers_stay_new_through_power_cuts() {
    let mut meter = Numbers::new(4_711);
    meter.run(300).unwrap();
    let used = meter.used;
    assert!(used.in_writes > 60 && used.in_erases > 10 && used.blocks > 30 && used.keys > 30, "{used:?}");
}
