//! One shard: its meters, on a thread of its own.

use fleet::{Refusal, Silence, Totals};
use metering::{DemandRow, MeteringRows};
use pipeline::{Books, Dead, Fleet, PartitionId, Report, Step, bury};
use reading::{Batch, EventTime, Interval};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SendError, SyncSender};
use vet::Tally;

/// What a shard is told.
pub(super) struct Work {
    pub(super) partition: PartitionId,
    pub(super) batch: Arc<Batch>,
    /// What to do with it.
    pub(super) steps: Arc<Vec<Step>>,
    /// What is dead already, for the first shard to pass on.
    pub(super) dead: Vec<Dead>,
    /// Tell what there is, even if no watermark moves; every shard hears so of the same work.
    pub(super) flush: bool,
}

/// What a shard tells of one step forward of the watermark: the rows in parts, by tick and by meter, then the rest.
pub(super) enum Closed {
    /// Some rows of the tick that ends then, and the billing periods that they have ended.
    Rows(EventTime, Vec<Interval>, Vec<DemandRow>),
    /// That was all of this tick, but for what meters reported; it may have had no row at all.
    Tick(EventTime, Vec<Report>),
    /// Behind the last tick of all: what is kept of some meters, by meter.
    Kept(MeteringRows),
    /// That was all of this step.
    Done(Box<Done>),
}

#[derive(Default)]
pub(super) struct Done {
    /// What the sequencer buried, in its order; from the first shard alone.
    pub(super) dead: Vec<Dead>,
    /// What this shard refused.
    pub(super) refused: Vec<Dead>,
    /// There is no further step.
    pub(super) last: Option<Last>,
}

/// What a shard has counted.
#[derive(Default)]
pub(super) struct Last {
    pub(super) totals: Totals,
    pub(super) tally: Tally,
    /// So many meters were heard of.
    pub(super) meters: u64,
}

/// So many meters' profiles go at once.
const METERS: usize = 64;
/// Rows go from thread to thread so many at a time: few enough to stay in the cache.
pub(super) const PART: usize = 1024;

/// Works until there is no more, then tells what is left.
pub(super) fn work(mut fleet: Fleet, mut books: Books, work: &Receiver<Work>, to: &SyncSender<Closed>) {
    let mut done = Done::default();
    while let Ok(Work { partition, batch, steps, dead, flush }) = work.recv() {
        done.dead.extend(dead);
        let mut refusals: Vec<Refusal> = Vec::new();
        for step in steps.iter() {
            match step {
                Step::Admit(range) => fleet.admit(&batch, range.clone(), &mut refusals),
                Step::Released(released) => {
                    let mut refusals = Vec::new();
                    fleet.admit(released, 0..released.len(), &mut refusals);
                    bury(partition, released, &[], &refusals, &mut done.refused);
                }
                Step::Advance(watermark) => {
                    bury(partition, &batch, &[], &refusals, &mut done.refused);
                    refusals.clear();
                    let done = std::mem::take(&mut done);
                    if close(&mut fleet, &mut books, *watermark, done, to).is_err() {
                        return;
                    }
                }
            }
        }
        bury(partition, &batch, &[], &refusals, &mut done.refused);
        if flush && to.send(Closed::Done(Box::new(std::mem::take(&mut done)))).is_err() {
            return;
        }
    }
    // Nobody listens any more if the sink has failed; it has told why.
    let told = finish(&mut fleet, &mut books, to);
    done.last =
        Some(Last { totals: fleet.totals().clone(), tally: books.tally(), meters: fleet.len() as u64 });
    drop(told.and_then(|()| to.send(Closed::Done(Box::new(done)))));
}

/// Tells what waits for a register, and what is kept of the meters.
fn finish(fleet: &mut Fleet, books: &mut Books, to: &SyncSender<Closed>) -> Result<(), SendError<Closed>> {
    let mut rows = Vec::new();
    fleet.finish(&mut rows);
    let demand = enter(books, &mut rows, fleet.row_slots(), fleet.silences());
    tell(EventTime::MAX, rows, demand, to)?;
    for slots in fleet.by_name().chunks(METERS) {
        let meters = slots.iter().map(|&slot| (slot, fleet.meter(slot)));
        let Some(told) = books.finish(meters) else { return Ok(()) };
        to.send(Closed::Kept(told))?;
    }
    Ok(())
}

/// Enters rows into the books; gives the billing periods that are over.
fn enter(books: &mut Books, rows: &mut [Interval], slots: &[u32], silences: &[Silence]) -> Vec<DemandRow> {
    let mut told = MeteringRows::default();
    books.enter(slots, silences, rows, &mut told);
    told.demand
}

/// Tells every tick up to the watermark, and then what else there is to tell.
fn close(
    fleet: &mut Fleet,
    books: &mut Books,
    watermark: EventTime,
    done: Done,
    to: &SyncSender<Closed>,
) -> Result<(), SendError<Closed>> {
    let mut rows = Vec::with_capacity(PART);
    loop {
        let mut sent = Ok(());
        let mut hand_on = |end, rows: &mut Vec<Interval>, slots: &[u32], silences: &[Silence]| {
            let mut part = std::mem::replace(rows, Vec::with_capacity(PART));
            let demand = enter(books, &mut part, slots, silences);
            if sent.is_ok() {
                sent = to.send(Closed::Rows(end, part, demand));
            }
        };
        let Some(end) = fleet.close_next_in_parts(watermark, PART, &mut rows, &mut hand_on) else { break };
        hand_on(end, &mut rows, fleet.row_slots(), fleet.silences());
        sent?;
        to.send(Closed::Tick(end, books.reports(fleet)))?;
    }
    to.send(Closed::Done(Box::new(done)))
}

/// The last rows of a tick, and its end.
fn tell(
    end: EventTime,
    rows: Vec<Interval>,
    demand: Vec<DemandRow>,
    to: &SyncSender<Closed>,
) -> Result<(), SendError<Closed>> {
    to.send(Closed::Rows(end, rows, demand)).and_then(|()| to.send(Closed::Tick(end, Vec::new())))
}
