use crate::{Amperes, Vars, Volts, Watts};
use core::ops::{Add, AddAssign, Neg, Sub};

macro_rules! measured {
    ($($(#[$doc:meta])* $name:ident($inner:ty), $unit:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
        pub struct $name(pub $inner);

        impl $name {
            /// The symbol of one step of the number.
            pub const UNIT: &str = $unit;

            /// The size without its sign.
            pub fn abs(self) -> Self {
                Self(self.0.saturating_abs())
            }
        }

        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self { Self(self.0 + other.0) }
        }
        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) { self.0 += other.0; }
        }
        impl Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self { Self(self.0 - other.0) }
        }
        impl Neg for $name {
            type Output = Self;
            fn neg(self) -> Self { Self(-self.0) }
        }
        impl core::iter::Sum for $name {
            fn sum<I: Iterator<Item = Self>>(all: I) -> Self { Self(all.map(|one| one.0).sum()) }
        }
    )*};
}

measured! {
    /// Voltage in thousandths of a volt.
    Millivolts(i32), "mV";
    /// Current in thousandths of an ampere.
    Milliamperes(i32), "mA";
    /// Active power in thousandths of a watt; negative is export.
    Milliwatts(i64), "mW";
    /// Reactive power in thousandths of a var; positive is lagging.
    Millivars(i64), "mvar";
    /// Frequency in thousandths of a hertz.
    Millihertz(i32), "mHz";
    /// Active energy, as the register of a meter counts it.
    WattHours(i64), "Wh";
    /// Reactive energy.
    VarHours(i64), "varh";
    /// Apparent energy.
    VoltAmpereHours(i64), "VAh";
}

impl From<Millivolts> for Volts {
    fn from(measured: Millivolts) -> Self {
        Self(f64::from(measured.0) / 1000.0)
    }
}

impl From<Milliamperes> for Amperes {
    fn from(measured: Milliamperes) -> Self {
        Self(f64::from(measured.0) / 1000.0)
    }
}

impl From<Milliwatts> for Watts {
    fn from(measured: Milliwatts) -> Self {
        Self(measured.0 as f64 / 1000.0)
    }
}

impl From<Millivars> for Vars {
    fn from(measured: Millivars) -> Self {
        Self(measured.0 as f64 / 1000.0)
    }
}

impl WattHours {
    /// The mean power that gives this energy over so many milliseconds.
    pub fn mean_over(self, ms: i64) -> Watts {
        Watts(self.0 as f64 * 3_600_000.0 / ms as f64)
    }
}
