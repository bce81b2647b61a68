//! Requests as they stand on a serial line: between silences, the address in front and a checksum behind.

use super::Buffer;
use super::registers::Live;
use super::server::{Asked, Server};
use crate::bytes::Writer;
use crc::{CRC_16_MODBUS, Crc, NoTable};

const CHECKSUM: Crc<u16, NoTable> = Crc::<u16, NoTable>::new(&CRC_16_MODBUS);

/// An address, a function, a checksum.
const SHORTEST: usize = 4;

/// "Modbus over Serial Line" V1.02, 2.5.1.
const LONGEST: usize = 256;

/// How long a line has been silent when a frame has ended: three and a half characters of 11 bits, and above 19,200
/// baud 1.75 ms (V1.02, 2.5.1.1).
pub fn quiet_us(baud: u32) -> u32 {
    if baud > 19_200 { 1_750 } else { 38_500_000_u32.div_ceil(baud.max(1)) }
}

impl Server {
    /// Answers what stood between two silences: the length of the answer, 0 for none, and what the request asks to be
    /// done. `now` are seconds that never jump, such as those since the start.
    pub fn serial(
        &mut self,
        frame: &[u8],
        live: &Live,
        now: u32,
        out: &mut Buffer,
    ) -> (usize, Option<Asked>) {
        let Some((front, sum)) =
            frame.split_last_chunk().filter(|_| (SHORTEST..=LONGEST).contains(&frame.len()))
        else {
            self.count_length();
            return (0, None);
        };
        if CHECKSUM.checksum(front) != u16::from_le_bytes(*sum) {
            self.count_checksum();
            return (0, None);
        }
        let Some((&address, request)) = front.split_first() else { return (0, None) };
        let mut to = Writer::new(out);
        to.byte(address);
        let Some(asked) = self.addressed(address, request, live, now, &mut to) else { return (0, None) };
        let sum = CHECKSUM.checksum(to.written().unwrap_or_default());
        to.put(&sum.to_le_bytes());
        (to.end().unwrap_or(0), asked)
    }
}
