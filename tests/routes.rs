//! `pipelines/routes.toml` over a simulated town: who hears of its outages and suspicions, and that nothing is forgotten.

use crate::program::{Scratch, repository};
use reading::EventTime;
use reading::time::MINUTE;
use serde_json::Value;
use std::collections::BTreeMap;

fn moment(text: &str) -> i64 {
    EventTime::parse_rfc3339(text.as_bytes()).unwrap_or_else(|| panic!("{text} is not a time")).0
}

fn text<'a>(message: &'a Value, field: &str) -> &'a str {
    message[field].as_str().unwrap()
}

/// A row of `outages.csv`: what is out, and how long, ms.
struct Outage {
    role: String,
    target: String,
    lasted: i64,
}

fn outages(scratch: &Scratch) -> Vec<Outage> {
    let row = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        let lasted = moment(fields[3]) - moment(fields[2]);
        Outage { role: fields[0].to_owned(), target: fields[1].to_owned(), lasted }
    };
    scratch.text("outages.csv").lines().skip(1).map(row).collect()
}

/// The phone of each area's reader.
fn readers(scratch: &Scratch) -> BTreeMap<String, String> {
    let rows = scratch.text("topology.csv");
    let fields = rows.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    fields.filter(|row| row[1] == "consumer").map(|row| (row[4].clone(), row[9].clone())).collect()
}

fn replayed() -> Scratch {
    let scratch = Scratch::new();
    let town = ["-q", "simulate", "--meters", "300", "--days", "5", "--outages", "9", "--seed", "3"];
    scratch.done(&[&town[..], &["--out", "."]].concat());
    let plan = repository("pipelines/routes.toml");
    let from = ["--readings", "readings.ndjson", "--topology", "topology.csv", "--out", "out"];
    scratch.done(&[&["-q", "replay", plan.to_str().unwrap()][..], &from[..]].concat());
    scratch
}

#[test]
fn people_hear_of_what_their_routes_lead_to_them() {
    let scratch = replayed();
    let messages = scratch.objects("out/sms.ndjson");
    let of =
        |start: &str| messages.iter().filter(|one| text(one, "id").starts_with(start)).collect::<Vec<_>>();

    // An outage of a transformer or feeder that outlasts `wait` is one message when it begins and one when it ends.
    let on_duty = of("sms.supply.duty.");
    for outage in outages(&scratch) {
        let Outage { role, target, lasted } = outage;
        let about = format!("outage.{role}.{target}.");
        let all: usize =
            outages(&scratch).iter().filter(|one| one.target == target && one.lasted > 20 * MINUTE).count();
        let is_for_duty = role != "consumer" && lasted > 20 * MINUTE;
        let found = on_duty.iter().filter(|one| text(one, "id").contains(&about)).count();
        assert_eq!(found, if is_for_duty { 2 * all } else { 0 }, "SEED=3 {role} {target}: {messages:#?}");
    }
    let shifts = ["+000300000001", "+000300000002"];
    assert!(on_duty.iter().all(|one| shifts.contains(&text(one, "to")) && one["case"].is_null()));

    // The chief hears only of what nobody acknowledged within two hours.
    let long =
        outages(&scratch).iter().filter(|one| one.role != "consumer" && one.lasted > 150 * MINUTE).count();
    assert_eq!(of("sms.supply.chief.").len(), 2 * long, "SEED=3");

    // Each case is one message to the reader of its area, in Hindi.
    let (walks, readers) = (of("sms.walk.readers."), readers(&scratch));
    assert_eq!(walks.len() as u64, scratch.summary("out")["cases"].as_u64().unwrap());
    for walk in walks {
        assert_eq!(text(walk, "to"), readers[text(walk, "area")]);
        assert!(text(walk, "text").starts_with("कृपया मीटर "), "{walk}");
    }
}

#[test]
fn every_errand_of_a_replay_is_counted_once() {
    let scratch = replayed();
    let routes = &scratch.summary("out")["routes"];
    let of = |name: &str| routes[name].as_u64().unwrap_or_default();
    let ends = [
        "repeated",
        "unreachable",
        "sent",
        "digested",
        "over",
        "silenced",
        "inhibited",
        "answered",
        "homeless",
    ];
    let waits = ["grouped", "held"];
    let sum: u64 = ends.into_iter().chain(waits).map(of).sum();
    assert!(of("errands") > 10 && of("errands") == sum, "{routes}");
    assert!(of("notices") > of("known") + of("unrouted"), "{routes}");
}
