//! The layout of a frame, for both directions.

/// The only version so far.
pub(super) const VERSION: u8 = 1;

/// Whole seconds count from here: 2000-01-01 UTC, before which no meter's time is plausible.
pub(super) const EPOCH_MS: i64 = 946_684_800_000;

/// Bytes of the checksum.
pub(super) const CHECKSUM: usize = 2;

/// The bits of the fields.
pub(super) mod bit {
    pub(crate) const IMP: u64 = 1;
    pub(crate) const EXP: u64 = 1 << 1;
    pub(crate) const V: u64 = 1 << 2;
    pub(crate) const I: u64 = 1 << 3;
    pub(crate) const NEUTRAL: u64 = 1 << 4;
    pub(crate) const P: u64 = 1 << 5;
    pub(crate) const Q: u64 = 1 << 6;
    pub(crate) const SEQ: u64 = 1 << 7;
    pub(crate) const F: u64 = 1 << 8;
    pub(crate) const V_LOAD: u64 = 1 << 9;
    pub(crate) const LAG: u64 = 1 << 10;
    pub(crate) const LEAD: u64 = 1 << 11;
    pub(crate) const VAH: u64 = 1 << 12;
    pub(crate) const EVENTS: u64 = 1 << 13;
    pub(crate) const RELAY: u64 = 1 << 14;
    pub(crate) const RELAY_ON: u64 = 1 << 15;
    pub(crate) const V_THREE: u64 = 1 << 16;
    pub(crate) const I_THREE: u64 = 1 << 17;
    pub(crate) const P_THREE: u64 = 1 << 18;
    pub(crate) const Q_THREE: u64 = 1 << 19;

    /// Bits that add to a field, each with the field that must be there too.
    pub(crate) const MORE: [(u64, u64); 5] =
        [(RELAY_ON, RELAY), (V_THREE, V), (I_THREE, I), (P_THREE, P), (Q_THREE, Q)];
    /// The first bit without a meaning yet.
    pub(crate) const UNKNOWN: u64 = 1 << 20;
}

/// Set in the byte of the name if the time is in milliseconds.
pub(super) const IN_MS: u8 = 0x80;

/// How a name is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Ascii,
    Upper,
    Lower,
}

impl Packing {
    pub(super) const ALL: [Self; 3] = [Self::Ascii, Self::Upper, Self::Lower];

    /// The shortest one that can hold this name.
    pub(super) fn of(name: &[u8]) -> Self {
        let holds = |packing: Self| name.iter().all(|&byte| packing.digit(byte).is_some());
        [Self::Upper, Self::Lower].into_iter().find(|&packing| holds(packing)).unwrap_or(Self::Ascii)
    }

    /// The number of a letter, below 40; 0 stands for no letter.
    pub(super) fn digit(self, byte: u8) -> Option<u16> {
        let number = match byte {
            b'0'..=b'9' => byte - b'0',
            b'A'..=b'Z' if self == Self::Upper => byte - b'A' + 10,
            b'a'..=b'z' if self == Self::Lower => byte - b'a' + 10,
            b'.' => 36,
            b'_' => 37,
            b'-' => 38,
            _ => return None,
        };
        Some(u16::from(number) + 1)
    }

    /// The letter with this number.
    pub(super) fn letter(self, digit: u16) -> Option<u8> {
        let number = u8::try_from(digit.checked_sub(1)?).ok()?;
        match number {
            0..10 => Some(b'0' + number),
            10..36 if self == Self::Upper => Some(b'A' + number - 10),
            10..36 if self == Self::Lower => Some(b'a' + number - 10),
            36 => Some(b'.'),
            37 => Some(b'_'),
            38 => Some(b'-'),
            _ => None,
        }
    }
}

/// The checksum of a frame: CRC-16/X-25, polynomial 0x1021 with the lowest bit first, all ones before and inverted
/// after.
pub fn checksum(bytes: &[u8]) -> u16 {
    let step = |crc: u16, &byte: &u8| {
        (0..8).fold(crc ^ u16::from(byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0x8408 } else { crc >> 1 })
    };
    !bytes.iter().fold(0xffff, step)
}
