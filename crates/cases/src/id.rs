//! Names of cases and alerts: the same in every run, printable, and safe as a key or a file name.

use core::fmt;
use detect::Detector;
use reading::{EventTime, MeterId};
use serde::{Deserialize, Serialize};

macro_rules! names {
    ($($(#[$doc:meta])* $id:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $id(String);

        impl $id {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<$id> for String {
            fn from(id: $id) -> Self {
                id.0
            }
        }

        impl TryFrom<String> for $id {
            type Error = NotAName;

            /// A name as it was stored, if every byte of it may stand in a name.
            fn try_from(text: String) -> Result<Self, NotAName> {
                if text.is_empty() || !text.bytes().all(reading::id::is_name_byte) {
                    return Err(NotAName { text });
                }
                Ok(Self(text))
            }
        }

        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    )*};
}

names! {
    /// The name of a case: detector, meter and opening time, as in `phase-neutral.M000123.20240105T1430Z`.
    CaseId;
    /// The name of an alert: that of its case, and what happened to it.
    AlertId;
}

impl CaseId {
    /// The name of the case that this detector opens for this meter at this time.
    pub fn new(detector: Detector, meter: MeterId, opened: EventTime) -> Self {
        Self(format!("{detector}.{meter}.{}", compact(opened)))
    }
}

impl AlertId {
    /// The name of the alert about what happened to a case.
    pub fn new(case: &CaseId, what: &str) -> Self {
        Self(format!("{case}.{what}"))
    }
}

/// A stored text that is no name of a case or an alert.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("stored name `{text}` is no name of a case or an alert")]
pub struct NotAName {
    text: String,
}

/// ISO 8601 in its basic form, seconds only where there are any: a colon is not safe in a file name.
fn compact(time: EventTime) -> String {
    let basic: String = time.to_string().chars().filter(|c| !matches!(c, '-' | ':')).collect();
    // `20240105T143000Z`: the last two digits before the `Z` are seconds, unless a fraction follows them.
    match basic.strip_suffix("00Z").filter(|minutes| minutes.len() == "20240105T1430".len()) {
        Some(minutes) => format!("{minutes}Z"),
        None => basic,
    }
}
