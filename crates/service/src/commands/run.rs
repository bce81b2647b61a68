//! `gridwarden run`: the streaming engine on Kafka.

use super::read_plan_and_text;
use super::replay::cores;
use crate::checkpoints::Store;
use crate::cli;
use crate::failure::Failure;
use crate::kafka::{Exchange, KafkaPlan};
use crate::run::{self, Done, Job, Outcome};
use crate::say::say;
use crate::usage;
use signal_hook::consts::{SIGINT, SIGTERM};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Instant;

/// Runs the command.
#[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
pub fn run(args: &cli::Run, quiet: bool) -> Result<(), Failure> {
    let began = Instant::now();
    let (plan, text) = read_plan_and_text(&args.plan)?;
    let kafka = KafkaPlan::read(&text, &args.plan, args.brokers.as_deref())?;
    let signal = listen()?;
    let store = Store::open(&args.checkpoints)?;
    let alone = plan.has_second_stage() && kafka.exchange == Exchange::Memory;
    let _lock = if alone { Some(store.lock()?) } else { None };
    let job = Job {
        plan,
        kafka,
        topology: args.topology.as_deref(),
        store,
        shards: args.shards.unwrap_or_else(cores),
        until_end: args.until_end,
        instance: &args.instance,
        accept_new_plan: args.accept_new_plan,
        signal: &signal,
    };
    let outcome = run::run(&job)?;
    if let Done::Signal(signal) = outcome.done {
        let page = format!("ended by a signal; the next start goes on from {}\n", args.checkpoints);
        return Err(Failure::signal(signal, page));
    }
    if !quiet {
        say(&format!("{}\n", summary(&job, &outcome, began.elapsed().as_secs_f64(), &args.checkpoints)))?;
    }
    Ok(())
}

fn summary(job: &Job<'_>, outcome: &Outcome, wall_s: f64, checkpoints: &str) -> String {
    let (tally, found) = (&outcome.tally, &outcome.found);
    if outcome.done == Done::NothingNew {
        return format!("nothing new in {}: everything was closed before", job.kafka.readings);
    }
    let cpu_s = usage::cpu_seconds().filter(|cpu_s| *cpu_s >= 0.5);
    let speed = cpu_s.map(|cpu_s| {
        let speed = tally.readings as f64 / cpu_s / 1e6;
        format!(", {cpu_s:.2} CPU s, {speed:.2} M readings a CPU second")
    });
    format!(
        "{} readings in {} messages -> {} intervals, {} cases, {} alerts, {} SMS\n{} repeats, {} dead letters, {} of them late\n{wall_s:.2} s{}\nthe state is kept in {checkpoints}",
        tally.readings,
        tally.messages,
        tally.intervals,
        found.cases,
        found.alerts,
        found.sms,
        tally.repeats,
        tally.dead,
        tally.late,
        speed.unwrap_or_default(),
    )
}

/// The first INT or TERM is written down, the second ends the process at once.
fn listen() -> Result<Arc<AtomicUsize>, Failure> {
    let told = Arc::new(AtomicUsize::new(0));
    let again = Arc::new(std::sync::atomic::AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // In this order: the second signal finds what the first has set.
        signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&again))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&again)))
            .and_then(|_| signal_hook::flag::register_usize(signal, Arc::clone(&told), signal as usize))
            .map_err(|cause| Failure::failed("cannot listen for Ctrl-C", &cause))?;
    }
    Ok(told)
}
