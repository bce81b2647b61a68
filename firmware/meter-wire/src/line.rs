//! Messages on a serial line: COBS between zeros, and a checksum.
//!
//! ```text
//! 0  COBS(message, CRC-16)  0
//! ```
//!
//! COBS leaves no zero within, so a zero always ends a frame: after garbage or a loss the next frame is read again. A
//! frame begins with a zero as well, so noise in between two frames spoils neither. The checksum is CRC-16/X-25, as in
//! the frame of a reading; it is there to count noise apart from forgery, and the message's own tag is what is trusted.

use crate::message::LONGEST as MESSAGE;
use crate::refusal::Refusal;
use crc::{CRC_16_IBM_SDLC, Crc, NoTable};

/// The bytes of a message and its checksum.
const CONTENT: usize = MESSAGE + 2;

/// COBS adds a byte for each 254.
const CODED: usize = CONTENT + CONTENT.div_ceil(254);

/// The most bytes that a frame takes on the line, with the zeros around it.
pub const LONGEST: usize = CODED + 2;

const CHECKSUM: Crc<u16, NoTable> = Crc::<u16, NoTable>::new(&CRC_16_IBM_SDLC);

/// Writes a message as it goes over the line: its length, or `None` if the message is longer than [`MESSAGE`].
pub fn encode(message: &[u8], out: &mut [u8; LONGEST]) -> Option<usize> {
    if message.len() > MESSAGE {
        return None;
    }
    let mut content = [0; CONTENT];
    let (text, rest) = content.split_at_mut_checked(message.len())?;
    text.copy_from_slice(message);
    rest.get_mut(..2)?.copy_from_slice(&CHECKSUM.checksum(message).to_le_bytes());
    let length = message.len().checked_add(2)?;
    out.fill(0);
    let coded = cobs::try_encode(content.get(..length)?, out.get_mut(1..)?).ok()?;
    // A zero in front, and one behind.
    coded.checked_add(2).filter(|length| *length <= LONGEST)
}

/// Finds frames among the bytes of a line.
#[derive(Debug, Clone)]
pub struct Line {
    bytes: [u8; CODED],
    len: usize,
    overlong: bool,
}

impl Default for Line {
    fn default() -> Self {
        Self::new()
    }
}

impl Line {
    /// As after a zero.
    pub const fn new() -> Self {
        Self { bytes: [0; CODED], len: 0, overlong: false }
    }

    /// Takes a byte. A zero ends a frame: its message, which stays here until the next byte, or why it is none.
    pub fn feed(&mut self, byte: u8) -> Option<Result<&mut [u8], Refusal>> {
        if byte != 0 {
            match self.bytes.get_mut(self.len) {
                Some(place) => *place = byte,
                None => self.overlong = true,
            }
            self.len = self.len.saturating_add(1).min(CODED);
            return None;
        }
        let (len, overlong) = (self.len, self.overlong);
        (self.len, self.overlong) = (0, false);
        if len == 0 {
            return None;
        }
        Some(if overlong { Err(Refusal::Overlong) } else { self.message(len) })
    }

    fn message(&mut self, len: usize) -> Result<&mut [u8], Refusal> {
        let coded = self.bytes.get_mut(..len).ok_or(Refusal::Overlong)?;
        let len = decode(coded).ok_or(Refusal::Coding)?;
        let content = coded.get_mut(..len).ok_or(Refusal::Coding)?;
        let (message, sum) = content.split_last_chunk_mut::<2>().ok_or(Refusal::Checksum)?;
        if CHECKSUM.checksum(message) != u16::from_le_bytes(*sum) {
            return Err(Refusal::Checksum);
        }
        Ok(message)
    }
}

/// Decodes where it lies.
fn decode(coded: &mut [u8]) -> Option<usize> {
    cobs::decode_in_place(coded).ok()
}
