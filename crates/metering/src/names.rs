//! Names of meters, sorted, in as many bytes as they have letters.

use reading::MeterId;

#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    letters: String,
    /// Where each name ends among the letters.
    ends: Vec<u32>,
}

impl Names {
    pub(crate) fn get(&self, at: usize) -> Option<&str> {
        let end = *self.ends.get(at)?;
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        Some(&self.letters[start as usize..end as usize])
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len()).filter_map(|at| self.get(at))
    }

    pub(crate) fn make_room(&mut self, names: impl ExactSizeIterator<Item = usize>) {
        self.ends.reserve_exact(names.len());
        self.letters.reserve_exact(names.sum());
    }

    pub(crate) fn push(&mut self, name: &str) {
        self.letters.push_str(name);
        // A hundred million names of 32 letters fit.
        self.ends.push(self.letters.len() as u32);
    }

    /// The place of a name, or the place at which it must be inserted. The search begins at `from`: callers ask for
    /// names in their order, and in most cases the next name is the one that follows.
    pub(crate) fn find(&self, name: &str, from: usize) -> Result<usize, usize> {
        if self.get(from + 1) == Some(name) {
            return Ok(from + 1);
        }
        let before = |at: usize| self.get(at).is_some_and(|known| known < name);
        let (mut low, mut step) = (from, 1);
        while before(low + step - 1) {
            low += step;
            step *= 2;
        }
        let mut high = (low + step - 1).min(self.ends.len());
        while low < high {
            let middle = low.midpoint(high);
            if before(middle) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if self.get(low) == Some(name) { Ok(low) } else { Err(low) }
    }

    /// Inserts each name before the one at its place; places ascend.
    pub(crate) fn insert(&mut self, new: &[(u32, &MeterId)]) {
        let letters = new.iter().map(|(_, name)| name.as_str().len()).sum::<usize>();
        let mut all = Self {
            letters: String::with_capacity(self.letters.len() + letters),
            ends: Vec::with_capacity(self.ends.len() + new.len()),
        };
        let mut known = self.iter();
        let mut taken = 0;
        for (at, name) in new {
            known.by_ref().take((at - taken) as usize).for_each(|name| all.push(name));
            taken = *at;
            all.push(name.as_str());
        }
        known.for_each(|name| all.push(name));
        *self = all;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn names_are_found_and_put_in_as_in_a_sorted_set(
            known in prop::collection::btree_set("[a-c]{1,3}", 0..12),
            more in prop::collection::btree_set("[a-c]{1,3}", 0..12),
            from in 0_usize..12,
        ) {
            let mut names = Names::default();
            known.iter().for_each(|name| names.push(name));
            let all: Vec<&String> = known.iter().collect();
            for name in &more {
                // The search must begin at the place of the name or before it.
                let from = from.min(all.partition_point(|known| *known < name));
                prop_assert_eq!(names.find(name, from), all.binary_search(&name));
            }
            let new: Vec<(u32, MeterId)> = more
                .difference(&known)
                .map(|name| (all.partition_point(|known| *known < name) as u32, MeterId::new(name).unwrap()))
                .collect();
            let new: Vec<(u32, &MeterId)> = new.iter().map(|(at, name)| (*at, name)).collect();
            names.insert(&new);
            let both: BTreeSet<&str> = known.union(&more).map(String::as_str).collect();
            prop_assert!(names.iter().eq(both));
        }
    }
}
