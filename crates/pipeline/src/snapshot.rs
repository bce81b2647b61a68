//! The state of a whole engine as bytes with a version and a checksum, for a program that stores them itself.
//!
//! | bytes | what |
//! | --- | --- |
//! | 8 | `GWSTATE\n` |
//! | 4 | version of this frame, little endian |
//! | 8 | length of what follows, without the checksum |
//! | n | the parts, see [`parts`](crate::parts) |
//! | 4 | CRC-32 of everything before |
//!
//! The state of the second stage of a run on Kafka is here, too.

use crate::confluence::{CONFLUENCE, Confluence, ConfluenceV1};
use crate::parts::{LostPart, PartKind, Restoring, Storing};
use crate::town::{Town, TownError};
use crate::{Pipeline, Plan};
use fleet::PartitionId;
use grid::Topology;
use std::collections::BTreeMap;

const MAGIC: &[u8; 8] = b"GWSTATE\n";
/// Versions 1 to 6 were one block for all parts, and were never released.
const VERSION: u32 = 7;
const HEADER: usize = 8 + 4 + 8;

const POSITIONS: PartKind = PartKind {
    name: "positions",
    version: 1,
    reads: &[],
    holds: "the offset in each partition up to which the second stage has worked",
    settings: "no setting",
};

/// Why a snapshot cannot be restored.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The bytes are something else.
    #[error("not a snapshot of Gridwarden: it begins with other bytes")]
    Foreign,
    /// Another version of the program wrote it.
    #[error("the snapshot has version {found}, this program reads {VERSION}")]
    Version {
        /// Its version.
        found: u32,
    },
    /// A part of the bytes is missing, for example after a power cut.
    #[error("the snapshot is torn: {found} bytes of {expected}")]
    Torn {
        /// How many bytes there are.
        found: usize,
        /// How many there must be, by its header.
        expected: u64,
    },
    /// At least one bit has changed.
    #[error("the snapshot is damaged: its checksum is {found:08x}, expected {expected:08x}")]
    Checksum {
        /// The checksum of the bytes.
        found: u32,
        /// The checksum that is stored.
        expected: u32,
    },
    /// The checksum is right, but the content of a part is impossible.
    #[error("part `{part}` of the stored state is missing, or holds values that are impossible")]
    Content {
        /// The part.
        part: &'static str,
    },
    /// The checksum is right, but the parts are no state.
    #[error("the stored state {problem}")]
    Parts {
        /// What is wrong with them.
        problem: &'static str,
    },
    /// The plan and the topology do not fit together.
    #[error(transparent)]
    Town(#[from] TownError),
}

impl Pipeline {
    /// The state of the whole engine, as bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut parts = Storing::new();
        self.lane.store_whole(&mut parts);
        if let Some(town) = &self.town {
            town.store(&mut parts);
        }
        let content = parts.end();
        let mut bytes = Vec::with_capacity(HEADER + content.len() + 4);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&(content.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&content);
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    /// Restores an engine from a snapshot.
    ///
    /// Parts whose settings have changed in the plan start empty. They are returned as lost.
    pub fn restore(
        plan: &Plan,
        topology: Topology,
        bytes: &[u8],
    ) -> Result<(Self, Vec<LostPart>), SnapshotError> {
        let chain = [content(bytes)?];
        let mut parts = Restoring::read(&chain)?;
        let mut pipeline = Self::new(plan, topology)?;
        pipeline.lane.take_parts(&mut parts)?;
        if let Some(town) = &mut pipeline.town {
            town.restore(&mut parts)?;
        }
        Ok((pipeline, parts.finish()))
    }
}

fn content(bytes: &[u8]) -> Result<&[u8], SnapshotError> {
    let begins_so = bytes.iter().zip(MAGIC).all(|(found, expected)| found == expected);
    if !begins_so || bytes.is_empty() {
        return Err(SnapshotError::Foreign);
    }
    let torn = |expected| SnapshotError::Torn { found: bytes.len(), expected };
    let version = bytes.get(8..12).and_then(|four| four.try_into().ok()).map(u32::from_le_bytes);
    let found = version.ok_or_else(|| torn(HEADER as u64))?;
    if found != VERSION {
        return Err(SnapshotError::Version { found });
    }
    let length = bytes.get(12..20).and_then(|eight| eight.try_into().ok()).map(u64::from_le_bytes);
    let expected = (HEADER as u64 + 4).saturating_add(length.ok_or_else(|| torn(HEADER as u64))?);
    if bytes.len() as u64 != expected {
        return Err(torn(expected));
    }
    let (before, sum) = bytes.split_at(bytes.len() - 4);
    let expected = u32::from_le_bytes(sum.try_into().expect("four bytes were split off"));
    let found = crc32fast::hash(before);
    if found != expected {
        return Err(SnapshotError::Checksum { found, expected });
    }
    Ok(&before[HEADER..])
}

/// The state of a second stage that several lanes feed, as bytes to store, with the offset in each partition so far.
pub fn store_second(town: &Town, confluence: &Confluence, positions: &[(PartitionId, i64)]) -> Vec<u8> {
    let mut parts = Storing::new();
    parts.part(&POSITIONS, 0, &positions.to_vec());
    parts.part(&CONFLUENCE, town.inflow_fingerprint(), &confluence.snapshot());
    town.store(&mut parts);
    parts.end()
}

/// A restored second stage.
#[derive(Debug)]
pub struct Second {
    /// The town.
    pub town: Town,
    /// Ticks that wait for slower lanes.
    pub confluence: Confluence,
    /// The offset in each partition up to which its state goes.
    pub positions: BTreeMap<PartitionId, i64>,
}

/// Restores what [`store_second`] stored. Parts whose settings have changed start empty, and are returned as lost.
pub fn restore_second(
    plan: &Plan,
    topology: Topology,
    bytes: &[u8],
) -> Result<(Second, Vec<LostPart>), SnapshotError> {
    let chain = [bytes];
    let mut parts = Restoring::read(&chain)?;
    let positions = positions_in(&mut parts)?;
    let mut town = Town::new(plan, topology)?;
    let confluence = match parts.take(&CONFLUENCE, town.inflow_fingerprint())? {
        Some(found) => Confluence::restore(&match found.version {
            1 => found.whole::<ConfluenceV1>()?.into(),
            _ => found.whole()?,
        })?,
        None => Confluence::default(),
    };
    town.restore(&mut parts)?;
    Ok((Second { town, confluence, positions }, parts.finish()))
}

/// The offset in each partition up to which a stored second stage goes. It needs no plan.
pub fn positions_of(bytes: &[u8]) -> Result<BTreeMap<PartitionId, i64>, SnapshotError> {
    positions_in(&mut Restoring::read(&[bytes])?)
}

fn positions_in(parts: &mut Restoring<'_>) -> Result<BTreeMap<PartitionId, i64>, SnapshotError> {
    let found = parts.take(&POSITIONS, 0)?.ok_or(SnapshotError::Content { part: POSITIONS.name })?;
    Ok(found.whole::<Vec<(PartitionId, i64)>>()?.into_iter().collect())
}
