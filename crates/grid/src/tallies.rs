//! One tally for each of some keys, found at once while the same key comes again: neighbours in a topology mostly hang on
//! one transformer.

use std::collections::BTreeMap;

/// A tally for each key.
#[derive(Debug, Clone)]
pub struct Tallies<K, T> {
    places: BTreeMap<K, usize>,
    all: Vec<T>,
    last: Option<(K, usize)>,
}

impl<K: Ord + Copy, T: Default> Tallies<K, T> {
    /// The tally of a key.
    #[inline]
    pub fn of(&mut self, key: K) -> &mut T {
        let at = match self.last {
            Some((last, at)) if last == key => at,
            _ => self.place_of(key),
        };
        &mut self.all[at]
    }

    fn place_of(&mut self, key: K) -> usize {
        let at = *self.places.entry(key).or_insert(self.all.len());
        if at == self.all.len() {
            self.all.push(T::default());
        }
        self.last = Some((key, at));
        at
    }

    /// All of them, by key.
    pub fn by_key(self) -> impl Iterator<Item = (K, T)> {
        let mut all: Vec<Option<T>> = self.all.into_iter().map(Some).collect();
        self.places.into_iter().filter_map(move |(key, at)| Some((key, all[at].take()?)))
    }
}

impl<K, T> Default for Tallies<K, T> {
    fn default() -> Self {
        Self { places: BTreeMap::new(), all: Vec::new(), last: None }
    }
}
