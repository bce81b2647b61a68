//! Bytes to [`RawReading`] and back: JSON, one object a line or a message, and a binary frame of at most 48 bytes.
//!
//! Both decoders are total: whatever the bytes, they give a reading or a [`Reason`], never a panic, and neither
//! recurses. Numbers become whole thousandths straight from their digits; no float is involved, so that the same
//! text is the same reading on every machine.
//!
//! This crate never knows sockets, topics or retries, and it never asks whether a value can be true: that is
//! [`reading::check`], which [`json::decode_lines`] calls at the door. It runs without `std`, and the frame is
//! encoded without an allocator, because the meter's firmware shares it.
//!
//! Read [`json`] first, then `json/value.rs` (what each field means), then [`frame`].
//!
//! [`RawReading`]: reading::RawReading
//! [`Reason`]: reading::Reason
#![no_std]

extern crate alloc;

pub mod frame;
pub mod json;

#[cfg(test)]
mod arbitrary;
#[cfg(test)]
extern crate std;
