//! Prints what the meter reports and what it costs on this machine.
#![no_std]
#![no_main]

use board_qemu_rv32::{Console, exit, instructions};

#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    let mut console = Console;
    let written = meter_probe::report(&mut console)
        .and_then(|()| meter_probe::whole(&mut console))
        .and_then(|()| meter_probe::cost(&mut console, instructions))
        .and_then(|()| meter_probe::keeping_cost(&mut console, instructions))
        .and_then(|()| meter_probe::whole_cost(&mut console, instructions));
    exit(written.is_err())
}
