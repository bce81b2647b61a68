//! The summary of the demo: its cases compared with the truth that the simulated town knows.

use super::local;
use super::picture::Picture;
use crate::options::{DAILY, Demo, FAST};
use reading::time::{DAY, MINUTE};
use reading::{EventTime, MeterId};
use shell::{count, grouped};
use simulate::{Town, Truth};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// A meter with so many late intervals delivers late as a rule.
const LATE_INTERVALS: u64 = 48;

/// Cases compared with the truth.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Meters tampered with before now: the kind of tampering, since when, and whether the meter ever had a case.
    pub tampered: BTreeMap<MeterId, (&'static str, EventTime, bool)>,
    /// Meters that had a case before or without any tampering, with what is true of them.
    pub innocent: BTreeMap<MeterId, String>,
}

impl Verdict {
    /// Compares the meters that had a case with the truth up to `now`.
    pub fn new(truth: &[Truth], first_cases: &BTreeMap<MeterId, EventTime>, now: EventTime) -> Self {
        let mut begun = BTreeMap::<MeterId, (EventTime, &'static str)>::new();
        for truth in truth.iter().filter(|truth| truth.guilty() && truth.from < now) {
            let first = begun.entry(truth.meter).or_insert((truth.from, truth.kind.name()));
            first.0 = first.0.min(truth.from);
        }
        let is_right =
            |meter: &MeterId, opened: EventTime| begun.get(meter).is_some_and(|(from, _)| *from < opened);
        let tampered = begun
            .iter()
            .map(|(meter, (from, kind))| (*meter, (*kind, *from, first_cases.contains_key(meter))));
        let innocent = first_cases.iter().filter(|(meter, opened)| !is_right(meter, **opened));
        let truth_of = |meter: &MeterId| {
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
            innocent: innocent.map(|(meter, _)| (*meter, truth_of(meter))).collect(),
        }
    }

    fn found(&self) -> usize {
        self.tampered.values().filter(|(_, _, found)| *found).count()
    }
}

/// The summary at the end of the demo. `over` means that the town has ended, and not the user.
pub fn page(args: &Demo, town: &Town, picture: &Picture, over: bool) -> String {
    let (settings, gauges) = (town.settings(), &picture.gauges);
    let verdict = Verdict::new(&town.truth(), &picture.first_cases, picture.now);
    let mut page = String::new();
    let mut line = |text: &str| writeln!(page, "{text}").expect("writing to a string cannot fail");
    line("");
    if over {
        line("The town has reached its last day: readings after 2100 are refused.");
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
    for text in disorder(picture) {
        line(&text);
    }
    for text in comparison(&verdict, picture) {
        line(&text);
    }
    line("");
    line("To get the same town as files, replay them, and see every number of one meter:");
    // Whole days up to the end of today. The onset is given, so that tampering begins on the same days as in the
    // demo.
    let days = -picture.now.since(settings.start).max(1).div_euclid(-DAY);
    let onset = settings.onset_days.map_or(String::new(), |days| format!(" --onset-days {days}"));
    let hours = settings.utc_offset_ms as f64 / reading::time::HOUR as f64;
    let disorder = format!("--daily {DAILY} --fast-concentrators {FAST}");
    line(&format!(
        "  gridwarden simulate --meters {} --days {days}{onset} --seed {} --start {} --utc-offset {hours} {disorder} --out town",
        settings.meters, settings.seed, settings.start,
    ));
    let files = "--readings town/readings.ndjson --topology town/topology.csv";
    line(&format!("  gridwarden replay pipelines/demo.toml {files} --out out"));
    let meter = picture.first_cases.keys().next().map_or("M000001".to_owned(), MeterId::to_string);
    line(&format!("  gridwarden explain {meter} --plan pipelines/demo.toml {files}"));
    page
}

/// Which meters were not in order, and what was done about it.
fn disorder(picture: &Picture) -> Vec<String> {
    let mut lines = Vec::new();
    // A few lost messages let an interval wait; a meter that delivers late does so every day.
    let late = picture.late.values().filter(|intervals| **intervals >= LATE_INTERVALS);
    let (meters, intervals) = late.fold((0, 0), |(meters, all), one| (meters + 1, all + one));
    if meters > 0 {
        lines.push(format!(
            "  late       {} deliver hours late: {} joined the balances of their time; balances were revised {}",
            count(meters, "meter"),
            count(intervals, "interval"),
            count(picture.revised, "time"),
        ));
    }
    let ahead = &picture.ahead;
    if !ahead.meters.is_empty() {
        lines.push(format!(
            "  clocks     {} stamp up to {} min ahead: {} waited until the others had come so far; mend the clocks",
            count(ahead.meters.len() as u64, "meter"),
            ahead.most / MINUTE,
            count(ahead.readings, "reading"),
        ));
    }
    lines
}

fn comparison(verdict: &Verdict, picture: &Picture) -> Vec<String> {
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
    lines.push(format!("  by mistake {innocent} without tampering"));
    for (meter, kinds) in &verdict.innocent {
        lines.push(format!("             {meter}: {kinds}"));
    }
    lines
}
