//! One consumer: from its last gasp, or its silence, until it is heard of again.

use crate::{Cause, SupplySettings, Target};
use features::{measured_import, moved_while_silent};
use reading::{Event, EventCode, EventTime, Interval, MeterId, Quality};
use serde::{Deserialize, Serialize};
use units::WattHours;

/// What is kept of a consumer that has supply; by row of the topology, the first of each meter counting. 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seat {
    /// The end of the last interval that was heard of it.
    pub(crate) heard: EventTime,
    /// The energy of the last interval that was measured, Wh; [`NO_ENERGY`] if there is none.
    pub(crate) wh: u32,
    /// Which area the row lies in, by number; this is of every row.
    pub(crate) area: u32,
}

pub(crate) const NEVER: EventTime = EventTime::MIN;
pub(crate) const NO_ENERGY: u32 = u32::MAX;

impl Seat {
    fn before(&self) -> Option<WattHours> {
        (self.wh != NO_ENERGY).then_some(WattHours(self.wh.into()))
    }

    #[inline]
    pub(crate) fn measured(&mut self, row: &Interval) {
        if let Some(imported) = measured_import(row) {
            self.wh = u32::try_from(imported.0).unwrap_or(NO_ENERGY - 1).min(NO_ENERGY - 1);
        }
    }
}

/// A consumer is without supply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Spell {
    pub(crate) start: EventTime,
    pub(crate) cause: Cause,
    /// The tick that showed it.
    pub(crate) noticed: EventTime,
    /// It was heard of again from here on, and the row that says how much energy moved is still to come.
    pub(crate) back: Option<EventTime>,
    /// The outage that it is a part of.
    pub(crate) group: Option<Target>,
    /// It was told as an outage of its own.
    pub(crate) told: bool,
    /// Others were out at the same time, and said so: then a silence may be short.
    pub(crate) with_others: bool,
}

impl Spell {
    /// One that begins, on its own.
    pub(crate) fn new(start: EventTime, cause: Cause, noticed: EventTime) -> Self {
        Self { start, cause, noticed, back: None, group: None, told: false, with_others: false }
    }
}

/// One that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Over {
    pub(crate) meter: MeterId,
    pub(crate) spell: Spell,
    pub(crate) end: EventTime,
    /// The meter said so.
    pub(crate) said: bool,
    /// A silence that was none: a clock has looked before what was on its way was there.
    pub(crate) is_nothing: bool,
}

/// What comes of one meter in a tick.
#[derive(Debug, Clone, Copy)]
struct Moment {
    /// Which interval it belongs to; what a meter says comes before what the whole interval says.
    index: i64,
    is_interval: bool,
    time: EventTime,
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Failed,
    Restored,
    /// Something was heard in the interval; whether its row is here.
    Heard(bool),
}

/// A meter in a tick.
pub(crate) struct Visit<'a> {
    pub(crate) rules: &'a SupplySettings,
    /// The end of the tick.
    pub(crate) tick: EventTime,
    pub(crate) meter: MeterId,
    pub(crate) rows: &'a [Interval],
    pub(crate) events: &'a [Event],
    pub(crate) seat: &'a mut Seat,
    pub(crate) spell: Option<Spell>,
    pub(crate) over: &'a mut Vec<Over>,
}

impl Visit<'_> {
    /// Goes through what came, in the order of its times. Returns the spell that lasts.
    pub(crate) fn go(mut self) -> Option<Spell> {
        let grid = self.rules.grid;
        let rows = self.rows.iter().filter(|row| row.sums.readings > 0);
        let of_rows = rows.map(|row| (row.end, What::Heard(true)));
        let of_events = self.events.iter().filter_map(|event| {
            let what = match event.code {
                EventCode::HEARD => What::Heard(false),
                EventCode::POWER_FAILURE => What::Failed,
                EventCode::POWER_FAILURE_RESTORED => What::Restored,
                _ => return None,
            };
            Some((event.time, what))
        });
        let moment = |(time, what)| {
            let is_interval = matches!(what, What::Heard(_));
            Moment { index: grid.index(time), is_interval, time, what }
        };
        let mut moments: Vec<Moment> = of_rows.chain(of_events).map(moment).collect();
        // At one time supply goes before it comes back.
        moments.sort_by_key(|one| (one.index, one.is_interval, one.time, one.what != What::Failed));
        for Moment { index, time, what, .. } in moments {
            let start = grid.start(index);
            match what {
                What::Heard(has_row) if time > self.seat.heard => {
                    self.heard_from(start, has_row);
                    self.seat.heard = time;
                }
                What::Heard(_) => {}
                What::Failed => {
                    self.heard_from(start, true);
                    self.seat.heard = self.seat.heard.max(start);
                    if self.spell.is_none() {
                        self.begin(time, Cause::LastGasp);
                    }
                }
                What::Restored => {
                    self.restored(time, start);
                    self.seat.heard = self.seat.heard.max(start);
                }
            }
        }
        for row in self.rows {
            self.seat.measured(row);
        }
        self.spell
    }

    fn begin(&mut self, start: EventTime, cause: Cause) {
        self.spell = Some(Spell::new(start, cause, self.tick));
    }

    /// Something was heard of the interval that starts then.
    fn heard_from(&mut self, start: EventTime, has_row: bool) {
        let was_silent = self.seat.heard != NEVER && start.since(self.seat.heard) >= self.rules.silent_after;
        if self.spell.is_none() && was_silent {
            self.begin(self.seat.heard, Cause::Silence);
        }
        let Some(spell) = &mut self.spell else { return };
        match spell.back {
            Some(back) => self.end(back, false),
            None if start < spell.start => {}
            None if has_row || spell.cause != Cause::Silence => self.end(start, false),
            None => spell.back = Some(start),
        }
    }

    /// The meter says that supply came back then, in the interval that starts at `start`.
    fn restored(&mut self, time: EventTime, start: EventTime) {
        // A clock may have looked before what was on its way was there: then nothing is missing.
        if self.spell.is_some_and(|spell| spell.cause == Cause::Silence && start <= spell.start) {
            self.end(start, false);
        }
        if self.spell.is_none() {
            match self.seat.heard {
                NEVER => return,
                // Nothing is missing: it was a moment.
                heard if start <= heard => self.begin(time, Cause::Restored),
                heard => self.begin(heard, Cause::Restored),
            }
        }
        if let Some(spell) = &mut self.spell {
            if spell.cause == Cause::Silence {
                spell.cause = Cause::Restored;
            }
            self.end(time, true);
        }
    }

    fn end(&mut self, end: EventTime, said: bool) {
        let Some(mut spell) = self.spell.take() else { return };
        let mut is_nothing = false;
        if spell.cause == Cause::Silence {
            let least = if spell.with_others { 1 } else { self.rules.silent_after };
            is_nothing = end.since(spell.start) < least;
            // What others said is better evidence than energies, of which a short silence holds little.
            if !spell.with_others {
                spell.cause = self.silence(&spell, end);
            }
        }
        let end = end.max(spell.start);
        self.over.push(Over { meter: self.meter, spell, end, said, is_nothing });
    }

    /// What a silence was, by the energy that moved meanwhile.
    fn silence(&self, spell: &Spell, end: EventTime) -> Cause {
        let since =
            self.rows.iter().filter(|row| row.end > spell.start && row.quality.has(Quality::ESTIMATED));
        let mut estimated = since.filter_map(|row| row.imp).map(|imp| imp.0).peekable();
        // Registers are compared from reading to reading: nothing is estimated if those are too far apart.
        let longest = if estimated.peek().is_some() { 0 } else { self.rules.grid.length() };
        if end.since(spell.start) + longest > self.rules.longest_gap {
            return Cause::Unknown;
        }
        let advanced = estimated.sum();
        match moved_while_silent(WattHours(advanced), self.seat.before()) {
            true => Cause::Communication,
            false => Cause::Silence,
        }
    }
}
