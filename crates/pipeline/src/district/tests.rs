//! A district whose lanes say nothing any more.

use super::*;
use grid::{Role, TopologyRow};
use reading::time::{HOUR, MINUTE};
use reading::{Interval, MeterId, Quality, Sums, TransformerId};
use units::WattHours;

fn plan() -> Plan {
    Plan::read(include_str!("../../../../pipelines/demo.toml")).unwrap().of_a_part()
}

fn topology() -> Arc<Topology> {
    let row = |name: &str| TopologyRow {
        transformer: TransformerId::new("T1").map(Arc::new),
        ..TopologyRow::new(MeterId::new(name).unwrap(), Role::Consumer)
    };
    Arc::new(Topology::new(["A", "B", "C"].map(row).to_vec()).unwrap())
}

const NOON: EventTime = EventTime(473_352 * HOUR);

/// The outages that are published when the clock is so many minutes after the interval that ends at noon.
fn noticed(district: &mut District, minutes: i64) -> Vec<String> {
    let mut out = Outputs::default();
    district.notice(NOON.plus(minutes * MINUTE), &mut out);
    out.supply.outages.iter().map(supply::Change::key).collect()
}

#[test]
fn a_district_notices_silence_only_when_every_lane_is_idle() {
    let (plan, topology) = (plan(), topology());
    let mut district = District::new(&plan, Arc::clone(&topology), 1).unwrap();
    for name in ["A", "B", "C"] {
        let row = Interval {
            meter: MeterId::new(name).unwrap(),
            start: NOON.minus(15 * MINUTE),
            end: NOON,
            imp: Some(WattHours(100)),
            exp: None,
            sums: Sums { readings: 1, ..Sums::EMPTY },
            quality: Quality::MEASURED,
            instead: None,
        };
        district.take(Passed::Row { lane: 0, tick: NOON, last: false, row }, &mut Outputs::default());
    }
    let closed = Passed::Closed { lane: 0, closed: NOON, ticks: vec![NOON], newest_ms: 0 };
    district.take(closed, &mut Outputs::default());
    assert_eq!(noticed(&mut district, 600), [""; 0], "the lane may be far behind");
    district.take(Passed::Idle { lane: 0, idle: true }, &mut Outputs::default());
    // Two hours of silence, a quarter of an hour of grace, and another quarter for messages to arrive.
    assert_eq!(noticed(&mut district, 149), [""; 0]);
    let (mut again, lost) = District::restore(&plan, Arc::clone(&topology), 1, &district.store()).unwrap();
    assert_eq!(lost, []);
    let expected = [format!("transformer/T1/{NOON}")];
    assert_eq!(noticed(&mut district, 150), expected);
    assert_eq!(noticed(&mut district, 300), [""; 0]);
    // An instance that takes over from an earlier state publishes the same outage under the same key.
    assert_eq!(noticed(&mut again, 200), expected);
    let supply = again.town().supply().unwrap();
    assert_eq!((supply.open(), supply.silent()), (1, 3));
}
