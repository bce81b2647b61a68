//! The same meter and the same samples on every target: its reports must be equal to the last bit, and its instructions
//! are counted.
//!
//! [`report`] runs a meter over a stream of whole numbers and writes each reading, event and register as a line. The
//! host and the boards print these lines, and `scripts/firmware-mcu` compares them. [`cost`] counts instructions.
#![cfg_attr(not(test), no_std)]

mod cost;
mod meter;
mod stream;

pub use cost::cost;
pub use meter::{Meter, REPORT_SECONDS, Size, report};
pub use stream::Stream;

#[cfg(test)]
mod tests {
    use super::*;

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
    fn the_meter_fits_a_kilobyte() {
        let bytes = size_of::<Meter>();
        assert!(bytes <= 1_024, "{bytes} bytes");
    }
}
