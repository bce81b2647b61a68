//! Messages to a program of the utility, as signed JSON. Its address is the name of a gateway of the plan, because the
//! URL may hold a key.

use crate::About;
use detect::Milliseconds;

detect::keys! {
    /// Which program gets the messages of the short form, and how many.
    Rule {
        to: Name > 0 = "control-room", "the gateway that all messages go to";
        per_hour: u32 > 0 = 100, "at most so many messages in any hour; the others wait for a digest";
        per_day: u32 > 0 = 1000, "at most so many messages in any 24 hours; `per_hour` to 1000";
        again_after: Milliseconds >= 0 = "1 h", "another message about the same meter comes so long after the last at the earliest, up to 366 days, unless the evidence is clearly worse by then";
    }
}

pub(super) const ABOUT: About = About {
    row: "a message to a program",
    label: "webhooks",
    to: "the gateway that it goes to",
    wanted: super::program::WANTED,
    example: "control-room",
    to_source: "the plan",
    text: "what a person would read, in local time",
    text_source: "the templates of the plan",
    part: "webhooks",
};

to_a_program!();
