//! Voltages and currents as complex numbers, with `+ - * /` alone, so that every machine agrees.

use core::ops::{Add, AddAssign, Mul, Sub};

#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Phasor {
    pub(crate) re: f64,
    pub(crate) im: f64,
}

/// Half the root of three: the sine of 120 degrees.
const HALF_ROOT: f64 = 0.866_025_403_784_438_6;

/// The directions of phases a, b and c.
pub(crate) const PHASES: [Phasor; 3] =
    [Phasor::new(1.0, 0.0), Phasor::new(-0.5, -HALF_ROOT), Phasor::new(-0.5, HALF_ROOT)];

impl Phasor {
    pub(crate) const ZERO: Self = Self::new(0.0, 0.0);

    pub(crate) const fn new(re: f64, im: f64) -> Self {
        Self { re, im }
    }

    pub(crate) fn conj(self) -> Self {
        Self::new(self.re, -self.im)
    }

    /// The square of its length.
    pub(crate) fn squared(self) -> f64 {
        self.re * self.re + self.im * self.im
    }

    pub(crate) fn length(self) -> f64 {
        self.squared().sqrt()
    }

    /// The power of this voltage and a current: W and var.
    pub(crate) fn power(self, current: Self) -> Self {
        self * current.conj()
    }
}

impl Add for Phasor {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::new(self.re + other.re, self.im + other.im)
    }
}

impl AddAssign for Phasor {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Phasor {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self::new(self.re - other.re, self.im - other.im)
    }
}

impl Mul for Phasor {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Self::new(self.re * other.re - self.im * other.im, self.re * other.im + self.im * other.re)
    }
}

impl Mul<f64> for Phasor {
    type Output = Self;

    fn mul(self, by: f64) -> Self {
        Self::new(self.re * by, self.im * by)
    }
}

/// The sum of some phasors, in their order.
pub(crate) fn sum(phasors: &[Phasor]) -> Phasor {
    phasors.iter().fold(Phasor::ZERO, |sum, one| sum + *one)
}
