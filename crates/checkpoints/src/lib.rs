//! The store of checkpoints: a folder or a bucket that holds pieces of state.
//!
//! A subject is a partition of the input, or the second stage. Each subject has pieces. A full piece holds the whole
//! state. A piece of changes builds on an earlier piece. A chain is a full piece and the changes behind it, for example
//! `100 full, 120 changes, 150 changes`: together they are the state at 150.
//!
//! The state is a function of the log up to its position, so every complete chain is valid. Three things follow:
//!
//! - A restart takes the chain that ends last.
//! - If that chain is damaged, an earlier one is as good: the run only reads more of the log again.
//! - Two processes may write for one subject, if one does not know yet that the other has replaced it. Equal names hold
//!   equal bytes, so they cannot harm each other.
//!
//! This crate does not know what a payload means, or how a failure is shown to users. Read `piece` (names), `format`
//! (bytes), `chain` (which pieces belong together), then `place` (folders and buckets).

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

/// How often a listing is repeated until two in a row are equal. Pieces are written seconds apart, so two are mostly
/// enough.
const LOOKS: usize = 10;
/// After this many tries, a piece that is listed but cannot be read is passed over.
const MOST_TRIES: u32 = 10;

/// A store of checkpoints. A clone is the same store. Calls block, so they must not be used in async code.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    runtime: Runtime,
    place: Place,
    /// Pieces that were found damaged. Pruning must not count them: it would delete good ones in their place.
    damaged: Mutex<BTreeSet<(Subject, Name)>>,
}

/// The result of [`Store::newest`].
#[derive(Debug, Default)]
pub struct Newest {
    /// The full piece and the changes that build on it, oldest first; empty if there is none.
    pub chain: Vec<(Piece, Vec<u8>)>,
    /// Newer objects that could not be used, and why.
    pub passed_over: Vec<(String, Unusable)>,
}

impl Store {
    /// Opens a folder, `file:///...`, or `s3://bucket/prefix`. A missing folder is created. The settings of a bucket
    /// come from the usual `AWS_...` variables.
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

    /// Reserves a folder for this process until the lock is dropped. A bucket has no locks, so this does nothing there.
    pub fn lock(&self) -> Result<Lock, OpenError> {
        self.0.place.lock()
    }

    /// Writes a piece and returns its size in bytes. On return the piece is durable. A crash leaves all of it or
    /// nothing.
    pub fn write(&self, piece: &Piece, payload: &[u8]) -> Result<u64, StoreError> {
        let name = piece.name();
        let object = self.object(&piece.subject, name);
        if let Some(base) = name.base.filter(|base| *base >= name.position) {
            return Err(StoreError::Order { place: self.shown(&object), base });
        }
        let put = transfer::put(&self.0.place.objects, &object, piece, payload);
        let size = self.0.runtime.block_on(put).map_err(|cause| self.failed("write", &object, cause))?;
        // Written again, so it is no longer damaged.
        self.damaged().remove(&(piece.subject.clone(), name));
        Ok(size)
    }

    /// The complete chain of a subject that ends last. With `at`, the chain that ends at this position, or none.
    pub fn newest(&self, subject: &Subject, at: Option<u64>) -> Result<Newest, StoreError> {
        let mut listed = self.settled(subject)?;
        let mut unusable: BTreeMap<Name, Unusable> = BTreeMap::new();
        let mut read: BTreeMap<Name, (Piece, Vec<u8>)> = BTreeMap::new();
        let mut gone: BTreeMap<Name, u32> = BTreeMap::new();
        // Each pass reads the best chain of the remaining pieces. If a piece is bad, it is excluded, and the choice
        // begins again: the next best chain may share most of its pieces, which are not read twice.
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
                        // Another process has written something newer and pruned this piece: list again. If a piece of
                        // the same name has been written again meanwhile, try it some more times.
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
                // Changes of another plan's state would be applied to the wrong parts.
                let found = read[name].0.fingerprint;
                let expected = *plan.get_or_insert(found);
                if found != expected {
                    unusable.insert(*name, Unusable::Plan { found, expected });
                    continue 'choose;
                }
            }
            break chain;
        };
        // A piece that is gone is not damaged: another process has pruned it.
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

    /// The last position before `before` at which the subject has a piece, complete or not.
    pub fn earlier(&self, subject: &Subject, before: u64) -> Result<Option<u64>, StoreError> {
        let positions = self.settled(subject)?.into_keys().map(|name| name.position);
        Ok(positions.filter(|position| *position < before).max())
    }

    /// Deletes pieces that the last `keep` chains do not need, and files that killed writers left behind. At least one
    /// chain stays. With two, a damaged full piece does not cost the state.
    ///
    /// `upto` is the last position that counts. Pieces behind it stay, and are not counted as chains to keep: a
    /// writer that was killed may have got further with one subject than with the others, and no run continues from
    /// there.
    pub fn prune(&self, subject: &Subject, upto: u64, keep: usize) -> Result<(), StoreError> {
        let listed = self.list(subject)?;
        let damaged: BTreeSet<Name> =
            self.damaged().iter().filter(|(of, _)| of == subject).map(|(_, name)| *name).collect();
        // From the newest to the oldest: if the process is killed here, every remaining piece still has its base.
        for name in chain::superfluous(listed.into_keys(), &damaged, upto, keep.max(1)).into_iter().rev() {
            let object = self.object(subject, name);
            match self.0.runtime.block_on(self.0.place.objects.delete(&object)) {
                // Not found: another process has pruned it as well.
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(cause) => return Err(self.failed("delete", &object, cause)),
            }
        }
        let folder = subject.path(&self.0.place.root);
        self.0.place.clear_leftovers(&folder).map_err(|cause| {
            let cause = object_store::Error::Generic { store: "folder", source: Box::new(cause) };
            self.failed("clear", &folder, cause)
        })
    }

    /// The total size of a subject's pieces, in bytes.
    #[cfg(test)]
    pub fn size(&self, subject: &Subject) -> Result<u64, StoreError> {
        Ok(self.list(subject)?.into_values().sum())
    }

    /// The pieces of a subject and their sizes. Files with other names belong to someone else and are left out.
    fn list(&self, subject: &Subject) -> Result<BTreeMap<Name, u64>, StoreError> {
        let folder = subject.path(&self.0.place.root);
        let listed = self.0.place.objects.list_with_delimiter(Some(&folder));
        let listed = self.0.runtime.block_on(listed).map_err(|cause| self.failed("list", &folder, cause))?;
        let pieces = listed.objects.into_iter();
        Ok(pieces
            .filter_map(|object| Some((Name::parse(object.location.filename()?)?, object.size)))
            .collect())
    }

    /// A listing that came twice in a row. While another process writes and prunes, a single listing may miss both
    /// the new piece and the one that it replaced.
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

    /// Lists the store once, so that a missing bucket is reported at the start and not at the first checkpoint.
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

/// The result of reading an object.
enum Read {
    /// Its fingerprint and payload.
    Piece(u64, Vec<u8>),
    Unusable(Unusable),
    Gone,
}
