//! The names of the fields, each recognized by one comparison of eight bytes.

/// Calls a macro with every field in the order of the wire table, which is the order that [`encode`](super::encode())
/// writes.
macro_rules! each_field {
    ($use_of:ident) => {
        $use_of! {
            Meter "meter", Time "time", Imp "imp", Exp "exp", V "v", I "i", Neutral "in", VLoad "vl", P "p", Q "q",
            Lag "lag", Lead "lead", Vah "vah", F "f", Events "ev", Relay "relay", Seq "seq",
        }
    };
}
pub(super) use each_field;

macro_rules! fields {
    ($($field:ident $name:literal,)*) => {
        /// A field of the wire format.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub(super) enum Field { $($field,)* }

        impl Field {
            const NAMED: &[(&str, Self)] = &[$(($name, Self::$field),)*];

            const fn name(self) -> &'static [u8] {
                match self { $(Self::$field => $name.as_bytes(),)* }
            }
        }
    };
}
each_field!(fields);

/// The longest name.
pub(super) const LONGEST: usize = 5;

impl Field {
    /// The field with this name.
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        Self::NAMED.iter().find(|(known, _)| known.as_bytes() == name).map(|&(_, field)| field)
    }

    /// Its place in a set of fields.
    pub(super) const fn bit(self) -> u32 {
        1 << self as u32
    }

    /// How wide its name is with its quotes and its colon.
    pub(super) const fn width(self) -> usize {
        self.name().len() + 3
    }

    /// Its name as it looks quoted and with its colon, pushed to the top of a little-endian word: five letters,
    /// two quotes and a colon are just eight bytes.
    pub(super) const fn quoted(self) -> u64 {
        let name = self.name();
        let mut bytes = [0; 8];
        let mut at = 8 - self.width();
        bytes[at] = b'"';
        at += 1;
        let mut letter = 0;
        while letter < name.len() {
            bytes[at] = name[letter];
            at += 1;
            letter += 1;
        }
        bytes[at] = b'"';
        bytes[at + 1] = b':';
        u64::from_le_bytes(bytes)
    }
}
