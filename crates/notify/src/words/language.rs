//! The language of a message.

use crate::desk::{Notice, Word};
use core::fmt;
use reading::{Calendar, EventTime};
use std::borrow::Cow;

/// A language by its short name, such as `en`, `hi` or `mr` (ISO 639).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Language(Cow<'static, str>);

/// A text that names no language.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{found}\" is no short name of a language: two or three small letters")]
pub struct NotALanguage {
    /// What was written.
    pub found: String,
}

impl Language {
    /// English, which speaks where another language has no words.
    pub const ENGLISH: Self = Self(Cow::Borrowed("en"));

    /// The language of this short name.
    pub fn new(name: &str) -> Result<Self, NotALanguage> {
        let is_name = (2..=3).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase());
        if !is_name {
            return Err(NotALanguage { found: name.to_owned() });
        }
        Ok(Self(Cow::Owned(name.to_owned())))
    }

    /// A local time in a message.
    pub(crate) fn time(&self, time: EventTime, calendar: &Calendar) -> String {
        if *self == Self::ENGLISH {
            return calendar.day_and_time(time);
        }
        // `2024-01-05T14:30:00+05:30`: a month in figures needs no name in the other language.
        let stamp = calendar.stamp(time);
        match (stamp.get(8..10), stamp.get(5..7), stamp.get(11..16)) {
            (Some(day), Some(month), Some(clock)) => format!("{day}/{month} {clock}"),
            _ => stamp,
        }
    }

    /// The words of a message about these notices: those that are equal in all of them.
    pub(crate) fn words(&self, notices: &[&Notice], calendar: &Calendar) -> Vec<(String, String)> {
        let Some((first, others)) = notices.split_first() else { return vec![] };
        let of = |notice: &Notice| {
            let place = &notice.place;
            let mut words: Vec<(String, String)> = notice
                .words
                .iter()
                .map(|(name, word)| {
                    let text = match word {
                        Word::Text(text) => text.clone(),
                        Word::Time(time) => self.time(*time, calendar),
                    };
                    (name.clone(), text)
                })
                .collect();
            let places = [
                ("meter", place.meter.map(|meter| meter.to_string())),
                ("transformer", place.transformer.map(|transformer| transformer.to_string())),
                ("feeder", place.feeder.map(|feeder| feeder.to_string())),
                ("area", place.area.map(|area| area.to_string())),
                ("case", notice.case.as_ref().map(ToString::to_string)),
                ("time", Some(self.time(notice.time, calendar))),
                ("target", Some(notice.scope.to_string())),
            ];
            words.extend(places.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?))));
            words
        };
        let mut words = of(first);
        for other in others {
            let theirs = of(other);
            words.retain(|word| theirs.contains(word));
        }
        words
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
