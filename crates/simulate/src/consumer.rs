//! One consumer and its meter: the true power in the wires, and what the meter measures and sends.

use crate::Settings;
use crate::faults::{Amiss, Mishap, replacement};
use crate::household::Household;
use crate::meter::{self, Register, ThreePhase, milli, vector_sum};
use crate::network::{Bus, Flow};
use crate::random::{Random, Stream};
use crate::seats::Seat;
use crate::step::Step;
use crate::tamper::{Ct, Seen, Story};
use reading::{MeterId, Phases, RawReading};
use units::Milliwatts;

#[derive(Debug, Clone)]
pub(crate) struct Consumer {
    pub(crate) meter: MeterId,
    pub(crate) household: Household,
    pub(crate) story: Story,
    pub(crate) wiring: Wiring,
    pub(crate) mishap: Option<Mishap>,
    pub(crate) fate: Random,
    ct: Ct,
    /// 0 at the transformer, 1 at the end of the street.
    far: f64,
    imp: Register,
    exp: Option<Register>,
    seq: u64,
    noise: Random,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Wiring {
    /// On this phase.
    Single(usize),
    /// How the load is split over the phases.
    Three([f64; 3]),
}

impl Consumer {
    pub(crate) fn new(settings: &Settings, index: usize, seat: Seat) -> Self {
        let seed = settings.seed;
        let mut random = Random::stream(seed, Stream::Meter, index as u64);
        let story = Story::new(seat.oddity, settings, index);
        let usual = Ct::usual(&mut random);
        let each = settings.consumers_each();
        // Neighbours with joined neutrals are on the same phase.
        let phase = if matches!(story, Story::SharedMore { .. }) { index - 1 } else { index } % 3;
        let split: [f64; 3] = core::array::from_fn(|_| random.between(0.7, 1.3) / 3.0);
        let imp = Register::new(random.whole(1_000_000, 30_000_000));
        let exported = random.whole(0, 3_000_000);
        Self {
            meter: MeterId::new(format!("M{:06}", index + 1)).expect("letters and digits"),
            household: Household::new(seed, index as u64, seat.solar),
            wiring: if seat.three_phase { Wiring::Three(split) } else { Wiring::Single(phase) },
            mishap: seat.misfortune.map(|misfortune| Mishap::new(misfortune, settings, index)),
            fate: Random::stream(seed, Stream::Faults, index as u64),
            ct: if let Story::CtError(ct) = story { ct } else { usual },
            story,
            far: (index % each) as f64 / each as f64,
            imp,
            exp: seat.solar.then(|| Register::new(exported)),
            seq: 0,
            noise: random,
        }
    }

    /// The true power in a step. Steps must be given in their order.
    pub(crate) fn flow(&mut self, step: &Step) -> Flow {
        let load = self.household.load(step);
        let extra = self.story.extra_watts(step);
        let mut flow = Flow::default();
        match self.wiring {
            Wiring::Single(phase) => {
                flow.p[phase] = load.p + extra - load.solar;
                // Pumps and tools: a power factor of 0.95.
                flow.q[phase] = load.q + 0.33 * extra;
            }
            Wiring::Three(split) => {
                // The load moves between phases, as devices are switched on and off.
                let lean = 1.0 + 0.3 * self.household.noise();
                let split = [split[0] * lean, split[1], split[2] / lean];
                let whole: f64 = split.iter().sum();
                // A solar roof on a three-phase supply feeds all phases equally.
                flow.p = split.map(|part| load.p * part / whole - load.solar / 3.0);
                flow.q = split.map(|part| load.q * part / whole);
            }
        }
        flow
    }

    /// Counts the part of a step that has supply, and returns the reading that the meter sends at the end of the
    /// step. For `shared` see [`Story::seen`].
    pub(crate) fn reading(
        &mut self,
        step: &Step,
        supplied_ms: i64,
        bus: &Bus,
        flow: &Flow,
        shared: &mut f64,
    ) -> RawReading {
        self.suffer(step);
        let (mut raw, p_mw) = match self.wiring {
            Wiring::Single(phase) => self.single(step, bus, flow, phase, shared),
            Wiring::Three(_) => self.three(step, bus, flow),
        };
        self.count(p_mw, supplied_ms);
        raw.imp = Some(self.imp.read());
        raw.exp = self.exp.map(|exp| exp.read());
        raw.seq = Some(self.seq);
        self.seq += 1;
        raw.time = self.mishap.and_then(|mishap| mishap.wrong_time(step)).unwrap_or(raw.time);
        raw
    }

    fn suffer(&mut self, step: &Step) {
        match self.mishap {
            Some(Mishap::Reset { step: at }) if at == step.index => {
                self.imp = Register::new(0);
                self.exp = self.exp.map(|_| Register::new(0));
            }
            Some(Mishap::Swap { step: at }) if at == step.index => {
                self.meter = replacement(self.meter);
                // A new meter has counted a little on the test bench.
                self.imp = Register::new(self.noise.whole(0, 5000));
                self.exp = self.exp.map(|_| Register::new(0));
                self.seq = 0;
            }
            // Fifty times what a supply of 5 kW can use.
            Some(Mishap::Spike { step: at }) if at == step.index => {
                self.imp.count(250_000_000, step.length);
            }
            _ => {}
        }
    }

    /// The reading to send, and the power that the registers count.
    fn single(
        &mut self,
        step: &Step,
        bus: &Bus,
        flow: &Flow,
        phase: usize,
        shared: &mut f64,
    ) -> (RawReading, i64) {
        let (p, q) = (flow.p[phase], flow.q[phase]);
        let volts = bus.at(phase, self.far);
        let i = (p * p + q * q).sqrt() / volts;
        let seen = self.story.seen(step, volts, Seen { p, q, phase: i, neutral: i }, shared);
        let amiss = self.mishap.and_then(|mishap| mishap.amiss(step));
        let seen = amiss.map_or(seen, |amiss| mistaken(seen, volts, amiss));
        let p_mw = milli(seen.p);
        // A meter with exchanged wires counts forward, too.
        let counted = if matches!(self.story, Story::SwappedWires) { -p_mw } else { p_mw };
        let mut raw = RawReading::new(self.meter, step.end);
        raw.v = Some(Phases::One(meter::volts(volts)));
        raw.i = Some(Phases::One(meter::amperes(seen.phase)));
        raw.neutral = Some(meter::amperes(self.ct.read(seen.neutral, &mut self.noise)));
        raw.p = Some(Phases::One(match amiss {
            Some(Amiss::Unit) => Milliwatts(meter::watts(p_mw).0 / 1000),
            _ => meter::watts(p_mw),
        }));
        raw.q = Some(Phases::One(meter::vars(seen.q)));
        (raw, counted)
    }

    fn three(&mut self, step: &Step, bus: &Bus, flow: &Flow) -> (RawReading, i64) {
        let v: [f64; 3] = core::array::from_fn(|phase| bus.at(phase, self.far));
        let i = core::array::from_fn(|phase| {
            let (p, q) = (flow.p[phase], flow.q[phase]);
            (p * p + q * q).sqrt() / v[phase]
        });
        let p_mw = flow.p.map(milli);
        let neutral = self.ct.read(vector_sum(i), &mut self.noise);
        let three = ThreePhase { v, i, neutral, p_mw, q: flow.q };
        (three.reading(self.meter, step.end), p_mw.iter().sum())
    }

    fn count(&mut self, mw: i64, ms: i64) {
        self.imp.count(mw, ms);
        if let Some(exp) = &mut self.exp {
            exp.count(-mw, ms);
        }
    }
}

/// What a defective element measures instead of the true values.
fn mistaken(seen: Seen, volts: f64, amiss: Amiss) -> Seen {
    match amiss {
        Amiss::Stuck { mw } => {
            let p = mw as f64 / 1000.0;
            Seen { p, q: 0.0, phase: p / volts, neutral: p / volts }
        }
        Amiss::Dead => Seen { p: 0.0, q: 0.0, phase: 0.0, neutral: 0.0 },
        Amiss::Unit => seen,
        Amiss::CtTenth => Seen { phase: seen.phase / 10.0, neutral: seen.neutral / 10.0, ..seen },
    }
}
