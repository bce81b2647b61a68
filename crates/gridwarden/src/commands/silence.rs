//! `gridwarden silence` and `gridwarden ack`: what people decide, by a running serve or in the store of one.

use super::asked::{failed, in_path, server, text};
use super::serve::{cannot, store_file};
use crate::cli::{self, SilenceAct};
use deliver::People;
use deliver::people::Silence;
use notify::desk::Kind;
use outbox::Moment;
use reading::{AreaId, EventTime, FeederId, MeterId};
use serde_json::{Value, json};
use shell::{Failure, print};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Who stands in the log of changes for someone who has the machine, and so needs no token.
pub(super) const AT_THE_MACHINE: &str = "command line";

/// Runs `gridwarden silence`.
pub fn run(args: &cli::Silence) -> Result<(), Failure> {
    match &args.act {
        SilenceAct::Add { asked, reason, minutes, kind, meter, area, feeder, up_to } => {
            let criteria =
                [("kind", kind), ("meter", meter), ("area", area), ("feeder", feeder), ("up_to", up_to)];
            let criteria = criteria.map(|(key, value)| (key, value.as_deref()));
            criteria.iter().try_for_each(|(key, value)| check(key, *value))?;
            if reason.trim().is_empty() {
                return Err(Failure::wrong(
                    "`--reason` is empty",
                    "others have to know why they hear nothing",
                ));
            }
            match &asked.store {
                Some(store) => add_to_store(store, reason, *minutes, &criteria),
                None => add(asked, reason, *minutes, &criteria),
            }
        }
        SilenceAct::List { asked } => list(asked),
        SilenceAct::End { asked, name } => end(asked, name),
    }
}

/// Runs `gridwarden ack`.
pub fn acknowledge(args: &cli::Ack) -> Result<(), Failure> {
    if args.undo {
        return take_back(args);
    }
    let episode = &args.episode;
    if let Some(store) = &args.asked.store {
        let mut people = open(store)?;
        let done = people.acknowledge(episode, AT_THE_MACHINE, &args.note, AT_THE_MACHINE);
        let done = done.map_err(|error| cannot(&error))?;
        return print(&if done {
            format!("{episode} is acknowledged\n")
        } else {
            format!("{episode} was acknowledged already\n")
        });
    }
    let path = format!("/api/v1/acks/{}", in_path(episode));
    let ack = server(&args.asked)?.ask("PUT", &path, Some(&json!({ "note": args.note })));
    let ack = ack.map_err(|error| failed(&error))?;
    print(&format!("{} takes care of {episode} since {}\n", text(&ack, "author"), text(&ack, "time")))
}

fn take_back(args: &cli::Ack) -> Result<(), Failure> {
    let episode = &args.episode;
    match &args.asked.store {
        Some(store) => {
            let done = open(store)?.take_back(episode, AT_THE_MACHINE).map_err(|error| cannot(&error))?;
            if !done {
                let help = "gridwarden alerts shows who takes care of what";
                return Err(Failure::wrong(format!("nobody takes care of {episode}"), help));
            }
        }
        None => {
            let path = format!("/api/v1/acks/{}", in_path(episode));
            server(&args.asked)?.ask("DELETE", &path, None).map_err(|error| failed(&error))?;
        }
    }
    print(&format!("nobody takes care of {episode} any more\n"))
}

fn open(store: &Path) -> Result<People, Failure> {
    People::open_existing(&store_file(store)).map_err(|error| cannot(&error))
}

/// A criterion that is no name at all would match nothing, without a word.
fn check(key: &str, value: Option<&str>) -> Result<(), Failure> {
    let Some(value) = value else { return Ok(()) };
    let names = |names: Vec<&str>| (names.contains(&value), format!("one of {}", names.join(", ")));
    let (is_good, wanted) = match key {
        "kind" => names(Kind::ALL.iter().map(|kind| kind.name()).collect()),
        "up_to" => names(cases::Severity::ALL.iter().map(|one| one.name()).collect()),
        "meter" => (MeterId::new(value).is_some(), "the name of a meter".to_owned()),
        "area" => (AreaId::new(value).is_some(), "the name of an area".to_owned()),
        _ => (FeederId::new(value).is_some(), "the name of a feeder".to_owned()),
    };
    if is_good {
        return Ok(());
    }
    let option = key.replace('_', "-");
    Err(Failure::wrong(format!("`--{option} {value}` cannot be"), format!("it is {wanted}")))
}

fn add(
    asked: &cli::Asked,
    reason: &str,
    minutes: u32,
    criteria: &[(&str, Option<&str>)],
) -> Result<(), Failure> {
    let mut body = json!({ "reason": reason, "minutes": minutes });
    for (key, value) in criteria {
        if let Some(value) = value {
            body[*key] = (*value).into();
        }
    }
    let made = server(asked)?.ask("POST", "/api/v1/silences", Some(&body)).map_err(|error| failed(&error))?;
    print(&format!("silence {} until {}\n", text(&made, "name"), text(&made, "until")))
}

fn add_to_store(
    store: &Path,
    reason: &str,
    minutes: u32,
    criteria: &[(&str, Option<&str>)],
) -> Result<(), Failure> {
    let of = |key: &str| {
        criteria.iter().find(|(name, _)| *name == key).and_then(|(_, value)| value.map(str::to_owned))
    };
    let from = now();
    let silence = Silence {
        name: String::new(),
        from,
        until: from.plus(i64::from(minutes) * 60_000),
        author: AT_THE_MACHINE.to_owned(),
        reason: reason.to_owned(),
        kind: of("kind"),
        meter: of("meter"),
        area: of("area"),
        feeder: of("feeder"),
        up_to: of("up_to"),
        ended: None,
    };
    let name = open(store)?.add_silence(&silence, AT_THE_MACHINE).map_err(|error| cannot(&error))?;
    print(&format!("silence {name} until {}\n", EventTime(silence.until.0)))
}

fn list(asked: &cli::Asked) -> Result<(), Failure> {
    if let Some(store) = &asked.store {
        let all = open(store)?.silences().map_err(|error| cannot(&error))?;
        let now = now();
        let page = all.iter().map(|one| {
            let criteria = [
                ("kind", &one.kind),
                ("meter", &one.meter),
                ("area", &one.area),
                ("feeder", &one.feeder),
                ("up to", &one.up_to),
            ];
            let criteria = criteria.map(|(key, value)| (key, value.as_deref().unwrap_or_default()));
            let state = if one.is_over(now) { "over" } else { "active" };
            let until = EventTime(one.until.0).to_string();
            line(&one.name, state, &until, &criteria, &one.author, &one.reason)
        });
        return print(&page.collect::<String>());
    }
    let server = server(asked)?;
    let (mut page, mut after) = (String::new(), String::new());
    loop {
        let found = server.ask("GET", &format!("/api/v1/silences?limit=1000{after}"), None);
        let found = found.map_err(|error| failed(&error))?;
        for one in found.get("items").and_then(Value::as_array).into_iter().flatten() {
            let criteria = ["kind", "meter", "area", "feeder", "up_to"].map(|key| (key, text(one, key)));
            page += &line(
                text(one, "name"),
                text(one, "state"),
                text(one, "until"),
                &criteria,
                text(one, "author"),
                text(one, "reason"),
            );
        }
        let next = text(&found, "next");
        if next.is_empty() {
            return print(&page);
        }
        after = format!("&after={}", in_path(next));
    }
}

fn line(
    name: &str,
    state: &str,
    until: &str,
    criteria: &[(&str, &str)],
    author: &str,
    reason: &str,
) -> String {
    let asked = criteria.iter().filter(|(_, value)| !value.is_empty());
    let asked: Vec<String> = asked.map(|(key, value)| format!("{} {value}", key.replace('_', " "))).collect();
    let about = if asked.is_empty() { "everything".to_owned() } else { asked.join(", ") };
    format!("{name}  {state:<6}  until {until}  {about}  ({author}: {reason})\n")
}

fn end(asked: &cli::Asked, name: &str) -> Result<(), Failure> {
    match &asked.store {
        Some(store) => {
            let done = open(store)?.end_silence(name, AT_THE_MACHINE).map_err(|error| cannot(&error))?;
            if !done {
                let problem = format!("there is no silence `{name}` that goes on");
                return Err(Failure::wrong(problem, "gridwarden silence list shows all"));
            }
        }
        None => {
            let path = format!("/api/v1/silences/{}", in_path(name));
            server(asked)?.ask("DELETE", &path, None).map_err(|error| failed(&error))?;
        }
    }
    print(&format!("silence {name} is over\n"))
}

#[expect(clippy::disallowed_methods, reason = "a person acts now")]
fn now() -> Moment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Moment(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
