//! Short messages to the meter reader of the area.
//!
//! One SMS is one segment of the GSM alphabet, at most 160 characters, and `SmsText` cannot hold more. It has what was
//! measured and a request to check, and never a word about why.

pub mod alphabet;

use crate::{About, Address, AddressColumn, Held, RouteError, Routes};
use alphabet::septets;
use cases::Alert;
use detect::Milliseconds;
use grid::Topology;
use reading::Calendar;

detect::keys! {
    /// How many messages a phone gets.
    Rule {
        per_hour: u32 > 0 = 4, "at most so many messages to one phone in any hour";
        per_day: u32 > 0 = 12, "at most so many messages to one phone in any 24 hours; `per_hour` to 1000";
        again_after: Milliseconds >= 0 = "7 d", "another message about the same meter comes so long after the last at the earliest, up to 366 days, unless the evidence is clearly worse by then";
    }
}

pub(super) const ABOUT: About = About {
    row: "a short message",
    label: "SMS",
    to: "the phone number that it goes to",
    wanted: "a phone number",
    example: "+000200000001",
    to_source: "the plan's routes",
    text: "what it says, in local time",
    text_source: "GSM 03.38: 160 places of 7 bits",
    part: "messages",
};

throttled!();

impl Rule {
    /// The phone of each area's reader.
    pub(super) fn routes(&self, topology: &Topology) -> Result<Routes, RouteError> {
        Routes::by_area(topology, &PHONES)
    }

    /// One alert. Meter, what was seen and since when always stand in it; transformer and area if they fit, and if the
    /// alphabet has their letters.
    pub(super) fn single(&self, alert: &Alert, calendar: &Calendar) -> String {
        let mut first = format!("Please check meter {}", alert.meter);
        if let Some(evidence) = alert.evidence.first() {
            first += &format!(": {} since {}.", evidence.in_short(), calendar.day_and_time(evidence.since));
        }
        let others = [
            alert.transformer.map(|transformer| format!(" Transformer {transformer}.")),
            alert.area.map(|area| format!(" Area {area}.")),
        ];
        let others: Vec<String> = others.into_iter().flatten().collect();
        SmsText::fit(&first, &others).0
    }

    /// What had to wait, in one SMS: the first few by name, the others as a number. Returns how many it names too.
    pub(super) fn digest(&self, held: &[Held], more: u32) -> (String, usize) {
        let total = held.len() + more as usize;
        let meters = if total == 1 { "meter" } else { "meters" };
        // Long names may not fit: as many as do are named, at least one, and the number says how many are not.
        let named_of = |named: usize| {
            let names: Vec<String> =
                held[..named].iter().map(|one| format!("{} ({})", one.meter, one.words)).collect();
            let rest = total - named;
            let rest = if rest > 0 { format!(" +{rest} more") } else { String::new() };
            format!("Please check {total} {meters}: {}{rest}.", names.join(", "))
        };
        let fitting = (1..=held.len()).rev().find_map(|named| Some((SmsText::new(&named_of(named))?, named)));
        let (text, named) = fitting.unwrap_or_else(|| {
            let named = held.len().min(1);
            (SmsText::fit(&named_of(named), &[]), named)
        });
        (text.0, named)
    }
}

pub(crate) static PHONES: AddressColumn = AddressColumn {
    one: "the reader's phone",
    several: "readers' phones",
    wanted: "phone number",
    help: "write `reader_phone` like +000200000001, the same one for a whole area",
    value: |row| row.reader_phone.as_deref(),
    read: phone,
};

pub(super) use self::phone as address;

/// A phone number, if the text is one: an optional `+` and 3 to 15 digits. Spaces and hyphens between digits are left
/// out, as people write them.
pub fn phone(text: &str) -> Option<Address> {
    let number: String = text.trim().chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let digits = number.strip_prefix('+').unwrap_or(&number);
    // ITU-T E.164: at most 15 digits; three is the shortest service number.
    let right = (3..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    right.then(|| Address::checked(number))
}

/// What one segment holds: 140 bytes are 160 characters of seven bits (3GPP TS 23.040).
const SEGMENT: usize = 160;

/// A text that fits one SMS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SmsText(String);

impl SmsText {
    /// The text, if it fits as it is: it is not empty, has only characters of the alphabet, and is not too long.
    pub(crate) fn new(text: &str) -> Option<Self> {
        (1..=SEGMENT).contains(&places(text)?).then(|| Self(text.to_owned()))
    }

    /// The first of these parts, and of the others as many as fit, in their order. Only a first part that is too long
    /// by itself is cut, and ends in `..` then; a character that the alphabet lacks becomes `?` there.
    ///
    /// Another part with such a character is left out. One such character makes it an SMS in UCS-2, whose segment has
    /// 70 characters: hardly more than the first part takes alone.
    fn fit(first: &str, others: &[String]) -> Self {
        let plain = first.chars().map(|c| if septets(c).is_some() { c } else { '?' });
        let mut text = cut(plain.collect());
        let mut total = places(&text).unwrap_or(SEGMENT);
        for other in others {
            let Some(more) = places(other).filter(|more| total + more <= SEGMENT) else { continue };
            total += more;
            text.push_str(other);
        }
        Self(text)
    }
}

/// How many places a text takes; `None` if the alphabet lacks one of its characters.
fn places(text: &str) -> Option<usize> {
    text.chars().map(septets).sum()
}

fn cut(text: String) -> String {
    if places(&text).is_some_and(|places| places <= SEGMENT) {
        return text;
    }
    let mut total = "..".len();
    let fits = |c: &char| {
        total += septets(*c).unwrap_or_default();
        total <= SEGMENT
    };
    let mut kept: String = text.chars().take_while(fits).collect();
    kept.push_str("..");
    kept
}

#[cfg(test)]
mod tests;
