use super::Fingerprint;

fn groups() -> Fingerprint {
    Fingerprint::new("groups")
}

/// Computed by an independent program from the definition. Should these change, then every stored state is refused.
#[test]
fn the_numbers_never_change() {
    assert_eq!(groups().end(), 0x26bf_7d19_d1b7_246e);
    let all = groups().whole(900_000).whole(-1).number(0.25).text("Asia/Kolkata").flag(true);
    assert_eq!(all.optional(None).optional(Some(7)).end(), 0x2811_a631_ab6a_46cc);
}

#[test]
fn every_value_counts_with_its_kind_and_its_place() {
    let one = groups().whole(1);
    let different = [
        groups(),
        Fingerprint::new("vet").whole(1),
        one,
        groups().whole(-1),
        groups().whole(0),
        groups().whole(1 << 40),
        groups().flag(false),
        groups().flag(true),
        groups().number(0.0),
        groups().number(1.0),
        groups().number(1.0 + f64::EPSILON),
        groups().text(""),
        groups().text("1"),
        groups().text("\u{1}"),
        groups().optional(None),
        one.optional(None),
        groups().optional(None).whole(1),
        one.whole(2),
        groups().whole(2).whole(1),
        groups().text("ab").text("c"),
        groups().text("a").text("bc"),
    ];
    for (at, here) in different.iter().enumerate() {
        for (later, there) in different.iter().enumerate().skip(at + 1) {
            assert_ne!(here.end(), there.end(), "entries {at} and {later}");
        }
    }
}

#[test]
fn equal_values_are_equal() {
    assert_eq!(groups().optional(Some(1)).end(), groups().whole(1).end());
    assert_eq!(groups().number(-0.0).end(), groups().number(0.0).end());
}
