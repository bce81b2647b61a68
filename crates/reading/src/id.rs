//! Names of meters, and of places: transformers, feeders and areas. Both are copied without allocation.
//!
//! A meter's name comes with every reading, so it is short, and plain in every form that it is sent in. A place is
//! named by people, in their own letters: see [`NotAPlace`].

mod place;
#[cfg(feature = "serde")]
mod stored;

pub use place::{LONGEST_PLACE, NotAPlace, check_place, is_place_letter};

use core::cmp::Ordering;
use core::fmt;
use place::PlaceName;

/// The most bytes that the name of a meter may have.
pub const LONGEST: usize = 32;

/// A text of up to `MOST` bytes, which must be a multiple of eight.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Name<const MOST: usize> {
    // Unused bytes are zero.
    bytes: [u8; MOST],
    len: u8,
}

/// The name of a meter.
type MeterName = Name<LONGEST>;

impl<const MOST: usize> Ord for Name<MOST> {
    /// The order of the text. No letter is zero, so that names with equal bytes also have equal lengths.
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        // Eight letters at a time, the first in the highest place. A call to `memcmp` costs more than that.
        let (mine, others) = (self.bytes.as_chunks().0, other.bytes.as_chunks().0);
        let differ = mine.iter().zip(others).find(|(mine, others)| mine != others);
        differ.map_or(Ordering::Equal, |(&mine, &others)| {
            u64::from_be_bytes(mine).cmp(&u64::from_be_bytes(others))
        })
    }
}

impl<const MOST: usize> PartialOrd for Name<MOST> {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl MeterName {
    #[inline]
    fn new(text: &[u8]) -> Option<Self> {
        if text.is_empty() || text.len() > LONGEST {
            return None;
        }
        // Eight letters at a time: most names are so short that a call to copy them costs more.
        let mut words = [0; LONGEST / 8];
        let mut bad = 0;
        for (word, letters) in words.iter_mut().zip(text.chunks(8)) {
            *word = word_of(letters);
            bad |= no_letters(*word, letters.len());
        }
        (bad == 0).then(|| Self { bytes: bytes_of(words), len: text.len() as u8 })
    }
}

impl<const MOST: usize> Name<MOST> {
    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len as usize]
    }

    /// [`hash`] of the name. The zeros behind the name spare the case of a last word that is not full.
    #[inline]
    fn hash(&self) -> u64 {
        let (words, _) = self.bytes.as_chunks();
        let mut mixed = SEED ^ u64::from(self.len);
        let mut rest = self.len;
        for &word in words {
            let word = u64::from_le_bytes(word);
            if rest <= 8 {
                return last(mixed, word);
            }
            mixed = next(mixed, word);
            rest -= 8;
        }
        last(mixed, 0)
    }

    fn as_str(&self) -> &str {
        core::str::from_utf8(self.as_bytes()).expect("names are text by construction")
    }
}

/// Whether a byte may stand in the name of a meter: `A-Z a-z 0-9 . _ -`.
pub const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}

/// The first bytes, up to eight: the first in the lowest place, zeros above the last. Makes no call to copy so few.
#[inline]
pub fn word_of(bytes: &[u8]) -> u64 {
    if let Some(all) = bytes.first_chunk() {
        return u64::from_le_bytes(*all);
    }
    // Four to seven bytes: two halves that overlap in the middle hold them all.
    if let (Some(low), Some(high)) = (bytes.first_chunk(), bytes.last_chunk()) {
        return u64::from(u32::from_le_bytes(*low))
            | u64::from(u32::from_le_bytes(*high)) << (8 * (bytes.len() - 4));
    }
    bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
}

#[inline]
fn bytes_of(words: [u64; LONGEST / 8]) -> [u8; LONGEST] {
    let mut bytes = [0; LONGEST];
    for (bytes, word) in bytes.as_chunks_mut().0.iter_mut().zip(words) {
        *bytes = word.to_le_bytes();
    }
    bytes
}

/// Not zero if one of the first `count` bytes of a word is no [name byte](is_name_byte). Eight bytes are tested at
/// once, and bit 7 of each byte holds its answer.
#[inline]
fn no_letters(word: u64, count: usize) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * ONES;
    let plain = word & !HIGH;
    // Sets bit 7 of each byte that is at least `least`. No byte carries into the next, because bit 7 is clear before.
    let from = |least: u8| plain + u64::from(0x80 - least) * ONES;
    let folded = plain | (0x20 * ONES);
    let folded_from = |least: u8| folded + u64::from(0x80 - least) * ONES;
    let letter = folded_from(b'a') & !folded_from(b'z' + 1);
    let digit = from(b'0') & !from(b'9' + 1);
    let dash_or_dot = from(b'-') & !from(b'.' + 1);
    let underscore = from(b'_') & !from(b'_' + 1);
    let good = (letter | digit | dash_or_dot | underscore) & !word;
    !good & HIGH & (u64::MAX >> (64 - 8 * count))
}

/// A 64-bit mix of a name: the same on every machine and in every run.
#[inline]
pub fn hash(name: &[u8]) -> u64 {
    let mut mixed = SEED ^ name.len() as u64;
    let mut rest = name;
    while rest.len() > 8 {
        mixed = next(mixed, word_of(rest));
        rest = &rest[8..];
    }
    last(mixed, word_of(rest))
}

// The folded multiply of wyhash: one word of the name at a time, the length in the seed.
const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

pub(crate) fn next(mixed: u64, word: u64) -> u64 {
    fold(word ^ 0xa076_1d64_78bd_642f, mixed ^ 0xe703_7ed1_a0b4_28db)
}

pub(crate) fn last(mixed: u64, word: u64) -> u64 {
    fold(word ^ 0x8ebc_6af0_9c88_c6e3, mixed ^ 0x5899_65cc_7537_4cc3)
}

fn fold(a: u64, b: u64) -> u64 {
    let wide = u128::from(a) * u128::from(b);
    wide as u64 ^ (wide >> 64) as u64
}

macro_rules! ids {
    ($($(#[$doc:meta])* $id:ident: $name:ident, $right:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
        pub struct $id($name);

        impl $id {
            /// [`hash`] of its name.
            pub fn hash(&self) -> u64 {
                self.0.hash()
            }

            #[doc = concat!("The id with this name, if it is ", $right, ".")]
            #[inline]
            pub fn new(name: impl AsRef<[u8]>) -> Option<Self> {
                $name::new(name.as_ref()).map(Self)
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }

            /// The name as bytes.
            pub fn as_bytes(&self) -> &[u8] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl fmt::Debug for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($id), "({})"), self.as_str())
            }
        }
    )*};
}

impl MeterId {
    /// The id of a name of up to 15 letters that was checked before, from its letters: eight in each word, as in
    /// [`word_of`].
    #[inline]
    pub fn again(words: [u64; 2], len: u8) -> Self {
        let name = MeterName { bytes: bytes_of([words[0], words[1], 0, 0]), len };
        debug_assert!(MeterName::new(name.as_bytes()) == Some(name), "names are checked at the door");
        Self(name)
    }
}

ids! {
    /// A meter, by the name that it sends.
    MeterId: MeterName, "1 to 32 of `A-Z a-z 0-9 . _ -`";
    /// A distribution transformer.
    TransformerId: PlaceName, "the name of a place: see [`NotAPlace`]";
    /// A feeder, which supplies several transformers.
    FeederId: PlaceName, "the name of a place: see [`NotAPlace`]";
    /// The area that one meter reader walks.
    AreaId: PlaceName, "the name of a place: see [`NotAPlace`]";
    /// A concentrator or gateway, which sends for several meters and often stamps their readings.
    ConcentratorId: PlaceName, "the name of a place: see [`NotAPlace`]";
}
