//! Tests on a disk of 1 MiB. `scripts/full-disk-check` mounts it and gives its path.

use super::*;

fn small_disk() -> Store {
    #[expect(clippy::disallowed_methods, reason = "the script names the folder that it mounted")]
    let at = std::env::var("SMALL_DISK").expect("run by scripts/full-disk-check");
    Store::open(&at).unwrap()
}

fn ends(store: &Store) -> Vec<u64> {
    let newest = store.newest(&subject(), None).unwrap();
    assert!(newest.passed_over.is_empty(), "{:?}", newest.passed_over);
    newest.chain.iter().map(|(piece, _)| piece.position).collect()
}

#[test]
#[ignore = "needs a small disk: scripts/full-disk-check"]
fn a_full_disk_is_reported_and_destroys_nothing() {
    let store = small_disk();
    let bytes = vec![7; 400_000];
    store.write(&piece(10, None), &bytes).unwrap();
    store.write(&piece(11, Some(10)), &bytes).unwrap();
    // A piece in one write, and a piece in parts.
    for size in [400_000, 9 << 20] {
        let full = store.write(&piece(20, None), &vec![8; size]).unwrap_err();
        assert!(matches!(full, StoreError::Full { .. }) && full.may_pass(), "{full:?}");
        assert_eq!(ends(&store), [10, 11]);
    }
    // The incomplete files are gone, so that a smaller piece has room.
    store.write(&piece(30, None), &bytes[..100_000]).unwrap();
    store.prune(&subject(), u64::MAX, 1).unwrap();
    assert_eq!(ends(&store), [30]);
    // Once there is space again, it is used.
    let mut tries = 0;
    let written = retrying(
        || false,
        |_, _| {},
        || {
            tries += 1;
            let size = if tries == 1 { 9 << 20 } else { 400_000 };
            store.write(&piece(40, None), &vec![9; size])
        },
    );
    assert_eq!((written.unwrap() > 400_000, tries, ends(&store)), (true, 2, vec![40]));
}

#[test]
#[ignore = "needs a disk that is read-only: scripts/full-disk-check"]
fn a_read_only_disk_is_reported_and_can_be_read() {
    let store = small_disk();
    for size in [10, 9 << 20] {
        let denied = store.write(&piece(50, None), &vec![8; size]).unwrap_err();
        assert!(matches!(denied, StoreError::Denied { .. }), "{denied:?}");
    }
    assert_eq!(ends(&store), [40]);
    assert!(matches!(store.write(&piece(40, None), b""), Err(StoreError::Denied { .. })));
    assert!(store.lock().is_err());
}
