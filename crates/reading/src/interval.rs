//! What the fleet knows of one meter in one interval: whole numbers, nothing divided yet.

use crate::{EventTime, MeterId, Reading};
use units::{Milliamperes, Millivolts, WattHours};

/// How an interval's energy came about, as a set of flags. No flag means: measured from register to register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct Quality(pub u32);

impl Quality {
    /// Register to register, whole.
    pub const MEASURED: Self = Self(0);
    /// Some of the energy is estimated, because a register reading at an edge is missing.
    pub const ESTIMATED: Self = Self(1);
    /// The energy covers only a part of the interval, the meter's first or last, or is not known at all.
    pub const PARTIAL: Self = Self(2);
    /// No reading at all in the interval.
    pub const GAP: Self = Self(4);
    /// Energy from instantaneous power: the meter sends no register.
    pub const POWER: Self = Self(8);
    /// A register reset inside.
    pub const RESET: Self = Self(16);
    /// A register rolled over inside.
    pub const ROLLOVER: Self = Self(32);
    /// The device was exchanged inside.
    pub const SWAP: Self = Self(64);
    /// Registers and power disagree.
    pub const DISAGREES: Self = Self(128);
    /// A register fell, or rose by more than any use explains, and went on from there. That move is not counted.
    pub const SUSPECT: Self = Self(256);
    /// Nothing imported for long.
    pub const ZERO_RUN: Self = Self(1 << 9);
    /// The same energy for long.
    pub const FLAT: Self = Self(1 << 10);
    /// Far more energy than any other interval of the last weeks. If a register counted it, it was used; a profile
    /// learns nothing from it.
    pub const SPIKE: Self = Self(1 << 11);
    /// The day that ends here used far more than is usual.
    pub const HIGH: Self = Self(1 << 12);
    /// The day that ends here used far less than is usual.
    pub const LOW: Self = Self(1 << 13);
    /// Power is negative (export), and no register counts it.
    pub const REVERSE: Self = Self(1 << 14);
    /// Registers and power are a factor of a thousand apart.
    pub const UNIT: Self = Self(1 << 15);
    /// Power, voltage and current do not fit together.
    pub const POWER_FACTOR: Self = Self(1 << 16);
    /// A register reading at an edge is missing, but others are near: no more than an interval and a half apart. The
    /// energy at the edge lies on the line between them.
    pub const INTERPOLATED: Self = Self(1 << 17);
    /// A garbled register was passed over: the register went on from the reading before it. The energy between the
    /// two readings that fit counts.
    pub const GARBLED: Self = Self(1 << 18);

    /// The flags of how the energy came about. The others come from a comparison with other energy.
    const ORIGIN: u32 = ((1 << 9) - 1) | Self::INTERPOLATED.0 | Self::GARBLED.0;
    /// With any of these flags, the energy was not measured over all of the interval.
    const FLAWS: u32 =
        Self::ESTIMATED.0 | Self::PARTIAL.0 | Self::GAP.0 | Self::RESET.0 | Self::SWAP.0 | Self::SUSPECT.0;

    const NAMES: [(Self, &'static str); 19] = [
        (Self::ESTIMATED, "estimated"),
        (Self::INTERPOLATED, "interpolated"),
        (Self::PARTIAL, "partial"),
        (Self::GAP, "gap"),
        (Self::POWER, "power"),
        (Self::RESET, "reset"),
        (Self::ROLLOVER, "rollover"),
        (Self::SWAP, "swap"),
        (Self::DISAGREES, "disagrees"),
        (Self::SUSPECT, "suspect"),
        (Self::GARBLED, "garbled"),
        (Self::ZERO_RUN, "zero-run"),
        (Self::FLAT, "flat"),
        (Self::SPIKE, "spike"),
        (Self::HIGH, "high"),
        (Self::LOW, "low"),
        (Self::REVERSE, "reverse"),
        (Self::UNIT, "unit"),
        (Self::POWER_FACTOR, "power-factor"),
    ];

    /// These flags and those of `other`.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Only the flags of how the energy came about, without those from a comparison with other energy.
    #[must_use]
    pub fn origin(self) -> Self {
        Self(self.0 & Self::ORIGIN)
    }

    /// Whether the energy was measured over all of the interval and is believed. Only such energy enters peaks.
    #[inline]
    pub fn is_whole(self) -> bool {
        self.0 & Self::FLAWS == 0 && !self.is_spike_of_power()
    }

    /// Whether the energy is whole and usual enough for a profile to learn from it.
    #[inline]
    pub fn is_typical(self) -> bool {
        self.0 & (Self::FLAWS | Self::SPIKE.0) == 0
    }

    /// Whether some of the energy was spread over the time between two readings, however near they are.
    #[inline]
    pub fn is_spread(self) -> bool {
        self.0 & (Self::ESTIMATED.0 | Self::INTERPOLATED.0) != 0
    }

    /// Whether the energy is not believed: a register contradicts itself, or only instantaneous power shows a spike.
    #[inline]
    pub fn is_rejected(self) -> bool {
        self.has(Self::SUSPECT) || self.is_spike_of_power()
    }

    /// A spike that no register confirms.
    #[inline]
    fn is_spike_of_power(self) -> bool {
        self.has(Self(Self::SPIKE.0 | Self::POWER.0))
    }

    /// Whether all flags of `other` are set.
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// `measured`, or the names of the flags, joined by commas.
impl core::fmt::Display for Quality {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if *self == Self::MEASURED {
            return f.write_str("measured");
        }
        let mut first = true;
        for (flag, name) in Self::NAMES {
            if self.has(flag) {
                f.write_str(if first { "" } else { "," })?;
                f.write_str(name)?;
                first = false;
            }
        }
        Ok(())
    }
}

/// Sums over the readings of one meter in one interval. Adding is commutative to the bit, because all of them are whole
/// numbers: readings in any order of arrival give the same sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Sums {
    /// Sum of active power, mW.
    pub p: i64,
    /// The highest active power of a reading, mW.
    pub p_max: i64,
    /// Sum of reactive power, mvar.
    pub q: i64,
    /// Sum of phase current, mA.
    pub i: u32,
    /// Sum of neutral current over the readings that have both, mA.
    pub neutral: u32,
    /// Sum of |phase - neutral|, mA.
    pub imbalance: u32,
    /// The largest |phase - neutral|, mA.
    pub imbalance_max: u32,
    /// The lowest phase voltage, mV; `i32::MAX` when there is none.
    pub v_min: i32,
    /// The highest phase voltage, mV; `i32::MIN` when there is none.
    pub v_max: i32,
    /// How many readings.
    pub readings: u16,
    /// How many of them carry active power.
    pub p_count: u16,
    /// How many carry active and reactive power.
    pub q_count: u16,
    /// How many carry phase current.
    pub i_count: u16,
    /// How many carry phase and neutral current of a single phase.
    pub loop_count: u16,
    /// How many are of three phases.
    pub three_count: u16,
    /// The largest unbalance of those: highest less lowest phase voltage over the mean of the two, in 1/10,000, plus
    /// one. Zero if it is not known, and so one stands for no unbalance.
    pub unbalance: u16,
}

impl Sums {
    /// Nothing added yet.
    pub const EMPTY: Self = Self {
        p: 0,
        p_max: i64::MIN,
        q: 0,
        i: 0,
        neutral: 0,
        imbalance: 0,
        imbalance_max: 0,
        v_min: i32::MAX,
        v_max: i32::MIN,
        readings: 0,
        p_count: 0,
        q_count: 0,
        i_count: 0,
        loop_count: 0,
        three_count: 0,
        unbalance: 0,
    };

    /// The most readings of one interval for which no sum can overflow: 1024 times 4,194 A is under 2^32 mA.
    pub const MOST_READINGS: u16 = 1024;
    /// The largest current that goes with [`Self::MOST_READINGS`].
    pub const MOST_CURRENT: Milliamperes = Milliamperes(4_194_000);

    /// Adds a reading.
    #[inline]
    pub fn add(&mut self, reading: &Reading) {
        self.readings += 1;
        if let Some(p) = reading.p() {
            self.p += p.0;
            self.p_max = self.p_max.max(p.0);
            self.p_count += 1;
            // Only beside active power: a power factor needs both of one moment.
            if let Some(q) = reading.q() {
                self.q += q.0;
                self.q_count += 1;
            }
        }
        if let Some((min, max)) = reading.v() {
            self.v_min = self.v_min.min(min.0);
            self.v_max = self.v_max.max(max.0);
        }
        if reading.is_three_phase() {
            self.three_count += 1;
            if let Some((min, max)) = reading.v_of_several() {
                let (apart, both) = (i64::from(max.0 - min.0), i64::from(max.0) + i64::from(min.0));
                let share = (apart * 20_000 + both / 2) / both.max(1);
                self.unbalance = self.unbalance.max(1 + share as u16);
            }
        }
        if let Some(i) = reading.i() {
            self.i += i.0 as u32;
            self.i_count += 1;
        }
        if let Some((phase, neutral)) = reading.loop_currents() {
            let apart = (phase - neutral).abs().0 as u32;
            self.neutral += neutral.0 as u32;
            self.imbalance += apart;
            self.imbalance_max = self.imbalance_max.max(apart);
            self.loop_count += 1;
        }
    }

    /// The lowest and highest phase voltage seen.
    pub fn v(&self) -> Option<(Millivolts, Millivolts)> {
        (self.v_min <= self.v_max).then_some((Millivolts(self.v_min), Millivolts(self.v_max)))
    }
}

/// One meter in one interval `(start, end]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// The meter.
    pub meter: MeterId,
    /// When it starts; a reading of that moment belongs to the interval before.
    pub start: EventTime,
    /// When it ends; a reading of that moment belongs to this interval.
    pub end: EventTime,
    /// Imported energy, where it is known.
    pub imp: Option<WattHours>,
    /// Exported energy, where it is known.
    pub exp: Option<WattHours>,
    /// Sums over the readings.
    pub sums: Sums,
    /// How the energy came about.
    pub quality: Quality,
    /// What the meter usually imports in such an interval, if its energy is estimated or not believed and its profile
    /// knows.
    pub instead: Option<WattHours>,
}

impl Interval {
    /// The imported energy to bill: as registered, or the estimate in its place where that is not believed.
    #[inline]
    pub fn valid(&self) -> Option<WattHours> {
        if self.quality.is_rejected() { self.instead } else { self.imp }
    }

    /// Milliseconds from start to end.
    pub fn length(&self) -> i64 {
        self.end.since(self.start)
    }
}
