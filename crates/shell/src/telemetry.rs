//! All log lines of the shell, in one place. The core returns facts, and these functions turn them into log lines.

use crate::Failure;
use crate::log_lines::LogLines;
use pipeline::LostPart;
use std::error::Error;
use std::fmt::Display;
use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use tracing::{Level, debug, error, info, warn};
use tracing_subscriber::fmt;

/// Sets up log lines on standard error: text for people, or one JSON object a line for machines.
pub fn begin(quiet: bool, as_json: bool) {
    let level = if quiet { Level::ERROR } else { Level::INFO };
    #[expect(
        clippy::disallowed_methods,
        reason = "NO_COLOR is asked of the environment by convention: no-color.org"
    )]
    let color =
        io::stderr().is_terminal() && std::env::var("NO_COLOR").map_or(true, |value| value.is_empty());
    // Without `log_internal_errors(false)` a line that cannot be written is reported on standard error, which panics.
    let lines =
        fmt().with_max_level(level).with_writer(LogLines::new).log_internal_errors(false).with_target(false);
    if as_json {
        lines.json().flatten_event(true).init();
    } else {
        lines.with_ansi(color).without_time().init();
    }
}

/// A run begins.
pub fn begun(plan: &str, files: usize, shards: u32) {
    info!(plan, files, shards, "replay begun");
}

/// A signal has ended a replay.
pub fn stopped(signal: i32, dir: &Path) {
    error!(signal, dir = %dir.display(), "stopped before the end: nothing of this run is in the folder");
}

/// A command has failed.
pub fn failed(code: u8, failure: &Failure) {
    error!(code, "{}", failure.to_string().trim_end());
}

/// Torn messages of a simulated town, which Parquet cannot hold.
pub fn torn_left_out(count: u64) {
    warn!(count, "torn messages were left out: Parquet cannot hold them, --format ndjson can");
}

/// Torn messages of a simulated town, which this format of messages cannot hold.
pub fn torn_not_sent(count: u64) {
    warn!(count, "torn messages were left out: only --messages json can hold them");
}

/// Readings of a simulated town that are too long for a frame.
pub fn unfit_not_sent(count: u64) {
    warn!(count, "readings do not fit into a frame and were left out: --messages json and arrow hold all");
}

/// The readings of an earlier town were deleted.
pub fn taken_away(path: &Path) {
    warn!(path = %path.display(), "the readings of an earlier town were deleted, because they do not fit this town");
}

/// A column of the topology is unknown.
pub fn unknown_column(path: &Path, column: &str) {
    warn!(path = %path.display(), column, "an unknown column of the topology was ignored");
}

/// Rows of a topology that are used, and are probably a mistake.
pub fn odd_topology(path: &Path, count: u64, what: &str) {
    warn!(path = %path.display(), count, "{what}");
}

/// Some messages became part of no interval.
pub fn dead_letters(count: u64, reasons: &str) {
    warn!(count, "messages without an interval are in dead-letters.ndjson: {reasons}");
}

/// Some alerts are from areas without a meter reader.
pub fn unrouted(count: u64) {
    warn!(count, "alerts were sent to no phone, because their areas have no meter reader's phone");
}

/// The neighbours of some meters are unknown.
pub fn strangers(strangers: u64, meters: u64, held_back: u64) {
    warn!(
        held_back,
        "{strangers} of {meters} meters are on no transformer of the topology: a shared neutral cannot be excluded, so they raise no suspicion"
    );
}

/// Some energy is in no interval.
pub fn unplaced(wh: i64) {
    warn!(wh, "energy over gaps that are too long for the plan to fill is in no interval");
}

/// Most readings are late, so the files are probably in another order.
pub fn mostly_late(late: u64, readings: u64) {
    let percent = (100.0 * late as f64 / readings as f64).round();
    warn!(
        late,
        readings,
        "{percent} % of the readings came too late: their own meters had gone on to later intervals. Sort the file by time; the newest readings must come last"
    );
}

/// The store of checkpoints has failed, and the run tries again.
pub fn store_fails(what: &str, error: &dyn Error, pause: Duration) {
    let cause = error.source().map(ToString::to_string);
    warn!(
        what,
        cause,
        pause_s = pause.as_secs_f64(),
        "the store of checkpoints fails, and is tried again: {error}"
    );
}

/// The run has failed and starts again.
pub fn starts_again(failure: &Failure, pause: Duration) {
    let seconds = pause.as_secs_f64();
    warn!(seconds, "the run starts again from its last checkpoint: {}", failure.to_string().trim_end());
}

/// Partitions were given to this instance.
pub fn assigned(partitions: usize, now: usize) {
    info!(partitions, now, "partitions taken over");
}

/// Partitions are taken from this instance.
pub fn revoked(partitions: usize, of: usize) {
    info!(partitions, of, "partitions are given back");
}

/// A checkpoint is in the store.
pub fn checkpoint_written(partitions: usize, bytes: u64, seconds: f64) {
    debug!(partitions, bytes, seconds, "checkpoint written");
}

/// The last checkpoint before an end has taken too long.
pub fn checkpoint_not_awaited() {
    warn!("the last checkpoint takes too long: the next start continues from the one before it");
}

/// An old checkpoint could not be deleted.
pub fn prune_fails(error: &dyn Error) {
    warn!("an old checkpoint could not be deleted: {error}");
}

/// A checkpoint cannot be used.
pub fn checkpoint_passed_over(object: &str, why: &dyn Display) {
    warn!(object, "a checkpoint cannot be used and is passed over: {why}");
}

/// A part of the stored state is lost, and the operator has accepted that.
pub fn part_begins_afresh(of: &impl Display, lost: &LostPart) {
    warn!(part = lost.name, "the state of {of} goes on without {lost}: it begins afresh");
}

/// A run to the end leaves partitions open that other members of its group hold and do not close.
pub fn left_to_others(topic: &str, partitions: u32) {
    warn!(
        topic,
        partitions,
        "other members of the group hold partitions and have made no progress for a while: intervals there stay open. To close all intervals, stop the other members first"
    );
}

/// The broker has deleted messages before they were read.
pub fn messages_gone(partition: u32, from: i64, to: i64) {
    error!(
        partition,
        from, to, "messages were deleted before they were read: the topic keeps them for too short a time"
    );
}

/// Intervals from another instance cannot be read.
pub fn passed_unknown(partition: u32, count: u64) {
    error!(
        partition,
        count, "intervals from other instances cannot be read: run the same version of Gridwarden everywhere"
    );
}

/// The positions of the group could not be committed.
pub fn commit_fails(error: &dyn Error) {
    warn!(
        "the group's positions could not be committed, so its lag looks too large; the checkpoint itself is stored: {error}"
    );
}

/// Results are written more slowly than readings come in.
pub fn held_up() {
    warn!("results cannot be written as fast as readings come: reading waits");
}

/// Reading continues after a pause.
pub fn flows_again() {
    info!("reading goes on");
}

/// A new topology was read.
pub fn topology_taken(from: &dyn Display) {
    info!("the topology was read again from {from}");
}

/// A new topology cannot be used.
pub fn topology_refused(why: &dyn Display) {
    error!("the new topology cannot be used, so the earlier one stays: {why}");
}

/// A new topology does not fit the plan.
pub fn topology_unfit(why: &dyn Error) {
    error!("the new topology does not fit the plan, so the earlier one stays: {why}");
}

/// A row of the topology cannot be used.
pub fn topology_row_refused(topic: &str, partition: i32, offset: i64, why: &str) {
    error!(topic, partition, offset, "a row of the topology cannot be used: {why}");
}

/// No broker answers yet.
pub fn no_broker(brokers: &str, cause: &str, pause: Duration) {
    let next_try_s = pause.as_secs_f64();
    warn!(brokers, next_try_s, "no broker answers, the next try is in {next_try_s} s: {cause}");
}

/// A broker answers, after some tries.
pub fn broker_answers(brokers: &str) {
    info!(brokers, "a broker answers");
}

/// A signal has ended the run, and no broker answers.
pub fn ends_without_a_broker(brokers: &str) {
    warn!(
        brokers,
        "no broker answers, so the run ends without a last checkpoint: the next start goes on from the one before"
    );
}

/// Sending ends by a signal while no broker answers.
pub fn sends_no_more(brokers: &str) {
    warn!(brokers, "no broker answers, so sending ends: what was not confirmed may be missing");
}

/// The API could not answer.
pub fn api_broken(error: &dyn Error) {
    let cause = error.source().map(ToString::to_string);
    error!(cause, "the API could not answer: {error}");
}

/// People can ask.
pub fn api_listens(address: SocketAddr) {
    info!(%address, "the API listens");
}

/// The API has ended.
pub fn api_ended(error: &dyn Error) {
    error!("the API has ended: {error}");
}

/// Dummy meters are booted.
pub fn dummies_boot(count: usize, keys: &Path) {
    info!(count, keys = %keys.display(), "dummy meters boot");
}

/// A dummy meter has ended before a receipt came for all of its registers.
pub fn dummy_not_heard(meter: &str) {
    warn!(meter, "the gateway has not confirmed all registers: the meter sends them with its next start");
}

/// Meters can connect.
pub fn meters_may_connect(address: SocketAddr, known: usize) {
    info!(%address, known, "meters may connect");
}

/// A connection was refused.
pub fn meters_refused(peer: SocketAddr, most: usize) {
    warn!(%peer, most, "connection refused: there are as many as a gateway takes");
}

/// A connection has ended.
pub fn meter_line_closed(peer: SocketAddr, why: &str) {
    info!(%peer, "line closed: {why}");
}

/// A meter without a key here.
pub fn unknown_meter(title: &str) {
    warn!(title, "unknown meter: nothing of it goes on until the file of meters has its key");
}

/// A meter on Modbus does not answer.
pub fn modbus_meter_away(meter: &str, cause: &io::Error) {
    warn!(meter, "meter on Modbus does not answer: {cause}");
}

/// The sink takes nothing.
pub fn readings_wait(why: &str) {
    warn!("readings wait on disk: {why}");
}

/// It takes readings again.
pub fn readings_go_on() {
    info!("readings go on");
}

/// A gateway is connected.
pub fn gateway_connected(gateway: &str) {
    info!(gateway, "gateway connected");
}

/// A gateway cannot be reached.
pub fn gateway_gone(gateway: &str, why: &str) {
    warn!(gateway, "gateway not connected: {why}");
}

/// Outputs cannot be read.
pub fn outputs_unreadable(count: u64, first: &str) {
    warn!(count, "rows of outputs cannot be read and are passed over: {first}");
}

/// All outputs that there are have been read.
pub fn outputs_read(alerts: usize, cases: usize, notices: usize) {
    info!(alerts, cases, notices, "the outputs are read");
}

/// A line of the audit log is not as it was written.
pub fn audit_changed(number: u64) {
    error!(number, "the log of changes is not as it was written from this line on");
}

/// A message of librdkafka, and how often it came since the last log line about it.
pub fn librdkafka(about: &str, text: &str, repeats: u64) {
    warn!(about, repeats, "librdkafka: {text}");
}

/// A missing topic was created.
pub fn topic_made(topic: &str, partitions: u32) {
    info!(topic, partitions, "topic created");
}

/// The HTTP server is running.
pub fn answers(address: SocketAddr) {
    info!(%address, "metrics and health are served over HTTP");
}

/// The HTTP server has failed. The engine goes on.
pub fn http_ended(cause: &io::Error) {
    error!(cause = %cause, "metrics and health are no longer served");
}
