//! `gridwarden explain`: shows every number that led to the cases of one meter.

use crate::cli;
use cases::{Alert, Change};
use detect::{Detector, Evidence};
use grid::{Role, Topology};
use notify::Message;
use pipeline::{Input, Outputs, PartitionId, Pipeline, Plan};
use reading::{Batch, Calendar, EventTime, Interval, MeterId};
use replay::{Inputs, Source};
use shell::{Failure, print, read_plan, read_topology, unfit};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Runs the command.
pub fn run(args: &cli::Explain) -> Result<(), Failure> {
    let plan = read_plan(&args.plan)?;
    let topology = match &args.topology {
        Some(path) => read_topology(path)?,
        None => Topology::new(Vec::new()).expect("no rows cannot contradict each other"),
    };
    let (meter, case) = asked_for(&args.meter)?;
    let neighbours = neighbours(&topology, meter);
    let place = place(&topology, meter);
    let mut pipeline = Pipeline::new(&plan, topology).map_err(|error| unfit(&error))?;
    let sources = Inputs::open(&args.readings, &plan)?.into_sources();
    let mut findings = Findings::default();
    follow(&plan, &mut pipeline, sources, &neighbours, &mut findings)?;
    let own: Vec<&Interval> = findings.intervals.iter().filter(|row| row.meter == meter).collect();
    if own.is_empty() {
        return Err(Failure::failed_with_help(
            format!("no reading of meter {meter} was found"),
            "upper and lower case matter in names; see `meter` in the readings",
        ));
    }
    let about = About { meter, case, place, why: why(&plan, &pipeline, meter, &findings) };
    print(&page_of(&about, &findings, &own, Page::new(&plan.calendar), args.all))
}

/// The meter or case that the user wants explained, and what is known about it.
struct About {
    meter: MeterId,
    /// Only this case.
    case: Option<String>,
    place: String,
    /// The reasons why there is no case, one per line.
    why: Vec<String>,
}

/// The results about the meter and its neighbours.
#[derive(Default)]
struct Findings {
    readings: u64,
    dead: BTreeMap<&'static str, u64>,
    intervals: Vec<Interval>,
    changes: Vec<Change>,
    alerts: Vec<Alert>,
    messages: Vec<Message>,
}

/// Reads the argument: a meter, or a case of one.
fn asked_for(text: &str) -> Result<(MeterId, Option<String>), Failure> {
    // A case is `DETECTOR.METER.TIME`, and the name of a meter may contain dots, too.
    let of_case = text.split_once('.').filter(|(detector, _)| Detector::parse(detector).is_some());
    let of_case = of_case.and_then(|(_, rest)| rest.rsplit_once('.'));
    let name = of_case.map_or(text, |(meter, _)| meter);
    let meter = MeterId::new(name).ok_or_else(|| {
        Failure::wrong(
            format!("\"{text}\" is not the name of a meter or a case"),
            "names are 1 to 32 of A-Z a-z 0-9 . _ -",
        )
    })?;
    Ok((meter, of_case.map(|_| text.to_owned())))
}

/// The reasons of the detectors if a meter has no case.
fn why(plan: &Plan, pipeline: &Pipeline, meter: MeterId, findings: &Findings) -> Vec<String> {
    match pipeline.town().filter(|_| !plan.detectors.is_empty()) {
        Some(town) => plan.detectors.why_no_case(meter, town.topology().join(&findings.intervals)),
        None => vec!["this plan has no detectors".to_owned()],
    }
}

/// The meters to follow: this one and its neighbours, because a neighbour may be the innocent cause.
fn neighbours(topology: &Topology, meter: MeterId) -> BTreeSet<MeterId> {
    let transformers: BTreeSet<_> = topology
        .rows()
        .iter()
        .filter(|row| row.meter == meter)
        .filter_map(|row| row.transformer.as_deref())
        .collect();
    let near = topology
        .rows()
        .iter()
        .filter(|row| row.transformer.as_deref().is_some_and(|id| transformers.contains(id)));
    near.map(|row| row.meter).chain([meter]).collect()
}

fn place(topology: &Topology, meter: MeterId) -> String {
    let Some(row) = topology.rows().iter().rev().find(|row| row.meter == meter) else {
        return "not in the topology".to_owned();
    };
    let mut place = row.role.name().to_owned();
    for (what, name) in [
        ("transformer", row.transformer.as_ref().map(ToString::to_string)),
        ("feeder", row.feeder.as_ref().map(ToString::to_string)),
        ("area", row.area.as_ref().map(ToString::to_string)),
    ] {
        if let Some(name) = name.filter(|_| what != "transformer" || row.role == Role::Consumer) {
            place += &format!(", {what} {name}");
        }
    }
    place
}

fn follow(
    plan: &Plan,
    pipeline: &mut Pipeline,
    mut sources: Vec<Source>,
    wanted: &BTreeSet<MeterId>,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let mut out = Outputs::default();
    for (id, source) in sources.iter_mut().enumerate() {
        pipeline.step(
            &Input::Open { partition: id as PartitionId, first: source.first_time(&plan.limits)? },
            &mut out,
        );
    }
    let mut open: BTreeMap<PartitionId, (Batch, usize)> = BTreeMap::new();
    while let Some(partition) = pipeline.wants() {
        let (batch, from) = match open.remove(&partition) {
            Some(held) => held,
            None => {
                let mut batch = Batch::default();
                let source = &mut sources[partition as usize];
                if !source.read(&plan.limits, &mut batch)? {
                    pipeline.step(&Input::End { partition }, &mut out);
                    note(&mut out, wanted, findings);
                    continue;
                }
                if source.is_text() {
                    wire::json::decode_lines(&plan.limits, &mut batch);
                }
                (batch, 0)
            }
        };
        // Readings of all meters advance event time. With only some of them, fewer readings would be late than in the
        // run.
        let came = pipeline.step(&Input::Readings { partition, batch: &batch, from }, &mut out);
        let own = |index: &usize| wanted.contains(&batch.meter(*index));
        findings.readings += (from..came).filter(own).count() as u64;
        if came < batch.len() {
            open.insert(partition, (batch, came));
        }
        note(&mut out, wanted, findings);
    }
    pipeline.finish(&mut out);
    note(&mut out, wanted, findings);
    Ok(())
}

fn note(out: &mut Outputs, wanted: &BTreeSet<MeterId>, findings: &mut Findings) {
    findings.intervals.extend(out.intervals.iter().filter(|row| wanted.contains(&row.meter)));
    for dead in &out.dead {
        if dead.reading.as_ref().is_some_and(|(meter, _)| wanted.contains(meter)) {
            *findings.dead.entry(dead.reason.name()).or_default() += 1;
        }
    }
    findings
        .changes
        .extend(out.changes.iter().filter(|change| wanted.contains(&change.case().meter)).cloned());
    findings.alerts.extend(out.alerts.iter().filter(|alert| wanted.contains(&alert.meter)).cloned());
    findings.messages.append(&mut out.messages);
    out.clear();
}

/// The whole page, from the admitted readings to the alerts.
fn page_of(about: &About, findings: &Findings, own: &[&Interval], mut page: Page<'_>, all: bool) -> String {
    page.line(format!("meter {}: {}", about.meter, about.place));
    admitted(own, &mut page);
    let of_meter = |change: &&Change| change.case().meter == about.meter;
    let changes: Vec<&Change> = findings.changes.iter().filter(of_meter).collect();
    no_case(about, &changes, &mut page);
    for change in changes.into_iter().filter(|change| about.asks_for(change.case().id.as_str())) {
        case(change, findings, own, &mut page);
    }
    let is_asked_for = |alert: &&Alert| alert.meter == about.meter && about.asks_for(alert.case.as_str());
    for alert in findings.alerts.iter().filter(is_asked_for) {
        page.line(format!("alert      {} {}", page.time(alert.time), alert.text));
    }
    if all {
        page.line(String::new());
        intervals(own.iter().copied(), &mut page);
    }
    page.text
}

/// A page of lines, with local times as in alerts and SMS.
struct Page<'a> {
    text: String,
    calendar: &'a Calendar,
}

impl<'a> Page<'a> {
    fn new(calendar: &'a Calendar) -> Self {
        Self { text: String::new(), calendar }
    }

    fn line(&mut self, text: String) {
        self.text += &text;
        self.text.push('\n');
    }

    fn time(&self, time: EventTime) -> String {
        self.calendar.stamp(time)
    }
}

impl About {
    /// Whether to show a case: the named one, or all if none was named.
    fn asks_for(&self, case: &str) -> bool {
        self.case.as_ref().is_none_or(|wanted| wanted == case)
    }
}

/// The readings and energy in the meter's intervals, and the quality of the intervals.
fn admitted(own: &[&Interval], page: &mut Page<'_>) {
    let energy: i64 = own.iter().filter_map(|row| row.imp).map(|wh| wh.0).sum();
    let readings: u64 = own.iter().map(|row| u64::from(row.sums.readings)).sum();
    page.line(format!(
        "admitted   {readings} readings in {} intervals from {} to {}, {:.1} kWh imported",
        own.len(),
        page.time(own[0].start),
        page.time(own[own.len() - 1].end),
        energy as f64 / 1000.0
    ));
    let mut qualities = BTreeMap::<String, u64>::new();
    own.iter().for_each(|row| *qualities.entry(row.quality.to_string()).or_default() += 1);
    page.line(format!(
        "quality    {}",
        qualities.iter().map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
    ));
}

/// Shows why there is no case, or which cases there are if the named one does not exist.
fn no_case(about: &About, changes: &[&Change], page: &mut Page<'_>) {
    if changes.is_empty() {
        page.line(format!("cases      none: {}", about.why.join("\n           ")));
        return;
    }
    let is_there = changes.iter().any(|change| about.asks_for(change.case().id.as_str()));
    if let Some(wanted) = about.case.as_ref().filter(|_| !is_there) {
        page.line(format!("cases      none is {wanted}; this meter has"));
        for change in changes.iter().filter(|change| matches!(change, Change::Opened(_))) {
            page.line(format!("           {}", change.case().id));
        }
    }
}

/// A case that opened or closed, with its evidence.
fn case(change: &Change, findings: &Findings, own: &[&Interval], page: &mut Page<'_>) {
    let (Change::Opened(case) | Change::Closed(case)) = change else { return };
    let has_opened = matches!(change, Change::Opened(_));
    page.line(String::new());
    page.line(format!(
        "case {} {} at {}, score {:.2}",
        case.id,
        if has_opened { "opened" } else { "closed" },
        page.time(case.closed.unwrap_or(case.opened)),
        case.score_max
    ));
    for seen in &case.evidence {
        evidence(seen, page);
        if has_opened {
            let (from, to) = (seen.since, seen.until);
            intervals(own.iter().copied().filter(|row| row.end > from && row.end <= to), page);
        }
    }
    for message in
        findings.messages.iter().filter(|message| has_opened && message.case.as_ref() == Some(&case.id))
    {
        let Message { channel, to, text, .. } = message;
        let text = text.trim_end().replace('\n', "\n             ");
        page.line(format!("  {:<10} to {to}: {text}", channel.about().label));
    }
}

fn evidence(seen: &Evidence, page: &mut Page<'_>) {
    for (number, text) in seen.page(|time| page.time(*time)).into_iter().enumerate() {
        page.line(format!("  {:<10} {text}", if number == 0 { "evidence" } else { "" }));
    }
    for innocent in &seen.looked_at {
        page.line(format!("  looked at  {}", innocent.in_words()));
    }
}

/// A table of intervals.
fn intervals<'a>(rows: impl Iterator<Item = &'a Interval>, page: &mut Page<'_>) {
    page.line(
        "  intervals  end                           Wh     W mean   phase A  neutral A  apart A  quality"
            .to_owned(),
    );
    for row in rows {
        page.line(interval(row, &page.time(row.end)));
    }
}

fn interval(row: &Interval, end: &str) -> String {
    let mut text = String::new();
    let number =
        |value: Option<f64>, digits: usize| value.map_or("-".to_owned(), |value| format!("{value:.digits$}"));
    let currents = features::loop_currents(row);
    write!(
        text,
        "             {} {:>6} {:>9} {:>9} {:>10} {:>8}  {}",
        end,
        row.imp.map_or("-".to_owned(), |wh| wh.0.to_string()),
        number(features::mean_power(row).map(|w| w.0), 0),
        number(currents.map(|currents| currents.phase.0), 2),
        number(currents.map(|currents| currents.neutral.0), 2),
        number(currents.map(|currents| currents.apart.0), 2),
        row.quality
    )
    .expect("writing to a string cannot fail");
    text
}
