//! E-mails to a mailbox, for example that of the operator on duty.

use crate::{About, Address, Held};
use cases::Alert;
use detect::Milliseconds;
use reading::Calendar;

detect::keys! {
    /// Who gets the e-mails of the short form, and how many.
    Rule {
        to: Mailbox > 0 = "postmaster@localhost", "the mailbox that all e-mails go to";
        per_hour: u32 > 0 = 20, "at most so many e-mails in any hour; the others wait for a digest";
        per_day: u32 > 0 = 200, "at most so many e-mails in any 24 hours; `per_hour` to 1000";
        again_after: Milliseconds >= 0 = "1 d", "another e-mail about the same meter comes so long after the last at the earliest, up to 366 days, unless the evidence is clearly worse by then";
    }
}

pub(super) const ABOUT: About = About {
    row: "an e-mail",
    label: "e-mails",
    to: "the mailbox that it goes to",
    wanted: "a mailbox",
    example: "duty@example.org",
    to_source: "the plan",
    text: "what it says, in local time; the first line is the subject",
    text_source: "RFC 5322",
    part: "e-mails",
};

throttled!();
to_one_address!(Mailbox);

impl Rule {
    /// One alert, with all that its evidence has.
    pub(super) fn single(&self, alert: &Alert, calendar: &Calendar) -> String {
        let mut text = format!("Please check meter {}\n\nCase {}\n", alert.meter, alert.case);
        for evidence in &alert.evidence {
            let since = calendar.day_and_time(evidence.since);
            text += &format!("{} since {since}\n", evidence.in_words());
        }
        text
    }

    /// What had to wait. All that is remembered of it is named.
    pub(super) fn digest(&self, held: &[Held], more: u32) -> (String, usize) {
        let mut text = format!("Please check {} meters\n\n", held.len() + more as usize);
        held.iter().for_each(|one| text += &format!("{}: {}\n", one.meter, one.words));
        if more > 0 {
            text += &format!("{more} more\n");
        }
        (text, held.len())
    }
}

/// A mailbox, if the text is one: a name and a host, without anything that could end a header.
pub(super) fn address(text: &str) -> Option<Address> {
    let text = text.trim();
    let (name, host) = text.split_once('@')?;
    let is_part = |part: &str, signs: &[u8]| {
        // RFC 5321: a name has 64 bytes and a host 255 at most.
        let is_right = |b: u8| b.is_ascii_alphanumeric() || signs.contains(&b);
        !part.is_empty()
            && part.bytes().all(is_right)
            && !part.starts_with('.')
            && !part.ends_with('.')
            && !part.contains("..")
    };
    let fits = name.len() <= 64 && host.len() <= 255;
    (fits && is_part(name, b"!#$%&'*+-/=?^_`{|}~.") && is_part(host, b"-."))
        .then(|| Address::checked(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_has_a_name_and_a_host() {
        assert!(address("duty+1@example.org").is_some());
        assert_eq!(address(" a@b ").unwrap().as_str(), "a@b");
        for wrong in [
            "",
            "duty",
            "@example.org",
            "duty@",
            "a@b@c",
            "a b@c",
            "a\n@b",
            "a@b\r\nBcc: c",
            "a..b@c",
            "a@.c",
        ] {
            assert_eq!(address(wrong), None, "{wrong}");
        }
    }
}
