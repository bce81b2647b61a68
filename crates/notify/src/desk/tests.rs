use super::*;
use crate::tests::{calendar, readers};
use crate::words::{Form, Language, Template, Templates};
use cases::Severity;
use expect_test::{Expect, expect};
use reading::time::{DAY, MINUTE};
use reading::{AreaId, DayType, FeederId, MeterId, TransformerId};

mod properties;

/// 00:00 in India.
fn minute(minute: i64) -> EventTime {
    EventTime(19_727 * DAY - 330 * MINUTE + minute * MINUTE)
}

/// Ten meters are on a transformer, twenty on a feeder, and each feeder has its area.
fn place(number: u32) -> Place {
    let (transformer, feeder) = (number / 10, number / 20);
    Place {
        meter: MeterId::new(format!("M{number}")),
        transformer: TransformerId::new(format!("T{transformer}")),
        feeder: FeederId::new(format!("F{feeder}")),
        area: AreaId::new(format!("A{feeder}")),
        class: Some(if number.is_multiple_of(2) { "home" } else { "shop" }.to_owned()),
        phone: Some(format!("+9190000{number:05}")),
    }
}

/// `M7` begins a suspicion, `m7` ends it; `O7` is an outage of a consumer that begins, `o7` ends; `T0` and `F0` are those
/// of a transformer and a feeder; `X7` is a block above the sanctioned load. `!` behind it makes it severe, and `-` a
/// withdrawal of its end.
fn notice(word: &str, at: EventTime) -> Notice {
    let (letter, rest) = word.split_at(1);
    let number: u32 = rest.trim_end_matches(['!', '-']).parse().unwrap();
    let began = letter.chars().all(char::is_uppercase);
    let (kind, scope, place) = match letter.to_ascii_uppercase().as_str() {
        "M" => (Kind::Suspicion, Scope::Meter(place(number).meter.unwrap()), place(number)),
        "X" => (Kind::AboveSanctioned, Scope::Meter(place(number).meter.unwrap()), place(number)),
        "O" => (Kind::Outage, Scope::Meter(place(number).meter.unwrap()), place(number)),
        "T" => {
            let place = Place { meter: None, class: None, phone: None, ..place(number * 10) };
            (Kind::Outage, Scope::Transformer(place.transformer.unwrap()), place)
        }
        _ => {
            let place =
                Place { meter: None, transformer: None, class: None, phone: None, ..place(number * 20) };
            (Kind::Outage, Scope::Feeder(place.feeder.unwrap()), place)
        }
    };
    let phase = match (kind, began) {
        (Kind::AboveSanctioned, _) => Phase::Once,
        (_, true) => Phase::Began,
        (_, false) if word.ends_with('-') => Phase::Withdrawn,
        (_, false) => Phase::Ended,
    };
    let text = |name: &str, text: &str| (name.to_owned(), Word::Text(text.to_owned()));
    let episode = format!("{kind}.{scope}");
    let id = match phase {
        Phase::Once => format!("{episode}.{}", at.0 / MINUTE),
        _ => format!("{episode}.{}", if began { "began" } else { "ended" }),
    };
    Notice {
        episode: if phase == Phase::Once { id.clone() } else { episode },
        id,
        kind,
        phase,
        severity: if word.ends_with('!') { Severity::High } else { Severity::Low },
        time: at,
        scope,
        place,
        case: None,
        seen: None,
        brief: String::new(),
        words: vec![
            text("seen", "3 A apart"),
            text("role", "place"),
            text("consumers", "1"),
            text("demand", "3 kW"),
            text("sanctioned", "2 kW"),
            ("since".to_owned(), Word::Time(at)),
        ],
    }
}

fn receiver(name: &str, whom: Whom) -> Receiver {
    Receiver {
        name: name.to_owned(),
        channel: crate::Channel::Sms,
        whom,
        language: Language::ENGLISH,
        per_hour: 4,
        per_day: 12,
        parts: 1,
        quiet: None,
    }
}

fn phone(text: &str) -> Address {
    sms::phone(text).unwrap()
}

fn route(name: &str, to: &str) -> Route {
    Route {
        name: name.to_owned(),
        to: vec![to.to_owned()],
        kinds: vec![],
        severity: Severity::Info,
        areas: Default::default(),
        feeders: Default::default(),
        classes: Default::default(),
        hours: None,
        language: None,
        group_by: None,
        wait: 0,
        interval: 0,
        repeat: None,
        again_after: 0,
        clear: false,
        escalate: None,
    }
}

fn desk(receivers: Vec<Receiver>, routes: Vec<Route>, inhibits: Vec<Inhibit>) -> Desk {
    let topology = readers(&[("A0", "+919810000000"), ("A1", "+919810000001")]);
    let rules = DeskRules::new(receivers, routes, inhibits, Templates::default()).unwrap();
    Desk::new(rules, &topology).unwrap()
}

/// One receiver, one route.
fn simple(change: impl FnOnce(&mut Receiver, &mut Route)) -> Desk {
    let (mut receiver, mut route) = (receiver("desk", Whom::One(phone("112"))), route("all", "desk"));
    change(&mut receiver, &mut route);
    desk(vec![receiver], vec![route], vec![])
}

fn outages_keep_back() -> Vec<Inhibit> {
    vec![Inhibit { by: Kind::Outage, kinds: vec![Kind::Outage, Kind::AboveSanctioned] }]
}

/// A line of a script: the minute, then notices. Other lines are what a person does: `5 ack EPISODE NAME`,
/// `5 silence NAME MINUTES` of area A0, `5 end NAME`.
fn play(desk: &mut Desk, script: &str) -> Vec<Message> {
    let mut messages = Vec::new();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let now = minute(words[0].parse().unwrap());
        match words.get(1).copied() {
            Some("ack") => assert!(desk.acknowledge(words[2], words[3], now), "{line}"),
            Some("undo") => desk.keep_acknowledged(|episode| episode != words[2]),
            Some("end") => assert!(desk.end_silence(words[2]), "{line}"),
            Some("silence") => desk.silence(words[2], silence(now, words[3].parse().unwrap())),
            _ => {}
        }
        let is_act = words.get(1).is_some_and(|word| ["ack", "undo", "end", "silence"].contains(word));
        let notices: Vec<Notice> =
            if is_act { vec![] } else { words[1..].iter().map(|word| notice(word, now)).collect() };
        desk.route(now, &notices, &calendar(), &mut messages);
    }
    messages
}

fn silence(from: EventTime, minutes: i64) -> Silence {
    Silence {
        from,
        to: from.plus(minutes * MINUTE),
        author: "asha".to_owned(),
        reason: "work on the line".to_owned(),
        kind: None,
        meter: None,
        area: AreaId::new("A0"),
        feeder: None,
        up_to: None,
    }
}

/// Plays a script, and shows the messages, what waits, and the counts that are not zero.
fn check(mut desk: Desk, script: &str, answer: &Expect) {
    let mut lines = String::new();
    for one in play(&mut desk, script) {
        let minutes = one.time.since(minute(0)) / MINUTE;
        lines += &format!("{minutes} {} +{} {}: {}\n", one.to, one.more, one.id, one.text);
    }
    let Waiting { grouped, held } = desk.waiting();
    let counts = desk.counts();
    let each = counts.each().filter(|(_, count)| *count > 0);
    let each: Vec<String> = each.map(|(name, count)| format!("{name} {count}")).collect();
    answer.assert_eq(&format!("{lines}{}; grouped {grouped}, held {held}", each.join(", ")));
}

#[test]
fn each_notice_is_a_message_unless_a_route_groups() {
    check(
        simple(|_, _| {}),
        "0 M1 M2!\n1 m1",
        &expect![[r#"
        0 112 +0 sms.all.desk.suspicion.M2.began: Please check meter M2: 3 A apart since 5 Jan 00:00. Transformer T0. Area A0.
        0 112 +0 sms.all.desk.suspicion.M1.began: Please check meter M1: 3 A apart since 5 Jan 00:00. Transformer T0. Area A0.
        notices 2, errands 2, sent 2; grouped 0, held 0"#]],
    );
}

#[test]
fn a_group_waits_for_more_and_then_keeps_its_interval() {
    let desk = simple(|_, route| {
        route.group_by = Some(vec![By::Feeder]);
        (route.wait, route.interval) = (5 * MINUTE, 30 * MINUTE);
    });
    check(
        desk,
        "0 O1\n2 O2 O21\n5\n6 O3\n7 O22\n30\n35\n40\n80 O4\n85",
        &expect![[r#"
            5 112 +1 sms.all.desk.outage.M1.began: No supply at 2 places: M1, M2. Feeder F0. Area A0.
            7 112 +1 sms.all.desk.outage.M21.began: No supply at 2 places: M21, M22. Feeder F1. Area A1.
            35 112 +0 sms.all.desk.outage.M3.began: No supply at place M3 since 5 Jan 00:06. Consumers: 1. Area A0.
            80 112 +0 sms.all.desk.outage.M4.began: No supply at place M4 since 5 Jan 01:20. Consumers: 1. Area A0.
            notices 6, errands 6, sent 6; grouped 0, held 0"#]],
    );
}

#[test]
fn what_is_over_before_anybody_heard_of_it_is_no_message() {
    let desk = simple(|_, route| route.wait = 5 * MINUTE);
    check(
        desk,
        "0 O1 O2 O3\n3 o1 o2-\n5\n6 O4 o4",
        &expect![[r#"
            5 112 +0 sms.all.desk.outage.M3.began: No supply at place M3 since 5 Jan 00:00. Consumers: 1. Area A0.
            notices 4, errands 4, sent 1, over 3; grouped 0, held 0"#]],
    );
}

#[test]
fn the_end_is_a_message_where_the_route_asks_for_it() {
    let desk = simple(|_, route| route.clear = true);
    check(
        desk,
        "0 O1 O2 X3\n3 o1 o2-\n5 O1",
        &expect![[r#"
            0 112 +0 sms.all.desk.above-sanctioned.M3.28406550: Meter M3 used 3 kW at 5 Jan 00:00; the sanctioned load is 2 kW.
            0 112 +0 sms.all.desk.outage.M1.began: No supply at place M1 since 5 Jan 00:00. Consumers: 1. Area A0.
            0 112 +0 sms.all.desk.outage.M2.began: No supply at place M2 since 5 Jan 00:00. Consumers: 1. Area A0.
            3 112 +0 sms.all.desk.outage.M1.ended: Supply is back at place M1 since 5 Jan 00:03. Area A0.
            notices 4, errands 4, sent 3; grouped 0, held 1"#]],
    );
}

#[test]
fn what_goes_on_is_repeated_until_somebody_acknowledges_and_the_next_episode_is_news() {
    let desk = simple(|receiver, route| {
        route.repeat = Some(60 * MINUTE);
        receiver.per_hour = 10;
    });
    let script = "0 O1\n30\n60\n90 ack outage.M1 asha\n120\n180\n200 o1\n210 O1\n270";
    check(
        desk,
        script,
        &expect![[r#"
            0 112 +0 sms.all.desk.outage.M1.began: No supply at place M1 since 5 Jan 00:00. Consumers: 1. Area A0.
            60 112 +0 sms.all.desk.outage.M1.began.again.20240104T193000Z: No supply at place M1 since 5 Jan 00:00. Consumers: 1. Area A0.
            210 112 +0 sms.all.desk.outage.M1.began: No supply at place M1 since 5 Jan 03:30. Consumers: 1. Area A0.
            270 112 +0 sms.all.desk.outage.M1.began.again.20240104T230000Z: No supply at place M1 since 5 Jan 03:30. Consumers: 1. Area A0.
            notices 2, errands 2, sent 2; grouped 0, held 0"#]],
    );
}

#[test]
fn what_nobody_takes_care_of_any_more_is_repeated_again_and_escalates_in_its_time() {
    let repeating = simple(|receiver, route| {
        route.repeat = Some(60 * MINUTE);
        receiver.per_hour = 10;
    });
    let script = "0 O1 O2\n10 ack outage.M1 asha\n15 ack outage.M2 asha\n30 undo outage.M1\n60\n90";
    check(
        repeating,
        script,
        &expect![[r#"
        0 112 +0 sms.all.desk.outage.M1.began: No supply at place M1 since 5 Jan 00:00. Consumers: 1. Area A0.
        0 112 +0 sms.all.desk.outage.M2.began: No supply at place M2 since 5 Jan 00:00. Consumers: 1. Area A0.
        60 112 +0 sms.all.desk.outage.M1.began.again.20240104T193000Z: No supply at place M1 since 5 Jan 00:00. Consumers: 1. Area A0.
        notices 2, errands 2, sent 2; grouped 0, held 0"#]],
    );
    let people = vec![receiver("desk", Whom::One(phone("112"))), receiver("chief", Whom::One(phone("113")))];
    let escalate = Some(Escalation { after: 30 * MINUTE, to: vec!["chief".to_owned()] });
    let escalating = desk(people, vec![Route { escalate, ..route("all", "desk") }], vec![]);
    check(
        escalating,
        "0 O1 O2\n10 ack outage.M1 asha\n10 ack outage.M2 asha\n20 undo outage.M1\n30\n40 undo outage.M2\n50",
        &expect![[r#"
            0 112 +0 sms.all.desk.outage.M1.began: No supply at place M1 since 5 Jan 00:00. Consumers: 1. Area A0.
            0 112 +0 sms.all.desk.outage.M2.began: No supply at place M2 since 5 Jan 00:00. Consumers: 1. Area A0.
            30 113 +0 sms.all.chief.outage.M1.began: No supply at place M1 since 5 Jan 00:00. Consumers: 1. Area A0.
            notices 2, errands 4, sent 3, answered 1; grouped 0, held 0"#]],
    );
}

#[test]
fn nobody_acknowledges_so_others_hear_of_it() {
    let people =
        || vec![receiver("desk", Whom::One(phone("112"))), receiver("chief", Whom::One(phone("113")))];
    let escalating = || {
        let escalate = Some(Escalation { after: 30 * MINUTE, to: vec!["chief".to_owned()] });
        desk(people(), vec![Route { escalate, ..route("all", "desk") }], vec![])
    };
    check(
        escalating(),
        "0 O1 O2 O3\n10 ack outage.M1 asha\n20 o2\n30\n31",
        &expect![[r#"
            0 112 +0 sms.all.desk.outage.M1.began: No supply at place M1 since 5 Jan 00:00. Consumers: 1. Area A0.
            0 112 +0 sms.all.desk.outage.M2.began: No supply at place M2 since 5 Jan 00:00. Consumers: 1. Area A0.
            0 112 +0 sms.all.desk.outage.M3.began: No supply at place M3 since 5 Jan 00:00. Consumers: 1. Area A0.
            30 113 +0 sms.all.chief.outage.M3.began: No supply at place M3 since 5 Jan 00:00. Consumers: 1. Area A0.
            notices 3, errands 6, sent 4, answered 2; grouped 0, held 0"#]],
    );
    let to = |to: &str| Escalation { after: 1, to: vec![to.to_owned()] };
    let refused = |escalate| {
        let route = Route { escalate: Some(escalate), ..route("all", "desk") };
        let error = DeskRules::new(people(), vec![route], vec![], Templates::default()).unwrap_err();
        format!("{error}; {}", error.help())
    };
    expect!["route `all` goes to `desk`, and escalates to the same; escalate to somebody else, or let `repeat` remind them"].assert_eq(&refused(to("desk")));
    expect![[r#"route `all` goes to `boss`, and no receiver is called so; add a `[[receiver]]` with `name = "boss"`"#]].assert_eq(&refused(to("boss")));
}

#[test]
fn a_greater_outage_keeps_back_smaller_ones_until_it_ends() {
    let desk = desk(
        vec![receiver("desk", Whom::One(phone("112")))],
        vec![route("all", "desk")],
        outages_keep_back(),
    );
    // The feeder comes in the same call, in any order. M1 is still out when the feeder is back, M2 is not.
    check(
        desk,
        "0 O1 O2 F0 O21\n10 T0 X3\n20 o2\n30 f0 t0\n31",
        &expect![[r#"
            0 112 +0 sms.all.desk.outage.F0.began: No supply at place F0 since 5 Jan 00:00. Consumers: 1. Area A0.
            0 112 +0 sms.all.desk.outage.M21.began: No supply at place M21 since 5 Jan 00:00. Consumers: 1. Area A1.
            30 112 +0 sms.all.desk.above-sanctioned.M3.28406560: Meter M3 used 3 kW at 5 Jan 00:10; the sanctioned load is 2 kW.
            30 112 +0 sms.all.desk.outage.M1.began: No supply at place M1 since 5 Jan 00:00. Consumers: 1. Area A0.
            notices 6, errands 6, sent 4, inhibited 2; grouped 0, held 0"#]],
    );
}

#[test]
fn a_silence_holds_back_until_it_ends() {
    check(
        simple(|_, _| {}),
        "0 silence s1 60\n1 O1 O2 O21\n30 o2\n60",
        &expect![[r#"
            1 112 +0 sms.all.desk.outage.M21.began: No supply at place M21 since 5 Jan 00:01. Consumers: 1. Area A1.
            60 112 +0 sms.all.desk.outage.M1.began: No supply at place M1 since 5 Jan 00:01. Consumers: 1. Area A0.
            notices 3, errands 3, sent 2, silenced 1; grouped 0, held 0"#]],
    );
    check(
        simple(|_, _| {}),
        "0 silence s1 600\n1 O1\n30 end s1\n31",
        &expect![[r#"
            30 112 +0 sms.all.desk.outage.M1.began: No supply at place M1 since 5 Jan 00:01. Consumers: 1. Area A0.
            notices 1, errands 1, sent 1; grouped 0, held 0"#]],
    );
}

#[test]
fn quiet_hours_hold_back_what_is_not_severe() {
    let desk = simple(|receiver, _| {
        let hours = Hours { from: 22 * 60, to: 6 * 60 };
        receiver.quiet = Some(Quiet { hours, but: Severity::High });
    });
    check(
        desk,
        "60 O1 O2\n120 O3!\n121 O5\n359\n360\n1320 O4",
        &expect![[r#"
            120 112 +0 sms.all.desk.outage.M3.began: No supply at place M3 since 5 Jan 02:00. Consumers: 1. Area A0.
            360 112 +2 digest.all.desk.outage.M1.began: No supply at 3 places: M1, M2, M5. Feeder F0. Area A0.
            notices 5, errands 5, sent 1, digested 3; grouped 0, held 1"#]],
    );
}

#[test]
fn over_the_limit_waits_for_one_digest() {
    let desk = simple(|receiver, _| (receiver.per_hour, receiver.per_day) = (2, 3));
    check(
        desk,
        "0 O1 O2 O3 O4 O5 X6\n30 O7\n60\n61 O8\n1500",
        &expect![[r#"
            0 112 +0 sms.all.desk.above-sanctioned.M6.28406550: Meter M6 used 3 kW at 5 Jan 00:00; the sanctioned load is 2 kW.
            0 112 +0 sms.all.desk.outage.M1.began: No supply at place M1 since 5 Jan 00:00. Consumers: 1. Area A0.
            60 112 +4 digest.all.desk.outage.M2.began: No supply at 5 places: M2, M3, M4 +2.
            1500 112 +0 digest.all.desk.outage.M8.began: No supply at place M8 since 5 Jan 01:01. Consumers: 1. Area A0.
            notices 8, errands 8, sent 2, digested 6; grouped 0, held 0"#]],
    );
}

#[test]
fn the_person_on_duty_gets_it() {
    let shift = |from: u16, to: u16, address: &str| Shift {
        hours: Hours { from: from * 60, to: to * 60 },
        days: DayType::ALL.to_vec(),
        address: phone(address),
    };
    let rota = Whom::Rota(vec![shift(8, 16, "001"), shift(16, 22, "002")]);
    let night =
        DayType::ALL.map(|day| [(day, Hours { from: 0, to: 480 }), (day, Hours { from: 1320, to: 1440 })]);
    assert_eq!(rota.holes(), night.concat());
    let desk = desk(vec![receiver("duty", rota)], vec![route("all", "duty")], vec![]);
    check(
        desk,
        "60 O1\n479\n480\n600 O2\n960 O3\n1320 O4",
        &expect![[r#"
            480 001 +0 digest.all.duty.outage.M1.began: No supply at place M1 since 5 Jan 01:00. Consumers: 1. Area A0.
            600 001 +0 sms.all.duty.outage.M2.began: No supply at place M2 since 5 Jan 10:00. Consumers: 1. Area A0.
            960 002 +0 sms.all.duty.outage.M3.began: No supply at place M3 since 5 Jan 16:00. Consumers: 1. Area A0.
            notices 4, errands 4, sent 2, digested 1; grouped 0, held 1"#]],
    );
}

#[test]
fn readers_and_consumers_have_their_own_phones() {
    let receivers = vec![receiver("readers", Whom::Reader), receiver("consumers", Whom::Consumer)];
    let kinds = vec![Kind::Outage, Kind::AboveSanctioned];
    let routes = vec![
        Route { kinds: vec![Kind::Suspicion], ..route("walk", "readers") },
        Route { kinds, ..route("own", "consumers") },
    ];
    check(
        desk(receivers, routes, vec![]),
        "0 M1 M21 M41 O3 X4 F0",
        &expect![[r#"
            0 +919000000004 +0 sms.own.consumers.above-sanctioned.M4.28406550: Meter M4 used 3 kW at 5 Jan 00:00; the sanctioned load is 2 kW.
            0 +919000000003 +0 sms.own.consumers.outage.M3.began: No supply at place M3 since 5 Jan 00:00. Consumers: 1. Area A0.
            0 +919810000000 +0 sms.walk.readers.suspicion.M1.began: Please check meter M1: 3 A apart since 5 Jan 00:00. Transformer T0. Area A0.
            0 +919810000001 +0 sms.walk.readers.suspicion.M21.began: Please check meter M21: 3 A apart since 5 Jan 00:00. Transformer T2. Area A1.
            notices 6, errands 6, unreachable 2, sent 4; grouped 0, held 0"#]],
    );
}

#[test]
fn a_route_takes_what_it_asks_for() {
    let takes =
        |route: &Route, word: &str, at: i64| route.takes(&notice(word, minute(at)), minute(at), &calendar());
    let all = route("all", "desk");
    let narrow = Route {
        kinds: vec![Kind::Outage],
        severity: Severity::Medium,
        areas: AreaId::new("A0").into_iter().collect(),
        feeders: FeederId::new("F0").into_iter().collect(),
        classes: ["home".to_owned()].into(),
        hours: Some(Hours { from: 0, to: 60 }),
        ..all.clone()
    };
    assert!(takes(&all, "M1", 0) && takes(&all, "F0", 1000));
    assert!(takes(&narrow, "O2!", 0));
    for (word, at) in [("M2!", 0), ("O2", 0), ("O22!", 0), ("O3!", 0), ("F0!", 0), ("O2!", 60)] {
        assert!(!takes(&narrow, word, at), "{word} {at}");
    }
    let only = |change: fn(&mut Route, &Route)| {
        let mut route = all.clone();
        change(&mut route, &narrow);
        ["M2!", "O2", "O22!", "O3!", "F0!"].map(|word| takes(&route, word, 0))
    };
    assert_eq!(only(|route, narrow| route.kinds.clone_from(&narrow.kinds)), [false, true, true, true, true]);
    assert_eq!(only(|route, narrow| route.severity = narrow.severity), [true, false, true, true, true]);
    assert_eq!(only(|route, narrow| route.areas.clone_from(&narrow.areas)), [true, true, false, true, true]);
    assert_eq!(
        only(|route, narrow| route.feeders.clone_from(&narrow.feeders)),
        [true, true, false, true, true]
    );
    assert_eq!(
        only(|route, narrow| route.classes.clone_from(&narrow.classes)),
        [true, true, true, false, false]
    );
}

#[test]
fn no_more_about_the_same_thing_for_a_while() {
    let desk = simple(|_, route| route.again_after = 120 * MINUTE);
    check(
        desk,
        "0 O1\n10 o1\n20 O1\n30 o1 X1\n40 X1\n121 O1",
        &expect![[r#"
            0 112 +0 sms.all.desk.outage.M1.began: No supply at place M1 since 5 Jan 00:00. Consumers: 1. Area A0.
            30 112 +0 sms.all.desk.above-sanctioned.M1.28406580: Meter M1 used 3 kW at 5 Jan 00:30; the sanctioned load is 2 kW.
            121 112 +0 sms.all.desk.outage.M1.began: No supply at place M1 since 5 Jan 02:01. Consumers: 1. Area A0.
            notices 5, errands 5, repeated 2, sent 3; grouped 0, held 0"#]],
    );
}

#[test]
fn what_grows_while_it_waits_is_one_notice() {
    let mut desk = simple(|_, route| route.wait = 5 * MINUTE);
    let mut messages = Vec::new();
    let grown = |consumers: &str, at| {
        let mut notice = notice("F0", minute(at));
        notice.words = vec![("consumers".to_owned(), Word::Text(consumers.to_owned()))];
        notice
    };
    for (at, consumers) in [(0, "3"), (1, "50"), (5, "51"), (6, "52")] {
        desk.route(minute(at), &[grown(consumers, at)], &calendar(), &mut messages);
    }
    assert_eq!((messages.len(), desk.counts().notices, desk.counts().known), (1, 4, 3));
    assert!(messages[0].text.contains("Consumers: 51."), "{}", messages[0].text);
}

#[test]
fn no_template_for_a_suspicion_ever_reaches_a_consumer() {
    for kind in Kind::ALL.iter().filter(|kind| !kind.may_reach_consumer()) {
        for kinds in [vec![*kind], vec![]] {
            let (to, route) =
                (receiver("consumers", Whom::Consumer), Route { kinds, ..route("all", "consumers") });
            let refused = DeskRules::new(vec![to], vec![route], vec![], Templates::default());
            assert!(matches!(refused, Err(RulesError::Consumer { .. })), "{kind}");
        }
        let (to, chief) = (receiver("consumers", Whom::Consumer), receiver("chief", Whom::Reader));
        let escalate = Some(Escalation { after: 1, to: vec!["consumers".to_owned()] });
        let route = Route { kinds: vec![*kind], escalate, ..route("all", "chief") };
        let refused = DeskRules::new(vec![to, chief], vec![route], vec![], Templates::default());
        assert!(matches!(refused, Err(RulesError::Consumer { .. })), "{kind}");
    }
    // Suspicions are those kinds that say that energy may be missing.
    assert!(!Kind::Suspicion.may_reach_consumer());
}

#[test]
fn a_storm_of_a_feeder_is_one_message_for_each_receiver() {
    let mut desk = simple(|_, route| {
        route.group_by = Some(vec![By::Feeder]);
        route.wait = 10_000;
    });
    let mut messages = Vec::new();
    for second in 0..11 {
        let storm: Vec<Notice> = (0..5000)
            .map(|number| {
                let mut one = notice("O1", minute(0));
                let name = format!("S{}", second * 5000 + number);
                (one.id, one.episode) = (format!("{name}.began"), name);
                one
            })
            .collect();
        let now = minute(0).plus(second * 1000);
        desk.route(now, if second < 10 { &storm } else { &[] }, &calendar(), &mut messages);
    }
    assert_eq!((messages.len(), messages[0].more, desk.counts().sent), (1, 49_999, 50_000));
    expect!["No supply at 50000 places: M1, M1, M1, M1, M1, M1, M1, M1, M1, M1, M1, M1, M1, M1, M1, M1, M1, M1, M1, M1, M1, M1, M1, M1, M1, M1, M1, M1, M1 +49971. Feeder F0."].assert_eq(&messages[0].text);
    assert_eq!(desk.waiting(), Waiting::default());
}

/// Where each is a message of its own, a storm has as many groups as notices: what ends must find its own at once.
#[test]
fn a_storm_beneath_a_feeder_that_is_out_is_nobodys_message() {
    let mut desk = desk(
        vec![receiver("desk", Whom::One(phone("112")))],
        vec![Route { clear: true, ..route("all", "desk") }],
        outages_keep_back(),
    );
    let storm = |word: &str, at: i64| -> Vec<Notice> {
        let one = |number: u32| {
            let mut one = notice(word, minute(at));
            (one.id, one.episode) = (format!("S{number}.{word}"), format!("S{number}"));
            one
        };
        (0..20_000).map(one).collect()
    };
    let mut messages = Vec::new();
    let began = [vec![notice("F0", minute(0))], storm("O1", 0)].concat();
    desk.route(minute(0), &began, &calendar(), &mut messages);
    assert_eq!((messages.len(), desk.waiting().grouped), (1, 20_000));
    for at in 1..10 {
        desk.route(minute(at), &[], &calendar(), &mut messages);
    }
    let ended = [vec![notice("f0", minute(10))], storm("o1", 10)].concat();
    desk.route(minute(10), &ended, &calendar(), &mut messages);
    assert_eq!((messages.len(), desk.counts().inhibited, desk.waiting()), (2, 20_000, Waiting::default()));
}

#[test]
fn a_plan_speaks_its_own_words() {
    let mut templates = Templates::default();
    let own = Template::new(Some(Kind::Outage), Form::One, Language::ENGLISH, "No light: {target}").unwrap();
    assert!(templates.replace(own).is_none());
    let (to, route) = (receiver("desk", Whom::One(phone("112"))), route("all", "desk"));
    let rules = DeskRules::new(vec![to], vec![route], vec![], templates).unwrap();
    let mut desk = Desk::new(rules, &readers(&[])).unwrap();
    assert_eq!(play(&mut desk, "0 O1")[0].text, "No light: M1");
}
