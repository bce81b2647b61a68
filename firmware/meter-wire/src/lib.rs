//! What the meter says and hears on a line: framed, sealed, numbered; and what it refuses.
//!
//! ```text
//! Reading -> frame of 48 bytes -> Session::seal -> line::encode -> serial
//! serial  -> Line::feed -> Session::receive -> Order, or a Refusal that is counted
//! serial  -> modbus::Server -> registers; a sealed command comes in through its mailbox
//! ```
//!
//! - Every message is sealed with the meter's own key (AES-128-GCM), its header included.
//! - A number is used for one message in the life of a meter: numbers are reserved in flash before they are used.
//! - Commands are signed as well (Ed25519), so a gateway with the meter's key cannot switch its relay.
//! - A command's number is in flash before anything is done: it acts once, whatever is sent again.
//!
//! Nothing allocates, and no bytes make it panic: indexing, `unwrap` and unchecked arithmetic are denied below.
//! It never reads a clock and knows neither sockets nor pins.
//!
//! Read [`message`] first, then [`Session`], then [`command`]; [`HeadEnd`] is the other side.
#![cfg_attr(not(test), no_std)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

mod bytes;
pub mod command;
mod head_end;
pub mod image;
pub mod line;
pub mod message;
pub mod modbus;
mod reading;
mod refusal;
mod session;
mod window;

pub use head_end::{Answer, HeadEnd, Heard};
pub use reading::{EVENTS, FRAME, LINE, Name, Reading, Unfit};
pub use refusal::{Counts, Refusal};
pub use session::{BLOCK, NotReady, Order, Refused, Secrets, Session, Trust, Unsent, enrol};
pub use window::Window;

#[cfg(test)]
mod tests;
