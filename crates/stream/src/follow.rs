//! The results of a run as they come, for `gridwarden serve`: some topics from their beginnings, then what is new in them.
//!
//! Nothing is committed: what is read is only kept in memory, and read again after a start. With transactions only what was
//! committed is read.

use crate::kafka::KafkaPlan;
use crate::log::{Broker, Row, Table};
use crate::trace;
use columns::outputs::Topics;
use shell::{Failure, Stop};
use std::path::Path;
use std::time::Duration;

/// How long to wait at one topic before it is the turn of the next.
const WAIT: Duration = Duration::from_millis(25);
/// So much is taken of one topic before it is the turn of the next.
const MOST_AT_ONCE: usize = 1_000;

/// A topic of results that is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Followed {
    /// Alerts.
    Alerts,
    /// Cases as they are now.
    Cases,
    /// The evidence of cases.
    Evidence,
    /// What each meter used.
    Demand,
    /// What each meter delivered.
    Health,
    /// What routes are led by.
    Notices,
}

impl Followed {
    const ALL: [Self; 6] =
        [Self::Alerts, Self::Cases, Self::Evidence, Self::Demand, Self::Health, Self::Notices];

    fn key(self) -> &'static str {
        match self {
            Self::Alerts => "alerts",
            Self::Cases => "cases",
            Self::Evidence => "evidence",
            Self::Demand => "demand",
            Self::Health => "health",
            Self::Notices => "notices",
        }
    }

    fn topic(self, topics: &Topics) -> Option<&str> {
        match self {
            Self::Alerts => topics.alerts.as_deref(),
            Self::Cases => topics.cases.as_deref(),
            Self::Evidence => topics.evidence.as_deref(),
            Self::Demand => topics.demand.as_deref(),
            Self::Health => topics.health.as_deref(),
            Self::Notices => topics.notices.as_deref(),
        }
    }
}

/// A message of a topic that is followed.
#[derive(Debug, Clone, Copy)]
pub struct Came<'a> {
    /// Which topic.
    pub of: Followed,
    /// The row.
    pub value: &'a [u8],
    /// The trace of what settled its tick, as 32 hexadecimal digits.
    pub trace: Option<&'a str>,
}

impl<'a> Came<'a> {
    fn of(of: Followed, row: &Row<'a>) -> Option<Self> {
        Some(Self { of, value: row.value?, trace: row.trace.and_then(trace::id_of) })
    }
}

/// The topics of a plan, ready to be read.
pub struct Follow {
    tables: Vec<(Followed, Table)>,
}

impl Follow {
    /// Finds the topics. Nothing if a signal comes before a broker answers.
    pub fn open(
        path: &Path,
        text: &str,
        brokers: Option<&str>,
        stop: &Stop,
    ) -> Result<Option<Self>, Failure> {
        let kafka = KafkaPlan::read(text, path, brokers)?;
        if kafka.outputs.notices.is_none() {
            let problem = format!("the plan {} names no topic of notices", path.display());
            return Err(Failure::wrong(
                problem,
                "add `notices = \"notices\"` to `[kafka]`, for `gridwarden run`, too",
            ));
        }
        if Broker::await_any(&kafka.connection(), stop)?.is_none() {
            return Ok(None);
        }
        let mut tables = Vec::new();
        for followed in Followed::ALL {
            let Some(topic) = followed.topic(&kafka.outputs) else { continue };
            let group = format!("{}-serve-{}", kafka.group, followed.key());
            let table = Table::connect(kafka.connection(), &group, topic)?;
            let cannot = |cause: &_| Failure::failed(format!("cannot read the topic {topic}"), cause);
            table.begin().map_err(|cause| cannot(&cause))?;
            if table.is_empty() {
                let problem = format!("there is no topic {topic}");
                return Err(Failure::failed_with_help(problem, "`gridwarden run --create-topics` makes it"));
            }
            tables.push((followed, table));
        }
        Ok(Some(Self { tables }))
    }

    /// Hands on every message with its trace, then `None` once all that there was has come, then what is new, until `to`
    /// returns false or a signal comes. Fails if a broker falls silent before that.
    pub fn run(&self, stop: &Stop, mut to: impl FnMut(Option<Came<'_>>) -> bool) -> Result<(), Failure> {
        let mut goes_on = true;
        for (followed, table) in &self.tables {
            let is_whole = table.read_to_end(|row| {
                goes_on = goes_on && Came::of(*followed, row).is_none_or(|came| to(Some(came)));
            });
            if !is_whole {
                let problem = format!("the broker fell silent before the end of the topic {}", table.topic());
                return Err(Failure::failed_with_help(problem, "start again once it answers"));
            }
        }
        goes_on = goes_on && to(None);
        while goes_on && !stop.is_asked() {
            for (followed, table) in &self.tables {
                let mut wait = WAIT;
                for _ in 0..MOST_AT_ONCE {
                    let came = table.poll(wait, |row| {
                        goes_on = goes_on && Came::of(*followed, row).is_none_or(|came| to(Some(came)));
                    });
                    wait = Duration::ZERO;
                    if !came {
                        break;
                    }
                }
            }
        }
        Ok(())
    }
}
