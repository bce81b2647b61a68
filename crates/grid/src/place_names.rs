//! Names of places, each of them kept once.

use reading::{AreaId, ConcentratorId, FeederId, TransformerId};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The names that the rows of a topology share: millions of rows name some thousand places, and a name may be 64 bytes
/// long.
#[derive(Debug, Default)]
pub struct PlaceNames {
    /// Names of transformers.
    pub transformers: Shared<TransformerId>,
    /// Names of feeders.
    pub feeders: Shared<FeederId>,
    /// Names of areas.
    pub areas: Shared<AreaId>,
    /// Names of concentrators.
    pub concentrators: Shared<ConcentratorId>,
}

/// The names of one kind.
#[derive(Debug)]
pub struct Shared<T> {
    known: BTreeSet<Arc<T>>,
    last: Option<Arc<T>>,
}

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self { known: BTreeSet::new(), last: None }
    }
}

impl<T: Copy + Ord> Shared<T> {
    /// The name, with the memory of all rows that have it.
    pub fn share(&mut self, name: T) -> Arc<T> {
        // Rows beside each other are mostly of the same place.
        if let Some(last) = self.last.as_ref().filter(|last| ***last == name) {
            return Arc::clone(last);
        }
        let one = match self.known.get(&name) {
            Some(known) => Arc::clone(known),
            None => {
                let new = Arc::new(name);
                self.known.insert(Arc::clone(&new));
                new
            }
        };
        self.last = Some(Arc::clone(&one));
        one
    }

    /// Forgets the names that no row has any more.
    pub fn forget_unused(&mut self) {
        self.last = None;
        self.known.retain(|name| Arc::strong_count(name) > 1);
    }
}
