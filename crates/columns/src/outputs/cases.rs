//! Cases: what is to be looked at, with its numbers.

use super::alerts::evidence;
use super::{About, Columns, Output, Sent, Wanted};
use crate::files::{Latest, LatestFile};
use crate::value::{Cell, Value};
use ::cases::{Case, CaseId, Change, alert};
use detect::{Evidence, Innocent};
use pipeline::{Outputs, Plan};
use reading::Calendar;
use units::{Amperes, Ratio};

/// `cases.parquet`; the calendar gives the local time of its reasons.
///
/// `since` to `looked_at` are the numbers of the strongest run of a case, those that begin with `opening_` are of the
/// run that opened it, as they were then, and `excess_total_wh` is over all its runs.
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
        row: "a case, as it stands at the end; in messages, as it is now",
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
        strongest_run(to);
        to.column(
            "follows",
            "",
            "id of the case of the same meter and detector that closed no longer than the plan's `follow_within` before; \
             else null",
            "the same trouble that came back",
            |one| one.follows.as_ref().map(CaseId::as_str),
        );
        to.in_file(
            "reason",
            "",
            "the text of the alert when it opened, with the numbers of the strongest run and local time",
            "no alert without evidence that a person can check",
            |one| alert(&Change::Opened(one.clone()), &self.calendar).map(|alert| alert.text),
        );
        to.column(
            "evidence",
            "",
            "the evidence of the strongest run, an object for each detector, with numbers in thousandths; in messages, \
             the file has columns",
            "no alert without evidence that a person can check",
            |one| evidence(&one.evidence),
        );
        to.column(
            "opening",
            "",
            "the evidence that opened it, as it was then; in messages, the file has columns",
            "no alert without evidence that a person can check",
            |one| evidence(&one.opening),
        );
        opening_run(to);
        to.column(
            "excess_total_wh",
            "Wh",
            "as `excess_wh`, over all runs of the case, each as far as it went; null if a part is not known",
            "kernels `loop_currents`, `mean_voltage`",
            |one| one.excess,
        );
    }
}

fn life<'a>(to: &mut impl Columns<&'a Case>) {
    to.column(
        "id",
        "",
        "name of the case: detector, meter and opening time, UTC",
        "the same in every run",
        |one| one.id.as_str(),
    );
    to.column("meter", "", "the meter", "the meter, as its messages name it", |one| &one.meter);
    to.column(
        "transformer",
        "",
        "transformer that the meter hung on when the case opened",
        "the topology at that time",
        |one| one.transformer.as_ref(),
    );
    to.column(
        "area",
        "",
        "area that the meter stood in when the case opened; null if it has none",
        "the topology at that time",
        |one| one.area.as_ref(),
    );
    to.column(
        "detector",
        "",
        "what raised it: `phase-neutral`, phase and neutral current apart",
        "Kirchhoff: what goes out through the phase comes back through the neutral",
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
        "last_evidence",
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
    to.column(
        "score",
        "",
        "highest score of its suspicions, between 0 and 1, as in `suspicions`",
        "0 at the threshold; it grows with the distance from it and with its duration",
        |one| one.score_max,
    );
    to.column(
        "blocks",
        "",
        "intervals of evidence over all its runs, those before it opened included",
        "each interval counts once",
        |one| one.blocks,
    );
}

fn strongest_run<'a>(to: &mut impl Columns<&'a Case>) {
    fn run(one: &Case) -> Option<&Evidence> {
        one.evidence.first()
    }
    to.in_file(
        "since",
        "",
        "when the first interval of its strongest run started, UTC: the run as it was at the highest score, the later \
         of equals",
        "the highest score",
        |one| Some(run(one)?.since),
    );
    to.in_file(
        "until",
        "",
        "when the last interval of its strongest run ended, UTC, as it was at the highest score",
        "the highest score",
        |one| Some(run(one)?.until),
    );
    to.in_file(
        "phase_a",
        "A",
        "mean phase current of the strongest run, each interval counting once",
        "kernel `loop_currents`",
        |one| run(one)?.fact("phase").map(|fact| Amperes(fact.value)),
    );
    to.in_file(
        "neutral_a",
        "A",
        "mean neutral current of the strongest run, each interval counting once",
        "kernel `loop_currents`",
        |one| run(one)?.fact("neutral").map(|fact| Amperes(fact.value)),
    );
    to.in_file(
        "apart_a",
        "A",
        "how far `phase_a` and `neutral_a` are apart, without a sign",
        "kernel `loop_currents`",
        |one| run(one)?.fact("apart").map(|fact| Amperes(fact.value)),
    );
    to.in_file(
        "allowed_a",
        "A",
        "mean of what the intervals of the strongest run were allowed to be apart: a share of the larger current, more \
         at low load, never less than the floor",
        "firmware thresholds in the field",
        |one| run(one)?.fact("apart")?.limit.map(Amperes),
    );
    to.in_file(
        "share",
        "",
        "`apart_a` over the larger of `phase_a` and `neutral_a`",
        "kernel `loop_currents`",
        |one| run(one)?.fact("share").map(|fact| Ratio(fact.value)),
    );
    to.in_file(
        "excess_wh",
        "Wh",
        "energy that the currents apart stand for over the strongest run, at the mean voltage of each interval: at most \
         what was not counted; null if an interval has no voltage",
        "kernels `loop_currents`, `mean_voltage`; an upper bound, as if all of it were active",
        |one| run(one)?.excess,
    );
    to.in_file(
        "looked_at",
        "",
        "innocent causes that were looked at and did not explain it, joined by commas: `shared-neutral` if there was a \
         neighbour, `low-load`, `three-phase`, `brief`",
        "no suspicion before the innocent causes were looked at",
        |one| run(one).map(|run| run.looked_at.iter().map(Innocent::name).collect::<Vec<_>>().join(",")),
    );
}

fn opening_run<'a>(to: &mut impl Columns<&'a Case>) {
    fn run(one: &Case) -> Option<&Evidence> {
        one.opening.first()
    }
    to.in_file(
        "opening_since",
        "",
        "when the first interval of the run that opened it started, UTC",
        "the first evidence",
        |one| Some(run(one)?.since),
    );
    to.in_file(
        "opening_until",
        "",
        "when the last interval of that run ended as the case opened, UTC: the same as `opened`",
        "the first evidence",
        |one| Some(run(one)?.until),
    );
    to.in_file(
        "opening_blocks",
        "",
        "intervals that the run had as the case opened",
        "the first evidence",
        |one| Some(run(one)?.blocks),
    );
    to.in_file(
        "opening_phase_a",
        "A",
        "mean phase current of that run as the case opened",
        "kernel `loop_currents`",
        |one| run(one)?.fact("phase").map(|fact| Amperes(fact.value)),
    );
    to.in_file(
        "opening_neutral_a",
        "A",
        "mean neutral current of that run as the case opened",
        "kernel `loop_currents`",
        |one| run(one)?.fact("neutral").map(|fact| Amperes(fact.value)),
    );
    to.in_file(
        "opening_apart_a",
        "A",
        "how far these two were apart, without a sign",
        "kernel `loop_currents`",
        |one| run(one)?.fact("apart").map(|fact| Amperes(fact.value)),
    );
    to.in_file(
        "opening_allowed_a",
        "A",
        "what that run was allowed to be apart as the case opened, as `allowed_a`",
        "firmware thresholds in the field",
        |one| run(one)?.fact("apart")?.limit.map(Amperes),
    );
    to.in_file(
        "opening_excess_wh",
        "Wh",
        "energy that the currents apart stood for as the case opened, as `excess_wh`; null if an interval has no \
         voltage",
        "kernels `loop_currents`, `mean_voltage`",
        |one| run(one)?.excess,
    );
}

impl Latest for Cases {
    type Id = String;
    type Owned = Case;

    fn changes(out: &Outputs) -> impl Iterator<Item = (String, Option<&Case>)> {
        out.changes.iter().map(|change| (change.case().id.to_string(), Some(change.case())))
    }
}
