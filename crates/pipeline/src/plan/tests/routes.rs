//! `[[receiver]]`, `[[route]]`, `[[inhibit]]`, `[[template]]`.

use super::*;

const ROUTES: &str = include_str!("../../../../../pipelines/routes.toml");

/// Replaces a piece of the plan with routes and shows what a person would read.
fn check(from: &str, to: &str, expected: &Expect) {
    assert!(ROUTES.contains(from), "the plan holds {from:?}");
    let text = ROUTES.replacen(from, to, 1);
    let page = match Plan::read(&text) {
        Ok(plan) => format!("accepted {}", plan.name),
        Err(error) => error.render("routes.toml", &text),
    };
    expected.assert_eq(&page);
}

#[test]
fn a_route_leads_to_receivers_that_exist() {
    check(
        "to = [\"readers\"]",
        "to = [\"raeders\"]",
        &expect![[r#"
        error[plan::route]: route `walk` goes to `raeders`, and no receiver is called so
          --> routes.toml:85:7
           | to = ["raeders"]
          help: add a `[[receiver]]` with `name = "raeders"`
    "#]],
    );
    check(
        "to = [\"readers\"]",
        "to = []",
        &expect![[r#"
        error[plan::missing]: `to` must name a receiver
          --> routes.toml:85:6
           | to = []
          help: name a `[[receiver]]`
    "#]],
    );
    check(
        "to = [\"readers\"]",
        "to = [\"readers\", \"readers\"]",
        &expect![[r#"
        error[plan::route]: `to` names `readers` twice
          --> routes.toml:85:18
           | to = ["readers", "readers"]
          help: leave one out
    "#]],
    );
    check(
        "to = [\"chief\"]",
        "to = [\"duty\"]",
        &expect![[r#"
        error[plan::route]: route `supply` goes to `duty`, and escalates to the same
          --> routes.toml:99:35
           | escalate = { after = "2 h", to = ["duty"] }   # when nobody acknowledges
          help: escalate to somebody else, or let `repeat` remind them
    "#]],
    );
    check(
        "name = \"chief\"",
        "name = \"duty\"",
        &expect![[r#"
        error[plan::route]: two receivers are called `duty`
          --> routes.toml:71:8
           | name = "duty"
          help: give one of them another `name`
    "#]],
    );
    check(
        "name = \"chief\"",
        "name = \"The Chief\"",
        &expect![[r#"
        error[plan::name]: `name` must be small letters, digits and hyphens, at most 32, found "The Chief"
          --> routes.toml:71:8
           | name = "The Chief"
          help: try `name = "on-duty"`
    "#]],
    );
    check(
        "name = \"load\"",
        "name = \"walk\"",
        &expect![[r#"
        error[plan::route]: two routes are called `walk`
          --> routes.toml:102:8
           | name = "walk"
          help: give one of them another `name`
    "#]],
    );
}

#[test]
fn no_route_leads_a_suspicion_to_a_consumer() {
    check(
        "to = [\"readers\"]",
        "to = [\"readers\", \"consumers\"]",
        &expect![[r#"
        error[plan::route]: route `walk` goes to consumers (`consumers`), who never get a message of the kind `suspicion`
          --> routes.toml:85:18
           | to = ["readers", "consumers"]
          help: name the kinds of the route, of which consumers may get: "above-sanctioned", "outage"
    "#]],
    );
    check(
        "kinds = [\"above-sanctioned\"]\nhours",
        "hours",
        &expect![[r#"
        error[plan::route]: route `load` goes to consumers (`consumers`), who never get a message of the kind `suspicion`
          --> routes.toml:103:7
           | to = ["consumers"]
          help: name the kinds of the route, of which consumers may get: "above-sanctioned", "outage"
    "#]],
    );
    check("to = [\"chief\"] }", "to = [\"consumers\"] }", &expect!["accepted routes"]);
}

#[test]
fn a_receiver_is_somebody() {
    check(
        "to = \"reader\"",
        "to = \"redaer\"",
        &expect![[r#"
        error[plan::address]: `to` must be "reader", "consumer" or a phone number, found "redaer"
          --> routes.toml:52:6
           | to = "redaer"                 # the meter reader of the area: `reader_phone` of the topology
          help: write a phone number like "+000200000001"
    "#]],
    );
    check(
        "to = \"reader\" ",
        "",
        &expect![[r#"
        error[plan::missing]: a receiver needs either `to` or a `rota` with a shift
          --> routes.toml:50:8
           | name = "readers"
          help: try `to = "reader"`
    "#]],
    );
    check(
        "to = \"+000300000002\"",
        "to = \"call me\"",
        &expect![[r#"
        error[plan::address]: `to` must be a phone number, found "call me"
          --> routes.toml:63:35
           |     { hours = "00:00-24:00", to = "call me" },
          help: write a phone number like "+000200000001"
    "#]],
    );
    check(
        "channel = \"sms\"",
        "channel = \"smoke\"",
        &expect![[r#"
            error[plan::choice]: `channel` must be one of "sms", "email", "webhook", "topic", "file", found "smoke"
              --> routes.toml:51:11
               | channel = "smoke"
              help: try "sms"
        "#]],
    );
    check(
        "language = \"hi\"",
        "language = \"Hindi\"",
        &expect![[r#"
        error[plan::choice]: "Hindi" is no short name of a language: two or three small letters
          --> routes.toml:53:12
           | language = "Hindi"               # English, Hindi and Marathi have words; others need templates
          help: try `language = "hi"`
    "#]],
    );
    check(
        "per_day = 12",
        "per_day = 3",
        &expect![[r#"
        error[plan::range]: `per_day` (3) must be at least `per_hour` (4)
          --> routes.toml:55:11
           | per_day = 3
          help: try `per_day = 4`
    "#]],
    );
    check(
        "per_hour = 20",
        "per_hour = 0",
        &expect![[r#"
        error[plan::range]: `per_hour` must be from 1 to 1000, found 0
          --> routes.toml:65:12
           | per_hour = 0
          help: try `per_hour = 1`
    "#]],
    );
    check(
        "quiet = \"23:00-05:30\"",
        "quiet = \"at night\"",
        &expect![[r#"
        error[plan::window]: `quiet` must be two times of a day, found "at night"
          --> routes.toml:67:9
           | quiet = "at night"         # only what is severe; the rest waits for a digest in the morning
          help: try `quiet = "22:00-06:00"`
    "#]],
    );
    check(
        "quiet = \"23:00-05:30\" ",
        "",
        &expect![[r#"
        error[plan::missing]: `quiet_below` is about the hours of `quiet`, and there are none
          --> routes.toml:68:15
           | quiet_below = "medium"        # this and more severe goes out all the same
          help: add `quiet = "22:00-06:00"`
    "#]],
    );
}

#[test]
fn what_a_route_asks_for_is_there() {
    check(
        "kinds = [\"outage\"]\nseverity",
        "kinds = [\"outages\"]\nseverity",
        &expect![[r#"
        error[plan::choice]: `kinds` must be one of "suspicion", "above-sanctioned", "outage", found "outages"
          --> routes.toml:92:10
           | kinds = ["outages"]
          help: try "outage"
    "#]],
    );
    check(
        "severity = \"medium\"",
        "severity = \"very\"",
        &expect![[r#"
        error[plan::choice]: `severity` must be one of "info", "low", "medium", "high", found "very"
          --> routes.toml:93:12
           | severity = "very"           # "low" is one consumer, "medium" a transformer, "high" a feeder
          help: try "info"
    "#]],
    );
    check(
        "group_by = [\"feeder\"]",
        "group_by = [\"line\"]",
        &expect![[r#"
        error[plan::choice]: `group_by` must be one of "area", "feeder", "transformer", "meter", found "line"
          --> routes.toml:94:13
           | group_by = ["line"]         # those of one feeder are one message
          help: try "area"
    "#]],
    );
    check(
        "repeat = \"4 h\"",
        "repeat = \"4\"",
        &expect![[r#"
        error[plan::unit]: `repeat` must be a length of time in ms, s, m, min, h, d, found no unit
          --> routes.toml:97:10
           | repeat = "4"                # while it goes on, and nobody acknowledges
          help: try `repeat = "20 min"`
    "#]],
    );
    check(
        "[sanctioned]                  # finds `above-sanctioned`\nabove = \"110 %\"\n",
        "",
        &expect![[r#"
            error[plan::section]: nothing in this plan finds `above-sanctioned`
              --> routes.toml:102:10
               | kinds = ["above-sanctioned"]
              help: add `[sanctioned]` with `[demand]`
        "#]],
    );
    check(
        "hours = \"08:00-20:00\"",
        "areas = [\"\"]",
        &expect![[r#"
        error[plan::name]: `areas` holds "", which is no name of a place
          --> routes.toml:105:10
           | areas = [""]         # of the day; what comes in other hours does not go this way
          help: write it as the topology does
    "#]],
    );
    check(
        "kinds = [\"outage\"]            # keeps",
        "kinds = [\"outage\", \"case\"] # keeps",
        &expect![[r#"
            error[plan::choice]: `kinds` must be one of "suspicion", "above-sanctioned", "outage", found "case"
              --> routes.toml:111:20
               | kinds = ["outage", "case"] # keeps back smaller ones beneath it, until it ends
              help: try "suspicion"
        "#]],
    );
}

#[test]
fn without_a_route_nothing_may_wait_for_one() {
    let cut = ROUTES.find("[[route]]").unwrap();
    let text = &ROUTES[..cut];
    let error = Plan::read(text).unwrap_err();
    expect![[r#"
        error[plan::missing]: no message goes out, because the plan has no `[[route]]`
          --> routes.toml:49:1
           | [[receiver]]
          help: add `[[route]]` with `name` and `to`, as in docs/reference/plans.md
    "#]]
    .assert_eq(&error.render("routes.toml", text));
}

#[test]
fn a_template_has_the_variables_of_its_kind_and_fits() {
    check(
        "{demand}",
        "{demnad}",
        &expect![[r#"
        error[plan::template]: `{demnad}` is no variable of this message
          --> routes.toml:119:8
           | text = "मीटर {meter}: मागणी {demnad}, मंजूर भार {sanctioned}.[ रोहित्र {transformer}.]"
          help: did you mean `{demand}`?
    "#]],
    );
    check(
        "[ रोहित्र {transformer}.]",
        " {transformer}",
        &expect![[r#"
        error[plan::template]: `{transformer}` may have no value
          --> routes.toml:119:8
           | text = "मीटर {meter}: मागणी {demand}, मंजूर भार {sanctioned}. {transformer}"
          help: write it in brackets with the words around it, as in `[ near {transformer}]`
    "#]],
    );
    check(
        "form = \"one\"",
        "form = \"ended\"",
        &expect![[r#"
        error[plan::template]: there is no message of the form `ended` for this kind
          --> routes.toml:119:8
           | text = "मीटर {meter}: मागणी {demand}, मंजूर भार {sanctioned}.[ रोहित्र {transformer}.]"
          help: see the table of templates in docs/reference/plans.md
    "#]],
    );
    check(
        "मागणी",
        &"मागणी ".repeat(30),
        &expect![[r#"
        error[plan::template]: with the longest names, the message `above-sanctioned one` in `mr` takes 4 parts in UCS-2, and receiver `consumers` gets at most 3
          --> routes.toml:119:8
           | text = "मीटर {meter}: मागणी मागणी मागणी मागणी मागणी मागणी मागणी मागणी मागणी मागणी मागणी मागणी मागणी मागणी मागणी मागणी मागणी मागणी मागणी मागणी मागणी मागणी मागणी मागणी मागणी मागणी मागणी मागणी मागणी मागणी  {demand}, मंजूर भार {sanctioned}.[ रोहित्र {transformer}.]"
          help: write a shorter text in `[[template]]`, or `parts = 4` for the receiver
    "#]],
    );
    check(
        "parts = 3",
        "parts = 1",
        &expect![[r#"
        error[plan::template]: with the longest names, the message `suspicion one` in `hi` takes 2 parts in UCS-2, and receiver `readers` gets at most 1
          --> routes.toml:56:9
           | parts = 1                     # at most so many parts of a long message
          help: write a shorter text in `[[template]]`, or `parts = 2` for the receiver
    "#]],
    );
    let twice = "[[template]]\nkind = \"above-sanctioned\"\nform = \"one\"\nlanguage = \"mr\"\ntext = \"{meter}\"\n\n";
    check(
        "[[template]]",
        &format!("{twice}[[template]]"),
        &expect![[r#"
        error[plan::template]: there are two templates for this kind, form and language
          --> routes.toml:125:8
           | text = "मीटर {meter}: मागणी {demand}, मंजूर भार {sanctioned}.[ रोहित्र {transformer}.]"
          help: leave one of them out
    "#]],
    );
}

#[test]
fn an_address_is_one_of_its_channel() {
    check(
        "to = \"operator@example.org\"",
        "to = \"+000200000001\"",
        &expect![[r#"
        error[plan::address]: `to` must be a mailbox, found "+000200000001"
          --> routes.toml:126:6
           | to = "+000200000001"
          help: write a mailbox like "duty@example.org"
    "#]],
    );
    check(
        "to = \"operator@example.org\"",
        "to = \"reader\"",
        &expect![[r#"
        error[plan::address]: `to` must be a mailbox, found "reader"
          --> routes.toml:126:6
           | to = "reader"
          help: write a mailbox like "duty@example.org"
    "#]],
    );
    check(
        "to = \"control-room\"           #",
        "to = \"https://control.example\" #",
        &expect![[r#"
        error[plan::address]: `to` must be the name of a gateway: small letters, digits and hyphens, found "https://control.example"
          --> routes.toml:132:6
           | to = "https://control.example" # the name of a gateway below
          help: write the name of a gateway like "control-room"
    "#]],
    );
}

#[test]
fn every_sms_is_one_of_the_texts_that_are_registered() {
    let id = "1107160000000012345";
    let with = |texts: &[(&str, &str)]| {
        let list: Vec<String> = texts
            .iter()
            .map(|(id, text)| format!("[[registered]]\nid = \"{id}\"\ntext = \"{text}\"\n\n"))
            .collect();
        format!("{}[[gateway]]\n", list.concat())
    };
    // The last route alone, to consumers.
    let cut = |text: &str| {
        let (head, tail) = text.split_once("[[route]]\nname = \"walk\"").unwrap();
        let tail = tail.split_once("[[route]]\nname = \"load\"").unwrap().1;
        let tail = tail.split_once("# Other ways than SMS.").unwrap().0;
        format!("{head}[[route]]\nname = \"load\"{tail}")
    };
    let page = |texts: &[(&str, &str)]| {
        let text = format!("{}{}name = \"x\"\n", cut(ROUTES), with(texts));
        match Plan::read(&text) {
            Ok(plan) => {
                let texts = plan.desk.unwrap().templates().registry().texts().len();
                format!("accepted: {texts} registered\n")
            }
            Err(error) => error.render("routes.toml", &text),
        }
    };
    let one = "मीटर {#var#}{#var#}: मागणी {#var#}, मंजूर भार {#var#}.";
    let with_transformer =
        "मीटर {#var#}{#var#}: मागणी {#var#}, मंजूर भार {#var#}. रोहित्र {#var#}{#var#}{#var#}.";
    let all = [
        page(&[]),
        page(&[("12", one)]),
        page(&[(id, "")]),
        page(&[(id, one), (id, with_transformer)]),
        page(&[(id, "मीटर {#var#}: मागणी {#var#}, मंजूर भार {#var#}")]),
        page(&[(id, one)]),
        page(&[(id, one), ("1107160000000012346", with_transformer)]),
    ];
    expect![[r#"
        accepted: 0 registered

        error[plan::registered]: the id of a registered text has 19 digits, found "12"
          --> routes.toml:104:6
           | id = "12"
          help: write it as the portal of your operator shows it

        error[plan::registered]: the registered text has no words of its own
          --> routes.toml:105:8
           | text = ""
          help: write it as the portal of your operator shows it

        error[plan::registered]: two registered texts have the id 1107160000000012345
          --> routes.toml:108:6
           | id = "1107160000000012345"
          help: leave one of them out

        error[plan::registered]: receiver `consumers` gets the message `above-sanctioned one` in `mr`, and no registered text fits "मीटर MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM: मागणी MMMMMMMMMMMM, मंजूर भार MMMMMMMMMMMM."
          --> routes.toml:101:8
           | text = "मीटर {meter}: मागणी {demand}, मंजूर भार {sanctioned}.[ रोहित्र {transformer}.]"
          help: add `[[registered]]` with its `id` and the `text` of the portal, with `{#var#}` for each 30 letters of what changes; or write a `[[template]]` as it is registered

        error[plan::registered]: receiver `consumers` gets the message `above-sanctioned several` in `mr`, and no registered text fits "मंजूर भारापेक्षा जास्त 10000 मीटर: MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM (999.99 kWh apart) +9999."
          --> routes.toml:76:8
           | name = "consumers"
          help: add `[[registered]]` with its `id` and the `text` of the portal, with `{#var#}` for each 30 letters of what changes; or write a `[[template]]` as it is registered

        error[plan::registered]: receiver `consumers` gets the message `above-sanctioned several` in `mr`, and no registered text fits "मंजूर भारापेक्षा जास्त 10000 मीटर: MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM (999.99 kWh apart) +9999."
          --> routes.toml:76:8
           | name = "consumers"
          help: add `[[registered]]` with its `id` and the `text` of the portal, with `{#var#}` for each 30 letters of what changes; or write a `[[template]]` as it is registered
    "#]].assert_eq(&all.join("\n"));
}
