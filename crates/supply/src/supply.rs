//! The supply of all consumers, tick by tick.

use crate::books::{Books, Voltage};
use crate::clusters::{Group, Returned, kind};
use crate::spells::{NEVER, NO_ENERGY, Over, Seat, Spell, Visit};
use crate::{Cause, Change, Outage, SupplyRows, SupplySettings, Target};
use features::{voltage_beyond, voltage_unbalance};
use grid::{Join, Joined, Role, Topology};
use reading::time::DAY;
use reading::{AreaId, Calendar, Event, EventTime, MeterId};
use std::collections::BTreeMap;

/// Who has supply and who has not.
#[derive(Debug, Clone)]
pub struct Supply {
    pub(crate) rules: SupplySettings,
    pub(crate) calendar: Calendar,
    /// By row of the topology.
    pub(crate) seats: Vec<Seat>,
    areas: Vec<AreaId>,
    /// Consumers that are out.
    pub(crate) out: BTreeMap<MeterId, Spell>,
    /// Outages of many.
    pub(crate) groups: BTreeMap<Target, Group>,
    /// Who was part of one of those, and is back.
    pub(crate) returned: BTreeMap<Target, Returned>,
    pub(crate) books: Books,
    /// The last tick.
    pub(crate) last: EventTime,
}

impl Supply {
    /// Nobody was heard of yet.
    pub fn new(rules: SupplySettings, calendar: Calendar, topology: &Topology) -> Self {
        let mut supply = Self {
            rules,
            calendar,
            seats: Vec::new(),
            areas: Vec::new(),
            out: BTreeMap::new(),
            groups: BTreeMap::new(),
            returned: BTreeMap::new(),
            books: Books::default(),
            last: NEVER,
        };
        supply.seat(topology);
        supply
    }

    fn seat(&mut self, topology: &Topology) {
        self.areas = topology.areas().collect();
        let area = |area: &AreaId| self.areas.binary_search(area).map_or(0, |at| at as u32 + 1);
        let seat = |area| Seat { heard: NEVER, wh: NO_ENERGY, area };
        let rows = topology.rows().iter();
        self.seats = rows.map(|row| seat(row.area.as_ref().map_or(0, area))).collect();
    }

    /// Takes another topology in place of the one before.
    pub fn place(&mut self, before: &Topology, topology: &Topology) {
        let known = std::mem::take(&mut self.seats);
        self.seat(topology);
        let mut cursor = 0;
        for (row, seat) in before.rows().iter().zip(known).filter(|(_, seat)| seat.heard != NEVER) {
            if let Some(first) = topology.first_row(&row.meter, cursor) {
                cursor = first;
                let area = self.seats[first].area;
                self.seats[first] = Seat { area, ..seat };
            }
        }
    }

    /// Outages under way: of many, and of single consumers.
    pub fn open(&self) -> usize {
        self.groups.len() + self.out.values().filter(|spell| spell.group.is_none()).count()
    }

    /// Consumers that nothing is heard of, and that did not say why.
    pub fn silent(&self) -> usize {
        self.out.values().filter(|spell| spell.cause == Cause::Silence).count()
    }

    /// Looks at what the tick ending at `end` closed: intervals by meter and end, with their places in the topology, and
    /// what meters reported, by meter and time.
    pub fn tick(&mut self, end: EventTime, joined: &Join<'_>, events: &[Event], told: &mut SupplyRows) {
        let (mut over, topology) = (Vec::new(), joined.topology());
        self.visit(end, joined, events, &mut over);
        self.look(end, topology, over, told);
        self.last = self.last.max(end);
        if self.rules.whole {
            self.books.ticked(&self.calendar, topology, end, &mut told.indices);
        }
    }

    /// Nothing may come for long, and silence is to be noticed all the same: somebody's clock says that it is `now`, and
    /// that all there is to be heard was heard. A stream whose last word is days old when it is looked at is one of
    /// history: nobody is silent because no more of it comes.
    pub fn notice(&mut self, now: EventTime, topology: &Topology, told: &mut SupplyRows) {
        // What closes then is there by the end of another interval.
        let length = self.rules.grid.length();
        let due = now.minus(self.rules.grace).minus(length);
        let end = EventTime(due.0.div_euclid(length).saturating_mul(length));
        let is_live = self.last != NEVER && now.since(self.last) <= self.rules.silent_after + DAY;
        if is_live && end > self.last {
            self.look(end, topology, Vec::new(), told);
        }
    }

    /// No tick will come any more.
    pub fn finish(&mut self, topology: &Topology, told: &mut SupplyRows) {
        self.tell_open_groups(told);
        if self.rules.whole {
            self.books.finish(&self.calendar, topology, &mut told.indices);
        }
    }

    /// Goes along the consumers that something came of.
    fn visit(&mut self, end: EventTime, joined: &Join<'_>, events: &[Event], over: &mut Vec<Over>) {
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
        let mut voltages = vec![Voltage::default(); self.areas.len() + 1];
        let first_at = |row| joined.first(row);
        let (mut row, mut event) = (0, 0);
        loop {
            // Strangers are not served.
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
            if role.unwrap_or_else(|| topology.rows()[first as usize].role) != Role::Consumer {
                continue;
            }
            if self.rules.whole {
                rows.clone()
                    .filter_map(|at| joined.get(at))
                    .for_each(|one| self.add_voltage(&one, &mut voltages));
            }
            let own_rows = &joined.intervals()[rows];
            while out.next_if(|other| *other < first).is_some() {}
            let is_out = out.peek() == Some(&first);
            let seat = &mut self.seats[first as usize];
            if let ([interval], [], false) = (own_rows, own_events, is_out)
                && interval.sums.readings > 0
                && interval.start == seat.heard
            {
                seat.heard = interval.end;
                seat.measured(interval);
                continue;
            }
            let meter = topology.rows()[first as usize].meter;
            let spell = if is_out { self.out.remove(&meter) } else { None };
            let (rules, rows, events) = (&self.rules, own_rows, own_events);
            let visit = Visit { rules, tick: end, meter, rows, events, seat, spell, over };
            if let Some(spell) = visit.go() {
                self.out.insert(meter, spell);
            }
        }
        let areas = [None].into_iter().chain(self.areas.iter().copied().map(Some));
        self.books.voltages(Books::month_of(&self.calendar, end), areas.zip(voltages));
    }

    fn add_voltage(&self, joined: &Joined<'_>, of: &mut [Voltage]) {
        let SupplySettings { low_voltage, high_voltage, unbalance, .. } = self.rules;
        let interval = joined.interval;
        let Some((low, high)) = voltage_beyond(interval, low_voltage, high_voltage) else { return };
        // Both are whole ten-thousandths, but for what floats make of them.
        let unbalanced = voltage_unbalance(interval).is_some_and(|apart| apart.0 > unbalance.0 + 1e-9);
        let area = joined.number().map_or(0, |number| self.seats[number as usize].area as usize);
        let length = interval.length() as u64;
        let both = if area == 0 { &[0][..] } else { &[0, area] };
        for &at in both {
            of[at].known += length;
            of[at].low += if low { length } else { 0 };
            of[at].high += if high { length } else { 0 };
            of[at].unbalanced += if unbalanced { length } else { 0 };
        }
    }

    /// Finds who is silent, what belongs together, and tells all of it.
    fn look(&mut self, tick: EventTime, topology: &Topology, mut over: Vec<Over>, told: &mut SupplyRows) {
        self.find_the_silent(tick, topology);
        self.forget_the_removed(tick, topology, &mut over);
        over.sort_by_key(|over| (over.meter, over.spell.start));
        self.cluster(tick, topology, &mut over, told);
        self.tell_each_other(&mut over);
        for over in over {
            self.settle(&over, topology, told);
        }
        self.tell_groups(tick, told);
        let momentary = self.rules.momentary;
        for (&meter, spell) in self.out.iter_mut().filter(|(_, spell)| spell.group.is_none()) {
            if !std::mem::replace(&mut spell.told, true) {
                let area = topology.at(&meter, tick).and_then(|row| row.area);
                told.outages.push(Change::Updated(single(meter, area, spell, None, momentary)));
            }
        }
    }

    fn find_the_silent(&mut self, tick: EventTime, topology: &Topology) {
        let limit = tick.minus(self.rules.silent_after);
        for (first, seat) in self.seats.iter().enumerate() {
            if seat.heard == NEVER || seat.heard > limit {
                continue;
            }
            let Some(row) = topology.row_at(first, tick).filter(|row| row.role == Role::Consumer) else {
                continue;
            };
            self.out.entry(row.meter).or_insert(Spell::new(seat.heard, Cause::Silence, tick));
        }
    }

    /// A meter that was taken away will never come back, and nobody will know why it was silent.
    fn forget_the_removed(&mut self, tick: EventTime, topology: &Topology, over: &mut Vec<Over>) {
        self.out.retain(|&meter, spell| {
            let stays = topology.at(&meter, tick).is_some();
            if !stays {
                if spell.cause == Cause::Silence && !spell.with_others {
                    spell.cause = Cause::Unknown;
                }
                let ends = topology.rows_of(&meter).filter_map(|row| row.to);
                let removed = ends.filter(|to| *to <= tick).max();
                let end = removed.unwrap_or(tick).max(spell.start);
                over.push(Over { meter, spell: *spell, end, said: false, is_nothing: false });
            }
            stays
        });
    }

    /// One consumer has supply again.
    fn settle(&mut self, over: &Over, topology: &Topology, told: &mut SupplyRows) {
        let Over { meter, spell, end, .. } = *over;
        let place = topology.at(&meter, EventTime(spell.start.0.saturating_add(1)));
        let area = place.and_then(|row| row.area);
        if let Some(target) = spell.group {
            self.leave(target, over);
        } else if over.is_nothing {
            if spell.told {
                told.outages.push(Change::Withdrawn(Target::Consumer(meter), spell.start));
            }
        } else {
            told.outages.push(Change::Updated(single(meter, area, &spell, Some(end), self.rules.momentary)));
        }
        if spell.cause.interrupts() && !over.is_nothing {
            let lasted = (spell.start, end);
            self.books.interrupted(&self.rules, &self.calendar, topology, area, lasted);
        }
    }
}

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
        kind: counts.map(|end| kind(spell.start, end, momentary)),
        consumers: 1,
        customer_ms: counts.map_or(0, |end| end.since(spell.start) as u64),
    }
}
