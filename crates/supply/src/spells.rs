//! One consumer without supply: from its last gasp, or the beginning of its silence, until it sends something again.

use crate::{Cause, SupplySettings, Target};
use features::{measured_import, moved_while_silent};
use reading::{Event, EventCode, EventTime, Interval, MeterId};
use serde::{Deserialize, Serialize};
use units::WattHours;

/// The state of a consumer that has supply, in 16 bytes. There is one for each row of the topology. A meter with
/// several rows uses that of the first row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seat {
    /// The end of the last interval in which the meter sent something.
    pub(crate) heard: EventTime,
    /// The energy of the last measured interval, Wh; [`NO_ENERGY`] if there is none.
    pub(crate) wh: u32,
    /// The number of the area of the row.
    pub(crate) area: u32,
}

pub(crate) const NEVER: EventTime = EventTime::MIN;
pub(crate) const NO_ENERGY: u32 = u32::MAX;

impl Seat {
    fn energy(&self) -> Option<WattHours> {
        (self.wh != NO_ENERGY).then_some(WattHours(self.wh.into()))
    }

    #[inline]
    pub(crate) fn measured(&mut self, row: &Interval) {
        if let Some(imported) = measured_import(row) {
            self.wh = u32::try_from(imported.0).unwrap_or(NO_ENERGY - 1).min(NO_ENERGY - 1);
        }
    }
}

/// A time in which a consumer is without supply, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Spell {
    pub(crate) start: EventTime,
    pub(crate) cause: Cause,
    /// The tick that showed it.
    pub(crate) noticed: EventTime,
    /// The meter sends again from here on, but the row with the energy of the silence has not come yet. Only that
    /// energy shows whether supply or communication had failed.
    pub(crate) back: Option<EventTime>,
    /// The outage of many that it is part of.
    pub(crate) group: Option<Target>,
    /// It was published as an outage of its own.
    pub(crate) published: bool,
    /// Other meters sent a last gasp at the same time, so even a short silence is an outage.
    pub(crate) with_others: bool,
}

impl Spell {
    /// One that begins, on its own.
    pub(crate) fn new(start: EventTime, cause: Cause, noticed: EventTime) -> Self {
        Self { start, cause, noticed, back: None, group: None, published: false, with_others: false }
    }
}

/// A spell that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) meter: MeterId,
    pub(crate) spell: Spell,
    pub(crate) end: EventTime,
    /// The meter reported the return itself.
    pub(crate) reported: bool,
    /// There was no silence. The shell's clock noticed one too early, while messages were still on their way.
    pub(crate) false_alarm: bool,
}

/// Something that a meter sent, in its place within the tick.
#[derive(Debug, Clone, Copy)]
struct Moment {
    /// The interval that it belongs to. Events of an interval come before the interval as a whole, which is only
    /// known at its end.
    index: i64,
    is_interval: bool,
    time: EventTime,
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Failed,
    Restored,
    /// The meter sent something in the interval. The row is here, or waits for a register.
    Heard(bool),
}

/// One meter in one tick: what it sent, and its state before.
pub(crate) struct Visit<'a> {
    pub(crate) rules: &'a SupplySettings,
    /// The end of the tick.
    pub(crate) tick: EventTime,
    pub(crate) meter: MeterId,
    pub(crate) rows: &'a [Interval],
    pub(crate) events: &'a [Event],
    pub(crate) seat: &'a mut Seat,
    pub(crate) spell: Option<Spell>,
    pub(crate) ended: &'a mut Vec<Ended>,
}

impl Visit<'_> {
    /// Goes through what the meter sent, in the order of time. Returns the spell if it lasts.
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
        // At equal times the failure comes first, because supply must fail before it can return.
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
        // Update the last energy only now: until here, the energy before the silence was compared with that of the
        // silence.
        for row in self.rows {
            self.seat.measured(row);
        }
        self.spell
    }

    fn begin(&mut self, start: EventTime, cause: Cause) {
        self.spell = Some(Spell::new(start, cause, self.tick));
    }

    /// The meter sent something in the interval that starts at `start`.
    fn heard_from(&mut self, start: EventTime, has_row: bool) {
        let was_silent = self.seat.heard != NEVER && start.since(self.seat.heard) >= self.rules.silent_after;
        if self.spell.is_none() && was_silent {
            // The silence ends in the same tick that would have noticed it, for example after a pause of the whole
            // stream.
            self.begin(self.seat.heard, Cause::Silence);
        }
        let Some(spell) = &mut self.spell else { return };
        match spell.back {
            Some(back) => self.end(back, false),
            // The interval in which it went out, or one before that.
            None if start < spell.start => {}
            None if has_row || spell.cause != Cause::Silence => self.end(start, false),
            None => spell.back = Some(start),
        }
    }

    /// The meter reports that supply returned at `time`, in the interval that starts at `start`.
    fn restored(&mut self, time: EventTime, start: EventTime) {
        // The shell's clock noticed a silence too early: no interval is missing.
        if self.spell.is_some_and(|spell| spell.cause == Cause::Silence && start <= spell.start) {
            self.end(start, false);
        }
        if self.spell.is_none() {
            match self.seat.heard {
                NEVER => return,
                // No interval is missing: the interruption was momentary, and its beginning is not known.
                heard if start <= heard => self.begin(time, Cause::Restored),
                heard => self.begin(heard, Cause::Restored),
            }
        }
        if let Some(spell) = &mut self.spell {
            // The meter itself reports that supply had failed, so the energies need not be compared.
            if spell.cause == Cause::Silence {
                spell.cause = Cause::Restored;
            }
            self.end(time, true);
        }
    }

    fn end(&mut self, end: EventTime, reported: bool) {
        let Some(mut spell) = self.spell.take() else { return };
        let mut false_alarm = false;
        if spell.cause == Cause::Silence {
            let least = if spell.with_others { 1 } else { self.rules.silent_after };
            false_alarm = end.since(spell.start) < least;
            // Last gasps of other meters are better evidence than the energy, because a short silence holds little
            // energy.
            if !spell.with_others {
                spell.cause = self.cause_of_silence(&spell, end);
            }
        }
        let end = end.max(spell.start);
        self.ended.push(Ended { meter: self.meter, spell, end, reported, false_alarm });
    }

    /// What a silence was, by the energy that the register counted during it.
    fn cause_of_silence(&self, spell: &Spell, end: EventTime) -> Cause {
        let since = self.rows.iter().filter(|row| row.end > spell.start && row.quality.is_spread());
        let mut estimated = since.filter_map(|row| row.imp).map(|imp| imp.0).peekable();
        // The advance of a register is spread over the intervals between two readings, unless these are further apart
        // than the longest gap. If nothing was spread, they may have been, even if the silence is shorter: the last
        // reading may be up to an interval before the silence.
        let longest = if estimated.peek().is_some() { 0 } else { self.rules.grid.length() };
        if end.since(spell.start) + longest > self.rules.longest_gap {
            return Cause::Unknown;
        }
        let advanced = estimated.sum();
        match moved_while_silent(WattHours(advanced), self.seat.energy()) {
            true => Cause::Communication,
            false => Cause::Silence,
        }
    }
}
