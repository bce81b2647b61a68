//! The check at the door: a [`Reading`] that exists is plausible.

use crate::{EventTime, Extra, Issue, Issues, Phases, RawReading, Reason};
use units::{Milliamperes, Millivars, Millivolts, Milliwatts, WattHours};

/// What the engine believes of one reading. Beyond a limit, the field is left out and the rest is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The highest believable voltage.
    pub v_max: Millivolts,
    /// The highest believable current of a phase or the neutral.
    pub i_max: Milliamperes,
    /// The highest believable power of a meter, either way.
    pub p_max: Milliwatts,
}

/// Nobody's meter counted before this: 2000-01-01 UTC.
const FIRST: EventTime = EventTime(946_684_800_000);
/// Nor after this: 2100-01-01 UTC.
const LAST: EventTime = EventTime(4_102_444_800_000);

/// A plausible reading, small enough for one cache line. What few meters send is beside it in an [`Extra`].
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

    /// Phase and neutral current, where they should be equal: on a single-phase meter that sends both.
    pub fn loop_currents(&self) -> Option<(Milliamperes, Milliamperes)> {
        (self.has & (I | NEUTRAL | THREE_PHASE) == I | NEUTRAL)
            .then_some((Milliamperes(self.i), Milliamperes(self.neutral)))
    }

    /// The fields one by one, to be stored.
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
            three_phase: self.has & THREE_PHASE != 0,
        }
    }

    /// Writes the fields that a reading carries back into the form of the wire.
    pub fn write_back(&self, raw: &mut RawReading) {
        raw.time = self.time;
        raw.imp = self.imp();
        raw.exp = self.exp();
        raw.p = self.p().map(Phases::One);
        raw.q = self.q().map(Phases::One);
        raw.v = self.v().map(|(min, _)| Phases::One(min));
        raw.i = self.i().map(Phases::One);
        raw.neutral = self.neutral();
    }
}

/// The fields of a [`Reading`], for those who store one and bring it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
}

impl Parts {
    /// The reading again. For what [`Reading::parts`] took apart; new data goes through [`check`].
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
                | flag(self.three_phase, THREE_PHASE),
        }
    }
}

/// A reading that passed the door, with what was odd about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// The plausible part.
    pub reading: Reading,
    /// What few meters send, if this one did.
    pub extra: Option<Extra>,
    /// What was odd.
    pub issues: Issues,
}

/// Believes a reading, all or in part, or says why nothing of it can be used.
#[inline]
pub fn check(raw: &RawReading, limits: &Limits) -> Result<Checked, Reason> {
    if raw.time < FIRST || raw.time > LAST {
        return Err(Reason::TimeImplausible);
    }
    if !raw.says_something() {
        return Err(Reason::NothingMeasured);
    }
    let mut issues = Issues::NONE;
    let mut reading =
        Reading { time: raw.time, imp: 0, exp: 0, p: 0, q: 0, v_min: 0, v_max: 0, i: 0, neutral: 0, has: 0 };
    if let Some(imp) = register(raw.imp, &mut issues) {
        reading.imp = imp.0;
        reading.has |= IMP;
    }
    if let Some(exp) = register(raw.exp, &mut issues) {
        reading.exp = exp.0;
        reading.has |= EXP;
    }
    if let Some(p) = power(raw.p.map(|p| total(p, |one| one.0)), limits, &mut issues) {
        reading.p = p;
        reading.has |= P;
    }
    if let Some(q) = power(raw.q.map(|q| total(q, |one| one.0)), limits, &mut issues) {
        reading.q = q;
        reading.has |= Q;
    }
    match raw.v {
        None => {}
        Some(Phases::One(v)) if v.0 >= 0 && v <= limits.v_max => {
            (reading.v_min, reading.v_max) = (v.0, v.0);
            reading.has |= V;
        }
        Some(v) => {
            let believed = |one: &&Millivolts| one.0 >= 0 && **one <= limits.v_max;
            if v.as_slice().iter().any(|one| !believed(&one)) {
                issues.insert(Issue::VoltageImplausible);
            }
            let min = v.as_slice().iter().filter(believed).min();
            let max = v.as_slice().iter().filter(believed).max();
            if let (Some(min), Some(max)) = (min, max) {
                (reading.v_min, reading.v_max) = (min.0, max.0);
                reading.has |= V;
            }
        }
    }
    match raw.i {
        None => {}
        Some(Phases::One(i)) if i.0 >= 0 && i <= limits.i_max => {
            reading.i = i.0;
            reading.has |= I;
        }
        Some(i) => {
            if i.as_slice().iter().any(|one| one.0 < 0) {
                issues.insert(Issue::NegativeCurrent);
            }
            if i.as_slice().iter().any(|one| one.abs() > limits.i_max) {
                issues.insert(Issue::CurrentImplausible);
            } else {
                let sum: i64 = i.as_slice().iter().map(|one| i64::from(one.abs().0)).sum();
                let count = i.as_slice().len() as i64;
                reading.i = ((sum + count / 2) / count) as i32;
                reading.has |= I;
            }
        }
    }
    if let Some(neutral) = raw.neutral {
        if neutral.0 < 0 {
            issues.insert(Issue::NegativeCurrent);
        }
        if neutral.abs() > limits.i_max {
            issues.insert(Issue::CurrentImplausible);
        } else {
            reading.neutral = neutral.abs().0;
            reading.has |= NEUTRAL;
        }
    }
    if matches!(raw.v, Some(Phases::Three(_))) || matches!(raw.i, Some(Phases::Three(_))) {
        reading.has |= THREE_PHASE;
    }
    Ok(Checked { reading, extra: Extra::of(raw), issues })
}

fn register(register: Option<WattHours>, issues: &mut Issues) -> Option<WattHours> {
    let value = register?;
    if value.0 < 0 {
        issues.insert(Issue::NegativeRegister);
        return None;
    }
    Some(value)
}

fn total<T: Copy>(phases: Phases<T>, number: impl Fn(T) -> i64) -> i64 {
    match phases {
        Phases::One(one) => number(one),
        Phases::Three([a, b, c]) => number(a).saturating_add(number(b)).saturating_add(number(c)),
    }
}

fn power(total: Option<i64>, limits: &Limits, issues: &mut Issues) -> Option<i64> {
    let value = total?;
    if value.saturating_abs() > limits.p_max.0 {
        issues.insert(Issue::PowerImplausible);
        return None;
    }
    Some(value)
}
