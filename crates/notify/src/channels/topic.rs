//! Messages to a topic of Kafka, for programs that read topics anyway. Its address is the name of a gateway of the plan.

use crate::About;
use detect::Milliseconds;

detect::keys! {
    /// Which topic gets the messages of the short form, and how many.
    Rule {
        to: Name > 0 = "bus", "the gateway that all messages go to";
        per_hour: u32 > 0 = 1000, "at most so many messages in any hour; the others wait for a digest";
        per_day: u32 > 0 = 1000, "at most so many messages in any 24 hours; `per_hour` to 1000";
        again_after: Milliseconds >= 0 = "1 h", "another message about the same meter comes so long after the last at the earliest, up to 366 days, unless the evidence is clearly worse by then";
    }
}

pub(super) const ABOUT: About = About {
    row: "a message to a topic",
    label: "messages to topics",
    to: "the gateway that it goes to",
    wanted: super::program::WANTED,
    example: "bus",
    to_source: "the plan",
    text: "what a person would read, in local time",
    text_source: "the templates of the plan",
    part: "topics",
};

to_a_program!();
