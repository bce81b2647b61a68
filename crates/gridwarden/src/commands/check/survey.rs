//! What files of readings hold: how often each meter sends, what it measures, how late, and where it contradicts
//! itself. It is one pass, and no interval is computed.

use super::foreign::Example;
use fleet::{Sequencer, Step};
use health::runs_ahead;
use pipeline::{PartitionId, Plan};
use reading::issue::Counts;
use reading::time::{DAY, HOUR, MINUTE};
use reading::{Batch, DeadLetter, EventTime, Issue, MeterId, Reading, Reason};
use replay::{Inputs, Source};
use shell::Failure;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// How often meters usually send, in minutes.
pub(super) const STEPS: [i64; 8] = [1, 5, 10, 15, 20, 30, 60, 24 * 60];

/// Power and registers of a meter are compared over so much energy at least, Wh.
const COMPARED: i64 = 1000;

/// Everything that was found in the files.
pub(super) struct Survey {
    pub(super) meters: BTreeMap<MeterId, Meter>,
    /// Readings that are refused, and fields that are left out.
    pub(super) counts: Counts,
    pub(super) readings: u64,
    pub(super) refused: u64,
    /// Readings of dead letters among them.
    pub(super) letters: usize,
    /// The first line that became no reading, by reason, and the first of all.
    pub(super) examples: BTreeMap<Reason, Example>,
    pub(super) first_refused: Option<Example>,
    /// Whether some meters have agreed before how late it is.
    is_begun: bool,
}

/// What was found of one meter.
#[derive(Debug, Clone, Default)]
pub(super) struct Meter {
    pub(super) readings: u64,
    pub(super) first: Option<EventTime>,
    pub(super) latest: Option<EventTime>,
    /// How often each of [`STEPS`] lay between two readings; the last counts all others.
    steps: [u32; STEPS.len() + 1],
    pub(super) longest_step: i64,
    pub(super) repeats: u64,
    /// Readings that are stamped before one that came earlier.
    pub(super) behind: u64,
    /// Readings stamped too far from a boundary of an interval to count for it.
    off: u64,
    /// Readings of a clock that runs ahead of the others.
    pub(super) ahead: u64,
    /// Readings that came after the tick of their interval: all, by more than 8 hours, by more than 24 hours.
    pub(super) late: [u64; 3],
    pub(super) latest_by: i64,
    pub(super) falls: u64,
    pub(super) jumps: u64,
    pub(super) carries: Carries,
    register: Option<(EventTime, i64)>,
    /// Energy by the registers and by the power, over the same steps, Wh.
    by_register: i64,
    by_power: f64,
}

/// How many readings of a meter have each measurement.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Carries {
    pub(super) imp: u64,
    pub(super) exp: u64,
    pub(super) p: u64,
    pub(super) q: u64,
    pub(super) v: u64,
    pub(super) i: u64,
    pub(super) neutral: u64,
}

/// What the plan says that a reading is measured by.
struct Measure {
    length: i64,
    snap: i64,
    /// The most power that a register may show, W.
    most_power: f64,
}

impl Survey {
    /// Reads all files, one after the other: those of earlier years come first.
    pub(super) fn of(paths: &[PathBuf], plan: &Plan) -> Result<Self, Failure> {
        let inputs = Inputs::open(paths, plan)?;
        let letters = inputs.letters.len();
        let mut survey = Self {
            meters: BTreeMap::new(),
            counts: Counts::default(),
            readings: 0,
            refused: 0,
            letters,
            examples: BTreeMap::new(),
            first_refused: None,
            is_begun: false,
        };
        let measure = Measure {
            length: plan.grid().length(),
            snap: plan.intervals.snap,
            most_power: plan.intervals.registers.most_power as f64,
        };
        let mut sources = Vec::new();
        for mut source in inputs.into_sources() {
            sources.push((source.first_time(&plan.limits)?, source));
        }
        sources.sort_by_key(|(first, _)| *first);
        for (_, mut source) in sources {
            let mut sequencer = Sequencer::new(plan.order);
            sequencer.open(0, None);
            let mut batch = Batch::default();
            let mut lines = 0;
            while source.read(&plan.limits, &mut batch)? {
                if source.is_text() {
                    wire::json::decode_lines(&plan.limits, &mut batch);
                }
                survey.note_refused(&batch, &source, lines);
                if source.is_text() {
                    lines += count_lines(&batch.bytes);
                }
                survey.take(&mut sequencer, &batch, &measure);
            }
            let (mut steps, mut closed) = (Vec::new(), sequencer.closed());
            sequencer.end(0, &mut steps);
            survey.do_steps(steps, &batch, &mut closed, &measure);
            survey.counts.add(sequencer.counts());
        }
        Ok(survey)
    }

    /// Keeps examples of what became no reading. `lines` of the file come before the batch.
    fn note_refused(&mut self, batch: &Batch, source: &Source, lines: u64) {
        for &DeadLetter { span, reason } in &batch.dead {
            if self.examples.contains_key(&reason) {
                continue;
            }
            let line = source.is_text().then(|| lines + count_lines(&batch.bytes[..span.at as usize]) + 1);
            let text = String::from_utf8_lossy(batch.text(span)).trim().to_owned();
            let example = Example { path: source.path().to_owned(), line, text };
            self.first_refused.get_or_insert_with(|| example.clone());
            self.examples.insert(reason, example);
        }
    }

    fn take(&mut self, sequencer: &mut Sequencer, batch: &Batch, measure: &Measure) {
        let (mut steps, mut waited) = (Vec::new(), Vec::new());
        let mut closed = sequencer.closed();
        // The first readings wait until there is a front: that is no fault of theirs.
        self.is_begun = sequencer.front().is_some();
        sequencer.sequence(PartitionId::default(), batch, 0, &mut steps, &mut waited);
        self.readings += batch.len() as u64;
        self.refused += (batch.dead.len() + waited.len()) as u64;
        self.counts.add(&batch.counts);
        self.do_steps(steps, batch, &mut closed, measure);
    }

    fn do_steps(&mut self, steps: Vec<Step>, batch: &Batch, closed: &mut EventTime, measure: &Measure) {
        for step in steps {
            match step {
                Step::Admit(range) => {
                    for at in range {
                        let meter = self.meters.entry(batch.meter(at)).or_default();
                        meter.take(&batch.readings[at], *closed, measure);
                    }
                }
                Step::Released(_, held) => {
                    for at in 0..held.len() {
                        let meter = self.meters.entry(held.meter(at)).or_default();
                        let (front, stamp) = (held.arrivals[at].front, held.readings[at].time());
                        meter.ahead += u64::from(self.is_begun && runs_ahead(meter.latest, front, stamp));
                        meter.take(&held.readings[at], *closed, measure);
                    }
                }
                Step::Refused(_, held) => {
                    self.refused += held.len() as u64;
                    for at in 0..held.len() {
                        self.meters.entry(held.meter(at)).or_default().ahead += 1;
                    }
                }
                Step::Advance(end) => *closed = (*closed).max(end),
                Step::Join(_) | Step::Rest(_) => {}
            }
        }
    }

    /// The time from the first reading to the last.
    pub(super) fn span(&self) -> Option<(EventTime, EventTime)> {
        let first = self.meters.values().filter_map(|meter| meter.first).min()?;
        Some((first, self.meters.values().filter_map(|meter| meter.latest).max()?))
    }

    pub(super) fn issues(&self, issue: Issue) -> u64 {
        self.counts.of_issue(issue)
    }
}

fn count_lines(text: &[u8]) -> u64 {
    text.iter().filter(|byte| **byte == b'\n').count() as u64
}

impl Meter {
    fn take(&mut self, reading: &Reading, closed: EventTime, measure: &Measure) {
        let time = reading.time();
        self.readings += 1;
        self.first = Some(self.first.map_or(time, |first| first.min(time)));
        self.count_measurements(reading);
        if time <= closed {
            let late = closed.since(time);
            self.latest_by = self.latest_by.max(late);
            for (count, from) in self.late.iter_mut().zip([0, 8 * HOUR, DAY]) {
                *count += u64::from(late > from);
            }
        }
        let offset = time.0.rem_euclid(measure.length);
        self.off += u64::from(offset.min(measure.length - offset) > measure.snap);
        let Some(latest) = self.latest else {
            self.latest = Some(time);
            return self.follow_register(reading, measure);
        };
        match time.since(latest) {
            0 => self.repeats += 1,
            step if step < 0 => self.behind += 1,
            step => {
                self.latest = Some(time);
                self.longest_step = self.longest_step.max(step);
                let is_near = |minutes: &i64| (step - minutes * MINUTE).abs() * 5 <= minutes * MINUTE;
                self.steps[STEPS.iter().position(is_near).unwrap_or(STEPS.len())] += 1;
                self.follow_register(reading, measure);
            }
        }
    }

    fn count_measurements(&mut self, reading: &Reading) {
        let Carries { imp, exp, p, q, v, i, neutral } = &mut self.carries;
        for (count, has) in [
            (imp, reading.imp().is_some()),
            (exp, reading.exp().is_some()),
            (p, reading.p().is_some()),
            (q, reading.q().is_some()),
            (v, reading.v().is_some()),
            (i, reading.i().is_some()),
            (neutral, reading.neutral().is_some()),
        ] {
            *count += u64::from(has);
        }
    }

    fn follow_register(&mut self, reading: &Reading, measure: &Measure) {
        let Some(register) = reading.imp() else { return };
        let now = (reading.time(), register.0);
        if let Some((before, was)) = self.register.replace(now) {
            let (hours, rise) = (now.0.since(before) as f64 / HOUR as f64, now.1 - was);
            if rise < 0 {
                self.falls += 1;
            } else if hours > 0.0 && rise as f64 / hours > measure.most_power {
                self.jumps += 1;
            } else if let Some(power) = reading.p() {
                self.by_register += rise;
                self.by_power += power.0 as f64 / 1000.0 * hours;
            }
        }
    }

    /// How often the meter usually sends, in minutes, if it is one of [`STEPS`] at least every second time.
    pub(super) fn usual_step(&self) -> Option<i64> {
        let all: u32 = self.steps.iter().sum();
        let most = (0..STEPS.len()).max_by_key(|&at| self.steps[at])?;
        (self.steps[most] * 2 > all).then(|| STEPS[most])
    }

    /// How many intervals of this length have no reading at their end, if they are more than a fifth.
    pub(super) fn off_boundaries(&self, length: i64) -> u64 {
        let step = self.usual_step().map_or(length, |step| step * MINUTE);
        let expected = (self.readings as f64 * (step as f64 / length as f64).min(1.0)) as u64;
        let there = self.readings - self.off;
        expected.checked_sub(there).filter(|lacking| lacking * 5 > expected).unwrap_or_default()
    }

    /// How many readings are missing between the first and the last, by the usual step.
    pub(super) fn missing(&self) -> Option<(u64, u64)> {
        let step = self.usual_step()? * MINUTE;
        let expected = (self.latest?.since(self.first?) / step + 1) as u64;
        let distinct = self.readings - self.repeats;
        Some((expected.saturating_sub(distinct), expected))
    }

    /// Energy by the registers, over energy by the power.
    pub(super) fn register_to_power(&self) -> Option<f64> {
        let is_much = self.by_register.max(self.by_power as i64) >= COMPARED;
        (is_much && self.by_register > 0 && self.by_power > 0.0)
            .then(|| self.by_register as f64 / self.by_power)
    }
}
