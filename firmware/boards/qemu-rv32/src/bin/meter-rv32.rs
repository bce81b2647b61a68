//! A meter whose serial port leads to a gateway.
#![no_std]
#![no_main]

use board_qemu_rv32::{Console, exit};

#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    exit(meter_probe::speaking(&mut Console).is_err())
}
