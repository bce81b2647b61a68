//! `gridwarden resend`: sends dead letters to the topic of readings again, once their cause is mended.
//!
//! A letter that was sent is marked only after the broker has confirmed it: in a topic by a message without a value
//! under its key, for a file by a line in a list beside it. So a letter may be sent twice after a crash, and none is
//! lost. The engine takes the second one for a repeat.
//!
//! Read `judge` (which letters are sent), then `marks` (how a letter is known that was sent), and `outbox`.

mod judge;
mod marks;
mod outbox;
mod report;
mod saved;

use crate::kafka::KafkaPlan;
use crate::log::{Broker, Row, Table, topics};
use columns::Letter;
use judge::{Choice, Judged};
use marks::{Marks, Place};
use outbox::{CameFrom, Outbox};
use reading::{EventTime, Limits, Reason};
use report::{Report, Why};
use saved::Saved;
use shell::{Failure, Stop, print, read_plan_and_text};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Which dead letters to send again.
#[derive(Debug, Clone)]
pub struct Resend {
    /// The plan.
    pub plan: PathBuf,
    /// Brokers to use in place of those of the plan.
    pub brokers: Option<String>,
    /// A file of dead letters, in place of the plan's topic of dead letters.
    pub from: Option<PathBuf>,
    /// Only letters of these reasons. If none is named: all.
    pub reasons: Vec<Reason>,
    /// Only readings of this time or later.
    pub since: Option<EventTime>,
    /// Only readings before this time.
    pub until: Option<EventTime>,
    /// Where to write the letters that are left.
    pub save: Option<PathBuf>,
    /// Count only, and send nothing.
    pub dry_run: bool,
}

/// Letters are marked after so many.
const BETWEEN_MARKS: usize = 1000;

/// Where the letters are.
enum Origin<'a> {
    File(&'a Path, Vec<Vec<u8>>),
    Topic(&'a str),
}

/// Runs the command; with `quiet`, without a summary.
pub fn resend(args: &Resend, quiet: bool) -> Result<(), Failure> {
    let (plan, text) = read_plan_and_text(&args.plan)?;
    let kafka = KafkaPlan::read(&text, &args.plan, args.brokers.as_deref())?;
    if args.reasons.contains(&Reason::Late) {
        return Err(Failure::wrong(
            "`late` readings cannot be sent again: the intervals of their meters are closed, and they would be late again",
            report::late_goes_back(args),
        ));
    }
    let origin = match args.from.as_deref() {
        Some(path) => Origin::File(path, lines_of(path)?),
        None => Origin::Topic(topic_of(args, &kafka)?),
    };
    let mut gathered = Gathered {
        choice: Choice::of(args, &plan),
        limits: &plan.limits,
        report: Report::default(),
        saved: args.save.as_deref().map(Saved::create).transpose()?,
        to_send: Vec::new(),
    };
    let stop = Stop::on_signals()?;
    match origin {
        // Without a broker, what a file holds can still be counted.
        Origin::File(path, lines) if args.dry_run => {
            gathered.lines(&lines, &Marks::of_file(path, &kafka.readings, true)?)?;
            gathered.count();
        }
        Origin::File(path, lines) => {
            let partitions = partitions(&kafka, None, &stop)?;
            let mut marks = Marks::of_file(path, &kafka.readings, false)?;
            gathered.lines(&lines, &marks)?;
            gathered.send(&Outbox::connect(&kafka, partitions)?, &mut marks, &stop)?;
        }
        Origin::Topic(topic) => {
            let partitions = partitions(&kafka, Some(topic), &stop)?;
            gathered.messages(&kafka, topic)?;
            if args.dry_run {
                gathered.count();
            } else {
                let mut marks = Marks::of_topic(&kafka, topic)?;
                gathered.send(&Outbox::connect(&kafka, partitions)?, &mut marks, &stop)?;
            }
        }
    }
    let Gathered { report, saved, .. } = gathered;
    if let Some(saved) = saved {
        saved.finish()?;
    }
    if let Some(signal) = stop.signal() {
        return Err(Failure::stopped(signal, report.sent_in_words(&kafka.readings, args.dry_run)));
    }
    if quiet { Ok(()) } else { print(&report.page(args, &kafka.readings)) }
}

/// Waits for a broker, and finds the topics there. Returns the number of partitions of the readings.
fn partitions(kafka: &KafkaPlan, dead_letters: Option<&str>, stop: &Stop) -> Result<u32, Failure> {
    let Some(broker) = Broker::await_any(&kafka.connection(), stop)? else {
        return Err(Failure::stopped(stop.signal().unwrap_or_default(), "nothing was sent"));
    };
    topics::find_existing(&broker, &kafka.readings, dead_letters)
}

/// The lines of a file of dead letters.
fn lines_of(path: &Path) -> Result<Vec<Vec<u8>>, Failure> {
    let bytes = fs::read(path).map_err(|cause| {
        Failure::failed(format!("cannot read {}", path.display()), &cause)
            .help(Some("`--from` takes the dead-letters.ndjson of a replay".to_owned()))
    })?;
    let lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let lines: Vec<Vec<u8>> = lines.map(<[u8]>::to_vec).collect();
    let Some(first) = lines.first() else {
        return Err(Failure::failed_with_help(
            format!("{} is empty", path.display()),
            "leave it out, or check the program that should have written it",
        ));
    };
    if Letter::parse(first).is_none() {
        let shown: String = String::from_utf8_lossy(first).chars().take(120).collect();
        return Err(Failure::wrong(
            format!("{} holds no dead letters; its first line is {shown}", path.display()),
            "`--from` takes the dead-letters.ndjson of a replay; its lines have `reason` and `bytes`",
        ));
    }
    Ok(lines)
}

/// The topic of dead letters.
fn topic_of<'a>(args: &Resend, kafka: &'a KafkaPlan) -> Result<&'a str, Failure> {
    kafka.outputs.dead_letters.as_deref().ok_or_else(|| {
        Failure::wrong(
            format!("the plan {} names no topic of dead letters", args.plan.display()),
            "add `dead_letters = \"dead-letters\"` to `[kafka]`, or name a file: `--from dead-letters.ndjson`",
        )
    })
}

/// The letters, held in memory until all are known.
struct Gathered<'a> {
    choice: Choice<'a>,
    limits: &'a Limits,
    report: Report,
    saved: Option<Saved>,
    to_send: Vec<ToSend>,
}

/// A letter that is sent.
struct ToSend {
    /// The time of its first reading.
    time: EventTime,
    letter: Letter,
    place: Place,
}

impl Gathered<'_> {
    /// Takes the letters of a file.
    fn lines(&mut self, lines: &[Vec<u8>], marks: &Marks) -> Result<(), Failure> {
        for line in lines {
            let place = Place::of_line(line);
            match Letter::parse(line) {
                Some(letter) if marks.knows(&place) => {
                    self.report.left(Some(letter.reason), Why::SentBefore);
                }
                Some(letter) => self.take(letter, place)?,
                None => self.report.left(None, Why::NoLetter),
            }
        }
        Ok(())
    }

    /// Takes the letters of a topic. Under each key the last message counts: a letter may have been withdrawn, or
    /// written again after a restart.
    fn messages(&mut self, kafka: &KafkaPlan, topic: &str) -> Result<(), Failure> {
        let table = Table::connect(kafka.connection(), &format!("{}-resend", kafka.group), topic)?;
        table.begin().map_err(|error| Failure::failed(format!("cannot read the topic {topic}"), &error))?;
        let mut letters = BTreeMap::new();
        let whole = table.read_to_end(|row| {
            let place = Place::of_message(row);
            match letter_of(row, topic) {
                Some(letter) => drop(letters.insert(place, letter)),
                None => drop(letters.remove(&place)),
            }
        });
        if !whole {
            return Err(Failure::failed_with_help(
                format!("the broker has fallen silent before the end of {topic}, and nothing was sent"),
                "run the command again",
            ));
        }
        letters.into_iter().try_for_each(|(place, letter)| self.take(letter, place))
    }

    fn take(&mut self, letter: Letter, place: Place) -> Result<(), Failure> {
        match self.choice.judge(&letter, self.limits) {
            Judged::Send(time) => self.to_send.push(ToSend { time, letter, place }),
            Judged::Left(why) => {
                self.report.left(Some(letter.reason), why);
                if let Some(saved) = &mut self.saved {
                    saved.write(&letter)?;
                }
            }
        }
        Ok(())
    }

    /// Sends the letters, the oldest readings first: letters of one meter lie in many partitions, and out of order
    /// they would be late.
    fn send(&mut self, outbox: &Outbox, marks: &mut Marks, stop: &Stop) -> Result<(), Failure> {
        let mut letters = std::mem::take(&mut self.to_send);
        // Of two readings of one moment only the first counts.
        letters.sort_by_key(|one| (one.time, CameFrom::of(&one.letter.source).map(|from| from.place)));
        for some in letters.chunks(BETWEEN_MARKS) {
            if stop.is_asked() {
                break;
            }
            for ToSend { letter, .. } in some {
                let batch = letter.read(self.limits);
                outbox.send(&batch, CameFrom::of(&letter.source))?;
                self.report.sent(letter.reason, batch.len() as u64);
            }
            outbox.flush()?;
            marks.put(some.iter().map(|one| &one.place))?;
        }
        Ok(())
    }

    /// Counts what would be sent.
    fn count(&mut self) {
        for ToSend { letter, .. } in &self.to_send {
            self.report.sent(letter.reason, letter.read(self.limits).len() as u64);
        }
    }
}

/// The letter of a message; nothing if the message withdraws one.
fn letter_of(row: &Row<'_>, topic: &str) -> Option<Letter> {
    let bytes = row.value?.to_vec();
    let reason = row.reason.and_then(|name| Reason::named(std::str::from_utf8(name).ok()?));
    // A message without the header is not of a run. What stands in it decides.
    // Its key names the message that it came from, also once it was saved to a file.
    let key = row.key.and_then(|key| std::str::from_utf8(key).ok());
    let source = key.unwrap_or(topic).to_owned();
    Some(Letter { reason: reason.unwrap_or(Reason::NotJson), source, bytes })
}
