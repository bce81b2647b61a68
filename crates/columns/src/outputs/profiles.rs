//! The typical days of each meter.

use super::{About, Columns, Demand, Output, Sent, Wanted};
use crate::files::TableFile;
use crate::json::{Encoder, Message};
use crate::value::{Cell, Value};
use metering::ProfileRow;
use pipeline::{Outputs, Plan};

/// `profiles.parquet`.
#[derive(Debug)]
pub struct Profiles;

impl Output for Profiles {
    const ABOUT: About = About {
        file: "profiles.parquet",
        row: "a meter, type of day and slot of the day; in messages, all slots of a day together",
        key: "METER/DAY_TYPE",
        section: "`[profiles]`",
        only: "profiles",
        sent: Sent::WithTick,
    };

    type Row<'a> = &'a ProfileRow;
    type File = TableFile<Self>;

    fn of(plan: &Plan) -> Option<Self> {
        plan.metering.as_ref()?.profile.map(|_| Self)
    }

    fn with_all_columns() -> Self {
        Self
    }

    fn leave_out(plan: &mut Plan, wanted: Wanted<'_>) {
        // The profile also fills long silences, judges days and replaces energy that is not believed; base load and
        // night share of the demand come from it.
        let needed = plan.linear_up_to.is_some() || plan.quality.is_some() || wanted.has(&Demand::ABOUT);
        if let Some(rules) = plan.metering.as_mut().filter(|_| !needed) {
            rules.profile = None;
        }
        without_empty_metering(plan);
    }

    fn rows(out: &Outputs) -> impl Iterator<Item = &ProfileRow> + Clone {
        out.metering.profiles.iter()
    }

    fn key<'a>(&'a self, row: &'a ProfileRow) -> impl IntoIterator<Item = Value<'a>> {
        [(&row.meter).value(), row.day_type.name().value()]
    }

    fn columns<'a>(&'a self, to: &mut impl Columns<&'a ProfileRow>) {
        to.column("meter", "", "the meter", "the meter, as its messages name it", |row| &row.meter);
        to.column(
            "day_type",
            "",
            "which local days: `weekday`, `saturday` or `sunday`; the plan's holidays are Sundays",
            "the days on which most loads differ",
            |row| row.day_type.name(),
        );
        to.column(
            "slot",
            "",
            "local time at which the slot of the day starts, `HH:MM`; a slot without an observation has no row",
            "the plan's `slot`",
            ProfileRow::slot,
        );
        to.column(
            "mean_w",
            "W",
            "mean net power of the slot over the days of the type; a day counts half after `half_life` others. A slot \
             counts on days on which all its intervals were measured and believed",
            "kernel `learn`",
            |row| row.mean,
        );
        to.column(
            "spread_w",
            "W",
            "how far days are from `mean_w`: the standard deviation of their slot means, weighted in the same way",
            "kernel `learn`",
            |row| row.spread,
        );
        to.column(
            "weight",
            "d",
            "how many days it rests on; a day counts half after `half_life` others: 1 + keep + keep^2 and so on",
            "kernel `weights`",
            |row| row.weight,
        );
    }

    /// One message for all slots of a day: a message for each slot would be too many.
    fn messages<'a, E>(
        &'a self,
        out: &'a Outputs,
        encoder: &mut Encoder,
        mut send: impl FnMut(Message<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let is_one_day = |a: &ProfileRow, b: &ProfileRow| {
            a.meter == b.meter && a.day_type == b.day_type && a.minute < b.minute
        };
        for day in out.metering.profiles.chunk_by(is_one_day) {
            let slots: Vec<&ProfileRow> = day.iter().collect();
            encoder.rows(self, &slots, &["meter", "day_type"], "slots").map_or(Ok(()), &mut send)?;
        }
        Ok(())
    }
}

/// A plan that keeps neither profiles nor demand has no books of them.
pub(super) fn without_empty_metering(plan: &mut Plan) {
    plan.metering = plan.metering.take().filter(|rules| rules.profile.is_some() || rules.demand.is_some());
}
