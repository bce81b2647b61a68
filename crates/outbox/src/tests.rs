mod stories;

use crate::*;
use expect_test::{Expect, expect};
use std::collections::BTreeMap;

fn settings() -> Settings {
    Settings {
        window: 3,
        answer_within: 100,
        retry_after: 8,
        retry_most: 64,
        tries: 3,
        failover_after: 40,
        give_up_after: 1_000_000,
        remember: 1_000_000,
        ..Settings::usual(["sms", "sms", "mail"])
    }
}

fn new(id: &str, line: &str, parts: u16) -> New {
    // Some lines are mailboxes.
    let way = if ["l3", "l4", "@"].contains(&line) { "mail" } else { "sms" };
    let (way, line) = (way.to_owned(), line.to_owned());
    New { id: MessageId(id.to_owned()), way, line, text: format!("text of {id}"), parts }
}

fn id(text: &str) -> MessageId {
    MessageId(text.to_owned())
}

/// All gateways are connected.
fn outbox(settings: Settings) -> Outbox {
    let mut outbox = Outbox::new(settings, Moment(0)).unwrap();
    outbox.connected(0);
    outbox.connected(1);
    outbox.connected(2);
    outbox
}

/// All that can be submitted now.
fn submit(outbox: &mut Outbox, now: i64) -> Vec<Submission> {
    std::iter::from_fn(|| outbox.next(Moment(now))).collect()
}

fn accepted(remote: &str) -> Answer {
    Answer::Accepted { remote: remote.to_owned() }
}

fn store(outbox: &mut Outbox, disk: &mut BTreeMap<MessageId, Entry>) {
    let (entries, forgotten) = outbox.take_changed();
    disk.extend(entries.into_iter().map(|entry| (entry.id.clone(), entry)));
    forgotten.iter().for_each(|id| drop(disk.remove(id)));
    outbox.stored();
}

/// The same, without a look at the disk.
fn save(outbox: &mut Outbox) {
    store(outbox, &mut BTreeMap::new());
}

fn check(submissions: &[Submission], answer: &Expect) {
    let one = |one: &Submission| format!("{} {} {}/{}", one.gateway, one.id, one.part + 1, one.parts);
    answer.assert_eq(&submissions.iter().map(one).collect::<Vec<_>>().join(", "));
}

#[test]
fn a_line_sends_one_part_at_a_time_and_lines_share_the_window() {
    let mut outbox = outbox(settings());
    for one in [new("a1", "a", 2), new("a2", "a", 1), new("b1", "b", 1), new("c1", "c", 1), new("d1", "d", 1)]
    {
        assert_eq!(outbox.put(Moment(0), one), Put::Queued);
    }
    check(&submit(&mut outbox, 0), &expect![""]);
    save(&mut outbox);
    let first = submit(&mut outbox, 0);
    check(&first, &expect!["0 a1 1/2, 0 b1 1/1, 0 c1 1/1"]);
    outbox.answered(Moment(1), first[0].ticket, accepted("r1"));
    check(&submit(&mut outbox, 1), &expect![""]);
    // Only a stored answer frees its place.
    save(&mut outbox);
    let second = submit(&mut outbox, 1);
    check(&second, &expect!["0 d1 1/1"]);
    outbox.answered(Moment(2), first[1].ticket, accepted("r2"));
    save(&mut outbox);
    let third = submit(&mut outbox, 2);
    check(&third, &expect!["0 a1 2/2"]);
    outbox.answered(Moment(3), third[0].ticket, accepted("r3"));
    save(&mut outbox);
    check(&submit(&mut outbox, 3), &expect!["0 a2 1/1"]);
}

#[test]
fn the_same_message_again_is_known() {
    let mut outbox = outbox(Settings { remember: 10, ..settings() });
    outbox.put(Moment(0), new("a1", "a", 1));
    save(&mut outbox);
    assert_eq!(outbox.put(Moment(0), new("a1", "a", 1)), Put::Known);
    let sent = submit(&mut outbox, 0);
    outbox.answered(Moment(1), sent[0].ticket, accepted("r1"));
    assert_eq!(outbox.put(Moment(5), new("a1", "a", 1)), Put::Known);
    outbox.pass_time(Moment(11));
    assert_eq!(outbox.take_changed().1, [id("a1")]);
    outbox.stored();
    assert_eq!(outbox.put(Moment(11), new("a1", "a", 1)), Put::Queued);
}

#[test]
fn a_full_outbox_refuses_and_loses_nothing() {
    let mut outbox = outbox(Settings { most_queued: 1, ..settings() });
    assert_eq!(outbox.put(Moment(0), new("a1", "a", 1)), Put::Queued);
    assert_eq!(outbox.put(Moment(0), new("a2", "a", 1)), Put::Full);
    save(&mut outbox);
    let sent = submit(&mut outbox, 0);
    outbox.answered(Moment(1), sent[0].ticket, accepted("r1"));
    assert_eq!(outbox.put(Moment(1), new("a2", "a", 1)), Put::Queued);
}

#[test]
fn a_gateway_that_takes_nothing_from_us_is_passed_over_at_once_and_asked_again_later() {
    let mut outbox = outbox(settings());
    for one in [new("a1", "a", 1), new("b1", "b", 1), new("c1", "c", 1), new("d1", "d", 1)] {
        outbox.put(Moment(0), one);
    }
    save(&mut outbox);
    let first = submit(&mut outbox, 0);
    check(&first, &expect!["0 a1 1/1, 0 b1 1/1, 0 c1 1/1"]);
    outbox.answered(Moment(1), first[0].ticket, Answer::Closed { reason: "who are you".to_owned() });
    assert_eq!(outbox.entry(&id("a1")).unwrap().tries, 0);
    save(&mut outbox);
    let second = submit(&mut outbox, 1);
    check(&second, &expect!["1 d1 1/1, 1 a1 1/1"]);
    for one in first[1..].iter().chain(&second) {
        outbox.answered(Moment(2), one.ticket, accepted(&one.id.0));
    }
    outbox.put(Moment(40), new("e1", "e", 1));
    save(&mut outbox);
    check(&submit(&mut outbox, 40), &expect!["1 e1 1/1"]);
    outbox.put(Moment(41), new("f1", "f", 1));
    save(&mut outbox);
    check(&submit(&mut outbox, 41), &expect!["0 f1 1/1"]);
}

#[test]
fn the_only_gateway_of_a_way_is_asked_again_although_it_takes_nothing_from_us() {
    let mut outbox = outbox(settings());
    outbox.put(Moment(0), new("a1", "@", 1));
    save(&mut outbox);
    let first = submit(&mut outbox, 0);
    outbox.answered(Moment(1), first[0].ticket, Answer::Closed { reason: "who are you".to_owned() });
    save(&mut outbox);
    check(&submit(&mut outbox, 40), &expect![""]);
    check(&submit(&mut outbox, 41), &expect!["2 a1 1/1"]);
}

#[test]
fn what_fails_for_now_waits_and_goes_to_the_next_gateway_after_some_tries() {
    let mut outbox = outbox(settings());
    outbox.put(Moment(0), new("a1", "a", 1));
    outbox.put(Moment(0), new("a2", "a", 1));
    save(&mut outbox);
    let (mut now, mut tries) = (0, String::new());
    for _ in 0..5 {
        now = outbox.wake_at().unwrap().0;
        let sent = submit(&mut outbox, now);
        tries += &format!("{now}: {} to {}\n", sent[0].id, sent[0].gateway);
        outbox.answered(Moment(now), sent[0].ticket, Answer::NotNow { reason: "busy".to_owned() });
        save(&mut outbox);
    }
    expect![[r#"
        0: a1 to 0
        8: a1 to 0
        22: a1 to 0
        53: a1 to 1
        104: a1 to 1
    "#]]
    .assert_eq(&tries);
    assert_eq!(outbox.entry(&id("a1")).unwrap().last_problem.as_deref(), Some("busy"));
    let sent = submit(&mut outbox, now + 100);
    outbox.answered(Moment(now + 100), sent[0].ticket, Answer::Never { reason: "no such number".to_owned() });
    save(&mut outbox);
    let failed = &outbox.entry(&id("a1")).unwrap().state;
    assert_eq!(*failed, State::Failed { reason: "no such number".to_owned() });
    check(&submit(&mut outbox, now + 100), &expect!["0 a2 1/1"]);
}

#[test]
fn a_gateway_that_throttles_gets_a_pause_and_the_message_its_turn() {
    let mut outbox = outbox(settings());
    for one in [new("a1", "a", 1), new("b1", "b", 1)] {
        outbox.put(Moment(0), one);
    }
    save(&mut outbox);
    let sent = submit(&mut outbox, 0);
    outbox.answered(Moment(0), sent[0].ticket, Answer::Throttled);
    outbox.answered(Moment(0), sent[1].ticket, accepted("r1"));
    save(&mut outbox);
    check(&submit(&mut outbox, 1), &expect![""]);
    check(&submit(&mut outbox, 8), &expect!["0 a1 1/1"]);
    assert_eq!(outbox.entry(&id("a1")).unwrap().tries, 0);
}

#[test]
fn a_gateway_that_is_gone_is_waited_for_and_then_the_next_one_takes_over() {
    let mut outbox = outbox(settings());
    outbox.put(Moment(0), new("a1", "a", 1));
    save(&mut outbox);
    outbox.disconnected(Moment(0), 0);
    check(&submit(&mut outbox, 39), &expect![""]);
    check(&submit(&mut outbox, 40), &expect!["1 a1 1/1"]);
    // It was gone without an answer: the message may have arrived there, and goes out again.
    outbox.disconnected(Moment(50), 1);
    assert_eq!(outbox.counts().unanswered, 1);
    outbox.connected(0);
    check(&submit(&mut outbox, 60), &expect!["0 a1 1/1"]);
}

#[test]
fn the_parts_of_a_message_stay_with_one_gateway() {
    let mut outbox = outbox(settings());
    outbox.put(Moment(0), new("a1", "a", 2));
    save(&mut outbox);
    let sent = submit(&mut outbox, 0);
    outbox.answered(Moment(0), sent[0].ticket, accepted("r1"));
    save(&mut outbox);
    outbox.disconnected(Moment(0), 0);
    check(&submit(&mut outbox, 1000), &expect![""]);
    outbox.connected(0);
    check(&submit(&mut outbox, 1000), &expect!["0 a1 2/2"]);
}

#[test]
fn who_waits_for_a_gateway_that_is_gone_holds_up_nobody_else() {
    let mut outbox = outbox(settings());
    outbox.put(Moment(0), new("a1", "a", 2));
    save(&mut outbox);
    let sent = submit(&mut outbox, 0);
    outbox.answered(Moment(0), sent[0].ticket, accepted("r1"));
    outbox.disconnected(Moment(0), 0);
    outbox.put(Moment(1), new("b1", "b", 1));
    outbox.put(Moment(2), new("c1", "c", 1));
    save(&mut outbox);
    // The second part of a1 is due first, and can only go to the gateway that has the first one.
    check(&submit(&mut outbox, 100), &expect!["1 b1 1/1, 1 c1 1/1"]);
    outbox.connected(0);
    check(&submit(&mut outbox, 100), &expect!["0 a1 2/2"]);
}

#[test]
fn a_gateway_may_take_one_message_at_a_time() {
    let mut outbox = outbox(Settings { one_by_one: vec![0], ..settings() });
    for one in [new("a1", "a", 1), new("b1", "b", 1), new("e1", "@", 1), new("e2", "l3", 1)] {
        outbox.put(Moment(0), one);
    }
    save(&mut outbox);
    let sent = submit(&mut outbox, 0);
    check(&sent, &expect!["0 a1 1/1, 2 e1 1/1, 2 e2 1/1"]);
    outbox.answered(Moment(1), sent[0].ticket, accepted("r1"));
    save(&mut outbox);
    check(&submit(&mut outbox, 1), &expect!["0 b1 1/1"]);
}

#[test]
fn each_way_has_gateways_of_its_own() {
    let mut outbox = outbox(Settings { failover_after: 0, ..settings() });
    for one in [new("a1", "a", 1), new("e1", "@", 3), new("e2", "@", 1)] {
        outbox.put(Moment(0), one);
    }
    outbox.unreachable(Moment(0), 0);
    save(&mut outbox);
    let sent = submit(&mut outbox, 0);
    check(&sent, &expect!["1 a1 1/1, 2 e1 1/3"]);
    // No other gateway serves the way of e1, so it waits for its own.
    outbox.answered(Moment(0), sent[1].ticket, Answer::NotNow { reason: "busy".to_owned() });
    outbox.unreachable(Moment(0), 2);
    save(&mut outbox);
    check(&submit(&mut outbox, 1_000), &expect![""]);
    outbox.connected(2);
    let sent = submit(&mut outbox, 1_000);
    check(&sent, &expect!["2 e1 1/3"]);
    outbox.answered(Moment(1_000), sent[0].ticket, Answer::AcceptedWhole { remote: "r1".to_owned() });
    outbox.receipt(Moment(1_000), 2, "r1", Receipt::Delivered);
    save(&mut outbox);
    assert_eq!(outbox.entry(&id("e1")).unwrap().state, State::Delivered);
    check(&submit(&mut outbox, 1_000), &expect!["2 e2 1/1"]);
}

#[test]
fn what_was_stored_with_other_gateways_waits_for_one_of_its_way() {
    let mut outbox = outbox(settings());
    let mut disk = BTreeMap::new();
    outbox.put(Moment(0), new("e1", "@", 2));
    outbox.put(Moment(0), new("a1", "a", 2));
    store(&mut outbox, &mut disk);
    let sent = submit(&mut outbox, 0);
    check(&sent, &expect!["2 e1 1/2, 0 a1 1/2"]);
    outbox.answered(Moment(0), sent[0].ticket, Answer::Accepted { remote: "r1".to_owned() });
    store(&mut outbox, &mut disk);
    // The gateway that has the first part of e1 is gone from the plan; a1 finds the one that is left.
    let fewer = Settings { gateways: vec!["sms".to_owned()], ..settings() };
    let mut outbox = Outbox::restore(fewer, Moment(0), disk.into_values()).unwrap();
    outbox.connected(0);
    check(&submit(&mut outbox, 1_000), &expect!["0 a1 1/2"]);
    outbox.pass_time(Moment(1_000_000));
    assert_eq!(outbox.entry(&id("e1")).unwrap().state.name(), "failed");
}

#[test]
fn a_receipt_confirms_a_message_even_if_it_comes_before_the_answer() {
    let mut outbox = outbox(settings());
    outbox.put(Moment(0), new("a1", "a", 2));
    save(&mut outbox);
    let first = submit(&mut outbox, 0);
    outbox.receipt(Moment(1), 0, "r1", Receipt::Delivered);
    outbox.answered(Moment(2), first[0].ticket, accepted("r1"));
    save(&mut outbox);
    let second = submit(&mut outbox, 2);
    outbox.answered(Moment(3), second[0].ticket, accepted("r2"));
    assert_eq!(outbox.entry(&id("a1")).unwrap().state, State::Sent);
    outbox.receipt(Moment(4), 1, "r2", Receipt::Delivered);
    assert_eq!(outbox.entry(&id("a1")).unwrap().state, State::Sent, "of another gateway");
    outbox.receipt(Moment(4), 0, "r2", Receipt::Delivered);
    assert_eq!(outbox.entry(&id("a1")).unwrap().state, State::Delivered);
}

#[test]
fn a_receipt_can_say_that_it_failed() {
    let mut outbox = outbox(settings());
    outbox.put(Moment(0), new("a1", "a", 1));
    save(&mut outbox);
    let sent = submit(&mut outbox, 0);
    outbox.answered(Moment(2), sent[0].ticket, accepted("r1"));
    outbox.receipt(Moment(4), 0, "r1", Receipt::Failed { reason: "switched off".to_owned() });
    assert_eq!(outbox.entry(&id("a1")).unwrap().state.name(), "failed");
}

#[test]
fn what_nobody_takes_for_too_long_has_failed_and_the_next_of_its_line_goes_on() {
    let mut outbox = Outbox::new(Settings { give_up_after: 100, ..settings() }, Moment(0)).unwrap();
    outbox.put(Moment(0), new("a1", "a", 1));
    outbox.put(Moment(50), new("a2", "a", 1));
    save(&mut outbox);
    outbox.pass_time(Moment(100));
    save(&mut outbox);
    let state = &outbox.entry(&id("a1")).unwrap().state;
    assert_eq!(*state, State::Failed { reason: "not accepted in time: no gateway".to_owned() });
    outbox.connected(0);
    check(&submit(&mut outbox, 100), &expect!["0 a2 1/1"]);
}

#[test]
fn a_person_can_try_again_or_drop() {
    let mut outbox = outbox(settings());
    for one in [new("a1", "a", 1), new("a2", "a", 1)] {
        outbox.put(Moment(0), one);
    }
    save(&mut outbox);
    let sent = submit(&mut outbox, 0);
    assert!(!outbox.drop_message(Moment(0), &id("a1"), "asha"), "it is on its way");
    outbox.answered(Moment(0), sent[0].ticket, Answer::NotNow { reason: "busy".to_owned() });
    save(&mut outbox);
    assert!(outbox.retry_now(Moment(1), &id("a1")));
    let sent = submit(&mut outbox, 1);
    outbox.answered(Moment(1), sent[0].ticket, Answer::Never { reason: "wrong".to_owned() });
    save(&mut outbox);
    assert!(outbox.drop_message(Moment(2), &id("a2"), "asha"));
    assert_eq!(outbox.waiting(), 0);
    assert!(outbox.retry_now(Moment(3), &id("a1")) && outbox.retry_now(Moment(3), &id("a2")));
    save(&mut outbox);
    check(&submit(&mut outbox, 3), &expect!["0 a1 1/1"]);
    assert!(!outbox.retry_now(Moment(3), &id("a9")) && !outbox.drop_message(Moment(3), &id("a9"), "asha"));
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let refused = |change: fn(&mut Settings)| {
        let mut settings = settings();
        change(&mut settings);
        Outbox::new(settings, Moment(0)).unwrap_err().to_string()
    };
    let all = [
        refused(|one| one.gateways.clear()),
        refused(|one| one.window = 0),
        refused(|one| one.retry_most = 1),
        refused(|one| one.remember = -1),
    ];
    expect![[r#"
        `gateways` must be more than nothing
        `window` must be more than nothing
        `retry_most` must be at least `retry_after`
        `remember` must be nothing or more"#]]
    .assert_eq(&all.join("\n"));
}
