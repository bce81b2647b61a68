//! Dead letters that go back into a replay, beside the files that they came from.
//!
//! A letter counts at its time, as the readings of other meters do, if its meter has come to the interval before.
//! Otherwise it counts at its place in the order of its own meter: before the first reading with a later time.
//!
//! > Example: a meter delivers its day at 20:00, and only the reading of 10:00 comes after those of 10:15 and later.
//! > Were it put where the others are at 10:00, its interval would be over before the meter delivers 09:45.
//!
//! A meter that no file knows yet has no order. Its letters count at their time as well.

use columns::Letter;
use pipeline::{Dead, PartitionId, Plan, Step};
use reading::issue::Counts;
use reading::time::DAY;
use reading::{Batch, Checked, EventTime, Issue, Issues, Limits, MeterId, Reading, Reason, Span, id};
use shell::Failure;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use wire::json::LONGEST_LINE;

/// A reading that is further ahead than this when all files have ended stays dead, as one of a file does.
const FAR_AHEAD: i64 = DAY;

/// The letters of a replay. All are held in memory.
#[derive(Debug, Default)]
pub struct Letters {
    /// The readings in them, in the order of their files.
    all: Batch,
    /// For each reading: where it came from, and what became of it.
    fates: Vec<Fate>,
    meters: BTreeMap<MeterId, Meter>,
    /// All of them by time, and how many of these had their turn.
    by_time: Vec<u32>,
    turned: usize,
    /// What still cannot be read, and where it stands in this list by the hash of its bytes.
    dead: Vec<Option<Dead>>,
    dead_by_hash: BTreeMap<u64, Vec<usize>>,
    /// Issues and refusals of all of them.
    counts: Counts,
    /// The latest reading of the files.
    latest: Option<EventTime>,
    /// The length of an interval, ms.
    length: i64,
}

#[derive(Debug, Clone, Copy)]
struct Fate {
    source: PartitionId,
    is_late: bool,
    /// It counts, or the same reading came in a file.
    gone: bool,
}

#[derive(Debug, Default)]
struct Meter {
    /// Its letters by time.
    own: Vec<u32>,
    /// How many of them are before the latest reading of the files.
    passed: usize,
    /// Whether a file has brought a reading.
    heard: bool,
    /// The latest of its readings, in files and letters.
    latest: Option<EventTime>,
}

/// What a reading of a file is to the letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Met {
    /// No letter holds it.
    New,
    /// It was a letter before.
    Repeat,
}

impl Letters {
    /// Reads the letters again. `sources` are the files of the replay; those that letters name are added to them.
    pub fn new(
        letters: impl Iterator<Item = Letter>,
        plan: &Plan,
        sources: &mut Vec<PathBuf>,
    ) -> Result<Self, Failure> {
        let mut all = Self { length: plan.order.grid.length(), ..Self::default() };
        let shown = |(id, path): (usize, &PathBuf)| (path.display().to_string(), id as PartitionId);
        let mut ids: BTreeMap<String, PartitionId> = sources.iter().enumerate().map(shown).collect();
        for letter in letters {
            let source = *ids.entry(letter.source.clone()).or_insert_with(|| {
                sources.push(PathBuf::from(&letter.source));
                sources.len() as PartitionId - 1
            });
            all.add(&letter, source, &plan.limits)?;
        }
        all.put_in_order();
        Ok(all)
    }

    fn add(&mut self, letter: &Letter, source: PartitionId, limits: &Limits) -> Result<(), Failure> {
        let found = letter.read(limits);
        if u32::try_from(self.all.bytes.len() + 2 * found.bytes.len()).is_err() {
            return Err(Failure::failed_with_help(
                "the dead letters hold more than 4 GiB, and all are held in memory",
                "replay them in parts, for example one day of each file after the other",
            ));
        }
        self.counts.add(&found.counts);
        for index in 0..found.len() {
            let text = found.spans.get(index).map_or(&[][..], |&span| found.text(span));
            let span = Span { at: self.all.bytes.len() as u32, len: text.len() as u32 };
            self.all.bytes.extend_from_slice(text);
            let checked = Checked {
                reading: found.readings[index],
                extra: found.extra(index as u32).cloned(),
                issues: Issues::NONE,
            };
            self.all.push(&found.meter(index), checked);
            self.all.spans.push(span);
            self.fates.push(Fate { source, is_late: letter.reason == Reason::Late, gone: false });
        }
        let dead = found.dead.iter().map(|dead| Dead {
            partition: source,
            reason: dead.reason,
            bytes: found.text(dead.span).to_vec(),
            reading: None,
            extra: None,
            origin: None,
        });
        for dead in dead {
            self.dead_by_hash.entry(id::hash(kept(&dead.bytes))).or_default().push(self.dead.len());
            self.dead.push(Some(dead));
        }
        Ok(())
    }

    fn put_in_order(&mut self) {
        let time = |&index: &u32| self.all.readings[index as usize].time();
        self.by_time = (0..self.all.len() as u32).collect();
        // Of one moment the first in the file stays the first, because only it counts.
        self.by_time.sort_by_key(time);
        for &index in &self.by_time {
            self.meters.entry(self.all.meter(index as usize)).or_default().own.push(index);
        }
    }

    /// What still cannot be read, with its bytes and its reason.
    pub fn take_dead(&mut self) -> Vec<Dead> {
        std::mem::take(&mut self.dead).into_iter().flatten().collect()
    }

    /// A message of a file cannot be read. If it is a letter as well, one of the two is enough.
    pub fn forget(&mut self, dead: &Dead) {
        let Some(like) = self.dead_by_hash.get_mut(&id::hash(kept(&dead.bytes))) else { return };
        let is_same = |at: &usize| {
            self.dead[*at].as_ref().is_some_and(|letter| kept(&letter.bytes) == kept(&dead.bytes))
        };
        if let Some(found) = like.iter().position(is_same) {
            self.dead[like.swap_remove(found)] = None;
        }
    }

    /// Takes the readings, to be read as a file of their own.
    pub fn take_readings(&mut self) -> Self {
        let (dead, counts) = (std::mem::take(&mut self.dead), std::mem::take(&mut self.counts));
        std::mem::replace(self, Self { dead, counts, ..Self::default() })
    }

    /// How many readings there are in them.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Issues and refusals of their readings.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The next readings by time, at most so many: for a replay of dead letters alone.
    pub fn next_by_time(&mut self, most: usize) -> Batch {
        let some: Vec<u32> = self.by_time[self.turned..].iter().take(most).copied().collect();
        self.turned += some.len();
        self.batch(&some)
    }

    /// Puts letters between the steps of a batch of a file, of which the sequencer has judged a range. Readings of the
    /// file that are letters as well are taken out.
    pub fn put_into(
        &mut self,
        (batch, judged): (&Batch, Range<usize>),
        steps: Vec<Step>,
        counts: &mut Counts,
    ) -> Vec<Step> {
        if self.is_empty() {
            return steps;
        }
        let mut all = Vec::with_capacity(steps.len());
        let mut at = judged.start;
        let nexts = next_admitted(&steps, judged.end);
        for (step, next) in steps.into_iter().zip(nexts) {
            // Readings that no step admits wait.
            (at..next).for_each(|waiting| self.hold(batch, waiting, &mut all));
            at = at.max(next);
            if let Step::Admit(range) = &step {
                at = range.end;
            }
            self.put_before(batch, step, &mut all, counts);
        }
        (at..judged.end).for_each(|waiting| self.hold(batch, waiting, &mut all));
        all
    }

    fn put_before(&mut self, batch: &Batch, step: Step, all: &mut Vec<Step>, counts: &mut Counts) {
        match step {
            Step::Admit(range) => self.split(batch, range, all, counts),
            Step::Released(partition, held) => {
                for index in 0..held.len() {
                    self.release_with(&held, index, all, counts);
                }
                all.push(Step::Released(partition, held));
            }
            Step::Refused(partition, refused) => {
                let is_own = |index: &u32| {
                    let index = *index as usize;
                    !self.is_letter(&refused.meter(index), &refused.readings[index])
                };
                let own: Vec<u32> = (0..refused.len() as u32).filter(is_own).collect();
                counts.issues(Issue::Repeat, (refused.len() - own.len()) as u64);
                all.push(Step::Refused(partition, Box::new(part_of(&refused, &own))));
            }
            Step::Advance(to) => {
                self.come_to(to, all, counts);
                all.push(Step::Advance(to));
            }
            Step::Rest(last) => {
                self.end(all, counts);
                all.push(Step::Rest(last));
            }
            Step::Join(number) => all.push(Step::Join(number)),
        }
    }

    /// Whether a letter holds this reading.
    pub fn is_letter(&self, meter: &MeterId, reading: &Reading) -> bool {
        self.meters.get(meter).is_some_and(|known| self.same(known, reading).is_some())
    }

    /// The letter of a meter with this reading.
    fn same(&self, meter: &Meter, reading: &Reading) -> Option<u32> {
        let time = |index: &u32| self.all.readings[*index as usize].time();
        let from = meter.own.partition_point(|index| time(index) < reading.time());
        let of_moment = meter.own[from..].iter().take_while(|index| time(index) == reading.time());
        of_moment.copied().find(|&index| self.all.readings[index as usize] == *reading)
    }

    /// Divides a step that admits readings wherever letters come first.
    fn split(&mut self, batch: &Batch, range: Range<usize>, all: &mut Vec<Step>, counts: &mut Counts) {
        let mut begun = range.start;
        for index in range.clone() {
            let mut before = Vec::new();
            let met = self.meet(batch, index, &mut before, counts);
            if met == Met::New && before.is_empty() {
                continue;
            }
            if begun < index {
                all.push(Step::Admit(begun..index));
            }
            all.append(&mut before);
            begun = if met == Met::Repeat { index + 1 } else { index };
        }
        if begun < range.end {
            all.push(Step::Admit(begun..range.end));
        }
    }

    /// Looks at a reading of a file that counts now. Letters that come before it go into `steps`.
    fn meet(&mut self, batch: &Batch, index: usize, steps: &mut Vec<Step>, counts: &mut Counts) -> Met {
        let reading = &batch.readings[index];
        self.latest = self.latest.max(Some(reading.time()));
        let Some(known) = self.meters.get(&batch.meter(index)) else { return Met::New };
        let same = self.same(known, reading);
        // The first of two equal readings counts.
        let is_repeat = same.is_some_and(|same| !self.leave(same));
        counts.issues(Issue::Repeat, u64::from(same.is_some()));
        self.pass(batch.meter(index), reading.time(), steps);
        if is_repeat { Met::Repeat } else { Met::New }
    }

    /// Looks at a reading that has waited and counts now.
    fn release_with(&mut self, held: &Batch, index: usize, steps: &mut Vec<Step>, counts: &mut Counts) {
        let reading = &held.readings[index];
        self.latest = self.latest.max(Some(reading.time()));
        let Some(known) = self.meters.get(&held.meter(index)) else { return };
        // If the letter counts already, the fleet finds the repeat.
        let is_first = self.same(known, reading).is_some_and(|same| self.leave(same));
        counts.issues(Issue::Repeat, u64::from(is_first));
        self.pass(held.meter(index), reading.time(), steps);
    }

    /// Looks at a reading that has to wait until the others reach its time. Its meter has gone on all the same, unless
    /// its clock is far off.
    fn hold(&mut self, batch: &Batch, index: usize, steps: &mut Vec<Step>) {
        let time = batch.readings[index].time();
        if self.latest.is_some_and(|latest| time <= latest.plus(FAR_AHEAD)) {
            self.pass(batch.meter(index), time.minus(1), steps);
        }
    }

    /// A meter has come to a time: its letters up to there count now.
    fn pass(&mut self, name: MeterId, time: EventTime, steps: &mut Vec<Step>) {
        let Some(meter) = self.meters.get_mut(&name) else { return };
        meter.heard = true;
        meter.latest = meter.latest.max(Some(time));
        let is_before = |index: &&u32| self.all.readings[**index as usize].time() <= time;
        let passed = meter.own[meter.passed..].iter().take_while(is_before).count();
        let own: Vec<u32> = meter.own[meter.passed..meter.passed + passed].to_vec();
        meter.passed += passed;
        self.release(own, steps);
    }

    /// The files have come to a time: letters count whose meters have come to the interval before. At the end all do.
    fn come_to(&mut self, time: EventTime, steps: &mut Vec<Step>, counts: &mut Counts) {
        if time == EventTime::MAX {
            return self.end(steps, counts);
        }
        let mut due = Vec::new();
        while let Some(&index) = self.by_time.get(self.turned) {
            let own = self.all.readings[index as usize].time();
            if own > time {
                break;
            }
            self.turned += 1;
            let is_late = self.fates[index as usize].is_late;
            let Some(meter) = self.meters.get_mut(&self.all.meter(index as usize)) else { continue };
            // A meter that is late was heard, so that a file which knows it may still come.
            let follows = |latest| own.since(latest) <= self.length;
            let is_its_turn = if meter.heard { meter.latest.is_some_and(follows) } else { !is_late };
            if is_its_turn {
                meter.latest = meter.latest.max(Some(own));
                due.push(index);
            }
        }
        self.release(due, steps);
    }

    /// All files have ended: the other letters count now, except those of a clock that is far ahead.
    fn end(&mut self, steps: &mut Vec<Step>, counts: &mut Counts) {
        let last = self.latest.map_or(EventTime::MAX, |latest| latest.plus(FAR_AHEAD));
        let is_near = |index: &u32| self.all.readings[*index as usize].time() <= last;
        let (near, far): (Vec<u32>, Vec<u32>) = self.by_time.iter().copied().partition(is_near);
        self.release(near, steps);
        for index in far {
            if self.leave(index) {
                counts.issue(Issue::ClockAhead);
                let source = self.fates[index as usize].source;
                steps.push(Step::Refused(source, Box::new(self.batch(&[index]))));
            }
        }
    }

    /// Lets letters count, those that do not yet.
    fn release(&mut self, letters: Vec<u32>, steps: &mut Vec<Step>) {
        let letters: Vec<u32> = letters.into_iter().filter(|index| self.leave(*index)).collect();
        let source = |index: u32| self.fates[index as usize].source;
        for some in letters.chunk_by(|a, b| source(*a) == source(*b)) {
            steps.push(Step::Released(source(some[0]), Box::new(self.batch(some))));
        }
    }

    /// Returns whether the letter was still there.
    fn leave(&mut self, index: u32) -> bool {
        !std::mem::replace(&mut self.fates[index as usize].gone, true)
    }

    fn batch(&self, letters: &[u32]) -> Batch {
        part_of(&self.all, letters)
    }
}

/// The bytes that a dead letter keeps.
fn kept(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(LONGEST_LINE)]
}

/// For each step, where the next readings of the batch are admitted: by it or by a later one.
fn next_admitted(steps: &[Step], end: usize) -> Vec<usize> {
    let mut next = end;
    let mut nexts: Vec<usize> = Vec::with_capacity(steps.len());
    for step in steps.iter().rev() {
        if let Step::Admit(range) = step {
            next = range.start;
        }
        nexts.push(next);
    }
    nexts.reverse();
    nexts
}

/// Some readings of a batch, each with its text.
fn part_of(all: &Batch, some: &[u32]) -> Batch {
    let mut batch = Batch::default();
    for &index in some {
        let text = all.spans.get(index as usize).map_or(&[][..], |&span| all.text(span));
        batch.spans.push(Span { at: batch.bytes.len() as u32, len: text.len() as u32 });
        batch.bytes.extend_from_slice(text);
        let (reading, extra) = (all.readings[index as usize], all.extra(index).cloned());
        batch.push(&all.meter(index as usize), Checked { reading, extra, issues: Issues::NONE });
    }
    batch
}

#[cfg(test)]
mod tests;
