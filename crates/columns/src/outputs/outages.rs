//! Who was without supply.

use super::{About, Columns, Output, Sent, Wanted};
use crate::files::{Latest, LatestFile};
use crate::json::{Encoder, Message};
use crate::value::{Cell, Value};
use pipeline::{Outputs, Plan};
use reading::EventTime;
use supply::{Change, Interruption, Outage, Target};

/// `outages.parquet`.
#[derive(Debug)]
pub struct Outages;

fn key(target: &Target, start: EventTime) -> [Value<'_>; 3] {
    [target.role().value(), target.name().value(), start.value()]
}

impl Output for Outages {
    const ABOUT: About = About {
        file: "outages.parquet",
        row: "an outage, as it stands at the end; a message when it begins and when it is over, and one without a \
              value if it was none or is part of a larger one",
        key: "ROLE/TARGET/START",
        section: "`[supply]`",
        only: "supply",
        sent: Sent::WithTick,
    };

    type Row<'a> = &'a Outage;
    type File = LatestFile<Self>;

    fn of(plan: &Plan) -> Option<Self> {
        plan.supply.map(|_| Self)
    }

    fn with_all_columns() -> Self {
        Self
    }

    fn leave_out(plan: &mut Plan, _wanted: Wanted<'_>) {
        plan.supply = None;
    }

    fn rows(out: &Outputs) -> impl Iterator<Item = &Outage> + Clone {
        out.supply.outages.iter().filter_map(|change| match change {
            Change::Updated(outage) => Some(outage),
            Change::Withdrawn(..) => None,
        })
    }

    fn key<'a>(&'a self, one: &'a Outage) -> impl IntoIterator<Item = Value<'a>> {
        key(&one.target, one.start)
    }

    fn columns<'a>(&'a self, to: &mut impl Columns<&'a Outage>) {
        to.column(
            "role",
            "",
            "what was without supply: `consumer`, `transformer` or `feeder`; three consumers or more, and a share of \
             all, are one outage of the transformer or feeder",
            "the plan's `share`: many consumers at one time have one cause",
            |one| one.target.role(),
        );
        to.column("target", "", "its name", "the topology", |one| one.target.name());
        to.column(
            "area",
            "",
            "area of all its consumers in the topology; null if they are of several areas, or of none",
            "the topology",
            |one| one.area.as_ref(),
        );
        to.column(
            "start",
            "",
            "since when, UTC: the last gasp; else the last reading, or `end` if none is \
             missing. Of many consumers: the first last gasp, else the middle of their starts",
            "a last gasp is the meter's own word; else the supply was there as long as there were readings",
            |one| one.start,
        );
        to.column(
            "end",
            "",
            "until when, UTC: when the meter reports the return; else when the last missing reading was due, \
             or the end of the topology's row of a meter that was removed. Of many consumers: the latest return that a \
             meter reported, else the latest. Null while it lasts",
            "the meter's own word, else its readings",
            |one| one.end,
        );
        to.column(
            "cause",
            "",
            "how it is known: `last-gasp`; `restored`, only its end was reported; `silence`; `communication`, registers \
             went on; `unknown`, a silence that is too long to judge, or of a meter that was removed. The last two are \
             no interruptions",
            "a register that goes on proves supply; a silence alone may be the communication",
            |one| one.cause.name(),
        );
        to.column(
            "kind",
            "",
            "`sustained` if it lasted longer than the plan's `momentary`, else `momentary`; null while it lasts, or if \
             it is no interruption",
            "IEEE 1366-2012: momentary and sustained, up to five minutes and beyond",
            |one| one.kind.map(Interruption::name),
        );
        to.column(
            "consumers",
            "",
            "how many different consumers were out, without those that turned out to have had supply, unless most had; \
             when it ends, without those that stay out",
            "each consumer counts once",
            |one| one.consumers,
        );
        to.column(
            "customer_minutes",
            "min",
            "minutes without supply of the consumers that have it again, together, each from its own start to its own \
             end",
            "IEEE 1366-2012: customer minutes of interruption",
            Outage::customer_minutes,
        );
    }

    fn messages<'a, E>(
        &'a self,
        out: &'a Outputs,
        encoder: &mut Encoder,
        mut send: impl FnMut(Message<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        out.supply.outages.iter().try_for_each(|change| match change {
            Change::Updated(outage) => send(encoder.row(self, outage)),
            Change::Withdrawn(target, start) => send(encoder.withdrawn(key(target, *start))),
        })
    }
}

impl Latest for Outages {
    type Id = (EventTime, Target);
    type Owned = Outage;

    fn changes(out: &Outputs) -> impl Iterator<Item = (Self::Id, Option<&Outage>)> {
        out.supply.outages.iter().map(|change| match change {
            Change::Updated(outage) => ((outage.start, outage.target), Some(outage)),
            Change::Withdrawn(target, start) => ((*start, *target), None),
        })
    }

    fn rows_of(kept: &Outage) -> impl Iterator<Item = &Outage> {
        [kept].into_iter()
    }
}
