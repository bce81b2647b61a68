//! What is stored of scores and evidence. Detectors, facts and innocent causes are stored under their names, so that
//! a state can be read by a program that has more of them. What a detector stores of its own is in its file.

use crate::daily::OpenDay;
use crate::weigh::Found;
use crate::{
    DailyScores, DailySuspicion, Detector, Evidence, Fact, FactDefinition, Findings, Innocent,
    InnocentDefinition,
};
use jiff::civil::Date;
use reading::{AreaId, Calendar, EventTime, Fingerprint, MeterId, TransformerId};
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

/// The stored state of [`DailyScores`]: the days under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DailyScoresState {
    days: Vec<DailyRow>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct DailyRow {
    /// Year, month and day.
    day: (i16, i8, i8),
    meter: MeterId,
    transformer: Option<TransformerId>,
    score: f64,
    /// Those above zero.
    by_detector: Vec<(Detector, f64)>,
}

/// Version 1 of [`DailyScoresState`], which had one day only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DailyScoresStateV1 {
    day: Option<(i16, i8, i8)>,
    meters: Vec<DailyRowV1>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct DailyRowV1 {
    meter: MeterId,
    score: f64,
    by_detector: Vec<(Detector, f64)>,
}

impl From<DailyScoresStateV1> for DailyScoresState {
    fn from(stored: DailyScoresStateV1) -> Self {
        let Some(day) = stored.day else { return Self { days: Vec::new() } };
        let row = |DailyRowV1 { meter, score, by_detector }| DailyRow {
            day,
            meter,
            transformer: None,
            score,
            by_detector,
        };
        Self { days: stored.meters.into_iter().map(row).collect() }
    }
}

impl DailyScores {
    /// Goes up when the form of [`DailyScoresState`] changes.
    pub const STATE_VERSION: u16 = 2;

    /// The fingerprint of the settings that the state depends on: here those that decide which local day it is.
    pub fn fingerprint(calendar: &Calendar) -> u64 {
        Fingerprint::new("suspicions").text(calendar.zone_name()).end()
    }

    /// What must be stored to go on later.
    pub fn snapshot(&self) -> DailyScoresState {
        let row = |OpenDay { row, transformer }: &OpenDay| {
            let scores = Detector::ALL.iter().map(|&detector| (detector, row.score_of(detector)));
            let by_detector = scores.filter(|(_, score)| *score > 0.0).collect();
            let day = (row.day.year(), row.day.month(), row.day.day());
            DailyRow { day, meter: row.meter, transformer: *transformer, score: row.score, by_detector }
        };
        DailyScoresState { days: self.open.values().map(row).collect() }
    }

    /// Goes on from what was stored.
    pub fn restore(stored: DailyScoresState) -> Result<Self, RestoreError> {
        let mut restored = Self::new();
        for DailyRow { day: (year, month, day), meter, transformer, score, by_detector } in stored.days {
            let Ok(day) = Date::new(year, month, day) else {
                return Err(RestoreError::Day { year, month, day });
            };
            let mut row = DailySuspicion::new(meter, day);
            row.score = score;
            for (detector, score) in by_detector {
                row.by_detector[detector as usize] = score;
            }
            restored.open.insert((day, meter), OpenDay { row, transformer });
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

/// The stored form of [`Findings`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FindingsState {
    found: Vec<FoundState>,
    held_back: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct FoundState {
    time: EventTime,
    meter: MeterId,
    transformer: Option<TransformerId>,
    area: Option<AreaId>,
    evidence: EvidenceState,
}

impl Findings {
    /// Goes up when the form of [`FindingsState`] changes.
    pub const STATE_VERSION: u16 = 1;

    /// What must be stored to go on later.
    pub fn snapshot(&self) -> FindingsState {
        let found = |found: &Found| {
            let Found { time, meter, transformer, area, ref evidence } = *found;
            FoundState { time, meter, transformer, area, evidence: evidence.into() }
        };
        FindingsState { found: self.found.iter().map(found).collect(), held_back: self.held_back }
    }

    /// Goes on from what was stored.
    pub fn restore(FindingsState { found, held_back }: FindingsState) -> Result<Self, RestoreError> {
        let found = found.into_iter().map(|FoundState { time, meter, transformer, area, evidence }| {
            Ok(Found { time, meter, transformer, area, evidence: evidence.try_into()? })
        });
        Ok(Self { found: found.collect::<Result<_, RestoreError>>()?, held_back })
    }
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
