//! Names of places, in the letters of the people who gave them: `Zürich`, `मुंबई पूर्व`.

use super::Name;
use core::fmt;

/// The most bytes of UTF-8 that the name of a place may have.
pub const LONGEST_PLACE: usize = 64;

/// The name of a place.
pub(super) type PlaceName = Name<LONGEST_PLACE>;

/// Why a text is no name of a place. A name is 1 to [`LONGEST_PLACE`] bytes of UTF-8 without the letters that
/// [`is_place_letter`] refuses, and without white space at its ends.
///
/// Names are compared byte by byte: an `ü` of one code point and one of two are two names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAPlace {
    /// It has no letter.
    Empty,
    /// It has more bytes than a name may have.
    TooLong {
        /// How many.
        bytes: usize,
    },
    /// It begins or ends with white space.
    Padded,
    /// It holds a letter that a name may not have.
    Letter {
        /// Which one, from 1.
        place: usize,
        /// The letter.
        letter: char,
    },
}

impl fmt::Display for NotAPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Empty => f.write_str("it is empty"),
            Self::TooLong { bytes } => write!(f, "it has {bytes} bytes of UTF-8"),
            Self::Padded => f.write_str("it begins or ends with white space"),
            Self::Letter { place, letter: '/' } => write!(f, "character {place} is `/`"),
            Self::Letter { place, letter } => {
                write!(f, "character {place} is U+{:04X}, an invisible control character", u32::from(letter))
            }
        }
    }
}

/// Whether a letter may stand in the name of a place.
///
/// A `/` separates the parts of a key. Control characters and ends of lines would break a line of a log, and the
/// embeddings of bidirectional text change how the text behind a name reads. A byte order mark comes from a file that
/// was pasted together. Joiners are letters of many scripts, so they may stand in a name.
pub fn is_place_letter(letter: char) -> bool {
    let embeds = matches!(letter, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let breaks = letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}');
    !(letter == '/' || embeds || breaks || letter == '\u{FEFF}')
}

/// Whether a text is the name of a place, and why not.
pub fn check_place(text: &str) -> Result<(), NotAPlace> {
    if text.is_empty() {
        return Err(NotAPlace::Empty);
    }
    if let Some((at, letter)) = text.chars().enumerate().find(|(_, letter)| !is_place_letter(*letter)) {
        return Err(NotAPlace::Letter { place: at + 1, letter });
    }
    if text.len() > LONGEST_PLACE {
        return Err(NotAPlace::TooLong { bytes: text.len() });
    }
    if text.trim().len() < text.len() {
        return Err(NotAPlace::Padded);
    }
    Ok(())
}

impl PlaceName {
    pub(super) fn new(text: &[u8]) -> Option<Self> {
        check_place(core::str::from_utf8(text).ok()?).ok()?;
        let mut bytes = [0; LONGEST_PLACE];
        bytes[..text.len()].copy_from_slice(text);
        Some(Self { bytes, len: text.len() as u8 })
    }
}
