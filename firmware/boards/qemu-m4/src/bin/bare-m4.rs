//! A program that does nothing, to be taken off the size of the other.
#![no_std]
#![no_main]

use board_qemu_m4 as _;

#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    loop {
        core::hint::spin_loop();
    }
}
