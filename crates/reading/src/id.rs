//! Names of meters, transformers, feeders and areas: short, printable, copied about without allocation.

use core::fmt;

/// The most bytes that a name may have.
pub const LONGEST: usize = 32;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    // Bytes first, so that the derived order is that of the text; unused bytes are zero.
    bytes: [u8; LONGEST],
    len: u8,
}

impl Name {
    fn new(text: &[u8]) -> Option<Self> {
        if text.is_empty() || text.len() > LONGEST {
            return None;
        }
        // One plain loop: most names are too short for a call to copy them.
        let mut bytes = [0; LONGEST];
        let mut good = true;
        for (kept, &byte) in bytes.iter_mut().zip(text) {
            *kept = byte;
            good &= NAME_BYTES[byte as usize];
        }
        if !good {
            return None;
        }
        Some(Self { bytes, len: text.len() as u8 })
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len as usize]
    }

    /// [`hash`] of the name, from the zeros that stand behind it anyway.
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
        core::str::from_utf8(self.as_bytes()).expect("names are ASCII by construction")
    }
}

/// Whether a byte may stand in a name: `A-Z a-z 0-9 . _ -`.
pub const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}

const NAME_BYTES: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = is_name_byte(byte as u8);
        byte += 1;
    }
    table
};

/// A 64-bit mix of a meter's name: the same on every machine and in every run.
pub fn hash(name: &[u8]) -> u64 {
    let word = |chunk: &[u8]| {
        let mut bytes = [0; 8];
        bytes[..chunk.len()].copy_from_slice(chunk);
        u64::from_le_bytes(bytes)
    };
    let mut mixed = SEED ^ name.len() as u64;
    let mut rest = name;
    while rest.len() > 8 {
        mixed = next(mixed, word(&rest[..8]));
        rest = &rest[8..];
    }
    last(mixed, word(rest))
}

// The folded multiply of wyhash: a word of the name at a time, its length in the seed.
const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

fn next(mixed: u64, word: u64) -> u64 {
    fold(word ^ 0xa076_1d64_78bd_642f, mixed ^ 0xe703_7ed1_a0b4_28db)
}

fn last(mixed: u64, word: u64) -> u64 {
    fold(word ^ 0x8ebc_6af0_9c88_c6e3, mixed ^ 0x5899_65cc_7537_4cc3)
}

fn fold(a: u64, b: u64) -> u64 {
    let wide = u128::from(a) * u128::from(b);
    wide as u64 ^ (wide >> 64) as u64
}

macro_rules! ids {
    ($($(#[$doc:meta])* $id:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $id(Name);

        impl $id {
            /// [`hash`] of its name.
            pub fn hash(&self) -> u64 {
                self.0.hash()
            }

            /// The id with this name, if it is 1 to 32 of `A-Z a-z 0-9 . _ -`.
            #[inline]
            pub fn new(name: impl AsRef<[u8]>) -> Option<Self> {
                Name::new(name.as_ref()).map(Self)
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

ids! {
    /// A meter, by the name that it sends.
    MeterId;
    /// A distribution transformer.
    TransformerId;
    /// A feeder: what several transformers hang on.
    FeederId;
    /// The area that one meter reader walks.
    AreaId;
}
