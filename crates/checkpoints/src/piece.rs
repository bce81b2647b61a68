//! The subject of a piece, and the name of its object: `topics/readings/00003/00000000000000123456.full`.
//!
//! The name of changes holds their base, as in `00000000000000123456.00000000000000120000.changes`. So a listing
//! alone shows the chains, and equal names mean equal content, even if two processes write on different bases.

use object_store::path::Path;
use std::fmt;

/// What a piece holds the state of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// One partition of a topic.
    Partition {
        /// Its topic.
        topic: String,
        /// Its number.
        partition: i32,
    },
    /// The second stage in memory.
    Grid,
}

impl Subject {
    /// Its folder under a root. Topics are in a folder of their own, so that a topic `grid` does not collide with the
    /// second stage.
    pub fn path(&self, root: &Path) -> Path {
        match self {
            // Names that Kafka allows are safe as paths. `join` escapes all others, such as a topic `..`.
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

/// A piece of state, without its payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// What it holds the state of.
    pub subject: Subject,
    /// The offset up to which the log is in the state; for the second stage, a counter.
    pub position: u64,
    /// The position of the earlier piece that it changes; `None` if it is full.
    pub base: Option<u64>,
    /// The fingerprint of the plan.
    pub fingerprint: u64,
}

impl Piece {
    /// The piece with this name.
    pub(super) fn new(subject: Subject, name: Name, fingerprint: u64) -> Self {
        Self { subject, position: name.position, base: name.base, fingerprint }
    }

    pub(super) fn name(&self) -> Name {
        Name { position: self.position, base: self.base }
    }
}

/// The contents of an object's name. In order, a full piece comes before changes at the same position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    pub(super) position: u64,
    pub(super) base: Option<u64>,
}

impl Name {
    /// Reads a name that is written exactly as `Display` writes it.
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
