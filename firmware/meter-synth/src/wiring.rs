//! What of a load reaches the meter: as it should be, stolen, or innocent and easily taken for theft.

/// How the meter is wired.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Wiring {
    /// As it should be.
    Honest,
    /// Theft: a share of the load returns through earth, past the neutral terminal.
    EarthReturn(f64),
    /// Theft: a wire around the phase terminals carries a share of the load.
    PhaseBypass(f64),
    /// Theft: wires around both terminals carry a share; the meter sees an honest, smaller load.
    BothBypassed(f64),
    /// Theft: no neutral reaches the meter, and the load returns through earth. Also innocent: a loose neutral screw.
    NeutralMissing,
    /// Theft: line and load of the phase are swapped. Also innocent: a mistake of the fitter.
    PhaseReversed,
    /// Theft: a magnet saturates the current transformers, which follow one half-wave up to so many amperes only.
    Magnet(f64),
    /// Innocent: a neighbour's current, in amperes by this load's wave, returns through this neutral.
    SharedNeutral(f64),
    /// Innocent: the fitter swapped phase and neutral, so that voltage and both currents are upside down.
    Swapped,
}

impl Wiring {
    /// What the meter sees of the grid's voltage.
    pub fn voltage(self, grid: f64) -> f64 {
        match self {
            Self::NeutralMissing => 0.0,
            Self::Swapped => -grid,
            _ => grid,
        }
    }

    /// The currents of phase and neutral that a load makes, beside a neighbour's of one ampere.
    pub fn currents(self, load: f64, neighbour: f64) -> [f64; 2] {
        match self {
            Self::Honest => [load, load],
            Self::EarthReturn(share) => [load, load * (1.0 - share)],
            Self::PhaseBypass(share) => [load * (1.0 - share), load],
            Self::BothBypassed(share) => [load * (1.0 - share); 2],
            Self::NeutralMissing => [load, 0.0],
            Self::PhaseReversed => [-load, load],
            Self::Magnet(amperes) => [load.min(amperes); 2],
            Self::SharedNeutral(amperes) => [load, load + amperes * neighbour],
            Self::Swapped => [-load, -load],
        }
    }
}
