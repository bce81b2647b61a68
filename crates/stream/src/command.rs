//! `gridwarden run`: the streaming engine on Kafka.

use crate::kafka::{Exchange, KafkaPlan};
use crate::log::{Broker, end_without_a_broker, topics};
use crate::metrics::Metrics;
use crate::run::{self, Done, Job, Outcome};
use checkpoints::{OpenError, Store};
use shell::{Failure, Stop, cores, print, read_plan_and_text, telemetry, usage};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;
use web::{Http, ListenError};

/// What to run, and for how long.
#[derive(Debug, Clone)]
pub struct Run {
    /// The plan.
    pub plan: PathBuf,
    /// Brokers to use in place of those of the plan.
    pub brokers: Option<String>,
    /// Where checkpoints are kept: a folder, or `s3://BUCKET/PREFIX` with the feature `s3`.
    pub checkpoints: String,
    /// The topology as a CSV file, in place of the plan's topic. The run reads it again when it changes.
    pub topology: Option<PathBuf>,
    /// Read up to where the partitions end now, close all open intervals, store the state, and end.
    pub until_end: bool,
    /// Create missing topics of results.
    pub create_topics: bool,
    /// How many threads hold partitions; without a number, as many as the machine has cores.
    pub shards: Option<u32>,
    /// The name of this instance, if it has one.
    pub instance: Option<String>,
    /// Continue from checkpoints of another plan, with the parts of the state that fit this plan.
    pub accept_new_plan: bool,
    /// The address that serves `/metrics`, `/healthz` and `/readyz`.
    pub http: Option<String>,
}

/// Runs the command; with `quiet`, without a summary.
#[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
pub fn run(args: &Run, quiet: bool) -> Result<(), Failure> {
    let began = Instant::now();
    let (plan, text) = read_plan_and_text(&args.plan)?;
    let kafka = KafkaPlan::read(&text, &args.plan, args.brokers.as_deref())?;
    let signals = Stop::on_signals()?;
    let metrics = Arc::new(Metrics::new());
    let http = args.http.as_deref().map(|address| listen(address, &metrics)).transpose()?;
    if let Some(http) = &http {
        telemetry::answers(http.address());
    }
    // The state is then that of the last checkpoint, as after a crash.
    end_without_a_broker(&signals, kafka.connection(), telemetry::ends_without_a_broker)?;
    let store = Store::open(&args.checkpoints).map_err(|error| no_store(&error))?;
    let plan = if kafka.exchange == Exchange::Kafka { plan.of_a_part() } else { plan };
    // Checkpoints of a second stage in memory are numbered. Two processes would write different states under one name.
    let alone = plan.has_second_stage() && kafka.exchange == Exchange::Memory;
    let _lock = if alone { Some(store.lock().map_err(|error| no_store(&error))?) } else { None };
    let Some(broker) = Broker::await_any(&kafka.connection(), &signals)? else {
        return Err(Failure::stopped(signals.signal().unwrap_or_default(), "nothing was read"));
    };
    let mut topics: Vec<&str> = kafka.outputs.all().filter_map(|(_, topic)| topic).collect();
    topics.extend(kafka.topology.as_deref().filter(|_| args.topology.is_none()));
    let read_back = kafka.outputs.intervals.as_deref().filter(|_| kafka.exchange == Exchange::Kafka);
    topics::find_results(&broker, &kafka.readings, &topics, read_back, args.create_topics)?;
    drop(broker);
    let job = Job {
        plan,
        kafka,
        topology: args.topology.as_deref(),
        store,
        shards: args.shards.unwrap_or_else(cores),
        until_end: args.until_end,
        instance: args.instance.as_deref(),
        accept_new_plan: args.accept_new_plan,
        signals: &signals,
        metrics: &metrics,
    };
    let outcome = run::run(&job)?;
    if let Done::Signal(signal) = outcome.done {
        return Err(Failure::stopped(signal, format!("the next start goes on from {}", args.checkpoints)));
    }
    if !quiet {
        print(&format!("{}\n", summary(&job, &outcome, began.elapsed().as_secs_f64(), &args.checkpoints)))?;
    }
    mostly_dead(&job.kafka, &outcome).map_or(Ok(()), Err)
}

/// The failure of a run to the end of which more than half of the messages became dead letters.
fn mostly_dead(kafka: &KafkaPlan, outcome: &Outcome) -> Option<Failure> {
    let unread = format!(
        "messages without a header `format` are taken for \"{}\": check `format` in `[kafka]`",
        kafka.format.name()
    );
    let kept = match &kafka.outputs.dead_letters {
        Some(topic) => format!("every dead letter is in the topic `{topic}`"),
        None => "name a topic as `dead_letters` in `[kafka]`, and they are kept".to_owned(),
    };
    outcome.tally.dead.failure(outcome.tally.readings, &unread, &kept)
}

/// Serves metrics and health over HTTP.
fn listen(address: &str, metrics: &Arc<Metrics>) -> Result<Http, Failure> {
    let metrics = Arc::clone(metrics);
    Http::start(address, move |question| metrics.answer(question), telemetry::http_ended).map_err(
        |error: ListenError| {
            let failure = Failure::of(&error).help(error.help().map(str::to_owned));
            if error.is_wrong_address() { failure.as_wrong() } else { failure }
        },
    )
}

fn no_store(error: &OpenError) -> Failure {
    let failure = Failure::of(error).help(error.help().map(str::to_owned));
    if error.is_wrong_address() { failure.as_wrong() } else { failure }
}

fn summary(job: &Job<'_>, outcome: &Outcome, wall_s: f64, checkpoints: &str) -> String {
    let (tally, found) = (&outcome.tally, &outcome.found);
    if outcome.done == Done::NothingNew {
        return format!("nothing new in {}: an earlier run has closed everything", job.kafka.readings);
    }
    let cpu_s = usage::cpu_seconds().filter(|cpu_s| *cpu_s >= 0.5);
    let speed = cpu_s.map(|cpu_s| {
        let speed = tally.readings as f64 / cpu_s / 1e6;
        format!(", {cpu_s:.2} CPU s, {speed:.2} M readings a CPU second")
    });
    let mut health = tally.found.health.clone();
    health.add(&found.health);
    let health = if health.advice().is_empty() { String::new() } else { format!("\n{health}") };
    format!(
        "{} readings in {} messages -> {} intervals, {} cases, {} alerts, {}\n{} repeats, {} dead letters, {} of them late\n{wall_s:.2} s{}\nthe state is kept in {checkpoints}{health}",
        tally.readings,
        tally.messages,
        tally.intervals,
        found.cases,
        found.alerts,
        found.sent.in_words(|number| number.to_string()),
        tally.repeats,
        tally.dead.all(),
        tally.late,
        speed.unwrap_or_default(),
    )
}
