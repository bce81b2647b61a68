use super::*;
use crate::tests::{alert, calendar, readers};
use detect::Written;
use expect_test::expect;
use proptest::prelude::*;
use reading::TransformerId;

#[test]
fn the_longest_names_still_fit() {
    let long = |c: char| c.to_string().repeat(reading::id::LONGEST);
    let mut one = alert(&long('M'), &long('A'), 0);
    one.transformer = TransformerId::new(long('T'));
    let text = Rule::read(&[]).unwrap().single(&one, &calendar());
    expect!["Please check meter MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM: phase 7.2 A, neutral 4.1 A since 5 Jan 12:00. Transformer TTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTT."].assert_eq(&text);
    assert!(SmsText::new(&text).is_some());
}

#[test]
fn a_name_that_the_alphabet_cannot_write_is_left_out() {
    let text = |transformer: &str, area: &str| {
        let mut one = alert("M1", area, 0);
        one.transformer = TransformerId::new(transformer);
        Rule::read(&[]).unwrap().single(&one, &calendar())
    };
    expect!["Please check meter M1: phase 7.2 A, neutral 4.1 A since 5 Jan 12:00. Transformer Zürich [Süd]. Area Öst."].assert_eq(&text("Zürich [Süd]", "Öst"));
    expect!["Please check meter M1: phase 7.2 A, neutral 4.1 A since 5 Jan 12:00. Area Zürich."]
        .assert_eq(&text("मुंबई पूर्व", "Zürich"));
    expect!["Please check meter M1: phase 7.2 A, neutral 4.1 A since 5 Jan 12:00."]
        .assert_eq(&text("São Paulo", "北京"));
}

#[test]
fn the_alphabet_of_sms_counts_some_characters_twice() {
    assert_eq!(
        [septets('a'), septets('€'), septets('['), septets('ñ')],
        [Some(1), Some(2), Some(2), Some(1)]
    );
    assert_eq!([septets('`'), septets('ç'), septets('ह'), septets('\t')], [None; 4]);
    assert!(SmsText::new(&"€".repeat(80)).is_some());
    for refused in [&*"€".repeat(81), "हा", ""] {
        assert_eq!(SmsText::new(refused), None, "{refused}");
    }
}

#[test]
fn a_phone_number_is_digits() {
    for right in ["+919810000001", "112", "022 1234-5678"] {
        assert!(phone(right).is_some(), "{right}");
    }
    for wrong in ["", "+", "12", "1234567890123456", "98x10", "+91+98"] {
        assert_eq!(phone(wrong), None, "{wrong}");
    }
}

#[test]
fn an_area_has_one_phone_and_it_is_a_phone() {
    let routes = |phones: &[(&str, &str)]| Rule::read(&[]).unwrap().routes(&readers(phones));
    assert!(routes(&[("A1", "112"), ("A1", "1-1-2")]).is_ok());
    let refused = |phones| {
        let error = routes(phones).unwrap_err();
        format!("{error}; {}", error.help())
    };
    expect!["area A1 has two readers' phones, 111 and 112; write `reader_phone` like +000200000001, the same one for a whole area"]
        .assert_eq(&refused(&[("A1", "112"), ("A1", "111")]));
    expect![[r#"meter R0 has the reader's phone "call me", which is no phone number; write `reader_phone` like +000200000001, the same one for a whole area"#]]
        .assert_eq(&refused(&[("A1", "call me")]));
}

#[test]
fn numbers_that_do_not_go_together_are_refused() {
    let refused = |section: &[(&str, Written<'_>)]| {
        let error = Rule::read(section).unwrap_err();
        format!("{}: {error}; {}", error.key(), error.help())
    };
    let both = |hour, day| [("per_hour", Written::Whole(hour)), ("per_day", Written::Whole(day))];
    expect!["per_hour: `per_hour` must be at least 1, found 0; try `per_hour = 1`"]
        .assert_eq(&refused(&both(0, 1)));
    expect!["per_day: `per_day` (1) must be at least `per_hour` (2); try `per_day = 2`"]
        .assert_eq(&refused(&both(2, 1)));
    expect!["per_day: `per_day` (5000) must be at most 1000; try `per_day = 1000`"]
        .assert_eq(&refused(&both(2, 5000)));
    expect![[r#"again_after: `again_after` (400 d) must be at most 366 d; try `again_after = "366 d"`"#]]
        .assert_eq(&refused(&[("again_after", Written::Text("400 d"))]));
}

proptest! {
    #[test]
    fn any_text_can_be_made_to_fit(first in ".{1,200}", others in prop::collection::vec(".{0,60}", 0..4)) {
        let text = SmsText::fit(&first, &others);
        prop_assert_eq!(SmsText::new(&text.0), Some(text));
    }
}

#[test]
fn the_bytes_of_a_text_are_that_text_again() {
    for text in ["Please check M1 [€] ~ {x} | \\ ^", "ACK 87", "मीटर 😀", ""] {
        let alphabet = alphabet::Alphabet::of(text);
        assert_eq!(alphabet.text(&alphabet.bytes(text)), text);
    }
    assert_eq!(alphabet::Alphabet::Gsm7.text(&[0x1b, b'A', 0x1b]), "A");
}
