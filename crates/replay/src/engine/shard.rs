//! One shard: a part of the meters, on a thread of its own.

use fleet::{Refusal, Silence, Totals};
use health::Summary;
use metering::{DemandRow, MeteringRows};
use pipeline::{Books, Dead, Fleet, PartitionId, Report, Step, bury, clocks_ahead};
use reading::{Batch, EventTime, Interval};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SendError, SyncSender};
use vet::Tally;

/// A batch for a shard, with the steps to do.
pub(super) struct Work {
    pub(super) partition: PartitionId,
    pub(super) batch: Arc<Batch>,
    /// The steps, in order: admit a part of the batch, admit held readings, advance the watermark.
    pub(super) steps: Arc<Vec<Step>>,
    /// Dead letters of the sequencer. Only the first shard gets them, and passes them on.
    pub(super) dead: Vec<Dead>,
    /// Whether to pass on dead letters although no watermark advances.
    ///
    /// It is set for all shards or for none: the merge waits until every shard has ended the step.
    pub(super) flush: bool,
}

/// Stands for the end of a tick where rows are a part of a long backlog, and belong to no tick.
pub(super) const OF_A_PART: EventTime = EventTime(i64::MAX - 1);
/// The same of rows that were still open when the run ended.
pub(super) const AT_THE_END: EventTime = EventTime::MAX;

/// What a shard sends when the watermark advances: for each tick its rows in parts, by meter, and then the rest.
pub(super) enum FromShard {
    /// Some rows of the tick with this end, and the billing periods that these rows have ended.
    Rows(EventTime, Vec<Interval>, Vec<DemandRow>),
    /// The tick with this end is over; here are the reports of its meters. The tick may have had no row.
    TickOver(EventTime, Vec<Report>),
    /// After the last tick: demand and profiles that were still unfinished, by meter.
    Unfinished(MeteringRows),
    /// The step is over.
    Done(Box<Done>),
}

#[derive(Default)]
pub(super) struct Done {
    /// Dead letters of the sequencer, in its order. Only the first shard has any.
    pub(super) dead: Vec<Dead>,
    /// Dead letters of this shard.
    pub(super) refused: Vec<Dead>,
    /// The counts of the whole run, if this is the last step.
    pub(super) counts: Option<ShardCounts>,
}

/// What a shard has counted in the whole run.
#[derive(Default)]
pub(super) struct ShardCounts {
    pub(super) totals: Totals,
    pub(super) tally: Tally,
    /// Meters that have sent a reading.
    pub(super) meters: u64,
    /// What was wrong with the readings.
    pub(super) health: Summary,
}

/// Unfinished rows are sent for so many meters at once: the profile of one meter takes some kilobytes.
const METERS: usize = 64;
/// So many rows are sent at once: few enough to stay in the CPU cache on their way to the next thread.
pub(super) const PART: usize = 1024;

/// Works until the channel of work closes, and then sends what is still open.
pub(super) fn work(mut fleet: Fleet, mut books: Books, work: &Receiver<Work>, to: &SyncSender<FromShard>) {
    let mut done = Done::default();
    while let Ok(Work { partition, batch, steps, dead, flush }) = work.recv() {
        done.dead.extend(dead);
        let mut refusals: Vec<Refusal> = Vec::new();
        for step in steps.iter() {
            match step {
                Step::Admit(range) => {
                    fleet.admit(&batch, range.clone(), &mut refusals);
                    books.hear(&fleet, &batch);
                }
                Step::Released(partition, released) => {
                    let mut refusals = Vec::new();
                    fleet.admit(released, 0..released.len(), &mut refusals);
                    books.hear(&fleet, released);
                    bury(*partition, released, &refusals, &mut done.refused);
                }
                // The readings of other shards are among them, so only one shard buries them.
                Step::Refused(partition, refused) if fleet.shard().index == 0 => {
                    bury(*partition, refused, &clocks_ahead(refused), &mut done.refused);
                }
                Step::Refused(..) => {}
                Step::Join(number) => {
                    if join(&mut fleet, &mut books, *number, to).is_err() {
                        return;
                    }
                }
                Step::Rest(last) => {
                    fleet.end();
                    books.end();
                    let closed = close_up_to(&mut fleet, &mut books, *last, |end| end, to).and_then(|()| {
                        close_up_to(&mut fleet, &mut books, EventTime::MAX, |_| AT_THE_END, to)
                    });
                    if closed.is_err() {
                        return;
                    }
                }
                Step::Advance(watermark) => {
                    bury(partition, &batch, &refusals, &mut done.refused);
                    refusals.clear();
                    let done = std::mem::take(&mut done);
                    if *watermark == EventTime::MAX {
                        books.end();
                    }
                    if close(&mut fleet, &mut books, *watermark, done, to).is_err() {
                        return;
                    }
                }
            }
        }
        bury(partition, &batch, &refusals, &mut done.refused);
        if flush && to.send(FromShard::Done(Box::new(std::mem::take(&mut done)))).is_err() {
            return;
        }
    }
    // A send fails only if the receiving thread has failed. That thread reports the cause.
    let sent = finish(&mut fleet, &mut books, to);
    let (totals, tally, meters) = (fleet.totals().clone(), books.tally(), fleet.len() as u64);
    let health = books.summary(&fleet);
    done.counts = Some(ShardCounts { totals, tally, meters, health });
    drop(sent.and_then(|()| to.send(FromShard::Done(Box::new(done)))));
}

/// Closes the intervals that still wait for a register reading, and sends demand and profiles that are unfinished.
fn finish(
    fleet: &mut Fleet,
    books: &mut Books,
    to: &SyncSender<FromShard>,
) -> Result<(), SendError<FromShard>> {
    let mut rows = Vec::new();
    fleet.finish(&mut rows);
    let demand = enter(books, &mut rows, fleet.row_slots(), fleet.silences());
    // What was still open at the end of the run belongs to no tick either.
    to.send(FromShard::Rows(AT_THE_END, rows, demand))?;
    to.send(FromShard::TickOver(AT_THE_END, Vec::new()))?;
    for turn in 0..books.last_turns() {
        to.send(FromShard::TickOver(AT_THE_END, books.last_reports(turn, fleet)))?;
    }
    for slots in fleet.by_name().chunks(METERS) {
        let meters = slots.iter().map(|&slot| (slot, fleet.meter(slot)));
        let Some(rows) = books.finish(meters) else { return Ok(()) };
        to.send(FromShard::Unfinished(rows))?;
    }
    Ok(())
}

/// Enters rows into the books, and returns the billing periods that they have ended.
fn enter(books: &mut Books, rows: &mut [Interval], slots: &[u32], silences: &[Silence]) -> Vec<DemandRow> {
    let mut closed = MeteringRows::default();
    books.enter(slots, silences, rows, &mut closed);
    closed.demand
}

/// Closes and sends every tick up to the watermark, and then the dead letters of the step.
fn close(
    fleet: &mut Fleet,
    books: &mut Books,
    watermark: EventTime,
    done: Done,
    to: &SyncSender<FromShard>,
) -> Result<(), SendError<FromShard>> {
    close_up_to(fleet, books, watermark, |end| end, to)?;
    to.send(FromShard::Done(Box::new(done)))
}

/// Closes and sends every tick up to the watermark, as what `sent_as` makes of its end.
fn close_up_to(
    fleet: &mut Fleet,
    books: &mut Books,
    watermark: EventTime,
    sent_as: impl Fn(EventTime) -> EventTime,
    to: &SyncSender<FromShard>,
) -> Result<(), SendError<FromShard>> {
    let mut rows = Vec::with_capacity(PART);
    loop {
        let mut sent = Ok(());
        let mut hand_on = |end, rows: &mut Vec<Interval>, slots: &[u32], silences: &[Silence]| {
            let mut part = std::mem::replace(rows, Vec::with_capacity(PART));
            let demand = enter(books, &mut part, slots, silences);
            if sent.is_ok() {
                sent = to.send(FromShard::Rows(sent_as(end), part, demand));
            }
        };
        let Some(end) = fleet.close_next_in_parts(watermark, PART, &mut rows, &mut hand_on) else { break };
        hand_on(end, &mut rows, fleet.row_slots(), fleet.silences());
        sent?;
        to.send(FromShard::TickOver(sent_as(end), books.reports(end, fleet)))?;
    }
    Ok(())
}

/// Sends what is over of a long backlog, as rows of no tick.
fn join(
    fleet: &mut Fleet,
    books: &mut Books,
    number: u32,
    to: &SyncSender<FromShard>,
) -> Result<(), SendError<FromShard>> {
    let mut sent = Ok(());
    let mut hand_on = |rows: &mut Vec<Interval>, slots: &[u32], silences: &[Silence]| {
        let mut part = std::mem::replace(rows, Vec::with_capacity(PART));
        let demand = enter(books, &mut part, slots, silences);
        if sent.is_ok() {
            sent = to.send(FromShard::Rows(OF_A_PART, part, demand));
        }
    };
    let mut rows = Vec::with_capacity(PART);
    fleet.join_in_parts(number, PART, &mut rows, &mut hand_on);
    hand_on(&mut rows, fleet.row_slots(), fleet.silences());
    sent?;
    to.send(FromShard::TickOver(OF_A_PART, Vec::new()))
}
