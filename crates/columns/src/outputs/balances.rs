//! What each transformer gave, beside what its consumers used.

use super::losses::Losses;
use super::{About, Columns, Output, Sent, Wanted};
use crate::files::TableFile;
use crate::value::{Cell, Value};
use grid::{Balance, Gap, Standing};
use pipeline::{Outputs, Plan};

/// `balance.parquet`.
#[derive(Debug)]
pub struct Balances;

impl Output for Balances {
    const ABOUT: About = About {
        file: "balance.parquet",
        row: "a transformer and interval; a message when its tick closes, again with each tick in which late rows join, \
              and a last one when it is final",
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

    fn leave_out(plan: &mut Plan, wanted: Wanted<'_>) {
        if !wanted.has(&Losses::ABOUT) {
            plan.balance = false;
        }
    }

    fn rows(out: &Outputs) -> impl Iterator<Item = &Balance> + Clone {
        out.balances.iter()
    }

    fn in_file(one: &Balance) -> bool {
        one.standing != Standing::Open
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
             where the register is not believed",
            "kernel `valid_energy`",
            |one| one.consumed,
        );
        to.column(
            "gap_wh",
            "Wh",
            "`supplied_wh` less `consumed_wh` and `estimated_wh`: losses, and use that no meter counted; null without one \
             of them",
            "conservation of energy",
            |one| one.gap.map(|gap| gap.probable),
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
            "those of them whose energy is known so far",
            "a tick closes when the watermark, the time that enough meters have reached less the grace, reaches its end; \
             rows that come later join the balance of their interval until it is final",
            |one| one.reporting,
        );
        missing(to);
        to.column(
            "quality",
            "",
            "every flag of how the energy of its meters came about, known or not; partial if a consumer is missing, and \
             estimated if its use is; `measured` if there is none; without the flags of `[quality]`",
            "a sum is as good as its worst part; flags of rules would hide how it was measured",
            |one| one.quality,
        );
        to.column(
            "revision",
            "",
            "how many rows joined after the tick of the interval closed, up to 65,535",
            "key `final_after` of the plan",
            |one| one.revision,
        );
        to.column(
            "final",
            "",
            "whether nothing can join any more: the tick that ends `final_after` after the interval has closed; a file \
             holds the last revision of each balance, final or not",
            "key `final_after` of the plan",
            |one| one.standing == Standing::Final,
        );
    }
}

/// The columns about consumers that are missing.
fn missing<'a>(to: &mut impl Columns<&'a Balance>) {
    to.column(
        "estimated_wh",
        "Wh",
        "what the missing consumers probably used: their usual use, times how much the reporting ones used in relation \
         to theirs; 0 if none is missing; null unless the reporting ones are half of all, usually use half of the \
         energy, and used more than they gave back",
        "ratio estimate; the usual use is a mean over the last 256 intervals of the consumer",
        |one| one.estimated,
    );
    let bound = |of: fn(Gap) -> units::WattHours| move |one: &'a Balance| one.gap.map(of);
    to.column(
        "gap_low_wh",
        "Wh",
        "the gap if the missing consumers had used as much as consumers of this transformer ever did: their part, by number \
         or by usual use, of the highest use of each so far",
        "the highest use of each consumer in an interval so far",
        bound(|gap| gap.low),
    );
    to.column(
        "gap_high_wh",
        "Wh",
        "the gap if the missing consumers had used nothing, or had given back as much as consumers of this transformer ever \
         did",
        "the highest export of each consumer in an interval so far",
        bound(|gap| gap.high),
    );
}

const INTERVAL: &str = "an interval is (start, end]: a reading stamped `end` belongs to it";
