//! The stored state is a list of parts, so that a part can be lost or get a new version without the others.
//!
//! A part is the state of one stage or book. It is stored with its name, the version of its stored form, and a
//! fingerprint of exactly those settings that it depends on. So a changed setting loses the state of its own part and
//! of no other. A later program can read an earlier form of one part, while the other parts stay as they are.
//!
//! Example: with another `length` under `[intervals]`, the part `meters` is lost, because it holds open intervals.
//! A changed `[sms] per_hour` loses nothing, because no stored state depends on it.
//!
//! | bytes | what |
//! | --- | --- |
//! | 8 | `GWPARTS1` |
//! | for each part: 1, n | length of the name, the name |
//! | 2, 8 | version of the stored form, fingerprint of the settings, little endian |
//! | 8, n | length of the state, the state in postcard |
//!
//! The bytes carry no checksum: the checkpoint, or the snapshot, around them does.

use crate::snapshot::SnapshotError;
use reading::Fingerprint;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fmt;

const MAGIC: &[u8; 8] = b"GWPARTS1";

/// The kind of a part: its name, the versions of its stored form, and what is lost with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartKind {
    /// The name in the stored bytes. It never changes.
    pub name: &'static str,
    /// The version of the stored form that this program writes.
    pub version: u16,
    /// Earlier versions that this program still reads.
    pub reads: &'static [u16],
    /// What starts empty when the part is lost, in words for the operator.
    pub holds: &'static str,
    /// The settings that the part depends on, as they are written in a plan.
    pub settings: &'static str,
}

/// A stored part that this plan or this program cannot use.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LostPart {
    /// Its name.
    pub name: String,
    /// What starts empty.
    pub holds: &'static str,
    /// Why it is lost.
    pub why: WhyLost,
}

/// Why a part is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WhyLost {
    /// A setting that the stored state depends on has changed.
    Settings(&'static str),
    /// It builds on another part, which is lost.
    Beneath(&'static str),
    /// The plan no longer needs it, or this program does not know it.
    Unused,
    /// It was stored in a version that this program does not read.
    Version {
        /// The version of the stored form.
        found: u16,
        /// The version that this program writes.
        newest: u16,
    },
}

impl fmt::Display for LostPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, holds, why } = self;
        match why {
            WhyLost::Settings(settings) => write!(f, "`{name}` ({holds}), because {settings} changed"),
            WhyLost::Beneath(part) => write!(f, "`{name}` ({holds}), because it builds on `{part}`"),
            WhyLost::Unused if holds.is_empty() => write!(f, "`{name}`, which nothing in this plan uses"),
            WhyLost::Unused => write!(f, "`{name}` ({holds}), which nothing in this plan uses"),
            WhyLost::Version { found, newest } => {
                write!(
                    f,
                    "`{name}` ({holds}), because it has version {found} and this program writes {newest}"
                )
            }
        }
    }
}

/// Parts on their way into bytes.
#[derive(Debug)]
pub(crate) struct Storing {
    bytes: Vec<u8>,
}

impl Storing {
    pub(crate) fn new() -> Self {
        Self { bytes: MAGIC.to_vec() }
    }

    /// Appends a part. A fingerprint of 0 means that the state depends on no setting.
    pub(crate) fn part(&mut self, kind: &PartKind, fingerprint: u64, state: &impl Serialize) {
        self.bytes.push(u8::try_from(kind.name.len()).expect("names of parts are short"));
        self.bytes.extend_from_slice(kind.name.as_bytes());
        self.bytes.extend_from_slice(&kind.version.to_le_bytes());
        self.bytes.extend_from_slice(&fingerprint.to_le_bytes());
        let at = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 8]);
        // Encode straight into the list: otherwise the states of millions of meters would be in memory twice.
        let bytes = std::mem::take(&mut self.bytes);
        self.bytes = postcard::to_extend(state, bytes).expect("plain data in memory can be written");
        let length = (self.bytes.len() - at - 8) as u64;
        self.bytes[at..at + 8].copy_from_slice(&length.to_le_bytes());
    }

    pub(crate) fn end(self) -> Vec<u8> {
        self.bytes
    }
}

/// A part as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredPart<'a> {
    /// The version of its stored form.
    pub version: u16,
    /// The fingerprint of the settings that it depends on.
    pub fingerprint: u64,
    /// The state.
    pub bytes: &'a [u8],
}

/// Splits a stored list into its parts, by name.
pub fn parts_of(bytes: &[u8]) -> Result<BTreeMap<&str, StoredPart<'_>>, SnapshotError> {
    let wrong = || SnapshotError::Parts { problem: "is no list of parts" };
    let mut rest = bytes.strip_prefix(MAGIC).ok_or_else(wrong)?;
    let mut next = |length: usize| -> Result<&[u8], SnapshotError> {
        let (taken, left) = rest.split_at_checked(length).ok_or_else(wrong)?;
        rest = left;
        Ok(taken)
    };
    let mut parts = BTreeMap::new();
    while let Ok(&[length]) = next(1) {
        let name = std::str::from_utf8(next(length.into())?).map_err(|_| wrong())?;
        let version = u16::from_le_bytes(next(2)?.try_into().map_err(|_| wrong())?);
        let fingerprint = u64::from_le_bytes(next(8)?.try_into().map_err(|_| wrong())?);
        let length = u64::from_le_bytes(next(8)?.try_into().map_err(|_| wrong())?);
        let state = next(usize::try_from(length).map_err(|_| wrong())?)?;
        if parts.insert(name, StoredPart { version, fingerprint, bytes: state }).is_some() {
            return Err(SnapshotError::Parts { problem: "has two parts of one name" });
        }
    }
    Ok(parts)
}

/// A number that depends on the names, versions and settings of the parts, but not on their content.
///
/// Pieces of a chain of checkpoints build on one another only if this number is the same in all of them.
pub fn fingerprint_of_parts(bytes: &[u8]) -> Result<u64, SnapshotError> {
    let mut all = Fingerprint::new("parts");
    for (name, part) in parts_of(bytes)? {
        all = all.text(name).whole(part.version.into()).whole(part.fingerprint as i64);
    }
    Ok(all.end())
}

/// Stored parts to restore from: a whole state, and then changes to it in the order in which they were stored.
#[derive(Debug)]
pub(crate) struct Restoring<'a> {
    pieces: Vec<BTreeMap<&'a str, StoredPart<'a>>>,
    lost: Vec<LostPart>,
}

/// A stored part that can be used.
#[derive(Debug)]
pub(crate) struct Found<'a> {
    name: &'static str,
    /// The version of its stored form: the current one, or one that the kind reads.
    pub(crate) version: u16,
    /// The whole state, then the changes to it.
    pieces: Vec<&'a [u8]>,
}

/// A stored part, and whether its settings are still the same.
#[derive(Debug)]
pub(crate) enum Taken<'a> {
    /// It was stored under the same settings.
    Whole(Found<'a>),
    /// It was stored under other settings: only what does not depend on them can be used.
    Remains(Found<'a>),
}

impl<'a> Restoring<'a> {
    pub(crate) fn read<B: AsRef<[u8]>>(chain: &'a [B]) -> Result<Self, SnapshotError> {
        let pieces: Result<Vec<_>, _> = chain.iter().map(|piece| parts_of(piece.as_ref())).collect();
        let pieces = pieces?;
        if pieces.is_empty() {
            return Err(SnapshotError::Parts { problem: "is empty" });
        }
        Ok(Self { pieces, lost: Vec::new() })
    }

    /// Takes a part. Returns none if it was never stored, or is lost.
    pub(crate) fn take(
        &mut self,
        kind: &PartKind,
        fingerprint: u64,
    ) -> Result<Option<Found<'a>>, SnapshotError> {
        Ok(match self.take_even_remains(kind, fingerprint)? {
            Some(Taken::Whole(found)) => Some(found),
            Some(Taken::Remains(_)) | None => None,
        })
    }

    /// Takes a part that is useful in part even if its settings have changed. It is then reported as lost all the
    /// same.
    pub(crate) fn take_even_remains(
        &mut self,
        kind: &PartKind,
        fingerprint: u64,
    ) -> Result<Option<Taken<'a>>, SnapshotError> {
        let mut taken = Vec::new();
        for piece in &mut self.pieces {
            taken.extend(piece.remove(kind.name));
        }
        let Some(&StoredPart { version, fingerprint: stored, .. }) = taken.last() else { return Ok(None) };
        if version != kind.version && !kind.reads.contains(&version) {
            self.lose(kind, WhyLost::Version { found: version, newest: kind.version });
            return Ok(None);
        }
        if taken.iter().any(|part| (part.version, part.fingerprint) != (version, stored)) {
            return Err(SnapshotError::Parts {
                problem: "has changes that do not fit the state before them",
            });
        }
        let pieces = taken.into_iter().map(|part| part.bytes).collect();
        let found = Found { name: kind.name, version, pieces };
        if stored == fingerprint {
            return Ok(Some(Taken::Whole(found)));
        }
        self.lose(kind, WhyLost::Settings(kind.settings));
        Ok(Some(Taken::Remains(found)))
    }

    /// Counts a part as lost because it builds on `beneath`, which is lost.
    pub(crate) fn lose_with(&mut self, kind: &PartKind, beneath: &PartKind) {
        let mut found = false;
        for piece in &mut self.pieces {
            found |= piece.remove(kind.name).is_some();
        }
        if found {
            self.lose(kind, WhyLost::Beneath(beneath.name));
        }
    }

    fn lose(&mut self, kind: &PartKind, why: WhyLost) {
        self.lost.push(LostPart { name: kind.name.to_owned(), holds: kind.holds, why });
    }

    /// The lost parts: those that were refused, and those that no stage or book asked for.
    pub(crate) fn finish(mut self) -> Vec<LostPart> {
        if let Some(last) = self.pieces.pop() {
            let unused = last.into_keys().map(|name| LostPart {
                name: name.to_owned(),
                holds: "",
                why: WhyLost::Unused,
            });
            self.lost.extend(unused);
        }
        self.lost
    }
}

/// The decoder of a part's state.
pub(crate) type PartReader<'a> = postcard::Deserializer<'a, postcard::de_flavors::Slice<'a>>;

impl Found<'_> {
    /// The state of a part that is always stored whole.
    pub(crate) fn whole<S: DeserializeOwned>(&self) -> Result<S, SnapshotError> {
        self.decode(self.pieces.last().expect("a part that was found has a state"))
    }

    /// The same for a state whose type is known only at run time, as that of a detector: `read` decodes it.
    pub(crate) fn whole_by<S>(
        &self,
        read: impl FnOnce(&mut PartReader<'_>) -> Result<S, postcard::Error>,
    ) -> Result<S, SnapshotError> {
        let bytes = self.pieces.last().expect("a part that was found has a state");
        read(&mut postcard::Deserializer::from_bytes(bytes)).map_err(|_| self.wrong())
    }

    /// The state of a part that is also stored as changes: `overlay` applies each of them to the state before.
    pub(crate) fn overlaid<S: DeserializeOwned>(
        &self,
        mut overlay: impl FnMut(&mut S, S) -> Result<(), SnapshotError>,
    ) -> Result<S, SnapshotError> {
        self.overlaid_as::<S, S>(&mut overlay)
    }

    /// The same for a state that is stored in an earlier form.
    pub(crate) fn overlaid_as<V: DeserializeOwned + Into<S>, S>(
        &self,
        mut overlay: impl FnMut(&mut S, S) -> Result<(), SnapshotError>,
    ) -> Result<S, SnapshotError> {
        let (first, changes) = self.pieces.split_first().expect("a part that was found has a state");
        let mut state = self.decode::<V>(first)?.into();
        for changes in changes {
            overlay(&mut state, self.decode::<V>(changes)?.into())?;
        }
        Ok(state)
    }

    fn decode<S: DeserializeOwned>(&self, bytes: &[u8]) -> Result<S, SnapshotError> {
        postcard::from_bytes(bytes).map_err(|_| self.wrong())
    }

    /// The error for a state that is impossible although the checksum is right.
    pub(crate) fn wrong(&self) -> SnapshotError {
        SnapshotError::Content { part: self.name }
    }
}

#[cfg(test)]
mod tests;
