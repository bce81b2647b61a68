use super::*;
use expect_test::{Expect, expect};

const COUNTS: PartKind =
    PartKind { name: "counts", version: 2, reads: &[1], holds: "what was counted", settings: "`every`" };
const NAMES: PartKind =
    PartKind { name: "names", version: 1, reads: &[], holds: "who was heard of", settings: "no setting" };

/// `counts` of version 1 held one number, version 2 holds a list.
fn counts(found: &Found<'_>) -> Result<Vec<u32>, SnapshotError> {
    match found.version {
        1 => Ok(vec![found.whole::<u32>()?]),
        _ => found.whole(),
    }
}

fn stored(counts: &[u32], fingerprint: u64, names: &[&str]) -> Vec<u8> {
    let mut parts = Storing::new();
    parts.part(&COUNTS, fingerprint, &counts);
    parts.part(&NAMES, 0, &names);
    parts.end()
}

fn check_lost(parts: Restoring<'_>, expected: &Expect) {
    let lost: Vec<String> = parts.finish().iter().map(ToString::to_string).collect();
    expected.assert_eq(&lost.join("\n"));
}

#[test]
fn each_part_comes_back_by_its_name() {
    let bytes = [stored(&[3, 4], 7, &["M1"])];
    let mut parts = Restoring::read(&bytes).unwrap();
    let names: Vec<String> = parts.take(&NAMES, 0).unwrap().unwrap().whole().unwrap();
    let found = parts.take(&COUNTS, 7).unwrap().unwrap();
    assert_eq!((counts(&found).unwrap(), names), (vec![3, 4], vec!["M1".to_owned()]));
    check_lost(parts, &expect![[""]]);
}

#[test]
fn a_changed_setting_loses_its_part_and_no_other() {
    let bytes = [stored(&[3, 4], 7, &["M1"])];
    let mut parts = Restoring::read(&bytes).unwrap();
    assert!(parts.take(&COUNTS, 8).unwrap().is_none());
    assert!(parts.take(&NAMES, 0).unwrap().is_some());
    check_lost(parts, &expect!["`counts` (what was counted), because `every` changed"]);
}

#[test]
fn remains_can_be_used_and_count_as_lost() {
    let bytes = [stored(&[3, 4], 7, &[])];
    let mut parts = Restoring::read(&bytes).unwrap();
    let Some(Taken::Remains(found)) = parts.take_even_remains(&COUNTS, 8).unwrap() else { panic!("whole") };
    assert_eq!(counts(&found).unwrap(), [3, 4]);
    parts.lose_with(&NAMES, &COUNTS);
    check_lost(
        parts,
        &expect![[r#"
            `counts` (what was counted), because `every` changed
            `names` (who was heard of), because it builds on `counts`"#]],
    );
}

#[test]
fn versions_are_read_side_by_side() {
    let earlier = PartKind { version: 1, ..COUNTS };
    let mut parts = Storing::new();
    parts.part(&earlier, 7, &5_u32);
    parts.part(&NAMES, 0, &["M1"]);
    let bytes = [parts.end()];
    let mut parts = Restoring::read(&bytes).unwrap();
    assert_eq!(counts(&parts.take(&COUNTS, 7).unwrap().unwrap()).unwrap(), [5]);
    let later = PartKind { version: 2, ..NAMES };
    assert!(parts.take(&later, 0).unwrap().is_none());
    check_lost(
        parts,
        &expect!["`names` (who was heard of), because it has version 1 and this program writes 2"],
    );
}

#[test]
fn a_part_that_nothing_uses_is_named() {
    let bytes = [stored(&[], 7, &[])];
    let mut parts = Restoring::read(&bytes).unwrap();
    assert!(parts.take(&COUNTS, 7).unwrap().is_some());
    check_lost(parts, &expect!["`names`, which nothing in this plan uses"]);
}

#[test]
fn changes_are_laid_over_the_whole() {
    let chain = [stored(&[1, 2], 7, &[]), stored(&[3], 7, &[]), stored(&[4], 7, &[])];
    let mut parts = Restoring::read(&chain).unwrap();
    let found = parts.take(&COUNTS, 7).unwrap().unwrap();
    let all: Vec<u32> = found
        .overlaid(|whole: &mut Vec<u32>, later| {
            whole.extend(later);
            Ok(())
        })
        .unwrap();
    assert_eq!(all, [1, 2, 3, 4]);
    let mixed = [stored(&[1], 7, &[]), stored(&[2], 8, &[])];
    let mut parts = Restoring::read(&mixed).unwrap();
    let message = parts.take(&COUNTS, 8).unwrap_err().to_string();
    assert_eq!(message, "the stored state has changes that do not fit the state before them");
}

#[test]
fn the_fingerprint_of_parts_depends_on_settings_and_versions_and_not_on_content() {
    let number = |bytes: &[u8]| fingerprint_of_parts(bytes).unwrap();
    let one = number(&stored(&[1, 2], 7, &["M1"]));
    assert_eq!(one, number(&stored(&[9], 7, &[])));
    assert_ne!(one, number(&stored(&[1, 2], 8, &["M1"])));
    let mut later = Storing::new();
    later.part(&PartKind { version: 3, ..COUNTS }, 7, &[1_u32]);
    later.part(&NAMES, 0, &["M1"]);
    assert_ne!(one, number(&later.end()));
}

#[test]
fn two_parts_of_one_name_are_refused() {
    let mut parts = Storing::new();
    parts.part(&COUNTS, 7, &[1_u32]);
    parts.part(&PartKind { version: 1, ..COUNTS }, 7, &1_u32);
    let message = parts_of(&parts.end()).unwrap_err().to_string();
    assert_eq!(message, "the stored state has two parts of one name");
}

#[test]
fn torn_and_foreign_lists_are_refused() {
    let bytes = stored(&[1, 2], 7, &["M1"]);
    for length in 0..bytes.len() {
        let torn = [&bytes[..length]];
        let whole_parts_only = Restoring::read(&torn).is_ok();
        // A list that ends behind a part is a shorter list; the checksum around it says that something is missing.
        assert_eq!(whole_parts_only, length == 8 || length == 8 + 1 + 6 + 2 + 8 + 8 + 3, "{length}");
    }
    let message = |chain: &[&[u8]]| Restoring::read(chain).unwrap_err().to_string();
    assert_eq!(message(&[b"GWPARTS2"]), "the stored state is no list of parts");
    assert_eq!(message(&[]), "the stored state is empty");
}
