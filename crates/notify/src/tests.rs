use crate::channels::sms::SmsText;
use crate::*;
use cases::{Alert, AlertId, AlertKind, CaseId, Severity};
use detect::{Detector, Evidence, Written};
use expect_test::{Expect, expect};
use grid::{Role, Topology, TopologyRow};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use reading::time::{DAY, HOUR, MINUTE};
use reading::{AreaId, Calendar, EventTime, MeterId, TransformerId};
use std::sync::Arc;

pub(crate) fn calendar() -> Calendar {
    Calendar::new(TimeZone::get("Asia/Kolkata").unwrap(), Default::default())
}

fn end_of(block: usize) -> EventTime {
    EventTime(19_727 * DAY + 9 * HOUR + block as i64 * 30 * MINUTE)
}

fn alert_of(meter: &str, area: Option<&str>, block: usize, kind: AlertKind) -> Alert {
    let meter = MeterId::new(meter).unwrap();
    let case = CaseId::new(Detector::PhaseNeutral, meter, end_of(block));
    let detector = Detector::PhaseNeutral;
    let fact = |name, value| detector.about().fact(name).unwrap().of(value);
    let evidence = Evidence {
        detector,
        since: end_of(block).minus(150 * MINUTE),
        until: end_of(block),
        blocks: 5,
        score: 0.5,
        weight: 1.0,
        facts: vec![fact("phase", 7.2), fact("neutral", 4.1), fact("apart", 3.1).limited(0.5)],
        excess: None,
        looked_at: vec![],
    };
    Alert {
        id: AlertId::new(&case, kind.name()),
        case,
        kind,
        time: end_of(block),
        meter,
        transformer: TransformerId::new("T0007"),
        area: area.and_then(AreaId::new),
        severity: Severity::Medium,
        text: String::new(),
        evidence: vec![evidence],
    }
}

pub(crate) fn alert(meter: &str, area: &str, block: usize) -> Alert {
    alert_of(meter, Some(area), block, AlertKind::Opened)
}

/// A consumer in each area, whose reader has this phone.
pub(crate) fn readers(phones: &[(&str, &str)]) -> Topology {
    let row = |(number, (area, phone)): (usize, &(&str, &str))| {
        let meter = MeterId::new(format!("R{number}")).unwrap();
        let reader_phone = Some((*phone).to_owned());
        TopologyRow {
            area: AreaId::new(area).map(Arc::new),
            reader_phone,
            ..TopologyRow::new(meter, Role::Consumer)
        }
    };
    Topology::new(phones.iter().enumerate().map(row).collect()).unwrap()
}

fn rule(again_after: &str) -> ChannelRule {
    let section = [
        ("per_hour", Written::Whole(2)),
        ("per_day", Written::Whole(4)),
        ("again_after", Written::Text(again_after)),
    ];
    ChannelRule::read(Channel::Sms, &section).unwrap()
}

/// Two messages an hour and four a day to a phone, and none about the same meter within a week.
fn notifier() -> Notifier {
    let topology = readers(&[("A1", "+91 98 100-00001"), ("A2", "+919810000002")]);
    let rule = rule("7 d");
    let routes = rule.routes(&topology).unwrap();
    Notifier::new(rule, routes)
}

/// A character for each tick of half an hour: how many alerts open in area A1. What is sent when is the answer.
fn check(picture: &str, answer: &Expect) {
    let mut notifier = notifier();
    let mut lines = String::new();
    for (block, c) in picture.chars().enumerate() {
        let count = c.to_digit(10).unwrap_or_default();
        let alerts: Vec<Alert> =
            (0..count).map(|number| alert(&format!("M{block}-{number}"), "A1", block)).collect();
        let routed = notifier.route(end_of(block), &alerts, &calendar());
        for one in &routed.messages {
            lines += &format!("{block}: {} {} +{}: {}\n", one.to, one.id, one.more, one.text);
        }
    }
    lines += &format!("waiting {}", notifier.waiting());
    answer.assert_eq(&lines);
}

/// What a channel sends about three alerts, one an hour: a message and a digest.
fn sent(channel: Channel) -> Vec<Message> {
    let topology = readers(&[("A1", "+919810000001")]);
    let rule = ChannelRule::read(channel, &[("per_hour", Written::Whole(1))]).unwrap();
    let routes = rule.routes(&topology).unwrap();
    let mut notifier = Notifier::new(rule, routes);
    let alerts: Vec<Alert> = ["M1", "M2", "M3"].map(|meter| alert(meter, "A1", 0)).to_vec();
    let route = |(block, alerts)| notifier.route(end_of(block), alerts, &calendar()).messages;
    [(0, &alerts[..]), (2, &[])].into_iter().flat_map(route).collect()
}

/// One outbox holds the messages of all channels, and takes an id once.
#[test]
fn the_ids_of_different_channels_differ() {
    let all: Vec<Message> = Channel::ALL.iter().flat_map(|channel| sent(*channel)).collect();
    let ids: std::collections::BTreeSet<&str> = all.iter().map(|one| one.id.as_str()).collect();
    assert_eq!((all.len(), ids.len()), (2 * Channel::ALL.len(), 2 * Channel::ALL.len()));
}

#[test]
fn e_mails_and_webhooks_have_all_of_the_evidence() {
    let all = [sent(Channel::Email), sent(Channel::Webhook)].concat();
    let lines = all.iter().map(|one| format!("{} to {}: {:?}\n", one.id, one.to, one.text));
    expect![[r#"
        email.phase-neutral.M1.20240105T0900Z.opened to postmaster@localhost: "Please check meter M1\n\nCase phase-neutral.M1.20240105T0900Z\nphase 7.20 A, neutral 4.10 A, 3.10 A apart (0.50 A allowed) since 5 Jan 12:00\n"
        digest.email.phase-neutral.M2.20240105T0900Z.opened to postmaster@localhost: "Please check 2 meters\n\nM2: 3.1 A apart\nM3: 3.1 A apart\n"
        webhook.phase-neutral.M1.20240105T0900Z.opened to control-room: "Please check meter M1: phase 7.2 A, neutral 4.1 A since 5 Jan 12:00."
        digest.webhook.phase-neutral.M2.20240105T0900Z.opened to control-room: "Please check 2 meters: M2 (3.1 A apart), M3 (3.1 A apart)."
    "#]].assert_eq(&lines.collect::<String>());
}

#[test]
fn one_alert_is_one_message_with_its_numbers() {
    check(
        "1",
        &expect![[r#"
        0: +919810000001 sms.phase-neutral.M0-0.20240105T0900Z.opened +0: Please check meter M0-0: phase 7.2 A, neutral 4.1 A since 5 Jan 12:00. Transformer T0007. Area A1.
        waiting 0"#]],
    );
}

#[test]
fn what_is_over_the_hour_waits_for_one_digest() {
    check(
        "9..1",
        &expect![[r#"
        0: +919810000001 sms.phase-neutral.M0-0.20240105T0900Z.opened +0: Please check meter M0-0: phase 7.2 A, neutral 4.1 A since 5 Jan 12:00. Transformer T0007. Area A1.
        0: +919810000001 sms.phase-neutral.M0-1.20240105T0900Z.opened +0: Please check meter M0-1: phase 7.2 A, neutral 4.1 A since 5 Jan 12:00. Transformer T0007. Area A1.
        2: +919810000001 digest.phase-neutral.M0-2.20240105T0900Z.opened +6: Please check 7 meters: M0-2 (3.1 A apart), M0-3 (3.1 A apart), M0-4 (3.1 A apart) +4 more.
        3: +919810000001 sms.phase-neutral.M3-0.20240105T1030Z.opened +0: Please check meter M3-0: phase 7.2 A, neutral 4.1 A since 5 Jan 13:30. Transformer T0007. Area A1.
        waiting 0"#]],
    );
}

#[test]
fn what_is_over_the_day_waits_for_the_next() {
    check(
        "2.2.2............................................1..",
        &expect![[r#"
        0: +919810000001 sms.phase-neutral.M0-0.20240105T0900Z.opened +0: Please check meter M0-0: phase 7.2 A, neutral 4.1 A since 5 Jan 12:00. Transformer T0007. Area A1.
        0: +919810000001 sms.phase-neutral.M0-1.20240105T0900Z.opened +0: Please check meter M0-1: phase 7.2 A, neutral 4.1 A since 5 Jan 12:00. Transformer T0007. Area A1.
        2: +919810000001 sms.phase-neutral.M2-0.20240105T1000Z.opened +0: Please check meter M2-0: phase 7.2 A, neutral 4.1 A since 5 Jan 13:00. Transformer T0007. Area A1.
        2: +919810000001 sms.phase-neutral.M2-1.20240105T1000Z.opened +0: Please check meter M2-1: phase 7.2 A, neutral 4.1 A since 5 Jan 13:00. Transformer T0007. Area A1.
        48: +919810000001 digest.phase-neutral.M4-0.20240105T1100Z.opened +1: Please check 2 meters: M4-0 (3.1 A apart), M4-1 (3.1 A apart).
        49: +919810000001 sms.phase-neutral.M49-0.20240106T0930Z.opened +0: Please check meter M49-0: phase 7.2 A, neutral 4.1 A since 6 Jan 12:30. Transformer T0007. Area A1.
        waiting 0"#]],
    );
}

#[test]
fn a_closed_case_asks_nobody_to_walk() {
    let mut notifier = notifier();
    let routed = notifier.route(end_of(0), &[alert_of("M1", Some("A1"), 0, AlertKind::Closed)], &calendar());
    assert_eq!(routed, Routed::default());
}

/// The same alert, so far apart.
fn apart(apart: f64, mut alert: Alert) -> Alert {
    alert.evidence[0].facts[2].value = apart;
    alert
}

/// What becomes of alerts about one meter: in which block each comes, and how far apart its currents are then.
fn check_again(alerts: &[(usize, f64)], answer: &Expect) {
    let mut notifier = notifier();
    let line = |(block, far): &(usize, f64)| {
        let routed = notifier.route(end_of(*block), &[apart(*far, alert("M1", "A1", *block))], &calendar());
        format!("{block}: {} sent, {} repeated\n", routed.messages.len(), routed.repeated.len())
    };
    answer.assert_eq(&alerts.iter().map(line).collect::<String>());
}

/// Blocks of half an hour in a week.
const WEEK: usize = 7 * 48;

#[test]
fn a_case_that_comes_back_within_a_week_asks_nobody_to_walk_again() {
    check_again(
        &[(0, 3.1), (48, 3.1), (WEEK - 1, 6.1), (WEEK, 3.1), (WEEK + 1, 3.1), (2 * WEEK, 3.1)],
        &expect![[r#"
            0: 1 sent, 0 repeated
            48: 0 sent, 1 repeated
            335: 0 sent, 1 repeated
            336: 1 sent, 0 repeated
            337: 0 sent, 1 repeated
            672: 1 sent, 0 repeated
        "#]],
    );
}

#[test]
fn a_case_that_comes_back_twice_as_far_apart_is_told_again() {
    check_again(
        &[(0, 3.1), (48, 6.2), (96, 12.3), (144, 12.4)],
        &expect![[r#"
        0: 1 sent, 0 repeated
        48: 1 sent, 0 repeated
        96: 0 sent, 1 repeated
        144: 1 sent, 0 repeated
    "#]],
    );
}

#[test]
fn a_meter_that_a_digest_only_counted_was_not_told_of() {
    let mut notifier = notifier();
    let first: Vec<Alert> = (0..6).map(|number| alert(&format!("M{number}"), "A1", 0)).collect();
    notifier.route(end_of(0), &first, &calendar());
    let digest = notifier.route(end_of(2), &[], &calendar());
    expect!["Please check 4 meters: M2 (3.1 A apart), M3 (3.1 A apart), M4 (3.1 A apart) +1 more."]
        .assert_eq(&digest.messages[0].text);
    let again: Vec<Alert> = (0..6).map(|number| alert(&format!("M{number}"), "A1", 4)).collect();
    let routed = notifier.route(end_of(4), &again, &calendar());
    assert_eq!(routed.repeated, again[..5].iter().map(|alert| alert.id.clone()).collect::<Vec<_>>());
    assert_eq!(routed.messages[0].case.as_ref(), Some(&again[5].case));
}

#[test]
fn without_a_time_every_case_is_told() {
    let mut notifier = Notifier::new(rule("0 d"), Routes::to_one(Address::checked("112".to_owned())));
    for block in [0, 1] {
        assert_eq!(notifier.route(end_of(block), &[alert("M1", "A1", block)], &calendar()).messages.len(), 1);
    }
}

#[test]
fn an_alert_that_nobody_is_responsible_for_is_returned() {
    let mut notifier = notifier();
    let alerts = [alert("M1", "A9", 0), alert_of("M2", None, 0, AlertKind::Opened)];
    let routed = notifier.route(end_of(0), &alerts, &calendar());
    assert_eq!(routed.unrouted, alerts.map(|alert| alert.id));

    notifier.set_routes(Routes::to_one(Address::checked("112".to_owned())));
    let routed = notifier.route(end_of(0), &[alert("M1", "A9", 0)], &calendar());
    assert_eq!(routed.messages[0].to.as_str(), "112");
}

#[test]
fn a_phone_that_is_busy_holds_up_no_other() {
    let mut notifier = notifier();
    let alerts: Vec<Alert> = ["A1", "A1", "A1", "A2"]
        .iter()
        .enumerate()
        .map(|(number, area)| alert(&format!("M{number}"), area, 0))
        .collect();
    let routed = notifier.route(end_of(0), &alerts, &calendar());
    assert_eq!((routed.messages.len(), routed.held), (3, 1));
    assert_eq!(routed.messages[2].to.as_str(), "+919810000002");
}

/// Ticks with some alerts each, by number of the meter and of the area.
fn towns() -> impl Strategy<Value = Vec<Vec<Alert>>> {
    // Few enough meters that some come back.
    let one = (0_u32..200, 1_u8..4);
    prop::collection::vec(prop::collection::vec(one, 0..6), 0..80).prop_map(|ticks| {
        let tick = |(block, mut alerts): (usize, Vec<(u32, u8)>)| {
            alerts.sort_unstable();
            alerts.dedup_by_key(|one| one.0);
            let one = |(meter, area)| alert(&format!("M{meter}"), &format!("A{area}"), block);
            alerts.into_iter().map(one).collect()
        };
        ticks.into_iter().enumerate().map(tick).collect()
    })
}

fn routed(notifier: &mut Notifier, ticks: &[Vec<Alert>], from: usize) -> Vec<Routed> {
    let route =
        |(number, alerts): (usize, &Vec<Alert>)| notifier.route(end_of(from + number), alerts, &calendar());
    ticks.iter().enumerate().map(route).collect()
}

/// What `[sms]` of these tests is the short form of.
fn written_out() -> Desk {
    let receiver = desk::Receiver {
        name: "readers".to_owned(),
        channel: Channel::Sms,
        whom: desk::Whom::Reader,
        language: words::Language::ENGLISH,
        per_hour: 2,
        per_day: 4,
        parts: 1,
        quiet: None,
    };
    let route = desk::Route {
        name: "walk".to_owned(),
        to: vec!["readers".to_owned()],
        kinds: vec![Kind::Suspicion],
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
        again_after: 7 * DAY,
        clear: false,
        escalate: None,
    };
    let rules = DeskRules::new(vec![receiver], vec![route], vec![], Default::default()).unwrap();
    let topology = readers(&[("A1", "+91 98 100-00001"), ("A2", "+919810000002")]);
    Desk::new(rules, &topology).unwrap()
}

proptest! {
    #[test]
    fn the_section_is_the_short_form_of_a_route(ticks in towns()) {
        let (mut notifier, mut desk) = (notifier(), written_out());
        for (block, alerts) in ticks.iter().enumerate() {
            let short = notifier.route(end_of(block), alerts, &calendar()).messages;
            let notices: Vec<Notice> = alerts.iter().map(|alert| Notice::of_alert(alert, None, None)).collect();
            let mut long = Vec::new();
            desk.route(end_of(block), &notices, &calendar(), &mut long);
            let of = |message: &Message| (message.to.clone(), message.case.clone(), message.more);
            prop_assert_eq!(short.iter().map(of).collect::<Vec<_>>(), long.iter().map(of).collect::<Vec<_>>());
            for (short, long) in short.iter().zip(&long).filter(|(short, _)| short.id.starts_with("sms.")) {
                prop_assert_eq!(&short.text, &long.text);
            }
            prop_assert_eq!(notifier.waiting(), desk.waiting().held);
        }
    }

    #[test]
    fn no_phone_gets_more_than_its_throttle(ticks in towns()) {
        let mut notifier = notifier();
        let all = routed(&mut notifier, &ticks, 0);
        let sent: Vec<&Message> = all.iter().flat_map(|routed| &routed.messages).collect();
        for last in &sent {
            let within = |ms| {
                sent.iter().filter(|one| one.to == last.to && one.time <= last.time && last.time.since(one.time) < ms).count()
            };
            prop_assert!(within(HOUR) <= 2);
            prop_assert!(within(DAY) <= 4);
            prop_assert!(SmsText::new(&last.text).is_some());
        }
    }

    #[test]
    fn every_alert_is_sent_waits_or_is_handed_back(ticks in towns()) {
        let mut notifier = notifier();
        let all = routed(&mut notifier, &ticks, 0);
        let sent: u64 = all.iter().flat_map(|routed| &routed.messages).map(|one| 1 + u64::from(one.more)).sum();
        let back: usize = all.iter().map(|routed| routed.unrouted.len() + routed.repeated.len()).sum();
        let given: usize = ticks.iter().map(Vec::len).sum();
        prop_assert_eq!(sent + notifier.waiting() + back as u64, given as u64);
        let mut ids: Vec<&str> = all.iter().flat_map(|routed| &routed.messages).map(|one| one.id.as_str()).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        prop_assert_eq!(ids.len(), count, "an id stands for one message");
    }

    #[test]
    fn the_order_of_alerts_within_a_tick_changes_nothing(ticks in towns()) {
        let turned: Vec<Vec<Alert>> = ticks.iter().map(|tick| tick.iter().rev().cloned().collect()).collect();
        let all = |ticks: &[Vec<Alert>]| routed(&mut notifier(), ticks, 0);
        prop_assert_eq!(all(&ticks), all(&turned));
    }

    #[test]
    fn a_restored_notifier_goes_on_the_same(ticks in towns(), cut in 0_usize..80) {
        let cut = cut.min(ticks.len());
        let mut whole = notifier();
        routed(&mut whole, &ticks[..cut], 0);
        let stored = whole.snapshot();
        let mut restored = notifier();
        restored.restore(stored.clone());
        prop_assert_eq!(restored.snapshot(), stored);
        prop_assert_eq!(routed(&mut whole, &ticks[cut..], cut), routed(&mut restored, &ticks[cut..], cut));
        prop_assert_eq!(whole, restored);
    }
}
