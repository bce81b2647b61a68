//! Whether a block meets a rule, is clear of it, or cannot be judged.

use crate::Kind;
use meter_core::Measured;

/// What the rules look at: five seconds of measurements, and the meter's switches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Observation {
    /// Of five seconds.
    pub measured: Measured,
    /// The second harmonic of the phase current, in ten-thousandths of the fundamental.
    pub second_harmonic: u16,
    /// The magnet sensor.
    pub magnet: bool,
    /// The cover's switch, which a battery keeps while the power is away.
    pub cover_open: bool,
    /// The terminal cover's switch, likewise.
    pub terminal_cover_open: bool,
    /// Whether the relay should carry current.
    pub relay_closed: bool,
    /// Whether there is voltage on the load side of the relay.
    pub load_side_live: bool,
}

/// Sizes that depend on the meter and on its customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Nominal voltage in millivolts.
    pub nominal_mv: u32,
    /// The largest current in microamperes.
    pub largest_ua: u32,
    /// Whether the customer may export.
    pub exports: bool,
}

/// The outcome of a rule for one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Met,
    Clear,
    Unknown,
}

/// Phase and neutral may be apart by this much at any load. These four numbers and [`Kind::times`] are the defaults of
/// the engine's detector `phase-neutral`.
pub(crate) const APART_FLOOR_UA: u32 = 500_000;
/// Below this current the load is low.
pub(crate) const LOW_LOAD_UA: u32 = 2_000_000;
/// By which part of the larger current they may be apart at low load, and above it: 25 % and 6.25 %.
pub(crate) const APART_PARTS: [u32; 2] = [4, 16];
/// On a phase without voltage; also for the second harmonic.
const DEAD_PHASE_UA: u32 = 2_000_000;
/// For reversed energy and for the power factor.
const SOME_LOAD_UA: u32 = 1_000_000;
/// Ten-thousandths. Half-waves alone have 4,200; a saturated transformer has more than a half of that.
const LOPSIDED: u16 = 2_000;

impl Limits {
    /// What a block says of a kind. `active` is whether its event has occurred: leaving takes a little more than
    /// entering, so that a value at the limit does not fill the log.
    pub(crate) fn judge(&self, kind: Kind, seen: &Observation, active: bool) -> Verdict {
        let measured = &seen.measured;
        let (phase, neutral) = (measured.phase.current.0, measured.neutral.current.0);
        let voltage = measured.voltage.0.max(0) as u64 * 100;
        let volts = |percent: u64| percent * u64::from(self.nominal_mv);
        // 110 % of the largest current begins it, and 100 % ends it.
        let beyond = |current: u32| {
            u64::from(current) * 100 > u64::from(self.largest_ua) * if active { 100 } else { 110 }
        };
        match kind {
            Kind::EarthLoading => mismatch(phase, neutral, active),
            Kind::CurrentBypass => mismatch(neutral, phase, active),
            Kind::CurrentReversed if self.exports => Verdict::Clear,
            Kind::CurrentReversed if phase < SOME_LOAD_UA || voltage < volts(50) => Verdict::Unknown,
            Kind::CurrentReversed => met(measured.phase.active.0 < 0),
            Kind::NeutralMissing if voltage >= volts(50) => Verdict::Clear,
            Kind::NeutralMissing if phase.max(neutral) > DEAD_PHASE_UA => Verdict::Met,
            // Neither voltage nor a load: an outage, as far as can be seen.
            Kind::NeutralMissing => Verdict::Unknown,
            Kind::Magnet => met(seen.magnet),
            Kind::CoverOpen => met(seen.cover_open),
            Kind::TerminalCoverOpen => met(seen.terminal_cover_open),
            Kind::LoadSideVoltage => met(!seen.relay_closed && seen.load_side_live),
            Kind::OverVoltage => met(voltage > volts(if active { 115 } else { 120 })),
            // Below a fifth there is no supply, which is an outage or a missing neutral.
            Kind::LowVoltage if voltage < volts(20) => Verdict::Unknown,
            Kind::LowVoltage => met(voltage < volts(if active { 75 } else { 70 })),
            Kind::OverCurrent => met(beyond(phase)),
            Kind::HighNeutralCurrent => met(beyond(neutral)),
            Kind::VeryLowPowerFactor if phase < SOME_LOAD_UA || voltage < volts(50) => Verdict::Unknown,
            Kind::VeryLowPowerFactor => {
                let factor = measured.phase.power_factor(measured.voltage).0.unsigned_abs();
                met(factor < if active { 5_500 } else { 5_000 })
            }
        }
    }
}

/// Whether a wave is that of a transformer which a magnet saturates on one side.
pub(crate) fn lopsided(seen: &Observation) -> Verdict {
    match seen.measured.phase.current.0 {
        current if current < DEAD_PHASE_UA => Verdict::Unknown,
        _ => met(seen.second_harmonic > LOPSIDED),
    }
}

/// Whether one current is larger than another by more than is allowed. An event ends at three quarters of that.
fn mismatch(larger: u32, smaller: u32, active: bool) -> Verdict {
    let load = larger.max(smaller);
    if load < APART_FLOOR_UA {
        // Nothing can be apart by more, and an event does not end because the load went away.
        return Verdict::Unknown;
    }
    let [low, high] = APART_PARTS;
    let share = load / if load < LOW_LOAD_UA { low } else { high };
    let allowed = share.max(APART_FLOOR_UA);
    met(larger.saturating_sub(smaller) > if active { allowed / 4 * 3 } else { allowed })
}

fn met(holds: bool) -> Verdict {
    if holds { Verdict::Met } else { Verdict::Clear }
}
