//! Which letters are sent again.

use super::Resend;
use super::report::Why;
use crate::clock::wall_ms;
use columns::Letter;
use pipeline::Plan;
use reading::{EventTime, Limits, Reading, Reason};

/// What the user asks for, and the present time.
pub struct Choice<'a> {
    args: &'a Resend,
    /// Stamps beyond it are still ahead.
    ahead: EventTime,
}

/// What becomes of a letter.
pub enum Judged {
    /// It is sent: the time of its first reading.
    Send(EventTime),
    /// It is left.
    Left(Why),
}

impl<'a> Choice<'a> {
    /// The choice at the present time.
    pub fn of(args: &'a Resend, plan: &Plan) -> Self {
        Self { args, ahead: EventTime(wall_ms()).plus(plan.order.ahead.max(plan.order.grid.length())) }
    }

    /// Sends what can be read now and is no longer ahead of the present time.
    pub fn judge(&self, letter: &Letter, limits: &Limits) -> Judged {
        if letter.reason == Reason::Late {
            return Judged::Left(Why::Late);
        }
        if !self.args.reasons.is_empty() && !self.args.reasons.contains(&letter.reason) {
            return Judged::Left(Why::NotAskedFor);
        }
        let batch = letter.read(limits);
        if batch.is_empty() {
            return Judged::Left(Why::Unreadable);
        }
        let has = |holds: &dyn Fn(EventTime) -> bool| batch.readings.iter().map(Reading::time).any(holds);
        let (since, until) = (self.args.since, self.args.until);
        if !has(&|time| Some(time) >= since && until.is_none_or(|until| time < until)) {
            return Judged::Left(Why::AnotherTime);
        }
        if !has(&|time| time <= self.ahead) {
            return Judged::Left(Why::Ahead);
        }
        Judged::Send(batch.readings[0].time())
    }
}
