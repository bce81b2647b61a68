//! A reading of a single-phase meter: as a frame of 48 bytes, or as a line of JSON for a human.
//!
//! The frame is that of the crate `wire`, which describes it and reads it. That crate is for the engine and needs an
//! allocator, so the meter writes the frame here; a test holds that the bytes of both are the same.

use crate::bytes::Writer;
use core::fmt;
use crc::{CRC_16_IBM_SDLC, Crc, NoTable};

/// The most bytes of a frame.
pub const FRAME: usize = 48;

/// The most bytes of a line, with its end.
pub const LINE: usize = 512;

/// The most events of a reading.
pub const EVENTS: usize = 4;

const VERSION: u8 = 1;
const EPOCH: u32 = 946_684_800;
const CHECKSUM: Crc<u16, NoTable> = Crc::<u16, NoTable>::new(&CRC_16_IBM_SDLC);

/// The name of a meter: 1 to 32 of `A-Z a-z 0-9 . _ -`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    letters: [u8; 32],
    length: u8,
}

/// What the meter measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Seconds of Unix time, from 2000 on.
    pub time: u32,
    /// Import register, in Wh.
    pub import: i64,
    /// Export register, in Wh.
    pub export: i64,
    /// Voltage, in mV.
    pub millivolts: Option<i32>,
    /// Current of the phase, in mA.
    pub milliamperes: Option<i32>,
    /// Current of the neutral, in mA.
    pub neutral: Option<i32>,
    /// Active power, in mW; negative is export. `None` in a reading of registers.
    pub milliwatts: Option<i64>,
    /// Reactive power, in mvar; positive is lagging.
    pub millivars: Option<i64>,
    /// Frequency, in mHz.
    pub millihertz: Option<i32>,
    /// Voltage behind the relay, in mV.
    pub load_millivolts: Option<i32>,
    /// Counts readings.
    pub sequence: u64,
    /// Events of IS 15959 since the last reading; 0 stands for none.
    pub events: [u16; EVENTS],
    /// Whether the relay is closed.
    pub relay: Option<bool>,
}

/// Why a reading does not fit into a frame or line. What does not fit is not cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// All fields together are too long.
    Length {
        /// The bytes that it would take.
        needed: usize,
        /// The bytes that there are.
        has: usize,
    },
    /// A power takes more than 62 bits of milliwatts.
    Power,
    /// The time is before 2000: the clock was never set.
    Time,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { needed, has } => write!(f, "reading takes {needed} bytes, there are {has}"),
            Self::Power => f.write_str("power takes more than the 62 bits that a frame has for it"),
            Self::Time => f.write_str("time is before 2000: set the clock"),
        }
    }
}

impl core::error::Error for Unfit {}

impl Name {
    /// A name, if each letter may be in one.
    pub fn new(name: &str) -> Option<Self> {
        let mut letters = [0; 32];
        letters.get_mut(..name.len())?.copy_from_slice(name.as_bytes());
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let length = u8::try_from(name.len()).ok().filter(|length| *length > 0)?;
        name.bytes().all(allowed).then_some(Self { letters, length })
    }

    fn as_bytes(&self) -> &[u8] {
        self.letters.get(..self.length.into()).unwrap_or_default()
    }
}

impl Reading {
    /// Writes it as a frame: its length.
    pub fn to_frame(&self, name: &Name, out: &mut [u8; FRAME]) -> Result<usize, Unfit> {
        let since = self.time.checked_sub(EPOCH).ok_or(Unfit::Time)?;
        let mut to = Writer::new(out);
        to.byte(VERSION);
        varint(&mut to, self.fields());
        packed(&mut to, name.as_bytes());
        to.put(&since.to_le_bytes());
        signed(&mut to, self.import);
        signed(&mut to, self.export);
        for one in [self.millivolts, self.milliamperes].into_iter().flatten() {
            signed(&mut to, one.into());
        }
        if let Some(neutral) = self.neutral {
            signed(&mut to, i64::from(neutral).wrapping_sub(self.milliamperes.unwrap_or(0).into()));
        }
        for power in [self.milliwatts, self.millivars].into_iter().flatten() {
            without_zeros(&mut to, power)?;
        }
        varint(&mut to, self.sequence);
        for one in [self.millihertz, self.load_millivolts].into_iter().flatten() {
            signed(&mut to, one.into());
        }
        if self.has_events() {
            varint(&mut to, self.events().count() as u64);
            self.events().for_each(|code| varint(&mut to, code.into()));
        }
        let unfit =
            |to: &Writer<'_>, more| Unfit::Length { needed: to.needed().saturating_add(more), has: FRAME };
        let sum = CHECKSUM.checksum(to.written().ok_or_else(|| unfit(&to, 2))?);
        to.put(&sum.to_le_bytes());
        let needed = unfit(&to, 0);
        to.end().ok_or(needed)
    }

    /// Writes it as a line of JSON: its length, with the end of the line.
    pub fn to_json(&self, name: &Name, out: &mut [u8; LINE]) -> Result<usize, Unfit> {
        let mut to = Writer::new(out);
        to.put(b"{\"meter\":\"");
        to.put(name.as_bytes());
        to.put(b"\",\"time\":");
        whole(&mut to, i64::from(self.time).saturating_mul(1000));
        for (key, value) in [(&b",\"imp\":"[..], self.import), (b",\"exp\":", self.export)] {
            to.put(key);
            whole(&mut to, value);
        }
        let measured = [
            (&b",\"v\":"[..], self.millivolts.map(i64::from)),
            (b",\"i\":", self.milliamperes.map(i64::from)),
            (b",\"in\":", self.neutral.map(i64::from)),
            (b",\"p\":", self.milliwatts),
            (b",\"q\":", self.millivars),
            (b",\"f\":", self.millihertz.map(i64::from)),
            (b",\"vl\":", self.load_millivolts.map(i64::from)),
        ];
        for (key, value) in measured {
            if let Some(value) = value {
                to.put(key);
                thousandths(&mut to, value);
            }
        }
        if self.has_events() {
            to.put(b",\"ev\":");
            for (place, code) in self.events().enumerate() {
                to.byte(if place == 0 { b'[' } else { b',' });
                whole(&mut to, code.into());
            }
            to.byte(b']');
        }
        match self.relay {
            Some(true) => to.put(b",\"relay\":\"on\""),
            Some(false) => to.put(b",\"relay\":\"off\""),
            None => {}
        }
        to.put(b",\"seq\":");
        digits(&mut to, self.sequence);
        to.put(b"}\n");
        let needed = Unfit::Length { needed: to.needed(), has: LINE };
        to.end().ok_or(needed)
    }

    fn events(&self) -> impl Iterator<Item = u16> {
        self.events.into_iter().filter(|code| *code != 0)
    }

    fn has_events(&self) -> bool {
        self.events().next().is_some()
    }

    /// Which fields are there, as the frame numbers them.
    fn fields(&self) -> u64 {
        let always = 0b1000_0011;
        [
            (2, self.millivolts.is_some()),
            (3, self.milliamperes.is_some()),
            (4, self.neutral.is_some()),
            (5, self.milliwatts.is_some()),
            (6, self.millivars.is_some()),
            (8, self.millihertz.is_some()),
            (9, self.load_millivolts.is_some()),
            (13, self.has_events()),
            (14, self.relay.is_some()),
            (15, self.relay == Some(true)),
        ]
        .into_iter()
        .fold(always, |bits, (bit, there)| if there { bits | 1 << bit } else { bits })
    }
}

fn varint(to: &mut Writer<'_>, mut value: u64) {
    while value >= 0x80 {
        to.byte(value as u8 | 0x80);
        value >>= 7;
    }
    to.byte(value as u8);
}

fn zigzag(value: i64) -> u64 {
    (value.wrapping_shl(1) ^ value >> 63) as u64
}

fn signed(to: &mut Writer<'_>, value: i64) {
    varint(to, zigzag(value));
}

fn without_zeros(to: &mut Writer<'_>, mut value: i64) -> Result<(), Unfit> {
    let mut zeros = 0_u64;
    while zeros < 3 && value != 0 && value % 10 == 0 {
        value /= 10;
        zeros = zeros.saturating_add(1);
    }
    let value = zigzag(value);
    if value >> 62 != 0 {
        return Err(Unfit::Power);
    }
    varint(to, value << 2 | zeros);
    Ok(())
}

/// The name behind its head: three letters in two bytes, if all are capitals or all are small.
fn packed(to: &mut Writer<'_>, name: &[u8]) {
    let head = (name.len() as u8).wrapping_sub(1);
    let fits = |first| name.iter().all(|letter| digit(*letter, first).is_some());
    let Some((first, number)) = [(b'A', 1), (b'a', 2)].into_iter().find(|(first, _)| fits(*first)) else {
        to.byte(head);
        to.put(name);
        return;
    };
    to.byte(head | number << 5);
    for three in name.chunks(3) {
        let letters = (0..3).map(|place| three.get(place).and_then(|letter| digit(*letter, first)));
        let packed =
            letters.fold(0_u16, |sum, letter| sum.wrapping_mul(40).wrapping_add(letter.unwrap_or(0)));
        to.put(&packed.to_le_bytes());
    }
}

/// The number of a letter, from 1 on; `first` is the first of the alphabet.
fn digit(letter: u8, first: u8) -> Option<u16> {
    let place = match letter {
        b'0'..=b'9' => u16::from(letter & 15),
        b'.' => 36,
        b'_' => 37,
        b'-' => 38,
        _ => {
            let place = letter.checked_sub(first).filter(|place| *place < 26)?;
            u16::from(place).wrapping_add(10)
        }
    };
    Some(place.wrapping_add(1))
}

fn digits(to: &mut Writer<'_>, mut value: u64) {
    let mut text = [b'0'; 20];
    let mut used = 0_usize;
    for place in text.iter_mut().rev() {
        *place = b'0' | (value % 10) as u8;
        value /= 10;
        used = used.saturating_add(1);
        if value == 0 {
            break;
        }
    }
    to.put(text.get(text.len().saturating_sub(used)..).unwrap_or_default());
}

fn whole(to: &mut Writer<'_>, value: i64) {
    if value < 0 {
        to.byte(b'-');
    }
    digits(to, value.unsigned_abs());
}

fn thousandths(to: &mut Writer<'_>, value: i64) {
    if value < 0 {
        to.byte(b'-');
    }
    let value = value.unsigned_abs();
    digits(to, value / 1000);
    let rest = (value % 1000) as u16;
    to.byte(b'.');
    for part in [rest / 100, rest / 10 % 10, rest % 10] {
        to.byte(b'0' | part as u8);
    }
}
