//! What people may have to hear of: what routes are led by, and what `gridwarden serve` leads to people.

use super::{About, Columns, Output, Sent, Wanted};
use crate::files::LinesFile;
use crate::value::{Cell, Value};
use ::cases::CaseId;
use notify::Notice;
use notify::desk::Word;
use pipeline::{Outputs, Plan};
use serde_json::json;

/// `notices.ndjson`.
#[derive(Debug)]
pub struct Notices;

impl Output for Notices {
    const ABOUT: About = About {
        file: "notices.ndjson",
        row: "a notice: something that people may have to hear of began, happened or ended",
        key: "ID",
        section: "`[[route]]`",
        only: "cases",
        sent: Sent::First,
    };

    type Row<'a> = &'a Notice;
    type File = LinesFile<Self>;

    fn of(plan: &Plan) -> Option<Self> {
        plan.desk.is_some().then_some(Self)
    }

    fn with_all_columns() -> Self {
        Self
    }

    // Each channel that is left out takes its receivers along.
    fn leave_out(_plan: &mut Plan, _wanted: Wanted<'_>) {}

    fn rows(out: &Outputs) -> impl Iterator<Item = &Notice> + Clone {
        out.notices.iter()
    }

    fn key<'a>(&'a self, one: &'a Notice) -> impl IntoIterator<Item = Value<'a>> {
        [one.id.as_str().value()]
    }

    fn columns<'a>(&'a self, to: &mut impl Columns<&'a Notice>) {
        what(to);
        place(to);
        to.column(
            "case",
            "",
            "id of the case; null if it is about none",
            "each notice can be traced to its evidence",
            |one| one.case.as_ref().map(CaseId::as_str),
        );
        to.column(
            "brief",
            "",
            "a few words for a list of many, such as `3.1 A apart`; may be empty",
            "the main number of the evidence",
            |one| one.brief.as_str(),
        );
        to.column(
            "seen",
            "",
            "the main number, `value`, and its `detector`, where one notice can be clearly worse than another; else null",
            "the weightiest evidence",
            |one| {
                one.seen.map_or(
                    serde_json::Value::Null,
                    |seen| json!({ "detector": seen.detector.name(), "value": seen.main }),
                )
            },
        );
        to.column(
            "words",
            "",
            "words for templates: objects with `name`, and `text`, or `time` where it is shown in local time",
            "see the variables of templates",
            |one| one.words.iter().map(word).collect::<serde_json::Value>(),
        );
    }
}

fn what<'a>(to: &mut impl Columns<&'a Notice>) {
    to.column("id", "", "name of the notice", "the same in every run", |one| one.id.as_str());
    to.column(
        "episode",
        "",
        "name of the thing that goes on, the same when it begins, changes and ends; of a case its id",
        "the same in every run",
        |one| one.episode.as_str(),
    );
    to.column(
        "kind",
        "",
        "what it is about: `suspicion`, `above-sanctioned` or `outage`",
        "the closed list of kinds",
        |one| one.kind.name(),
    );
    to.column(
        "phase",
        "",
        "`began`, `ended`, `once` if nothing will end it, `withdrawn` if it was no such thing or is part of a larger one",
        "what happened to the thing",
        |one| one.phase.name(),
    );
    to.column(
        "severity",
        "",
        "how soon a person should look: `info`, `low`, `medium` or `high`",
        "of a case that of its alert; of an outage by its size",
        |one| one.severity.name(),
    );
    to.column("time", "", "when it happened, UTC", "event time, not the time of delivery", |one| one.time);
}

fn place<'a>(to: &mut impl Columns<&'a Notice>) {
    to.column(
        "role",
        "",
        "what it is about: a `meter`, a `transformer` with all on it, or a `feeder` with all on it",
        TOPOLOGY,
        |one| one.scope.role(),
    );
    to.column("target", "", "name of that meter, transformer or feeder", TOPOLOGY, |one| {
        one.scope.to_string()
    });
    to.column("meter", "", "the meter; null if it is about none", TOPOLOGY, |one| one.place.meter.as_ref());
    to.column("transformer", "", "its transformer; null if not known", TOPOLOGY, |one| {
        one.place.transformer.as_ref()
    });
    to.column("feeder", "", "its feeder; null if not known", TOPOLOGY, |one| one.place.feeder.as_ref());
    to.column("area", "", "its area; null if not known", TOPOLOGY, |one| one.place.area.as_ref());
    to.column("class", "", "class of the consumer; null if it is about none", TOPOLOGY, |one| {
        one.place.class.as_deref()
    });
    to.column(
        "phone",
        "",
        "phone of the consumer, where consumers may hear of it; never of a suspicion",
        TOPOLOGY,
        |one| one.place.phone.as_deref(),
    );
}

const TOPOLOGY: &str = "the topology at that time";

fn word((name, word): &(String, Word)) -> serde_json::Value {
    match word {
        Word::Text(text) => json!({ "name": name, "text": text }),
        Word::Time(time) => json!({ "name": name, "time": time.to_string() }),
    }
}
