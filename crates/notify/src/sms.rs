//! The text of one SMS: one segment of the GSM alphabet.

use core::fmt;

/// What one segment holds: 140 bytes are 160 characters of seven bits (3GPP TS 23.040).
const SEGMENT: usize = 160;

/// The characters beyond ASCII in the basic table of the GSM 7-bit alphabet (3GPP TS 23.038).
const BASIC: &str = "£¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà";
/// Those that need an escape before them, and so count twice.
const EXTENDED: &str = "^{}\\[~]|€";

/// How many seven-bit places a character takes; `None` if the alphabet has no such character.
pub fn septets(c: char) -> Option<usize> {
    match c {
        '`' => None,
        _ if EXTENDED.contains(c) => Some(2),
        '\n' | '\r' | ' '..='~' => Some(1),
        _ => BASIC.contains(c).then_some(1),
    }
}

/// A text that fits one SMS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmsText(String);

/// Why a text does not fit one SMS.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Too much of it.
    #[error("text takes {septets} places of the {SEGMENT} that an sms has")]
    TooLong {
        /// How many places it takes.
        septets: usize,
    },
    /// A character that phones cannot be sent.
    #[error("text holds `{character}`, which the alphabet of sms lacks")]
    Character {
        /// Which.
        character: char,
    },
    /// No text.
    #[error("text is empty")]
    Empty,
}

impl SmsText {
    /// The text, if it fits as it is.
    pub fn new(text: &str) -> Result<Self, TextError> {
        let mut total = 0;
        for character in text.chars() {
            total += septets(character).ok_or(TextError::Character { character })?;
        }
        match total {
            0 => Err(TextError::Empty),
            1..=SEGMENT => Ok(Self(text.to_owned())),
            _ => Err(TextError::TooLong { septets: total }),
        }
    }

    /// The first of these parts, and of the others as many as fit, in their order. Only a first part that is too long
    /// by itself is cut, and ends in `..` then. A character that the alphabet lacks becomes `?`.
    pub fn fit(first: &str, others: &[String]) -> Self {
        let plain = |text: &str| -> String {
            text.chars().map(|c| if septets(c).is_some() { c } else { '?' }).collect()
        };
        let mut text = cut(plain(first));
        let mut total = places(&text);
        for other in others {
            let other = plain(other);
            if total + places(&other) <= SEGMENT {
                total += places(&other);
                text.push_str(&other);
            }
        }
        Self(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How many places of 160 it takes.
    pub fn septets(&self) -> usize {
        places(&self.0)
    }
}

impl fmt::Display for SmsText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

fn places(text: &str) -> usize {
    text.chars().filter_map(septets).sum()
}

fn cut(text: String) -> String {
    if places(&text) <= SEGMENT {
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
