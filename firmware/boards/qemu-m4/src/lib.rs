//! What a program needs on QEMU's Cortex-M4 machine "mps2-an386": a start, a console, a clock, and an end.
#![no_std]

use core::arch::{asm, global_asm};
use core::cell::Cell;
use core::fmt;
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicU8, AtomicU32};
use meter_probe::{FLASH_BYTES, WITNESS_WORDS};

global_asm!(
    ".section .vectors, \"a\"",
    ".word _stack_top",
    ".word reset",
    ".text",
    ".thumb_func",
    ".globl reset",
    "reset:",
    // The floating-point unit stays off: nothing here uses it.
    "bl main",
    "b .",
);

/// The debugger's console.
pub struct Console;

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            semihosting(WRITE_BYTE, &raw const byte as u32);
        }
        Ok(())
    }
}

const WRITE_BYTE: u32 = 0x03;
const EXIT: u32 = 0x18;
/// Why the program ends: well, or by an error at run time.
const APPLICATION_EXIT: u32 = 0x2_0026;
const RUN_TIME_ERROR: u32 = 0x2_0023;

fn semihosting(operation: u32, argument: u32) {
    // SAFETY: QEMU takes this breakpoint as a call, reads at most a byte at the argument, and answers in r0.
    unsafe { asm!("bkpt 0xab", inout("r0") operation => _, in("r1") argument) };
}

/// Ends QEMU, well or with a failure.
pub fn exit(failed: bool) -> ! {
    semihosting(EXIT, if failed { RUN_TIME_ERROR } else { APPLICATION_EXIT });
    loop {
        core::hint::spin_loop();
    }
}

/// Instructions by virtual time: under `-icount shift=0` each takes a nanosecond, and SysTick counts 25 MHz of them.
pub struct Clock {
    last: Cell<u32>,
    ticks: Cell<u64>,
}

const CONTROL: *mut u32 = 0xE000_E010 as *mut u32;
const RELOAD: *mut u32 = 0xE000_E014 as *mut u32;
const CURRENT: *mut u32 = 0xE000_E018 as *mut u32;
const NANOSECONDS_PER_TICK: u64 = 40;

impl Clock {
    /// Starts SysTick, which counts down 24 bits: it has to be read at least every 0.67 virtual seconds.
    pub fn start() -> Self {
        // SAFETY: SysTick's registers on every Cortex-M4; no interrupt is enabled.
        unsafe {
            RELOAD.write_volatile(0xFF_FFFF);
            CURRENT.write_volatile(0);
            CONTROL.write_volatile(0b101);
        }
        Self { last: Cell::new(0xFF_FFFF), ticks: Cell::new(0) }
    }

    /// Instructions since the start, in steps of forty.
    pub fn instructions(&self) -> u64 {
        // SAFETY: reads SysTick's current value.
        let now = unsafe { CURRENT.read_volatile() };
        let passed = self.last.replace(now).wrapping_sub(now) & 0xFF_FFFF;
        self.ticks.set(self.ticks.get() + u64::from(passed));
        self.ticks.get() * NANOSECONDS_PER_TICK
    }
}

/// Where memory begins that no program is loaded into, so that a reset leaves it as it is.
const SURVIVORS: usize = 0x2010_0000;

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
