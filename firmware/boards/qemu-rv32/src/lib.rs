//! What a program needs on QEMU's RISC-V machine "virt": a start, a console, a counter of instructions, and an end.
#![no_std]

use core::arch::{asm, global_asm};
use core::fmt;
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicU8, AtomicU32};
use meter_probe::{FLASH_BYTES, Port, WITNESS_WORDS};

global_asm!(
    ".section .text.start",
    ".globl _start",
    "_start:",
    "la sp, _stack_top",
    "la t0, _bss",
    "la t1, _bss_end",
    "1: bgeu t0, t1, 2f",
    "sw zero, 0(t0)",
    "addi t0, t0, 4",
    "j 1b",
    "2: call main",
    "j .",
);

/// The serial port.
pub struct Console;

const SERIAL: *mut u8 = 0x1000_0000 as *mut u8;
const FINISHER: *mut u32 = 0x10_0000 as *mut u32;

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            // SAFETY: the data register of the machine's only serial port; QEMU is ready for each byte.
            unsafe { SERIAL.write_volatile(byte) };
        }
        Ok(())
    }
}

/// The line's state: a byte came, or the next may be sent.
const LINE_STATE: *mut u8 = 0x1000_0005 as *mut u8;
const CAME: u8 = 1;
const READY: u8 = 1 << 5;

impl Port for Console {
    fn read(&mut self) -> Option<u8> {
        // SAFETY: registers of the same port; reading the data takes the byte.
        unsafe { (LINE_STATE.read_volatile() & CAME != 0).then(|| SERIAL.read_volatile()) }
    }

    fn write(&mut self, byte: u8) {
        // SAFETY: the same; a gateway may be slower than a console.
        unsafe {
            while LINE_STATE.read_volatile() & READY == 0 {}
            SERIAL.write_volatile(byte);
        }
    }
}

/// Instructions since the start. QEMU counts them exactly under `-icount`.
pub fn instructions() -> u64 {
    loop {
        let (high, low, again): (u32, u32, u32);
        // SAFETY: reads counters that every mode may read here, since the program runs in machine mode.
        unsafe {
            asm!("csrr {0}, minstreth", "csrr {1}, minstret", "csrr {2}, minstreth",
                out(reg) high, out(reg) low, out(reg) again, options(nomem, nostack));
        }
        if high == again {
            return u64::from(high) << 32 | u64::from(low);
        }
    }
}

/// Ends QEMU, well or with a failure.
pub fn exit(failed: bool) -> ! {
    let word = if failed { 0x1_3333 } else { 0x5555 };
    // SAFETY: the machine's test device, which ends QEMU with the status in the word.
    unsafe { FINISHER.write_volatile(word) };
    loop {
        core::hint::spin_loop();
    }
}

/// Where memory begins that no program is loaded into, so that a reset leaves it as it is.
const SURVIVORS: usize = 0x8020_0000;

/// Memory that survives a reset: for a flash, and for a witness.
pub fn survivors() -> (&'static [AtomicU8; FLASH_BYTES], &'static [AtomicU32; WITNESS_WORDS]) {
    // SAFETY: RAM of the machine beyond code, data and stack, that nothing else uses; atomics allow sharing.
    unsafe {
        let cells = SURVIVORS as *const [AtomicU8; FLASH_BYTES];
        (&*cells, &*cells.add(1).cast())
    }
}

#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    exit(true)
}
