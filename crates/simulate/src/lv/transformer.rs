//! A transformer: its source voltage, its losses, the lines behind it with all their taps, and its own meter.

use super::account::Account;
use super::meter::{Class, Registers, Seen};
use super::network::{NOMINAL, Network, Supply, Tap};
use super::phasor::{PHASES, Phasor, sum};
use super::story::Story;
use crate::Settings;
use crate::random::{Random, Stream};
use crate::step::Step;
use crate::town::{TRANSFORMERS_A_FEEDER, TRANSFORMERS_AN_AREA};
use crate::weather::sine;
use core::ops::Range;
use reading::time::HOUR;
use reading::{MeterId, RawReading, TransformerId};

#[derive(Debug, Clone)]
pub(crate) struct Transformer {
    pub(crate) meter: MeterId,
    pub(crate) id: TransformerId,
    pub(crate) feeder: usize,
    pub(crate) area: usize,
    pub(crate) consumers: Range<usize>,
    pub(crate) rated_va: f64,
    pub(crate) fate: Random,
    /// By how much the clock of its concentrator is ahead.
    pub(crate) ahead_ms: i64,
    /// First those of the consumers, then those of hooks.
    pub(crate) taps: Vec<Tap>,
    pub(crate) hooks: Vec<Hook>,
    /// The story of its meter.
    pub(crate) error: Option<Story>,
    /// The story of a broken neutral, and the pole before which it breaks.
    pub(crate) breaks: Option<(Story, usize)>,
    pub(crate) network: Network,
    /// What it supplied, and what wires and the transformer itself took of it.
    pub(crate) supplied: Account,
    class: Class,
    registers: Registers,
    no_load: f64,
    open_volts: [f64; 3],
    hum: f64,
    noise: Random,
    seed: u64,
}

/// A load on the line before any meter.
#[derive(Debug, Clone)]
pub(crate) struct Hook {
    pub(crate) story: Story,
    /// The consumer at whose pole it hangs.
    pub(crate) beside: usize,
    pub(crate) watts: f64,
    pub(crate) account: Account,
}

/// How many consumers share a pole, and how many a line.
const CONSUMERS_A_POLE: usize = 2;
const CONSUMERS_A_LINE: usize = 16;

/// The pole of each consumer of a transformer, and how many poles each line has.
fn poles(consumers: usize) -> (Vec<usize>, Vec<usize>) {
    let lines = consumers.div_ceil(CONSUMERS_A_LINE).max(1);
    let each = consumers.div_ceil(lines);
    let of_line = |line: usize| (consumers - (line * each).min(consumers)).min(each);
    let lengths: Vec<usize> = (0..lines)
        .map(|line| of_line(line).div_ceil(CONSUMERS_A_POLE))
        .filter(|length| *length > 0)
        .collect();
    let mut places = Vec::with_capacity(consumers);
    let mut first = 0;
    for (line, length) in lengths.iter().enumerate() {
        places.extend((0..of_line(line)).map(|at| first + at / CONSUMERS_A_POLE));
        first += length;
    }
    (places, lengths)
}

impl Transformer {
    /// A transformer whose consumers are on these phases; a three-phase one has none.
    pub(crate) fn new(
        town: &Settings,
        index: usize,
        consumers: Range<usize>,
        phases: &[Option<usize>],
    ) -> Self {
        let seed = town.seed;
        let mut random = Random::stream(seed, Stream::LvTransformer, index as u64);
        let name = format!("T{:04}", index + 1);
        // Of the share of three-phase consumers, not their number: kinds may make one more, and must not change this.
        let rated_va = ((1400.0 + 3000.0 * town.three_phase) * phases.len() as f64).max(16_000.0);
        // Short-circuit voltage 4 %, copper loss 1.75 % at full load, no-load loss 0.25 % (IS 1180).
        let base = 3.0 * NOMINAL * NOMINAL / rated_va;
        let own = Phasor::new(0.0175 * base, 0.036 * base);
        let (places, lengths) = poles(phases.len());
        // 70 mm2 of aerial cable: 0.443 and 0.087 ohms a kilometre; spans of 30 to 60 m.
        let span = Phasor::new(0.443, 0.087) * (random.between(30.0, 60.0) / 1000.0);
        let tap = |(index, phase): (usize, &Option<usize>)| {
            // Service cables are of the consumer, so that kinds do not change them: 10 mm2, 3.08 ohms a kilometre.
            let mut random =
                Random::of_part(seed, Stream::LvTraits, (consumers.start + index) as u64, 1 << 34);
            let metres = random.between(12.0, 35.0);
            let thick = if phase.is_none() { 2.5 } else { 1.0 };
            Tap::new(places[index], *phase, 3.08 * metres / 1000.0 / thick)
        };
        let taps = phases.iter().enumerate().map(tap).collect();
        let level = NOMINAL * random.between(1.01, 1.05);
        Self {
            meter: MeterId::new(&name).expect("letters and digits"),
            id: TransformerId::new(&name).expect("letters and digits"),
            feeder: index / TRANSFORMERS_A_FEEDER,
            area: index / TRANSFORMERS_AN_AREA,
            consumers,
            rated_va,
            fate: Random::stream(random.bits(), Stream::Faults, 0),
            ahead_ms: 0,
            taps,
            hooks: Vec::new(),
            error: None,
            breaks: None,
            network: Network::new(&lengths, own, span),
            supplied: Account::default(),
            class: Class::half(&mut random),
            registers: Registers::new(random.whole(100_000_000, 900_000_000), None),
            no_load: 0.0025 * rated_va,
            open_volts: core::array::from_fn(|_| level * random.between(0.997, 1.003)),
            hum: 0.0,
            noise: random,
            seed,
        }
    }

    pub(crate) fn with_exact_meter(&mut self) {
        self.class = Class::exact();
    }

    /// Gives its meter an export register.
    pub(crate) fn with_export(&mut self) {
        self.registers = Registers::new(self.registers.imp.read().0, Some(0));
    }

    /// What its meter has counted: import less export, Wh.
    #[cfg(test)]
    pub(crate) fn registered_wh(&self) -> i64 {
        self.registers.imp.read().0 - self.registers.exp.map_or(0, |exp| exp.read().0)
    }

    /// Hooks a load onto the pole of a consumer.
    pub(crate) fn hook(&mut self, story: Story, consumer: usize, watts: f64) {
        let pole = self.taps[consumer - self.consumers.start].pole;
        // A hook is a short wire that touches badly.
        self.taps.push(Tap::new(pole, Some(story.phase), 0.15));
        self.hooks.push(Hook { story, beside: consumer, watts, account: Account::default() });
    }

    /// Finds the voltages and currents of a step, after all taps know what they want. For `alive` of the step there
    /// is supply.
    pub(crate) fn flow(&mut self, step: &Step, alive: f64) -> Flow {
        let source = self.source(step);
        let first = self.consumers.len();
        for (hook, tap) in self.hooks.iter().zip(&mut self.taps[first..]) {
            let watts = if hook.story.is_on(step) { hook.watts * alive } else { 0.0 };
            tap.wants = [Phasor::ZERO; 3];
            tap.wants[hook.story.phase] = Phasor::new(watts, 0.2 * watts);
        }
        self.network.broken = self.breaks.filter(|(story, _)| story.is_on(step)).map(|(_, pole)| pole);
        let supply = self.network.solve(source, &mut self.taps);
        for (hook, tap) in self.hooks.iter_mut().zip(&self.taps[first..]) {
            let watts = sum(&tap.takes()).re;
            hook.account.book(step, watts, watts);
        }
        let copper: f64 = supply.i.iter().map(|i| i.squared()).sum::<f64>() * self.network.transformer.re;
        let iron = self.no_load * source.iter().map(|v| v.squared()).sum::<f64>() / (3.0 * NOMINAL * NOMINAL)
            * alive;
        let lost = supply.lost + copper + iron;
        let watts: f64 = (0..3).map(|phase| source[phase].power(supply.i[phase]).re).sum::<f64>() + iron;
        self.supplied.book(step, watts, lost);
        Flow { source, supply, iron }
    }

    /// The voltages before the transformer, referred to its low-voltage side: higher by night, lower in the evening,
    /// with the feeder's swings, its own, and flicker.
    fn source(&mut self, step: &Step) -> [Phasor; 3] {
        self.hum = 0.9 * self.hum + 0.1 * self.noise.noise();
        let evening = match step.local_hour {
            hour if (15.0..23.0).contains(&hour) => sine((hour - 15.0) / 16.0),
            _ => 0.0,
        };
        let hour = step.start.0.div_euclid(HOUR);
        let of_hour =
            |hour: i64| Random::of_part(self.seed, Stream::LvSource, self.feeder as u64, hour as u64).noise();
        let part = step.start.0.rem_euclid(HOUR) as f64 / HOUR as f64;
        let feeder = of_hour(hour) * (1.0 - part) + of_hour(hour + 1) * part;
        let level = 1.0 - 0.02 * evening + 0.008 * feeder + 0.008 * self.hum;
        core::array::from_fn(|phase| {
            let flicker = 0.001 * self.noise.noise();
            PHASES[phase] * (self.open_volts[phase] * (level + flicker))
        })
    }

    /// Counts a step, and returns the reading of the transformer's meter. It measures at the high-voltage side, so its
    /// energy has all losses; its values are referred to the low-voltage side.
    pub(crate) fn reading(&mut self, step: &Step, flow: &Flow) -> RawReading {
        let powers: [Phasor; 3] =
            core::array::from_fn(|phase| flow.source[phase].power(flow.supply.i[phase]));
        let seen = Seen {
            phases: 3,
            v: flow.source.map(Phasor::length),
            i: flow.supply.i.map(Phasor::length),
            neutral: sum(&flow.supply.i).length(),
            p: powers.map(|power| power.re + flow.iron / 3.0),
            q: powers.map(|power| power.im),
            v_load: 0.0,
            relay: true,
            forward: false,
            magnet: false,
            cover: false,
        };
        let error = self.error.filter(|story| story.is_on(step)).map_or(0.0, |story| story.share_at(step));
        let measured = self.class.with_gain(error).measure(&seen, &mut self.noise);
        self.registers.count(&measured, step.length);
        self.registers.reading(self.meter, step.end, &measured)
    }
}

/// What flows through a transformer in one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flow {
    source: [Phasor; 3],
    supply: Supply,
    iron: f64,
}
