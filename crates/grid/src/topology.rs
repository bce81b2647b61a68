//! The topology: the transformer, the feeder and the area of each meter, with dates.

use crate::counts::Counts;
use crate::join::{Joined, NONE, Seat, known};
use crate::members::Members;
use crate::row::{Role, TopologyRow};
use core::fmt;
use reading::{AreaId, EventTime, FeederId, Interval, MeterId, Target, TransformerId};
use std::collections::BTreeSet;

/// Why rows cannot form a topology.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TopologyError {
    /// Two rows of one meter hold at the same time.
    #[error("meter {meter} has two places: one up to {to}, another already from {from}")]
    Overlap {
        /// The meter of both rows.
        meter: MeterId,
        /// When the earlier row ends.
        to: Edge,
        /// When the later row starts.
        from: Edge,
    },
    /// A row ends before it starts.
    #[error("meter {meter} has a place from {from} to {to}, which ends before it starts")]
    Backwards {
        /// The meter of the row.
        meter: MeterId,
        /// When it starts.
        from: EventTime,
        /// When it ends.
        to: EventTime,
    },
}

/// An edge of a period, for messages; `None` is an open end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge(pub Option<EventTime>);

impl fmt::Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(time) => time.fmt(f),
            None => f.pad("an open end"),
        }
    }
}

/// The parts of a row that are used most often, side by side: a row is some hundred bytes long.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Spot {
    role: Role,
    /// The number of its transformer.
    transformer: u32,
    /// The number of its feeder.
    feeder: u32,
}

/// The table, checked and sorted.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Topology {
    // By meter, then by start.
    rows: Vec<TopologyRow>,
    spots: Vec<Spot>,
    /// Ascending; a number of a transformer is its place here.
    transformers: Vec<TransformerId>,
    /// Numbered in the same way.
    feeders: Vec<FeederId>,
    /// By number of the feeder: whether it has a meter of its own at some time.
    measured: Vec<bool>,
    counts: Counts,
    members: Members,
}

impl Topology {
    /// The table of these rows, in any order, if no meter is in two places at once.
    pub fn new(mut rows: Vec<TopologyRow>) -> Result<Self, TopologyError> {
        rows.sort_by_key(|row| (row.meter, row.starts(), row.ends()));
        check(&rows)?;
        let transformers: BTreeSet<TransformerId> =
            rows.iter().filter_map(TopologyRow::transformer).collect();
        let transformers: Vec<TransformerId> = transformers.into_iter().collect();
        let feeders: BTreeSet<FeederId> = rows.iter().filter_map(TopologyRow::feeder).collect();
        let feeders: Vec<FeederId> = feeders.into_iter().collect();
        let spot = |row: &TopologyRow| Spot {
            role: row.role,
            transformer: number_in(&transformers, row.transformer.as_deref()),
            feeder: number_in(&feeders, row.feeder.as_deref()),
        };
        let spots: Vec<Spot> = rows.iter().map(spot).collect();
        let numbered = rows.iter().zip(spots.iter().map(|spot| spot.transformer));
        let mut measured = vec![false; feeders.len()];
        let own = spots.iter().filter(|spot| spot.role == Role::Feeder).filter_map(|spot| known(spot.feeder));
        own.for_each(|feeder| measured[feeder as usize] = true);
        let counts = Counts::new(numbered, &transformers);
        let transformer_of = |row: u32| known(spots[row as usize].transformer);
        let members = Members::new(&rows, transformer_of, transformers.len());
        Ok(Self { rows, spots, transformers, feeders, measured, counts, members })
    }

    /// The rows, by meter and then by start.
    pub fn rows(&self) -> &[TopologyRow] {
        &self.rows
    }

    /// Every transformer that a row names, in the order of their names. The number of a transformer is its index
    /// here.
    pub fn transformers(&self) -> &[TransformerId] {
        &self.transformers
    }

    /// Every feeder that a row names, numbered as transformers are.
    pub fn feeders(&self) -> &[FeederId] {
        &self.feeders
    }

    /// Whether the feeder with a number has a meter of its own at some time.
    pub(crate) fn measures_feeder(&self, number: u32) -> bool {
        self.measured.get(number as usize).copied().unwrap_or(false)
    }

    /// The place of a meter in the interval that ends at `time`. For a whole tick, [`Self::join`] is faster.
    pub fn at(&self, meter: &MeterId, time: EventTime) -> Option<&TopologyRow> {
        self.number_at(meter, time).map(|(_, row)| row)
    }

    /// The same with the number of the row.
    pub fn number_at(&self, meter: &MeterId, time: EventTime) -> Option<(u32, &TopologyRow)> {
        // The last row that starts before `time` is the only one that can hold then.
        let after = self.rows.partition_point(|row| (row.meter, row.starts()) < (*meter, time));
        let number = after.checked_sub(1)?;
        let row = &self.rows[number];
        (row.meter == *meter && row.holds_at(time)).then_some((number as u32, row))
    }

    /// Every interval with its row, in the given order, which may be any. It is cheap when the intervals are sorted
    /// by meter: then the whole tick costs one walk along the table, and a tick of few meters skips most of it.
    pub fn join<'a>(&'a self, intervals: &'a [Interval]) -> impl Iterator<Item = Joined<'a>> + Clone + 'a {
        let mut cursor = 0;
        intervals.iter().map(move |interval| {
            cursor = self.first_of(&interval.meter, cursor);
            let is_own = |at: usize| self.rows.get(at).is_some_and(|row| row.meter == interval.meter);
            if !is_own(cursor) {
                return self.joined(interval, Seat::NONE);
            }
            let mut own = (cursor..).take_while(|&at| at == cursor || is_own(at));
            let at = own.find(|&at| self.rows[at].holds_at(interval.end));
            self.joined(interval, Seat { first: cursor as u32, number: at.map_or(NONE, |at| at as u32) })
        })
    }

    #[inline]
    pub(crate) fn joined<'a>(&'a self, interval: &'a Interval, seat: Seat) -> Joined<'a> {
        let spot = self.spots.get(seat.number as usize);
        Joined {
            interval,
            row: spot.map(|_| &self.rows[seat.number as usize]),
            role: spot.map(|spot| spot.role),
            transformer: spot.map_or(NONE, |spot| spot.transformer),
            feeder: spot.map_or(NONE, |spot| spot.feeder),
            seat,
        }
    }

    /// The index of the first row of a meter, if it has any. It is cheap if the caller asks for meters in the order
    /// of their names, and passes the last answer as `from`.
    pub fn first_row(&self, meter: &MeterId, from: usize) -> Option<usize> {
        let first = self.first_of(meter, from.min(self.rows.len()));
        self.rows.get(first).is_some_and(|row| row.meter == *meter).then_some(first)
    }

    /// The index of the first row of each meter that has any, with what is known of it. They come by meter: then this is one
    /// walk along the table.
    pub fn first_rows<T>(
        &self,
        meters: impl IntoIterator<Item = (MeterId, T)>,
    ) -> impl Iterator<Item = (usize, T)> {
        let mut last = 0;
        meters.into_iter().filter_map(move |(meter, known)| {
            last = self.first_row(&meter, last)?;
            Some((last, known))
        })
    }

    /// The rows of a meter, by start.
    pub fn rows_of(&self, meter: &MeterId) -> impl Iterator<Item = &TopologyRow> {
        let first = self.first_of(meter, 0);
        self.rows[first..].iter().take_while(move |row| row.meter == *meter)
    }

    /// The row that holds at `time` of the meter whose rows begin at `first`.
    pub fn row_at(&self, first: usize, time: EventTime) -> Option<&TopologyRow> {
        self.row_number_at(first, time).map(|number| &self.rows[number as usize])
    }

    /// The number of that row.
    pub fn row_number_at(&self, first: usize, time: EventTime) -> Option<u32> {
        let row = self.rows.get(first)?;
        // Most meters have one row, and it holds.
        if row.holds_at(time) {
            return Some(first as u32);
        }
        let own = self.rows[first..].iter().take_while(|other| other.meter == row.meter);
        own.into_iter().position(|row| row.holds_at(time)).map(|at| (first + at) as u32)
    }

    /// The numbers of the transformer and of the feeder that the row with a number names.
    pub fn places_of(&self, row: u32) -> (Option<u32>, Option<u32>) {
        let Spot { transformer, feeder, .. } = self.spots[row as usize];
        (known(transformer), known(feeder))
    }

    /// The first row of `meter` or of a later one. The search begins at `from` if it can be there or later.
    fn first_of(&self, meter: &MeterId, from: usize) -> usize {
        // Nearly always it is the same row again, or the next one.
        let is = |index: usize| self.rows.get(index).is_some_and(|row| row.meter == *meter);
        match is(from) {
            true if from == 0 || !is(from - 1) => return from,
            false if is(from + 1) => return from + 1,
            _ => {}
        }
        let before = |index: usize| self.rows.get(index).is_some_and(|row| row.meter < *meter);
        // If the meter is before `from`, the intervals are not sorted: search from the beginning.
        let mut low = if from == 0 || before(from - 1) { from } else { 0 };
        // Doubling steps: one step for the neighbour in the table, few for a meter far away.
        let mut step = 1;
        while before(low + step - 1) {
            low += step;
            step *= 2;
        }
        let high = (low + step - 1).min(self.rows.len());
        low + self.rows[low..high].partition_point(|row| row.meter < *meter)
    }

    /// The moments at which a meter's device was exchanged: between two rows of the meter with different serial
    /// numbers. Rows without a serial number show no exchange.
    pub fn swaps(&self) -> impl Iterator<Item = (MeterId, EventTime)> {
        self.rows.windows(2).filter_map(|pair| {
            let (one, next) = (&pair[0], &pair[1]);
            let exchanged = one.meter == next.meter && one.serial.as_ref()? != next.serial.as_ref()?;
            next.from.filter(|_| exchanged).map(|from| (next.meter, from))
        })
    }

    /// How many consumers there are, of a transformer, a feeder or in all, in the interval that ends at `time`.
    pub fn consumers_at(&self, target: Target, time: EventTime) -> u32 {
        match target {
            Target::Transformer(id) => {
                let number = self.transformers.binary_search(&id);
                number.map_or(0, |number| self.counts.of_transformer(number, time))
            }
            wider => self.counts.of_wider(wider, time),
        }
    }

    /// How many consumers live in an area, or in all of them, in the interval that ends at `time`.
    pub fn consumers_in(&self, area: Option<AreaId>, time: EventTime) -> u32 {
        match area {
            Some(area) => self.counts.of_area(area, time),
            None => self.consumers_at(Target::System, time),
        }
    }

    /// The areas that consumers live in.
    pub fn areas(&self) -> impl Iterator<Item = AreaId> {
        self.counts.areas()
    }

    /// The consumers that the transformer with a number supplies in the interval that ends at `time`: for each the
    /// number of its row, and that of the first row of its meter.
    pub fn consumers_of(&self, transformer: u32, time: EventTime) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.members.at(&self.rows, transformer, time)
    }

    /// The number of a transformer.
    pub fn number_of(&self, transformer: TransformerId) -> Option<u32> {
        self.transformers.binary_search(&transformer).ok().map(|at| at as u32)
    }

    /// How many consumers the transformer with a number supplies in the interval that ends at `time`, and how many
    /// meters measure the transformer itself.
    pub fn meters_of(&self, transformer: u32, time: EventTime) -> (u32, u32) {
        let number = transformer as usize;
        (self.counts.of_transformer(number, time), self.counts.own_of_transformer(number, time))
    }

    /// How many consumers the feeder with a number supplies in the interval that ends at `time`, and how many meters
    /// measure the feeder itself.
    pub(crate) fn meters_of_feeder(&self, feeder: u32, time: EventTime) -> (u32, u32) {
        let id = self.feeders[feeder as usize];
        (self.counts.of_wider(Target::Feeder(id), time), self.counts.own_of_feeder(id, time))
    }

    /// The number of the feeder that supplies the transformer with a number: that of its first consumer in the interval
    /// that ends at `time`.
    pub(crate) fn feeder_of(&self, transformer: u32, time: EventTime) -> Option<u32> {
        let (row, _) = self.consumers_of(transformer, time).next()?;
        known(self.spots[row as usize].feeder)
    }
}

/// The place of a name in a sorted list.
fn number_in<T: Ord>(sorted: &[T], name: Option<&T>) -> u32 {
    name.and_then(|name| sorted.binary_search(name).ok()).map_or(NONE, |at| at as u32)
}

/// Refuses rows, sorted by meter and start, that end before they start or overlap.
fn check(rows: &[TopologyRow]) -> Result<(), TopologyError> {
    for row in rows {
        if let (Some(from), Some(to)) = (row.from, row.to)
            && from > to
        {
            return Err(TopologyError::Backwards { meter: row.meter, from, to });
        }
    }
    for pair in rows.windows(2) {
        let (one, next) = (&pair[0], &pair[1]);
        if one.meter == next.meter && next.starts() < one.ends() {
            let (to, from) = (Edge(one.to), Edge(next.from));
            return Err(TopologyError::Overlap { meter: one.meter, to, from });
        }
    }
    Ok(())
}
