//! What rules of data quality found about contracts, groups and reported events.

use super::{About, Columns, Output, Sent, Wanted};
use crate::files::LinesFile;
use crate::value::{Cell, Value};
use pipeline::{Outputs, Plan};
use vet::Finding;

/// `findings.ndjson`.
#[derive(Debug)]
pub struct Findings;

impl Output for Findings {
    const ABOUT: About = About {
        file: "findings.ndjson",
        row: "a rule, a local day and a meter or transformer",
        key: "RULE/WHOSE/START",
        section: "`town` in `[quality]`",
        only: "findings",
        sent: Sent::WithTick,
    };

    type Row<'a> = &'a Finding;
    type File = LinesFile<Self>;

    fn of(plan: &Plan) -> Option<Self> {
        plan.town_rules.map(|_| Self)
    }

    fn with_all_columns() -> Self {
        Self
    }

    fn leave_out(plan: &mut Plan, _wanted: Wanted<'_>) {
        plan.town_rules = None;
    }

    fn rows(out: &Outputs) -> impl Iterator<Item = &Finding> + Clone {
        out.findings.iter()
    }

    fn key<'a>(&'a self, one: &'a Finding) -> impl IntoIterator<Item = Value<'a>> {
        [one.rule.name().value(), one.whose.to_string().value(), one.start.value()]
    }

    fn columns<'a>(&'a self, to: &mut impl Columns<&'a Finding>) {
        to.column(
            "rule",
            "",
            "the rule that met something",
            "the rules of data quality, each with an entry of its own",
            |one| one.rule.name(),
        );
        to.column("whose", "", "the meter or transformer", "the topology", |one| one.whose.to_string());
        to.column("start", "", "when the local day starts, UTC", "the plan's time zone", |one| one.start);
        to.column("end", "", "when the local day ends, UTC", "the plan's time zone", |one| one.end);
        to.column(
            "intervals",
            "",
            "in how many intervals of the day",
            "only measured energy counts",
            |one| one.intervals,
        );
        to.column(
            "seen",
            "",
            "the number that was compared: W of `sanctioned`, Wh of `inactive`, supplied over used energy of groups, \
             how often of reported events",
            "the rule's own definition",
            |one| one.seen,
        );
        to.column("allowed", "", "what it was compared with, in the same unit", "the plan", |one| {
            one.allowed
        });
    }
}
