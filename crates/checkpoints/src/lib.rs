//! Where checkpoints live: a folder or a bucket that holds pieces of state.
//!
//! A subject (a partition of the input, or the second stage) has pieces. A full piece is a whole state; changes build
//! on an earlier piece. A chain is a full piece and the changes up to its end, and every whole chain is a valid state
//! at its end, because a state is a function of the log up to there. So the best chain is the one that ends last, a
//! damaged one costs time and nothing else, and two processes that write for one subject, of which one does not know
//! yet that it was replaced, do no harm: equal names hold equal bytes.
//!
//! Nothing here knows what a payload means, or how a failure is shown. Read `piece` (names), `format` (bytes), `chain` (which pieces belong
//! together), then `place` (folders and buckets).

mod chain;
mod error;
mod format;
mod piece;
mod place;
mod retry;
#[cfg(test)]
mod tests;
mod transfer;

pub use error::{OpenError, StoreError};
pub use format::Unusable;
pub use piece::{Piece, Subject};
pub use place::Lock;
pub use retry::retrying;

use object_store::ObjectStoreExt;
use object_store::path::Path;
use piece::Name;
use place::Place;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::runtime::Runtime;

/// Pieces are written seconds apart, so that two listings in a row are hardly ever different.
const LOOKS: usize = 10;
/// A piece that is listed and cannot be found so often is passed over.
const MOST_TRIES: u32 = 10;

/// Holds checkpoints; clones are the same store. Its calls wait, so they are not for async code.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    runtime: Runtime,
    place: Place,
    /// Pieces that were read and are no good: pruning must not keep them instead of good ones.
    damaged: Mutex<BTreeSet<(Subject, Name)>>,
}

/// What [`Store::newest`] found.
#[derive(Debug, Default)]
pub struct Newest {
    /// The full piece and the changes that build on it, oldest first; empty if there is none.
    pub chain: Vec<(Piece, Vec<u8>)>,
    /// Objects that would have been newer, and why they were not taken.
    pub passed_over: Vec<(String, Unusable)>,
}

impl Store {
    /// Opens a folder (made if it is not there), `file:///...`, or `s3://bucket/prefix`, whose settings come from the
    /// usual `AWS_...` environment.
    pub fn open(at: &str) -> Result<Self, OpenError> {
        Self::over(Place::open(at)?)
    }

    fn over(place: Place) -> Result<Self, OpenError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("checkpoints")
            .enable_all()
            .build()
            .map_err(|source| OpenError::Threads { source })?;
        let store = Self(Arc::new(Inner { runtime, place, damaged: Mutex::default() }));
        store.is_reachable().map_err(|source| OpenError::Unreachable { source })?;
        Ok(store)
    }

    /// Takes a folder for this process alone until the lock is dropped; a bucket has no locks and needs none.
    pub fn lock(&self) -> Result<Lock, OpenError> {
        self.0.place.lock()
    }

    /// Writes a piece and gives its bytes. On return it is durable; it appears whole or not at all.
    pub fn write(&self, piece: &Piece, payload: &[u8]) -> Result<u64, StoreError> {
        let name = piece.name();
        let object = self.object(&piece.subject, name);
        if let Some(base) = name.base.filter(|base| *base >= name.position) {
            return Err(StoreError::Order { place: self.shown(&object), base });
        }
        let put = transfer::put(&self.0.place.objects, &object, piece, payload);
        let size = self.0.runtime.block_on(put).map_err(|cause| self.failed("write", &object, cause))?;
        self.damaged().remove(&(piece.subject.clone(), name));
        Ok(size)
    }

    /// The chain of a subject that ends last and is whole. With `at` the one that ends there, or none.
    pub fn newest(&self, subject: &Subject, at: Option<u64>) -> Result<Newest, StoreError> {
        let mut listed = self.settled(subject)?;
        let mut unusable: BTreeMap<Name, Unusable> = BTreeMap::new();
        let mut read: BTreeMap<Name, (Piece, Vec<u8>)> = BTreeMap::new();
        let mut gone: BTreeMap<Name, u32> = BTreeMap::new();
        let chain = 'choose: loop {
            let usable = || listed.keys().copied().filter(|name| !unusable.contains_key(name));
            let chain = chain::ending(&chain::rooted(usable()), at);
            read.retain(|name, _| chain.contains(name));
            let mut plan = None;
            for name in &chain {
                if !read.contains_key(name) {
                    match self.read(subject, *name, listed[name])? {
                        Read::Piece(fingerprint, payload) => {
                            let piece = Piece::new(subject.clone(), *name, fingerprint);
                            read.insert(*name, (piece, payload));
                        }
                        Read::Unusable(why) => {
                            unusable.insert(*name, why);
                            continue 'choose;
                        }
                        // Somebody who wrote something newer took it away: look what there is now. Under the same name
                        // somebody else may have written it anew.
                        Read::Gone => {
                            listed = self.settled(subject)?;
                            let times = gone.entry(*name).or_insert(0);
                            *times += 1;
                            if listed.contains_key(name) && *times == MOST_TRIES {
                                unusable.insert(*name, Unusable::Gone);
                            }
                            continue 'choose;
                        }
                    }
                }
                let found = read[name].0.fingerprint;
                let expected = *plan.get_or_insert(found);
                if found != expected {
                    unusable.insert(*name, Unusable::Plan { found, expected });
                    continue 'choose;
                }
            }
            break chain;
        };
        let is_gone = |why: &Unusable| matches!(why, Unusable::Gone);
        let damaged =
            unusable.iter().filter(|(_, why)| !is_gone(why)).map(|(name, _)| (subject.clone(), *name));
        self.damaged().extend(damaged);
        let end = chain.last().map(|name| name.position);
        let is_better = |name: &Name| match at {
            Some(at) => name.position == at && end.is_none(),
            None => end.is_none_or(|end| name.position > end),
        };
        for name in listed.keys().filter(|name| is_better(name)) {
            if let Some(base) = name.base {
                unusable.entry(*name).or_insert(Unusable::Base { base });
            }
        }
        let passed_over =
            unusable.into_iter().map(|(name, why)| (self.shown(&self.object(subject, name)), why));
        let passed_over = passed_over.collect();
        Ok(Newest { chain: read.into_values().collect(), passed_over })
    }

    /// The last place before another one at which there is a piece of a subject, whole or not.
    pub fn earlier(&self, subject: &Subject, before: u64) -> Result<Option<u64>, StoreError> {
        let places = self.settled(subject)?.into_keys().map(|name| name.position);
        Ok(places.filter(|place| *place < before).max())
    }

    /// Takes away what the chains that end last, `keep` of them and at least one, do not need, and what killed
    /// writers left. Ends are pieces that nothing builds on: with two, a damaged full piece is no loss of the state.
    /// What lies behind `upto`, the last position that counts, stays and is no such end: a killed writer may have got
    /// further with one subject than with the others, and no run goes on from there.
    pub fn prune(&self, subject: &Subject, upto: u64, keep: usize) -> Result<(), StoreError> {
        let listed = self.list(subject)?;
        let damaged: BTreeSet<Name> =
            self.damaged().iter().filter(|(whose, _)| whose == subject).map(|(_, name)| *name).collect();
        // What builds on others goes first, so that what is left at any moment is whole.
        for name in chain::superfluous(listed.into_keys(), &damaged, upto, keep.max(1)).into_iter().rev() {
            let object = self.object(subject, name);
            match self.0.runtime.block_on(self.0.place.objects.delete(&object)) {
                // Another process prunes too.
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(cause) => return Err(self.failed("take away", &object, cause)),
            }
        }
        let folder = subject.path(&self.0.place.root);
        self.0.place.clear_leftovers(&folder).map_err(|cause| {
            let cause = object_store::Error::Generic { store: "folder", source: Box::new(cause) };
            self.failed("clear", &folder, cause)
        })
    }

    /// How many bytes the pieces of a subject take.
    #[cfg(test)]
    pub fn size(&self, subject: &Subject) -> Result<u64, StoreError> {
        Ok(self.list(subject)?.into_values().sum())
    }

    /// The pieces of a subject and their sizes; whatever has no name of a piece is somebody else's.
    fn list(&self, subject: &Subject) -> Result<BTreeMap<Name, u64>, StoreError> {
        let folder = subject.path(&self.0.place.root);
        let listed = self.0.place.objects.list_with_delimiter(Some(&folder));
        let listed = self.0.runtime.block_on(listed).map_err(|cause| self.failed("list", &folder, cause))?;
        let pieces = listed.objects.into_iter();
        Ok(pieces
            .filter_map(|object| Some((Name::parse(object.location.filename()?)?, object.size)))
            .collect())
    }

    /// A listing that came twice. While somebody writes and prunes, one may lack both the new and what it replaced.
    fn settled(&self, subject: &Subject) -> Result<BTreeMap<Name, u64>, StoreError> {
        let mut listed = self.list(subject)?;
        for _ in 0..LOOKS {
            let again = self.list(subject)?;
            if again == listed {
                break;
            }
            listed = again;
        }
        Ok(listed)
    }

    fn read(&self, subject: &Subject, name: Name, size: u64) -> Result<Read, StoreError> {
        let object = self.object(subject, name);
        let got = transfer::get(&self.0.place.objects, &object, size, subject, name);
        match self.0.runtime.block_on(got) {
            Ok(Ok((fingerprint, payload))) => Ok(Read::Piece(fingerprint, payload)),
            Ok(Err(why)) => Ok(Read::Unusable(why)),
            Err(object_store::Error::NotFound { .. }) => Ok(Read::Gone),
            Err(cause) => Err(self.failed("read", &object, cause)),
        }
    }

    /// A missing bucket is reported at the start, not at the first checkpoint.
    fn is_reachable(&self) -> Result<(), StoreError> {
        let root = &self.0.place.root;
        let listed = self.0.runtime.block_on(self.0.place.objects.list_with_delimiter(Some(root)));
        listed.map(drop).map_err(|cause| self.failed("list", root, cause))
    }

    fn damaged(&self) -> MutexGuard<'_, BTreeSet<(Subject, Name)>> {
        self.0.damaged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn object(&self, subject: &Subject, name: Name) -> Path {
        subject.path(&self.0.place.root).join(name.to_string())
    }

    fn shown(&self, object: &Path) -> String {
        self.0.place.shown(object)
    }

    fn failed(&self, doing: &'static str, object: &Path, cause: object_store::Error) -> StoreError {
        StoreError::new(doing, self.shown(object), cause)
    }
}

/// What became of reading an object.
enum Read {
    /// Its fingerprint and payload.
    Piece(u64, Vec<u8>),
    Unusable(Unusable),
    Gone,
}
