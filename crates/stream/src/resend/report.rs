//! What was sent, and what was left and why.

use super::Resend;
use reading::Reason;
use shell::{count, grouped};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Why a letter is left where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    Late,
    Unreadable,
    Ahead,
    NotAskedFor,
    AnotherTime,
    SentBefore,
    NoLetter,
}

/// The counts of a run.
#[derive(Debug, Default)]
pub struct Report {
    sent: BTreeMap<Reason, u64>,
    readings: u64,
    left: BTreeMap<Why, BTreeMap<Option<Reason>, u64>>,
}

impl Report {
    /// A letter was sent, which holds so many readings.
    pub fn sent(&mut self, reason: Reason, readings: u64) {
        *self.sent.entry(reason).or_default() += 1;
        self.readings += readings;
    }

    /// A letter was left. Without a reason it was no letter.
    pub fn left(&mut self, reason: Option<Reason>, why: Why) {
        *self.left.entry(why).or_default().entry(reason).or_default() += 1;
    }

    /// What was sent, in one line.
    pub fn sent_in_words(&self, topic: &str, dry_run: bool) -> String {
        let letters = self.sent.values().sum();
        let verb = if dry_run { "would be sent" } else { "sent" };
        let mut words = format!("{} {verb} again to {topic}", count(letters, "dead letter"));
        if letters > 0 {
            let by_reason = self.sent.iter().map(|(reason, number)| format!("{} {reason}", grouped(*number)));
            let readings = count(self.readings, "reading");
            write!(words, ": {} ({readings})", by_reason.collect::<Vec<_>>().join(", "))
                .expect("text takes text");
        }
        words
    }

    /// The summary.
    pub fn page(&self, args: &Resend, topic: &str) -> String {
        let mut page = self.sent_in_words(topic, args.dry_run) + "\n";
        let left: u64 = self.left.values().flat_map(BTreeMap::values).sum();
        if left > 0 {
            page += &format!("{} left:\n", grouped(left));
        }
        for (why, reasons) in &self.left {
            let by_reason = reasons.iter().map(|(reason, number)| {
                format!("{} {}", grouped(*number), reason.map_or("without a reason", Reason::name))
            });
            let by_reason = by_reason.collect::<Vec<_>>().join(", ");
            page += &format!("  {by_reason}: {}\n", because(*why, args));
        }
        if !self.sent.is_empty() {
            page += "A meter that has gone on since refuses its own as `late`: those go back by a replay together with the \
                     original file.\n";
        }
        page
    }
}

fn because(why: Why, args: &Resend) -> String {
    let list = || args.from.as_deref().map(|from| format!("{}.sent", from.display())).unwrap_or_default();
    match why {
        Why::Late => format!("the intervals of their meters are closed. {}", late_goes_back(args)),
        Why::Unreadable => "what is wrong with them is not mended: they still cannot be read".to_owned(),
        Why::Ahead => "their stamps are ahead of the present time".to_owned(),
        Why::NotAskedFor => "`--reason` names others".to_owned(),
        Why::AnotherTime => "their readings are of another time than `--since` and `--until` say".to_owned(),
        Why::SentBefore => format!("they were sent before; remove {} to send them once more", list()),
        Why::NoLetter => "these lines are no dead letters".to_owned(),
    }
}

/// How late readings find their place.
pub fn late_goes_back(args: &Resend) -> String {
    let plan = args.plan.display();
    let (first, file) = match (&args.from, &args.save) {
        (Some(file), _) | (None, Some(file)) => (String::new(), file.display().to_string()),
        (None, None) => {
            ("write them to a file with `--save left.ndjson`; then ".to_owned(), "left.ndjson".to_owned())
        }
    };
    format!(
        "They go back by a replay together with the original file: \
         {first}`gridwarden replay {plan} --readings ORIGINAL {file} --out DIR`"
    )
}

#[cfg(test)]
mod tests;
