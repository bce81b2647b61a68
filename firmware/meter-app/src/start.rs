//! What a meter has to have before it starts.

use crate::commands::shorter;
use crate::settings::Settings;
use core::fmt;
use embedded_storage::nor_flash::{ErrorType, MultiwriteNorFlash};
use meter_core::{Calibration, Unusable};
use meter_log::{Constants, Error, Layout, Log, Shelf};
use meter_wire::message::{Key, Title};
use meter_wire::{FRAME, Name, Reading, Trust, enrol};

/// What a meter is, and whom it believes: given with the firmware and by the factory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// In readings.
    pub name: Name,
    /// On the line.
    pub title: Title,
    /// On Modbus, 1 to 247.
    pub address: u8,
    /// The utility and the maker.
    pub trust: Trust,
}

impl Identity {
    /// Whether a reading fits into a frame with this name.
    pub(crate) fn check_name(&self) -> Option<()> {
        let [.., shortest] = shorter(LARGEST);
        shortest.to_frame(&self.name, &mut [0; FRAME]).ok().map(|_| ())
    }
}

/// Why a meter does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotStarted<E> {
    /// The log failed.
    Log(Error<E>),
    /// It was never calibrated.
    NotCalibrated,
    /// Its constants cannot be used.
    Calibration(Unusable),
    /// Nobody set anything, or a firmware did whose settings this one does not know.
    NotConfigured,
    /// The address on Modbus is reserved.
    Address(u8),
    /// With this name a reading is longer than a frame.
    Name,
}

impl<E: fmt::Debug> fmt::Display for NotStarted<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log(cause) => write!(f, "log failed: {cause}"),
            Self::NotCalibrated => f.write_str("meter has no calibration: calibrate it"),
            Self::Calibration(cause) => write!(f, "calibration cannot be used: {cause:?}; calibrate it anew"),
            Self::NotConfigured => {
                f.write_str("meter has no settings that this firmware knows: configure it")
            }
            Self::Address(address) => write!(f, "Modbus address {address} is not from 1 to 247"),
            Self::Name => f.write_str("name is too long for a frame: give it at most 13 of A-Z, 0-9, . _ -"),
        }
    }
}

impl<E: fmt::Debug> core::error::Error for NotStarted<E> {}

impl<E> From<Error<E>> for NotStarted<E> {
    fn from(cause: Error<E>) -> Self {
        Self::Log(cause)
    }
}

/// What a factory does once. Whatever is in the flash is erased.
pub fn prepare<F: MultiwriteNorFlash>(
    flash: F,
    layout: &Layout,
    calibration: &Calibration,
    settings: &Settings,
    (generation, key): (u16, Key),
) -> Result<Log<F>, Error<<F as ErrorType>::Error>> {
    let mut log = Log::format(flash, layout)?;
    log.append(Shelf::Calibration, &Constants::from(calibration))?;
    log.append(Shelf::Configuration, &settings.to_record(0))?;
    enrol(&mut log, generation, key)?;
    Ok(log)
}

/// What a large consumer has after twenty years, during an event.
const LARGEST: Reading = Reading {
    time: u32::MAX,
    import: 999_999_999,
    export: 99_999_999,
    millivolts: Some(276_543),
    milliamperes: Some(123_456),
    neutral: Some(-123_456),
    milliwatts: Some(-23_456_789),
    millivars: Some(-23_456_789),
    millihertz: Some(50_000),
    load_millivolts: Some(276_543),
    sequence: 150_000_000,
    events: [407, 0, 0, 0],
    relay: Some(true),
};
