//! The stored forms: a change here makes stored states unreadable.

use crate::*;
use alloc::string::ToString;
use core::fmt::Debug;
use serde::Serialize;
use serde::de::DeserializeOwned;
use units::{Milliwatts, Ratio, WattHours, Watts};

fn check<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T, stored: &str) {
    assert_eq!(serde_json::to_string(&value).unwrap(), stored);
    assert_eq!(serde_json::from_str::<T>(stored).unwrap(), value);
}

#[test]
fn quantities_are_stored_as_their_number() {
    check(WattHours(-7), "-7");
    check(Milliwatts(1), "1");
    check(Watts(0.5), "0.5");
    check(Ratio(0.25), "0.25");
}

#[test]
fn names_times_and_bits_are_stored_bare() {
    check(MeterId::new("M-1").unwrap(), r#""M-1""#);
    check(TransformerId::new("T1").unwrap(), r#""T1""#);
    check(FeederId::new("F.1").unwrap(), r#""F.1""#);
    check(AreaId::new("a_1").unwrap(), r#""a_1""#);
    check(AreaId::new("मुंबई \"पूर्व\"").unwrap(), r#""मुंबई \"पूर्व\"""#);
    check(EventTime(-1), "-1");
    check(EventCode(101), "101");
    check(Quality::GAP.with(Quality::ESTIMATED), "5");
    check(Target::System, r#""System""#);
    check(Target::Meter(MeterId::new("m").unwrap()), r#"{"Meter":"m"}"#);
}

#[test]
fn counts_are_stored_by_name_and_unknown_names_are_left_out() {
    let mut counts = issue::Counts::default();
    counts.issues(Issue::Late, 3);
    counts.reason(Reason::Torn);
    check(counts.clone(), r#"[[["late",3]],[["torn",1]]]"#);
    let more = r#"[[["late",3],["gone",9]],[["torn",1],["gone",9]]]"#;
    assert_eq!(serde_json::from_str::<issue::Counts>(more).unwrap(), counts);
}

#[test]
fn a_stored_name_is_checked_again() {
    for bad in [r#""""#, r#""a b""#, r#""a/b""#, "7", r#""123456789012345678901234567890123""#] {
        let error = serde_json::from_str::<MeterId>(bad).unwrap_err().to_string();
        assert!(error.contains("a name of 1 to 32"), "{error}");
    }
    for bad in [r#""""#, r#"" a""#, r#""a/b""#, "7", r#""a\nb""#] {
        let error = serde_json::from_str::<AreaId>(bad).unwrap_err().to_string();
        assert!(error.contains("a name of 1 to 64 bytes"), "{error}");
    }
}
