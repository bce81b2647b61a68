//! What a piece is of, and the name of its object: `topics/readings/00003/00000000000000123456.full`.
//!
//! Changes name what they build on, `00000000000000123456.00000000000000120000.changes`: so a listing alone shows the
//! chains, and equal names mean equal content even if two processes write on different bases.

use object_store::path::Path;
use std::fmt;

/// Whose state a piece holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// The first stage of one partition of the input.
    Partition {
        /// Its topic.
        topic: String,
        /// Its number.
        partition: i32,
    },
    /// The second stage.
    Grid,
}

impl Subject {
    /// Its folder under a root. Topics have a folder of their own, so that none can take the name of anything else.
    pub fn path(&self, root: &Path) -> Path {
        match self {
            // What Kafka allows in names is safe here; `join` escapes the rest, such as a topic `..`.
            Self::Partition { topic, partition } => {
                root.clone().join("topics").join(topic.as_str()).join(format!("{partition:05}"))
            }
            Self::Grid => root.clone().join("grid"),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path(&Path::default()).as_ref())
    }
}

/// What a piece of state is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Whose state.
    pub subject: Subject,
    /// The state after all before this offset, or a counter.
    pub position: u64,
    /// The position of the piece that it changes, an earlier one; `None` if it is full.
    pub base: Option<u64>,
    /// That of the plan.
    pub fingerprint: u64,
}

impl Piece {
    /// The piece that a name stands for.
    pub(super) fn new(subject: Subject, name: Name, fingerprint: u64) -> Self {
        Self { subject, position: name.position, base: name.base, fingerprint }
    }

    pub(super) fn name(&self) -> Name {
        Name { position: self.position, base: self.base }
    }
}

/// What the name of an object says; in order, a full piece comes before changes to the same position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    pub(super) position: u64,
    pub(super) base: Option<u64>,
}

impl Name {
    /// Reads a name as it is written here, and no other.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let mut number = || parts.next()?.parse().ok();
        let name = match text.rsplit('.').next()? {
            "full" => Self { position: number()?, base: None },
            "changes" => Self { position: number()?, base: Some(number()?) },
            _ => return None,
        };
        let builds_on_earlier = name.base.is_none_or(|base| base < name.position);
        (builds_on_earlier && name.to_string() == text).then_some(name)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.base {
            None => write!(f, "{:020}.full", self.position),
            Some(base) => write!(f, "{:020}.{base:020}.changes", self.position),
        }
    }
}
