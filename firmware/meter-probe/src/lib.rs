//! The same meter and the same samples on every target: its reports must be equal to the last bit, and its instructions
//! are counted.
//!
//! [`report`] runs a meter over a stream of whole numbers and writes each reading, event and register as a line. The
//! host and the boards print these lines, and `scripts/firmware-mcu` compares them. [`cost`] counts instructions.
//! [`speaking`] is a meter whose serial port leads to a gateway.
//! [`cuts`] is a meter for `scripts/firmware-power`, which resets its board again and again.
#![cfg_attr(not(test), no_std)]

mod cost;
mod cuts;
mod keeping;
mod meter;
mod speaking;
mod stream;
mod whole;

pub use cost::cost;
pub use cuts::{Ended, FLASH_BYTES, SlowFlash, WITNESS_WORDS, Witness, begin, block, cuts};
pub use keeping::{keeping_cost, keeping_size};
pub use meter::{Meter, REPORT_SECONDS, Size, report};
pub use speaking::{Port, expected, speaking};
pub use stream::Stream;
pub use whole::{whole, whole_cost, whole_size};

#[cfg(test)]
mod tests {
    use super::*;
    use core::sync::atomic::{AtomicU8, AtomicU32, Ordering::SeqCst};

    #[test]
    fn the_report_holds_each_scene() {
        let mut lines = String::new();
        report(&mut lines).unwrap();
        let events: Vec<&str> = lines.lines().filter_map(|line| line.strip_prefix("event ")).collect();
        // Earth return, its end, a missing neutral, a reversed phase, and their ends.
        for code in ["69", "70", "207", "208", "51", "52"] {
            assert!(events.iter().any(|event| event.ends_with(code)), "{code} in {events:?}");
        }
        assert!(lines.lines().filter(|line| line.starts_with("reading ")).count() >= 18);
    }

    #[test]
    fn a_start_finds_what_was_kept_and_misses_what_was_not() {
        let cells: Vec<AtomicU8> = (0..FLASH_BYTES).map(|_| AtomicU8::new(0)).collect();
        let words = [const { AtomicU32::new(0) }; WITNESS_WORDS];
        let (witness, mut lines) = (Witness::new(&words), String::new());
        for _ in 0..3 {
            let mut keeper = begin(&mut lines, &cells, witness, 9).unwrap();
            for _ in 0..200 {
                block(&mut lines, &mut keeper, witness).unwrap();
            }
        }
        assert_eq!(
            lines,
            "start 0 in nothing blocks 0 lost 0\n\
             start 1 in nothing blocks 200 lost 0\n\
             start 2 in nothing blocks 400 lost 0\n"
        );
        // As if an event had been acknowledged that is not there.
        words[6].fetch_add(1, SeqCst);
        assert_eq!(begin(&mut lines, &cells, witness, 9).unwrap_err(), Ended::Broken);
        assert!(lines.ends_with("19 was acknowledged, newest is Some(18)\n"), "{lines}");
    }

    #[test]
    fn the_whole_meter_measures_speaks_obeys_and_restarts() {
        let mut lines = String::new();
        whole(&mut lines).unwrap();
        // An earth return opens the relay by a rule; the phase was reversed.
        for held in [r#""ev":[69,301],"relay":"off""#, r#""ev":[51]"#, "pulses "] {
            assert!(lines.contains(held), "{held} in {lines}");
        }
        // Frames of kind 2 are answers, and each command has one.
        let count = |front| lines.lines().filter(|line| line.starts_with(front)).count();
        assert_eq!((count("line 00060102"), count("line 00060101")), (5, 26), "{lines}");
    }

    #[test]
    fn the_meter_fits_a_kilobyte() {
        let bytes = size_of::<Meter>();
        assert!(bytes <= 1_024, "{bytes} bytes");
    }
}
