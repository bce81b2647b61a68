use super::*;
use std::collections::BTreeSet;

#[test]
fn names_are_words_that_lead_back_to_their_kind() {
    let names: BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(names.len(), Kind::ALL.len());
    for kind in Kind::ALL {
        assert!(kind.name().bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase()), "{}", kind.name());
        assert_eq!(Kind::named(kind.name()), Some(*kind));
        assert!(kind.says().ends_with('.') && !kind.says().contains('\n'), "{}", kind.says());
    }
    assert_eq!(Kind::named("theft"), None);
}

#[test]
fn thefts_come_before_innocent_causes() {
    assert!(Kind::ALL.is_sorted_by_key(|kind| !kind.guilty()));
    assert_eq!(Kind::ALL.iter().filter(|kind| kind.guilty()).count(), 18);
}
