//! The whole state as bytes: versioned, checksummed, bound to the plan that made it.
//!
//! | bytes | what |
//! | --- | --- |
//! | 8 | `GWSTATE\n` |
//! | 4 | version, little endian |
//! | 8 | fingerprint of the plan |
//! | 8 | length of what follows, without the checksum |
//! | n | [`StateV5`] in postcard |
//! | 4 | CRC-32 of all before |

use crate::books::{Books, BooksV1, MeteringState};
use crate::confluence::{Confluence, ConfluenceV2};
use crate::lane::written;
use crate::town::{Missing, Town, TownError};
use crate::{Pipeline, Plan};
use cases::{Cases, CasesV1};
use detect::{DailyScores, DailyScoresV1, PhaseNeutralRuns, PhaseNeutralRunsV1};
use fleet::{FleetState, PartitionId, SequencerState};
use forecast::SeasonalMean;
use grid::Topology;
use jiff::civil::Date;
use metering::GroupsState;
use notify::{Notifier, NotifierV2};
use reading::MeterId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use supply::{IndicesState, SupplyState};
use vet::{Findings, FindingsState};

const MAGIC: &[u8; 8] = b"GWSTATE\n";
const VERSION: u32 = 8;
const HEADER: usize = 8 + 4 + 8 + 8;

/// Why a snapshot is not taken.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// Something else.
    #[error("not a snapshot of Gridwarden: it begins with other bytes")]
    Foreign,
    /// From another program: versions 1 to 6 never left the workshop.
    #[error("the snapshot has version {found}, this program reads {VERSION}")]
    Version {
        /// Its version.
        found: u32,
    },
    /// Not all of it is there.
    #[error("the snapshot is torn: {found} bytes of {expected}")]
    Torn {
        /// How many bytes there are.
        found: usize,
        /// How many it says there are.
        expected: u64,
    },
    /// Some bit changed.
    #[error("the snapshot is damaged: its checksum is {found:08x}, expected {expected:08x}")]
    Checksum {
        /// What the bytes give.
        found: u32,
        /// What stands in it.
        expected: u32,
    },
    /// Made under other settings.
    #[error("the snapshot was made by another plan: fingerprint {found:016x}, this plan has {expected:016x}")]
    Plan {
        /// Its fingerprint.
        found: u64,
        /// That of the plan at hand.
        expected: u64,
    },
    /// The checksum is right and the content is not.
    #[error("the snapshot holds what cannot be: {what}")]
    Content {
        /// Which part.
        what: &'static str,
    },
    /// The plan and the topology do not fit.
    #[error(transparent)]
    Town(#[from] TownError),
}

/// `F` is a [`FleetState`] and `M` a [`MeteringState`], or what is written as one.
#[derive(Serialize, Deserialize)]
struct StateV5<F, M> {
    sequencer: SequencerState,
    fleet: F,
    books: BooksV1<M>,
    town: Option<TownV3>,
}

/// The second stage, stored.
#[derive(Debug, Serialize, Deserialize)]
pub struct TownV3 {
    today: Option<(i16, i8, i8)>,
    unrouted: u64,
    held_back: u64,
    strangers: Vec<String>,
    loads: Vec<SeasonalMean>,
    groups: Option<(u64, GroupsState)>,
    runs: Option<PhaseNeutralRunsV1>,
    daily: Option<DailyScoresV1>,
    cases: Option<CasesV1>,
    notifier: Option<NotifierV2>,
    findings: Option<FindingsState>,
    supply: Option<(SupplyState, IndicesState)>,
}

impl Plan {
    /// A number that changes when a setting changes that the state depends on.
    pub fn fingerprint(&self) -> u64 {
        let books = Books::new(self).fingerprints();
        let told = format!("{} {books:?} {}", self.lane_settings(), self.town_settings());
        reading::id::hash(told.as_bytes())
    }

    /// A number that changes with the settings that the state of a lane depends on: intervals, registers, clocks.
    pub fn lane_fingerprint(&self) -> u64 {
        reading::id::hash(self.lane_settings().as_bytes())
    }

    /// A number that changes with the settings that the state of the second stage depends on.
    pub fn town_fingerprint(&self) -> u64 {
        reading::id::hash(format!("{:?} {}", self.grid(), self.town_settings()).as_bytes())
    }

    fn lane_settings(&self) -> String {
        // States of another version are not told apart by what stands in them.
        format!("{VERSION} {:?} {:?}", self.intervals, self.order)
    }

    fn town_settings(&self) -> String {
        let groups = (self.groups, self.above_sanctioned);
        let stages = (
            self.balance,
            self.forecast.is_some(),
            groups,
            self.phase_neutral,
            self.cases,
            self.sms,
            self.supply,
        );
        format!("{VERSION} {} {stages:?}", self.calendar.zone_name())
    }
}

impl Pipeline {
    /// The whole state.
    pub fn snapshot(&self, plan: &Plan) -> Vec<u8> {
        let slots = 0..self.lane.fleet.len() as u32;
        let state = StateV5 {
            sequencer: self.lane.sequencer.snapshot(),
            fleet: self.lane.fleet.stored(),
            books: self.lane.books.stored(slots),
            town: self.town.as_ref().map(Town::snapshot),
        };
        let content = written(&state);
        let mut bytes = Vec::with_capacity(HEADER + content.len() + 4);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&plan.fingerprint().to_le_bytes());
        bytes.extend_from_slice(&(content.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&content);
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    /// An engine that goes on where the snapshot was taken.
    pub fn restore(plan: &Plan, topology: Topology, bytes: &[u8]) -> Result<Self, SnapshotError> {
        let content = content(plan, bytes)?;
        let state: StateV5<FleetState, MeteringState> =
            postcard::from_bytes(content).map_err(|_| SnapshotError::Content { what: "its structure" })?;
        let mut pipeline = Self::new(plan, topology)?;
        let wrong = |what| SnapshotError::Content { what };
        pipeline.lane.sequencer.restore(&state.sequencer).map_err(|_| wrong("the order of arrival"))?;
        pipeline.lane.fleet.restore(&state.fleet).map_err(|_| wrong("the meters"))?;
        pipeline.lane.restore_books(&state.books)?;
        if let (Some(town), Some(stored)) = (&mut pipeline.town, state.town) {
            town.restore(plan, stored)?;
        }
        Ok(pipeline)
    }
}

fn content<'a>(plan: &Plan, bytes: &'a [u8]) -> Result<&'a [u8], SnapshotError> {
    let begins_so = bytes.iter().zip(MAGIC).all(|(found, expected)| found == expected);
    if !begins_so || bytes.is_empty() {
        return Err(SnapshotError::Foreign);
    }
    let torn = |expected| SnapshotError::Torn { found: bytes.len(), expected };
    let number =
        |at: usize| -> Option<u64> { Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?)) };
    let version = bytes.get(8..12).and_then(|four| four.try_into().ok()).map(u32::from_le_bytes);
    let found = version.ok_or_else(|| torn(HEADER as u64))?;
    if found != VERSION {
        return Err(SnapshotError::Version { found });
    }
    let fingerprint = number(12).ok_or_else(|| torn(HEADER as u64))?;
    let length = number(20).ok_or_else(|| torn(HEADER as u64))?;
    let expected = (HEADER as u64 + 4).saturating_add(length);
    if bytes.len() as u64 != expected {
        return Err(torn(expected));
    }
    let (before, sum) = bytes.split_at(bytes.len() - 4);
    let expected = u32::from_le_bytes(sum.try_into().expect("four bytes were split off"));
    let found = crc32fast::hash(before);
    if found != expected {
        return Err(SnapshotError::Checksum { found, expected });
    }
    if fingerprint != plan.fingerprint() {
        return Err(SnapshotError::Plan { found: fingerprint, expected: plan.fingerprint() });
    }
    Ok(&before[HEADER..])
}

impl Town {
    /// The state, to be stored.
    pub fn snapshot(&self) -> TownV3 {
        let watch = self.watch.as_ref();
        TownV3 {
            today: self.today.map(|day| (day.year(), day.month(), day.day())),
            unrouted: self.missing.unrouted,
            held_back: self.missing.held_back,
            strangers: self.missing.strangers.iter().map(ToString::to_string).collect(),
            loads: self.loads.values().cloned().collect(),
            groups: self.groups.as_ref().map(|groups| (groups.fingerprint(), groups.snapshot())),
            runs: watch.map(|watch| watch.runs.snapshot()),
            daily: watch.map(|watch| watch.daily.snapshot()),
            cases: watch.map(|watch| watch.cases.snapshot()),
            notifier: watch.and_then(|watch| watch.notifier.as_ref()).map(Notifier::snapshot),
            findings: self.findings.as_ref().map(Findings::snapshot),
            supply: self.supply.as_ref().map(|supply| (supply.snapshot(&self.topology), supply.indices())),
        }
    }

    /// Takes a stored state, into a town at its beginning.
    pub fn restore(&mut self, plan: &Plan, stored: TownV3) -> Result<(), SnapshotError> {
        let wrong = |what| SnapshotError::Content { what };
        let strangers: Option<_> = stored.strangers.iter().map(MeterId::new).collect();
        self.missing = Missing {
            unrouted: stored.unrouted,
            held_back: stored.held_back,
            strangers: strangers.ok_or_else(|| wrong("the meters without a place"))?,
        };
        self.today = match stored.today {
            Some((year, month, day)) => Some(Date::new(year, month, day).map_err(|_| wrong("the day"))?),
            None => None,
        };
        if let (Some(findings), Some(stored)) = (&mut self.findings, stored.findings) {
            findings.restore(stored);
        }
        self.loads.extend(stored.loads.into_iter().map(|load| (load.target(), load)));
        if let (Some(groups), Some((fingerprint, stored))) = (&mut self.groups, stored.groups)
            && groups.fingerprint() == fingerprint
        {
            groups.restore(stored).then_some(()).ok_or_else(|| wrong("the demand of groups"))?;
        }
        if let (Some(supply), Some((stored, indices))) = (&mut self.supply, stored.supply) {
            supply.restore(&self.topology, stored).map_err(|_| wrong("the supply"))?;
            supply.restore_indices(indices);
        }
        let (Some(watch), Some(rule), Some(rules)) = (&mut self.watch, plan.phase_neutral, plan.cases) else {
            return Ok(());
        };
        let (Some(runs), Some(daily), Some(cases)) = (stored.runs, stored.daily, stored.cases) else {
            return Err(wrong("the suspicions"));
        };
        watch.runs = PhaseNeutralRuns::restore(rule, runs).map_err(|_| wrong("the runs"))?;
        watch.daily = DailyScores::restore(daily).map_err(|_| wrong("the scores of the day"))?;
        watch.cases = Cases::restore(rules, cases).map_err(|_| wrong("the cases"))?;
        if let (Some(notifier), Some(stored)) = (&mut watch.notifier, stored.notifier) {
            let (routes, throttle) = (notifier.routes().clone(), notifier.throttle());
            *notifier = Notifier::restore(routes, throttle, stored).map_err(|_| wrong("the messages"))?;
        }
        Ok(())
    }
}

#[derive(Serialize, Deserialize)]
struct SecondV2 {
    town: TownV3,
    confluence: ConfluenceV2,
    positions: Vec<(PartitionId, i64)>,
}

/// The second stage of several lanes, to be stored: with it, the place in each log that it has heard.
pub fn store_second(town: &Town, confluence: &Confluence, positions: &[(PartitionId, i64)]) -> Vec<u8> {
    let (town, confluence) = (town.snapshot(), confluence.snapshot());
    written(&SecondV2 { town, confluence, positions: positions.to_vec() })
}

/// A second stage that goes on from what was stored.
#[derive(Debug)]
pub struct Second {
    /// The town.
    pub town: Town,
    /// What waits on the way to it.
    pub confluence: Confluence,
    /// The place in each log that it has heard.
    pub positions: BTreeMap<PartitionId, i64>,
}

/// Takes what [`store_second`] stored.
pub fn restore_second(plan: &Plan, topology: Topology, bytes: &[u8]) -> Result<Second, SnapshotError> {
    let stored: SecondV2 =
        postcard::from_bytes(bytes).map_err(|_| SnapshotError::Content { what: "its structure" })?;
    let mut town = Town::new(plan, topology)?;
    town.restore(plan, stored.town)?;
    let confluence = Confluence::restore(&stored.confluence)?;
    Ok(Second { town, confluence, positions: stored.positions.into_iter().collect() })
}

/// The places that a second stage has heard, of any plan.
pub fn positions_of(bytes: &[u8]) -> Result<BTreeMap<PartitionId, i64>, SnapshotError> {
    let stored: SecondV2 =
        postcard::from_bytes(bytes).map_err(|_| SnapshotError::Content { what: "its structure" })?;
    Ok(stored.positions.into_iter().collect())
}
