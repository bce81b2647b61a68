//! What is stored of scores and evidence. Detectors, facts and innocent causes are stored under their names, so that
//! a state can be read by a program that has more of them. What a detector stores of its own is in its file.

use crate::{
    DailyScores, DailySuspicion, Detector, Evidence, Fact, FactDefinition, Innocent, InnocentDefinition,
};
use jiff::civil::Date;
use reading::{Calendar, EventTime, Fingerprint, MeterId};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use units::WattHours;

/// Why something stored cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// A day that no calendar has.
    #[error("stored day {year}-{month}-{day} is no day")]
    Day {
        /// The year.
        year: i16,
        /// The month.
        month: i8,
        /// The day of the month.
        day: i8,
    },
    /// A name that this program does not know: of a detector, a fact or an innocent cause.
    #[error("stored {what} `{name}` is not known")]
    Unknown {
        /// Of what.
        what: &'static str,
        /// What was stored.
        name: String,
    },
}

impl Serialize for Detector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Detector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::parse(&name).ok_or_else(|| D::Error::custom(unknown("detector", &name)))
    }
}

fn unknown(what: &'static str, name: &str) -> RestoreError {
    RestoreError::Unknown { what, name: name.to_owned() }
}

/// The stored state of [`DailyScores`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DailyScoresState {
    /// Year, month and day under way.
    day: Option<(i16, i8, i8)>,
    meters: Vec<DailyRow>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct DailyRow {
    meter: MeterId,
    score: f64,
    /// Those above zero.
    by_detector: Vec<(Detector, f64)>,
}

impl DailyScores {
    /// Goes up when the form of [`DailyScoresState`] changes.
    pub const STATE_VERSION: u16 = 1;

    /// The fingerprint of the settings that the state depends on: here those that decide which local day it is.
    pub fn fingerprint(calendar: &Calendar) -> u64 {
        Fingerprint::new("suspicions").text(calendar.zone_name()).end()
    }

    /// What must be stored to go on later.
    pub fn snapshot(&self) -> DailyScoresState {
        let row = |row: &DailySuspicion| {
            let scores = Detector::ALL.iter().map(|&detector| (detector, row.score_of(detector)));
            let by_detector = scores.filter(|(_, score)| *score > 0.0).collect();
            DailyRow { meter: row.meter, score: row.score, by_detector }
        };
        DailyScoresState {
            day: self.day.map(|day| (day.year(), day.month(), day.day())),
            meters: self.by_meter.values().map(row).collect(),
        }
    }

    /// Goes on from what was stored.
    pub fn restore(stored: DailyScoresState) -> Result<Self, RestoreError> {
        let Some((year, month, day)) = stored.day else { return Ok(Self::new()) };
        let Ok(day) = Date::new(year, month, day) else { return Err(RestoreError::Day { year, month, day }) };
        let mut restored = Self { day: Some(day), by_meter: Default::default() };
        for row in stored.meters {
            let mut daily = DailySuspicion::new(row.meter, day);
            daily.score = row.score;
            for (detector, score) in row.by_detector {
                daily.by_detector[detector as usize] = score;
            }
            restored.by_meter.insert(row.meter, daily);
        }
        Ok(restored)
    }
}

/// [`Evidence`], stored with the case that it opened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvidenceState {
    detector: Detector,
    since: EventTime,
    until: EventTime,
    blocks: u32,
    score: f64,
    weight: f64,
    facts: Vec<FactState>,
    excess: Option<WattHours>,
    looked_at: Vec<(String, Vec<FactState>)>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct FactState {
    name: String,
    value: f64,
    limit: Option<f64>,
    about: Option<MeterId>,
}

impl From<&Evidence> for EvidenceState {
    fn from(evidence: &Evidence) -> Self {
        let innocent = |innocent: &Innocent| {
            (innocent.name().to_owned(), innocent.facts.iter().map(Into::into).collect())
        };
        Self {
            detector: evidence.detector,
            since: evidence.since,
            until: evidence.until,
            blocks: evidence.blocks,
            score: evidence.score,
            weight: evidence.weight,
            facts: evidence.facts.iter().map(Into::into).collect(),
            excess: evidence.excess,
            looked_at: evidence.looked_at.iter().map(innocent).collect(),
        }
    }
}

impl TryFrom<EvidenceState> for Evidence {
    type Error = RestoreError;

    fn try_from(stored: EvidenceState) -> Result<Self, RestoreError> {
        let about = stored.detector.about();
        let innocent = |(name, stored): (String, Vec<FactState>)| {
            let definition = about.innocent(&name).ok_or_else(|| unknown("innocent cause", &name))?;
            let facts = facts(stored, |name| InnocentDefinition::fact(definition, name))?;
            Ok(Innocent { definition, facts })
        };
        let looked_at: Result<Vec<_>, RestoreError> = stored.looked_at.into_iter().map(innocent).collect();
        Ok(Self {
            detector: stored.detector,
            since: stored.since,
            until: stored.until,
            blocks: stored.blocks,
            score: stored.score,
            weight: stored.weight,
            facts: facts(stored.facts, |name| about.fact(name))?,
            excess: stored.excess,
            looked_at: looked_at?,
        })
    }
}

impl From<&Fact> for FactState {
    fn from(fact: &Fact) -> Self {
        let Fact { definition, value, limit, about } = *fact;
        Self { name: definition.name.to_owned(), value, limit, about }
    }
}

fn facts(
    stored: Vec<FactState>,
    definition: impl Fn(&str) -> Option<&'static FactDefinition>,
) -> Result<Vec<Fact>, RestoreError> {
    let fact = |FactState { name, value, limit, about }: FactState| {
        let definition = definition(&name).ok_or_else(|| unknown("fact", &name))?;
        Ok(Fact { definition, value, limit, about })
    };
    stored.into_iter().map(fact).collect()
}
