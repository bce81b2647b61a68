//! Prints what the meter reports and what it costs on this machine.
#![no_std]
#![no_main]

use board_qemu_m4::{Clock, Console, exit};

#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    let clock = Clock::start();
    let mut console = Console;
    let written = meter_probe::report(&mut console)
        .and_then(|()| meter_probe::whole(&mut console))
        .and_then(|()| meter_probe::cost(&mut console, || clock.instructions()))
        .and_then(|()| meter_probe::keeping_cost(&mut console, || clock.instructions()))
        .and_then(|()| meter_probe::whole_cost(&mut console, || clock.instructions()));
    exit(written.is_err())
}
