//! Short messages to the people who walk the areas.

use super::{About, Columns, Output, Sent, Wanted};
use crate::files::LinesFile;
use crate::value::{Cell, Value};
use ::notify::Sms as Message;
use pipeline::{Outputs, Plan};

/// `sms.ndjson`.
#[derive(Debug)]
pub struct Sms;

impl Output for Sms {
    const ABOUT: About = About {
        file: "sms.ndjson",
        row: "a short message",
        key: "ID",
        section: "`[sms]`",
        only: "cases",
        sent: Sent::First,
    };

    type Row<'a> = &'a Message;
    type File = LinesFile<Self>;

    fn of(plan: &Plan) -> Option<Self> {
        // Without a detector there is nothing to send.
        plan.sms.as_ref().filter(|_| !plan.detectors.is_empty()).map(|_| Self)
    }

    fn with_all_columns() -> Self {
        Self
    }

    fn leave_out(plan: &mut Plan, _wanted: Wanted<'_>) {
        plan.sms = None;
    }

    fn rows(out: &Outputs) -> impl Iterator<Item = &Message> + Clone {
        out.sms.iter()
    }

    fn key<'a>(&'a self, one: &'a Message) -> impl IntoIterator<Item = Value<'a>> {
        [one.id.as_str().value()]
    }

    fn columns<'a>(&'a self, to: &mut impl Columns<&'a Message>) {
        to.column(
            "id",
            "",
            "name of the message: `sms.` and that of the alert, or `digest.` and that of the first alert that waited",
            "the same in every run",
            |one| one.id.as_str(),
        );
        to.column("to", "", "the phone number that it goes to", "the plan's routes", |one| one.to.as_str());
        to.column("time", "", "end of the tick in which it was sent, UTC", "event time", |one| one.time);
        to.column(
            "area",
            "",
            "area of the alert, in a digest of the first one; null if it has none",
            "the topology when the case opened",
            |one| one.area.as_ref(),
        );
        to.column(
            "case",
            "",
            "id of the case of the alert, in a digest of the first one",
            "each message can be traced to its evidence",
            |one| one.case.as_str(),
        );
        to.column(
            "more",
            "",
            "how many other cases it stands for",
            "the plan's limits: what exceeds them waits for a digest",
            |one| one.more,
        );
        to.column("text", "", "what it says, in local time", "GSM 03.38: 160 places of 7 bits", |one| {
            one.text.as_str()
        });
    }
}
