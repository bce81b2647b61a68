use crate::{Outage, Settings, Town};
use reading::time::{HOUR, MINUTE};
use reading::{EventCode, EventTime, MeterId, RawReading};
use std::collections::BTreeMap;

fn settings() -> Settings {
    let start = EventTime(1_704_067_200_000);
    Settings { outages: 6, ..Settings::usual(300, 3, 7, start) }.honest()
}

fn is_event(raw: &RawReading, code: EventCode) -> bool {
    raw.events == [code]
}

#[test]
fn a_meter_without_supply_says_nothing_but_its_last_gasp() {
    let town = Town::new(settings()).unwrap();
    let topology = town.topology();
    let outages = town.outages();
    assert_eq!(outages.len(), 6);
    let mut previous = EventTime::MIN;
    let mut said = vec![[0_usize; 2]; outages.len()];
    for message in town.messages() {
        assert!(message.arrival >= previous, "in the order of arrival");
        previous = message.arrival;
        let raw = &message.raw;
        let place = topology.iter().find(|row| row.meter == raw.meter).unwrap();
        let is_of = |outage: &Outage| match outage.role {
            "feeder" => place.feeder.as_str() == outage.target,
            "transformer" => place.transformer.is_some_and(|id| id.as_str() == outage.target),
            _ => place.meter.as_str() == outage.target,
        };
        for (outage, said) in outages.iter().zip(&mut said).filter(|(outage, _)| is_of(outage)) {
            if is_event(raw, EventCode::POWER_FAILURE) && raw.time == outage.from {
                said[0] += 1;
            } else if is_event(raw, EventCode::POWER_FAILURE_RESTORED) && raw.time == outage.to {
                said[1] += 1;
            } else {
                assert!(raw.time <= outage.from || raw.time > outage.to, "{outage:?} {raw:?}");
            }
        }
    }
    let truth: Vec<[usize; 2]> = outages.iter().map(|outage| [outage.gasps, outage.returns]).collect();
    assert_eq!(said, truth);
    assert!(truth.iter().any(|[gasps, returns]| *gasps > 10 && gasps < returns), "{truth:?}");
}

#[test]
fn nothing_is_counted_without_supply() {
    let town = Town::new(settings()).unwrap();
    let long = |outage: &&Outage| outage.role == "transformer" && outage.to.since(outage.from) > HOUR;
    let outages = town.outages();
    let outage = outages.iter().find(long).unwrap();
    let topology = town.topology();
    let of = |meter: MeterId| topology.iter().find(|row| row.meter == meter).and_then(|row| row.transformer);
    // The last register before, and the first after it.
    let mut edges = BTreeMap::<MeterId, [Option<i64>; 2]>::new();
    let others = Town::new(Settings { outages: 0, ..settings() }).unwrap();
    let mut without = BTreeMap::<MeterId, [Option<i64>; 2]>::new();
    for (town, edges) in [(&town, &mut edges), (&others, &mut without)] {
        for message in town.messages().filter(|message| !message.raw.meter.as_str().starts_with(['T', 'F'])) {
            let raw = message.raw;
            let Some(imp) = raw.imp.filter(|_| of(raw.meter).is_some_and(|id| id.as_str() == outage.target))
            else {
                continue;
            };
            let [before, after] = edges.entry(raw.meter).or_default();
            if raw.time <= outage.from {
                *before = Some(imp.0);
            } else if raw.time > outage.to && after.is_none() {
                *after = Some(imp.0);
            }
        }
    }
    let used = |edges: &BTreeMap<MeterId, [Option<i64>; 2]>| -> i64 {
        edges.values().map(|[before, after]| after.unwrap() - before.unwrap()).sum()
    };
    let (with, without) = (used(&edges), used(&without));
    // What is left are the edges: less than half an hour of it.
    let lasted = outage.to.since(outage.from);
    assert!(with > 0 && with * lasted < without * 40 * MINUTE, "{with} Wh and {without} Wh in {lasted} ms");
}

#[test]
fn more_outages_than_have_room_are_refused() {
    assert!(Town::new(Settings { outages: 7, ..settings() }).is_err());
}
