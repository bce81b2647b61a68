//! The records, and their bytes. Numbers are little-endian; times are seconds of Unix time.

use crate::slot::CONTENT;
use meter_core::{CALIBRATION_BYTES, Calibration, Register, Registers, Unusable};
use meter_tamper::Code;
use units::Milliwatts;

/// What can be kept. A format that was once written stays readable.
pub trait Record: Copy {
    /// The layout of the bytes that this firmware writes.
    const FORMAT: u8;
    /// The flags, and the bytes.
    fn to_bytes(&self) -> (u8, [u8; CONTENT]);
    /// Reads bytes of [`Self::FORMAT`]. `None` if they cannot be such a record.
    fn from_bytes(note: u8, bytes: &[u8; CONTENT]) -> Option<Self>;
}

/// Six registers as they are stored: 56 bits of millionths of a watt-hour are 72 GWh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Energies {
    /// Import, export, and reactive energy by quadrant, in millionths of a watt-hour or var-hour.
    pub micro: [u64; 6],
}

/// The registers at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// The moment.
    pub time: u32,
    /// The registers.
    pub energies: Energies,
    /// The largest demand since the begin of the billing month, and the end of its period.
    pub largest: Demanded,
    /// What has to be known about it; of a day or a month, about its last interval.
    pub flags: Flags,
}

/// A demand and the end of its period; zero if there was none yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Demanded {
    /// Mean power of the period.
    pub mean_mw: u32,
    /// The end of the period.
    pub end: u32,
}

/// An interval of the load profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Interval {
    /// The end of the interval.
    pub end: u32,
    /// The registers at its end: a record that is missing loses no energy.
    pub energies: Energies,
    /// How much of it was measured, in seconds.
    pub seconds: u16,
    /// Mean voltage, in hundredths of a volt.
    pub centivolts: u16,
    /// Mean current, in hundredths of an ampere.
    pub centiamperes: u16,
    /// What has to be known about it.
    pub flags: Flags,
}

/// An event, with what the meter saw when it occurred.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// When it occurred.
    pub time: u32,
    /// Its number in IS 15959.
    pub code: Code,
    /// The registers.
    pub energies: Energies,
    /// Voltage in hundredths of a volt.
    pub centivolts: u16,
    /// Current in hundredths of an ampere.
    pub centiamperes: u16,
    /// What has to be known about it.
    pub flags: Flags,
}

/// A firmware image that was installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Image {
    /// When it was installed.
    pub time: u32,
    /// Its version: major, minor, patch.
    pub version: [u16; 3],
    /// The slot that it is in.
    pub slot: u8,
    /// Its bytes.
    pub length: u32,
    /// SHA-256 of it.
    pub digest: [u8; 32],
}

/// The bytes of a [`Configuration`] beside its version.
pub const CONFIGURATION_BYTES: usize = CONTENT - 6;

/// What a utility sets. Its meaning is the application's; the log keeps it with a version and its history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Configuration {
    /// When it was set.
    pub time: u32,
    /// The layout of the bytes.
    pub version: u16,
    /// As the application reads them.
    pub bytes: [u8; CONFIGURATION_BYTES],
}

/// The constants of metrology, with their own version and checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Constants(pub [u8; CALIBRATION_BYTES]);

/// What has to be known about a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags(u8);

impl Flags {
    /// The power was away in it.
    pub const POWER_CUT: Self = Self(1);
    /// The clock was set in it.
    pub const CLOCK_SET: Self = Self(1 << 1);
    /// The clock was lost: times go on from the last that was stored.
    pub const CLOCK_LOST: Self = Self(1 << 2);
    /// Written after the power came back, from what was stored before.
    pub const RECOVERED: Self = Self(1 << 3);

    /// Whether all of `flags` are set.
    pub fn has(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// With `flags` too.
    pub const fn and(self, flags: Self) -> Self {
        Self(self.0 | flags.0)
    }
}

impl Energies {
    const BYTES: usize = 42;
    const MOST: u64 = (1 << 56) - 1;

    /// Whether none of them is below that of `other`.
    pub fn covers(&self, other: &Self) -> bool {
        self.micro.iter().zip(&other.micro).all(|(mine, other)| mine >= other)
    }

    /// Counting goes on from here.
    pub fn registers(&self) -> Registers {
        let [import, export, reactive @ ..] = self.micro.map(Register::restored);
        Registers { import, export, reactive }
    }

    fn put(&self, place: &mut [u8]) {
        for (place, micro) in place.chunks_exact_mut(7).zip(self.micro) {
            place.copy_from_slice(&micro.min(Self::MOST).to_le_bytes()[..7]);
        }
    }

    fn get(place: &[u8]) -> Self {
        let mut micro = [0; 6];
        for (micro, place) in micro.iter_mut().zip(place.chunks_exact(7)) {
            *micro = place.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        }
        Self { micro }
    }
}

impl From<&Registers> for Energies {
    fn from(registers: &Registers) -> Self {
        let [first, second, third, fourth] = registers.reactive.map(|one| one.micro());
        Self { micro: [registers.import.micro(), registers.export.micro(), first, second, third, fourth] }
    }
}

impl Constants {
    /// The constants, if the meter can count by them.
    pub fn calibration(&self) -> Result<Calibration, Unusable> {
        Calibration::from_bytes(&self.0)
    }
}

impl From<&Calibration> for Constants {
    fn from(calibration: &Calibration) -> Self {
        Self(calibration.to_bytes())
    }
}

/// A voltage or current in hundredths, at most what fits.
pub(crate) fn centi(amount: i64, per_hundredth: i64) -> u16 {
    (amount / per_hundredth).clamp(0, u16::MAX.into()) as u16
}

impl Event {
    /// Without voltage or current, at no time.
    pub fn new(code: Code, energies: Energies) -> Self {
        Self { time: 0, code, energies, centivolts: 0, centiamperes: 0, flags: Flags::default() }
    }
}

impl Demanded {
    pub(crate) fn of(period: Option<meter_core::DemandPeriod>) -> Self {
        period.map_or(Self::default(), |period| Self {
            mean_mw: period.mean.0.clamp(0, u32::MAX.into()) as u32,
            end: period.end as u32,
        })
    }

    /// As the meter's core keeps it.
    pub fn period(&self) -> Option<meter_core::DemandPeriod> {
        (self.end > 0).then_some(meter_core::DemandPeriod {
            end: self.end.into(),
            mean: Milliwatts(self.mean_mw.into()),
            whole: true,
        })
    }
}

/// The places of a record's fields, one after another.
struct Fields<'a> {
    bytes: &'a [u8],
}

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let mut field = [0; N];
        let (taken, rest) = self.bytes.split_at(N);
        field.copy_from_slice(taken);
        self.bytes = rest;
        field
    }

    fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.take())
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    fn energies(&mut self) -> Energies {
        Energies::get(&self.take::<{ Energies::BYTES }>())
    }
}

/// Lays fields down one after another.
fn laid<const N: usize>(fields: [&[u8]; N]) -> [u8; CONTENT] {
    let mut bytes = [0; CONTENT];
    let mut at = 0;
    for field in fields {
        bytes[at..at + field.len()].copy_from_slice(field);
        at += field.len();
    }
    bytes
}

#[inline(never)]
fn stored(energies: &Energies) -> [u8; Energies::BYTES] {
    let mut bytes = [0; Energies::BYTES];
    energies.put(&mut bytes);
    bytes
}

impl Record for Snapshot {
    const FORMAT: u8 = 1;

    fn to_bytes(&self) -> (u8, [u8; CONTENT]) {
        let (time, end) = (self.time.to_le_bytes(), self.largest.end.to_le_bytes());
        let mean = self.largest.mean_mw.to_le_bytes();
        (self.flags.0, laid([&time, &stored(&self.energies), &mean, &end]))
    }

    fn from_bytes(note: u8, bytes: &[u8; CONTENT]) -> Option<Self> {
        let mut fields = Fields { bytes };
        Some(Self {
            time: fields.u32(),
            energies: fields.energies(),
            largest: Demanded { mean_mw: fields.u32(), end: fields.u32() },
            flags: Flags(note),
        })
    }
}

impl Record for Interval {
    const FORMAT: u8 = 1;

    fn to_bytes(&self) -> (u8, [u8; CONTENT]) {
        let [seconds, volts, amperes] =
            [self.seconds, self.centivolts, self.centiamperes].map(u16::to_le_bytes);
        let bytes = laid([&self.end.to_le_bytes(), &stored(&self.energies), &seconds, &volts, &amperes]);
        (self.flags.0, bytes)
    }

    fn from_bytes(note: u8, bytes: &[u8; CONTENT]) -> Option<Self> {
        let mut fields = Fields { bytes };
        Some(Self {
            end: fields.u32(),
            energies: fields.energies(),
            seconds: fields.u16(),
            centivolts: fields.u16(),
            centiamperes: fields.u16(),
            flags: Flags(note),
        })
    }
}

impl Record for Event {
    const FORMAT: u8 = 1;

    fn to_bytes(&self) -> (u8, [u8; CONTENT]) {
        let [code, volts, amperes] = [self.code.0, self.centivolts, self.centiamperes].map(u16::to_le_bytes);
        let bytes = laid([&self.time.to_le_bytes(), &code, &stored(&self.energies), &volts, &amperes]);
        (self.flags.0, bytes)
    }

    fn from_bytes(note: u8, bytes: &[u8; CONTENT]) -> Option<Self> {
        let mut fields = Fields { bytes };
        Some(Self {
            time: fields.u32(),
            code: Code(fields.u16()),
            energies: fields.energies(),
            centivolts: fields.u16(),
            centiamperes: fields.u16(),
            flags: Flags(note),
        })
    }
}

impl Record for Image {
    const FORMAT: u8 = 1;

    fn to_bytes(&self) -> (u8, [u8; CONTENT]) {
        let [major, minor, patch] = self.version.map(u16::to_le_bytes);
        let (time, length) = (self.time.to_le_bytes(), self.length.to_le_bytes());
        (self.slot, laid([&time, &major, &minor, &patch, &length, &self.digest]))
    }

    fn from_bytes(note: u8, bytes: &[u8; CONTENT]) -> Option<Self> {
        let mut fields = Fields { bytes };
        Some(Self {
            time: fields.u32(),
            version: [fields.u16(), fields.u16(), fields.u16()],
            slot: note,
            length: fields.u32(),
            digest: fields.take(),
        })
    }
}

impl Record for Configuration {
    const FORMAT: u8 = 1;

    fn to_bytes(&self) -> (u8, [u8; CONTENT]) {
        (0, laid([&self.time.to_le_bytes(), &self.version.to_le_bytes(), &self.bytes]))
    }

    fn from_bytes(_: u8, bytes: &[u8; CONTENT]) -> Option<Self> {
        let mut fields = Fields { bytes };
        Some(Self { time: fields.u32(), version: fields.u16(), bytes: fields.take() })
    }
}

impl Record for Constants {
    const FORMAT: u8 = 1;

    fn to_bytes(&self) -> (u8, [u8; CONTENT]) {
        (0, laid([&self.0]))
    }

    fn from_bytes(_: u8, bytes: &[u8; CONTENT]) -> Option<Self> {
        Some(Self(Fields { bytes }.take()))
    }
}
