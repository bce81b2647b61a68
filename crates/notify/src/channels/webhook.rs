//! Messages to a program of the utility, as signed JSON. Its address is the name of a gateway of the plan, because the
//! URL may hold a key.

use crate::{About, Address, Held};
use cases::Alert;
use detect::{Evidence, Milliseconds};
use reading::Calendar;

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
    wanted: "the name of a gateway: small letters, digits and hyphens",
    example: "control-room",
    to_source: "the plan",
    text: "what a person would read, in local time",
    text_source: "the templates of the plan",
    part: "webhooks",
};

throttled!();
to_one_address!(Name);

impl Rule {
    /// One alert, with all that its evidence has.
    pub(super) fn single(&self, alert: &Alert, calendar: &Calendar) -> String {
        let since = |evidence: &Evidence| {
            format!("{} since {}", evidence.in_short(), calendar.day_and_time(evidence.since))
        };
        let seen: Vec<String> = alert.evidence.iter().map(since).collect();
        format!("Please check meter {}: {}.", alert.meter, seen.join("; "))
    }

    /// What had to wait. All that is remembered of it is named.
    pub(super) fn digest(&self, held: &[Held], more: u32) -> (String, usize) {
        let names: Vec<String> = held.iter().map(|one| format!("{} ({})", one.meter, one.words)).collect();
        let rest = if more > 0 { format!(" +{more} more") } else { String::new() };
        (
            format!("Please check {} meters: {}{rest}.", held.len() + more as usize, names.join(", ")),
            held.len(),
        )
    }
}

/// The name of a gateway, if the text is one.
pub(super) fn address(text: &str) -> Option<Address> {
    let is_right = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    ((1..=32).contains(&text.len()) && text.bytes().all(is_right)).then(|| Address::checked(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_the_name_of_a_gateway_and_no_url() {
        assert!(address("control-room").is_some());
        for wrong in ["", "https://control.example", "Control", "a b", &"a".repeat(33)] {
            assert_eq!(address(wrong), None, "{wrong}");
        }
    }
}
