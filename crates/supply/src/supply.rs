//! The supply of all consumers, tick by tick.
//!
//! A tick has two halves. First [`Supply::visit_consumers`] visits the consumers that sent something. Most of them
//! have one interval that follows on the last one, and need nothing else. Then [`Supply::update_outages`] finds
//! consumers that have become silent, consumers that belong to one outage, and consumers that are back. It publishes
//! what has changed.

use crate::books::{Books, Voltage};
use crate::clusters::Tick;
use crate::dark::Dark;
use crate::groups::{Group, Returned};
use crate::past::Past;
use crate::seat::{NEVER, Seat};
use crate::spells::{Ended, Spell, Told, Visit, is_missing_some, reading_missing};
use crate::{Cause, Change, Interruption, Outage, SupplyRows, SupplySettings, Target};
use features::{voltage_beyond, voltage_unbalance};
use grid::{Join, Joined, Role, Topology, TopologyRow};
use reading::time::DAY;
use reading::{AreaId, Calendar, Event, EventTime, MeterId};
use std::collections::BTreeMap;

/// The supply of all consumers, and the outages.
#[derive(Debug, Clone)]
pub struct Supply {
    pub(crate) rules: SupplySettings,
    pub(crate) calendar: Calendar,
    /// The state of consumers with supply, by row of the topology.
    pub(crate) seats: Vec<Seat>,
    /// By number of the area, from 1 on: 0 is no area.
    areas: Vec<AreaId>,
    /// Consumers that are out.
    pub(crate) out: BTreeMap<MeterId, Spell>,
    /// Outages of many that last.
    pub(crate) groups: BTreeMap<Target, Group>,
    /// Consumers of these outages that are back.
    pub(crate) returned: BTreeMap<Target, Returned>,
    /// Outages of many that are over.
    pub(crate) past: Past,
    pub(crate) books: Books,
    /// The last tick.
    pub(crate) last: EventTime,
    /// Spells that ended since, by parts of backlogs.
    pub(crate) ended_since: Vec<Ended>,
    /// Outages that meters reported ahead of their rows.
    pub(crate) told: BTreeMap<MeterId, Vec<Told>>,
    /// Times in which the meter of a transformer sent nothing.
    pub(crate) dark: Dark,
}

impl Supply {
    /// A supply before the first message of any consumer.
    pub fn new(rules: SupplySettings, calendar: Calendar, topology: &Topology) -> Self {
        let mut supply = Self {
            rules,
            calendar,
            seats: Vec::new(),
            areas: Vec::new(),
            out: BTreeMap::new(),
            groups: BTreeMap::new(),
            returned: BTreeMap::new(),
            past: Past::new(),
            books: Books::default(),
            last: NEVER,
            ended_since: Vec::new(),
            told: BTreeMap::new(),
            dark: Dark::new(),
        };
        supply.seat(topology);
        supply
    }

    fn seat(&mut self, topology: &Topology) {
        self.areas = topology.areas().collect();
        let area = |area: &AreaId| self.areas.binary_search(area).map_or(0, |at| at as u32 + 1);
        let rows = topology.rows().iter();
        self.seats = rows.map(|row| Seat::empty(row.area.as_deref().map_or(0, area))).collect();
    }

    /// Replaces the topology. The state of a meter moves to its first row.
    pub fn place(&mut self, before: &Topology, topology: &Topology) {
        let known = std::mem::take(&mut self.seats);
        self.seat(topology);
        let known = before.rows().iter().zip(known);
        let known = known.filter_map(|(row, seat)| Some((row.meter, seat.stored()?)));
        for (first, stored) in topology.first_rows(known) {
            self.seats[first].take(stored);
        }
    }

    /// How many outages have not ended, of many and of single consumers.
    pub fn open(&self) -> usize {
        self.groups.len() + self.out.values().filter(|spell| spell.group.is_none()).count()
    }

    /// How many consumers are silent, without a last gasp.
    pub fn silent(&self) -> usize {
        self.out.values().filter(|spell| spell.cause == Cause::Silence).count()
    }

    /// Takes the tick that ends at `end`: its intervals by meter and end, with their rows of the topology, and the
    /// events that meters reported, by meter and time.
    pub fn tick(&mut self, end: EventTime, joined: &Join<'_>, events: &[Event], out: &mut SupplyRows) {
        let (mut ended, topology) = (std::mem::take(&mut self.ended_since), joined.topology());
        self.visit_consumers(end, joined, events, false, &mut ended);
        self.update_outages(end, topology, ended, out);
        self.last = self.last.max(end);
        if self.rules.whole {
            self.books.tick(&self.calendar, topology, end, &mut out.indices);
        }
    }

    /// Takes a part of a backlog between two ticks: rows by meter and end. What they show is judged in the next tick, so
    /// that the order of parts does not matter.
    pub fn take_part(&mut self, joined: &Join<'_>) {
        if self.last == NEVER {
            return;
        }
        let mut ended = std::mem::take(&mut self.ended_since);
        self.visit_consumers(self.last, joined, &[], true, &mut ended);
        self.ended_since = ended;
    }

    /// Notices silent consumers while no tick comes. The clock of the caller shows `now`, and the caller has read all
    /// messages up to now.
    ///
    /// If the last tick is older than `silent_after` plus a day, the stream is history that was read to its end. Then
    /// no consumer is silent: there is only no more history.
    pub fn notice(&mut self, now: EventTime, topology: &Topology, out: &mut SupplyRows) {
        // An interval is only complete after its grace, and its messages have another interval to arrive.
        let length = self.rules.grid.length();
        let due = now.minus(self.rules.grace).minus(length);
        let end = EventTime(due.0.div_euclid(length).saturating_mul(length));
        let is_live = self.last != NEVER && now.since(self.last) <= self.rules.silent_after + DAY;
        if is_live && end > self.last {
            let ended = std::mem::take(&mut self.ended_since);
            self.update_outages(end, topology, ended, out);
        }
    }

    /// Ends the run: publishes the outages that have not ended, and the current month as far as it went.
    pub fn finish(&mut self, topology: &Topology, out: &mut SupplyRows) {
        let ended = std::mem::take(&mut self.ended_since);
        if !ended.is_empty() {
            self.update_outages(self.last, topology, ended, out);
        }
        self.publish_open_groups(out);
        if self.rules.whole {
            self.books.finish(&self.calendar, topology, &mut out.indices);
        }
    }

    /// Visits the consumers that sent something. Intervals, events and consumers that are out are all sorted by
    /// meter, so one walk over the rows of the topology joins the three.
    fn visit_consumers(
        &mut self,
        end: EventTime,
        joined: &Join<'_>,
        events: &[Event],
        is_part: bool,
        ended: &mut Vec<Ended>,
    ) {
        let topology = joined.topology();
        let mut cursor = 0;
        let mut first_of = |meter: &MeterId| {
            let first = topology.first_row(meter, cursor)?;
            cursor = first;
            Some(first as u32)
        };
        let out: Vec<u32> = self.out.keys().filter_map(&mut first_of).collect();
        let mut out = out.into_iter().peekable();
        let known = events.iter().filter_map(|one| Some((first_of(&one.meter)?, *one)));
        let (of_events, events): (Vec<u32>, Vec<Event>) = known.unzip();
        let none = vec![Voltage::default(); self.areas.len() + 1];
        let (month, mut voltages, mut earlier) =
            (Books::month_of(&self.calendar, end), none.clone(), BTreeMap::new());
        let month_starts = Books::start_of(&self.calendar, month);
        let first_at = |row| joined.first(row);
        let (mut row, mut event) = (0, 0);
        loop {
            // A meter without any row of the topology is no consumer of the town.
            row += (row..).take_while(|&at| first_at(at) == Some(None)).count();
            let next = (first_at(row).flatten(), of_events.get(event).copied());
            let first = match next {
                (Some(of_row), Some(of_event)) => of_row.min(of_event),
                (Some(first), None) | (None, Some(first)) => first,
                (None, None) => break,
            };
            let rows = row..row + (row..).take_while(|&at| first_at(at) == Some(Some(first))).count();
            let own_events = of_events[event..].iter().take_while(|of| **of == first).count();
            let own_events = &events[event..][..own_events];
            (row, event) = (rows.end, event + own_events.len());
            let role = joined.get(rows.start).filter(|_| !rows.is_empty()).and_then(|one| one.role);
            let role = role.unwrap_or_else(|| topology.rows()[first as usize].role);
            if role == Role::Transformer {
                rows.filter_map(|at| joined.get(at)).for_each(|one| self.see_transformer(&one));
                continue;
            } else if role != Role::Consumer {
                continue;
            }
            for one in rows.clone().filter(|_| self.rules.whole).filter_map(|at| joined.get(at)) {
                let of = match one.interval.end > month_starts {
                    true => &mut voltages,
                    // It came late, after the end of its month.
                    false => earlier
                        .entry(Books::month_of(&self.calendar, one.interval.end))
                        .or_insert_with(|| none.clone()),
                };
                self.add_voltage(&one, of);
            }
            let own_rows = &joined.intervals()[rows];
            while out.next_if(|other| *other < first).is_some() {}
            let is_out = out.peek() == Some(&first);
            // The usual case, and all there is to do in it: one interval that follows on the last one.
            let seat = &mut self.seats[first as usize];
            if let ([interval], [], false) = (own_rows, own_events, is_out)
                && interval.sums.readings > 0
                && interval.start == seat.heard()
                && !is_missing_some(interval, seat)
            {
                let missing = reading_missing(interval, seat);
                seat.hear(interval.end, missing);
                seat.measured(interval);
                let is_late = interval.end != end;
                let late = if is_late { end.since(interval.end) / self.rules.grid.length() } else { 0 };
                match is_part {
                    false => seat.delivered(late),
                    true => seat.delivered_a_part(late),
                }
                continue;
            }
            let meter = topology.rows()[first as usize].meter;
            let spell = if is_out { self.out.remove(&meter) } else { None };
            let (rules, rows, events) = (&self.rules, own_rows, own_events);
            let mut told = self.told.remove(&meter).unwrap_or_default();
            let visit =
                Visit { rules, tick: end, meter, rows, events, seat, spell, told: &mut told, is_part, ended };
            if let Some(spell) = visit.go() {
                self.out.insert(meter, spell);
            }
            if !told.is_empty() {
                self.told.insert(meter, told);
            }
        }
        for (month, voltages) in earlier.into_iter().chain([(month, voltages)]) {
            let areas = [None].into_iter().chain(self.areas.iter().copied().map(Some));
            self.books.enter_voltages(month, areas.zip(voltages));
        }
    }

    fn add_voltage(&self, joined: &Joined<'_>, of: &mut [Voltage]) {
        let SupplySettings { low_voltage, high_voltage, unbalance, .. } = self.rules;
        let interval = joined.interval;
        let Some((low, high)) = voltage_beyond(interval, low_voltage, high_voltage) else { return };
        // A reading exactly on the limit is not beyond it, whatever the rounding of the division says.
        let unbalanced = voltage_unbalance(interval).is_some_and(|apart| apart.0 > unbalance.0 + 1e-9);
        let area = joined.number().map_or(0, |number| self.seats[number as usize].area());
        let length = interval.length() as u64;
        let both = if area == 0 { &[0][..] } else { &[0, area] };
        for &at in both {
            of[at].known += length;
            of[at].low += if low { length } else { 0 };
            of[at].high += if high { length } else { 0 };
            of[at].unbalanced += if unbalanced { length } else { 0 };
        }
    }

    /// Finds silent consumers and outages of many, settles spells that are over, and publishes what has changed.
    fn update_outages(
        &mut self,
        tick: EventTime,
        topology: &Topology,
        mut ended: Vec<Ended>,
        out: &mut SupplyRows,
    ) {
        self.find_silent(tick, topology);
        self.end_removed(tick, topology, &mut ended);
        ended.sort_by_key(|ended| (ended.meter, ended.spell.start));
        self.join_past(&mut ended, topology, out);
        self.leave_out_lost_messages(tick, topology, &mut ended);
        self.cluster(&mut Tick { end: tick, topology, ended: &mut ended, out });
        self.judge_silences(topology, &mut ended);
        self.share_reported_returns(&mut ended);
        for ended in ended {
            self.settle(&ended, topology, out);
        }
        self.publish_groups(tick, out);
        self.forget_past(tick);
        // Publish single outages last: a consumer that has become part of an outage of many has none of its own.
        let momentary = self.rules.momentary;
        let single_ones =
            self.out.iter_mut().filter(|(_, spell)| spell.group.is_none() && !spell.waits_for_row());
        for (&meter, spell) in single_ones {
            if !std::mem::replace(&mut spell.published, true) {
                let area = topology.at(&meter, tick).and_then(TopologyRow::area);
                out.outages.push(Change::Updated(single(meter, area, spell, None, momentary)));
            }
        }
    }

    /// Begins a spell for each consumer that has become silent.
    fn find_silent(&mut self, tick: EventTime, topology: &Topology) {
        let (limit, length) = (tick.minus(self.rules.silent_after), self.rules.grid.length());
        let (mut is_out, mut new) = (among(self.out.keys()), Vec::new());
        for (first, seat) in self.seats.iter().enumerate() {
            if !seat.was_heard() || seat.heard() > limit || seat.expected(length) > limit {
                continue;
            }
            let Some(row) = topology.row_at(first, tick).filter(|row| row.role == Role::Consumer) else {
                continue;
            };
            if !is_out(&row.meter) {
                // It may have reported something since, ahead of its rows.
                let told = self.told.get(&row.meter).into_iter().flatten().map(|(_, end)| *end).max();
                let since = told.map_or(seat.last_reading(), |told| told.max(seat.last_reading()));
                if since <= limit {
                    new.push((row.meter, Spell::new(since, Cause::Silence, tick)));
                }
            }
        }
        drop(is_out);
        self.out.extend(new);
    }

    /// Ends the spells of meters that are no longer in the topology. They will never report again, so the cause of
    /// their silence stays unknown, unless others went out with them.
    fn end_removed(&mut self, tick: EventTime, topology: &Topology, ended: &mut Vec<Ended>) {
        let mut cursor = 0;
        self.out.retain(|&meter, spell| {
            let first = topology.first_row(&meter, cursor);
            cursor = first.unwrap_or(cursor);
            let stays = first.is_some_and(|first| topology.row_at(first, tick).is_some());
            if !stays {
                if spell.cause == Cause::Silence && !spell.with_others {
                    spell.cause = Cause::Unknown;
                }
                let ends = topology.rows_of(&meter).filter_map(|row| row.to);
                let removed = ends.filter(|to| *to <= tick).max();
                let end = removed.unwrap_or(tick).max(spell.start);
                ended.push(Ended::taken_away(meter, *spell, end));
            }
            stays
        });
    }

    /// A consumer has supply again. Publishes its outage, or counts it in an outage of many, and enters it in the
    /// books.
    fn settle(&mut self, ended: &Ended, topology: &Topology, out: &mut SupplyRows) {
        let Ended { meter, spell, end, .. } = *ended;
        // Use the row that held when it went out. A row of the topology holds in `(from, to]`.
        let place = topology.at(&meter, EventTime(spell.start.0.saturating_add(1)));
        let area = place.and_then(TopologyRow::area);
        if let Some(target) = spell.group {
            self.leave(target, ended);
        } else if ended.false_alarm {
            if spell.published {
                out.outages.push(Change::Withdrawn(Target::Consumer(meter), spell.start));
            }
        } else if !ended.joined {
            out.outages.push(Change::Updated(single(meter, area, &spell, Some(end), self.rules.momentary)));
        }
        if spell.cause.interrupts() && !ended.false_alarm {
            let lasted = (spell.start, end);
            self.books.interrupted(&self.rules, &self.calendar, topology, area, lasted);
        }
    }
}

/// Whether a meter is among these, which are sorted. Ask for meters in their order: with a third of a million meters
/// out, one walk along them is much faster than a search for each.
pub(crate) fn among<'m>(sorted: impl Iterator<Item = &'m MeterId>) -> impl FnMut(&MeterId) -> bool {
    let mut sorted = sorted.peekable();
    move |meter| {
        while sorted.next_if(|other| *other < meter).is_some() {}
        sorted.peek() == Some(&meter)
    }
}

/// The outage of a single consumer.
fn single(
    meter: MeterId,
    area: Option<AreaId>,
    spell: &Spell,
    end: Option<EventTime>,
    momentary: i64,
) -> Outage {
    let counts = end.filter(|_| spell.cause.interrupts());
    Outage {
        target: Target::Consumer(meter),
        area,
        start: spell.start,
        end,
        cause: spell.cause,
        kind: counts.map(|end| Interruption::of(spell.start, end, momentary)),
        consumers: 1,
        customer_ms: counts.map_or(0, |end| end.since(spell.start) as u64),
    }
}
