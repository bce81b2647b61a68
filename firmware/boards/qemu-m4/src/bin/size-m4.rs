//! The meter without its report: what of the program is code of metrology and tampering.
#![no_std]
#![no_main]

use board_qemu_m4 as _;
use meter_probe::Size;

#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    let mut size = Size::default();
    loop {
        size.step();
    }
}
