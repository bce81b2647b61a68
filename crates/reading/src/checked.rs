//! The check at the door: a [`Reading`] that exists is plausible.

mod abreast;

pub use abreast::{ABREAST, Abreast};

use crate::{EachPhase, EventCode, EventTime, Extra, Issue, Issues, Phases, RawReading, Reason};
use units::{Milliamperes, Millivars, Millivolts, Milliwatts, WattHours};

/// The limits of what the engine believes. A field beyond its limit is left out, and the rest of the reading is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The highest believable voltage.
    pub v_max: Millivolts,
    /// The highest believable current of a phase or the neutral.
    pub i_max: Milliamperes,
    /// The highest believable power of a meter, either way.
    pub p_max: Milliwatts,
}

/// Earlier times are not believed: 2000-01-01 UTC.
const FIRST: EventTime = EventTime(946_684_800_000);
/// Later times are not believed: 2100-01-01 UTC.
const LAST: EventTime = EventTime(4_102_444_800_000);

/// A voltage that the check leaves out.
const IMPLAUSIBLE: Millivolts = Millivolts(-1);

/// A plausible reading, small enough for one cache line. What few meters send stands beside it in an [`Extra`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    time: EventTime,
    imp: i64,
    exp: i64,
    p: i64,
    q: i64,
    v_min: i32,
    v_max: i32,
    i: i32,
    neutral: i32,
    has: u16,
}

const IMP: u16 = 1;
const EXP: u16 = 2;
const P: u16 = 4;
const Q: u16 = 8;
const V: u16 = 16;
const I: u16 = 32;
const NEUTRAL: u16 = 64;
const THREE_PHASE: u16 = 128;
/// The voltages are of several phases.
const V_OF_SEVERAL: u16 = 256;

impl Reading {
    /// When the meter measured.
    pub fn time(&self) -> EventTime {
        self.time
    }

    /// The import register.
    pub fn imp(&self) -> Option<WattHours> {
        (self.has & IMP != 0).then_some(WattHours(self.imp))
    }

    /// The export register.
    pub fn exp(&self) -> Option<WattHours> {
        (self.has & EXP != 0).then_some(WattHours(self.exp))
    }

    /// Active power, all phases together.
    pub fn p(&self) -> Option<Milliwatts> {
        (self.has & P != 0).then_some(Milliwatts(self.p))
    }

    /// Reactive power, all phases together.
    pub fn q(&self) -> Option<Millivars> {
        (self.has & Q != 0).then_some(Millivars(self.q))
    }

    /// The lowest and the highest phase voltage.
    pub fn v(&self) -> Option<(Millivolts, Millivolts)> {
        (self.has & V != 0).then_some((Millivolts(self.v_min), Millivolts(self.v_max)))
    }

    /// Phase current; with three phases, their mean.
    pub fn i(&self) -> Option<Milliamperes> {
        (self.has & I != 0).then_some(Milliamperes(self.i))
    }

    /// Neutral current.
    pub fn neutral(&self) -> Option<Milliamperes> {
        (self.has & NEUTRAL != 0).then_some(Milliamperes(self.neutral))
    }

    /// Phase and neutral current of a single-phase meter that sends both: there the two should be equal.
    pub fn loop_currents(&self) -> Option<(Milliamperes, Milliamperes)> {
        (self.has & (I | NEUTRAL | THREE_PHASE) == I | NEUTRAL)
            .then_some((Milliamperes(self.i), Milliamperes(self.neutral)))
    }

    /// Whether it measures nothing that is kept, as a reading that brings only an event.
    pub fn is_bare(&self) -> bool {
        self.has & !(THREE_PHASE | V_OF_SEVERAL) == 0
    }

    /// A reading with these events as it counts. What a meter shows beside an event is of the moment of the event: where
    /// it is neither a register nor a power, it is no measurement of the interval, and says nothing of the readings before
    /// it, which the meter may deliver hours later.
    fn beside(self, events: &[EventCode]) -> Self {
        let is_measurement = events.is_empty() || self.has & (IMP | EXP | P) != 0;
        if is_measurement {
            self
        } else {
            Self { has: self.has & THREE_PHASE, ..Draft::new(self.time).reading }
        }
    }

    /// Whether it came from a meter of three phases.
    pub fn is_three_phase(&self) -> bool {
        self.has & THREE_PHASE != 0
    }

    /// The lowest and the highest voltage of several phases.
    pub fn v_of_several(&self) -> Option<(Millivolts, Millivolts)> {
        self.v().filter(|_| self.has & V_OF_SEVERAL != 0)
    }

    /// The fields one by one, for a caller that stores the reading.
    pub fn parts(&self) -> Parts {
        Parts {
            time: self.time,
            imp: self.imp(),
            exp: self.exp(),
            p: self.p(),
            q: self.q(),
            v: self.v(),
            i: self.i(),
            neutral: self.neutral(),
            three_phase: self.is_three_phase(),
            v_of_several: self.has & V_OF_SEVERAL != 0,
        }
    }

    /// Writes the fields that a reading carries, and what stood beside it, back into the form of the wire. [`check`]
    /// makes the same of it.
    ///
    /// Where a phase was left out, one that no supply has is written in its place: none is invented, and the meter stays
    /// one of three phases.
    pub fn write_back(&self, extra: Option<&Extra>, raw: &mut RawReading) {
        let each = extra.and_then(|extra| extra.phases.as_deref()).copied().unwrap_or_default();
        raw.time = self.time;
        raw.imp = self.imp();
        raw.exp = self.exp();
        raw.p = each.p.map(Phases::Three).or(self.p().map(Phases::One));
        raw.q = each.q.map(Phases::Three).or(self.q().map(Phases::One));
        raw.i = each.i.map(Phases::Three).or(self.i().map(Phases::One));
        raw.v = each.v.map(Phases::Three).or_else(|| self.voltages(each.i.is_none()));
        raw.neutral = self.neutral();
        if let Some(extra) = extra {
            (raw.events, raw.relay, raw.v_load) = (extra.events.clone(), extra.relay, extra.v_load);
        }
    }

    /// The voltages as they can be written where not all three are known. `alone`: nothing else says that the meter has
    /// three phases.
    fn voltages(&self, alone: bool) -> Option<Phases<Millivolts>> {
        if let Some((min, max)) = self.v_of_several() {
            return Some(Phases::Three([min, max, IMPLAUSIBLE]));
        }
        let one = self.v().map(|(one, _)| one);
        if self.is_three_phase() && alone {
            return Some(Phases::Three([one.unwrap_or(IMPLAUSIBLE), IMPLAUSIBLE, IMPLAUSIBLE]));
        }
        one.map(Phases::One)
    }
}

/// The fields of a [`Reading`], to be stored and joined again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(missing_docs, reason = "they are the accessors of Reading, field by field")]
pub struct Parts {
    pub time: EventTime,
    pub imp: Option<WattHours>,
    pub exp: Option<WattHours>,
    pub p: Option<Milliwatts>,
    pub q: Option<Millivars>,
    pub v: Option<(Millivolts, Millivolts)>,
    pub i: Option<Milliamperes>,
    pub neutral: Option<Milliamperes>,
    pub three_phase: bool,
    pub v_of_several: bool,
}

impl Parts {
    /// The reading again. Only for what [`Reading::parts`] took apart: new data has to go through [`check`].
    pub fn join(self) -> Reading {
        let flag = |there: bool, bit: u16| if there { bit } else { 0 };
        let (v_min, v_max) = self.v.unwrap_or_default();
        Reading {
            time: self.time,
            imp: self.imp.unwrap_or_default().0,
            exp: self.exp.unwrap_or_default().0,
            p: self.p.unwrap_or_default().0,
            q: self.q.unwrap_or_default().0,
            v_min: v_min.0,
            v_max: v_max.0,
            i: self.i.unwrap_or_default().0,
            neutral: self.neutral.unwrap_or_default().0,
            has: flag(self.imp.is_some(), IMP)
                | flag(self.exp.is_some(), EXP)
                | flag(self.p.is_some(), P)
                | flag(self.q.is_some(), Q)
                | flag(self.v.is_some(), V)
                | flag(self.i.is_some(), I)
                | flag(self.neutral.is_some(), NEUTRAL)
                | flag(self.three_phase, THREE_PHASE)
                | flag(self.v_of_several, V_OF_SEVERAL),
        }
    }
}

/// A reading that passed the check, with its issues.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// The plausible part.
    pub reading: Reading,
    /// What few meters send, if this one did.
    pub extra: Option<Extra>,
    /// What was odd about it.
    pub issues: Issues,
}

impl Checked {
    /// A reading that passed the check field by field, and what stood beside it.
    #[inline]
    pub fn new(reading: Reading, extra: Option<Extra>, issues: Issues) -> Self {
        let reading = extra.as_ref().map_or(reading, |extra| reading.beside(&extra.events));
        Self { reading, extra, issues }
    }
}

/// Believes a reading, whole or in part, or returns the reason why nothing of it can be used.
#[inline]
pub fn check(raw: &RawReading, limits: &Limits) -> Result<Checked, Reason> {
    let mut draft = Draft::new(raw.time);
    let mut each = EachPhase::default();
    if let Some(imp) = raw.imp {
        draft.imp(imp);
    }
    if let Some(exp) = raw.exp {
        draft.exp(exp);
    }
    match raw.p {
        None => {}
        Some(Phases::One(p)) => draft.p(p, limits),
        Some(Phases::Three(p)) => each.p = draft.p_of_three(p, limits),
    }
    match raw.q {
        None => {}
        Some(Phases::One(q)) => draft.q(q, limits),
        Some(Phases::Three(q)) => each.q = draft.q_of_three(q, limits),
    }
    match raw.v {
        None => {}
        Some(Phases::One(v)) => draft.v(v, limits),
        Some(Phases::Three(v)) => each.v = draft.v_of_three(v, limits),
    }
    match raw.i {
        None => {}
        Some(Phases::One(i)) => draft.i(i, limits),
        Some(Phases::Three(i)) => each.i = draft.i_of_three(i, limits),
    }
    if let Some(neutral) = raw.neutral {
        draft.neutral(neutral, limits);
    }
    if raw.unknown_event {
        draft.unknown_event();
    }
    let v_load = raw.v_load.and_then(|v_load| draft.v_load(v_load, limits));
    let extra = Extra::of(raw, v_load, each);
    if extra.is_some() || raw.measures_more() {
        draft.more();
    }
    let (reading, issues) = draft.done()?;
    Ok(Checked::new(reading, extra, issues))
}

/// Whether a supply can have it.
#[inline]
fn is_voltage(v: Millivolts, limits: &Limits) -> bool {
    v.0 >= 0 && v <= limits.v_max
}

/// Three phases together.
fn total([a, b, c]: [i64; 3]) -> i64 {
    a.saturating_add(b).saturating_add(c)
}

/// A reading whose fields come in one by one, each at most once. [`check`] puts a whole message through it; columns
/// bring field by field.
#[derive(Debug, Clone, Copy)]
pub struct Draft {
    reading: Reading,
    issues: Issues,
    more: bool,
}

impl Draft {
    /// A draft that holds only the time.
    #[inline]
    pub const fn new(time: EventTime) -> Self {
        let reading =
            Reading { time, imp: 0, exp: 0, p: 0, q: 0, v_min: 0, v_max: 0, i: 0, neutral: 0, has: 0 };
        Self { reading, issues: Issues::NONE, more: false }
    }

    /// A value is no number, as data frames write what is absent. It is left out.
    #[inline]
    pub fn not_a_number(&mut self) {
        self.issues.insert(Issue::NotANumber);
    }

    /// The import register.
    #[inline]
    pub fn imp(&mut self, imp: WattHours) {
        if imp.0 < 0 {
            return self.issues.insert(Issue::NegativeRegister);
        }
        self.reading.imp = imp.0;
        self.reading.has |= IMP;
    }

    /// The export register.
    #[inline]
    pub fn exp(&mut self, exp: WattHours) {
        if exp.0 < 0 {
            return self.issues.insert(Issue::NegativeRegister);
        }
        self.reading.exp = exp.0;
        self.reading.has |= EXP;
    }

    /// Active power, all phases together.
    #[inline]
    pub fn p(&mut self, p: Milliwatts, limits: &Limits) {
        if p.0.saturating_abs() > limits.p_max.0 {
            return self.issues.insert(Issue::PowerImplausible);
        }
        self.reading.p = p.0;
        self.reading.has |= P;
    }

    /// Active power of three phases: their sum is kept. All are returned, unless the sum or one of them is beyond the
    /// limit. A sum with such a part would be the power of another load.
    pub fn p_of_three(&mut self, p: [Milliwatts; 3], limits: &Limits) -> Option<[Milliwatts; 3]> {
        if p.iter().any(|one| one.0.saturating_abs() > limits.p_max.0) {
            self.issues.insert(Issue::PowerImplausible);
            return None;
        }
        self.p(Milliwatts(total(p.map(|one| one.0))), limits);
        self.reading.p().map(|_| p)
    }

    /// Reactive power, all phases together.
    #[inline]
    pub fn q(&mut self, q: Millivars, limits: &Limits) {
        if q.0.saturating_abs() > limits.p_max.0 {
            return self.issues.insert(Issue::PowerImplausible);
        }
        self.reading.q = q.0;
        self.reading.has |= Q;
    }

    /// Reactive power of three phases, as [`Self::p_of_three`].
    pub fn q_of_three(&mut self, q: [Millivars; 3], limits: &Limits) -> Option<[Millivars; 3]> {
        if q.iter().any(|one| one.0.saturating_abs() > limits.p_max.0) {
            self.issues.insert(Issue::PowerImplausible);
            return None;
        }
        self.q(Millivars(total(q.map(|one| one.0))), limits);
        self.reading.q().map(|_| q)
    }

    /// The voltage of a single phase.
    #[inline]
    pub fn v(&mut self, v: Millivolts, limits: &Limits) {
        if !is_voltage(v, limits) {
            return self.issues.insert(Issue::VoltageImplausible);
        }
        (self.reading.v_min, self.reading.v_max) = (v.0, v.0);
        self.reading.has |= V;
    }

    /// The voltages of three phases. A voltage that no supply has is left out, and the lowest and the highest of the
    /// others are kept. All are returned if all are plausible.
    pub fn v_of_three(&mut self, v: [Millivolts; 3], limits: &Limits) -> Option<[Millivolts; 3]> {
        self.reading.has |= THREE_PHASE;
        let mut all = Some(v);
        for one in v {
            if !is_voltage(one, limits) {
                self.issues.insert(Issue::VoltageImplausible);
                all = None;
                continue;
            }
            let first = self.reading.has & V == 0;
            self.reading.has |= if first { 0 } else { V_OF_SEVERAL };
            self.reading.v_min = if first { one.0 } else { self.reading.v_min.min(one.0) };
            self.reading.v_max = if first { one.0 } else { self.reading.v_max.max(one.0) };
            self.reading.has |= V;
        }
        all
    }

    /// The voltage behind the relay, if a supply can have it. A [`Reading`] does not keep it.
    pub fn v_load(&mut self, v_load: Millivolts, limits: &Limits) -> Option<Millivolts> {
        self.more();
        if !is_voltage(v_load, limits) {
            self.issues.insert(Issue::VoltageImplausible);
            return None;
        }
        Some(v_load)
    }

    /// The current of a single phase.
    #[inline]
    pub fn i(&mut self, i: Milliamperes, limits: &Limits) {
        if let Some(i) = self.current(i, limits) {
            self.reading.i = i.0;
            self.reading.has |= I;
        }
    }

    /// The currents of three phases: their mean is kept, and all are returned, unless one of them is beyond the limit.
    pub fn i_of_three(&mut self, i: [Milliamperes; 3], limits: &Limits) -> Option<[Milliamperes; 3]> {
        self.reading.has |= THREE_PHASE;
        let [a, b, c] = i.map(|one| self.current(one, limits));
        // The mean of two phases would be the current of another load.
        let all = [a?, b?, c?];
        let sum: i64 = all.iter().map(|one| i64::from(one.0)).sum();
        // Sizes, and so not below zero: one more rounds a third to the nearest.
        self.reading.i = ((sum + 1) / 3) as i32;
        self.reading.has |= I;
        Some(all)
    }

    /// The current of the neutral.
    #[inline]
    pub fn neutral(&mut self, neutral: Milliamperes, limits: &Limits) {
        if let Some(neutral) = self.current(neutral, limits) {
            self.reading.neutral = neutral.0;
            self.reading.has |= NEUTRAL;
        }
    }

    /// An event or a position of the relay with an unknown name, which is left out.
    pub fn unknown_event(&mut self) {
        self.issues.insert(Issue::UnknownEvent);
    }

    /// The message holds something that a [`Reading`] does not keep. It is no empty message then.
    #[inline]
    pub fn more(&mut self) {
        self.more = true;
    }

    /// Whether all of it is plausible and some of it is kept: the usual case.
    #[inline]
    pub fn is_plain(&self) -> bool {
        self.reading.has != 0
            && self.issues.is_empty()
            && self.reading.time >= FIRST
            && self.reading.time <= LAST
    }

    /// The fields that are believed so far; all of them if the draft [is plain](Self::is_plain).
    #[inline]
    pub fn reading(&self) -> &Reading {
        &self.reading
    }

    /// The plausible part and its issues, or the reason why nothing can be used.
    #[inline]
    pub fn done(self) -> Result<(Reading, Issues), Reason> {
        if self.reading.time < FIRST || self.reading.time > LAST {
            return Err(Reason::TimeImplausible);
        }
        // A field that was left out has left an issue: such a message measured something.
        if self.reading.has == 0 && self.issues.is_empty() && !self.more {
            return Err(Reason::NothingMeasured);
        }
        Ok((self.reading, self.issues))
    }

    #[inline]
    fn current(&mut self, i: Milliamperes, limits: &Limits) -> Option<Milliamperes> {
        // An rms value has no sign, so only its size can be meant.
        if i.0 < 0 {
            self.issues.insert(Issue::NegativeCurrent);
        }
        if i.abs() > limits.i_max {
            self.issues.insert(Issue::CurrentImplausible);
            return None;
        }
        Some(i.abs())
    }
}
