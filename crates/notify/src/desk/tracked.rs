//! A map that knows which of its entries changed, so that only these are stored again.

use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

/// A map. It is stored as one, and equal to another with the same entries.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Tracked<K: Ord, V> {
    entries: BTreeMap<K, V>,
    /// What changed or is gone since it was last asked for. `None` where nobody asks: it would grow for ever.
    #[serde(skip)]
    changed: Option<BTreeSet<K>>,
}

impl<K: Ord, V> Default for Tracked<K, V> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), changed: None }
    }
}

impl<K: Ord, V: PartialEq> PartialEq for Tracked<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for Tracked<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        Self { entries: entries.into_iter().collect(), changed: None }
    }
}

impl<K: Ord, V> Deref for Tracked<K, V> {
    type Target = BTreeMap<K, V>;

    fn deref(&self) -> &BTreeMap<K, V> {
        &self.entries
    }
}

impl<K: Ord + Clone, V> Tracked<K, V> {
    /// One that remembers what changes, if somebody asks.
    pub(crate) fn new(is_asked: bool) -> Self {
        Self { entries: BTreeMap::new(), changed: is_asked.then(BTreeSet::new) }
    }

    /// Whether it remembers what changes.
    pub(crate) fn is_asked(&self) -> bool {
        self.changed.is_some()
    }

    /// From now on what changes is remembered.
    pub(crate) fn track(&mut self) {
        self.changed.get_or_insert_default();
    }

    /// All that is there counts as changed.
    pub(crate) fn mark_all(&mut self) {
        self.changed = Some(self.entries.keys().cloned().collect());
    }

    /// Counts as changed, whether it is there or not.
    pub(crate) fn mark<Q: Ord + ToOwned<Owned = K> + ?Sized>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
    {
        if let Some(changed) = self.changed.as_mut().filter(|changed| !changed.contains(key)) {
            changed.insert(key.to_owned());
        }
    }

    /// What changed since the last time, and what it is now. `None` is gone.
    pub(crate) fn take_changed(&mut self, mut take: impl FnMut(K, Option<&mut V>)) {
        for key in self.changed.as_mut().map(std::mem::take).unwrap_or_default() {
            let value = self.entries.get_mut(&key);
            take(key, value);
        }
    }

    pub(crate) fn insert(&mut self, key: K, value: V) {
        self.mark(&key);
        self.entries.insert(key, value);
    }

    pub(crate) fn get_or_insert_with(&mut self, key: K, new: impl FnOnce() -> V) -> &mut V {
        self.mark(&key);
        self.entries.entry(key).or_insert_with(new)
    }

    pub(crate) fn get_mut<Q: Ord + ToOwned<Owned = K> + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        if self.entries.contains_key(key) {
            self.mark(key);
        }
        self.entries.get_mut(key)
    }

    pub(crate) fn remove<Q: Ord + ToOwned<Owned = K> + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let removed = self.entries.remove(key);
        if removed.is_some() {
            self.mark(key);
        }
        removed
    }

    /// Keeps only some.
    pub(crate) fn retain(&mut self, mut is_kept: impl FnMut(&K, &mut V) -> bool) {
        let Self { entries, changed } = self;
        entries.retain(|key, value| {
            let is_kept = is_kept(key, value);
            if let Some(changed) = changed.as_mut().filter(|_| !is_kept) {
                changed.insert(key.clone());
            }
            is_kept
        });
    }

    /// Changes entries. `change` says of each whether it did.
    pub(crate) fn change_each(&mut self, mut change: impl FnMut(&K, &mut V) -> bool) {
        let Self { entries, changed } = self;
        for (key, value) in entries {
            if change(key, value)
                && let Some(changed) = changed
            {
                changed.insert(key.clone());
            }
        }
    }
}
