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
        if text.is_empty() || text.len() > LONGEST || !text.iter().all(|&b| is_name_byte(b)) {
            return None;
        }
        let mut bytes = [0; LONGEST];
        bytes[..text.len()].copy_from_slice(text);
        Some(Self { bytes, len: text.len() as u8 })
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len as usize]
    }

    fn as_str(&self) -> &str {
        core::str::from_utf8(self.as_bytes()).expect("names are ASCII by construction")
    }
}

/// Whether a byte may stand in a name: `A-Z a-z 0-9 . _ -`.
pub const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}

/// A 64-bit mix of a meter's name: the same on every machine and in every run.
pub fn hash(name: &[u8]) -> u64 {
    // The folded multiply of wyhash: two words of the name at a time, length in the seed.
    const SEED: u64 = 0x9e37_79b9_7f4a_7c15;
    let fold = |a: u64, b: u64| {
        let wide = u128::from(a) * u128::from(b);
        wide as u64 ^ (wide >> 64) as u64
    };
    let word = |chunk: &[u8]| {
        let mut bytes = [0; 8];
        bytes[..chunk.len()].copy_from_slice(chunk);
        u64::from_le_bytes(bytes)
    };
    let mut mixed = SEED ^ name.len() as u64;
    let mut rest = name;
    while rest.len() > 8 {
        mixed = fold(word(&rest[..8]) ^ 0xa076_1d64_78bd_642f, mixed ^ 0xe703_7ed1_a0b4_28db);
        rest = &rest[8..];
    }
    fold(word(rest) ^ 0x8ebc_6af0_9c88_c6e3, mixed ^ 0x5899_65cc_7537_4cc3)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $id:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $id(Name);

        impl $id {
            /// The id with this name, if it is 1 to 32 of `A-Z a-z 0-9 . _ -`.
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
