use super::*;
use crate::tests::notice;
use deliver::{Beside, Store};
use notify::desk::{Phase, Receiver, Route, Whom};
use notify::words::{Language, Templates};
use notify::{Channel, DeskRules};
use reading::{Calendar, EventTime};

fn desk() -> Desk {
    let receiver = Receiver {
        name: "control".to_owned(),
        channel: Channel::Webhook,
        whom: Whom::One(Channel::Webhook.address("control").unwrap()),
        language: Language::ENGLISH,
        per_hour: 1,
        per_day: 1,
        parts: 1,
        quiet: None,
    };
    let route = Route {
        name: "all".to_owned(),
        to: vec!["control".to_owned()],
        kinds: vec![],
        severity: cases::Severity::Info,
        areas: Default::default(),
        feeders: Default::default(),
        classes: Default::default(),
        hours: None,
        language: None,
        group_by: None,
        wait: 60_000,
        interval: 0,
        repeat: None,
        again_after: 0,
        clear: false,
        escalate: None,
    };
    let rules = DeskRules::new(vec![receiver], vec![route], vec![], Templates::default()).unwrap();
    Desk::new(rules, &grid::Topology::default()).unwrap()
}

fn begin(desk: &mut Desk, episode: &str, time: i64) {
    let calendar = Calendar::new(jiff::tz::TimeZone::UTC, [].into());
    desk.route(EventTime(time), &[notice(episode, Phase::Began, time)], &calendar, &mut Vec::new());
}

fn save(store: &mut Store, desk: &mut Desk) {
    let beside = Beside { kept: Some(changed(desk)), ..Beside::default() };
    store.save_with(&[], &[], &beside).unwrap();
}

fn read(store: &Store) -> Desk {
    let mut desk = desk();
    restore(&mut desk, store.kept(NAME).unwrap()).unwrap();
    desk
}

#[test]
fn a_desk_goes_on_from_its_rows_in_the_store() {
    let mut store = Store::in_memory().unwrap();
    let mut desk = read(&store);
    for (time, episode) in (0..).zip(["a", "b", "c"]) {
        begin(&mut desk, episode, time);
        save(&mut store, &mut desk);
        assert_eq!(read(&store), desk);
    }
    assert_eq!(desk.waiting().grouped, 3);
    assert_eq!(changed(&mut desk).rows.len(), 1, "nothing but the figures changed");
}

#[test]
fn a_desk_that_was_stored_as_one_value_goes_on_as_rows() {
    let mut before = desk();
    begin(&mut before, "a", 0);
    let whole = postcard::to_allocvec(&before.snapshot()).unwrap();
    let mut desk = desk();
    restore(&mut desk, Some(Kept { version: 1, whole, rows: vec![] })).unwrap();
    assert_eq!(desk, before);
    let mut store = Store::in_memory().unwrap();
    save(&mut store, &mut desk);
    assert_eq!(read(&store), before);
}

#[test]
fn another_form_and_rows_that_are_damaged_are_refused() {
    let kept = |version, rows| Some(Kept { version, whole: vec![], rows });
    let refused = |kept| restore(&mut desk(), kept).unwrap_err();
    assert!(matches!(refused(kept(FORM + 1, vec![])), OfficeError::Form { known: FORM, .. }));
    assert!(matches!(refused(kept(FORM, vec![(vec![99], vec![])])), OfficeError::Damaged(_)));
    assert!(matches!(refused(kept(Desk::STATE_VERSION, vec![])), OfficeError::Damaged(_)));
}
