//! One reading in at most 48 bytes, for radio and for meters that count them. Firmware shares this code.
//!
//! | bytes | what |
//! | --- | --- |
//! | 1 | version, `1` |
//! | 1 to 3 | which fields are there: the bits below as a varint |
//! | 1 | name: bits 0 to 4 its length less 1, bits 5 and 6 its packing, bit 7 set if the time is in milliseconds |
//! | 1 to 32 | the name: packing 0 as ASCII; 1 (`0-9 A-Z . _ -`) and 2 (`0-9 a-z . _ -`) three letters in two bytes |
//! | 4, or 1 to 10 | time since 2000-01-01 UTC: whole seconds, little-endian, or milliseconds as a signed varint |
//! | 1 to 10 each | the fields that are there, in the order of their bits |
//! | 2 | CRC-16 of everything before, little-endian: the one of HDLC (X.25), which DLMS meters know from IEC 62056-46 |
//!
//! A varint has seven bits a byte, the lowest first, the top bit set where another byte follows. A signed one is
//! zigzag: 0, -1, 1, -2 are 0, 1, 2, 3.
//!
//! | bit | field | as |
//! | --- | --- | --- |
//! | 0, 1 | `imp`, `exp` | signed varint, Wh |
//! | 2, 3 | `v`, `i` | signed varint, thousandths |
//! | 4 | `in` | signed varint, thousandths; where `i` is one number, `in` less `i` |
//! | 5, 6 | `p`, `q` | signed varint without its zeros: see below |
//! | 7 | `seq` | varint |
//! | 8, 9 | `f`, `vl` | signed varint, thousandths |
//! | 10, 11, 12 | `lag`, `lead`, `vah` | signed varint |
//! | 13 | `ev` | their number as a varint, then each code as a varint |
//! | 14, 15 | `relay` is there; it is on | nothing more |
//! | 16, 17, 18, 19 | `v`, `i`, `p`, `q` are three numbers | the first, then the second and the third less the first |
//!
//! Power is mostly sent in whole or tenths of a watt, so its thousandths end in zeros: up to three of them are cut,
//! the rest is made zigzag, and two bits below it hold how many were cut. Differences may wrap around 64 bits.
//!
//! A usual single-phase reading (`imp exp v i in p q seq`, a name of 12 letters in one case, registers below 134 MWh,
//! power below 33 kW, currents below 524 A, `seq` below 268 million) takes at most 47 bytes. What does not fit is an
//! error, never truncated. In a message each frame stands behind its length: see [`decode_message`].

mod decode;
mod encode;
mod layout;
mod message;

pub use decode::decode;
pub use encode::{Unfit, encode};
pub use layout::checksum;
pub use message::decode_message;

/// The most bytes that a frame may have.
pub const LONGEST: usize = 48;

#[cfg(test)]
mod tests;
