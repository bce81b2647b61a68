//! A property: whatever the order of writes, damage, crashes and pruning, the store finds the newest complete chain.

use super::*;
use proptest::prelude::*;
use proptest::sample::Index;
use std::collections::BTreeMap;

/// An event in the life of a store.
#[derive(Debug, Clone)]
enum Event {
    /// A full piece is written, this far after the last one.
    Full(u64),
    /// Changes to the newest piece are written, this far after it.
    Changes(u64),
    /// A process that was replaced long ago writes changes to some piece, this far after it.
    Zombie(Index, u64),
    /// A writer is killed during a write.
    Killed(u64),
    /// A piece loses its end.
    Torn(Index, Index),
    /// The newest piece loses its end.
    NewestTorn(Index),
    Prune(usize),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        2 => (1..5_u64).prop_map(Event::Full),
        6 => (1..5_u64).prop_map(Event::Changes),
        2 => (any::<Index>(), 1..9_u64).prop_map(|(base, step)| Event::Zombie(base, step)),
        1 => (1..5_u64).prop_map(Event::Killed),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(piece, cut)| Event::Torn(piece, cut)),
        1 => any::<Index>().prop_map(Event::NewestTorn),
        2 => (0..4_usize).prop_map(Event::Prune),
    ];
    prop::collection::vec(event, 1..25)
}

/// The expected contents of a store: every piece, and whether it is complete.
type Model = BTreeMap<Name, bool>;

/// Whether the chain up to a piece is complete, computed in the simplest way.
fn stands(model: &Model, name: Name) -> bool {
    let below = |base| model.keys().any(|other| other.position == base && stands(model, *other));
    model[&name] && name.base.is_none_or(below)
}

fn newest_of(model: &Model) -> Option<u64> {
    model.keys().rev().find(|name| stands(model, **name)).map(|name| name.position)
}

fn happen(event: &Event, folder: &Folder, model: &mut Model) {
    let last = model.last_key_value().map(|(name, _)| *name);
    let after = |step: u64| last.map_or(step, |last| last.position + step);
    let some = |index: &Index| model.keys().nth(index.index(model.len().max(1))).copied();
    let write = |name: Name| folder.write(name.position, name.base);
    let tear = |name: Name, cut: &Index| {
        let size = fs::metadata(folder.file(name.position, name.base)).unwrap().len();
        folder.tear(name.position, name.base, cut.index(usize::try_from(size).unwrap().max(1)) as u64);
    };
    let written = match (event, last) {
        (Event::Full(step), _) => Name { position: after(*step), base: None },
        (Event::Changes(step), Some(last)) => {
            Name { position: last.position + step, base: Some(last.position) }
        }
        (Event::Zombie(base, step), Some(_)) => {
            let base = some(base).unwrap().position;
            Name { position: base + step, base: Some(base) }
        }
        (Event::Killed(step), _) => {
            fs::create_dir_all(folder.pieces()).unwrap();
            let name = Name { position: after(*step), base: None };
            fs::write(folder.pieces().join(format!("{name}#1")), "half").unwrap();
            return;
        }
        (Event::Torn(piece, cut), Some(_)) => {
            let piece = some(piece).unwrap();
            tear(piece, cut);
            model.insert(piece, false);
            return;
        }
        (Event::NewestTorn(cut), Some(last)) => {
            tear(last, cut);
            model.insert(last, false);
            return;
        }
        (Event::Prune(keep), _) => {
            let before = newest_of(model);
            folder.store.prune(&subject(), u64::MAX, *keep).unwrap();
            let left = folder.store.list(&subject()).unwrap();
            model.retain(|name, _| left.contains_key(name));
            assert_eq!(newest_of(model), before, "pruning took the newest chain");
            return;
        }
        (_, None) => return,
    };
    write(written);
    model.insert(written, true);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn the_newest_whole_chain_is_found(events in events()) {
        let (folder, mut model) = (Folder::new(), Model::new());
        for event in &events {
            happen(event, &folder, &mut model);
            let newest = folder.store.newest(&subject(), None).unwrap();
            let names: Vec<Name> = newest.chain.iter().map(|(piece, _)| piece.name()).collect();
            prop_assert_eq!(names.last().map(|name| name.position), newest_of(&model));
            prop_assert!(names.first().is_none_or(|name| name.base.is_none()));
            prop_assert!(names.windows(2).all(|pair| pair[1].base == Some(pair[0].position)));
            prop_assert!(names.iter().all(|name| model[name]), "a torn piece was taken");
            for (piece, bytes) in &newest.chain {
                prop_assert_eq!(bytes, &payload(piece.position, piece.base));
            }
            // Every newer object must be reported with a reason.
            let better = model.keys().filter(|name| Some(name.position) > newest_of(&model)).count();
            prop_assert!(newest.passed_over.len() >= better);
        }
    }
}
