//! `gridwarden alerts`: the newest alerts, and each new one as it comes.

use super::asked::{failed, in_path, server, text};
use crate::cli;
use columns::outputs::{Alerts, Output};
use deliver::ask::Server;
use serde_json::Value;
use shell::{Failure, print};
use std::path::Path;

/// Runs the command.
pub fn run(args: &cli::Alerts) -> Result<(), Failure> {
    if let Some(results) = &args.results {
        return of_folder(results, usize::from(args.limit));
    }
    if args.asked.store.is_some() {
        let problem = "the store holds what people decided, and no alerts";
        return Err(Failure::wrong(
            problem,
            "ask a running serve, or give `--results DIR` for the folder of a replay",
        ));
    }
    let server = server(&args.asked)?;
    let page = server.ask("GET", &format!("/api/v1/alerts?limit={}", args.limit), None);
    let page = page.map_err(|error| failed(&error))?;
    let items = page.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    // The newest stands last, where new ones follow.
    print(&items.iter().rev().map(line).collect::<String>())?;
    if args.follow { follow(&server) } else { Ok(()) }
}

/// Shows each new alert. A connection that ended goes on where it was.
fn follow(server: &Server) -> Result<(), Failure> {
    let mut last = None::<String>;
    loop {
        let mut shown = Ok(());
        let from = last.clone();
        let followed = server.follow("/api/v1/events", from.as_deref(), |event| {
            last = Some(event.id);
            let id = serde_json::from_str::<Value>(&event.data).unwrap_or_default();
            shown = match event.name.as_str() {
                "alert" => show(server, text(&id, "id")),
                "reset" => {
                    print("(more was missed than serve remembers: `gridwarden alerts` shows the newest)\n")
                }
                _ => Ok(()),
            };
            shown.is_ok()
        });
        shown?;
        followed.map_err(|error| failed(&error))?;
    }
}

fn show(server: &Server, id: &str) -> Result<(), Failure> {
    let alert = server.ask("GET", &format!("/api/v1/alerts/{}", in_path(id)), None);
    print(&line(&alert.map_err(|error| failed(&error))?))
}

fn line(alert: &Value) -> String {
    let of = |key| text(alert, key);
    let by = alert.get("acknowledged").map(|ack| text(ack, "author")).filter(|by| !by.is_empty());
    let by = by.map(|by| format!("  ({by} takes care)")).unwrap_or_default();
    let id = if of("case").is_empty() { of("id") } else { of("case") };
    format!("{}  {:<6}  {}\n    {}{by}\n", of("time"), of("severity"), of("text"), id)
}

fn of_folder(results: &Path, limit: usize) -> Result<(), Failure> {
    let path = results.join(Alerts::ABOUT.file);
    let read = std::fs::read_to_string(&path).map_err(|cause| {
        Failure::failed(format!("cannot read {}", path.display()), &cause)
            .as_wrong()
            .help(Some("`--results` names the folder that a replay wrote".to_owned()))
    })?;
    let wrong = |cause| Failure::failed(format!("{} is damaged", path.display()), &cause);
    let alerts = read.lines().map(|line| serde_json::from_str::<Value>(line).map_err(wrong));
    let alerts: Vec<Value> = alerts.collect::<Result<_, _>>()?;
    print(&alerts[alerts.len().saturating_sub(limit)..].iter().map(line).collect::<String>())
}
