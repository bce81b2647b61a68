//! Seeded towns with their truth: every tampered meter gets a case at the right time, and no other meter does.

use crate::program::{Scratch, repository};
use crate::table;
use reading::EventTime;
use serde_json::Value;
use std::collections::BTreeMap;

#[test]
fn every_tampered_meter_is_found_in_the_town_of_seed_1() {
    check(1, 200, 12);
}

#[test]
fn every_tampered_meter_is_found_in_the_town_of_seed_2() {
    check(2, 200, 12);
}

#[test]
fn every_tampered_meter_is_found_in_the_town_of_seed_3() {
    check(3, 200, 12);
}

#[test]
#[ignore = "1.5 million readings a town"]
fn every_tampered_meter_is_found_in_larger_towns() {
    for seed in [7, 8, 9] {
        check(seed, 500, 30);
    }
}

/// Words that no message to people may contain.
const ACCUSING: [&str; 15] = [
    "thief", "thiev", "theft", "steal", "stole", "fraud", "crime", "crimin", "guilt", "illegal", "cheat",
    "tamper", "bypass", "suspect", "culprit",
];

fn check(seed: u64, meters: u32, days: u32) {
    let scratch = Scratch::new();
    let (seed, meters, days) = (seed.to_string(), meters.to_string(), days.to_string());
    scratch.done(&["-q", "simulate", "--seed", &seed, "--meters", &meters, "--days", &days, "--out", "."]);
    let plan = repository("pipelines/demo.toml");
    let plan = plan.to_str().unwrap();
    let input = ["--readings", "readings.ndjson", "--topology", "topology.csv"];
    scratch.done(&[&["-q", "replay", plan, "--out", "out"][..], &input[..]].concat());
    let town = Town { seed, scratch, plan: plan.to_owned() };

    let truth = town.truth();
    let cases = table::rows(&town.scratch.path("out/cases.parquet"));
    let mut wrong: Vec<String> = Vec::new();
    for (meter, stretches) in &truth {
        let in_time = |case: &&BTreeMap<String, String>| within(stretches, time(&case["opened"]));
        let own = cases.iter().filter(|case| meter_of(case) == *meter);
        if own.clone().find(in_time).is_none() {
            wrong.push(format!("{meter} is tampered with in {stretches:?}, and no case of it opens then"));
            wrong.push(town.explained(meter));
        }
    }
    for case in &cases {
        let stretches = truth.get(meter_of(case));
        if !stretches.is_some_and(|stretches| within(stretches, time(&case["opened"]))) {
            wrong.push(format!("{case:?} opens, and the truth is {:?}", town.truth_of(meter_of(case))));
            wrong.push(town.explained(meter_of(case)));
        }
    }
    assert!(wrong.is_empty(), "SEED={}\n{}", town.seed, wrong.join("\n"));
    assert!(truth.len() >= 4, "SEED={}: {} tampered meters are few", town.seed, truth.len());
    town.check_alerts(&cases);
    town.check_sms();
}

/// The meter of a case.
fn meter_of(case: &BTreeMap<String, String>) -> &str {
    case["target"].strip_prefix("meter/").unwrap()
}

type Stretch = (EventTime, EventTime);

fn time(text: &str) -> EventTime {
    EventTime::parse_rfc3339(text.as_bytes()).unwrap()
}

fn within(stretches: &[Stretch], at: EventTime) -> bool {
    stretches.iter().any(|&(from, to)| from < at && at <= to)
}

/// A town, its truth and the results of the program.
struct Town {
    seed: String,
    scratch: Scratch,
    plan: String,
}

impl Town {
    /// The times at which each tampered meter is tampered with.
    fn truth(&self) -> BTreeMap<String, Vec<Stretch>> {
        let mut truth = BTreeMap::<String, Vec<Stretch>>::new();
        for line in self.scratch.text("truth.csv").lines().skip(1) {
            let fields: Vec<&str> = line.splitn(6, ',').collect();
            if fields[2] == "true" {
                truth.entry(fields[0].to_owned()).or_default().push((time(fields[3]), time(fields[4])));
            }
        }
        truth
    }

    fn truth_of(&self, meter: &str) -> Vec<String> {
        let text = self.scratch.text("truth.csv");
        text.lines().filter(|line| line.starts_with(meter)).map(str::to_owned).collect()
    }

    fn explained(&self, meter: &str) -> String {
        let input = ["--readings", "readings.ndjson", "--topology", "topology.csv"];
        let output = self.scratch.run(&[&["explain", meter, "--plan", &self.plan][..], &input[..]].concat());
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }

    fn check_alerts(&self, cases: &[BTreeMap<String, String>]) {
        let alerts = self.scratch.objects("out/alerts.ndjson");
        let opened = alerts.iter().filter(|alert| alert["kind"] == "opened").count();
        assert_eq!(opened, cases.len(), "SEED={}: an alert for each case", self.seed);
        // Alerts about the sanctioned load have no case.
        for alert in alerts.iter().filter(|alert| !alert["case"].is_null()) {
            let shown = format!("SEED={} {alert}", self.seed);
            let evidence = alert["evidence"].as_array().unwrap();
            assert!(!evidence.is_empty(), "{shown}");
            for evidence in evidence {
                let number =
                    |name: &str| evidence[name].as_f64().unwrap_or_else(|| panic!("{shown}: {name}"));
                assert!(number("apart_a") > number("allowed_a"), "{shown}");
                assert!((number("phase_a") - number("neutral_a")).abs() > 0.0, "{shown}");
                assert!(number("apart_max_a") >= number("apart_a"), "{shown}");
                assert!(number("blocks") >= number("needed"), "{shown}");
                assert!(
                    time(evidence["since"].as_str().unwrap()) < time(evidence["until"].as_str().unwrap())
                );
                assert!(!evidence["looked_at"].as_array().unwrap().is_empty(), "{shown}");
            }
            let text = alert["text"].as_str().unwrap();
            assert!(text.contains(alert["meter"].as_str().unwrap()), "{shown}");
            assert!(text.contains(" A apart ("), "{shown}");
            check_that_no_word_accuses(text);
        }
    }

    fn check_sms(&self) {
        let topology = self.scratch.text("topology.csv");
        let readers: BTreeMap<&str, (&str, &str)> = topology
            .lines()
            .skip(1)
            .map(|line| line.split(',').collect::<Vec<_>>())
            .map(|fields| (fields[0], (fields[4], fields[9])))
            .collect();
        let messages = self.scratch.objects("out/sms.ndjson");
        assert!(!messages.is_empty(), "SEED={}", self.seed);
        for sms in &messages {
            let shown = format!("SEED={} {sms}", self.seed);
            let text = sms["text"].as_str().unwrap();
            assert!(text.chars().count() <= 160 && text.is_ascii(), "{shown}");
            let meter = sms["case"].as_str().unwrap().split('.').nth(1).unwrap();
            let (area, phone) = readers[meter];
            assert_eq!(sms["to"], phone, "{shown}: the reader of {area}");
            assert_eq!(sms["area"], area, "{shown}");
            assert!(text.contains(meter), "{shown}");
            check_that_no_word_accuses(text);
        }
        let objects = |name: &str| self.scratch.objects(&format!("out/{name}.ndjson"));
        let covered: usize = messages.iter().map(|sms| 1 + sms["more"].as_u64().unwrap_or(0) as usize).sum();
        let opened = objects("alerts").iter().filter(|alert| alert["kind"] == "opened").count();
        assert!(
            covered >= opened.min(1) && self.unrouted() == 0,
            "SEED={}: {covered} of {opened}",
            self.seed
        );
    }

    fn unrouted(&self) -> u64 {
        self.scratch.summary("out").get("unrouted_alerts").and_then(Value::as_u64).unwrap()
    }
}

fn check_that_no_word_accuses(text: &str) {
    let lower = text.to_lowercase();
    let word = ACCUSING.into_iter().find(|word| lower.contains(word));
    assert_eq!(word, None, "{text}");
}
