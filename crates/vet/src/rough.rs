//! Energies in 16 bits: exact below 2,048 Wh, to a thousandth above.

use serde::{Deserialize, Serialize};

/// A whole number of watt-hours, rounded down to eleven binary digits. The order of codes is that of energies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Rough(pub(crate) u16);

/// Binary digits that are kept.
const DIGITS: u32 = 11;
/// The most that has a code: 4.4 million MWh.
const MOST: u64 = (1 << (DIGITS + 31)) - 1;

impl Rough {
    pub(crate) const ZERO: Self = Self(0);

    #[inline]
    pub(crate) fn of(wh: i64) -> Self {
        let wh = (wh.max(0) as u64).min(MOST);
        let drop = (u64::BITS - wh.leading_zeros()).saturating_sub(DIGITS);
        Self((drop << DIGITS) as u16 | (wh >> drop) as u16)
    }

    #[inline]
    pub(crate) fn wh(self) -> i64 {
        i64::from(self.0 & ((1 << DIGITS) - 1)) << (self.0 >> DIGITS)
    }
}
