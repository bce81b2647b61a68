use super::*;
use crate::Encoder;
use crate::outputs::Notices;

fn outage() -> Notice {
    Notice {
        id: "outage.feeder.F1.20240105T143000Z.began".to_owned(),
        episode: "outage.feeder/F1/2024-01-05T14:30:00Z".to_owned(),
        kind: Kind::Outage,
        phase: Phase::Began,
        severity: Severity::High,
        time: EventTime(1_704_465_000_000),
        scope: Scope::Feeder(FeederId::new("F1").unwrap()),
        place: Place {
            feeder: FeederId::new("F1"), area: AreaId::new("पुणे \"1\""), ..Place::default()
        },
        case: None,
        seen: None,
        brief: "37 consumers".to_owned(),
        words: vec![
            ("consumers".to_owned(), Word::Text("37".to_owned())),
            ("since".to_owned(), Word::Time(EventTime(1_704_465_000_250))),
        ],
    }
}

fn suspicion() -> Notice {
    let meter = MeterId::new("M000042").unwrap();
    Notice {
        case: CaseId::try_from("phase-neutral.M000042.20240105T1430Z".to_owned()).ok(),
        seen: Some(Seen { detector: Detector::ALL[0], main: 0.1 + 0.2 }),
        kind: Kind::Suspicion,
        scope: Scope::Meter(meter),
        place: Place {
            meter: Some(meter),
            transformer: TransformerId::new("T1"),
            class: Some("domestic".to_owned()),
            phone: Some("+000300000001".to_owned()),
            ..Place::default()
        },
        ..outage()
    }
}

#[test]
fn a_notice_that_was_written_is_read_as_it_was() {
    for phase in Phase::ALL {
        for notice in [outage(), suspicion()] {
            let notice = Notice { phase, ..notice };
            let mut encoder = Encoder::default();
            assert_eq!(read_notice(encoder.line(&Notices, &notice)), Ok(notice));
        }
    }
}

#[test]
fn a_line_that_is_no_notice_is_refused_with_the_column_that_is_wrong() {
    let mut encoder = Encoder::default();
    let line = String::from_utf8(encoder.line(&Notices, &suspicion()).to_vec()).unwrap();
    let wrong = |from: &str, to: &str| {
        assert!(line.contains(from), "{line} has {from}");
        read_notice(line.replacen(from, to, 1).as_bytes()).unwrap_err().to_string()
    };
    assert_eq!(wrong("\"kind\":\"suspicion\"", "\"kind\":\"theft\""), "its `kind` is missing or wrong");
    assert_eq!(wrong("\"role\":\"meter\"", "\"role\":\"house\""), "its `role` is missing or wrong");
    assert_eq!(wrong("\"phase\"", "\"face\""), "its `phase` is missing or wrong");
    assert_eq!(wrong("\"transformer\":\"T1\"", "\"transformer\":7"), "its `transformer` is missing or wrong");
    assert_eq!(wrong("\"value\":", "\"number\":"), "its `seen` is missing or wrong");
    assert!(read_notice(b"{\"id\":").unwrap_err().to_string().starts_with("it is no JSON object: "));
}
