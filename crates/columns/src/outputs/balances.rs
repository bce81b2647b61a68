//! What each transformer gave, beside what its consumers used.

use super::{About, Columns, Output, Sent, Wanted};
use crate::files::TableFile;
use crate::value::{Cell, Value};
use grid::Balance;
use pipeline::{Outputs, Plan};

/// `balance.parquet`.
#[derive(Debug)]
pub struct Balances;

impl Output for Balances {
    const ABOUT: About = About {
        file: "balance.parquet",
        row: "a transformer and interval",
        key: "TRANSFORMER/END",
        section: "`balance = true`",
        only: "balance",
        sent: Sent::WithTick,
    };

    type Row<'a> = &'a Balance;
    type File = TableFile<Self>;

    fn of(plan: &Plan) -> Option<Self> {
        plan.balance.then_some(Self)
    }

    fn with_all_columns() -> Self {
        Self
    }

    fn leave_out(plan: &mut Plan, _wanted: Wanted<'_>) {
        plan.balance = false;
    }

    fn rows(out: &Outputs) -> impl Iterator<Item = &Balance> + Clone {
        out.balances.iter()
    }

    fn key<'a>(&'a self, one: &'a Balance) -> impl IntoIterator<Item = Value<'a>> {
        [(&one.transformer).value(), one.end.value()]
    }

    fn columns<'a>(&'a self, to: &mut impl Columns<&'a Balance>) {
        to.column(
            "transformer",
            "",
            "the transformer; it has a row if a meter on it has an interval that closes with its tick",
            "the topology: a consumer hangs on the transformer of its row at that time",
            |one| &one.transformer,
        );
        to.column("start", "", "when the interval starts, UTC", INTERVAL, |one| one.start);
        to.column("end", "", "when the interval ends, UTC", INTERVAL, |one| one.end);
        to.column(
            "supplied_wh",
            "Wh",
            "import less export of the transformer's own meters; null unless the energy of all of them is known",
            "kernel `valid_energy`",
            |one| one.supplied,
        );
        to.column(
            "consumed_wh",
            "Wh",
            "import less export of its consumers whose energy is known, estimated energy included; validated energy \
             where the register is not believed; without rows that closed later than their tick",
            "kernel `valid_energy`",
            |one| one.consumed,
        );
        to.column(
            "gap_wh",
            "Wh",
            "`supplied_wh` less `consumed_wh`: losses, and use that no meter counted; null without `supplied_wh`, or \
             while a consumer is missing: what it uses would look like a loss",
            "conservation of energy",
            |one| one.gap,
        );
        to.column(
            "meters",
            "",
            "consumers that hang on the transformer in this interval, by the topology",
            "the topology at the end of the interval",
            |one| one.meters,
        );
        to.column(
            "reporting",
            "",
            "those of them whose energy is known when the tick closes",
            "a tick closes when the watermark, the time that enough meters have reached less the grace, reaches its end",
            |one| one.reporting,
        );
        to.column(
            "quality",
            "",
            "every flag of how the energy of its meters came about, known or not, and partial if a consumer is \
             missing; `measured` if there is none; without the flags of `[quality]`",
            "a sum is as good as its worst part; flags of rules would hide how it was measured",
            |one| one.quality,
        );
    }
}

const INTERVAL: &str = "an interval is (start, end]: a reading stamped `end` belongs to it";
