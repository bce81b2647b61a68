//! The gateway: it hears meters over serial frames in TCP and over Modbus TCP, trusts those whose keys it was given, and
//! hands their readings on.
//!
//! ```text
//! frames -> Desk (keys, numbers, names) -> lines -> Spool on disk -> Sink (a file, a topic)
//!                   |                                  |
//!                   +--- orders, with an audit line ---+--- then receipts go back to the meters
//! ```
//!
//! - A receipt leaves after the reading is on disk, so a gateway that is killed loses nothing: the meter sends it again.
//! - What a meter sends twice goes on once.
//! - A meter without a key here is counted and shown, and nothing of it goes on.
//! - Commands are signed by the utility. The gateway seals and carries them, and cannot make one.
//!
//! It never knows Kafka, what a reading means to the engine, tariffs or detectors. Read [`meters`] (the file of keys),
//! then `desk`, `spool` and `store`; `serve` has the threads.

mod audit;
mod desk;
pub mod meters;
mod modbus;
pub mod orders;
mod serve;
mod sink;
mod spool;
mod state;
mod status;
mod store;

pub use serve::{Serve, serve};
pub use sink::{FileSink, Sink, StandardSink};
pub use status::{StatusLine, read_status};
pub use store::Store;

#[cfg(test)]
mod tests;

/// The text of bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of a text in hexadecimal, if it has just so many.
pub fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    let is_hex = digits.len() == 2 * N && digits.iter().all(u8::is_ascii_hexdigit);
    let byte = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    let mut bytes = [0; N];
    for (place, at) in bytes.iter_mut().zip((0..).step_by(2)) {
        *place = byte(at)?;
    }
    is_hex.then_some(bytes)
}
