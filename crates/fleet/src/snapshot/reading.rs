//! A [`Reading`] is stored by its parts: its own fields are private and packed, so that only checked readings exist.

use reading::{Parts, Reading};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(crate) fn serialize<S: Serializer>(reading: &Reading, serializer: S) -> Result<S::Ok, S::Error> {
    reading.parts().serialize(serializer)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Reading, D::Error> {
    Parts::deserialize(deserializer).map(Parts::join)
}
