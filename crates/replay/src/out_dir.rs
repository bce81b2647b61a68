//! The output folder. Every file is written as `.partial`, and gets its own name when the whole run is done.

mod pictures;

use crate::engine::{Counted, Sink};
use crate::hold::{Hold, remove_files};
use crate::places;
use columns::files::{OutputFile, place};
use columns::outputs::{ALL, DeadLetters, Files, Output, Planned};
use columns::{Aside, ColumnsError, Whole, csv_path, write_csv};
use health::Cause;
use notify::Sent;
pub use pictures::Pictures;
use pipeline::{Compression, Outputs, Plan};
use reading::{Issue, Reason};
use serde_json::{Map, Value, json};
use shell::{DeadShare, Failure, log_lost, usage};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use vet::Rule;

/// The counts of a run. It is written last: a folder without it holds no whole run.
const SUMMARY: &str = "summary.json";

/// The names of all files that a run may write.
static NAMES: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let tables = ALL.iter().map(|(_, about)| about.file);
    let csv = CSV.iter().map(|(_, csv)| csv.as_str());
    tables.chain(csv).chain(plots::NAMES).chain([SUMMARY]).collect()
});

/// Each Parquet file with the name of its CSV.
static CSV: LazyLock<Vec<(&str, String)>> = LazyLock::new(|| {
    let parquet = ALL.iter().map(|(_, about)| about.file).filter(|file| file.ends_with(".parquet"));
    parquet.map(|file| (file, csv_path(file.as_ref()).display().to_string())).collect()
});

/// The system counts CPU time in hundredths of a second, so a speed over a shorter time would be mostly rounding.
const LEAST_CPU_S: f64 = 0.5;

/// The outputs of a run in progress.
pub struct OutDir {
    hold: Hold,
    dir: PathBuf,
    files: Files,
    pictures: Option<Pictures>,
    rows: u64,
    alerts: u64,
    sent: Sent,
    told_already: u64,
    dead: DeadShare,
}

impl OutDir {
    /// Creates the files of the planned outputs. It fails if one of the inputs would be overwritten.
    pub fn create(
        dir: &Path,
        mut planned: Planned,
        compression: Compression,
        sources: Vec<PathBuf>,
        inputs: &[&Path],
        pictures: Option<Pictures>,
    ) -> Result<Self, Failure> {
        places::check_inputs(inputs, dir, &NAMES)?;
        let hold = Hold::take(dir, &NAMES)?;
        places::check_owner(dir, &NAMES)?;
        hold.clear()?;
        if let Some(dead_letters) = &mut planned.dead_letters {
            dead_letters.sources = sources;
        }
        Ok(Self {
            hold,
            dir: dir.to_owned(),
            files: Files::create(dir, planned, compression).map_err(columns(dir))?,
            pictures,
            rows: 0,
            alerts: 0,
            sent: Sent::default(),
            told_already: 0,
            dead: DeadShare::default(),
        })
    }

    /// How many messages went into no interval, and the first of them as a line.
    pub fn dead(&self) -> (u64, Option<&str>) {
        (self.dead.all(), self.files.dead_letters.as_ref().and_then(|file| file.first()))
    }

    /// The same by reason, as text. The number is that of the lines in `dead-letters.ndjson`.
    pub fn dead_in_words(&self) -> String {
        let (all, _) = self.dead();
        let by_reason: Vec<String> =
            self.dead.reasons().iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        let plural = if all == 1 { "" } else { "s" };
        let colon = if all == 0 { "" } else { ": " };
        format!("{all} dead letter{plural}{colon}{}", by_reason.join(", "))
    }

    /// The failure of a run of which more than half of the messages became dead letters.
    pub fn mostly_dead(&self, readings: u64) -> Option<Failure> {
        let kept = format!("every dead letter is in {}", self.dir.join(DeadLetters::ABOUT.file).display());
        self.dead.failure(readings, "the README shows a reading", &kept)
    }

    /// How many cases were opened, and how many of them are still open.
    fn cases(&self) -> (usize, usize) {
        let Some(cases) = &self.files.cases else { return (0, 0) };
        (cases.kept().len(), cases.kept().filter(|case| case.closed.is_none()).count())
    }

    /// The content of `summary.json`, except CPU time and memory, which are known only at the end.
    fn counts(&self, plan: &Plan, counted: &Counted, wall_s: f64) -> Value {
        let (opened, open) = self.cases();
        let dead = self.dead.reasons().iter().filter(|(reason, _)| **reason != Reason::Late);
        let dead: u64 = dead.map(|(_, count)| count).sum();
        let mut json = json!({
            "plan": plan.name,
            "messages": counted.readings + self.dead.unread(),
            "readings": counted.readings,
            "admitted": counted.admitted,
            "duplicates": counted.counts.of_issue(Issue::Repeat),
            "late": counted.counts.of_issue(Issue::Late),
            "dead": dead,
            "intervals": self.rows,
            "cases": opened,
            "open_cases": open,
            "alerts": self.alerts,
        });
        self.sent.each().for_each(|(channel, sent)| json[channel.name()] = sent.into());
        json["told_already"] = self.told_already.into();
        json["unrouted_alerts"] = counted.missing.unrouted.into();
        json["meters"] = counted.meters.into();
        json["not_looked_at"] = json!({
            "meters": counted.missing.strangers.len(),
            "intervals": counted.missing.held_back,
        });
        if let Some((counts, waiting)) = counted.notices {
            let waiting = [("grouped", waiting.grouped), ("held", waiting.held)];
            json["routes"] = tally(counts.each().chain(waiting)).into();
        }
        json["after_final"] = counted.health.after_final().into();
        json["unplaced_wh"] = counted.unplaced_wh.into();
        json["log_lost"] = log_lost().into();
        json["issues"] =
            tally(Issue::ALL.iter().map(|&issue| (issue.name(), counted.counts.of_issue(issue)))).into();
        let of_rule = |rule: Rule| (rule.name(), counted.tally.of(rule, &counted.counts));
        json["quality"] = tally(plan.rules().map(of_rule)).into();
        let by_reason = self.dead.reasons().iter().map(|(reason, &count)| (reason.name(), count));
        json["dead_reasons"] = tally(by_reason).into();
        if plan.health.is_some() {
            let of_cause = |cause: &Cause| (cause.name(), counted.health.meters(*cause));
            json["health"] = tally(Cause::ALL.iter().map(of_cause)).into();
            json["off_grid_share"] = counted.health.share_off_grid().into();
            json["wrong_clocks"] = counted.health.wrong_clocks().len().into();
            json["absent"] = counted.health.absent().into();
        }
        json["wall_s"] = wall_s.into();
        if let Some(outages) = &self.files.outages {
            json["outages"] = outages.kept().len().into();
            json["open_outages"] = outages.kept().filter(|outage| outage.end.is_none()).count().into();
        }
        json
    }

    /// Moves only the dead letters to their place, so that they can be mended: the run has no other result. What an
    /// earlier run left stays.
    pub fn leave_dead_letters(mut self) -> Result<(), Failure> {
        let _moving = self.hold.moving();
        let letters = self.files.dead_letters.take();
        letters.map_or(Ok(false), OutputFile::finish).map(drop).map_err(columns(&self.dir))
    }

    /// Moves every file to its place, `summary.json` last, and returns the summary as a few lines of text.
    pub fn finish(
        mut self,
        plan: &Plan,
        counted: &Counted,
        with_csv: bool,
        wall_s: f64,
    ) -> Result<String, Failure> {
        let dir = std::mem::take(&mut self.dir);
        let (opened, _) = self.cases();
        let letters = self.dead_in_words();
        let mut json = self.counts(plan, counted, wall_s);
        // Large files take long. Until they are moved, a signal leaves what an earlier run wrote.
        let mut written = self.files.end().map_err(columns(&dir))?;
        if let Some(pictures) = self.pictures {
            written.extend(pictures.end(&dir, &plan.calendar).map_err(text(&dir))?);
        }
        if with_csv {
            let tables = written.iter().filter(|whole| has_csv(whole.path()));
            let csv: Vec<Whole> = tables.map(write_csv).collect::<Result<_, _>>().map_err(columns(&dir))?;
            written.extend(csv);
        }
        let moving = self.hold.moving();
        // `summary.json.partial` marks the folder: if this run is killed now, the next one knows that it may clean
        // up.
        let _mark = summary(&dir, &json).map_err(text(&dir))?;
        let mut written = written.into_iter();
        let mut names = place_first(&dir, written.next())?;
        if let Err(cause) = place_all(&dir, written, &mut names) {
            // Half the files of this run and none of the earlier run are of no use: remove all that can be removed.
            NAMES.iter().for_each(|name| drop(remove_files([dir.join(name)].into_iter())));
            return Err(cause);
        }
        let cpu_s = usage::cpu_seconds();
        json["cpu_s"] = cpu_s.into();
        json["peak_rss_bytes"] = usage::peak_rss().into();
        summary(&dir, &json).and_then(Aside::finish).map_err(text(&dir))?;
        drop(moving);
        let speed =
            cpu_s.filter(|cpu_s| *cpu_s >= LEAST_CPU_S).map(|cpu_s| counted.readings as f64 / cpu_s / 1e6);
        let text = format!(
            "{} readings -> {} intervals, {} cases, {} alerts, {}\n{} repeats, {}\n{:.2} s{}\nwritten to {}",
            counted.readings,
            self.rows,
            opened,
            self.alerts,
            self.sent.in_words(|number| number.to_string()),
            counted.counts.of_issue(Issue::Repeat),
            letters,
            wall_s,
            speed.map(|speed| format!(", {speed:.2} M readings a CPU second")).unwrap_or_default(),
            dir.display(),
        );
        if counted.health.advice().is_empty() {
            return Ok(text);
        }
        Ok(format!("{text}\n{}", counted.health))
    }
}

/// Whether a table is written as CSV, too.
fn has_csv(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "parquet")
}

/// Moves the other files to their places. Removes files of an earlier run that this run does not write.
fn place_all(
    dir: &Path,
    files: impl Iterator<Item = Whole>,
    placed: &mut Vec<PathBuf>,
) -> Result<(), Failure> {
    for whole in files {
        placed.push(whole.path().to_owned());
        place(whole).map_err(columns(dir))?;
    }
    let all = NAMES.iter().map(|name| dir.join(name));
    remove_files(all.filter(|path| !placed.contains(path))).map_err(text(dir))
}

/// Moves the first file. It removes the old summary before: a folder without one does not pass for a whole run.
fn place_first(dir: &Path, first: Option<Whole>) -> Result<Vec<PathBuf>, Failure> {
    let summary = dir.join(SUMMARY);
    let before = fs::read(&summary).ok();
    remove_files([summary.clone()].into_iter()).map_err(text(dir))?;
    let Some(first) = first else { return Ok(Vec::new()) };
    let path = first.path().to_owned();
    place(first).map_err(|cause| {
        // No other file of the earlier run has changed, so its summary is put back, if the disk has room.
        if let Some(page) = before {
            drop(fs::write(&summary, page));
        }
        columns(dir)(cause)
    })?;
    Ok(vec![path])
}

/// Writes the summary as `summary.json.partial`; the caller moves it to its place.
fn summary(dir: &Path, json: &Value) -> io::Result<Aside> {
    let mut file = Aside::create(dir.join(SUMMARY))?;
    let page = serde_json::to_string_pretty(json).expect("text and numbers can be written");
    writeln!(file, "{page}")?;
    file.flush()?;
    Ok(file)
}

impl Sink for OutDir {
    fn take(&mut self, out: &mut Outputs) -> Result<(), Failure> {
        self.rows += out.intervals.len() as u64;
        self.alerts += (out.alerts.len() + out.above.len()) as u64;
        self.sent.count(&out.messages);
        self.told_already += out.told_already.len() as u64;
        self.dead.take(out);
        if let Some(pictures) = &mut self.pictures {
            pictures.take(&out.intervals);
        }
        self.files.take(out).map_err(columns(&self.dir))?;
        out.clear();
        Ok(())
    }
}

fn tally(counts: impl Iterator<Item = (&'static str, u64)>) -> Map<String, Value> {
    counts.filter(|(_, count)| *count > 0).map(|(name, count)| (name.to_owned(), count.into())).collect()
}

fn columns(dir: &Path) -> impl Fn(ColumnsError) -> Failure {
    let what = format!("cannot write to {}", dir.display());
    move |cause| Failure::failed(&what, &cause)
}

fn text(dir: &Path) -> impl Fn(io::Error) -> Failure {
    let what = format!("cannot write to {}", dir.display());
    move |cause| Failure::failed(&what, &cause)
}
