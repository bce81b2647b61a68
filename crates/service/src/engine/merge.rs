//! The rows of all shards, in one order.

use super::Hung;
use super::shard::{Closed, Done};
use reading::{EventTime, Interval, MeterId};
use std::sync::mpsc::Receiver;

/// Brings the rows of several shards into one order: tick by tick, by meter, then by end.
pub(super) struct Merge<'a> {
    shards: Vec<Told<'a>>,
}

/// What one shard tells of the step at hand, as far as it was heard.
struct Told<'a> {
    from: &'a Receiver<Closed>,
    /// The tick at hand.
    end: EventTime,
    rows: std::vec::IntoIter<Interval>,
    /// That tick has no further row.
    ticked: bool,
    done: Option<Box<Done>>,
}

/// What comes first is told first: the rows of a tick by meter and end, then that it is over.
type Place<'a> = (EventTime, bool, Option<(&'a MeterId, EventTime)>);

impl<'a> Told<'a> {
    fn new(from: &'a Receiver<Closed>) -> Result<Self, Hung> {
        let rows = Vec::new().into_iter();
        let mut told = Self { from, end: EventTime::MIN, rows, ticked: false, done: None };
        told.listen()?;
        Ok(told)
    }

    /// Waits for a row, the end of a tick, or the end of the step.
    fn listen(&mut self) -> Result<(), Hung> {
        while self.rows.as_slice().is_empty() && !self.ticked && self.done.is_none() {
            match self.from.recv().map_err(|_| Hung)? {
                Closed::Rows(end, rows) => (self.end, self.rows) = (end, rows.into_iter()),
                Closed::Tick(end) => (self.end, self.ticked) = (end, true),
                Closed::Done(done) => self.done = Some(done),
            }
        }
        Ok(())
    }

    fn next(&self) -> Option<Place<'_>> {
        match self.rows.as_slice().first() {
            Some(row) => Some((self.end, false, Some((&row.meter, row.end)))),
            None => self.ticked.then_some((self.end, true, None)),
        }
    }
}

impl<'a> Merge<'a> {
    /// Listens for one step of every shard.
    pub(super) fn new(from_shards: &'a [Receiver<Closed>]) -> Result<Self, Hung> {
        Ok(Self { shards: from_shards.iter().map(Told::new).collect::<Result<_, _>>()? })
    }

    /// What comes next, and from which shard.
    fn next(&self) -> Option<(Place<'_>, usize)> {
        self.shards.iter().enumerate().filter_map(|(shard, told)| Some((told.next()?, shard))).min()
    }

    /// The tick at hand; none when the step is over.
    pub(super) fn tick(&self) -> Option<EventTime> {
        self.next().map(|((end, ..), _)| end)
    }

    /// Moves rows of the tick at hand to `out` until there are `most`; says whether it is not over yet.
    pub(super) fn take(&mut self, most: usize, out: &mut Vec<Interval>) -> Result<bool, Hung> {
        while out.len() < most {
            let Some(((end, over, _), shard)) = self.next() else { return Ok(false) };
            if over {
                for told in self.shards.iter_mut().filter(|told| told.ticked && told.end == end) {
                    told.ticked = false;
                    told.listen()?;
                }
                return Ok(false);
            }
            let told = &mut self.shards[shard];
            out.extend(told.rows.next());
            told.listen()?;
        }
        Ok(true)
    }

    /// What the shards had to tell beside their rows; for when there is no row left.
    pub(super) fn done(self) -> impl Iterator<Item = Box<Done>> {
        self.shards.into_iter().filter_map(|told| told.done)
    }
}
