//! Intervals, each with the row of the topology that holds for it.

use crate::{Role, Topology, TopologyRow};
use reading::{EventTime, Interval};

/// An interval, and the place of its meter.
#[derive(Debug, Clone, Copy)]
pub struct Joined<'a> {
    /// The interval.
    pub interval: &'a Interval,
    /// The row that holds for its end.
    pub row: Option<&'a TopologyRow>,
    /// What the meter measures by that row.
    pub role: Option<Role>,
    pub(crate) transformer: u32,
    pub(crate) feeder: u32,
    pub(crate) seat: Seat,
}

impl Joined<'_> {
    /// The number of the row.
    pub fn number(&self) -> Option<u32> {
        known(self.seat.number)
    }

    /// The number of the first row of the meter, whether or not one of its rows holds.
    pub fn first(&self) -> Option<u32> {
        known(self.seat.first)
    }

    /// The number of the row's transformer: its place among [`Topology::transformers`].
    pub fn transformer(&self) -> Option<u32> {
        known(self.transformer)
    }

    /// The number of the row's feeder: its place among [`Topology::feeders`].
    pub fn feeder(&self) -> Option<u32> {
        known(self.feeder)
    }

    /// Whether the meter is a consumer's. A meter without a known place counts as a consumer too.
    pub fn is_consumer(&self) -> bool {
        self.role.is_none_or(|role| role == Role::Consumer)
    }
}

/// Stands for no number: a `u32` alone is half as long as an `Option` of it.
pub(crate) const NONE: u32 = u32::MAX;

pub(crate) fn known(number: u32) -> Option<u32> {
    (number != NONE).then_some(number)
}

/// The place of a meter in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seat {
    pub first: u32,
    pub number: u32,
}

impl Seat {
    pub(crate) const NONE: Self = Self { first: NONE, number: NONE };
}

/// The intervals of a tick with their places, which are looked up once for all stages.
#[derive(Debug, Clone)]
pub struct Join<'a> {
    topology: &'a Topology,
    intervals: &'a [Interval],
    seats: Vec<Seat>,
    /// The earliest and the latest end of all.
    ends: (EventTime, EventTime),
}

impl<'a> Join<'a> {
    /// Looks up the places of all intervals.
    pub fn new(topology: &'a Topology, intervals: &'a [Interval]) -> Self {
        let mut ends = (EventTime::MAX, EventTime::MIN);
        let seats = topology.join(intervals).map(|joined| {
            let end = joined.interval.end;
            ends = (ends.0.min(end), ends.1.max(end));
            joined.seat
        });
        Self { topology, intervals, seats: seats.collect(), ends }
    }

    /// The topology.
    pub fn topology(&self) -> &'a Topology {
        self.topology
    }

    /// The intervals alone.
    pub fn intervals(&self) -> &'a [Interval] {
        self.intervals
    }

    /// The interval at a place, with its row.
    #[inline]
    pub fn get(&self, at: usize) -> Option<Joined<'a>> {
        Some(self.topology.joined(self.intervals.get(at)?, self.seats[at]))
    }

    /// The number of the first row of the meter whose interval stands at a place. The inner value is absent if the
    /// topology does not know the meter.
    #[inline]
    pub fn first(&self, at: usize) -> Option<Option<u32>> {
        self.seats.get(at).map(|seat| known(seat.first))
    }

    /// Those that do not end at `end`, in their order. In most ticks there are none, which costs nothing.
    pub fn apart_from(&self, end: EventTime) -> impl Iterator<Item = Joined<'a>> + Clone + '_ {
        let any = self.ends != (end, end);
        any.then(|| self.iter()).into_iter().flatten().filter(move |joined| joined.interval.end != end)
    }

    /// All of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = Joined<'a>> + Clone + '_ {
        self.intervals.iter().zip(&self.seats).map(|(interval, seat)| self.topology.joined(interval, *seat))
    }
}
