//! The board, what is left of a long past, and that the document of the API is whole.

use crate::Directory;
use crate::board::{Board, Columns, MOST};
use crate::office::forget_over;
use grid::{Role, TopologyRow};
use notify::desk::{Kind, Phase, Place, Scope};
use notify::desk::{Receiver, Whom};
use notify::words::{Language, Templates};
use notify::{Channel, Desk, DeskRules, Notice};
use reading::{AreaId, Calendar, EventTime, MeterId};
use serde_json::{Value, json};
use std::sync::Arc;

fn columns(value: Value) -> Columns {
    value.as_object().unwrap().clone()
}

fn case(id: &str, updated: &str) -> Columns {
    columns(json!({ "id": id, "updated": updated, "area": "A01" }))
}

fn ids<'a>(rows: impl Iterator<Item = &'a crate::board::Row>) -> Vec<&'a str> {
    rows.map(|row| row.id.as_str()).collect()
}

#[test]
fn a_case_stands_once_where_it_is_now_and_pages_go_on_behind_it() {
    let mut board = Board::default();
    board.case(case("a", "2024-01-01T00:00:00Z"));
    board.case(case("b", "2024-01-02T00:00:00Z"));
    board.case(case("c", "2024-01-02T00:00:00Z"));
    board.case(case("a", "2024-01-03T00:00:00Z"));
    assert_eq!(ids(board.cases.newest(None).unwrap()), ["a", "c", "b"]);
    assert_eq!(ids(board.cases.newest(Some("a")).unwrap()), ["c", "b"]);
    assert_eq!(ids(board.cases.newest(Some("b")).unwrap()), [""; 0]);
    assert!(board.cases.newest(Some("d")).is_none());
    board.case(columns(json!({ "id": "no-time" })));
    assert_eq!((board.cases.len(), board.unreadable), (3, 1));
}

#[test]
fn of_the_strongest_run_only_the_latest_facts_count() {
    let mut board = Board::default();
    let fact = |run: &str, fact: &str, until: &str| {
        columns(json!({ "case": "a", "run": run, "detector": "d", "fact": fact, "until": until }))
    };
    board.fact(fact("opening", "apart", "2024-01-01T00:00:00Z"));
    board.fact(fact("strongest", "apart", "2024-01-01T00:00:00Z"));
    board.fact(fact("strongest", "blocks", "2024-01-01T00:00:00Z"));
    board.fact(fact("strongest", "apart", "2024-01-02T00:00:00Z"));
    let shown: Vec<String> =
        board.facts("a").into_iter().map(|one| format!("{} {}", one["run"], one["fact"])).collect();
    assert_eq!(shown, ["\"opening\" \"apart\"", "\"strongest\" \"apart\""]);
}

#[test]
fn every_operation_of_the_document_needs_a_token_and_says_how_it_refuses() {
    let document: Value = serde_json::from_str(&crate::openapi()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["security"], json!([{ "token": [] }]));
    let mut operations = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let responses = operation["responses"].as_object().unwrap();
            for status in ["400", "401", "403", "404", "408", "429"] {
                let problem = &responses[status]["content"]["application/problem+json"];
                assert!(problem.is_object(), "{method} {path} says nothing of {status}");
            }
            assert!(operation.get("security").is_none(), "{method} {path} has a rule of its own");
            operations += 1;
        }
    }
    assert!(operations > 20, "{operations}");
}

pub(crate) fn notice(episode: &str, phase: Phase, time: i64) -> Notice {
    Notice {
        id: format!("{episode}.{}", phase.name()),
        episode: episode.to_owned(),
        kind: Kind::Outage,
        phase,
        severity: cases::Severity::Low,
        time: EventTime(time),
        scope: Scope::Meter(MeterId::new("M1").unwrap()),
        place: Place::default(),
        case: None,
        seen: None,
        brief: String::new(),
        words: Vec::new(),
    }
}

#[test]
fn of_a_long_past_only_what_goes_on_is_kept() {
    let rules = DeskRules::new(vec![], vec![], vec![], Templates::default()).unwrap();
    let mut desk = Desk::new(rules, &grid::Topology::default()).unwrap();
    let calendar = Calendar::new(jiff::tz::TimeZone::UTC, [].into());
    // The desk knows of `old`, so it has to hear of its end.
    desk.route(EventTime(0), &[notice("old", Phase::Began, 0)], &calendar, &mut Vec::new());
    let mut came = vec![
        notice("a", Phase::Ended, 0),
        notice("a", Phase::Began, 0),
        notice("b", Phase::Began, 0),
        notice("b", Phase::Withdrawn, 0),
        notice("c", Phase::Began, 0),
        notice("d", Phase::Once, 0),
        notice("old", Phase::Ended, 0),
    ];
    forget_over(&mut came, &desk);
    let left: Vec<&str> = came.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(left, ["c.began", "d.once", "old.ended"]);
}

#[test]
fn an_end_that_came_before_its_beginning_counts() {
    let mut board = Board::default();
    let row = |phase: Phase| columns(json!({ "id": phase.name(), "time": "2024-01-01T00:00:00Z" }));
    assert!(board.notice(row(Phase::Ended), &notice("a", Phase::Ended, 0)));
    assert!(!board.notice(row(Phase::Began), &notice("a", Phase::Began, 0)));
    assert!(!board.goes_on("a"));
    assert!(board.notice(row(Phase::Began), &notice("b", Phase::Began, 0)));
    assert!(board.goes_on("b"));
}

#[test]
fn of_ends_the_oldest_are_forgotten_first() {
    let mut board = Board::default();
    let end = |board: &mut Board, name: &str, time: i64| {
        board.notice(
            columns(json!({ "id": name, "time": "2024-01-01T00:00:00Z" })),
            &notice(name, Phase::Ended, time),
        );
    };
    // The name that sorts first ended last.
    end(&mut board, "a", 10);
    end(&mut board, "z", 0);
    for number in 0..MOST - 1 {
        end(&mut board, &format!("m{number}"), 5);
    }
    let began = |board: &mut Board, name: &str| {
        let row = columns(json!({ "id": format!("{name}.began"), "time": "2024-01-01T00:00:00Z" }));
        board.notice(row, &notice(name, Phase::Began, 0))
    };
    assert!(!began(&mut board, "a"), "it ended");
    assert!(began(&mut board, "z"), "its end is forgotten");
}

/// A notice of a case at this meter in this area.
fn at(meter: &str, area: &str) -> (Columns, Notice) {
    let episode = format!("phase-neutral.{meter}.20240107T0845Z");
    let place = Place { area: AreaId::new(area), ..Place::default() };
    let scope = Scope::Meter(MeterId::new(meter).unwrap());
    let columns = columns(json!({ "id": episode, "time": "2024-01-07T08:45:00Z" }));
    (columns, Notice { place, scope, ..notice(&episode, Phase::Began, 0) })
}

#[test]
fn what_goes_on_is_called_by_its_name_its_meter_or_the_number_of_that() {
    let mut board = Board::default();
    for (meter, area) in [("M000087", "A01"), ("M000870", "A01"), ("N87", "A02"), ("M1", "A02")] {
        let (columns, notice) = at(meter, area);
        board.notice(columns, &notice);
    }
    let called = |what: &str, only: &str| {
        let found = board.called(what, |area| only.is_empty() || area == Some(only));
        found.iter().map(|(episode, _)| episode.split('.').nth(1).unwrap()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(called("m000087", ""), "M000087");
    assert_eq!(called("PHASE-NEUTRAL.M1.20240107T0845Z", ""), "M1");
    assert_eq!(called("87", ""), "M000087 N87");
    assert_eq!((called("87", "A01").as_str(), called("087", "A02").as_str()), ("M000087", "N87"));
    assert_eq!(
        (called("M", ""), called("", ""), called("7", "")),
        (String::new(), String::new(), String::new())
    );
    assert_eq!(called("M1", "A01"), "");
}

#[test]
fn of_the_use_of_a_meter_the_latest_billing_period_counts() {
    let mut board = Board::default();
    let row = |meter: &str, start: &str, zone: &str, wh: i64| {
        let end = "2024-03-01T00:00:00Z";
        columns(json!({ "meter": meter, "start": start, "end": end, "zone": zone, "energy_wh": wh }))
    };
    board.demand(&row("M1", "2024-02-01T00:00:00Z", "all", 2_000));
    board.demand(&row("M1", "2024-01-01T00:00:00Z", "all", 9_000));
    board.demand(&row("M1", "2024-02-01T00:00:00Z", "evening", 500));
    board.demand(&row("transformer/T1", "2024-02-01T00:00:00Z", "all", 7_000));
    board.demand(&row("M1", "2024-02-01T00:00:00Z", "all", 2_500));
    assert_eq!(board.use_of("M1").map(|(wh, ..)| wh), Some(2_500));
    assert_eq!(board.use_of("transformer/T1"), None);
}

#[test]
fn who_is_on_duty_is_no_consumer_and_a_number_is_known_in_any_form() {
    let row = |meter: &str, area: &str, phone: &str, reader: Option<&str>| TopologyRow {
        area: AreaId::new(area).map(Arc::new),
        phone: Some(phone.to_owned()),
        reader_phone: reader.map(str::to_owned),
        ..TopologyRow::new(MeterId::new(meter).unwrap(), Role::Consumer)
    };
    let rows = vec![
        row("M1", "A01", "+919800000001", Some("+919800000009")),
        row("M2", "A02", "+919800000001", Some("+919800000009")),
        row("M3", "A02", "+919800000003", None),
        row("M4", "A02", "+919800000009", None),
    ];
    let duty = Receiver {
        name: "duty".to_owned(),
        channel: Channel::Sms,
        whom: Whom::One(Channel::Sms.address("+919800000003").unwrap()),
        language: Language::new("hi").unwrap(),
        per_hour: 1,
        per_day: 1,
        parts: 1,
        quiet: None,
    };
    let rules = DeskRules::new(vec![duty], vec![], vec![], Templates::default()).unwrap();
    let directory = Directory::new(&rules, &grid::Topology::new(rows).unwrap());
    let of = |number: &str| match directory.find(number) {
        Some(person) => format!("{:?} {}", person.who, person.language),
        None => "nobody".to_owned(),
    };
    assert_eq!(of("919800000001"), "Consumer({\"M1\", \"M2\"}) en");
    assert_eq!(of("00919800000009"), "Reader({\"A01\", \"A02\"}) en");
    assert_eq!(of("+919800000003"), "Duty(\"duty\") hi");
    assert_eq!((of("9800000001"), of(""), of("GRIDWN")), ("nobody".into(), "nobody".into(), "nobody".into()));
}
