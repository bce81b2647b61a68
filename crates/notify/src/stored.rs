//! What the notifier stores, version 2: plain names and numbers. Change nothing here; add a version beside it.
//!
//! Version 1, which did not remember what was told of a meter, never left the workshop.

use crate::notifier::{Held, Line, Told};
use crate::{Notifier, Phone, Routes, Throttle};
use cases::{AlertId, CaseId};
use reading::{AreaId, EventTime, MeterId};
use serde::{Deserialize, Serialize};
use units::Amperes;

/// What [`Notifier::snapshot`] keeps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NotifierV2 {
    /// By number.
    pub phones: Vec<PhoneV1>,
    /// By meter.
    pub told: Vec<ToldV2>,
}

/// One phone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PhoneV1 {
    /// Its number.
    pub phone: String,
    /// Messages of the last 24 hours, ms.
    pub sent: Vec<i64>,
    /// What waits.
    pub held: Vec<HeldV1>,
    /// How many others wait.
    pub more: u32,
}

/// An alert that waits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeldV1 {
    /// Its name.
    pub alert: String,
    /// The name of its case.
    pub case: String,
    /// By name.
    pub area: Option<String>,
    /// By name.
    pub meter: String,
    /// A.
    pub apart: f64,
}

/// What a person was last told of a meter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToldV2 {
    /// By name.
    pub meter: String,
    /// ms.
    pub time: i64,
    /// A.
    pub apart: f64,
}

/// Why something stored cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// A name that is none.
    #[error("stored {what} `{name}` is no name of one")]
    Name {
        /// Of what.
        what: &'static str,
        /// What was stored.
        name: String,
    },
}

fn named<T>(what: &'static str, name: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, RestoreError> {
    parse(name).ok_or_else(|| RestoreError::Name { what, name: name.to_owned() })
}

impl Notifier {
    /// What must be stored to go on later.
    pub fn snapshot(&self) -> NotifierV2 {
        let held = |held: &Held| HeldV1 {
            alert: held.alert.to_string(),
            case: held.case.to_string(),
            area: held.area.map(|area| area.to_string()),
            meter: held.meter.to_string(),
            apart: held.apart.0,
        };
        let phone = |(phone, line): (&Phone, &Line)| PhoneV1 {
            phone: phone.to_string(),
            sent: line.sent.iter().map(|time| time.0).collect(),
            held: line.held.iter().map(held).collect(),
            more: line.more,
        };
        let told = |(meter, told): (&MeterId, &Told)| ToldV2 {
            meter: meter.to_string(),
            time: told.time.0,
            apart: told.apart.0,
        };
        NotifierV2 {
            phones: self.lines.iter().map(phone).collect(),
            told: self.told.iter().map(told).collect(),
        }
    }

    /// Goes on from what was stored, with these routes and this throttle.
    pub fn restore(routes: Routes, throttle: Throttle, stored: NotifierV2) -> Result<Self, RestoreError> {
        let mut restored = Self::new(routes, throttle);
        for stored in stored.phones {
            let phone = named("phone", &stored.phone, Phone::new)?;
            let held: Result<Vec<_>, _> = stored.held.iter().map(Held::try_from).collect();
            let sent = stored.sent.into_iter().map(EventTime).collect();
            restored.lines.insert(phone, Line { sent, held: held?, more: stored.more });
        }
        for stored in stored.told {
            let meter = named("meter", &stored.meter, |name| MeterId::new(name))?;
            let told = Told { time: EventTime(stored.time), apart: Amperes(stored.apart) };
            restored.told.insert(meter, told);
        }
        Ok(restored)
    }
}

impl TryFrom<&HeldV1> for Held {
    type Error = RestoreError;

    fn try_from(stored: &HeldV1) -> Result<Self, RestoreError> {
        let area = stored.area.as_ref().map(|area| named("area", area, |name| AreaId::new(name)));
        Ok(Self {
            alert: named("alert", &stored.alert, AlertId::parse)?,
            case: named("case", &stored.case, CaseId::parse)?,
            area: area.transpose()?,
            meter: named("meter", &stored.meter, |name| MeterId::new(name))?,
            apart: Amperes(stored.apart),
        })
    }
}
