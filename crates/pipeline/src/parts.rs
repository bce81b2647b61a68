//! Stored state as a list of parts, so that each part lives and ages on its own.
//!
//! A part is the state of one stage or book. It stands in the bytes with its name, the version of its stored form, and
//! a fingerprint of exactly those settings that it depends on. A changed setting therefore loses the state of its own
//! part and of no other, and a later program can read an earlier form of one part while the rest stays as it is.
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

/// What a part is called, how it is stored, and what a person loses with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartKind {
    /// Its name in the bytes. It never changes.
    pub name: &'static str,
    /// The version of the stored form that this program writes.
    pub version: u16,
    /// Earlier versions that this program still reads.
    pub reads: &'static [u16],
    /// What begins afresh when the part is lost.
    pub holds: &'static str,
    /// The settings that the part depends on, as a person finds them in a plan.
    pub settings: &'static str,
}

/// A stored part that this plan, or this program, cannot go on with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LostPart {
    /// Its name.
    pub name: String,
    /// What begins afresh.
    pub holds: &'static str,
    /// Why.
    pub why: WhyLost,
}

/// Why a part is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WhyLost {
    /// A setting has changed that the stored state depends on.
    Settings(&'static str),
    /// Another part is lost that it builds on.
    Beneath(&'static str),
    /// The plan has no use for it any more, or this program does not know it.
    Unused,
    /// Another program stored it, in a form that this one does not read.
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
        // Straight into the list: the states of millions of meters never stand in memory twice.
        let bytes = std::mem::take(&mut self.bytes);
        self.bytes = postcard::to_extend(state, bytes).expect("plain data in memory can be written");
        let length = (self.bytes.len() - at - 8) as u64;
        self.bytes[at..at + 8].copy_from_slice(&length.to_le_bytes());
    }

    pub(crate) fn end(self) -> Vec<u8> {
        self.bytes
    }
}

/// One part as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredPart<'a> {
    /// The version of its stored form.
    pub version: u16,
    /// Of the settings that it depends on.
    pub fingerprint: u64,
    /// The state.
    pub bytes: &'a [u8],
}

/// Takes a list of parts apart, by their names.
pub fn parts_of(bytes: &[u8]) -> Result<BTreeMap<&str, StoredPart<'_>>, SnapshotError> {
    let wrong = || SnapshotError::Content { what: "its list of parts" };
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
        parts.insert(name, StoredPart { version, fingerprint, bytes: state });
    }
    Ok(parts)
}

/// A number that changes with the names, versions and settings of stored parts, and not with what they hold: pieces
/// of a chain of checkpoints build on one another only if it is the same.
pub fn fingerprint_of_parts(bytes: &[u8]) -> Result<u64, SnapshotError> {
    let mut all = Fingerprint::new("parts");
    for (name, part) in parts_of(bytes)? {
        all = all.text(name).whole(part.version.into()).whole(part.fingerprint as i64);
    }
    Ok(all.end())
}

/// Parts on their way back: a whole state, or a whole state and the changes to it in their order.
#[derive(Debug)]
pub(crate) struct Restoring<'a> {
    pieces: Vec<BTreeMap<&'a str, StoredPart<'a>>>,
    lost: Vec<LostPart>,
}

/// A part that this plan can go on with.
#[derive(Debug)]
pub(crate) struct Found<'a> {
    name: &'static str,
    /// The version of its stored form: the current one, or one that the kind reads.
    #[cfg_attr(not(test), expect(dead_code, reason = "the first part of two versions will ask for it"))]
    pub(crate) version: u16,
    /// The whole state, and the changes to it.
    pieces: Vec<&'a [u8]>,
}

/// A part that was stored.
#[derive(Debug)]
pub(crate) enum Taken<'a> {
    /// Under the same settings.
    Whole(Found<'a>),
    /// Under others: only what does not depend on them can be used.
    Remains(Found<'a>),
}

impl<'a> Restoring<'a> {
    pub(crate) fn read<B: AsRef<[u8]>>(chain: &'a [B]) -> Result<Self, SnapshotError> {
        let pieces: Result<Vec<_>, _> = chain.iter().map(|piece| parts_of(piece.as_ref())).collect();
        let pieces = pieces?;
        if pieces.is_empty() {
            return Err(SnapshotError::Content { what: "no state at all" });
        }
        Ok(Self { pieces, lost: Vec::new() })
    }

    /// Takes a part out. Gives nothing if it was never stored, or is lost.
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

    /// Takes a part out of which something can be used even if its settings have changed. It counts as lost then.
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
            return Err(SnapshotError::Content { what: "changes that do not fit the state they build on" });
        }
        let pieces = taken.into_iter().map(|part| part.bytes).collect();
        let found = Found { name: kind.name, version, pieces };
        if stored == fingerprint {
            return Ok(Some(Taken::Whole(found)));
        }
        self.lose(kind, WhyLost::Settings(kind.settings));
        Ok(Some(Taken::Remains(found)))
    }

    /// Takes a part out that builds on another one which is lost, so that it cannot be used either.
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

/// What reads the state of a part.
pub(crate) type PartReader<'a> = postcard::Deserializer<'a, postcard::de_flavors::Slice<'a>>;

impl Found<'_> {
    /// The state of a part that is always stored whole.
    pub(crate) fn whole<S: DeserializeOwned>(&self) -> Result<S, SnapshotError> {
        self.decode(self.pieces.last().expect("a part that was found has a state"))
    }

    /// The same, read by a function: its type depends on more than the part.
    pub(crate) fn whole_by<S>(
        &self,
        read: impl FnOnce(&mut PartReader<'_>) -> Result<S, postcard::Error>,
    ) -> Result<S, SnapshotError> {
        let bytes = self.pieces.last().expect("a part that was found has a state");
        read(&mut postcard::Deserializer::from_bytes(bytes)).map_err(|_| self.wrong())
    }

    /// The state of a part of which changes are stored: each is laid over what was before.
    pub(crate) fn overlaid<S: DeserializeOwned>(
        &self,
        mut overlay: impl FnMut(&mut S, S) -> Result<(), SnapshotError>,
    ) -> Result<S, SnapshotError> {
        let (first, changes) = self.pieces.split_first().expect("a part that was found has a state");
        let mut state = self.decode(first)?;
        for changes in changes {
            overlay(&mut state, self.decode(changes)?)?;
        }
        Ok(state)
    }

    fn decode<S: DeserializeOwned>(&self, bytes: &[u8]) -> Result<S, SnapshotError> {
        postcard::from_bytes(bytes).map_err(|_| self.wrong())
    }

    /// The checksum around it is right, and the state cannot be.
    pub(crate) fn wrong(&self) -> SnapshotError {
        SnapshotError::Content { what: self.name }
    }
}

#[cfg(test)]
mod tests;
