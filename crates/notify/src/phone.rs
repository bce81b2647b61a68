//! The phone that gets the messages of an area.

use core::fmt;
use reading::AreaId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A phone number: an optional `+` and 3 to 15 digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Phone(String);

/// A stored text that is no phone number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("stored phone `{text}` is no phone number")]
pub struct NotAPhone {
    text: String,
}

impl From<Phone> for String {
    fn from(phone: Phone) -> Self {
        phone.0
    }
}

impl TryFrom<String> for Phone {
    type Error = NotAPhone;

    fn try_from(text: String) -> Result<Self, NotAPhone> {
        Self::new(&text).ok_or(NotAPhone { text })
    }
}

impl Phone {
    /// The number, if it is one. Spaces and hyphens between digits are left out, as people write them.
    pub fn new(text: &str) -> Option<Self> {
        let number: String = text.trim().chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let digits = number.strip_prefix('+').unwrap_or(&number);
        // ITU-T E.164: at most 15 digits; three is the shortest service number.
        let right = (3..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        right.then_some(Self(number))
    }

    /// The number as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The phone of each area, and one for what has no area of its own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Routes {
    by_area: BTreeMap<AreaId, Phone>,
    otherwise: Option<Phone>,
}

/// Why some pairs of area and phone make no routes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// Two phones for one area.
    #[error("area {area} has two readers' phones, {one} and {other}")]
    TwoPhones {
        /// Which area.
        area: AreaId,
        /// A phone.
        one: Phone,
        /// Another.
        other: Phone,
    },
}

impl Routes {
    /// Routes of these pairs, which may repeat; `otherwise` gets what has no area, or an area without a phone.
    pub fn new(
        pairs: impl IntoIterator<Item = (AreaId, Phone)>,
        otherwise: Option<Phone>,
    ) -> Result<Self, RouteError> {
        let mut by_area = BTreeMap::<AreaId, Phone>::new();
        for (area, phone) in pairs {
            match by_area.get(&area) {
                Some(known) if *known != phone => {
                    let one = known.clone().min(phone.clone());
                    let other = known.clone().max(phone);
                    return Err(RouteError::TwoPhones { area, one, other });
                }
                _ => by_area.insert(area, phone),
            };
        }
        Ok(Self { by_area, otherwise })
    }

    /// The phone that gets the messages of this area.
    pub fn phone_of(&self, area: Option<AreaId>) -> Option<&Phone> {
        area.and_then(|area| self.by_area.get(&area)).or(self.otherwise.as_ref())
    }
}
