use super::*;
use crate::log::Environment;
use reading::time::HOUR;
use reading::{EventTime, MeterId, Quality, Reason, Sums};
use supply::{Cause, Change, Outage, Target};

/// The messages that the plan for metering infrastructure (ami.toml) sends, as keys and lengths of values.
fn sent(
    intervals: &str,
    send: impl FnOnce(&mut Rows<'_>, &mut Vec<(String, usize)>),
) -> Vec<(String, usize)> {
    let text = include_str!("../../../../../pipelines/ami.toml").replacen(
        "intervals = \"json\"",
        &format!("intervals = \"{intervals}\""),
        1,
    );
    let plan = Plan::read(&text).unwrap();
    let kafka =
        KafkaPlan::if_any(&text, "plan.toml".as_ref(), None, &Environment::default()).unwrap().unwrap();
    let mut all = Vec::new();
    send(&mut Rows::new(&plan, &kafka), &mut all);
    all
}

fn note(all: &mut Vec<(String, usize)>, record: &Record<'_>) -> Result<(), Ended> {
    all.push((String::from_utf8_lossy(record.key).into_owned(), record.value.unwrap_or_default().len()));
    Ok(())
}

#[test]
fn a_letter_that_a_broker_would_refuse_is_cut() {
    let dead = |bytes| Dead {
        partition: 3,
        reason: Reason::TooLong,
        bytes,
        reading: None,
        extra: None,
        origin: None,
    };
    let lengths = [10, 2_000_000].map(|length| {
        let all =
            sent("json", |rows, all| rows.dead(&dead(vec![b'x'; length]), |one| note(all, one)).unwrap());
        all[0].1
    });
    assert_eq!(lengths, [10, LONGEST_LETTER]);
}

#[test]
fn a_batch_of_very_many_rows_is_split_into_parts_that_a_broker_accepts() {
    let end = EventTime(HOUR);
    let row = |meter: usize| Interval {
        meter: MeterId::new(format!("a-name-of-exactly-32-letters-{meter:04}").get(..32).unwrap()).unwrap(),
        start: EventTime(0),
        end,
        imp: None,
        exp: None,
        sums: Sums::EMPTY,
        quality: Quality::MEASURED,
        instead: None,
    };
    let rows: Vec<Interval> = (0..2 * BATCH_ROWS + 1).map(row).collect();
    let all = sent("arrow", |encoder, all| {
        let ticks = [(Closing::Tick(end), rows.len())];
        encoder.intervals(7, &Topology::default(), &ticks, &rows, |one| note(all, one)).unwrap();
    });
    let keys: Vec<&str> = all.iter().map(|(key, _)| key.as_str()).collect();
    let tick = "-/1970-01-01T01:00:00Z/7";
    assert_eq!(keys, [tick, &format!("{tick}/1"), &format!("{tick}/2")]);
    assert!(all.iter().all(|(_, length)| *length < 1_000_000), "{all:?}");
}

fn last_gasp() -> Outage {
    Outage {
        target: Target::Consumer(MeterId::new("M1").unwrap()),
        area: None,
        start: EventTime(0),
        end: None,
        cause: Cause::LastGasp,
        kind: None,
        consumers: 1,
        customer_ms: 0,
    }
}

#[test]
fn an_outage_is_published_under_its_key_and_withdrawn_without_a_value() {
    let outage = last_gasp();
    let mut out = Outputs::default();
    out.supply.outages = vec![Change::Updated(outage), Change::Withdrawn(outage.target, outage.start)];
    let all = sent("json", |rows, all| rows.outputs(&out, None, |one| note(all, one)).unwrap());
    let key = "consumer/M1/1970-01-01T00:00:00Z";
    assert_eq!(all.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), [key, key]);
    assert!(all[0].1 > 0 && all[1].1 == 0, "{all:?}");
}

#[test]
fn what_people_wait_for_goes_first_and_with_the_trace_of_what_settled_it() {
    let kafka = r#"
        [kafka]
        brokers = "127.0.0.1:1"
        group = "g"
        readings = "readings"
        format = "json"
        idle_after = "10 s"
        notices = "notices"
        outages = "outages"
        [output]
        intervals = "json"
        transactional = false
        [grid]
        exchange = "memory"
        [checkpoints]
        every = "10 s"
        full_after = 16
    "#;
    let text = format!("{}{kafka}", include_str!("../../../../../pipelines/routes.toml"));
    let plan = Plan::read(&text).unwrap();
    let kafka =
        KafkaPlan::if_any(&text, "plan.toml".as_ref(), None, &Environment::default()).unwrap().unwrap();
    let notice = br#"{"id": "n", "episode": "n", "kind": "outage", "phase": "began", "severity": "low",
        "time": "2024-01-05T10:45:00Z", "role": "meter", "target": "M1", "meter": "M1", "transformer": null,
        "feeder": null, "area": null, "class": null, "phone": null, "case": null, "brief": "", "seen": null, "words": []}"#;
    let mut out = Outputs::default();
    out.supply.outages = vec![Change::Updated(last_gasp())];
    out.notices = vec![columns::read_notice(notice).unwrap()];
    let trace = Trace::of("readings", 0, 7);
    let all = |trace: Option<Trace>| {
        let mut all = Vec::new();
        let send = |record: &Record<'_>| {
            let header = record.header.map(|(key, value)| (key, String::from_utf8_lossy(value).into_owned()));
            all.push((record.topic.to_owned(), header));
            Ok(())
        };
        Rows::new(&plan, &kafka).outputs(&out, trace, send).unwrap();
        all
    };
    let topics = |header| [("notices".to_owned(), header), ("outages".to_owned(), None)];
    assert_eq!(all(Some(trace)), topics(Some(("traceparent", trace.header()))));
    assert_eq!(all(None), topics(None));
}
