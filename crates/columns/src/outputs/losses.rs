//! What each transformer and feeder lost, by day and month.

use super::balances::Balances;
use super::{About, Columns, Output, Sent, Wanted};
use crate::files::TableFile;
use crate::value::{Cell, Value};
use grid::Loss;
use pipeline::{Outputs, Plan};
use reading::Target;

/// `losses.parquet`.
#[derive(Debug)]
pub struct Losses;

impl Output for Losses {
    const ABOUT: About = About {
        file: "losses.parquet",
        row: "a transformer or feeder and local day or month; a message when all its balances are final",
        key: "ROLE/TARGET/PERIOD/DAY",
        section: "`balance = true`",
        only: "losses",
        sent: Sent::WithTick,
    };

    type Row<'a> = &'a Loss;
    type File = TableFile<Self>;

    fn of(plan: &Plan) -> Option<Self> {
        plan.balance.then_some(Self)
    }

    fn with_all_columns() -> Self {
        Self
    }

    fn leave_out(plan: &mut Plan, wanted: Wanted<'_>) {
        if !wanted.has(&Balances::ABOUT) {
            plan.balance = false;
        }
    }

    fn rows(out: &Outputs) -> impl Iterator<Item = &Loss> + Clone {
        out.losses.iter()
    }

    fn key<'a>(&'a self, one: &'a Loss) -> impl IntoIterator<Item = Value<'a>> {
        [role(one).value(), name(one).value(), one.period.name().value(), one.day.value()]
    }

    fn columns<'a>(&'a self, to: &mut impl Columns<&'a Loss>) {
        to.column(
            "role",
            "",
            "`transformer`, or `feeder` for one with a meter of its own. No feeders where instances share the work, \
             because none sees all consumers of a feeder",
            "the topology",
            role,
        );
        to.column("target", "", "the name of the transformer or feeder", "the topology", name);
        to.column("period", "", "`day` or `month`, local", PERIOD, |one| one.period.name());
        to.column("day", "", "the first local day of the period", PERIOD, |one| one.day);
        to.column("start", "", "when the period starts, UTC", PERIOD, |one| one.start);
        to.column("end", "", "when it ends, UTC", PERIOD, |one| one.end);
        to.column(
            "supplied_wh",
            "Wh",
            "sum of `supplied_wh` of its balances with a gap. Of a feeder: import less export of its own meters",
            SUMS,
            |one| one.supplied,
        );
        to.column(
            "consumed_wh",
            "Wh",
            "sum of `consumed_wh` of its balances with a gap. Of a feeder: import less export of all consumers on it",
            SUMS,
            |one| one.consumed,
        );
        to.column(
            "estimated_wh",
            "Wh",
            "sum of `estimated_wh` of its balances with a gap. Of a feeder: the estimates of its transformers; an interval \
             in which one of its missing consumers has none has no gap",
            SUMS,
            |one| one.estimated,
        );
        to.column(
            "gap_wh",
            "Wh",
            "`supplied_wh` less `consumed_wh` and `estimated_wh`: technical losses, and use that no meter counted; null \
             if no balance has a gap",
            "conservation of energy",
            |one| one.gap,
        );
        to.column(
            "share",
            "",
            "`gap_wh` over `supplied_wh`; null unless more was supplied than came back",
            "distribution loss",
            |one| one.share,
        );
        to.column(
            "hours_complete",
            "h",
            "hours in which the supply and every consumer are known",
            "columns `meters` and `reporting` of balances",
            |one| one.hours_complete,
        );
        to.column(
            "completeness",
            "",
            "`hours_complete` over the hours of the whole period",
            "columns `meters` and `reporting` of balances",
            |one| one.completeness,
        );
        to.column(
            "rank",
            "",
            "the place among the transformers, or the feeders, of the period, the largest `gap_wh` first; null with a gap for less than \
             nine tenths of the period, and where instances share the work, because none sees all transformers",
            "energy that can be won back",
            |one| one.rank,
        );
        to.column(
            "final",
            "",
            "whether every balance in it is final; in a file also the periods that were not over when the run ended",
            "key `final_after` of the plan",
            |one| one.is_final,
        );
    }
}

fn role(one: &Loss) -> &'static str {
    if matches!(one.target, Target::Feeder(_)) { "feeder" } else { "transformer" }
}

fn name(one: &Loss) -> String {
    match one.target {
        Target::Feeder(feeder) => feeder.to_string(),
        Target::Transformer(transformer) => transformer.to_string(),
        other => other.to_string(),
    }
}

const PERIOD: &str = "the `time_zone` of the plan";
const SUMS: &str = "a sum over intervals in which all its parts are known";
