//! Other meters' arithmetic, written anew from how it is documented, on the same samples.

use meter_core::{FULL_SCALE, Samples};
use metrology_insight::{MetrologyInsight, MetrologyInsightConfig};

/// Who is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RivalKind {
    /// EmonLib's `calcVI(20, 2000)` once in five seconds: ten cycles, then a gap.
    CalcVi,
    /// As emonLibCM: without gaps, one power for each five seconds.
    Continuous,
    /// The crate metrology_insight 0.1.5, cycle by cycle of 50 Hz.
    MetrologyInsight,
}

/// How much a voltage and a current count, and how far the voltage is shifted.
#[derive(Debug, Clone, Copy)]
pub struct Trim {
    pub volts: f64,
    pub amperes: f64,
    /// By so much of a sample the voltage is taken later (above 1) or earlier than the current.
    pub phase: f64,
}

/// A meter that counts joules in floats.
pub struct Rival {
    trim: Trim,
    joules: f64,
    state: State,
}

enum State {
    CalcVi(CalcVi),
    Continuous(Continuous),
    MetrologyInsight(Box<Insight>),
}

const RATE: u32 = 4_000;

impl Rival {
    /// Powered up, with its calibration.
    pub fn new(kind: RivalKind, trim: Trim) -> Self {
        let state = match kind {
            RivalKind::CalcVi => State::CalcVi(CalcVi::default()),
            RivalKind::Continuous => State::Continuous(Continuous::default()),
            RivalKind::MetrologyInsight => State::MetrologyInsight(Box::new(Insight::new())),
        };
        Self { trim, joules: 0.0, state }
    }

    /// Takes samples; the joules counted so far whenever they have grown.
    pub fn push(&mut self, samples: Samples) -> Option<f64> {
        let share = |counts: i32| f64::from(counts) / f64::from(FULL_SCALE);
        let volts = share(samples.voltage) * self.trim.volts;
        let amperes = share(samples.phase) * self.trim.amperes;
        let more = match &mut self.state {
            State::CalcVi(state) => state.push(volts, amperes, self.trim.phase)?,
            State::Continuous(state) => state.push(volts, amperes, self.trim.phase)?,
            State::MetrologyInsight(state) => state.push(volts, amperes)?,
        };
        self.joules += more;
        Some(self.joules)
    }
}

/// EmonLib: an offset filter, a linear interpolation of the voltage, and the mean of the products of ten cycles.
#[derive(Default)]
struct CalcVi {
    number: u32,
    offsets: [f64; 2],
    voltage_before: f64,
    above: bool,
    crossings: Option<u32>,
    sum: f64,
    count: u32,
    done: bool,
}

impl CalcVi {
    const EVERY: u32 = 5 * RATE;

    fn push(&mut self, volts: f64, amperes: f64, phase: f64) -> Option<f64> {
        if self.number == 0 {
            (self.crossings, self.sum, self.count, self.done) = (None, 0.0, 0, false);
        }
        self.number = (self.number + 1) % Self::EVERY;
        // Between its windows the sketch sleeps or sends: no sample reaches the filters.
        if self.done {
            return None;
        }
        for (offset, value) in self.offsets.iter_mut().zip([volts, amperes]) {
            *offset += (value - *offset) / 1_024.0;
        }
        let (voltage, current) = (volts - self.offsets[0], amperes - self.offsets[1]);
        let shifted = self.voltage_before + phase * (voltage - self.voltage_before);
        self.voltage_before = voltage;
        let crossed = std::mem::replace(&mut self.above, voltage > 0.0) != self.above;
        match &mut self.crossings {
            // It waits until the voltage is near zero, and counts half-waves from there.
            None if crossed => self.crossings = Some(0),
            None => return None,
            Some(crossings) => *crossings += u32::from(crossed),
        }
        self.sum += shifted * current;
        self.count += 1;
        self.done = self.crossings >= Some(20) || self.count >= 2 * RATE;
        let seconds = f64::from(Self::EVERY) / f64::from(RATE);
        self.done.then(|| self.sum / f64::from(self.count) * seconds)
    }
}

/// emonLibCM: sums of products with this voltage and the one before, offsets taken out at the end of the period.
#[derive(Default)]
struct Continuous {
    count: u32,
    voltage_before: f64,
    products: [f64; 2],
    sums: [f64; 2],
    above: bool,
}

impl Continuous {
    fn push(&mut self, volts: f64, amperes: f64, phase: f64) -> Option<f64> {
        self.products[0] += volts * amperes;
        self.products[1] += self.voltage_before * amperes;
        self.sums[0] += volts;
        self.sums[1] += amperes;
        self.voltage_before = volts;
        self.count += 1;
        let mean = self.sums[0] / f64::from(self.count);
        let rises = !std::mem::replace(&mut self.above, volts > mean) && self.above;
        // A period ends with a whole cycle, or a little later without voltage.
        if self.count < 5 * RATE || !(rises || self.count > 5 * RATE + 200) {
            return None;
        }
        let count = f64::from(self.count);
        let constant = self.sums[0] * self.sums[1] / count;
        let [now, before] = self.products.map(|sum| sum - constant);
        let joules = (before + phase * (now - before)) / f64::from(RATE);
        *self = Self { voltage_before: self.voltage_before, above: self.above, ..Self::default() };
        Some(joules)
    }
}

/// metrology_insight: frames of one nominal cycle each.
struct Insight {
    meter: MetrologyInsight,
    kwh: f64,
}

impl Insight {
    const FRAME: usize = RATE as usize / 50;

    fn new() -> Self {
        let config = MetrologyInsightConfig {
            adc_samples_seconds: RATE as f32,
            adc_samples_per_cycle: Self::FRAME as f64,
            avg_sec: Self::FRAME as f32 / RATE as f32,
            ..MetrologyInsightConfig::default()
        };
        Self { meter: MetrologyInsight::new(config), kwh: 0.0 }
    }

    fn push(&mut self, volts: f64, amperes: f64) -> Option<f64> {
        let phase = &mut self.meter.socket.phases[0];
        phase.voltage.push_real_sample(volts as f32);
        phase.current.push_real_sample(amperes as f32);
        if phase.voltage.real_wave_len < Self::FRAME {
            return None;
        }
        self.meter.process_and_update_metrics(1);
        let phase = &mut self.meter.socket.phases[0];
        phase.voltage.clear_samples();
        phase.current.clear_samples();
        let active = &self.meter.socket.energy_metrics.active;
        let kwh = active.imported() - active.exported();
        Some((kwh - std::mem::replace(&mut self.kwh, kwh)) * 3.6e6)
    }
}
