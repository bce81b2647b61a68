//! One consumer and its meter: what it draws, what reaches the elements of its meter, and what the meter sends.

use super::account::Account;
use super::deal::Seat;
use super::firmware::Firmware;
use super::kind::{Effect, Index};
use super::load::{Change, Drawn, Load, Trade};
use super::meter::{Class, Registers, Seen};
use super::network::Tap;
use super::phasor::{Phasor, sum};
use super::roof::Roof;
use super::settings::LvSettings;
use super::story::{Side, Story};
use crate::faults::{Amiss, Mishap, replacement};
use crate::random::{Random, Stream};
use crate::step::Step;
use reading::{EventCode, EventTime, MeterId, RawReading};
use units::Milliwatts;

#[derive(Debug, Clone)]
pub(crate) struct Consumer {
    pub(crate) meter: MeterId,
    pub(crate) load: Load,
    /// A single-phase consumer's phase.
    pub(crate) phase: Option<usize>,
    pub(crate) story: Option<Story>,
    pub(crate) account: Account,
    pub(crate) mishap: Option<Mishap>,
    pub(crate) fate: Random,
    pub(crate) registers: Registers,
    /// The load while its story changes it.
    after: Option<Load>,
    roof: Option<Roof>,
    class: Class,
    firmware: Firmware,
    /// The air conditioner's part of active power, reactive power and current in this step.
    cooler: [f64; 3],
    /// The voltage of its own generator.
    own_volts: f64,
    noise: Random,
}

impl Consumer {
    /// The phase of a seat: neighbours are on different ones, but for every other pair of joined neutrals.
    pub(crate) fn phase(index: usize, seat: &Seat) -> Option<usize> {
        let is_same = seat.story.is_some_and(|story| story.side == Side::Second && story.other);
        (!seat.three_phase).then_some(if is_same { index - 1 } else { index } % 3)
    }

    pub(crate) fn new(settings: &LvSettings, index: usize, seat: &Seat) -> Self {
        let seed = settings.town.seed;
        let phase = Self::phase(index, seat);
        let effect = seat.story.map(|story| story.kind.row().effect);
        let change = if let Some(Effect::Load(change)) = effect { Some(change) } else { None };
        let trade = trade(seed, index, seat, phase);
        let mut load = Load::new(seed, index, 0, trade, phase);
        let after = match change {
            Some(Change::Shop) => Some(Load::new(seed, index, 1, Trade::Shop, phase)),
            Some(Change::Other) => Some(Load::new(seed, index, 2, trade, phase)),
            Some(Change::More) => Some(load.clone().with_more()),
            _ => None,
        };
        if matches!(effect, Some(Effect::Cooler)) {
            load = load.with_reversible();
        }
        if change == Some(Change::Little) {
            load = load.with_little();
        }
        let mut random = Random::stream(seed, Stream::LvMeter, index as u64);
        let usual = Class::usual(&mut random);
        let poor = Class::poor_at_low_load(&mut random);
        let class = match change {
            _ if !settings.meters_err => Class::exact(),
            Some(Change::Little) => poor,
            _ => usual,
        };
        let (imp, exp) = (random.whole(1_000_000, 30_000_000), random.whole(0, 3_000_000));
        let roof = Roof::new(&mut random);
        Self {
            meter: MeterId::new(format!("M{:06}", index + 1)).expect("letters and digits"),
            load,
            phase,
            story: seat.story,
            account: Account::default(),
            mishap: seat.misfortune.map(|misfortune| Mishap::new(misfortune, &settings.town, index)),
            fate: Random::stream(seed, Stream::Faults, index as u64),
            registers: Registers::new(imp, seat.solar.then_some(exp)),
            after,
            roof: (seat.solar || change == Some(Change::Solar)).then_some(roof),
            class,
            firmware: Firmware::default(),
            cooler: [0.0; 3],
            own_volts: random.between(222.0, 236.0),
            noise: random,
        }
    }

    /// Whether its roof and its meter are registered as such.
    pub(crate) fn exports(&self) -> bool {
        self.registers.exp.is_some()
    }

    /// Whether its power can flow back, registered or not.
    pub(crate) fn has_roof(&self) -> bool {
        self.roof.is_some()
    }

    fn effect(&self, step: &Step) -> Option<(Story, Effect)> {
        let story = self.story.filter(|story| story.is_on(step))?;
        Some((story, story.kind.row().effect))
    }

    /// Sets what its tap wants in a step, which has supply for a share of its time. Steps must be given in their
    /// order.
    pub(crate) fn want(&mut self, step: &Step, supplied: f64, tap: &mut Tap) {
        let now = self.effect(step);
        let change = if let Some((_, Effect::Load(change))) = now { Some(change) } else { None };
        let load = match (change, &mut self.after) {
            (Some(Change::Shop | Change::Other | Change::More), Some(after)) => after,
            _ => &mut self.load,
        };
        let drawn = load.draw(step, change == Some(Change::Away));
        self.cooler = parts(&drawn);
        let mut wants = drawn.phases;
        if let Some(roof) = &mut self.roof
            && (self.registers.exp.is_some() || change == Some(Change::Solar))
        {
            let feeds = roof.feeds(sum(&wants).re, step);
            match self.phase {
                Some(phase) => wants[phase].re -= feeds,
                None => wants.iter_mut().for_each(|wants| wants.re -= feeds / 3.0),
            }
        }
        if is_cut(now) {
            wants = [Phasor::ZERO; 3];
        }
        tap.wants = wants.map(|wants| wants * supplied);
        (tap.by_neutral, tap.earth_ohms) = match now {
            // A whole current finds its way through an earth of some ohms; a thief's earth is a good one.
            Some((story, Effect::Earth(_))) if !story.kind.guilty() => (0.0, 4.0),
            Some((story, Effect::Earth(_))) => (1.0 - story.share_at(step), 0.0),
            _ => (1.0, 0.0),
        };
    }

    /// What reaches the elements of its meter. `beside` is the returning current of the neighbour with whom it shares
    /// a neutral.
    pub(crate) fn see(&mut self, step: &Step, tap: &Tap, beside: Phasor) -> Seen {
        let truth = truth(tap);
        let mut seen = truth;
        let now = self.effect(step);
        if let Some((story, effect)) = now {
            let share = story.share_at(step);
            match effect {
                Effect::Meter(change) | Effect::Earth(change) => change(&mut seen, share),
                Effect::Phase(change) => change(&mut seen, share, story.phase),
                Effect::Off(change) => change(&mut seen, self.own_volts + 1.5 * self.noise.noise()),
                Effect::Cooler => pass(&mut seen, self.cooler),
                Effect::Neutrals => {
                    let part = if story.side == Side::First { share } else { 1.0 - share };
                    seen.neutral = ((tap.returning() + beside) * part).length();
                }
                _ => {}
            }
        }
        if is_cut(now) && !matches!(now, Some((_, Effect::Off(_)))) {
            (seen.relay, seen.v_load) = (false, 0.0);
        }
        self.book(step, &truth, &seen);
        seen
    }

    fn book(&mut self, step: &Step, truth: &Seen, seen: &Seen) {
        let Some(story) = self.story.filter(|story| story.has_begun(step)) else { return };
        let watts = truth.watts();
        let is_missing = matches!(story.kind.row().effect, Effect::Index(Index::Missing));
        let counted = if is_missing { 0.0 } else { self.registers.counted(seen) };
        self.account.book(step, watts.max(0.0), watts - counted);
    }

    /// Counts a step, and returns the reading that the meter sends at its end.
    pub(crate) fn reading(&mut self, step: &Step, seen: &Seen) -> RawReading {
        self.suffer(step);
        let amiss = self.mishap.and_then(|mishap| mishap.amiss(step));
        let measured = self.class.measure(seen, &mut self.noise);
        let measured = amiss.map_or(measured, |amiss| mistaken(measured, amiss));
        self.registers.count(&measured, step.length);
        let mut raw = self.registers.reading(self.meter, step.end, &measured);
        if amiss == Some(Amiss::Unit) {
            let kilo = |watts: Milliwatts| Milliwatts(watts.0 / 1000);
            raw.p = raw.p.map(|p| match p {
                reading::Phases::One(one) => reading::Phases::One(kilo(one)),
                reading::Phases::Three(three) => reading::Phases::Three(three.map(kilo)),
            });
        }
        raw.relay = Some(seen.relay);
        raw.v_load = (seen.phases == 1).then(|| crate::meter::volts(seen.v_load));
        let exports = self.exports();
        self.firmware.observe(&measured, exports, &mut raw.events);
        if let Some((_, Effect::Burst)) = self.effect(step) {
            self.burst(&mut raw.events);
        }
        raw.time = self.mishap.and_then(|mishap| mishap.wrong_time(step)).unwrap_or(raw.time);
        raw
    }

    /// Now and then some events at once, of a loose contact or a nervous sensor.
    fn burst(&mut self, events: &mut Vec<EventCode>) {
        if !self.noise.chance(0.15) {
            return;
        }
        let code = [69, 65, 201, 203, 207][self.noise.below(5) as usize];
        for _ in 0..=self.noise.below(5) {
            events.extend([EventCode(code), EventCode(code + 1)]);
        }
    }

    /// When a reading of that moment is delivered, if not at once, and whether it is lost.
    pub(crate) fn road(&self, settings: &LvSettings, step: &Step) -> (Option<EventTime>, bool) {
        match self.effect(step) {
            // A gap that only delays, and one in which a meter has no memory.
            Some((story, Effect::Road)) if story.other => (Some(story.span(&settings.town).1), false),
            Some((_, Effect::Road)) => (None, true),
            Some((story, _)) if story.is_unread() => (None, true),
            _ => (self.mishap.and_then(|mishap| mishap.delivery(&settings.town, step.end)), false),
        }
    }

    fn suffer(&mut self, step: &Step) {
        match self.mishap {
            Some(Mishap::Reset { step: at }) if at == step.index => {
                self.registers = Registers { seq: self.registers.seq, ..self.fresh(0) };
            }
            Some(Mishap::Swap { step: at }) if at == step.index => {
                self.meter = replacement(self.meter);
                // A new meter has counted a little on the test bench.
                let bench = self.noise.whole(0, 5000);
                self.registers = self.fresh(bench);
            }
            // Fifty times what a supply of 5 kW can use.
            Some(Mishap::Spike { step: at }) if at == step.index => {
                self.registers.imp.count(250_000_000, step.length);
            }
            _ => {}
        }
    }

    fn fresh(&self, imp: i64) -> Registers {
        Registers::new(imp, self.registers.exp.map(|_| 0))
    }
}

/// What a consumer does: people with a story at home have a home.
fn trade(seed: u64, index: usize, seat: &Seat, phase: Option<usize>) -> Trade {
    let lot = Random::of_part(seed, Stream::LvTraits, index as u64, 1 << 35).unit();
    match phase {
        Some(_) if seat.story.is_some() => Trade::Home,
        Some(_) if lot < 0.08 => Trade::Shop,
        Some(_) => Trade::Home,
        None if lot < 0.45 => Trade::Home,
        None if lot < 0.75 => Trade::Industry,
        None => Trade::Pump,
    }
}

/// Whether supply to the house is cut by the relay.
fn is_cut(now: Option<(Story, Effect)>) -> bool {
    match now {
        Some((_, Effect::Off(_))) => true,
        Some((story, Effect::Load(Change::Away))) => story.other,
        _ => false,
    }
}

/// The air conditioner's part of active power, reactive power and current.
fn parts(drawn: &Drawn) -> [f64; 3] {
    let all = sum(&drawn.phases);
    let of = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
    let without = (all - drawn.cooler).length();
    let whole = all.length();
    [of(drawn.cooler.re, all.re), of(drawn.cooler.im, all.im), of(whole - without, whole)]
}

/// Leads these parts of power and current past the meter.
fn pass(seen: &mut Seen, [p, q, i]: [f64; 3]) {
    seen.p[0] *= 1.0 - p;
    seen.q[0] *= 1.0 - q;
    seen.i[0] *= 1.0 - i;
    seen.neutral *= 1.0 - i;
}

/// What a meter without any story sees of a tap.
fn truth(tap: &Tap) -> Seen {
    let takes = tap.takes();
    let mut seen = Seen {
        phases: if tap.phase.is_some() { 1 } else { 3 },
        v: [0.0; 3],
        i: [0.0; 3],
        neutral: tap.returning().length() * tap.by_neutral,
        p: [0.0; 3],
        q: [0.0; 3],
        v_load: 0.0,
        relay: true,
        forward: false,
        magnet: false,
        cover: false,
    };
    for (at, phase) in tap.phase.map_or(0..3, |phase| phase..phase + 1).enumerate() {
        (seen.v[at], seen.i[at]) = (tap.u[phase].length(), tap.i[phase].length());
        (seen.p[at], seen.q[at]) = (takes[phase].re, takes[phase].im);
    }
    // The contacts of a relay: two milliohms.
    seen.v_load = seen.v[0] - 0.002 * seen.i[0];
    seen
}

/// What a defective element measures instead.
fn mistaken(seen: Seen, amiss: Amiss) -> Seen {
    match amiss {
        Amiss::Stuck { mw } => {
            let watts = mw as f64 / 1000.0 / seen.phases as f64;
            let on = |phase: usize| if phase < seen.phases { watts } else { 0.0 };
            let i: [f64; 3] = core::array::from_fn(|phase| on(phase) / seen.v[phase].max(1.0));
            let neutral = if seen.phases == 1 { i[0] } else { 0.0 };
            Seen { p: core::array::from_fn(on), q: [0.0; 3], i, neutral, ..seen }
        }
        Amiss::Dead => Seen { p: [0.0; 3], q: [0.0; 3], i: [0.0; 3], neutral: 0.0, ..seen },
        Amiss::Unit => seen,
        Amiss::CtTenth => Seen { i: seen.i.map(|i| i / 10.0), neutral: seen.neutral / 10.0, ..seen },
    }
}

#[cfg(test)]
mod tests;
