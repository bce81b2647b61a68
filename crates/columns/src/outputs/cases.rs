//! Cases: what is to be looked at, how soon, and how much it may be about.

use super::alerts::evidence;
use super::{About, Columns, Output, Sent, Wanted};
use crate::files::{Latest, LatestFile};
use crate::value::{Cell, Value};
use ::cases::{Case, CaseId, Change, alert};
use pipeline::{Outputs, Plan};
use reading::{Calendar, Target};
use units::WattHours;

/// `cases.parquet`; the calendar gives the local time of its reasons. Their numbers are in `evidence.parquet`.
#[derive(Debug)]
pub struct Cases {
    calendar: Calendar,
}

impl Cases {
    /// The output with texts in the local time of this calendar.
    pub fn new(calendar: Calendar) -> Self {
        Self { calendar }
    }
}

impl Output for Cases {
    const ABOUT: About = About {
        file: "cases.parquet",
        row: "a case, as it stands at the end; in messages, when it opens, has doubled its evidence or closes, and at the end",
        key: "ID",
        section: "detector",
        only: "cases",
        sent: Sent::WithTick,
    };

    type Row<'a> = &'a Case;
    type File = LatestFile<Self>;

    fn of(plan: &Plan) -> Option<Self> {
        (!plan.detectors.is_empty()).then(|| Self::new(plan.calendar.clone()))
    }

    fn with_all_columns() -> Self {
        Self::new(Calendar::new(jiff::tz::TimeZone::UTC, [].into()))
    }

    fn leave_out(plan: &mut Plan, _wanted: Wanted<'_>) {
        plan.cases = None;
    }

    fn rows(out: &Outputs) -> impl Iterator<Item = &Case> + Clone {
        out.changes.iter().map(Change::case)
    }

    fn key<'a>(&'a self, one: &'a Case) -> impl IntoIterator<Item = Value<'a>> {
        [one.id.as_str().value()]
    }

    fn columns<'a>(&'a self, to: &mut impl Columns<&'a Case>) {
        life(to);
        weight(to);
        place(to);
        to.column(
            "follows",
            "",
            "id of the case of the same meter and kind that closed no longer than the plan's `follow_within` before; \
             else null",
            "the same trouble that came back",
            |one| one.follows.as_ref().map(CaseId::as_str),
        );
        to.in_file(
            "reason",
            "",
            "the text of the alert when it opened, with the numbers of the strongest run and local time",
            EVIDENCE,
            |one| alert(&Change::Opened(one.clone()), &self.calendar).map(|alert| alert.text),
        );
        to.column(
            "evidence",
            "",
            "the evidence of the strongest run, an object for each detector, with numbers in thousandths; in messages, \
             files have it in `evidence.parquet`",
            EVIDENCE,
            |one| evidence(&one.evidence),
        );
        to.column(
            "opening",
            "",
            "the evidence that opened it, as it was then; in messages, files have it in `evidence.parquet`",
            EVIDENCE,
            |one| evidence(&one.opening),
        );
    }
}

const EVIDENCE: &str = "no alert without evidence that a person can check";
const TOPOLOGY: &str = "the topology at that time";
const EXCESS: &str = "the detectors' own estimates of what was not counted";

fn life<'a>(to: &mut impl Columns<&'a Case>) {
    to.column(
        "id",
        "",
        "name of the case: its kind, its meter and its opening time, UTC",
        "the same in every run",
        |one| one.id.as_str(),
    );
    to.column(
        "target",
        "",
        "what is to be looked at: `meter/M1`",
        "the same form as the targets of forecasts",
        |one| Target::Meter(one.meter).to_string(),
    );
    to.column(
        "kind",
        "",
        "the leading detector: the one whose evidence weighed most when the case opened",
        "the closed list of detectors",
        |one| one.detector.name(),
    );
    to.column(
        "opened",
        "",
        "end of the interval that brought the first evidence, UTC",
        "an interval is (start, end]",
        |one| one.opened,
    );
    to.column(
        "updated",
        "",
        "end of the last interval that brought evidence, UTC",
        "an interval is (start, end]",
        |one| one.last_evidence,
    );
    to.column(
        "closed",
        "",
        "end of the first tick by which no evidence had come for the plan's `cool_down`, UTC; null while it is open",
        "after a day or two of rest it is still the same case",
        |one| one.closed,
    );
    to.column("state", "", "`open` or `closed`", "open until `closed`", |one| one.state().name());
}

fn weight<'a>(to: &mut impl Columns<&'a Case>) {
    to.column(
        "probability",
        "",
        "highest score of its suspicions, between 0 and 1, as in `suspicions`: it ranks cases, and is not calibrated to a \
         probability yet",
        "0 at the threshold of a detector; it grows with the distance from it and with its duration",
        |one| one.score_max,
    );
    to.column(
        "severity",
        "",
        "how soon a person should look: `high` if the main number of the strongest evidence is four times what is allowed \
         or more, `medium` from twice on, else `low`",
        "chosen here, until field visits show what is better",
        |one| one.severity().name(),
    );
    to.column("wh_day_low", "Wh", "no estimate yet: null", EXCESS, |_| None::<WattHours>);
    to.column(
        "wh_day_mid",
        "Wh",
        "`excess_total_wh` over the days from its first interval of evidence to its last, at least one day: like it an \
         upper bound; null where that is null",
        EXCESS,
        Case::excess_a_day,
    );
    to.column("wh_day_high", "Wh", "no estimate yet: null", EXCESS, |_| None::<WattHours>);
    to.column(
        "excess_total_wh",
        "Wh",
        "energy that may have gone beside the meter over all runs of the case, each as far as it went: at most what was \
         not counted; null if a part is not known",
        EXCESS,
        |one| one.excess,
    );
    to.column(
        "detectors",
        "",
        "all detectors that gave evidence of it, joined by commas",
        "the closed list of detectors",
        |one| one.detectors.iter().map(|detector| detector.name()).collect::<Vec<_>>().join(","),
    );
}

fn place<'a>(to: &mut impl Columns<&'a Case>) {
    to.column(
        "area",
        "",
        "area that the meter stood in when the case opened; null if it has none",
        TOPOLOGY,
        |one| one.area.as_ref(),
    );
    to.column(
        "transformer",
        "",
        "transformer that the meter hung on when the case opened",
        TOPOLOGY,
        |one| one.transformer.as_ref(),
    );
    to.column(
        "outcome",
        "",
        "what a visit found; results of visits cannot be read in yet: null",
        "a person decides",
        |_| None::<&str>,
    );
}

impl Latest for Cases {
    type Id = String;
    type Owned = Case;

    fn changes(out: &Outputs) -> impl Iterator<Item = (String, Option<&Case>)> {
        out.changes.iter().map(|change| (change.case().id.to_string(), Some(change.case())))
    }

    fn rows_of(kept: &Case) -> impl Iterator<Item = &Case> {
        [kept].into_iter()
    }
}
