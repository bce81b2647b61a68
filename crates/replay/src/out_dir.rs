//! The folder of outputs: every file is written beside its place and moved there when the whole run is done.

mod metered;
mod pictures;
mod supplied;

use crate::engine::{Counted, Sink};
use crate::hold::{Hold, take_away};
use crate::places;
use cases::Case;
use columns::{
    Aside, BalancesWriter, CasesWriter, ColumnsError, ForecastsWriter, IntervalsWriter, SuspicionsWriter,
};
use metered::Metered;
pub use pictures::Pictures;
use pipeline::{Outputs, Plan};
use reading::{Calendar, Issue, Reason};
use serde_json::{Map, Value, json};
use shell::{Failure, texts, usage};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use supplied::Supplied;

/// Names of everything that a run may leave.
const NAMES: [&str; 18] = [
    "intervals.parquet",
    "profiles.parquet",
    "demand.parquet",
    "balance.parquet",
    "forecasts.parquet",
    "outages.parquet",
    "supply.parquet",
    "suspicions.parquet",
    "cases.parquet",
    "alerts.ndjson",
    "sms.ndjson",
    "findings.ndjson",
    "dead-letters.ndjson",
    "profile.svg",
    "duration.svg",
    "year.svg",
    "demand.svg",
    "summary.json",
];

/// CPU time is told in hundredths of a second: below this, a speed made of it says little.
const LEAST_CPU_S: f64 = 0.5;

/// What is written of that which a plan works out anyway.
#[derive(Debug, Clone, Copy)]
pub struct Written {
    /// The intervals that all else comes of.
    pub intervals: bool,
    /// The profiles that long silences are filled by.
    pub profiles: bool,
    /// The demand that groups and alerts come of.
    pub demand: bool,
}

impl Written {
    /// All of it.
    pub const ALL: Self = Self { intervals: true, profiles: true, demand: true };
}

/// Files on their way.
pub struct OutDir {
    hold: Hold,
    dir: PathBuf,
    calendar: Calendar,
    sources: Vec<PathBuf>,
    rest: Rest,
    rows: u64,
    alerts: u64,
    dead_letters: BTreeMap<Reason, u64>,
    first_dead: Option<String>,
    /// Dead letters that were no reading.
    unread: u64,
}

/// The files.
struct Rest {
    intervals: Option<IntervalsWriter>,
    metering: Metered,
    balances: Option<BalancesWriter>,
    forecasts: Option<ForecastsWriter>,
    alerts: Option<Aside>,
    supply: Option<Supplied>,
    watch: Option<Watched>,
    pictures: Option<Pictures>,
    findings: Option<Aside>,
    dead: Option<Aside>,
}

struct Watched {
    suspicions: SuspicionsWriter,
    cases: BTreeMap<String, Case>,
    sms: Option<Aside>,
    told: u64,
    told_already: u64,
}

impl OutDir {
    /// Begins the files that the plan will fill and somebody wants. None of the inputs may be where one of them goes.
    pub fn create(
        dir: &Path,
        plan: &Plan,
        written: Written,
        sources: Vec<PathBuf>,
        inputs: &[&Path],
        pictures: Option<Pictures>,
    ) -> Result<Self, Failure> {
        places::spare(inputs, dir, &NAMES)?;
        let hold = Hold::take(dir, &NAMES)?;
        places::check_owner(dir, &NAMES)?;
        hold.clear()?;
        let watch = match plan.phase_neutral {
            Some(_) => Some(Watched {
                suspicions: SuspicionsWriter::create(dir.join("suspicions.parquet")).map_err(columns(dir))?,
                cases: BTreeMap::new(),
                sms: match plan.sms {
                    Some(_) => Some(Aside::create(dir.join("sms.ndjson")).map_err(text(dir))?),
                    None => None,
                },
                told: 0,
                told_already: 0,
            }),
            None => None,
        };
        Ok(Self {
            hold,
            dir: dir.to_owned(),
            calendar: plan.calendar.clone(),
            sources,
            rest: Rest {
                intervals: match written.intervals {
                    true => Some(
                        IntervalsWriter::create(dir.join("intervals.parquet"), texts::asked(plan))
                            .map_err(columns(dir))?,
                    ),
                    false => None,
                },
                metering: Metered::create(dir, plan, written).map_err(columns(dir))?,
                balances: match plan.balance {
                    true => Some(BalancesWriter::create(dir.join("balance.parquet")).map_err(columns(dir))?),
                    false => None,
                },
                forecasts: match &plan.forecast {
                    Some(forecast) => Some(
                        ForecastsWriter::create(dir.join("forecasts.parquet"), &forecast.quantiles)
                            .map_err(columns(dir))?,
                    ),
                    None => None,
                },
                alerts: match plan.phase_neutral.is_some() || plan.above_sanctioned.is_some() {
                    true => Some(Aside::create(dir.join("alerts.ndjson")).map_err(text(dir))?),
                    false => None,
                },
                supply: Supplied::create(dir, plan).map_err(columns(dir))?,
                watch,
                pictures,
                findings: match plan.town_rules {
                    Some(_) => Some(Aside::create(dir.join("findings.ndjson")).map_err(text(dir))?),
                    None => None,
                },
                dead: None,
            },
            rows: 0,
            alerts: 0,
            dead_letters: BTreeMap::new(),
            first_dead: None,
            unread: 0,
        })
    }

    /// How many messages went into no interval, and the line of the first.
    pub fn dead(&self) -> (u64, Option<&str>) {
        (self.dead_letters.values().sum(), self.first_dead.as_deref())
    }

    /// The same by reason, in a few words: as many as `dead-letters.ndjson` has lines.
    pub fn dead_told(&self) -> String {
        let (all, _) = self.dead();
        let told: Vec<String> =
            self.dead_letters.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        let plural = if all == 1 { "" } else { "s" };
        let colon = if all == 0 { "" } else { ": " };
        format!("{all} dead letter{plural}{colon}{}", told.join(", "))
    }

    /// Moves every file to its place, `summary.json` last, and tells it in a few lines.
    pub fn finish(mut self, plan: &Plan, counted: &Counted, wall_s: f64) -> Result<String, Failure> {
        let dir = std::mem::take(&mut self.dir);
        let (opened, open) = self.rest.watch.as_ref().map_or((0, 0), |watch| {
            (watch.cases.len(), watch.cases.values().filter(|case| case.closed.is_none()).count())
        });
        let sms = self.rest.watch.as_ref().map_or(0, |watch| watch.told);
        let told_already = self.rest.watch.as_ref().map_or(0, |watch| watch.told_already);
        let late = counted.counts.of_issue(Issue::Late);
        let dead = self.dead_letters.iter().filter(|(reason, _)| **reason != Reason::Late);
        let dead: u64 = dead.map(|(_, count)| count).sum();
        let letters = self.dead_told();
        let mut json = json!({
            "plan": plan.name,
            "messages": counted.readings + self.unread,
            "readings": counted.readings,
            "admitted": counted.admitted,
            "duplicates": counted.counts.of_issue(Issue::Repeat),
            "late": late,
            "dead": dead,
            "intervals": self.rows,
            "cases": opened,
            "open_cases": open,
            "alerts": self.alerts,
            "sms": sms,
            "told_already": told_already,
            "unrouted_alerts": counted.missing.unrouted,
            "meters": counted.meters,
            "not_looked_at": {
                "meters": counted.missing.strangers.len(),
                "intervals": counted.missing.held_back,
            },
            "unplaced_wh": counted.unplaced_wh,
            "issues": tally(Issue::ALL.iter().map(|&issue| (issue.name(), counted.counts.of_issue(issue)))),
            "quality": tally(
                plan.rules().map(|rule| (rule.name(), counted.tally.of(rule, &counted.counts))),
            ),
            "dead_reasons": tally(self.dead_letters.iter().map(|(reason, &count)| (reason.name(), count))),
            "wall_s": wall_s,
        });
        if let Some(supply) = &self.rest.supply {
            let (outages, open) = supply.counts();
            json["outages"] = outages.into();
            json["open_outages"] = open.into();
        }
        let _moving = self.hold.moving();
        // Says whose the files are, should we be killed while they are moved.
        let _mark = summary(&dir, &json).map_err(text(&dir))?;
        let moved = place_intervals(&dir, self.rest.intervals.take())?;
        let moved = self.rest.place(&dir, plan, moved);
        if moved.is_err() {
            // Half of this run and none of the one before: nobody can use that. What cannot be removed, stays.
            NAMES.iter().for_each(|name| drop(take_away([dir.join(name)].into_iter())));
        }
        moved?;
        let cpu_s = usage::cpu_seconds();
        json["cpu_s"] = cpu_s.into();
        json["peak_rss_bytes"] = usage::peak_rss().into();
        summary(&dir, &json).and_then(Aside::finish).map_err(text(&dir))?;
        let speed =
            cpu_s.filter(|cpu_s| *cpu_s >= LEAST_CPU_S).map(|cpu_s| counted.readings as f64 / cpu_s / 1e6);
        let text = format!(
            "{} readings -> {} intervals, {} cases, {} alerts, {} SMS\n{} repeats, {}\n{:.2} s{}\nwritten to {}",
            counted.readings,
            self.rows,
            opened,
            self.alerts,
            sms,
            counted.counts.of_issue(Issue::Repeat),
            letters,
            wall_s,
            speed.map(|speed| format!(", {speed:.2} M readings a CPU second")).unwrap_or_default(),
            dir.display(),
        );
        Ok(text)
    }
}

impl Rest {
    /// Moves it, and takes away what an earlier run left and this one did not.
    fn place(self, dir: &Path, plan: &Plan, mut written: Vec<&'static str>) -> Result<(), Failure> {
        let Self { metering, balances, forecasts, alerts, supply, watch, pictures, findings, dead, .. } =
            self;
        written.extend(metering.finish().map_err(columns(dir))?);
        if let Some(balances) = balances {
            balances.finish().map_err(columns(dir))?;
            written.push("balance.parquet");
        }
        if let Some(forecasts) = forecasts {
            forecasts.finish().map_err(columns(dir))?;
            written.push("forecasts.parquet");
        }
        if let Some(alerts) = alerts {
            alerts.finish().map_err(text(dir))?;
            written.push("alerts.ndjson");
        }
        if let Some(supply) = supply {
            written.extend(supply.finish().map_err(columns(dir))?);
        }
        if let Some(watch) = watch {
            let mut cases = CasesWriter::create(dir.join("cases.parquet"), plan.calendar.clone())
                .map_err(columns(dir))?;
            let all: Vec<Case> = watch.cases.into_values().collect();
            cases.write(&all).map_err(columns(dir))?;
            cases.finish().map_err(columns(dir))?;
            watch.suspicions.finish().map_err(columns(dir))?;
            written.extend(["cases.parquet", "suspicions.parquet"]);
            if let Some(sms) = watch.sms {
                sms.finish().map_err(text(dir))?;
                written.push("sms.ndjson");
            }
        }
        if let Some(pictures) = pictures {
            written.extend(pictures.finish(dir, &plan.calendar).map_err(text(dir))?);
        }
        if let Some(findings) = findings {
            findings.finish().map_err(text(dir))?;
            written.push("findings.ndjson");
        }
        if let Some(dead) = dead {
            dead.finish().map_err(text(dir))?;
            written.push("dead-letters.ndjson");
        }
        let of_earlier_runs = NAMES.iter().filter(|name| !written.contains(name));
        take_away(of_earlier_runs.map(|name| dir.join(name))).map_err(text(dir))?;
        Ok(())
    }
}

/// Moves the first file. Before, the summary goes: until the new one is there, nobody takes the folder for a whole run.
fn place_intervals(dir: &Path, intervals: Option<IntervalsWriter>) -> Result<Vec<&'static str>, Failure> {
    let summary = dir.join("summary.json");
    let before = fs::read(&summary).ok();
    take_away([summary.clone()].into_iter()).map_err(text(dir))?;
    let Some(intervals) = intervals else { return Ok(Vec::new()) };
    intervals.finish().map_err(|cause| {
        // Nothing else of the earlier run was touched, so it stands again, as far as the disk has room.
        if let Some(page) = before {
            drop(fs::write(&summary, page));
        }
        columns(dir)(cause)
    })?;
    Ok(vec!["intervals.parquet"])
}

/// The summary, on its way.
fn summary(dir: &Path, json: &Value) -> io::Result<Aside> {
    let mut file = Aside::create(dir.join("summary.json"))?;
    let page = serde_json::to_string_pretty(json).expect("text and numbers can be written");
    writeln!(file, "{page}")?;
    file.flush()?;
    Ok(file)
}

impl Sink for OutDir {
    fn take(&mut self, out: &mut Outputs) -> Result<(), Failure> {
        let dir = self.dir.clone();
        self.rows += out.intervals.len() as u64;
        if let Some(pictures) = &mut self.rest.pictures {
            pictures.take(&out.intervals);
        }
        if let Some(intervals) = &mut self.rest.intervals {
            intervals.write(&out.intervals).map_err(columns(&dir))?;
        }
        self.rest.metering.write(&out.metering).map_err(columns(&dir))?;
        if let Some(balances) = &mut self.rest.balances {
            balances.write(&out.balances).map_err(columns(&dir))?;
        }
        if let Some(forecasts) = &mut self.rest.forecasts {
            forecasts.write(&out.forecasts).map_err(columns(&dir))?;
        }
        if let Some(file) = &mut self.rest.alerts {
            let alerts = out.alerts.iter().map(texts::alert);
            for line in alerts.chain(out.above.iter().map(|above| texts::above(above, &self.calendar))) {
                writeln!(file, "{line}").map_err(text(&dir))?;
                self.alerts += 1;
            }
        }
        if let Some(supply) = &mut self.rest.supply {
            supply.take(&out.supply);
        }
        if let Some(watch) = &mut self.rest.watch {
            watch.suspicions.write(&out.suspicions).map_err(columns(&dir))?;
            for change in &out.changes {
                watch.cases.insert(change.case().id.to_string(), change.case().clone());
            }
            if let Some(file) = &mut watch.sms {
                for sms in &out.sms {
                    writeln!(file, "{}", texts::sms(sms)).map_err(text(&dir))?;
                }
            }
            watch.told += out.sms.len() as u64;
            watch.told_already += out.told_already.len() as u64;
        }
        if let Some(file) = &mut self.rest.findings {
            for finding in &out.findings {
                writeln!(file, "{}", texts::finding(finding)).map_err(text(&dir))?;
            }
        }
        for letter in &out.dead {
            *self.dead_letters.entry(letter.reason).or_default() += 1;
            self.unread += u64::from(letter.reading.is_none());
            let line = texts::dead(letter, &self.sources[letter.partition as usize]);
            let file = match &mut self.rest.dead {
                Some(file) => file,
                None => {
                    self.first_dead = Some(line.clone());
                    self.rest.dead.insert(Aside::create(dir.join("dead-letters.ndjson")).map_err(text(&dir))?)
                }
            };
            writeln!(file, "{line}").map_err(text(&dir))?;
        }
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
