//! `gridwarden outbox`: looks into an outbox, tries messages again, drops others.

use crate::cli::{self, OutboxAct};
use deliver::gateway::SMS;
use deliver::{Store, StoreError, masked_address};
use outbox::{Entry, MessageId, Moment, Outbox, Settings, State};
use reading::EventTime;
use shell::{Failure, count, print};
use std::fmt::Write;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Runs the command.
pub fn run(args: &cli::Outbox) -> Result<(), Failure> {
    match &args.act {
        OutboxAct::List { outbox, state } => list(outbox, state.as_deref()),
        OutboxAct::Show { outbox, id } => show(outbox, id),
        OutboxAct::Retry { outbox, ids } => change(outbox, ids, "queued again", Outbox::retry_now),
        OutboxAct::Drop { outbox, ids } => {
            change(outbox, ids, "dropped", |outbox, now, id| outbox.drop_message(now, id, "a person"))
        }
    }
}

fn list(outbox: &Path, state: Option<&str>) -> Result<(), Failure> {
    let entries = Store::peek(outbox).map_err(cannot)?;
    let is_asked = |entry: &&Entry| state.is_none_or(|state| entry.state.name() == state);
    let asked: Vec<&Entry> = entries.iter().filter(is_asked).collect();
    let mut page = String::new();
    for entry in &asked {
        let problem = why(entry).map(|why| format!("  {why}")).unwrap_or_default();
        let (state, to) = (entry.state.name(), masked_address(&entry.way, &entry.line));
        writeln!(page, "{}  {state:<9}  {to:>15}  {}{problem}", time(entry.changed), entry.id)
            .expect("text grows");
    }
    writeln!(page, "{} of {}", count(asked.len() as u64, "message"), entries.len()).expect("text grows");
    print(&page)
}

fn show(outbox: &Path, id: &str) -> Result<(), Failure> {
    let entries = Store::peek(outbox).map_err(cannot)?;
    let Some(entry) = entries.iter().find(|entry| entry.id.0 == id) else { return Err(unknown(outbox, id)) };
    let mut page = format!("message {}\n", entry.id);
    let mut key = |name: &str, value: String| writeln!(page, "  {name:<12} {value}").expect("text grows");
    key("state", entry.state.name().to_owned());
    if let Some(why) = why(entry) {
        key("reason", why.to_owned());
    }
    key("way", entry.way.clone());
    key("to", masked_address(&entry.way, &entry.line));
    key("came", time(entry.came));
    key("changed", time(entry.changed));
    key("parts", format!("{}, of which {} accepted", entry.parts, entry.accepted));
    key("tries", format!("{} of the next part", entry.tries));
    for (number, (gateway, remote, has_arrived)) in entry.receipts.iter().enumerate() {
        let arrived = if *has_arrived { "arrived" } else { "no receipt yet" };
        key("part", format!("{}: `{remote}` of gateway {}, {arrived}", number + 1, gateway + 1));
    }
    if let Some(trace) = Store::peek_trace(outbox, &entry.id).map_err(cannot)? {
        key("trace", trace);
    }
    key("text", entry.text.replace('\n', "\n               "));
    print(&page)
}

/// Does something to messages, all or none: a wrong name changes nothing.
fn change(
    path: &Path,
    ids: &[String],
    done: &str,
    act: impl Fn(&mut Outbox, Moment, &MessageId) -> bool,
) -> Result<(), Failure> {
    if !path.is_file() {
        return Err(cannot(StoreError::Missing { path: path.to_owned() }));
    }
    let mut store = Store::open(path).map_err(cannot)?;
    let now = now();
    let restored = Outbox::restore(Settings::usual([SMS]), now, store.load().map_err(cannot)?);
    let mut outbox = restored.map_err(|error| Failure::of(&error))?;
    for id in ids {
        let id = MessageId(id.clone());
        if outbox.entry(&id).is_none() {
            return Err(unknown(path, &id.0));
        }
        if !act(&mut outbox, now, &id) {
            let state = outbox.entry(&id).map_or("gone", |entry| entry.state.name());
            let problem = format!("message {id} is {state}, so it cannot be {done}; nothing is changed");
            return Err(Failure::wrong(
                problem,
                "only what waits can be dropped, only what failed or waits tried again",
            ));
        }
    }
    let (changed, forgotten) = outbox.take_changed();
    store.save(&changed, &forgotten).map_err(cannot)?;
    print(&format!("{} {done}\n", count(ids.len() as u64, "message")))
}

fn why(entry: &Entry) -> Option<&str> {
    match &entry.state {
        State::Failed { reason } => Some(reason),
        _ => entry.last_problem.as_deref(),
    }
}

fn unknown(outbox: &Path, id: &str) -> Failure {
    let help = format!("gridwarden outbox list {} shows all", outbox.display());
    Failure::wrong(format!("there is no message `{id}` in {}", outbox.display()), help)
}

fn cannot(error: StoreError) -> Failure {
    match &error {
        StoreError::Missing { .. } => Failure::wrong(error, "gridwarden send makes one"),
        StoreError::Taken { .. } => {
            Failure::failed_with_help(error, "end that process first; `list` and `show` work beside it")
        }
        _ => Failure::of(&error),
    }
}

fn time(moment: Moment) -> String {
    EventTime(moment.0).to_string()
}

#[expect(clippy::disallowed_methods, reason = "a person acts now")]
fn now() -> Moment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Moment(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
