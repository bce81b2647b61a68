//! The rows of all shards, in one order.

use super::hung::Hung;
use super::shard::{Closed, Done};
use metering::{DemandRow, ProfileRow};
use pipeline::{Report, Reports};
use reading::{EventTime, Interval, Target};
use std::collections::VecDeque;
use std::iter::Peekable;
use std::sync::mpsc::Receiver;
use std::vec::IntoIter;

/// Brings the rows of several shards into one order: tick by tick, by meter, then by end.
pub(super) struct Merge<'a> {
    shards: Vec<Told<'a>>,
    /// Of the tick that was over last.
    reports: Vec<Report>,
}

/// What one shard tells of the step at hand, as far as it was heard.
struct Told<'a> {
    from: &'a Receiver<Closed>,
    /// The tick at hand.
    end: EventTime,
    rows: Vec<Interval>,
    /// So many of them were taken.
    taken: usize,
    /// Billing periods that the rows have ended.
    demand: VecDeque<DemandRow>,
    /// What is kept of some meters, at the end of all.
    kept: Kept,
    /// That tick has no further row.
    ticked: bool,
    /// What came beside its rows.
    reports: Vec<Report>,
    done: Option<Box<Done>>,
}

/// What is kept of some meters, as far as it was not taken.
struct Kept {
    demand: Peekable<IntoIter<DemandRow>>,
    profiles: Peekable<IntoIter<ProfileRow>>,
}

impl From<metering::MeteringRows> for Kept {
    fn from(told: metering::MeteringRows) -> Self {
        let (demand, profiles) = (told.demand.into_iter().peekable(), told.profiles.into_iter().peekable());
        Self { demand, profiles }
    }
}

impl Default for Kept {
    fn default() -> Self {
        Self::from(metering::MeteringRows::default())
    }
}

impl Kept {
    /// The meter that comes next.
    fn meter(&mut self) -> Option<Target> {
        let demand = self.demand.peek().map(|row| row.target);
        let profile = self.profiles.peek().map(|row| Target::Meter(row.meter));
        demand.into_iter().chain(profile).min()
    }
}

impl<'a> Told<'a> {
    fn new(from: &'a Receiver<Closed>) -> Result<Self, Hung> {
        let (end, rows) = (EventTime::MIN, Vec::new());
        let (demand, kept) = (VecDeque::new(), Kept::default());
        let mut told =
            Self { from, end, rows, taken: 0, demand, kept, ticked: false, reports: Vec::new(), done: None };
        told.listen()?;
        Ok(told)
    }

    /// Waits for a row, the end of a tick, or the end of the step.
    fn listen(&mut self) -> Result<(), Hung> {
        while self.row().is_none() && !self.ticked && self.kept.meter().is_none() && self.done.is_none() {
            match self.from.recv().map_err(|_| Hung)? {
                Closed::Rows(end, rows, demand) => {
                    (self.end, self.rows, self.taken) = (end, rows, 0);
                    self.demand.extend(demand);
                }
                Closed::Kept(told) => self.kept = Kept::from(told),
                Closed::Tick(end, reports) => (self.end, self.ticked, self.reports) = (end, true, reports),
                Closed::Done(done) => self.done = Some(done),
            }
        }
        Ok(())
    }

    #[inline]
    fn row(&self) -> Option<&Interval> {
        self.rows.get(self.taken)
    }

    /// Whether this comes before what another shard tells: the rows of a tick by meter and end, then that it is over.
    /// Asked for every row.
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
    /// Listens for one step of every shard.
    pub(super) fn new(from_shards: &'a [Receiver<Closed>]) -> Result<Self, Hung> {
        Ok(Self { shards: from_shards.iter().map(Told::new).collect::<Result<_, _>>()?, reports: Vec::new() })
    }

    /// What came beside the rows of the tick that was over last, each kind by meter and time.
    pub(super) fn reports(&mut self) -> Reports {
        let mut reports = std::mem::take(&mut self.reports);
        reports.sort_unstable();
        reports.into_iter().collect()
    }

    /// The shard that tells what comes next.
    #[inline]
    fn next(&self) -> Option<usize> {
        let telling = |&shard: &usize| self.shards[shard].row().is_some() || self.shards[shard].ticked;
        let all = (0..self.shards.len()).filter(telling);
        all.reduce(
            |first, shard| if self.shards[shard].is_before(&self.shards[first]) { shard } else { first },
        )
    }

    /// The tick at hand; none when the step is over.
    pub(super) fn tick(&self) -> Option<EventTime> {
        self.next().map(|shard| self.shards[shard].end)
    }

    /// Moves rows of the tick at hand to `out` until there are `most`, and with them the billing periods that they have
    /// ended; says whether it is not over yet.
    pub(super) fn take(
        &mut self,
        most: usize,
        out: &mut Vec<Interval>,
        demand: &mut Vec<DemandRow>,
    ) -> Result<bool, Hung> {
        while out.len() < most {
            let Some(shard) = self.next() else { return Ok(false) };
            let told = &mut self.shards[shard];
            let Some(row) = told.row().copied() else {
                let end = told.end;
                for told in self.shards.iter_mut().filter(|told| told.ticked && told.end == end) {
                    told.ticked = false;
                    self.reports.append(&mut told.reports);
                    told.listen()?;
                }
                return Ok(false);
            };
            out.push(row);
            while let Some(ended) = told.demand.pop_front_if(|ended| ended.target == Target::Meter(row.meter))
            {
                demand.push(ended);
            }
            told.taken += 1;
            told.listen()?;
        }
        Ok(true)
    }

    /// Moves what is kept of some meters to `out`, by meter, until there are `most` rows or a few more; says whether there
    /// is more. For when there is no tick left.
    pub(super) fn take_kept(&mut self, most: usize, out: &mut metering::MeteringRows) -> Result<bool, Hung> {
        while out.demand.len() + out.profiles.len() < most {
            let meters = self.shards.iter_mut().filter_map(|told| Some((told.kept.meter()?, told)));
            let Some((meter, told)) = meters.min_by_key(|(meter, _)| *meter) else { return Ok(false) };
            out.demand.extend(std::iter::from_fn(|| told.kept.demand.next_if(|row| row.target == meter)));
            let own = |row: &ProfileRow| Target::Meter(row.meter) == meter;
            out.profiles.extend(std::iter::from_fn(|| told.kept.profiles.next_if(own)));
            told.listen()?;
        }
        Ok(true)
    }

    /// What the shards had to tell beside their rows; for when there is no row left.
    pub(super) fn done(self) -> impl Iterator<Item = Box<Done>> {
        self.shards.into_iter().filter_map(|told| told.done)
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

    /// A shard that tells one step: each word is a row `METER@END`, `|N` the end of tick N.
    fn shard(step: &str) -> Receiver<Closed> {
        let (to, from) = sync_channel(100);
        let mut tick = 1;
        for word in step.split_whitespace() {
            if let Some(end) = word.strip_prefix('|') {
                tick = end.parse::<i64>().expect("a tick");
                to.send(Closed::Tick(EventTime(tick * HOUR), Vec::new())).expect("room");
                tick += 1;
            } else {
                let (meter, end) = word.split_once('@').expect("METER@END");
                let rows = vec![row(meter, end.parse().expect("an end"))];
                to.send(Closed::Rows(EventTime(tick * HOUR), rows, Vec::new())).expect("room");
            }
        }
        to.send(Closed::Done(Box::default())).expect("room");
        from
    }

    /// What comes out of some shards, in the same words.
    fn merged(shards: &[&str], most: usize) -> Result<String, Hung> {
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
            let told = merged(&["A@1 C@1 |1 B@2 |2", "B@1 D@0 D@1 |1 A@1 A@2 |2"], most);
            assert_eq!(told.ok().as_deref(), Some("A@1 B@1 C@1 D@0 D@1 |1 A@1 A@2 B@2 |2"), "{most}");
        }
    }

    #[test]
    fn a_tick_without_a_row_is_a_tick_all_the_same() {
        let told = merged(&["|1 |2 A@3 |3", "|1 B@2 |2 |3"], 100);
        assert_eq!(told.ok().as_deref(), Some("|1 B@2 |2 A@3 |3"));
        let one_shard_alone = merged(&["", "|1 B@2 |2"], 100);
        assert_eq!(one_shard_alone.ok().as_deref(), Some("|1 B@2 |2"));
    }

    #[test]
    fn a_shard_that_is_gone_is_told() {
        let (to, from) = sync_channel(1);
        to.send(Closed::Rows(EventTime(HOUR), vec![row("A", 1)], Vec::new())).expect("room");
        drop(to);
        let gone = [from];
        let mut merge = Merge::new(&gone).ok().expect("a row to begin with");
        assert!(merge.take(100, &mut Vec::new(), &mut Vec::new()).is_err());
    }
}
