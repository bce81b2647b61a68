//! What programs of the utility read: webhooks, topics and files. Their address is the name of a gateway of the plan, which
//! knows where that is.

use crate::{Address, Held};
use cases::Alert;
use detect::Evidence;
use reading::Calendar;

/// A channel to a program, with the address of its section and the words that all of them have.
macro_rules! to_a_program {
    () => {
        throttled!();
        to_one_address!(Name);

        impl Rule {
            pub(super) fn single(&self, alert: &cases::Alert, calendar: &reading::Calendar) -> String {
                super::program::single(alert, calendar)
            }

            pub(super) fn digest(&self, held: &[crate::Held], more: u32) -> (String, usize) {
                super::program::digest(held, more)
            }
        }

        pub(super) use super::program::address;
    };
}

/// What the address of such a channel has to be.
pub(super) const WANTED: &str = "the name of a gateway: small letters, digits and hyphens";

/// One alert, with all that its evidence has.
pub(super) fn single(alert: &Alert, calendar: &Calendar) -> String {
    let since = |evidence: &Evidence| {
        format!("{} since {}", evidence.in_short(), calendar.day_and_time(evidence.since))
    };
    let seen: Vec<String> = alert.evidence.iter().map(since).collect();
    format!("Please check meter {}: {}.", alert.meter, seen.join("; "))
}

/// What had to wait. All that is remembered of it is named.
pub(super) fn digest(held: &[Held], more: u32) -> (String, usize) {
    let names: Vec<String> = held.iter().map(|one| format!("{} ({})", one.meter, one.words)).collect();
    let rest = if more > 0 { format!(" +{more} more") } else { String::new() };
    let text = format!("Please check {} meters: {}{rest}.", held.len() + more as usize, names.join(", "));
    (text, held.len())
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
        for wrong in ["", "https://control.example", "/var/spool", "Control", "a b", &"a".repeat(33)] {
            assert_eq!(address(wrong), None, "{wrong}");
        }
    }
}
