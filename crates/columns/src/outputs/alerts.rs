//! What people should look at: cases, and consumers who used more than was agreed.

use super::{About, Columns, Output, Sent, Wanted};
use crate::files::LinesFile;
use crate::value::{Cell, Value};
use ::cases::Alert;
use detect::{Evidence, Innocent, Unit};
use metering::AboveSanctioned;
use pipeline::{Outputs, Plan};
use reading::{AreaId, Calendar, EventTime, MeterId, TransformerId};
use serde_json::json;

/// `alerts.ndjson`; the calendar gives the local time of its texts.
#[derive(Debug)]
pub struct Alerts {
    calendar: Calendar,
}

/// Why there is an alert.
#[derive(Debug, Clone, Copy)]
pub enum AlertRow<'a> {
    /// A case opened or closed.
    Case(&'a Alert),
    /// A consumer used more than was agreed: no suspicion, and no case.
    Above(&'a AboveSanctioned),
}

impl<'a> AlertRow<'a> {
    fn id(self) -> String {
        match self {
            Self::Case(alert) => alert.id.to_string(),
            Self::Above(above) => above_id(above),
        }
    }

    fn time(self) -> EventTime {
        match self {
            Self::Case(alert) => alert.time,
            Self::Above(above) => above.end,
        }
    }

    fn meter(self) -> &'a MeterId {
        match self {
            Self::Case(alert) => &alert.meter,
            Self::Above(above) => &above.meter,
        }
    }

    fn transformer(self) -> Option<&'a TransformerId> {
        match self {
            Self::Case(alert) => alert.transformer.as_ref(),
            Self::Above(above) => above.transformer.as_ref(),
        }
    }

    fn area(self) -> Option<&'a AreaId> {
        match self {
            Self::Case(alert) => alert.area.as_ref(),
            Self::Above(above) => above.area.as_ref(),
        }
    }

    fn evidence(self) -> serde_json::Value {
        match self {
            Self::Case(alert) => evidence(&alert.evidence),
            Self::Above(above) => json!([{
                "rule": "sanctioned",
                "demand_w": round(above.demand.0),
                "sanctioned_w": round(above.sanctioned.0),
                "share": round(above.demand.0 / above.sanctioned.0),
                "since": above.start.to_string(),
                "until": above.end.to_string(),
            }]),
        }
    }
}

impl Output for Alerts {
    const ABOUT: About = About {
        file: "alerts.ndjson",
        row: "an alert",
        key: "ID",
        section: "detector",
        only: "cases",
        sent: Sent::First,
    };

    type Row<'a> = AlertRow<'a>;
    type File = LinesFile<Self>;

    fn of(plan: &Plan) -> Option<Self> {
        let any = !plan.detectors.is_empty() || plan.above_sanctioned.is_some();
        any.then(|| Self { calendar: plan.calendar.clone() })
    }

    fn with_all_columns() -> Self {
        Self { calendar: Calendar::new(jiff::tz::TimeZone::UTC, [].into()) }
    }

    fn leave_out(plan: &mut Plan, _wanted: Wanted<'_>) {
        plan.above_sanctioned = None;
    }

    fn rows(out: &Outputs) -> impl Iterator<Item = AlertRow<'_>> + Clone {
        out.alerts.iter().map(AlertRow::Case).chain(out.above.iter().map(AlertRow::Above))
    }

    fn key<'a>(&'a self, row: AlertRow<'a>) -> impl IntoIterator<Item = Value<'a>> {
        [row.id().value()]
    }

    fn columns<'a>(&'a self, to: &mut impl Columns<AlertRow<'a>>) {
        to.column(
            "id",
            "",
            "name of the alert: that of its case and what happened to it, or `above-sanctioned`, the meter and the \
             time",
            "the same in every run",
            AlertRow::id,
        );
        to.column(
            "case",
            "",
            "id of the case; null if the alert suspects nothing",
            "a demand above what was agreed opens no case",
            |row| match row {
                AlertRow::Case(alert) => Some(alert.case.as_str()),
                AlertRow::Above(_) => None,
            },
        );
        to.column(
            "kind",
            "",
            "what happened: `opened`, `closed`, or `above-sanctioned`",
            "growth of a case is for the record only",
            |row| match row {
                AlertRow::Case(alert) => alert.kind.name(),
                AlertRow::Above(_) => "above-sanctioned",
            },
        );
        to.column(
            "severity",
            "",
            "how soon a person should look: `info`, `low`, `medium` or `high`",
            "by the size and the persistence of the evidence",
            |row| match row {
                AlertRow::Case(alert) => alert.severity.name(),
                AlertRow::Above(_) => "low",
            },
        );
        to.column(
            "time",
            "",
            "end of the interval or tick that raised it, UTC",
            "event time, not the time of delivery",
            AlertRow::time,
        );
        to.column("meter", "", "the meter", "the meter, as its messages name it", AlertRow::meter);
        to.column("transformer", "", "its transformer; null if it has none", TOPOLOGY, AlertRow::transformer);
        to.column("area", "", "its area; null if it has none", TOPOLOGY, AlertRow::area);
        to.column(
            "text",
            "",
            "the alert in one line, with its numbers, in local time",
            "the evidence",
            |row| match row {
                AlertRow::Case(alert) => alert.text.clone(),
                AlertRow::Above(above) => above_text(above, &self.calendar),
            },
        );
        to.column(
            "evidence",
            "",
            "what it rests on: an object for each detector or rule, with numbers in thousandths",
            "an alert without evidence that a person can check is never sent",
            AlertRow::evidence,
        );
    }
}

const TOPOLOGY: &str = "the topology at that time";

/// The name of an alert about a demand above what was agreed.
fn above_id(above: &AboveSanctioned) -> String {
    let time: String = above.end.to_string().chars().filter(|c| !matches!(c, '-' | ':')).collect();
    format!("above-sanctioned.{}.{time}", above.meter)
}

/// The text of an alert about a demand above what was agreed.
pub fn above_text(above: &AboveSanctioned, calendar: &Calendar) -> String {
    let AboveSanctioned { meter, demand, sanctioned, start, end, .. } = above;
    let (from, to) = (calendar.day_and_time(*start), calendar.day_and_time(*end));
    let zone = calendar.zone_name();
    format!(
        "meter {meter} drew {:.0} W on average from {from} to {to} {zone}; {:.0} W is sanctioned",
        demand.0, sanctioned.0
    )
}

/// Evidence as JSON. A fact has the key `NAME_UNIT`; its limit has a name of its own, with the same unit.
pub(super) fn evidence(all: &[Evidence]) -> serde_json::Value {
    let one = |evidence: &Evidence| {
        let mut json = json!({ "detector": evidence.detector.name() });
        for fact in &evidence.facts {
            let unit = fact.definition.unit;
            json[fact.definition.key()] = number(fact.value, unit);
            if let Some((key, limit)) = fact.definition.limit_key().zip(fact.limit) {
                json[key] = number(limit, unit);
            }
        }
        json["since"] = evidence.since.to_string().into();
        json["until"] = evidence.until.to_string().into();
        json["excess_wh"] = evidence.excess.map(|wh| wh.0).into();
        json["looked_at"] = evidence.looked_at.iter().map(Innocent::name).collect();
        json
    };
    all.iter().map(one).collect()
}

fn number(value: f64, unit: Unit) -> serde_json::Value {
    if unit.is_whole() { (value as i64).into() } else { round(value).into() }
}

/// To thousandths: what was measured in thousandths has no more decimals than that.
fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
