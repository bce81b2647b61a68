//! Why a log cannot be used.

use core::fmt;

/// Why an operation failed. What was acknowledged before is still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error<E> {
    /// The driver's own failure. The record may be tried again.
    Flash(E),
    /// A sector does not erase or does not take a record any more.
    Worn {
        /// Counted from the begin of the flash.
        sector: u32,
    },
    /// No energy was ever stored here: [`crate::Log::format`] prepares a new meter.
    NotFormatted,
    /// A sector belongs to a log with another layout, or to something else.
    OtherLayout {
        /// Counted from the begin of the flash.
        sector: u32,
    },
    /// The newest record was written by firmware that knows more formats.
    OtherFormat {
        /// Of the record.
        format: u8,
    },
    /// The flash is smaller than the layout.
    TooSmall {
        /// The sectors of the layout.
        needed: u32,
        /// The sectors of the flash.
        has: u32,
    },
}

impl<E> From<E> for Error<E> {
    fn from(cause: E) -> Self {
        Self::Flash(cause)
    }
}

impl<E: fmt::Debug> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flash(cause) => write!(f, "flash driver failed: {cause:?}"),
            Self::Worn { sector } => write!(f, "sector {sector} is worn out: replace the flash"),
            Self::NotFormatted => write!(f, "flash holds no log: format it, if the meter is new"),
            Self::OtherLayout { sector } => write!(f, "sector {sector} belongs to a log of another layout"),
            Self::OtherFormat { format } => {
                write!(f, "newest record has format {format}: install the firmware that wrote it, or newer")
            }
            Self::TooSmall { needed, has } => write!(f, "log needs {needed} sectors, flash has {has}"),
        }
    }
}

impl<E: fmt::Debug> core::error::Error for Error<E> {}
