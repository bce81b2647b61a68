//! A lane as bytes.

use super::*;
use reading::time::{HOUR, MINUTE};
use reading::{MeterId, RawReading, check};
use units::WattHours;

fn plan() -> Plan {
    Plan::read(include_str!("../../../../pipelines/j1.toml")).unwrap()
}

/// A lane that has heard of each meter at each of these minutes.
fn lane(plan: &Plan, meters: u32, minutes: &[i64]) -> Lane {
    let mut lane = Lane::new(plan, &Topology::new(Vec::new()).unwrap());
    lane.open(0, None);
    minutes.iter().for_each(|&minute| hear(plan, &mut lane, meters, minute));
    lane
}

fn hear(plan: &Plan, lane: &mut Lane, meters: u32, minute: i64) {
    let mut batch = Batch::default();
    for meter in 0..meters {
        let name = MeterId::new(format!("M{meter}")).unwrap();
        let mut raw = RawReading::new(name, EventTime(473_000 * HOUR + minute * MINUTE));
        raw.imp = Some(WattHours(1000 * i64::from(meter) + minute));
        raw.exp = (meter % 3 == 0).then_some(WattHours(minute));
        batch.push(&name, check(&raw, &plan.limits).unwrap());
    }
    let came = lane.take(0, &batch, 0, &mut Outputs::default());
    assert_eq!(came, batch.len());
}

#[test]
fn what_is_written_from_memory_is_the_plain_state() {
    let plan = plan();
    for minutes in [&[][..], &[15], &[15, 30, 60, 75, 61]] {
        let lane = lane(&plan, 50, minutes);
        let bytes = postcard::to_stdvec(&lane.fleet.stored()).unwrap();
        assert_eq!(bytes, postcard::to_stdvec(&lane.fleet.snapshot()).unwrap(), "{minutes:?}");
    }
}

#[test]
fn changes_of_more_meters_than_there_are_call_for_the_whole_state() {
    let plan = plan();
    let mut lane = lane(&plan, 12_000, &[15]);
    assert!(!lane.is_mostly_changed(), "changes of all are as much as the whole state");
    let first = lane.store();
    assert!(!lane.is_mostly_changed());
    hear(&plan, &mut lane, 12_000, 30);
    let second = lane.store_changes();
    hear(&plan, &mut lane, 1, 45);
    assert!(lane.is_mostly_changed());
    let topology = Topology::default();
    let (mut restored, lost) = Lane::restore(&plan, &topology, &[first, second]).unwrap();
    assert_eq!(lost, []);
    hear(&plan, &mut restored, 1, 45);
    assert!(restored.is_mostly_changed(), "another restore reads all changes once more");
    restored.store();
    assert!(!restored.is_mostly_changed());
}

#[test]
fn few_meters_change_as_often_as_they_like() {
    let plan = plan();
    let mut lane = lane(&plan, 10, &[15]);
    for minute in 16..40 {
        lane.store_changes();
        hear(&plan, &mut lane, 10, minute);
        assert!(!lane.is_mostly_changed());
    }
}
