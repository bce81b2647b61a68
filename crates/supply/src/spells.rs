//! One consumer without supply: from its last gasp, or the beginning of its silence, until it sends something again.

use crate::seat::{NEVER, Seat};
use crate::silence::Across;
use crate::{Cause, SupplySettings, Target};
use reading::{Event, EventCode, EventTime, Interval, MeterId};
use serde::{Deserialize, Serialize};

/// A time in which a consumer is without supply, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Spell {
    pub(crate) start: EventTime,
    pub(crate) cause: Cause,
    /// The tick that showed it.
    pub(crate) noticed: EventTime,
    /// The meter sends again from here on, or reported that supply was back then. The row with the energy of the silence
    /// has not come yet. Only that energy shows whether supply or communication had failed.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ended {
    pub(crate) meter: MeterId,
    pub(crate) spell: Spell,
    pub(crate) end: EventTime,
    /// The start of the interval in which the meter sent something again.
    pub(crate) heard: EventTime,
    /// What its register counted across the silence, if that is known.
    pub(crate) across: Option<Across>,
    /// The meter reported the return itself.
    pub(crate) reported: bool,
    /// It is part of an outage of many that was over before.
    pub(crate) joined: bool,
    /// There was no silence. The shell's clock noticed one too early, while messages were still on their way.
    pub(crate) false_alarm: bool,
}

impl Ended {
    /// Of a meter that the topology no longer has.
    pub(crate) fn taken_away(meter: MeterId, spell: Spell, end: EventTime) -> Self {
        let (reported, joined, false_alarm) = (false, false, false);
        Self { meter, spell, end, heard: end, across: None, reported, joined, false_alarm }
    }
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
    /// Whether these rows are a part of a backlog. The rest comes with the next tick, or with further parts.
    pub(crate) is_part: bool,
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
        // A backlog holds nearly all intervals since the meter was heard of. What is missing after an outage is not
        // late.
        let heard = self.seat.heard;
        let since = self.tick.since(heard) / grid.length();
        let mut own = self.rows.iter().filter(|row| row.sums.readings > 0 && row.end > heard);
        if heard != NEVER && self.is_part {
            // Only its beginning shows how late it is.
            if own.next().is_some_and(|row| row.start == heard) {
                self.seat.delivered_a_part(since - 1);
            }
        } else if heard != NEVER && 4 * own.count() as i64 >= 3 * since {
            self.seat.delivered(since - 1);
        }
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
            Some(back) if has_row => {
                let reported = spell.cause == Cause::Restored;
                self.end(back, start, reported);
            }
            Some(_) => {}
            // The interval in which it went out, or one before that.
            None if start < spell.start => {}
            None if has_row || spell.cause != Cause::Silence => self.end(start, start, false),
            None => spell.back = Some(start),
        }
    }

    /// The meter reports that supply returned at `time`, in the interval that starts at `start`.
    fn restored(&mut self, time: EventTime, start: EventTime) {
        // The shell's clock noticed a silence too early: no interval is missing.
        if self.spell.is_some_and(|spell| spell.cause == Cause::Silence && start <= spell.start) {
            self.end(start, start, false);
        }
        if self.spell.is_none() {
            match self.seat.heard {
                NEVER => return,
                // No interval is missing: the interruption was momentary, and its beginning is not known.
                heard if start <= heard => self.begin(time, Cause::Restored),
                heard => self.begin(heard, Cause::Restored),
            }
        }
        let silent_after = self.rules.silent_after;
        let Some(spell) = &mut self.spell else { return };
        let is_long = start.since(spell.start) >= silent_after && !spell.with_others;
        if matches!(spell.cause, Cause::Silence | Cause::Restored) {
            // The meter itself reports that supply had failed, but not when. After a long silence only the energy shows
            // whether it was gone all the time.
            spell.cause = Cause::Restored;
            if is_long {
                spell.back = spell.back.max(Some(time));
                return;
            }
        }
        self.end(time, start, true);
    }

    /// The spell ends at `end`, in a visit that heard of the meter in the interval that starts at `heard`.
    fn end(&mut self, end: EventTime, heard: EventTime, reported: bool) {
        let Some(mut spell) = self.spell.take() else { return };
        let mut false_alarm = false;
        let across = self.across(&spell, end, heard);
        if spell.cause == Cause::Silence {
            let least = if spell.with_others { 1 } else { self.rules.silent_after };
            false_alarm = end.since(spell.start) < least;
            if !spell.with_others && self.is_unknown(&spell, end, heard) {
                spell.cause = Cause::Unknown;
            }
        }
        let end = end.max(spell.start);
        let (meter, joined) = (self.meter, false);
        self.ended.push(Ended { meter, spell, end, heard, across, reported, joined, false_alarm });
    }

    /// The rows over which the energy of a silence is spread, up to the one in which the meter was heard again.
    fn spread(&self, spell: &Spell, heard: EventTime) -> impl Iterator<Item = &Interval> + Clone {
        let since = spell.start;
        let within = self.rows.iter().filter(move |row| row.end > since && row.start <= heard);
        within.filter(|row| row.quality.is_spread())
    }

    /// Whether a silence is too long for its energy to be known.
    fn is_unknown(&self, spell: &Spell, end: EventTime, heard: EventTime) -> bool {
        // The advance of a register is spread over the intervals between two readings, unless these are further apart
        // than the longest gap. If nothing was spread, they may have been, even if the silence is shorter: the last
        // reading may be up to an interval before the silence.
        let is_spread = self.spread(spell, heard).any(|row| row.imp.is_some());
        let longest = if is_spread { 0 } else { self.rules.grid.length() };
        end.since(spell.start) + longest > self.rules.longest_gap
    }

    /// What the register counted across a silence, beside what is usual: by the profile, or as in the last interval
    /// before. It is unknown without either.
    fn across(&self, spell: &Spell, end: EventTime, heard: EventTime) -> Option<Across> {
        let mut across = Across::default();
        for (place, row) in self.spread(spell, heard).enumerate() {
            let usual = row.instead.or(self.seat.energy())?.0.max(0);
            across.advanced += row.imp.map_or(0, |imp| imp.0);
            across.all += usual;
            // Supply may have failed at any time in the first interval, and it was back in those from `end` on.
            if place == 0 || row.end > end {
                across.edges += usual;
            }
        }
        (across != Across::default()).then_some(across)
    }
}
