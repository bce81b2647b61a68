use super::*;
use expect_test::{Expect, expect};

fn language(name: &str) -> Language {
    Language::new(name).unwrap()
}

fn refused(kind: Kind, form: Form, text: &str, expected: &Expect) {
    let error = Template::new(Some(kind), form, Language::ENGLISH, text).unwrap_err();
    expected.assert_eq(&format!("{error}; {}", error.help()));
}

#[test]
fn every_language_that_is_shipped_has_every_template() {
    for (kind, form) in Form::each() {
        for name in ["en", "hi", "mr"] {
            assert!(shipped::ALL.contains_key(&(kind, form, language(name))), "{kind:?} {form:?} {name}");
        }
    }
    assert_eq!(shipped::ALL.len(), 3 * Form::each().count());
}

#[test]
fn no_shipped_template_accuses_anybody() {
    let words = ["theft", "thief", "fraud", "steal", "tamper", "bypass", "चोर", "धोख", "फसव"];
    for template in shipped::ALL.values() {
        let text = format!("{template:?}").to_lowercase();
        assert_eq!(words.iter().find(|word| text.contains(**word)), None, "{text}");
    }
}

#[test]
fn how_long_shipped_messages_are_at_most() {
    let longest = |name| {
        let templates = Templates::default();
        let language = language(name);
        let each = templates.in_language(&language).map(Template::longest);
        let most = each.max_by_key(|(_, parts)| *parts).unwrap();
        format!("{name}: {:?} {}", most.0, most.1)
    };
    expect!["en: Ucs2 2, hi: Ucs2 2, mr: Ucs2 3"].assert_eq(&["en", "hi", "mr"].map(longest).join(", "));
}

#[test]
fn what_is_wrong_with_a_template_is_named_with_a_way_out() {
    refused(
        Kind::Suspicion,
        Form::One,
        "Check {metre}",
        &expect!["`{metre}` is no variable of this message; did you mean `{meter}`?"],
    );
    refused(
        Kind::Suspicion,
        Form::One,
        "Check {xyzzy}",
        &expect![
            "`{xyzzy}` is no variable of this message; there are: {meter}, {seen}, {since}, {time}, {case}, {transformer}, {feeder}, {area}"
        ],
    );
    refused(
        Kind::Suspicion,
        Form::One,
        "Check {meter",
        &expect!["`{` has no partner; write `{{` for the character itself"],
    );
    refused(
        Kind::Suspicion,
        Form::One,
        "Check {meter}]",
        &expect!["`]` has no partner; write `]]` for the character itself"],
    );
    refused(
        Kind::Suspicion,
        Form::One,
        "Check {meter}[ at {area}",
        &expect!["`[` has no partner; write `[[` for the character itself"],
    );
    refused(
        Kind::Suspicion,
        Form::One,
        "Check [{meter} [at] {area}]",
        &expect!["a piece in brackets stands within another; end the first piece before the next begins"],
    );
    refused(
        Kind::Suspicion,
        Form::One,
        "Check {meter} at {area}",
        &expect![
            "`{area}` may have no value; write it in brackets with the words around it, as in `[ near {area}]`"
        ],
    );
    refused(
        Kind::Suspicion,
        Form::One,
        "Check {meter}[ now]",
        &expect![
            "the piece `[ now]` has no variable; write it without brackets, or `[[` and `]]` for brackets themselves"
        ],
    );
    refused(Kind::Suspicion, Form::One, "", &expect!["the text is empty; write what the message says"]);
    refused(
        Kind::AboveSanctioned,
        Form::Ended,
        "{meter}",
        &expect![
            "there is no message of the form `ended` for this kind; see the table of templates in docs/reference/plans.md"
        ],
    );
}

fn written(text: &str, values: &Values, parts: u32) -> String {
    let template = Template::new(Some(Kind::Outage), Form::Several, Language::ENGLISH, text).unwrap();
    let (text, named) = template.write(values, Room { parts, registry: None });
    format!("{named}: {text}")
}

#[test]
fn as_many_names_go_in_as_there_is_room_for_and_then_what_is_in_brackets() {
    let values = Values {
        words: vec![("area".to_owned(), "A1".to_owned())],
        names: (0..20).map(|number| format!("TRANSFORMER-{number}")).collect(),
        total: 30,
    };
    expect!["9: {30} out: TRANSFORMER-0, TRANSFORMER-1, TRANSFORMER-2, TRANSFORMER-3, TRANSFORMER-4, TRANSFORMER-5, TRANSFORMER-6, TRANSFORMER-7, TRANSFORMER-8 +21 in A1"]
        .assert_eq(&written("{{{count}}} out: {names}[ in {area}][ of {feeder}]", &values, 1));
    let few = Values { names: values.names[..2].to_vec(), total: 2, ..values };
    expect!["2: 2 out: TRANSFORMER-0, TRANSFORMER-1 in A1"].assert_eq(&written(
        "{count} out: {names}[ in {area}][ of {feeder}]",
        &few,
        1,
    ));
}

#[test]
fn a_name_of_another_script_stays_out_where_it_would_make_the_message_longer() {
    let values = Values {
        words: vec![("area".to_owned(), "मुंबई पूर्व".to_owned())],
        names: vec!["M".repeat(60)],
        total: 1,
    };
    let text = "{count} out: {names}[ in {area}]";
    assert!(!written(text, &values, 1).contains("मुंबई"));
    assert!(written(text, &values, 2).contains("मुंबई"));
}

#[test]
fn only_as_much_goes_in_as_a_registered_text_has_room_for() {
    let text = "{count} out: {names}.[ Area {area}.]";
    let template = Template::new(Some(Kind::Outage), Form::Several, Language::ENGLISH, text).unwrap();
    let values = Values {
        words: vec![("area".to_owned(), "WESTERN-SUBURBS".to_owned())],
        names: (0..20).map(|number| format!("TRANSFORMER-{number}")).collect(),
        total: 30,
    };
    let id = |last: u8| format!("110716000000001234{last}");
    let mut registry = Registry::default();
    registry.add(Registered::new(&id(1), "{#var#} out: {#var#}.").unwrap()).unwrap();
    let write = |registry: &Registry| {
        let (text, named) = template.write(&values, Room { parts: 3, registry: Some(registry) });
        format!("{named}: {text}")
    };
    assert_eq!(write(&registry), "1: 30 out: TRANSFORMER-0 +29.");
    // Two names have more letters than a variable may hold, so they need two.
    registry.add(Registered::new(&id(2), "{#var#} out: {#var#}{#var#}. Area {#var#}.").unwrap()).unwrap();
    assert_eq!(
        write(&registry),
        "3: 30 out: TRANSFORMER-0, TRANSFORMER-1, TRANSFORMER-2 +27. Area WESTERN-SUBURBS."
    );
    // The longest name alone has more.
    assert!(template.misfit(&registry).unwrap().starts_with("10000 out: MMM"));
    registry.add(Registered::new(&id(3), "{#var#} out: {#var#}{#var#}{#var#}.").unwrap()).unwrap();
    assert_eq!(template.misfit(&registry), None);
}
