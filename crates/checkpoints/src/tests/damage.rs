//! Truncated or changed pieces are always noticed, whatever the damage.

use super::*;
use proptest::prelude::*;

/// A piece in version 1. If the format changes, these bytes must stay readable, and the new format is a new version.
const FIXTURE: &str = "\
    47575049454345 0a 01000000 01 eeffc00000000000 0f00000000000000 0c00000000000000 \
    1500 746f706963732f72656164696e67732f3030303033 0500000000000000 6368616e67 0f8d8021";

fn fixture() -> Vec<u8> {
    let digits: String = FIXTURE.split_whitespace().collect();
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

/// Reads an object as the store does.
fn read(bytes: Vec<u8>, name: Name) -> Result<(u64, Vec<u8>), Unusable> {
    let head = format::Head::read(&bytes, bytes.len() as u64, &subject(), name)?;
    Ok((head.fingerprint, format::payload(bytes, head)?))
}

#[test]
fn version_1_stays_readable() {
    let changes = piece(15, Some(12));
    assert_eq!(read(fixture(), changes.name()), Ok((0x00c0_ffee, b"chang".to_vec())));
    let folder = Folder::new();
    folder.store.write(&changes, b"chang").unwrap();
    assert_eq!(fs::read(folder.file(15, Some(12))).unwrap(), fixture());
}

#[track_caller]
fn check(change: impl FnOnce(&Folder), expected: Expect) {
    let folder = Folder::new();
    for (position, base) in SOME {
        folder.write(position, base);
    }
    change(&folder);
    expected.assert_eq(&folder.newest(None));
}

fn rewrite(file: PathBuf, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(&file).unwrap();
    change(&mut bytes);
    fs::write(file, bytes).unwrap();
}

#[test]
fn damage_is_reported_and_an_older_chain_is_used() {
    check(
        |folder| folder.tear(22, Some(20), 60),
        expect![[r#"
        20 
        22<20: the piece is torn: 60 bytes, expected 72"#]],
    );
    check(
        |folder| folder.tear(20, None, 0),
        expect![[r#"
            10 12<10 15<12 
            20: the piece is torn: 0 bytes, expected 72
            22<20: the piece builds on 20, which is missing or cannot be used"#]],
    );
    check(
        |folder| rewrite(folder.file(22, Some(20)), |bytes| bytes[80] ^= 1),
        expect![[r#"
        20 
        22<20: the piece is damaged: its checksum is 4d344824, expected 542f7965"#]],
    );
    check(
        |folder| fs::write(folder.file(22, Some(20)), "something else").unwrap(),
        expect![[r#"
        20 
        22<20: not a piece of a checkpoint: it begins with other bytes"#]],
    );
    check(
        |folder| rewrite(folder.file(22, Some(20)), |bytes| bytes[8] = 2),
        expect![[r#"
            20 
            22<20: the piece has version 2, and this program reads version 1"#]],
    );
    check(
        |folder| _ = fs::copy(folder.file(20, None), folder.file(30, None)).unwrap(),
        expect![[r#"
            20 22<20 
            30: the piece does not belong here: its position differs"#]],
    );
    check(
        |folder| {
            folder.tear(20, None, 100);
            folder.tear(12, Some(10), 100);
        },
        expect![[r#"
            10 
            12<10: the piece is torn: 100 bytes, expected 86
            15<12: the piece builds on 12, which is missing or cannot be used
            20: the piece is torn: 100 bytes, expected 82
            22<20: the piece builds on 20, which is missing or cannot be used"#]],
    );
}

#[test]
fn changes_by_another_plan_are_passed_over() {
    let folder = Folder::new();
    folder.write(10, None);
    let other = Piece { fingerprint: 1, ..piece(12, Some(10)) };
    folder.store.write(&other, &payload(12, Some(10))).unwrap();
    folder.write(14, Some(12));
    expect![[r#"
        10 
        12<10: the piece was made by another plan: fingerprint 0000000000000001, what it builds on has 0000000000c0ffee
        14<12: the piece builds on 12, which is missing or cannot be used"#]].assert_eq(&folder.newest(None));
}

proptest! {
    #[test]
    fn a_truncated_piece_is_noticed(payload in prop::collection::vec(any::<u8>(), 0..200), cut in any::<prop::sample::Index>(), full: bool) {
        let whole = whole(&payload, full);
        prop_assert!(read(whole.clone(), name(full)).is_ok());
        let cut = cut.index(whole.len());
        let result = read(whole[..cut].to_vec(), name(full));
        prop_assert!(matches!(result, Err(Unusable::Torn { .. })), "{:?}", result);
    }

    #[test]
    fn a_longer_piece_is_noticed(payload in prop::collection::vec(any::<u8>(), 0..200), more in prop::collection::vec(any::<u8>(), 1..50)) {
        let mut longer = whole(&payload, true);
        longer.extend(more);
        let result = read(longer, name(true));
        prop_assert!(matches!(result, Err(Unusable::Torn { .. })), "{:?}", result);
    }

    #[test]
    fn a_flipped_byte_is_noticed(payload in prop::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>(), flip in 1..=255_u8, full: bool) {
        let mut damaged = whole(&payload, full);
        let at = at.index(damaged.len());
        damaged[at] ^= flip;
        prop_assert!(read(damaged, name(full)).is_err());
    }

    #[test]
    fn any_bytes_are_no_piece(bytes in prop::collection::vec(any::<u8>(), 0..300), full: bool, beginning in 0..80_usize) {
        // Bytes that begin like a piece test the later checks, too.
        let mut object = whole(b"", full);
        object.truncate(beginning);
        object.extend(bytes);
        if object != whole(b"", full) {
            prop_assert!(read(object, name(full)).is_err());
        }
    }
}

fn name(full: bool) -> Name {
    Name { position: 15, base: (!full).then_some(12) }
}

fn whole(payload: &[u8], full: bool) -> Vec<u8> {
    let mut object = format::head(&Piece::new(subject(), name(full), 7), payload.len());
    object.extend_from_slice(payload);
    let sum = crc32fast::hash(&object);
    object.extend_from_slice(&sum.to_le_bytes());
    object
}
