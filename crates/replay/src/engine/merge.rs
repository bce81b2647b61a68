//! Merges the rows of all shards into one order, which does not depend on the number of shards.

use super::disconnected::Disconnected;
use super::shard::{Done, FromShard};
use metering::{DemandRow, ProfileRow};
use pipeline::{Report, Reports};
use reading::{EventTime, Interval, Target};
use std::collections::VecDeque;
use std::iter::Peekable;
use std::sync::mpsc::Receiver;
use std::vec::IntoIter;

/// Merges the rows of several shards: tick by tick, within a tick by meter, then by end.
pub(super) struct Merge<'a> {
    shards: Vec<ShardStream<'a>>,
    /// Reports of the tick that was completed last.
    reports: Vec<Report>,
}

/// What one shard sends in the current step, received as far as it was needed.
struct ShardStream<'a> {
    from: &'a Receiver<FromShard>,
    /// The end of the current tick.
    end: EventTime,
    rows: Vec<Interval>,
    /// How many of the rows were taken.
    taken: usize,
    /// Billing periods that the rows have ended.
    demand: VecDeque<DemandRow>,
    /// After the last tick: rows of demand and profiles that were still unfinished.
    unfinished: Unfinished,
    /// Whether the current tick has no further row.
    tick_over: bool,
    /// Reports of the current tick, beside its rows.
    reports: Vec<Report>,
    done: Option<Box<Done>>,
}

/// Unfinished rows of some meters, as far as they were not taken.
struct Unfinished {
    demand: Peekable<IntoIter<DemandRow>>,
    profiles: Peekable<IntoIter<ProfileRow>>,
}

impl From<metering::MeteringRows> for Unfinished {
    fn from(rows: metering::MeteringRows) -> Self {
        let (demand, profiles) = (rows.demand.into_iter().peekable(), rows.profiles.into_iter().peekable());
        Self { demand, profiles }
    }
}

impl Default for Unfinished {
    fn default() -> Self {
        Self::from(metering::MeteringRows::default())
    }
}

impl Unfinished {
    /// The meter whose rows come next.
    fn meter(&mut self) -> Option<Target> {
        let demand = self.demand.peek().map(DemandRow::target);
        let profile = self.profiles.peek().map(|row| Target::Meter(row.meter));
        demand.into_iter().chain(profile).min()
    }
}

impl<'a> ShardStream<'a> {
    fn new(from: &'a Receiver<FromShard>) -> Result<Self, Disconnected> {
        let (end, rows) = (EventTime::MIN, Vec::new());
        let (demand, unfinished, reports) = (VecDeque::new(), Unfinished::default(), Vec::new());
        let mut stream =
            Self { from, end, rows, taken: 0, demand, unfinished, tick_over: false, reports, done: None };
        stream.receive()?;
        Ok(stream)
    }

    /// Waits for a row, the end of a tick, or the end of the step.
    fn receive(&mut self) -> Result<(), Disconnected> {
        while self.row().is_none()
            && !self.tick_over
            && self.unfinished.meter().is_none()
            && self.done.is_none()
        {
            match self.from.recv().map_err(|_| Disconnected)? {
                FromShard::Rows(end, rows, demand) => {
                    (self.end, self.rows, self.taken) = (end, rows, 0);
                    self.demand.extend(demand);
                }
                FromShard::Unfinished(rows) => self.unfinished = Unfinished::from(rows),
                FromShard::TickOver(end, reports) => {
                    (self.end, self.tick_over, self.reports) = (end, true, reports);
                }
                FromShard::Done(done) => self.done = Some(done),
            }
        }
        Ok(())
    }

    #[inline]
    fn row(&self) -> Option<&Interval> {
        self.rows.get(self.taken)
    }

    /// Whether this comes before what another shard sends. Within a tick the rows come first, by meter and end, and
    /// then the end of the tick: if a tick ended earlier, the rows of slower shards would miss it.
    ///
    /// This runs for every row.
    #[inline]
    fn is_before(&self, other: &Self) -> bool {
        if self.end != other.end {
            return self.end < other.end;
        }
        match (self.row(), other.row()) {
            (Some(mine), Some(others)) => {
                mine.meter.cmp(&others.meter).then_with(|| mine.end.cmp(&others.end)).is_lt()
            }
            (mine, others) => mine.is_some() && others.is_none(),
        }
    }
}

impl<'a> Merge<'a> {
    /// Receives one step of every shard.
    pub(super) fn new(from_shards: &'a [Receiver<FromShard>]) -> Result<Self, Disconnected> {
        let shards = from_shards.iter().map(ShardStream::new).collect::<Result<_, _>>()?;
        Ok(Self { shards, reports: Vec::new() })
    }

    /// Reports of the tick that was completed last. They are sorted by meter and time, because shards finish in any
    /// order.
    pub(super) fn reports(&mut self) -> Reports {
        let mut reports = std::mem::take(&mut self.reports);
        reports.sort_unstable();
        reports.into_iter().collect()
    }

    /// The shard whose row, or whose end of a tick, comes next.
    #[inline]
    fn next(&self) -> Option<usize> {
        let in_tick = |&shard: &usize| self.shards[shard].row().is_some() || self.shards[shard].tick_over;
        let all = (0..self.shards.len()).filter(in_tick);
        all.reduce(
            |first, shard| if self.shards[shard].is_before(&self.shards[first]) { shard } else { first },
        )
    }

    /// The end of the current tick, or none when the step is over.
    pub(super) fn tick(&self) -> Option<EventTime> {
        self.next().map(|shard| self.shards[shard].end)
    }

    /// Moves rows of the current tick to `out` until there are `most`. The billing periods that these rows have ended
    /// come along. Returns whether the tick has more rows.
    pub(super) fn take(
        &mut self,
        most: usize,
        out: &mut Vec<Interval>,
        demand: &mut Vec<DemandRow>,
    ) -> Result<bool, Disconnected> {
        while out.len() < most {
            let Some(shard) = self.next() else { return Ok(false) };
            let stream = &mut self.shards[shard];
            let Some(row) = stream.row().copied() else {
                // The end of the tick is the earliest of all, so no shard has a row of this tick left.
                let end = stream.end;
                for stream in self.shards.iter_mut().filter(|stream| stream.tick_over && stream.end == end) {
                    stream.tick_over = false;
                    self.reports.append(&mut stream.reports);
                    stream.receive()?;
                }
                return Ok(false);
            };
            out.push(row);
            let of_meter = |ended: &mut DemandRow| ended.target() == Target::Meter(row.meter);
            while let Some(ended) = stream.demand.pop_front_if(of_meter) {
                demand.push(ended);
            }
            stream.taken += 1;
            stream.receive()?;
        }
        Ok(true)
    }

    /// Moves unfinished rows to `out`, meter by meter, until there are `most` or a few more. Returns whether there
    /// are more.
    ///
    /// The caller must have taken all ticks before.
    pub(super) fn take_unfinished(
        &mut self,
        most: usize,
        out: &mut metering::MeteringRows,
    ) -> Result<bool, Disconnected> {
        while out.demand.len() + out.profiles.len() < most {
            let meters =
                self.shards.iter_mut().filter_map(|stream| Some((stream.unfinished.meter()?, stream)));
            let Some((meter, stream)) = meters.min_by_key(|(meter, _)| *meter) else { return Ok(false) };
            let rows = &mut stream.unfinished;
            out.demand.extend(std::iter::from_fn(|| rows.demand.next_if(|row| row.target() == meter)));
            let of_meter = |row: &ProfileRow| Target::Meter(row.meter) == meter;
            out.profiles.extend(std::iter::from_fn(|| rows.profiles.next_if(of_meter)));
            stream.receive()?;
        }
        Ok(true)
    }

    /// What the shards report at the end of a step: dead letters, and their counts. All rows must have been taken
    /// before.
    pub(super) fn done(self) -> impl Iterator<Item = Box<Done>> {
        self.shards.into_iter().filter_map(|stream| stream.done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reading::time::HOUR;
    use reading::{MeterId, Quality, Sums};
    use std::sync::mpsc::sync_channel;

    fn row(meter: &str, end: i64) -> Interval {
        Interval {
            meter: MeterId::new(meter).expect("a name"),
            start: EventTime((end - 1) * HOUR),
            end: EventTime(end * HOUR),
            imp: None,
            exp: None,
            sums: Sums::EMPTY,
            quality: Quality::MEASURED,
            instead: None,
        }
    }

    /// A shard that sends one step. The word `A@1` is a row of meter A that ends at 1, and `|2` is the end of tick 2.
    fn shard(step: &str) -> Receiver<FromShard> {
        let (to, from) = sync_channel(100);
        let mut tick = 1;
        for word in step.split_whitespace() {
            if let Some(end) = word.strip_prefix('|') {
                tick = end.parse::<i64>().expect("a tick");
                to.send(FromShard::TickOver(EventTime(tick * HOUR), Vec::new())).expect("room");
                tick += 1;
            } else {
                let (meter, end) = word.split_once('@').expect("METER@END");
                let rows = vec![row(meter, end.parse().expect("an end"))];
                to.send(FromShard::Rows(EventTime(tick * HOUR), rows, Vec::new())).expect("room");
            }
        }
        to.send(FromShard::Done(Box::default())).expect("room");
        from
    }

    /// The merged step of some shards, written in the same words.
    fn merged(shards: &[&str], most: usize) -> Result<String, Disconnected> {
        let shards: Vec<_> = shards.iter().map(|step| shard(step)).collect();
        let mut merge = Merge::new(&shards)?;
        let mut words = Vec::new();
        while let Some(end) = merge.tick() {
            let mut rows = Vec::new();
            while merge.take(most, &mut rows, &mut Vec::new())? {
                words.extend(rows.drain(..).map(|row| format!("{}@{}", row.meter, row.end.0 / HOUR)));
            }
            words.extend(rows.iter().map(|row| format!("{}@{}", row.meter, row.end.0 / HOUR)));
            words.push(format!("|{}", end.0 / HOUR));
        }
        assert_eq!(merge.done().count(), shards.len());
        Ok(words.join(" "))
    }

    #[test]
    fn rows_come_by_tick_then_by_meter_then_by_end() {
        for most in [1, 2, 100] {
            let words = merged(&["A@1 C@1 |1 B@2 |2", "B@1 D@0 D@1 |1 A@1 A@2 |2"], most);
            assert_eq!(words.ok().as_deref(), Some("A@1 B@1 C@1 D@0 D@1 |1 A@1 A@2 B@2 |2"), "{most}");
        }
    }

    #[test]
    fn a_tick_without_a_row_is_a_tick_all_the_same() {
        let words = merged(&["|1 |2 A@3 |3", "|1 B@2 |2 |3"], 100);
        assert_eq!(words.ok().as_deref(), Some("|1 B@2 |2 A@3 |3"));
        let one_shard_alone = merged(&["", "|1 B@2 |2"], 100);
        assert_eq!(one_shard_alone.ok().as_deref(), Some("|1 B@2 |2"));
    }

    #[test]
    fn a_shard_that_has_ended_is_an_error() {
        let (to, from) = sync_channel(1);
        to.send(FromShard::Rows(EventTime(HOUR), vec![row("A", 1)], Vec::new())).expect("room");
        drop(to);
        let gone = [from];
        let mut merge = Merge::new(&gone).ok().expect("a row to begin with");
        assert!(merge.take(100, &mut Vec::new(), &mut Vec::new()).is_err());
    }
}
