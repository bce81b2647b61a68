//! What the demo did, beside the truth that the simulated town knows.

use super::local;
use super::picture::Picture;
use crate::options::Demo;
use reading::time::DAY;
use reading::{EventTime, MeterId};
use shell::{count, grouped};
use simulate::{Town, Truth};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Cases beside the truth.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Meters tampered with before now, each with its kind, since when, and whether it ever had a case.
    pub tampered: BTreeMap<MeterId, (&'static str, EventTime, bool)>,
    /// Meters that had a case before or without any tampering, with what the truth says of them.
    pub innocent: BTreeMap<MeterId, String>,
}

impl Verdict {
    /// Compares the meters that had a case with the truth up to `now`.
    pub fn new(truth: &[Truth], named: &BTreeMap<MeterId, EventTime>, now: EventTime) -> Self {
        let mut begun = BTreeMap::<MeterId, (EventTime, &'static str)>::new();
        for truth in truth.iter().filter(|truth| truth.guilty() && truth.from < now) {
            let first = begun.entry(truth.meter).or_insert((truth.from, truth.kind.name()));
            first.0 = first.0.min(truth.from);
        }
        let rightly =
            |meter: &MeterId, opened: EventTime| begun.get(meter).is_some_and(|(from, _)| *from < opened);
        let tampered =
            begun.iter().map(|(meter, (from, kind))| (*meter, (*kind, *from, named.contains_key(meter))));
        let innocent = named.iter().filter(|(meter, opened)| !rightly(meter, **opened));
        let said = |meter: &MeterId| {
            let kinds: BTreeSet<&str> =
                truth.iter().filter(|truth| truth.meter == *meter).map(|truth| truth.kind.name()).collect();
            if kinds.is_empty() {
                "nothing odd".to_owned()
            } else {
                kinds.into_iter().collect::<Vec<_>>().join(", ")
            }
        };
        Self {
            tampered: tampered.collect(),
            innocent: innocent.map(|(meter, _)| (*meter, said(meter))).collect(),
        }
    }

    fn found(&self) -> usize {
        self.tampered.values().filter(|(_, _, found)| *found).count()
    }
}

/// The last words of the demo.
pub fn page(args: &Demo, town: &Town, picture: &Picture, over: bool) -> String {
    let (settings, gauges) = (town.settings(), &picture.gauges);
    let verdict = Verdict::new(&town.truth(), &picture.named, picture.now);
    let mut page = String::new();
    let mut line = |text: &str| writeln!(page, "{text}").expect("writing to a string cannot fail");
    line("");
    if over {
        line("The town's last day is over: times are known until 2100.");
    }
    line(&format!(
        "{} simulated, up to {}, seed {}",
        count(args.meters as u64, "consumer"),
        local::moment(&picture.calendar, picture.now),
        args.seed
    ));
    line(&format!(
        "  readings   {}; {} ({} late, {} torn), {}",
        grouped(gauges.readings),
        count(picture.dead_letters(), "dead letter"),
        grouped(gauges.late),
        grouped(gauges.torn),
        count(gauges.repeats, "repeat"),
    ));
    line(&format!(
        "  intervals  {} closed, {} open",
        grouped(picture.intervals),
        grouped(gauges.open_intervals)
    ));
    line(&format!(
        "  cases      {} opened, {} still open; {}, {}",
        grouped(picture.opened),
        grouped(gauges.open_cases),
        count(picture.alert_count, "alert"),
        picture.sent.in_words(grouped),
    ));
    for text in beside_the_truth(&verdict, picture) {
        line(&text);
    }
    line("");
    line("The same town in files, the same engine over them, and every number of one meter:");
    // Up to the end of today, and the beginning of everything where it was.
    let days = -picture.now.since(settings.start).max(1).div_euclid(-DAY);
    let onset = settings.onset_days.map_or(String::new(), |days| format!(" --onset-days {days}"));
    let hours = settings.utc_offset_ms as f64 / reading::time::HOUR as f64;
    line(&format!(
        "  gridwarden simulate --meters {} --days {days}{onset} --seed {} --start {} --utc-offset {hours} --out town",
        settings.meters, settings.seed, settings.start,
    ));
    let files = "--readings town/readings.ndjson --topology town/topology.csv";
    line(&format!("  gridwarden replay pipelines/demo.toml {files} --out out"));
    let meter = picture.named.keys().next().map_or("M000001".to_owned(), MeterId::to_string);
    line(&format!("  gridwarden explain {meter} --plan pipelines/demo.toml {files}"));
    page
}

fn beside_the_truth(verdict: &Verdict, picture: &Picture) -> Vec<String> {
    let mut lines = Vec::new();
    let all = verdict.tampered.len();
    lines.push(match verdict.found() {
        _ if all == 0 => "  found      no meter has been tampered with yet".to_owned(),
        found => format!("  found      {found} of {} tampered with so far", count(all as u64, "meter")),
    });
    for (meter, (kind, from, _)) in verdict.tampered.iter().filter(|(_, (_, _, found))| !found) {
        let since = local::moment(&picture.calendar, *from);
        lines.push(format!("             not {meter}, {kind} since {since}"));
    }
    let innocent = count(verdict.innocent.len() as u64, "meter");
    lines.push(format!("  by mistake {innocent} that nobody tampered with"));
    for (meter, kinds) in &verdict.innocent {
        lines.push(format!("             {meter}: {kinds}"));
    }
    lines
}
