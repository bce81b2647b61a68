//! What makes volts and amperes out of counts: the constants that the factory writes once, with a checksum.

use crate::FULL_SCALE;
use crate::arithmetic::mul_div;

/// The size of a stored [`Calibration`].
pub const CALIBRATION_BYTES: usize = 52;

/// The layout of the stored bytes.
const VERSION: u8 = 1;

/// The delay of a current channel: half a sample to two and a half.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delay(u32);

impl Delay {
    /// One sample, as much as voltage is delayed by: no correction.
    pub const NONE: Self = Self(65_536);
    const SHORTEST: u32 = 32_768;
    const LONGEST: u32 = 163_840;

    /// A delay in 2^-16 samples, if it is within the range.
    pub const fn new(samples_q16: u32) -> Option<Self> {
        if samples_q16 >= Self::SHORTEST && samples_q16 <= Self::LONGEST {
            Some(Self(samples_q16))
        } else {
            None
        }
    }

    /// In 2^-16 samples.
    pub const fn samples_q16(self) -> u32 {
        self.0
    }
}

/// The constants of one meter. Samples are counts of a range of 2^23 up and down, whatever the converter's bits are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calibration {
    /// Sample sets in a second.
    pub sample_rate: u32,
    /// The voltage that gives 2^23 counts, in microvolts.
    pub voltage_range_uv: u32,
    /// The same for phase and neutral current, in microamperes.
    pub current_range_ua: [u32; 2],
    /// The delays that bring phase and neutral current in step with the voltage.
    pub current_delay: [Delay; 2],
    /// The samples that voltage is delayed by: 1, or 2 if a voltage transformer leads.
    pub voltage_delay: u8,
    /// The mean square of what the current channels read with nothing connected, in square counts.
    pub noise: [u32; 2],
    /// The current from which the meter must count, in microamperes (0.001 In of class 0.5S, 0.004 Ib of class 1).
    pub starting_current_ua: u32,
    /// The voltage at which current is billed while the neutral is missing, in millivolts.
    pub nominal_voltage_mv: u32,
    /// Pulses for a kWh.
    pub pulses_per_kwh: u32,
}

/// Why stored bytes are not a calibration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable {
    /// The checksum does not fit: some byte has changed.
    Checksum,
    /// Written by firmware with another layout.
    Version(u8),
    /// A constant that no meter can have; the fields are checked in the order of [`Calibration`].
    Range(&'static str),
}

impl Calibration {
    /// The constants if each is one that a meter can have. The bounds keep every sum within 64 bits.
    pub fn check(self) -> Result<Self, Unusable> {
        let bounds = [
            // Below 2,000 few harmonics are left; above 8,000 a sum could overflow.
            ("sample_rate", (2_000..=8_000).contains(&self.sample_rate)),
            ("voltage_range", self.voltage_range_uv >= 1_000_000),
            ("current_range", self.current_range_ua.iter().all(|&range| range >= 1_000)),
            ("voltage_delay", (1..=2).contains(&self.voltage_delay)),
            // 2^31 square counts are 1/181 of the range; a channel with more is broken.
            ("noise", self.noise.iter().all(|&noise| noise <= 1 << 31)),
            ("nominal_voltage", (50_000..=500_000).contains(&self.nominal_voltage_mv)),
            ("pulses_per_kwh", (100..=100_000).contains(&self.pulses_per_kwh)),
        ];
        match bounds.iter().find(|(_, held)| !held) {
            Some((name, _)) => Err(Unusable::Range(name)),
            None => Ok(self),
        }
    }

    /// The bytes to store, all little-endian: version, constants, CRC-32.
    pub fn to_bytes(&self) -> [u8; CALIBRATION_BYTES] {
        let mut bytes = [0; CALIBRATION_BYTES];
        bytes[0] = VERSION;
        bytes[1] = self.voltage_delay;
        for (place, word) in bytes[4..].chunks_exact_mut(4).zip(self.words()) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        let checksum = crc32(&bytes[..CALIBRATION_BYTES - 4]);
        bytes[CALIBRATION_BYTES - 4..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// Reads stored bytes. A meter whose constants are not usable must not count: it says so instead.
    pub fn from_bytes(bytes: &[u8; CALIBRATION_BYTES]) -> Result<Self, Unusable> {
        let word = |place: usize| {
            let at = 4 * place;
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        if word(CALIBRATION_BYTES / 4 - 1) != crc32(&bytes[..CALIBRATION_BYTES - 4]) {
            return Err(Unusable::Checksum);
        }
        if bytes[0] != VERSION {
            return Err(Unusable::Version(bytes[0]));
        }
        let delay = |place| Delay::new(word(place)).ok_or(Unusable::Range("current_delay"));
        Self {
            sample_rate: word(1),
            voltage_range_uv: word(2),
            current_range_ua: [word(3), word(4)],
            current_delay: [delay(5)?, delay(6)?],
            voltage_delay: bytes[1],
            noise: [word(7), word(8)],
            starting_current_ua: word(9),
            nominal_voltage_mv: word(10),
            pulses_per_kwh: word(11),
        }
        .check()
    }

    fn words(&self) -> [u32; 11] {
        let [phase, neutral] = self.current_range_ua;
        let [phase_delay, neutral_delay] = self.current_delay.map(Delay::samples_q16);
        [
            self.sample_rate,
            self.voltage_range_uv,
            phase,
            neutral,
            phase_delay,
            neutral_delay,
            self.noise[0],
            self.noise[1],
            self.starting_current_ua,
            self.nominal_voltage_mv,
            self.pulses_per_kwh,
        ]
    }
}

/// What follows from the calibration, worked out once at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    /// The constants themselves.
    pub calibration: Calibration,
    /// How large a sum of products of voltage and current counts is a microwatt-hour, for phase and neutral current.
    pub(crate) per_micro_watt_hour: [u64; 2],
}

impl Scale {
    /// Of a checked calibration.
    pub fn of(calibration: Calibration) -> Self {
        // A count of voltage is range / 2^23; so a product of two is voltage range * current range / 2^46 picowatts,
        // for 1 / rate seconds. A microwatt-hour is 3.6e9 picowatts * seconds.
        let seconds = 3_600_000_000 * u64::from(calibration.sample_rate);
        let per_micro_watt_hour = calibration.current_range_ua.map(|current| {
            let range = u64::from(calibration.voltage_range_uv) * u64::from(current);
            mul_div(seconds, (FULL_SCALE as u64).pow(2), range).max(1)
        });
        Self { calibration, per_micro_watt_hour }
    }
}

/// CRC-32 of IEEE 802.3, bit by bit: constants are read once at the start.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for &byte in bytes {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = crc >> 1 ^ (0xEDB8_8320 & 0u32.wrapping_sub(crc & 1));
        }
    }
    !crc
}
