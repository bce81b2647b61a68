//! Messages to people: an output for each channel, all with the same columns.

use super::{About, Columns, Output, Sent, Wanted};
use crate::files::LinesFile;
use crate::json::Encoder;
use crate::value::{Cell, Value};
use cases::CaseId;
use notify::{Channel, Message, each_channel};
use pipeline::{Outputs, Plan};

/// The messages of the channel that stands at this place of the list.
#[derive(Debug)]
pub struct Messages<const CHANNEL: usize>;

macro_rules! messages {
    ($($field:ident: $Channel:ident,)*) => {
        $(
            #[doc = concat!("`", stringify!($field), ".ndjson`.")]
            pub type $Channel = Messages<{ Channel::$Channel as usize }>;
        )*
    };
}

each_channel!(messages);

macro_rules! line_of {
    ($($field:ident: $Channel:ident,)*) => {
        /// A message as a line of the file of its channel.
        pub fn message_line<'e>(encoder: &'e mut Encoder, message: &Message) -> &'e [u8] {
            match message.channel {
                $(Channel::$Channel => encoder.line(&Messages::<{ Channel::$Channel as usize }>, message),)*
            }
        }
    };
}

each_channel!(line_of);

impl<const CHANNEL: usize> Messages<CHANNEL> {
    const OF: Channel = Channel::ALL[CHANNEL];
}

impl<const CHANNEL: usize> Output for Messages<CHANNEL> {
    const ABOUT: About = About {
        file: Self::OF.file(),
        row: Self::OF.about().row,
        key: "ID",
        section: Self::OF.section(),
        only: "cases",
        sent: Sent::First,
    };

    type Row<'a> = &'a Message;
    type File = LinesFile<Self>;

    fn of(plan: &Plan) -> Option<Self> {
        plan.sends(Self::OF).then_some(Self)
    }

    fn with_all_columns() -> Self {
        Self
    }

    fn leave_out(plan: &mut Plan, _wanted: Wanted<'_>) {
        plan.channels.retain(|rule| rule.channel() != Self::OF);
        plan.desk = plan.desk.take().and_then(|rules| rules.without(Self::OF));
    }

    fn rows(out: &Outputs) -> impl Iterator<Item = &Message> + Clone {
        out.messages.iter().filter(|message| message.channel == Self::OF)
    }

    fn key<'a>(&'a self, one: &'a Message) -> impl IntoIterator<Item = Value<'a>> {
        [one.id.as_str().value()]
    }

    fn columns<'a>(&'a self, to: &mut impl Columns<&'a Message>) {
        let about = Self::OF.about();
        to.column("id", "", Self::OF.id_definition(), "the same in every run", |one| one.id.as_str());
        to.column("to", "", about.to, about.to_source, |one| one.to.as_str());
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
            "id of the case of the alert, in a digest of the first one; null if it is about no case",
            "each message can be traced to its evidence",
            |one| one.case.as_ref().map(CaseId::as_str),
        );
        to.column(
            "more",
            "",
            "how many other cases it stands for",
            "the plan's limits: what exceeds them waits for a digest",
            |one| one.more,
        );
        to.column("text", "", about.text, about.text_source, |one| one.text.as_str());
    }
}
