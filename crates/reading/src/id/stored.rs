//! Names are stored as text, and checked again when they are read: what was stored may be damaged or foreign.

use super::{MeterName, Name, PlaceName};
use core::fmt;
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};
use serde::ser::{Serialize, Serializer};

impl<const MOST: usize> Serialize for Name<MOST> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for MeterName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wanted = "a name of 1 to 32 of `A-Z a-z 0-9 . _ -`";
        deserializer.deserialize_str(AsText { read: Self::new, wanted })
    }
}

impl<'de> Deserialize<'de> for PlaceName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wanted = "a name of 1 to 64 bytes of UTF-8 without `/` and control characters";
        deserializer.deserialize_str(AsText { read: Self::new, wanted })
    }
}

/// Takes the text from any format without a copy of it, so that this works without an allocator.
struct AsText<T> {
    read: fn(&[u8]) -> Option<T>,
    wanted: &'static str,
}

impl<T> Visitor<'_> for AsText<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.wanted)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.read)(text.as_bytes()).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}
