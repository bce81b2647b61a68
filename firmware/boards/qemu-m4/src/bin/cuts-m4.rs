//! A meter that is reset again and again: see `scripts/firmware-power --mcu`.
#![no_std]
#![no_main]

use board_qemu_m4::{Console, exit, survivors};
use meter_probe::{Ended, Witness, cuts};

#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    let (cells, words) = survivors();
    exit(cuts(&mut Console, cells, Witness::new(words), 100) == Ended::Broken)
}
