//! Which pieces belong together, from their names alone.

use super::piece::Name;
use std::collections::{BTreeMap, BTreeSet};

/// For every position that a chain from a full piece reaches: the piece that ends there. If several do, all hold the
/// same state, and a full piece is preferred, then the one with the latest base.
pub fn rooted(names: impl Iterator<Item = Name>) -> BTreeMap<u64, Name> {
    let names: BTreeSet<Name> = names.collect();
    let mut rooted: BTreeMap<u64, Name> = BTreeMap::new();
    // In order of position: the base of a piece comes before the piece.
    for name in names {
        let stands = name.base.is_none_or(|base| rooted.contains_key(&base));
        let is_full = rooted.get(&name.position).is_some_and(|other| other.base.is_none());
        if stands && !is_full {
            rooted.insert(name.position, name);
        }
    }
    rooted
}

/// The chain that ends at a position, or the one that ends last. Oldest piece first; empty if there is none.
pub fn ending(rooted: &BTreeMap<u64, Name>, at: Option<u64>) -> Vec<Name> {
    let end = at.or_else(|| rooted.last_key_value().map(|(position, _)| *position));
    let mut next = end.and_then(|end| rooted.get(&end));
    let mut chain = Vec::new();
    while let Some(name) = next {
        chain.push(*name);
        next = name.base.and_then(|base| rooted.get(&base));
    }
    chain.reverse();
    chain
}

/// The pieces up to a position that the last `keep` undamaged chains do not need, in order of position.
pub fn superfluous(
    names: impl Iterator<Item = Name>,
    damaged: &BTreeSet<Name>,
    upto: u64,
    keep: usize,
) -> Vec<Name> {
    let names: Vec<Name> = names.filter(|name| name.position <= upto).collect();
    let rooted = rooted(names.iter().copied().filter(|name| !damaged.contains(name)));
    let bases: BTreeSet<u64> = rooted.values().filter_map(|name| name.base).collect();
    let ends = rooted.keys().rev().filter(|position| !bases.contains(position));
    let needed: BTreeSet<Name> = ends.take(keep).flat_map(|end| ending(&rooted, Some(*end))).collect();
    let newest = rooted.last_key_value().map(|(position, _)| *position);
    // Pieces newer than the last chain stay: their base may have been written while the names were listed.
    let mut superfluous: Vec<Name> = names
        .into_iter()
        .filter(|name| newest.is_some_and(|newest| name.position <= newest) && !needed.contains(name))
        .collect();
    superfluous.sort_unstable();
    superfluous
}
