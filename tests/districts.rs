//! A model of instances that share a town: lanes feed districts through a log, and instances die and lose what they
//! have not stored. In the end they must have published the same as one undisturbed town, for every key.

use crate::lanes::{BURSTS, LOG, Log, PARTITIONS, undisturbed, write_down};
use grid::Joined;
use pipeline::{Closing, District, Lane, Outputs, PartitionId, Passed};
use proptest::prelude::*;
use reading::EventTime;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

const DISTRICTS: usize = 4;

/// The logs under a plan for shared towns, which has no feeders.
static OF_A_PART: LazyLock<Log> = LazyLock::new(|| of_a_part(&LOG));
static BURSTS_OF_A_PART: LazyLock<Log> = LazyLock::new(|| of_a_part(&BURSTS));

fn of_a_part(log: &Log) -> Log {
    let plan = log.plan.clone().of_a_part();
    let (topology, partitions) = (log.topology.clone(), log.partitions.clone());
    let log = Log { plan, topology, partitions, undisturbed: BTreeMap::new() };
    Log { undisturbed: undisturbed(&log), ..log }
}

/// An event in a run.
#[derive(Debug, Clone)]
enum Event {
    /// Some messages of a partition come.
    Read(usize, usize),
    /// Some messages of the log between the stages come to a district.
    Deliver(usize, usize),
    /// A lane, or a district, is stored.
    Store(bool, usize),
    /// It moves to another instance, which continues from the stored state.
    Lose(bool, usize),
    /// All lanes come to an end, and then go on.
    End,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        8 => (0..PARTITIONS, 1..3000_usize).prop_map(|(lane, count)| Event::Read(lane, count)),
        8 => (0..DISTRICTS, 1..3000_usize).prop_map(|(district, count)| Event::Deliver(district, count)),
        3 => (any::<bool>(), 0..PARTITIONS).prop_map(|(is_lane, which)| Event::Store(is_lane, which)),
        3 => (any::<bool>(), 0..PARTITIONS).prop_map(|(is_lane, which)| Event::Lose(is_lane, which)),
        1 => Just(Event::End),
    ]
}

/// A state with its position in the log, and the stored state with its position.
struct Placed<T> {
    state: T,
    position: usize,
    stored: Option<(usize, Vec<u8>)>,
}

struct Town<'a> {
    log: &'a Log,
    lanes: Vec<Placed<Lane>>,
    districts: Vec<Placed<District>>,
    /// The log between the stages.
    messages: Vec<Vec<Vec<u8>>>,
    published: BTreeMap<String, String>,
}

impl<'a> Town<'a> {
    fn new(log: &'a Log) -> Self {
        let lane = |id| Placed { state: Self::lane(log, id, None), position: 0, stored: None };
        let district = |_| Placed { state: Self::district(log, None), position: 0, stored: None };
        Self {
            log,
            lanes: (0..PARTITIONS).map(lane).collect(),
            districts: (0..DISTRICTS).map(district).collect(),
            messages: vec![Vec::new(); DISTRICTS],
            published: BTreeMap::new(),
        }
    }

    fn lane(log: &Log, id: usize, stored: Option<&Vec<u8>>) -> Lane {
        if let Some(bytes) = stored {
            let (lane, lost) = Lane::restore(&log.plan, &log.topology, &[bytes]).unwrap();
            assert_eq!(lost, []);
            return lane;
        }
        let mut lane = Lane::new(&log.plan, &log.topology);
        lane.open(id as PartitionId, None);
        lane
    }

    fn district(log: &Log, stored: Option<&Vec<u8>>) -> District {
        let (topology, lanes) = (Arc::new(log.topology.clone()), PARTITIONS as PartitionId);
        match stored {
            Some(bytes) => {
                let (district, lost) = District::restore(&log.plan, topology, lanes, bytes).unwrap();
                assert_eq!(lost, []);
                district
            }
            None => District::new(&log.plan, topology, lanes).unwrap(),
        }
    }

    fn apply(&mut self, event: &Event) {
        match *event {
            Event::Read(lane, count) => self.read(lane, count),
            Event::Deliver(district, count) => self.deliver(district, count),
            Event::Store(true, lane) => {
                let placed = &mut self.lanes[lane];
                placed.stored = Some((placed.position, placed.state.store()));
            }
            Event::Store(false, district) => {
                let placed = &mut self.districts[district];
                placed.stored = Some((placed.position, placed.state.store()));
            }
            Event::Lose(true, lane) => {
                let placed = &mut self.lanes[lane];
                let stored = placed.stored.as_ref();
                placed.position = stored.map_or(0, |(position, _)| *position);
                placed.state = Self::lane(self.log, lane, stored.map(|(_, bytes)| bytes));
            }
            Event::Lose(false, district) => {
                let placed = &mut self.districts[district];
                let stored = placed.stored.as_ref();
                placed.position = stored.map_or(0, |(position, _)| *position);
                placed.state = Self::district(self.log, stored.map(|(_, bytes)| bytes));
            }
            Event::End => self.end(),
        }
    }

    fn read(&mut self, lane: usize, count: usize) {
        let placed = &mut self.lanes[lane];
        let batch = self.log.read(lane, &mut placed.position, count);
        let mut out = Outputs::default();
        placed.state.take(lane as PartitionId, &batch, 0, &mut out);
        let closed = placed.state.sequencer().closed();
        if !out.closings.is_empty() {
            self.pass(lane, Some(closed), &out);
        }
    }

    /// Passes closed rows to the district of their transformer, and the end of their ticks to all districts.
    fn pass(&mut self, lane: usize, closed: Option<EventTime>, out: &Outputs) {
        let lane = lane as PartitionId;
        let mut first = 0;
        for &(closing, upto) in &out.closings {
            for Joined { interval, row, .. } in self.log.topology.join(&out.intervals[first..upto]) {
                let name = row.and_then(|row| row.transformer.as_ref()).map(ToString::to_string);
                let name = name.unwrap_or_else(|| interval.meter.to_string());
                let district = reading::id::hash(name.as_bytes()) as usize % DISTRICTS;
                let row = *interval;
                let passed = match closing {
                    Closing::Tick(tick) => Passed::Row { lane, tick, last: closed.is_none(), row },
                    Closing::Part(part) => Passed::PartRow { lane, part, row },
                    Closing::End => continue,
                };
                self.messages[district].push(encoded(&passed));
            }
            first = upto;
            if let Closing::Part(part) = closing {
                let whole = encoded(&Passed::Part { lane, part });
                self.messages.iter_mut().for_each(|messages| messages.push(whole.clone()));
            }
        }
        for &(tick, report) in &out.reports {
            let place = self.log.topology.at(&report.meter(), report.time());
            let name = place.and_then(|place| place.transformer.as_ref()).map(ToString::to_string);
            let name = name.unwrap_or_else(|| report.meter().to_string());
            let district = reading::id::hash(name.as_bytes()) as usize % DISTRICTS;
            self.messages[district].push(encoded(&Passed::Report {
                lane,
                tick,
                last: closed.is_none(),
                report,
            }));
        }
        let ticks = out.closings.iter().filter_map(|(closing, _)| closing.tick()).collect();
        let passed = match closed {
            Some(closed) => Passed::Closed { lane, closed, ticks, newest_ms: 0 },
            None => Passed::Ended { lane, ticks },
        };
        self.messages.iter_mut().for_each(|messages| messages.push(encoded(&passed)));
    }

    fn deliver(&mut self, district: usize, count: usize) {
        let placed = &mut self.districts[district];
        let messages = &self.messages[district][placed.position..];
        let messages = &messages[..count.min(messages.len())];
        placed.position += messages.len();
        let mut out = Outputs::default();
        messages.iter().for_each(|message| placed.state.take(Passed::decode(message).unwrap(), &mut out));
        write_down(&out, &mut self.published);
    }

    fn end(&mut self) {
        for lane in 0..PARTITIONS {
            let mut out = Outputs::default();
            let placed = &mut self.lanes[lane];
            let before = placed.state.store();
            placed.state.end(lane as PartitionId, &mut out);
            placed.state.finish(&mut out);
            out.reports_of_last_tick();
            placed.state = Self::lane(self.log, lane, Some(&before));
            self.pass(lane, None, &out);
        }
    }

    fn publish_all(mut self) -> BTreeMap<String, String> {
        (0..PARTITIONS).for_each(|lane| self.read(lane, usize::MAX));
        self.end();
        (0..DISTRICTS).for_each(|district| self.deliver(district, usize::MAX));
        assert!(self.districts.iter().all(|district| district.state.ended()));
        self.published
    }
}

fn encoded(passed: &Passed) -> Vec<u8> {
    let mut bytes = Vec::new();
    passed.encode(&mut bytes);
    bytes
}

/// Whether a district can publish this result. It cannot publish results of the whole town, and SMS are left out
/// because their limit in an hour is counted by instance.
fn is_of_a_district(key: &str) -> bool {
    ["outages ", "balances ", "forecasts transformer/", "suspicions ", "cases ", "alerts "]
        .iter()
        .any(|kind| key.starts_with(kind))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn districts_publish_the_same_as_one_town(
        events in prop::collection::vec(event(), 0..60),
        in_bursts in any::<bool>(),
    ) {
        let log = if in_bursts { &*BURSTS_OF_A_PART } else { &*OF_A_PART };
        let mut town = Town::new(log);
        events.iter().for_each(|event| town.apply(event));
        let published = town.publish_all();
        let expected = log.undisturbed.iter().filter(|(key, _)| is_of_a_district(key));
        let differs = expected.into_iter().find(|(key, value)| published.get(*key) != Some(*value));
        prop_assert_eq!(differs.map(|(key, value)| (key, value, published.get(key))), None);
        // An end in between publishes results, too, and some of them would not exist without it.
        let ended = events.iter().any(|event| matches!(event, Event::End));
        let more = published.keys().find(|key| !ended && is_of_a_district(key) && !log.undisturbed.contains_key(*key));
        prop_assert_eq!(more, None);
        prop_assert!(!published.keys().any(|key| key.starts_with("forecasts system")));
    }
}
