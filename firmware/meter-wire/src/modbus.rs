//! A Modbus server: RTU on RS-485 or within TCP, after "Modbus Application Protocol" V1.1b3 and "Modbus over Serial
//! Line" V1.02.
//!
//! Everybody on the line may read. Nobody may switch the relay or set the clock: a write of those is refused and
//! counted, unless a signed command unlocked one write just before. A gateway rather puts the signed command itself
//! into the [mailbox](registers::MAILBOX).
//!
//! Not the crate `rmodbus`: tests use its client, but its server indexes beyond a request that is cut short, does not
//! look at the checksum of a function that it does not know, and takes a write whose count and length differ
//! (`tests/modbus.rs` shows each).

pub mod registers;
mod rtu;
mod server;
mod tcp;

pub use registers::Live;
pub use rtu::quiet_us;
pub use server::{Asked, Counts, Exception, Server};
pub use tcp::{NotModbus, frame_length};

/// A place for one request or answer: the longest of RTU, and of TCP with its 7 bytes instead of 3.
pub type Buffer = [u8; 260];
