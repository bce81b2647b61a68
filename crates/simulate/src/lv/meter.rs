//! A meter: what its elements see, the errors of its class, its registers, and the reading that it sends.

use crate::meter::{Register, amperes, milli, vars, vector_sum, volts, watts};
use crate::random::Random;
use crate::tamper::Ct;
use reading::{EventTime, MeterId, Phases, RawReading};

/// What reaches the elements of a meter in one step. A single-phase meter has only the first phase.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Seen {
    /// 1 or 3.
    pub(crate) phases: usize,
    pub(crate) v: [f64; 3],
    pub(crate) i: [f64; 3],
    pub(crate) neutral: f64,
    pub(crate) p: [f64; 3],
    pub(crate) q: [f64; 3],
    /// The voltage behind the relay.
    pub(crate) v_load: f64,
    /// Whether the relay is on.
    pub(crate) relay: bool,
    /// Whether registers count backward power forward, too.
    pub(crate) forward: bool,
    pub(crate) magnet: bool,
    pub(crate) cover: bool,
}

impl Seen {
    /// Takes a share of the current past the element that counts, and one past the neutral's.
    pub(crate) fn element(&mut self, share: f64, of_neutral: f64) {
        self.power(share);
        self.i = self.i.map(|i| i * (1.0 - share));
        self.neutral *= 1.0 - of_neutral;
    }

    /// Takes a share off the power alone.
    pub(crate) fn power(&mut self, share: f64) {
        self.p = self.p.map(|p| p * (1.0 - share));
        self.q = self.q.map(|q| q * (1.0 - share));
    }

    pub(crate) fn watts(&self) -> f64 {
        self.p.iter().sum()
    }
}

/// What the elements measure in place of the truth.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Class {
    /// Class 1 (IS 13779): a percent at most.
    gain: f64,
    /// What it errs more at a twentieth of an ampere.
    low_load: f64,
    neutral: Ct,
    /// Below it nothing is counted, A.
    starts_at: f64,
}

impl Class {
    /// One meter of a good batch: half of its class.
    pub(crate) fn usual(random: &mut Random) -> Self {
        Self {
            gain: 0.005 * random.noise(),
            low_load: 0.03 * random.noise(),
            neutral: Ct::usual(random),
            starts_at: random.between(0.008, 0.02),
        }
    }

    /// One at which the elements differ much at small currents.
    pub(crate) fn poor_at_low_load(random: &mut Random) -> Self {
        let sign = if random.chance(0.5) { 1.0 } else { -1.0 };
        let neutral =
            Ct { gain: 0.015 * random.noise(), offset: sign * random.between(0.05, 0.25), noise: 0.01 };
        Self { low_load: 0.06 * random.noise(), neutral, ..Self::usual(random) }
    }

    /// One of class 0.5, for transformers.
    pub(crate) fn half(random: &mut Random) -> Self {
        let neutral = Ct { gain: 0.005 * random.noise(), offset: 0.0, noise: 0.001 };
        Self { gain: 0.002 * random.noise(), low_load: 0.0, neutral, starts_at: 0.0 }
    }

    pub(crate) fn exact() -> Self {
        let neutral = Ct { gain: 0.0, offset: 0.0, noise: 0.0 };
        Self { gain: 0.0, low_load: 0.0, neutral, starts_at: 0.0 }
    }

    /// The same with another error.
    pub(crate) fn with_gain(self, gain: f64) -> Self {
        Self { gain: (1.0 + self.gain) * (1.0 + gain) - 1.0, ..self }
    }

    /// What the elements measure.
    pub(crate) fn measure(&self, seen: &Seen, random: &mut Random) -> Seen {
        let mut measured = *seen;
        for phase in 0..seen.phases {
            let i = seen.i[phase];
            let factor = match i < self.starts_at {
                true => 0.0,
                false => 1.0 + self.gain + self.low_load * 0.05 / (i + 0.05),
            };
            measured.i[phase] = i * factor;
            measured.p[phase] = seen.p[phase] * factor;
            measured.q[phase] = seen.q[phase] * factor;
        }
        measured.neutral = self.neutral.read(seen.neutral, random);
        measured
    }
}

/// The registers of a meter.
#[derive(Debug, Clone)]
pub(crate) struct Registers {
    pub(crate) imp: Register,
    pub(crate) exp: Option<Register>,
    pub(crate) seq: u64,
}

impl Registers {
    pub(crate) fn new(imp: i64, exp: Option<i64>) -> Self {
        Self { imp: Register::new(imp), exp: exp.map(Register::new), seq: 0 }
    }

    /// The power that registers count of a measured one, W: import less export.
    pub(crate) fn counted(&self, seen: &Seen) -> f64 {
        let watts = seen.watts();
        match seen.forward {
            true => watts.abs(),
            false if self.exp.is_none() => watts.max(0.0),
            false => watts,
        }
    }

    /// Counts a measured power for so long.
    pub(crate) fn count(&mut self, seen: &Seen, ms: i64) {
        let mw = milli(self.counted(seen));
        self.imp.count(mw, ms);
        if let Some(exp) = &mut self.exp {
            exp.count(-mw, ms);
        }
    }

    /// The reading at the end of a step.
    pub(crate) fn reading(&mut self, meter: MeterId, time: EventTime, seen: &Seen) -> RawReading {
        let mut raw = RawReading::new(meter, time);
        if seen.phases == 1 {
            raw.v = Some(Phases::One(volts(seen.v[0])));
            raw.i = Some(Phases::One(amperes(seen.i[0])));
            raw.p = Some(Phases::One(watts(milli(seen.p[0]))));
            raw.q = Some(Phases::One(vars(seen.q[0])));
        } else {
            raw.v = Some(Phases::Three(seen.v.map(volts)));
            raw.i = Some(Phases::Three(seen.i.map(amperes)));
            raw.p = Some(Phases::Three(seen.p.map(|p| watts(milli(p)))));
            raw.q = Some(Phases::Three(seen.q.map(vars)));
        }
        raw.neutral = Some(amperes(seen.neutral));
        raw.imp = Some(self.imp.read());
        raw.exp = self.exp.map(|exp| exp.read());
        raw.seq = Some(self.seq);
        self.seq += 1;
        raw
    }
}

/// How far the neutral is from the vector sum of the phases, A.
pub(crate) fn residual(seen: &Seen) -> f64 {
    match seen.phases {
        1 => (seen.i[0] - seen.neutral).abs(),
        _ => (vector_sum(seen.i) - seen.neutral).abs(),
    }
}
