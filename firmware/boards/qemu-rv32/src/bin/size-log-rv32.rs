//! The log without a meter and without a driver: what of the program is code of keeping records.
#![no_std]
#![no_main]

use board_qemu_rv32::exit;
use meter_probe::keeping_size;

#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    exit(keeping_size().is_err())
}
