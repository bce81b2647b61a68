//! The whole meter without a driver and without its display: what of the program is its code.
#![no_std]
#![no_main]

use board_qemu_m4::exit;
use meter_probe::whole_size;

#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    exit(whole_size().is_err())
}
