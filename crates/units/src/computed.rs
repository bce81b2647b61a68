use core::ops::{Add, Div, Mul, Neg, Sub};

macro_rules! computed {
    ($($(#[$doc:meta])* $name:ident, $unit:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
        pub struct $name(pub f64);

        impl $name {
            /// The symbol that stands behind the number.
            pub const UNIT: &str = $unit;

            /// The size without its sign.
            pub fn abs(self) -> Self {
                Self(if self.0 < 0.0 { -self.0 } else { self.0 })
            }

            /// The larger of the two.
            pub fn max(self, other: Self) -> Self {
                if other.0 > self.0 { other } else { self }
            }
        }

        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self { Self(self.0 + other.0) }
        }
        impl Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self { Self(self.0 - other.0) }
        }
        impl Neg for $name {
            type Output = Self;
            fn neg(self) -> Self { Self(-self.0) }
        }
        impl Mul<f64> for $name {
            type Output = Self;
            fn mul(self, by: f64) -> Self { Self(self.0 * by) }
        }
        impl Div<$name> for $name {
            type Output = Ratio;
            fn div(self, other: Self) -> Ratio { Ratio(self.0 / other.0) }
        }
    )*};
}

computed! {
    /// Voltage.
    Volts, "V";
    /// Current.
    Amperes, "A";
    /// Active power; negative is export.
    Watts, "W";
    /// Reactive power; positive is lagging.
    Vars, "var";
    /// Apparent power.
    VoltAmperes, "VA";
}

/// A share of something: power factor, imbalance against load, load factor. 1 is the whole.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct Ratio(pub f64);

impl Ratio {
    /// As a number out of a hundred, for people.
    pub fn percent(self) -> f64 {
        self.0 * 100.0
    }
}

impl Mul<Amperes> for Volts {
    type Output = VoltAmperes;
    fn mul(self, i: Amperes) -> VoltAmperes {
        VoltAmperes(self.0 * i.0)
    }
}
