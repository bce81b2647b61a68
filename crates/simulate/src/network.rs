//! The network between feeder and houses: voltages that fall with the load, and losses.

use crate::meter::{Register, ThreePhase, milli, vars, vector_sum, watts};
use crate::random::{Random, Stream};
use crate::step::Step;
use crate::town::{LINE_LOSS, LOSS_FULL, LOSS_IDLE};
use core::ops::Range;
use reading::{FeederId, MeterId, Phases, RawReading, TransformerId};

/// Active and reactive power on the three phases, in W and var.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Flow {
    pub(crate) p: [f64; 3],
    pub(crate) q: [f64; 3],
}

impl Flow {
    pub(crate) fn add(&mut self, other: &Self) {
        for phase in 0..3 {
            self.p[phase] += other.p[phase];
            self.q[phase] += other.q[phase];
        }
    }

    /// The part of it that flows for a share of the time.
    pub(crate) fn scaled(&self, share: f64) -> Self {
        Self { p: self.p.map(|p| p * share), q: self.q.map(|q| q * share) }
    }

    fn apparent(&self, phase: usize) -> f64 {
        (self.p[phase] * self.p[phase] + self.q[phase] * self.q[phase]).sqrt()
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Transformer {
    pub(crate) meter: MeterId,
    pub(crate) id: TransformerId,
    pub(crate) feeder: usize,
    pub(crate) area: usize,
    pub(crate) consumers: Range<usize>,
    pub(crate) book: Book,
    /// By how much the clock of its concentrator is ahead.
    pub(crate) ahead_ms: i64,
    rated_va: f64,
    open_volts: f64,
    noise: Random,
    hum: f64,
}

#[derive(Debug, Clone)]
pub(crate) struct Feeder {
    pub(crate) meter: MeterId,
    pub(crate) id: FeederId,
    pub(crate) area: usize,
    pub(crate) transformers: Range<usize>,
    pub(crate) book: Book,
}

/// The state of a meter at a transformer or feeder.
#[derive(Debug, Clone)]
pub(crate) struct Book {
    pub(crate) imp: Register,
    pub(crate) exp: Option<Register>,
    pub(crate) seq: u64,
    pub(crate) fate: Random,
}

/// 400 V three-phase network (IEC 60038).
const NOMINAL: f64 = 230.0;
/// The voltage drop at full load, as a share: in the transformer and the first length of cable.
const DROP: f64 = 0.05;
/// The further drop at full load along the rest of the cable, up to the last house.
const DROP_LAST: f64 = 0.03;

impl Transformer {
    pub(crate) fn new(
        seed: u64,
        index: usize,
        consumers: Range<usize>,
        each: usize,
        feeder: usize,
        exports: bool,
    ) -> Self {
        let mut random = Random::stream(seed, Stream::Transformer, index as u64);
        let name = format!("T{:04}", index + 1);
        let book = Book::new(&mut random, exports);
        Self {
            meter: MeterId::new(&name).expect("letters and digits"),
            id: TransformerId::new(&name).expect("letters and digits"),
            feeder,
            area: index / crate::town::TRANSFORMERS_AN_AREA,
            consumers,
            book,
            ahead_ms: 0,
            // 1.4 kVA a house after diversity, and no transformer is built smaller than 10 kVA.
            rated_va: (1400.0 * each as f64).max(10_000.0),
            open_volts: NOMINAL * random.between(1.01, 1.05),
            noise: random,
            hum: 0.0,
        }
    }

    /// The voltages at the busbar under this load, by phase. It must be called once a step.
    pub(crate) fn bus(&mut self, load: &Flow) -> Bus {
        self.hum = 0.9 * self.hum + 0.25 * self.noise.noise();
        let mut bus = Bus { volts: [0.0; 3], fall: [0.0; 3] };
        for phase in 0..3 {
            // Power that flows back raises the voltage.
            let load = (load.p[phase] + 0.5 * load.q[phase]) / (self.rated_va / 3.0);
            let volts = self.open_volts * (1.0 - DROP * load.clamp(-1.0, 2.0)) + self.hum;
            bus.volts[phase] = volts.clamp(185.0, V_HIGH);
            bus.fall[phase] = volts * DROP_LAST * load.clamp(-0.3, 2.0);
        }
        bus
    }

    /// The load with technical losses: in the iron always, and in the copper more at a higher load.
    pub(crate) fn with_loss(&self, load: &Flow) -> Flow {
        let mut with = *load;
        for phase in 0..3 {
            let used = (load.apparent(phase) / (self.rated_va / 3.0)).min(1.0);
            with.p[phase] += load.p[phase].abs() * (LOSS_IDLE + (LOSS_FULL - LOSS_IDLE) * used);
        }
        with
    }

    /// Counts a step, and returns the reading that the transformer's meter sends at its end.
    pub(crate) fn reading(&mut self, step: &Step, bus: &Bus, flow: &Flow) -> RawReading {
        let (i, neutral) = bus.currents(flow);
        let three = ThreePhase { v: bus.volts, i, neutral, p_mw: flow.p.map(milli), q: flow.q };
        let raw = three.reading(self.meter, step.end);
        self.book.complete(raw, three.p_mw.iter().sum(), step.length)
    }
}

/// No house gets a higher voltage: the taps of transformers are set for that.
const V_HIGH: f64 = 248.0;

/// Voltages of one transformer in one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bus {
    volts: [f64; 3],
    fall: [f64; 3],
}

impl Bus {
    /// The voltage of a phase at a house; `far` is 0 at the transformer and 1 at the end of the street.
    pub(crate) fn at(&self, phase: usize, far: f64) -> f64 {
        (self.volts[phase] - self.fall[phase] * far).clamp(180.0, V_HIGH)
    }

    /// Currents of the three phases and their vector sum.
    pub(crate) fn currents(&self, flow: &Flow) -> ([f64; 3], f64) {
        let i = core::array::from_fn(|phase| flow.apparent(phase) / self.volts[phase]);
        (i, vector_sum(i))
    }
}

impl Feeder {
    pub(crate) fn new(seed: u64, index: usize, transformers: Range<usize>, exports: bool) -> Self {
        // Feeders and transformers share one range of stream numbers. Those of feeders are far above all
        // transformers.
        let mut random = Random::stream(seed, Stream::Transformer, (1 << 40) + index as u64);
        let name = format!("F{:02}", index + 1);
        Self {
            meter: MeterId::new(&name).expect("letters and digits"),
            id: FeederId::new(&name).expect("letters and digits"),
            area: transformers.start / crate::town::TRANSFORMERS_AN_AREA,
            transformers,
            book: Book::new(&mut random, exports),
        }
    }

    pub(crate) fn with_loss(&self, load: &Flow) -> Flow {
        let mut with = *load;
        with.p = load.p.map(|p| p + p.abs() * LINE_LOSS);
        with
    }

    /// Only power and registers: voltages and currents of a feeder belong to another network.
    pub(crate) fn reading(&mut self, step: &Step, load: &Flow) -> RawReading {
        let flow = self.with_loss(load);
        let p_mw = flow.p.map(milli);
        let mut raw = RawReading::new(self.meter, step.end);
        raw.p = Some(Phases::Three(p_mw.map(watts)));
        raw.q = Some(Phases::Three(flow.q.map(vars)));
        self.book.complete(raw, p_mw.iter().sum(), step.length)
    }
}

impl Book {
    fn new(random: &mut Random, exports: bool) -> Self {
        Self {
            imp: Register::new(random.whole(100_000_000, 900_000_000)),
            exp: exports.then(|| Register::new(random.whole(0, 1_000_000))),
            seq: 0,
            fate: Random::stream(random.bits(), Stream::Faults, 0),
        }
    }

    fn complete(&mut self, mut raw: RawReading, mw: i64, ms: i64) -> RawReading {
        self.imp.count(mw, ms);
        raw.imp = Some(self.imp.read());
        if let Some(exp) = &mut self.exp {
            exp.count(-mw, ms);
            raw.exp = Some(exp.read());
        }
        raw.seq = Some(self.seq);
        self.seq += 1;
        raw
    }
}
