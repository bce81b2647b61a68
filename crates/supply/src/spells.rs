//! One consumer without supply: from its last gasp, or the beginning of its silence, until it sends something again.

use crate::seat::{NEVER, Seat};
use crate::silence::Across;
use crate::{Cause, SupplySettings, Target};
use features::measured_import;
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

    /// Whether its meter only reported its return: the next row shows since when supply was gone.
    pub(crate) fn waits_for_row(&self) -> bool {
        self.cause == Cause::Restored && self.back.is_some()
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
    pub(crate) length: Length,
    /// There was no silence. The shell's clock noticed one too early, while messages were still on their way.
    pub(crate) false_alarm: bool,
}

/// Whether a silence is long enough to be an outage by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Length {
    /// It is, or the meter reported one.
    Enough,
    /// It is not, because messages are lost. It is one if enough others were silent just then.
    Brief,
    /// It is shorter than `silent_after`, but so many messages in a row are hardly ever lost. It is an outage as well if
    /// its energy shows one.
    Rare,
    /// A single reading is missing, as one of thirty may be. Only many that miss the same one show an outage.
    Single,
}

/// So many messages in a row are hardly ever lost by chance: with 3 % lost, one in a million.
const RARE: i64 = 4;

impl Ended {
    /// One that ends at `end`, of a meter that was heard again in the interval that starts at `heard`.
    pub(crate) fn new(meter: MeterId, spell: Spell, end: EventTime, heard: EventTime) -> Self {
        let (reported, joined, false_alarm) = (false, false, false);
        Self { meter, spell, end, heard, across: None, reported, joined, length: Length::Enough, false_alarm }
    }

    /// Of a meter that the topology no longer has.
    pub(crate) fn taken_away(meter: MeterId, spell: Spell, end: EventTime) -> Self {
        Self::new(meter, spell, end, end)
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

/// The beginning and the end of an outage that a meter reported while its rows of that time have not come.
pub(crate) type Told = (EventTime, EventTime);

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
    /// Outages that the meter reported, ahead of the rows of that time: their beginnings and ends.
    pub(crate) told: &'a mut Vec<Told>,
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
        let heard = self.seat.heard();
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
                What::Heard(has_row) if grid.end(index) > self.seat.heard() => {
                    if !has_row && self.was_silent_before(start) {
                        // Its row shows what the silence was, and comes with those of the silence.
                        continue;
                    }
                    self.heard_from(start, has_row);
                    self.missed_within(start, has_row);
                    self.seat.hear(grid.end(index), self.since_last_reading(start, time, has_row));
                }
                // A run may have ended in the interval and have gone on.
                What::Heard(has_row) if grid.end(index) == self.seat.heard() => {
                    // It sent a part of the interval before it was silent, and delivers the rest.
                    if let Some(spell @ Spell { back: Some(back), .. }) =
                        self.spell.filter(|one| one.start > start)
                    {
                        self.shorten(spell, back, start);
                    }
                    self.seat.hear_again(self.since_last_reading(start, time, has_row));
                }
                What::Heard(_) => {}
                What::Failed | What::Restored => {
                    let ahead = self.is_ahead(start);
                    if what == What::Failed {
                        self.failed(time, start, ahead);
                    } else {
                        self.restored(time, start, ahead);
                    }
                    // Whether rows are missing in between is not known before the next one comes.
                    if !ahead {
                        // What is reported at the very end of an interval says nothing of it.
                        let since = grid.start(grid.index(time.plus(1)));
                        if since > self.seat.heard() {
                            self.seat.hear(since, 0);
                        }
                    }
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

    /// Whether an event came so long before the rows of its time that these are missing: they were lost, or they come with
    /// a backlog.
    fn is_ahead(&self, start: EventTime) -> bool {
        self.seat.was_heard() && start.since(self.seat.heard()) >= self.rules.silent_after
    }

    /// Whether a silence that is too short to be an outage by itself ends in the interval that starts at `start`.
    fn was_silent_before(&self, start: EventTime) -> bool {
        let silent = self.seat.was_heard() && self.spell.is_none() && self.told.is_empty();
        silent
            && (self.seat.least_silence(self.rules.grid.length())..self.rules.silent_after)
                .contains(&start.since(self.seat.last_reading()))
    }

    /// The meter sent something in the interval that starts at `start`. Its row is here, or waits for a register.
    fn heard_from(&mut self, start: EventTime, has_row: bool) {
        let Some(spell) = self.spell else { return self.missed_before(start, has_row) };
        match spell.back {
            // The interval in which it went out, or one before that.
            None if start < spell.start => {
                if spell.cause == Cause::LastGasp {
                    self.missed_before(start, has_row);
                }
            }
            None if spell.cause == Cause::Silence && self.told.iter().any(|(_, to)| *to > spell.start) => {
                self.take_back();
                self.missed_before(start, has_row);
            }
            None if has_row || spell.cause != Cause::Silence => self.end(self.back_in(start), start, false),
            None => self.spell = Some(Spell { back: Some(start), ..spell }),
            Some(_) if !has_row => {}
            Some(back) if start <= spell.start => self.shorten(spell, back, start),
            Some(back) if spell.cause == Cause::Restored => self.end(back, start, true),
            Some(back) => self.end(self.back_in(back), start, false),
        }
    }

    /// The row of the interval that starts at `start` lies in what seemed to be a silence.
    fn shorten(&mut self, spell: Spell, back: EventTime, start: EventTime) {
        let end = start.plus(self.rules.grid.length());
        self.take_back();
        if spell.cause != Cause::Restored {
            return;
        }
        if back < end {
            // No interval is missing before the return that was reported: it was a moment.
            self.begin(back, Cause::Restored);
            self.end(back, start, true);
        } else {
            self.spell = Some(Spell { back: Some(back), ..Spell::new(end, Cause::Restored, spell.noticed) });
        }
    }

    /// What is missing between the last row and the interval that starts at `start`, beside outages that were reported.
    fn missed_before(&mut self, start: EventTime, has_row: bool) {
        let heard = self.seat.heard();
        let (silent, back) = (self.seat.last_reading(), self.back_in(start));
        let row = if has_row { self.row_at(start) } else { None };
        // With a reading at its start, nothing is missing before it.
        let was_there = silent == start || start == heard && row.is_some_and(|row| !row.quality.is_spread());
        let least = self.seat.least_silence(self.rules.grid.length());
        if heard == NEVER || was_there || back.since(silent) < least {
            return;
        }
        self.told.sort_unstable();
        let mut parts = Vec::new();
        let mut since = silent;
        for &(from, to) in self.told.iter().filter(|(from, to)| *to > heard && *from < start) {
            parts.push((since, from));
            since = since.max(to);
        }
        parts.push((since, back.max(since)));
        let many = parts.len() > 1;
        parts.retain(|(from, to)| to.since(*from) >= self.rules.silent_after);
        let end = start.plus(self.rules.grid.length());
        self.told.retain(|(_, to)| *to > end);
        if !has_row && self.spell.is_none() {
            // Its next row has the energy of the silence.
            if let ([_], false) = (&parts[..], many) {
                let spell = Spell::new(silent, Cause::Silence, self.tick);
                self.spell = Some(Spell { back: Some(start), ..spell });
            }
            return;
        }
        let late = self.seat.expected(self.rules.grid.length()).since(heard);
        if !has_row {
            parts.retain(|(from, to)| to.since(*from) - late >= self.rules.silent_after);
        }
        if has_row && parts.is_empty() && !many {
            self.brief((silent, back), start);
        }
        for (from, to) in parts {
            let mut spell = Spell::new(from, Cause::Silence, self.tick);
            if self.is_unknown(&spell, to, start) {
                spell.cause = Cause::Unknown;
            }
            let across = self.across(silent, to, start);
            self.ended.push(Ended { across, ..Ended::new(self.meter, spell, to, start) });
        }
    }

    /// A silence that ends in the interval that starts at `start`, and is too short to be an outage by itself.
    fn brief(&mut self, (since, back): (EventTime, EventTime), start: EventTime) {
        let across = self.across(since, back, start);
        let spell = Spell::new(since, Cause::Silence, self.tick);
        let missing = back.since(since) * self.seat.readings() / self.rules.grid.length();
        let length = match missing {
            ..=1 => Length::Single,
            2..RARE => Length::Brief,
            _ => Length::Rare,
        };
        self.short(Ended { across, length, ..Ended::new(self.meter, spell, back, start) });
    }

    /// The interval that starts at `start` has registers at both ends, and lacks half of the readings in between.
    fn missed_within(&mut self, start: EventTime, has_row: bool) {
        let row = if has_row && self.spell.is_none() { self.row_at(start) } else { None };
        let Some((row, missing)) = row.and_then(|row| Some((row, self.seat.missing_within(row)?))) else {
            return;
        };
        let usual = self.seat.energy().zip(measured_import(row));
        let across = usual.map(|(usual, own)| Across { advanced: own.0, edges: usual.0, all: usual.0 });
        let spell = Spell::new(start, Cause::Silence, self.tick);
        let back = start.plus(missing);
        let single = Ended::new(self.meter, spell, back, start);
        self.short(Ended { across, length: Length::Single, ..single });
    }

    /// A silence that is too short to be an outage by itself, unless the meter reported one that explains it.
    fn short(&mut self, one: Ended) {
        // Supply may have failed long after the last reading, and it may have been back long before the next one.
        let step = self.rules.grid.length() / self.seat.readings();
        let (since, back) = (one.spell.start.minus(step), one.end.plus(step));
        let own = self.ended.iter().rev().take_while(|ended| ended.meter == self.meter);
        let own = own.map(|ended| (ended.spell.start, ended.end)).chain(self.told.iter().copied());
        if !own.chain(self.reports()).any(|(from, to)| from <= back && to >= since) {
            self.ended.push(one);
        }
    }

    /// When the meter reported that supply failed or returned.
    fn reports(&self) -> impl Iterator<Item = (EventTime, EventTime)> {
        let codes = [EventCode::POWER_FAILURE, EventCode::POWER_FAILURE_RESTORED];
        self.events
            .iter()
            .filter(move |event| codes.contains(&event.code))
            .map(|event| (event.time, event.time))
    }

    /// The row of the interval that starts at `start`, if it is here.
    fn row_at(&self, start: EventTime) -> Option<&Interval> {
        let at = self.rows.partition_point(|row| row.start < start);
        self.rows.get(at).filter(|row| row.start == start)
    }

    /// How long before the end of the interval that starts at `start` its last reading was: by its row, or by an event of
    /// that time.
    fn since_last_reading(&self, start: EventTime, time: EventTime, has_row: bool) -> i64 {
        let row = if has_row { self.row_at(start) } else { None };
        let end = start.plus(self.rules.grid.length());
        let since_reading = row.map_or(end.since(time), |row| reading_missing(row, self.seat));
        // It was there when it reported something.
        let reports =
            self.reports().map(|(time, _)| time).filter(|time| (start.plus(1)..=end).contains(time));
        reports.max().map_or(since_reading, |time| end.since(time).min(since_reading))
    }

    /// When supply was back, if the meter was silent and is heard of in the interval that starts at `start`: before the
    /// first reading, by as much as there is between two.
    fn back_in(&self, start: EventTime) -> EventTime {
        self.row_at(start).map_or(start, |row| start.plus(reading_missing(row, self.seat)))
    }

    /// Withdraws the spell: it was none, or rows will show what it was.
    fn take_back(&mut self) {
        let Some(spell) = self.spell.take() else { return };
        if spell.published || spell.group.is_some() {
            let start = spell.start;
            self.ended.push(Ended { false_alarm: true, ..Ended::new(self.meter, spell, start, start) });
        }
    }

    /// The meter reports that supply failed at `time`, in the interval that starts at `start`.
    fn failed(&mut self, time: EventTime, start: EventTime, ahead: bool) {
        match self.spell {
            Some(spell) if ahead => match spell.back {
                None if spell.cause == Cause::LastGasp || spell.with_others => {
                    if start >= spell.start {
                        self.end(start, start, false);
                        self.told.push((spell.start, start));
                    }
                }
                Some(back) if spell.cause == Cause::Restored => {
                    self.take_back();
                    self.begin(back, Cause::Restored);
                    self.end(back, start, true);
                    self.told.push((back, back));
                }
                // It had supply until now. Whether it had some all the time, rows will show.
                _ => self.take_back(),
            },
            Some(_) => self.heard_from(start, true),
            None => {}
        }
        if self.spell.is_none() {
            self.begin(time, Cause::LastGasp);
        }
    }

    /// The meter reports that supply returned at `time`, in the interval that starts at `start`.
    fn restored(&mut self, time: EventTime, start: EventTime, ahead: bool) {
        // The shell's clock noticed a silence too early: no interval is missing.
        if self.spell.is_some_and(|spell| spell.cause == Cause::Silence && start <= spell.start) {
            self.end(start, start, false);
        }
        if self.spell.is_none() {
            let told = self.told.iter().map(|(_, end)| *end).max();
            match self.seat.heard().max(told.unwrap_or(NEVER)) {
                NEVER => return,
                // No interval is missing: the interruption was momentary, and its beginning is not known.
                heard if start <= heard => self.begin(time, Cause::Restored),
                heard if heard == self.seat.heard() => self.begin(self.seat.last_reading(), Cause::Restored),
                told => self.begin(told, Cause::Restored),
            }
        }
        let silent_after = self.rules.silent_after;
        let Some(spell) = &mut self.spell else { return };
        let is_long = start.since(spell.start) >= silent_after && !spell.with_others;
        if matches!(spell.cause, Cause::Silence | Cause::Restored) {
            // The meter itself reports that supply had failed, but not when. After a long silence only the energy shows
            // whether it was gone all the time, or a backlog.
            spell.cause = Cause::Restored;
            if is_long {
                spell.back = spell.back.max(Some(time));
                return;
            }
        }
        let began = spell.start;
        self.end(time, start, true);
        if ahead {
            self.told.push((began, time));
        }
    }

    /// The spell ends at `end`, in a visit that heard of the meter in the interval that starts at `heard`.
    fn end(&mut self, end: EventTime, heard: EventTime, reported: bool) {
        let Some(mut spell) = self.spell.take() else { return };
        let mut false_alarm = false;
        let across = self.across(spell.start, end, heard);
        if spell.cause == Cause::Silence {
            let least = match spell.group {
                _ if spell.with_others => 1,
                Some(_) => self.rules.grid.length(),
                None => self.rules.silent_after,
            };
            false_alarm = end.since(spell.start) < least;
            if !spell.with_others && self.is_unknown(&spell, end, heard) {
                spell.cause = Cause::Unknown;
            }
        }
        let end = end.max(spell.start);
        self.ended.push(Ended { across, reported, false_alarm, ..Ended::new(self.meter, spell, end, heard) });
    }

    /// The rows over which the energy of a silence is spread, up to the one in which the meter was heard again.
    fn spread(&self, since: EventTime, heard: EventTime) -> impl Iterator<Item = &Interval> + Clone {
        let within = self.rows.iter().filter(move |row| row.end > since && row.start <= heard);
        within.filter(|row| row.quality.is_spread())
    }

    /// Whether a silence is too long for its energy to be known.
    fn is_unknown(&self, spell: &Spell, end: EventTime, heard: EventTime) -> bool {
        // The advance of a register is spread over the intervals between two readings, unless these are further apart
        // than the longest gap. If nothing was spread, they may have been, even if the silence is shorter: the last
        // reading may be up to an interval before the silence.
        let is_spread = self.spread(spell.start, heard).any(|row| row.imp.is_some());
        let longest = if is_spread { 0 } else { self.rules.grid.length() };
        end.since(spell.start) + longest > self.rules.longest_gap
    }

    /// What the register counted across a silence, beside what is usual: by the profile, or as in the last interval
    /// before. It is unknown without either.
    fn across(&self, since: EventTime, end: EventTime, heard: EventTime) -> Option<Across> {
        let mut across = Across::default();
        for (place, row) in self.spread(since, heard).enumerate() {
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

/// Whether readings are missing in an interval that follows on the last one, or just before it.
#[inline]
pub(crate) fn is_missing_some(row: &Interval, seat: &Seat) -> bool {
    let (silent, back) = (seat.last_reading(), row.start.plus(reading_missing(row, seat)));
    let is_silent = silent < row.start && back.since(silent) >= seat.least_silence(row.length());
    // Without a reading at its start, it is spread.
    is_silent && row.quality.is_spread() || seat.missing_within(row).is_some()
}

/// How much of an interval a meter has not read, ms. A register at its end shows that it was there then.
pub(crate) fn reading_missing(row: &Interval, seat: &Seat) -> i64 {
    if row.quality.is_spread() { seat.missing(row.sums.readings, row.length()) } else { 0 }
}
