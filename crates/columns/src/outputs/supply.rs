//! How reliable the supply was.

use super::{About, Columns, Output, Sent, Wanted};
use crate::files::{Latest, LatestFile};
use crate::value::{Cell, Value};
use ::supply::IndexRow;
use jiff::civil::Date;
use pipeline::{Outputs, Plan};
use reading::AreaId;

/// `supply.parquet`.
#[derive(Debug)]
pub struct Supply;

impl Output for Supply {
    const ABOUT: About = About {
        file: "supply.parquet",
        row: "an area, or all consumers, and local month; a message when the month is over, and again if an outage \
              that began in it is over later",
        key: "AREA/MONTH",
        section: "`[supply]`",
        only: "supply",
        sent: Sent::WithTick,
    };

    type Row<'a> = &'a IndexRow;
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

    fn rows(out: &Outputs) -> impl Iterator<Item = &IndexRow> + Clone {
        out.supply.indices.iter()
    }

    fn key<'a>(&'a self, one: &'a IndexRow) -> impl IntoIterator<Item = Value<'a>> {
        [one.area_name().value(), one.month.value()]
    }

    fn columns<'a>(&'a self, to: &mut impl Columns<&'a IndexRow>) {
        to.column("area", "", "area of the topology, or `all` for all consumers", "the topology", |one| {
            one.area_name()
        });
        to.column(
            "month",
            "",
            "first day of the local month; an interruption belongs to the local day on which it began, and counts once \
             it is over",
            "IEEE 1366-2012: an interruption belongs to the day on which it began",
            |one| one.month,
        );
        to.column(
            "consumers",
            "",
            "consumers of the topology at the end of the month, or as far as it went",
            "IEEE 1366-2012: customers served",
            |one| one.consumers,
        );
        interruptions(to);
        major_events(to);
        voltage(to);
    }
}

fn interruptions<'a>(to: &mut impl Columns<&'a IndexRow>) {
    to.column(
        "saidi_min",
        "min",
        "minutes of the month's sustained interruptions, of all consumers, over `consumers`; null without one",
        "kernel `saidi`",
        |one| one.saidi,
    );
    to.column(
        "saifi",
        "",
        "sustained interruptions of the month, each consumer's own, over `consumers`; null without one",
        "kernel `saifi`",
        |one| one.saifi,
    );
    to.column(
        "caidi_min",
        "min",
        "minutes of the month's sustained interruptions over their number; null if there is none",
        "kernel `caidi`",
        |one| one.caidi,
    );
    to.column(
        "maifi",
        "",
        "momentary interruptions of the month, each consumer's own, over `consumers`; null without one",
        "kernel `maifi`",
        |one| one.maifi,
    );
}

fn major_events<'a>(to: &mut impl Columns<&'a IndexRow>) {
    to.column(
        "major_event_days",
        "",
        "days of the month on which SAIDI of all consumers is above `threshold_min`, the same in each area; null \
         without that",
        "IEEE 1366-2012, major event days of the system",
        |one| one.major.map(|major| major.days),
    );
    to.column(
        "threshold_min",
        "min",
        "daily SAIDI of all consumers beyond which a day is major, from the five years before the month; null with \
         fewer than 30 days with sustained interruptions",
        "kernel `med_threshold`, for each month instead of each year",
        |one| one.major.map(|major| major.threshold),
    );
    to.column(
        "saidi_min_without_major",
        "min",
        "`saidi_min` of the days that are not major; null without `saidi_min` or `threshold_min`",
        "IEEE 1366-2012, major event days",
        |one| one.major?.saidi_without,
    );
    to.column(
        "saifi_without_major",
        "",
        "`saifi` of the days that are not major; null without `saifi` or `threshold_min`",
        "IEEE 1366-2012, major event days",
        |one| one.major?.saifi_without,
    );
}

fn voltage<'a>(to: &mut impl Columns<&'a IndexRow>) {
    to.column(
        "low_voltage_hours",
        "h",
        "hours of intervals whose lowest phase voltage of a reading is below the plan's `low_voltage`, of all \
         consumers, over `consumers`; null without one",
        "kernel `voltage_beyond`",
        |one| one.low_voltage_hours,
    );
    to.column(
        "high_voltage_hours",
        "h",
        "hours of intervals whose highest phase voltage of a reading is above the plan's `high_voltage`, of all \
         consumers, over `consumers`; null without one",
        "kernel `voltage_beyond`",
        |one| one.high_voltage_hours,
    );
    to.column(
        "unbalanced_hours",
        "h",
        "hours of intervals whose phase voltages are further apart than the plan's `unbalance`, of all consumers, \
         over `consumers`, single-phase consumers included; null without one",
        "kernel `voltage_unbalance`",
        |one| one.unbalanced_hours,
    );
    to.column(
        "voltage_hours",
        "h",
        "hours of intervals whose voltage is known at all, of all consumers, over `consumers`; null without one",
        "without it, few hours beyond a limit may mean few known hours",
        |one| one.voltage_hours,
    );
}

impl Latest for Supply {
    type Id = (Date, Option<AreaId>);
    type Owned = IndexRow;

    fn changes(out: &Outputs) -> impl Iterator<Item = (Self::Id, Option<&IndexRow>)> {
        out.supply.indices.iter().map(|row| ((row.month, row.area), Some(row)))
    }

    fn rows_of(kept: &IndexRow) -> impl Iterator<Item = &IndexRow> {
        [kept].into_iter()
    }
}
