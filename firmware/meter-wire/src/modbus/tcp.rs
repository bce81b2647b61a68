//! Requests as they stand in a TCP stream: behind a header of seven bytes, without a checksum.

use super::Buffer;
use super::registers::Live;
use super::server::{Asked, Server};
use crate::bytes::{Reader, Writer};

/// Transaction, protocol, length.
const FRONT: usize = 6;

/// "Modbus Messaging on TCP/IP" V1.0b: 260 bytes in all.
const LONGEST: u16 = 254;

/// The stream is no Modbus: where its next request begins cannot be found, so the connection has to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotModbus;

/// How many bytes the request at the front of a stream takes; `None` while that is not known.
pub fn frame_length(stream: &[u8]) -> Result<Option<usize>, NotModbus> {
    let Some(&[_, _, protocol_high, protocol_low, high, low]) = stream.first_chunk::<FRONT>() else {
        return Ok(None);
    };
    let length = u16::from_be_bytes([high, low]);
    if (protocol_high, protocol_low) != (0, 0) || !(2..=LONGEST).contains(&length) {
        return Err(NotModbus);
    }
    Ok(Some(FRONT.saturating_add(length.into())))
}

impl Server {
    /// Answers one request of a TCP stream, as [`frame_length`] cuts them: the length of the answer, 0 for none, and
    /// what the request asks to be done.
    pub fn tcp(&mut self, frame: &[u8], live: &Live, now: u32, out: &mut Buffer) -> (usize, Option<Asked>) {
        if frame_length(frame) != Ok(Some(frame.len())) {
            self.count_length();
            return (0, None);
        }
        let mut from = Reader { rest: frame };
        let mut front = || Some((from.take::<4>()?, from.u16()?, from.u8()?));
        let Some((transaction, _, unit)) = front() else { return (0, None) };
        let mut answer = [0; 254];
        let mut to = Writer::new(&mut answer);
        to.byte(unit);
        let Some(asked) = self.addressed(unit, from.rest, live, now, &mut to) else { return (0, None) };
        let answer = to.written().unwrap_or_default();
        let mut to = Writer::new(out);
        to.put(&transaction);
        to.put(&(answer.len() as u16).to_be_bytes());
        to.put(answer);
        (to.end().unwrap_or(0), asked)
    }
}
