//! Numbers that stand for settings, so that a stored state is only used under the settings that made it.

use crate::id;

/// Makes a 64-bit number of settings, one after the other. Equal settings give an equal number on every machine, in
/// every build and in every run, because stored states are compared with it long after they were written.
///
/// A setting counts by its value and its place, not by its name or by how `Debug` prints it: a renamed field must not
/// make a stored state useless. So the order of the calls is part of the stored format, and a new setting goes to the
/// end. Where a state's form changes too, its version says so.
///
/// ```
/// # use reading::Fingerprint;
/// let settings = |hours: i64| Fingerprint::new("groups").whole(hours).flag(true).end();
/// assert_ne!(settings(24), settings(48));
/// ```
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct Fingerprint(u64);

/// What kind of value follows. Mixed in before the value, or else `None` before 1 would look as 1 before `None`, and a
/// flag as a number.
enum Tag {
    Whole = 1,
    Number = 2,
    Text = 3,
    Flag = 4,
    Absent = 5,
}

impl Fingerprint {
    /// Begins the number of one part's settings. Parts of different names differ even if their settings are equal.
    pub fn new(part: &str) -> Self {
        Self(id::hash(part.as_bytes()))
    }

    /// A whole number: milliseconds, watt-hours, a count.
    pub fn whole(self, value: i64) -> Self {
        self.mix(Tag::Whole, value as u64)
    }

    /// A number with a fraction. Every bit of it counts, but for the sign of zero: `-0.0` equals `0.0`.
    pub fn number(self, value: f64) -> Self {
        self.mix(Tag::Number, (value + 0.0).to_bits())
    }

    /// A name.
    pub fn text(self, value: &str) -> Self {
        self.mix(Tag::Text, id::hash(value.as_bytes()))
    }

    /// Something that is on or off.
    pub fn flag(self, value: bool) -> Self {
        self.mix(Tag::Flag, value.into())
    }

    /// A whole number that may be absent. Zero is not absent.
    pub fn optional(self, value: Option<i64>) -> Self {
        match value {
            Some(value) => self.whole(value),
            None => self.mix(Tag::Absent, 0),
        }
    }

    /// The number.
    pub fn end(self) -> u64 {
        id::last(self.0, 0)
    }

    fn mix(self, tag: Tag, value: u64) -> Self {
        Self(id::next(id::next(self.0, tag as u64), value))
    }
}

#[cfg(test)]
mod tests;
