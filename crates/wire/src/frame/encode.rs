//! A reading into a frame.

use super::LONGEST;
use super::layout::{CHECKSUM, EPOCH_MS, IN_MS, Packing, VERSION, bit, checksum};
use core::fmt;
use reading::{Phases, RawReading};

/// Why a reading does not fit into a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// All fields together are too long.
    Length {
        /// The bytes that it would take.
        needed: usize,
    },
    /// A power takes more than 62 bits of milliwatts.
    Power,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { needed } => write!(f, "reading takes {needed} bytes, a frame has {LONGEST}"),
            Self::Power => f.write_str("power takes more than the 62 bits that a frame has for it"),
        }
    }
}

impl core::error::Error for Unfit {}

/// Writes a reading as one frame and returns its length. Nothing is allocated.
pub fn encode(raw: &RawReading, out: &mut [u8; LONGEST]) -> Result<usize, Unfit> {
    let mut to = Writer { out, len: 0 };
    to.byte(VERSION);
    to.varint(fields(raw));
    let since_epoch = raw.time.0.wrapping_sub(EPOCH_MS);
    let seconds = u32::try_from(since_epoch / 1000).ok().filter(|_| since_epoch % 1000 == 0);
    to.name(raw.meter.as_bytes(), if seconds.is_some() { 0 } else { IN_MS });
    match seconds {
        Some(seconds) => seconds.to_le_bytes().into_iter().for_each(|byte| to.byte(byte)),
        None => to.signed(since_epoch),
    }
    to.optional(raw.imp.map(|one| one.0));
    to.optional(raw.exp.map(|one| one.0));
    to.phases(raw.v, |v| i64::from(v.0), Writer::plain)?;
    to.phases(raw.i, |i| i64::from(i.0), Writer::plain)?;
    to.optional(raw.neutral.map(|neutral| match raw.i {
        Some(Phases::One(i)) => i64::from(neutral.0) - i64::from(i.0),
        _ => i64::from(neutral.0),
    }));
    to.phases(raw.p, |p| p.0, Writer::without_zeros)?;
    to.phases(raw.q, |q| q.0, Writer::without_zeros)?;
    if let Some(seq) = raw.seq {
        to.varint(seq);
    }
    to.optional(raw.f.map(|one| i64::from(one.0)));
    to.optional(raw.v_load.map(|one| i64::from(one.0)));
    to.optional(raw.lag.map(|one| one.0));
    to.optional(raw.lead.map(|one| one.0));
    to.optional(raw.vah.map(|one| one.0));
    if !raw.events.is_empty() {
        to.varint(raw.events.len() as u64);
        raw.events.iter().for_each(|code| to.varint(u64::from(code.0)));
    }
    to.seal()
}

fn fields(raw: &RawReading) -> u64 {
    let three = |phases: Option<usize>| phases == Some(3);
    [
        (raw.imp.is_some(), bit::IMP),
        (raw.exp.is_some(), bit::EXP),
        (raw.v.is_some(), bit::V),
        (raw.i.is_some(), bit::I),
        (raw.neutral.is_some(), bit::NEUTRAL),
        (raw.p.is_some(), bit::P),
        (raw.q.is_some(), bit::Q),
        (raw.seq.is_some(), bit::SEQ),
        (raw.f.is_some(), bit::F),
        (raw.v_load.is_some(), bit::V_LOAD),
        (raw.lag.is_some(), bit::LAG),
        (raw.lead.is_some(), bit::LEAD),
        (raw.vah.is_some(), bit::VAH),
        (!raw.events.is_empty(), bit::EVENTS),
        (raw.relay.is_some(), bit::RELAY),
        (raw.relay == Some(true), bit::RELAY_ON),
        (three(raw.v.map(|v| v.as_slice().len())), bit::V_THREE),
        (three(raw.i.map(|i| i.as_slice().len())), bit::I_THREE),
        (three(raw.p.map(|p| p.as_slice().len())), bit::P_THREE),
        (three(raw.q.map(|q| q.as_slice().len())), bit::Q_THREE),
    ]
    .into_iter()
    .fold(0, |bits, (there, bit)| if there { bits | bit } else { bits })
}

/// Writes the bytes that fit and counts all: an error gives the length that was needed.
struct Writer<'a> {
    out: &'a mut [u8; LONGEST],
    len: usize,
}

impl Writer<'_> {
    fn byte(&mut self, byte: u8) {
        if let Some(place) = self.out.get_mut(self.len) {
            *place = byte;
        }
        self.len += 1;
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.byte(value as u8 | 0x80);
            value >>= 7;
        }
        self.byte(value as u8);
    }

    fn signed(&mut self, value: i64) {
        self.varint(zigzag(value));
    }

    fn optional(&mut self, value: Option<i64>) {
        if let Some(value) = value {
            self.signed(value);
        }
    }

    fn plain(&mut self, value: i64) -> Result<(), Unfit> {
        self.signed(value);
        Ok(())
    }

    fn without_zeros(&mut self, mut value: i64) -> Result<(), Unfit> {
        let mut zeros = 0;
        while zeros < 3 && value != 0 && value % 10 == 0 {
            value /= 10;
            zeros += 1;
        }
        let value = zigzag(value);
        if value >> 62 != 0 {
            return Err(Unfit::Power);
        }
        self.varint(value << 2 | zeros);
        Ok(())
    }

    fn phases<T: Copy>(
        &mut self,
        phases: Option<Phases<T>>,
        number: impl Fn(T) -> i64,
        mut write: impl FnMut(&mut Self, i64) -> Result<(), Unfit>,
    ) -> Result<(), Unfit> {
        match phases {
            None => Ok(()),
            Some(Phases::One(one)) => write(self, number(one)),
            Some(Phases::Three([a, b, c])) => {
                write(self, number(a))?;
                write(self, number(b).wrapping_sub(number(a)))?;
                write(self, number(c).wrapping_sub(number(a)))
            }
        }
    }

    fn name(&mut self, name: &[u8], time: u8) {
        let packing = Packing::of(name);
        self.byte((name.len() - 1) as u8 | (packing as u8) << 5 | time);
        if packing == Packing::Ascii {
            name.iter().for_each(|&byte| self.byte(byte));
            return;
        }
        for three in name.chunks(3) {
            let digit = |index: usize| three.get(index).and_then(|&byte| packing.digit(byte)).unwrap_or(0);
            let packed = (digit(0) * 40 + digit(1)) * 40 + digit(2);
            packed.to_le_bytes().into_iter().for_each(|byte| self.byte(byte));
        }
    }

    fn seal(mut self) -> Result<usize, Unfit> {
        let needed = self.len + CHECKSUM;
        if needed > LONGEST {
            return Err(Unfit::Length { needed });
        }
        checksum(&self.out[..self.len]).to_le_bytes().into_iter().for_each(|byte| self.byte(byte));
        Ok(needed)
    }
}

fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63) as u64
}
