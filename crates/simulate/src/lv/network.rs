//! The lines of one transformer: a load flow by sweeps along radial lines with four wires.
//!
//! A sweep asks every tap for its current at its present voltage, adds the currents up to the transformer, and carries
//! the voltages back down. Whatever the number of sweeps, the voltages that come out belong to the currents that come
//! out (Kirchhoff), so energy is conserved exactly: supply is what taps take and what wires lose.

use super::phasor::{PHASES, Phasor, sum};

/// Sweeps start at the voltages of the step before, which are near: three leave an error below a watt.
const SWEEPS: usize = 3;
/// 400 V three-phase network (IEC 60038).
pub(crate) const NOMINAL: f64 = 230.0;
/// How much of a load draws like a resistance; the rest draws the same power at any voltage.
const LIKE_RESISTANCE: f64 = 0.4;
/// What earth rods along a broken neutral conduct together, in siemens: some rods of 20 to 30 ohms.
const RODS: f64 = 0.2;

/// Where a consumer, or a hook, takes its power.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tap {
    pub(crate) pole: usize,
    /// The phase of a single-phase tap; none of a three-phase one.
    pub(crate) phase: Option<usize>,
    /// Each wire of the service cable, ohms.
    pub(crate) service: Phasor,
    /// How much of the returning current takes the neutral; the rest takes the earth.
    pub(crate) by_neutral: f64,
    /// The house's own earth, in ohms, if everything returns through it.
    pub(crate) earth_ohms: f64,
    /// What it would draw at the nominal voltage, W and var, by phase.
    pub(crate) wants: [Phasor; 3],
    /// Phase to neutral at the meter, V.
    pub(crate) u: [Phasor; 3],
    /// The currents, A.
    pub(crate) i: [Phasor; 3],
}

impl Tap {
    pub(crate) fn new(pole: usize, phase: Option<usize>, service_ohms: f64) -> Self {
        Self {
            pole,
            phase,
            service: Phasor::new(service_ohms, 0.03 * service_ohms),
            by_neutral: 1.0,
            u: PHASES.map(|direction| direction * NOMINAL),
            ..Self::default()
        }
    }

    fn phases(&self) -> core::ops::Range<usize> {
        self.phase.map_or(0..3, |phase| phase..phase + 1)
    }

    /// The returning current, through neutral and earth together.
    pub(crate) fn returning(&self) -> Phasor {
        sum(&self.i[self.phases()])
    }

    /// The power it takes, W and var, by phase.
    pub(crate) fn takes(&self) -> [Phasor; 3] {
        core::array::from_fn(|phase| self.u[phase].power(self.i[phase]))
    }

    fn draw(&mut self, like_resistance: f64) {
        for phase in self.phases() {
            // A stalled network draws no endless current.
            let squared = self.u[phase].squared().max(50.0 * 50.0);
            let resistance = like_resistance * squared / (NOMINAL * NOMINAL);
            let power = self.wants[phase] * (1.0 - like_resistance + resistance);
            self.i[phase] = power.conj() * self.u[phase] * (1.0 / squared);
        }
    }

    /// The potential of the house's neutral against earth.
    fn neutral(&self, pole: &Pole) -> Phasor {
        let returning = self.returning();
        match self.earth_ohms > 0.0 {
            true => returning * self.earth_ohms,
            false => pole.neutral + self.service * returning * self.by_neutral,
        }
    }

    fn settle(&mut self, pole: &Pole) {
        let neutral = self.neutral(pole);
        for phase in self.phases() {
            self.u[phase] = pole.v[phase] - self.service * self.i[phase] - neutral;
        }
    }

    /// What its service cable and the earth take, W.
    fn lost(&self, pole: &Pole) -> f64 {
        let returning = self.returning();
        let wires: f64 = self.i[self.phases()].iter().map(|i| i.squared()).sum();
        let neutral = returning.squared() * self.by_neutral * self.by_neutral;
        let cable = match self.earth_ohms > 0.0 {
            true => wires * self.service.re,
            false => (wires + neutral) * self.service.re,
        };
        cable + self.neutral(pole).power(returning * (1.0 - self.by_neutral)).re
    }
}

/// A pole and the span that leads to it.
#[derive(Debug, Clone)]
pub(crate) struct Pole {
    /// The pole before; none if the span starts at the transformer.
    before: Option<usize>,
    line: Phasor,
    line_neutral: Phasor,
    pub(crate) v: [Phasor; 3],
    pub(crate) neutral: Phasor,
    i: [Phasor; 3],
    back: Phasor,
}

/// What flows at the transformer, and what is lost behind it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Supply {
    /// The currents of the phases, A.
    pub(crate) i: [Phasor; 3],
    /// What lines, service cables and earth take, W.
    pub(crate) lost: f64,
}

#[derive(Debug, Clone)]
pub(crate) struct Network {
    pub(crate) poles: Vec<Pole>,
    /// The transformer itself, ohms.
    pub(crate) transformer: Phasor,
    /// The pole before which the neutral is broken.
    pub(crate) broken: Option<usize>,
    /// Where each line ends.
    lines: Vec<usize>,
}

impl Network {
    /// Lines of so many poles each, with spans of these ohms.
    pub(crate) fn new(lines: &[usize], transformer: Phasor, span: Phasor) -> Self {
        let mut poles = Vec::new();
        let mut ends = Vec::new();
        for &length in lines {
            for place in 0..length {
                poles.push(Pole {
                    before: (place > 0).then(|| poles.len() - 1),
                    line: span,
                    // The neutral is thinner: 54.6 mm2 beside 70 mm2 of phase (EN 50182 cables).
                    line_neutral: Phasor::new(1.4 * span.re, span.im),
                    v: PHASES.map(|direction| direction * NOMINAL),
                    neutral: Phasor::ZERO,
                    i: [Phasor::ZERO; 3],
                    back: Phasor::ZERO,
                });
            }
            ends.push(poles.len());
        }
        Self { poles, transformer, broken: None, lines: ends }
    }

    /// This pole and those of its line behind it.
    pub(crate) fn behind(&self, pole: usize) -> core::ops::Range<usize> {
        let end = self.lines.iter().copied().find(|end| *end > pole);
        pole..end.unwrap_or(pole)
    }

    /// Finds voltages and currents of all taps, with these voltages before the transformer.
    pub(crate) fn solve(&mut self, source: [Phasor; 3], taps: &mut [Tap]) -> Supply {
        let floating = self.broken.map_or(0..0, |pole| self.behind(pole));
        let mut supply = Supply::default();
        for _ in 0..SWEEPS {
            let mut admittance = RODS;
            for tap in taps.iter_mut() {
                if floating.contains(&tap.pole) {
                    // Only resistances find their voltages by themselves on a floating neutral.
                    tap.draw(1.0);
                    let watts: f64 = tap.wants.iter().map(|wants| wants.re.abs()).sum();
                    admittance += watts / (NOMINAL * NOMINAL);
                } else {
                    tap.draw(LIKE_RESISTANCE);
                }
            }
            supply.i = self.gather(taps);
            self.spread(core::array::from_fn(|p| source[p] - self.transformer * supply.i[p]), admittance);
            for tap in taps.iter_mut() {
                tap.settle(&self.poles[tap.pole]);
            }
        }
        supply.lost = self.lost(taps);
        supply
    }

    /// Adds the currents of all taps up to the transformer.
    fn gather(&mut self, taps: &[Tap]) -> [Phasor; 3] {
        for pole in &mut self.poles {
            (pole.i, pole.back) = ([Phasor::ZERO; 3], Phasor::ZERO);
        }
        for tap in taps {
            let pole = &mut self.poles[tap.pole];
            for phase in tap.phases() {
                pole.i[phase] += tap.i[phase];
            }
            pole.back += tap.returning() * tap.by_neutral;
        }
        let mut all = [Phasor::ZERO; 3];
        for at in (0..self.poles.len()).rev() {
            let (i, back) = (self.poles[at].i, self.poles[at].back);
            let Some(before) = self.poles[at].before else {
                all = core::array::from_fn(|phase| all[phase] + i[phase]);
                continue;
            };
            let pole = &mut self.poles[before];
            pole.i = core::array::from_fn(|phase| pole.i[phase] + i[phase]);
            if self.broken != Some(at) {
                pole.back += back;
            }
        }
        all
    }

    /// Carries voltages from the transformer to the last pole.
    fn spread(&mut self, bus: [Phasor; 3], admittance: f64) {
        for at in 0..self.poles.len() {
            let before =
                self.poles[at].before.map(|before| (self.poles[before].v, self.poles[before].neutral));
            // The star point of the transformer is earthed.
            let (v, neutral) = before.unwrap_or((bus, Phasor::ZERO));
            let is_broken = self.broken == Some(at);
            let pole = &mut self.poles[at];
            pole.v = core::array::from_fn(|phase| v[phase] - pole.line * pole.i[phase]);
            pole.neutral = match is_broken {
                // The neutral floats to where its rods carry what comes back. The sum of the houses' admittances makes
                // the next sweep meet it (Norton).
                true => (pole.back + pole.neutral * (admittance - RODS)) * (1.0 / admittance),
                false => neutral + pole.line_neutral * pole.back,
            };
        }
    }

    fn lost(&self, taps: &[Tap]) -> f64 {
        let of_span = |(at, pole): (usize, &Pole)| {
            let wires: f64 = pole.i.iter().map(|i| i.squared()).sum();
            let neutral = match self.broken == Some(at) {
                // What comes back to the break goes into the earth there.
                true => pole.neutral.power(pole.back).re,
                false => pole.line_neutral.re * pole.back.squared(),
            };
            wires * pole.line.re + neutral
        };
        let spans: f64 = self.poles.iter().enumerate().map(of_span).sum();
        spans + taps.iter().map(|tap| tap.lost(&self.poles[tap.pole])).sum::<f64>()
    }
}

#[cfg(test)]
mod tests;
