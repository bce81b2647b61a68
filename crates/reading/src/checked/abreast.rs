//! Fields of many readings side by side, as columns bring them.

use super::{EXP, FIRST, I, IMP, LAST, Limits, NEUTRAL, P, Q, Reading, V};
use crate::EventTime;

/// The most readings of one pass: their fields stay in the nearest cache.
pub const ABREAST: usize = 64;

const NONE: [i64; ABREAST] = [0; ABREAST];

/// Single-phase readings, each field of which is there in all of them or in none: registers in Wh, the rest in
/// thousandths.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "they are the fields of a reading")]
pub struct Abreast<'a> {
    pub time: &'a [i64],
    pub imp: Option<&'a [i64; ABREAST]>,
    pub exp: Option<&'a [i64; ABREAST]>,
    pub p: Option<&'a [i64; ABREAST]>,
    pub q: Option<&'a [i64; ABREAST]>,
    pub v: Option<&'a [i64; ABREAST]>,
    pub i: Option<&'a [i64; ABREAST]>,
    pub neutral: Option<&'a [i64; ABREAST]>,
}

impl<'a> Abreast<'a> {
    /// The readings, if none of them has an issue: then they are what [`check`](crate::check) makes of each. Otherwise
    /// the caller checks them one by one.
    #[inline]
    pub fn plain(self, limits: &Limits) -> Option<impl Iterator<Item = Reading> + Clone + 'a> {
        let count = self.time.len().min(ABREAST);
        let within = |field: Option<&[i64; ABREAST]>, least: i64, most: i64| {
            field.is_none_or(|field| all_within(&field[..count], least, most))
        };
        let (v_max, i_max, p_max) = (limits.v_max.0.into(), limits.i_max.0.into(), limits.p_max.0);
        let plain = all_within(self.time, FIRST.0, LAST.0)
            && within(self.imp, 0, i64::MAX)
            && within(self.exp, 0, i64::MAX)
            && within(self.p, -p_max, p_max)
            && within(self.q, -p_max, p_max)
            && within(self.v, 0, v_max)
            && within(self.i, 0, i_max)
            && within(self.neutral, 0, i_max);
        let flag = |field: Option<_>, bit| if field.is_some() { bit } else { 0 };
        let has = flag(self.imp, IMP)
            | flag(self.exp, EXP)
            | flag(self.p, P)
            | flag(self.q, Q)
            | flag(self.v, V)
            | flag(self.i, I)
            | flag(self.neutral, NEUTRAL);
        let column = |field: Option<&'a [i64; ABREAST]>| field.unwrap_or(&NONE);
        let (imp, exp, p, q) = (column(self.imp), column(self.exp), column(self.p), column(self.q));
        let (v, i, neutral) = (column(self.v), column(self.i), column(self.neutral));
        let reading = move |(at, &time): (usize, &i64)| Reading {
            time: EventTime(time),
            imp: imp[at],
            exp: exp[at],
            p: p[at],
            q: q[at],
            v_min: v[at] as i32,
            v_max: v[at] as i32,
            i: i[at] as i32,
            neutral: neutral[at] as i32,
            has,
        };
        (plain && has != 0).then(|| self.time[..count].iter().enumerate().map(reading))
    }
}

/// Has no branch for each number, so that the processor compares several at once.
#[inline]
fn all_within(all: &[i64], least: i64, most: i64) -> bool {
    all.iter().fold(true, |good, &one| good & (one >= least) & (one <= most))
}
