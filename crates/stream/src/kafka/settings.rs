//! The shell's own sections of a plan as they are used.

use super::written::{CheckpointsToml, KafkaToml, ShellToml, Text};
use crate::log::topics::check_name;
use crate::log::{BROKERS, ClientSettings, Connection, Environment, Origin};
use columns::outputs::Topics;
use pipeline::PlanError;
use pipeline::plan::{at_least, milliseconds};
use reading::time::{DAY, HOUR};
use shell::Failure;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// The plan of a run on Kafka: where readings come from, where results go, and how often the state is stored.
#[derive(Debug, Clone)]
pub struct KafkaPlan {
    /// `HOST:PORT`, several with commas.
    pub brokers: String,
    /// The consumer group.
    pub group: String,
    /// The topic of readings.
    pub readings: String,
    /// The format of messages without a header `format`.
    pub format: MessageFormat,
    /// If a partition has been at the end of its log for this time, the others go on without it.
    pub idle_after: Duration,
    /// The compacted topic of the topology.
    pub topology: Option<String>,
    /// The topics of results.
    pub(crate) outputs: Topics,
    /// The format of intervals.
    pub intervals_format: IntervalsFormat,
    /// Whether results and positions are committed together, in transactions.
    pub transactional: bool,
    /// How the second stage gets the rows of all meters on one transformer.
    pub exchange: Exchange,
    /// The time between two checkpoints.
    pub checkpoint_every: Duration,
    /// How many checkpoints of changes follow a full one.
    pub full_after: u32,
    client: ClientSettings,
}

/// The format of a message of readings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageFormat {
    /// JSON, one object a line.
    Json,
    /// An Arrow IPC stream.
    Arrow,
    /// Binary frames of at most 48 bytes, each after one byte with its length.
    Frame,
}

/// The format of a message of intervals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntervalsFormat {
    /// One interval as a JSON object.
    Json,
    /// An Arrow IPC stream.
    Arrow,
}

/// How the second stage gets the rows of all meters on one transformer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exchange {
    /// In memory: one instance holds all meters.
    Memory,
    /// Through the topic of intervals: several instances share the meters.
    Kafka,
}

impl MessageFormat {
    /// Its name in plans and in the header `format` of a message.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Arrow => "arrow",
            Self::Frame => "frame",
        }
    }

    /// The format of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, format)| *format)
    }

    const ALL: [(&'static str, Self); 3] =
        [("json", Self::Json), ("arrow", Self::Arrow), ("frame", Self::Frame)];
}

impl KafkaPlan {
    /// Reads the sections of a plan about Kafka. `brokers` of the command line wins over the variable `BROKERS`, and
    /// the variable over the plan.
    pub fn read(text: &str, path: &Path, brokers: Option<&str>) -> Result<Self, Failure> {
        Self::to_run(text, path, brokers, &Environment::of_process())
    }

    fn to_run(
        text: &str,
        path: &Path,
        brokers: Option<&str>,
        environment: &Environment,
    ) -> Result<Self, Failure> {
        let Some(plan) = Self::if_any(text, path, brokers, environment)? else {
            return Err(Failure::wrong(
                format!("the plan {} has no section `[kafka]`, so it cannot be run", path.display()),
                "add one as in pipelines/ami.toml, or use `gridwarden replay`, which runs any plan over files",
            ));
        };
        if plan.brokers.is_empty() {
            return Err(Failure::wrong(
                "no broker is named",
                format!(
                    "give `--brokers HOST:PORT`, or {} in the environment, or `brokers` in `[kafka]`",
                    BROKERS
                ),
            ));
        }
        plan.client.check_at_hand()?;
        Ok(plan)
    }

    /// The same for a plan that may have no section about Kafka, and without brokers if none is named.
    pub fn if_any(
        text: &str,
        path: &Path,
        brokers: Option<&str>,
        environment: &Environment,
    ) -> Result<Option<Self>, Failure> {
        let in_plan = |error: PlanError| Failure::plan(&error, path, text);
        let written = ShellToml::read(text).map_err(in_plan)?;
        let output = written.output.unwrap_or_default();
        let formats = [("json", IntervalsFormat::Json), ("arrow", IntervalsFormat::Arrow)];
        let intervals_format =
            choice("intervals", output.intervals.as_ref(), IntervalsFormat::Json, &formats)
                .map_err(in_plan)?;
        let ways = [("memory", Exchange::Memory), ("kafka", Exchange::Kafka)];
        let way = written.grid.unwrap_or_default().exchange;
        let exchange = choice("exchange", way.as_ref(), Exchange::Memory, &ways).map_err(in_plan)?;
        let checkpoints = written.checkpoints.as_ref().map(checkpoints).transpose().map_err(in_plan)?;
        let Some(kafka) = written.kafka else { return Ok(None) };
        let topics = kafka.topics().map_err(in_plan)?;
        if let Some(way) = way.filter(|_| exchange == Exchange::Kafka) {
            exchange_fits(&way, &topics, intervals_format).map_err(in_plan)?;
        }
        let Some((checkpoint_every, full_after)) = checkpoints else {
            return Err(in_plan(PlanError {
                code: "plan::missing",
                problem: "a plan with `[kafka]` needs a section `[checkpoints]`".to_owned(),
                help: Some(
                    "add `[checkpoints]` with `every` and `full_after` as in pipelines/ami.toml".to_owned(),
                ),
                span: None,
            }));
        };
        let format = choice("format", kafka.format.as_ref(), MessageFormat::Json, &MessageFormat::ALL)
            .map_err(in_plan)?;
        let idle_after = duration("idle_after", &kafka.idle_after, DAY).map_err(in_plan)?;
        let group = some("group", &kafka.group).map_err(in_plan)?;
        let mut client = ClientSettings::default();
        for (name, value, span) in kafka.client.0 {
            client.add(name, value, Origin::Plan(span)).map_err(|problem| problem.in_plan(in_plan))?;
        }
        client.add_environment(environment, |problem| problem.in_plan(in_plan))?;
        let brokers = brokers
            .or_else(|| environment.brokers())
            .or_else(|| kafka.brokers.as_ref().map(|brokers| brokers.get_ref().as_str()))
            .unwrap_or_default()
            .trim();
        Ok(Some(Self {
            brokers: brokers.to_owned(),
            group,
            format,
            idle_after,
            readings: kafka.readings.into_inner(),
            topology: kafka.topology.map(Text::into_inner),
            outputs: topics,
            intervals_format,
            transactional: output.transactional,
            exchange,
            checkpoint_every,
            full_after,
            client,
        }))
    }

    /// The settings that all connections share: brokers, name, security. Each consumer or producer adds its own.
    pub(crate) fn connection(&self) -> Connection {
        self.client.connection(&self.brokers)
    }

    /// The plan's keys for topics of results, with the topics. A result without a topic is not written.
    pub fn topics_of_results(&self) -> impl Iterator<Item = (&'static str, Option<&str>)> {
        self.outputs.all()
    }

    /// The librdkafka settings of the plan and the environment.
    pub fn client(&self) -> &ClientSettings {
        &self.client
    }
}

impl KafkaToml {
    /// The topics of results. Every topic must have one use: a topic of results that is also read would feed itself.
    fn topics(&self) -> Result<Topics, PlanError> {
        let mut uses: BTreeMap<&str, &str> = BTreeMap::new();
        for (key, topic) in self.named() {
            let name = topic.get_ref().as_str();
            if let Err(problem) = check_name(name) {
                let problem = format!("`{key}` must be the name of a topic: {problem}");
                return Err(PlanError::new(
                    "plan::topic",
                    topic.span(),
                    problem,
                    format!("try `{key} = \"{}\"`", key.replace('_', "-")),
                ));
            }
            if let Some(other) = uses.insert(name, key) {
                let problem = format!("`{other}` and `{key}` are one topic, \"{name}\"");
                return Err(PlanError::new(
                    "plan::topic",
                    topic.span(),
                    problem,
                    "give each a topic of its own",
                ));
            }
        }
        Ok(self.outputs())
    }
}

/// Checks that an exchange through Kafka is possible: it adds a header to each message of one interval.
fn exchange_fits(way: &Text, topics: &Topics, format: IntervalsFormat) -> Result<(), PlanError> {
    let refused = |problem: &str, help: &str| {
        Err(PlanError::new("plan::exchange", way.span(), problem.to_owned(), help.to_owned()))
    };
    if topics.intervals.is_none() {
        return refused(
            "`exchange = \"kafka\"` goes through the topic of intervals, and there is none",
            "name it: `intervals = \"intervals\"` in `[kafka]`",
        );
    }
    if format != IntervalsFormat::Json {
        return refused(
            "`exchange = \"kafka\"` needs one message for each interval, but an Arrow message holds many",
            "set `intervals = \"json\"` in `[output]`",
        );
    }
    Ok(())
}

fn checkpoints(written: &CheckpointsToml) -> Result<(Duration, u32), PlanError> {
    Ok((duration("every", &written.every, HOUR)?, at_least("full_after", &written.full_after, 1)?))
}

/// The shortest time that a plan may set here, in milliseconds.
const SHORTEST: i64 = 100;

fn duration(key: &str, written: &Text, most: i64) -> Result<Duration, PlanError> {
    let ms = milliseconds(key, written, SHORTEST..=most)?;
    Ok(Duration::from_millis(ms.unsigned_abs()))
}

fn some(key: &str, written: &Text) -> Result<String, PlanError> {
    let text = written.get_ref();
    if !text.trim().is_empty() {
        return Ok(text.clone());
    }
    let problem = format!("`{key}` must not be empty");
    Err(PlanError::new("plan::range", written.span(), problem, format!("try `{key} = \"gridwarden\"`")))
}

fn choice<T: Copy>(key: &str, written: Option<&Text>, usual: T, all: &[(&str, T)]) -> Result<T, PlanError> {
    let Some(written) = written else { return Ok(usual) };
    if let Some((_, choice)) = all.iter().find(|(name, _)| name == written.get_ref()) {
        return Ok(*choice);
    }
    let names: Vec<String> = all.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let (last, others) = names.split_last().expect("there is something to choose");
    let problem = format!("`{key}` must be {} or {last}, found \"{}\"", others.join(", "), written.get_ref());
    Err(PlanError::new("plan::choice", written.span(), problem, format!("try `{key} = {}`", names[0])))
}

#[cfg(test)]
mod tests;
