//! The evidence of cases, a fact a row.

use super::{About, Columns, Output, Sent, Wanted};
use crate::files::{Latest, LatestFile};
use crate::value::{Cell, Value};
use cases::Case;
use detect::{Fact, Innocent};
use pipeline::{Outputs, Plan};

/// `evidence.parquet`.
#[derive(Debug)]
pub struct Evidence;

/// A fact, and what it belongs to.
#[derive(Debug, Clone, Copy)]
pub struct FactRow<'a> {
    case: &'a Case,
    run: &'static str,
    evidence: &'a detect::Evidence,
    cause: Option<&'a Innocent>,
    fact: Fact,
}

impl Output for Evidence {
    const ABOUT: About = About {
        file: "evidence.parquet",
        row: "a fact of the evidence of a case: of the run that opened it, as it was then, and of its strongest run",
        key: "CASE/RUN/DETECTOR/LOOKED_AT/FACT",
        section: "detector",
        only: "cases",
        sent: Sent::WithTick,
    };

    type Row<'a> = FactRow<'a>;
    type File = LatestFile<Self>;

    fn of(plan: &Plan) -> Option<Self> {
        (!plan.detectors.is_empty()).then_some(Self)
    }

    fn with_all_columns() -> Self {
        Self
    }

    // It is worked out for the cases too.
    fn leave_out(_plan: &mut Plan, _wanted: Wanted<'_>) {}

    fn rows(out: &Outputs) -> impl Iterator<Item = FactRow<'_>> + Clone {
        out.changes.iter().flat_map(|change| facts_of(change.case()))
    }

    fn key<'a>(&'a self, row: FactRow<'a>) -> impl IntoIterator<Item = Value<'a>> {
        [
            row.case.id.as_str().value(),
            row.run.value(),
            row.evidence.detector.name().value(),
            row.cause.map_or("-", Innocent::name).value(),
            row.fact.definition.name.value(),
        ]
    }

    fn columns<'a>(&'a self, to: &mut impl Columns<FactRow<'a>>) {
        place(to);
        numbers(to);
        to.column(
            "since",
            "",
            "when the first interval started that the evidence rests on, UTC",
            "an interval is (start, end]",
            |row| row.evidence.since,
        );
        to.column(
            "until",
            "",
            "when the last interval ended that the evidence rests on, UTC; of the strongest run as it was at the highest \
             score, the later of equals. A message with an earlier time than others of its case and run is out of date",
            "an interval is (start, end]",
            |row| row.evidence.until,
        );
        to.column(
            "weight",
            "",
            "the evidence's share of the weight of all evidence of that run, the same in each of its rows",
            "a detector's score over the sum of the scores of all detectors",
            |row| row.evidence.weight,
        );
    }
}

/// What a fact belongs to.
fn place<'a>(to: &mut impl Columns<FactRow<'a>>) {
    to.column("case", "", "id of the case", "the same in every run", |row| row.case.id.as_str());
    to.column(
        "run",
        "",
        "`opening`: the evidence that opened the case, as it was then; `strongest`: the evidence with the highest score",
        "a case is judged by its strongest run, and was opened by its first",
        |row| row.run,
    );
    to.column("detector", "", "the detector that gave the evidence", "the closed list of detectors", |row| {
        row.evidence.detector.name()
    });
    to.column(
        "looked_at",
        "",
        "the innocent cause that the fact speaks for or against; null if it is a fact of the suspicion itself",
        "no suspicion before the innocent causes were looked at",
        |row| row.cause.map(Innocent::name),
    );
}

fn numbers<'a>(to: &mut impl Columns<FactRow<'a>>) {
    to.column(
        "fact",
        "",
        "the name of the fact; what it is stands in the catalogue, as `DETECTOR.FACT` or `DETECTOR.CAUSE.FACT`",
        "each detector declares its facts",
        |row| row.fact.definition.name,
    );
    to.column(
        "value",
        "",
        "the number, in `unit`; a share is of 1",
        "no alert without evidence that a person can check",
        |row| row.fact.value,
    );
    to.column(
        "allowed",
        "",
        "the limit beside the number: what it was allowed to be, had to reach to count, or is compared with, in `unit`; \
         null if it has none",
        "no alert without evidence that a person can check",
        |row| row.fact.limit,
    );
    to.column(
        "unit",
        "",
        "the unit of `value` and `allowed`; null for shares and counts",
        "each detector declares its facts",
        |row| Some(row.fact.definition.unit.symbol()).filter(|symbol| !symbol.is_empty()),
    );
    to.column(
        "about",
        "",
        "the other meter that the fact is about; null if it is about none",
        "an innocent cause may lie with a neighbour",
        |row| row.fact.about.map(|meter| meter.to_string()),
    );
}

fn facts_of(case: &Case) -> impl Iterator<Item = FactRow<'_>> + Clone {
    let runs = [("opening", &case.opening), ("strongest", &case.evidence)];
    let evidence = runs.into_iter().flat_map(|(run, all)| all.iter().map(move |evidence| (run, evidence)));
    evidence.flat_map(move |(run, evidence)| {
        evidence.all_facts().map(move |(cause, fact)| FactRow { case, run, evidence, cause, fact })
    })
}

impl Latest for Evidence {
    type Id = String;
    type Owned = Case;

    fn changes(out: &Outputs) -> impl Iterator<Item = (String, Option<&Case>)> {
        out.changes.iter().map(|change| (change.case().id.to_string(), Some(change.case())))
    }

    fn rows_of(kept: &Case) -> impl Iterator<Item = FactRow<'_>> {
        facts_of(kept)
    }
}
