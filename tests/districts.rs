//! A town in districts that are fed through a log, by a model of instances that die and lose what they did not store:
//! what is told in the end, read by key, is what one town tells that nothing ever happened to.

use crate::lanes::{LOG, Log, PARTITIONS, undisturbed, write_down};
use grid::Joined;
use pipeline::{District, Lane, Outputs, PartitionId, Passed, Plan};
use proptest::prelude::*;
use reading::EventTime;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

const DISTRICTS: usize = 4;

static PLAN: LazyLock<Plan> = LazyLock::new(|| LOG.plan.clone().of_a_part());

/// What one town tells under a plan of parts, which knows no feeders.
static OF_A_PART: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let (topology, partitions) = (LOG.topology.clone(), LOG.partitions.clone());
    undisturbed(Log { plan: PLAN.clone(), topology, partitions, undisturbed: BTreeMap::new() })
});

/// What may happen.
#[derive(Debug, Clone)]
enum Happening {
    /// Some messages of a partition come.
    Read(usize, usize),
    /// Some words of the log between the stages come to a district.
    Hear(usize, usize),
    /// A lane, or a district, is stored.
    Store(bool, usize),
    /// Whoever has it now goes on from what was stored.
    Lose(bool, usize),
    /// Everybody is told to end, and goes on all the same.
    End,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        8 => (0..PARTITIONS, 1..3000_usize).prop_map(|(lane, count)| Happening::Read(lane, count)),
        8 => (0..DISTRICTS, 1..3000_usize).prop_map(|(district, count)| Happening::Hear(district, count)),
        3 => (any::<bool>(), 0..PARTITIONS).prop_map(|(is_lane, which)| Happening::Store(is_lane, which)),
        3 => (any::<bool>(), 0..PARTITIONS).prop_map(|(is_lane, which)| Happening::Lose(is_lane, which)),
        1 => Just(Happening::End),
    ]
}

/// Something with the place in its log that it has come to, and the same as it was stored.
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
    words: Vec<Vec<Vec<u8>>>,
    told: BTreeMap<String, String>,
}

impl<'a> Town<'a> {
    fn new(log: &'a Log) -> Self {
        let lane = |id| Placed { state: Self::lane(log, id, None), position: 0, stored: None };
        let district = |_| Placed { state: Self::district(log, None), position: 0, stored: None };
        Self {
            log,
            lanes: (0..PARTITIONS).map(lane).collect(),
            districts: (0..DISTRICTS).map(district).collect(),
            words: vec![Vec::new(); DISTRICTS],
            told: BTreeMap::new(),
        }
    }

    fn lane(log: &Log, id: usize, stored: Option<&Vec<u8>>) -> Lane {
        if let Some(bytes) = stored {
            let (lane, lost) = Lane::restore(&PLAN, &log.topology, &[bytes]).unwrap();
            assert_eq!(lost, []);
            return lane;
        }
        let mut lane = Lane::new(&PLAN, &log.topology);
        lane.open(id as PartitionId, None);
        lane
    }

    fn district(log: &Log, stored: Option<&Vec<u8>>) -> District {
        let (topology, lanes) = (Arc::new(log.topology.clone()), PARTITIONS as PartitionId);
        match stored {
            Some(bytes) => {
                let (district, lost) = District::restore(&PLAN, topology, lanes, bytes).unwrap();
                assert_eq!(lost, []);
                district
            }
            None => District::new(&PLAN, topology, lanes).unwrap(),
        }
    }

    fn happen(&mut self, happening: &Happening) {
        match *happening {
            Happening::Read(lane, count) => self.read(lane, count),
            Happening::Hear(district, count) => self.hear(district, count),
            Happening::Store(true, lane) => {
                let placed = &mut self.lanes[lane];
                placed.stored = Some((placed.position, placed.state.store()));
            }
            Happening::Store(false, district) => {
                let placed = &mut self.districts[district];
                placed.stored = Some((placed.position, placed.state.store()));
            }
            Happening::Lose(true, lane) => {
                let placed = &mut self.lanes[lane];
                let stored = placed.stored.as_ref();
                placed.position = stored.map_or(0, |(position, _)| *position);
                placed.state = Self::lane(self.log, lane, stored.map(|(_, bytes)| bytes));
            }
            Happening::Lose(false, district) => {
                let placed = &mut self.districts[district];
                let stored = placed.stored.as_ref();
                placed.position = stored.map_or(0, |(position, _)| *position);
                placed.state = Self::district(self.log, stored.map(|(_, bytes)| bytes));
            }
            Happening::End => self.end(),
        }
    }

    fn read(&mut self, lane: usize, count: usize) {
        let placed = &mut self.lanes[lane];
        let batch = self.log.read(lane, &mut placed.position, count);
        let mut out = Outputs::default();
        placed.state.take(lane as PartitionId, &batch, 0, &mut out);
        let closed = placed.state.sequencer().closed();
        if !out.ticks.is_empty() {
            self.pass(lane, Some(closed), &out);
        }
    }

    /// What closes goes to the district of its transformer, and that it closed to all of them.
    fn pass(&mut self, lane: usize, closed: Option<EventTime>, out: &Outputs) {
        let lane = lane as PartitionId;
        let mut first = 0;
        let ticks: Vec<_> = out.ticks.iter().filter(|(end, _)| *end != EventTime::MAX).collect();
        for &&(tick, upto) in &ticks {
            for Joined { interval, row, .. } in self.log.topology.join(&out.intervals[first..upto]) {
                let name = row.and_then(|row| row.transformer).map(|id| id.to_string());
                let name = name.unwrap_or_else(|| interval.meter.to_string());
                let district = reading::id::hash(name.as_bytes()) as usize % DISTRICTS;
                let row = Passed::Row { lane, tick, last: closed.is_none(), row: *interval };
                self.words[district].push(encoded(&row));
            }
            first = upto;
        }
        for &(tick, report) in &out.reports {
            let place = self.log.topology.at(&report.meter(), report.time());
            let name = place.and_then(|place| place.transformer).map(|id| id.to_string());
            let name = name.unwrap_or_else(|| report.meter().to_string());
            let district = reading::id::hash(name.as_bytes()) as usize % DISTRICTS;
            self.words[district].push(encoded(&Passed::Report {
                lane,
                tick,
                last: closed.is_none(),
                report,
            }));
        }
        let ticks = ticks.iter().map(|(end, _)| *end).collect();
        let passed = match closed {
            Some(closed) => Passed::Closed { lane, closed, ticks, newest_ms: 0 },
            None => Passed::Ended { lane, ticks },
        };
        self.words.iter_mut().for_each(|words| words.push(encoded(&passed)));
    }

    fn hear(&mut self, district: usize, count: usize) {
        let placed = &mut self.districts[district];
        let words = &self.words[district][placed.position..];
        let words = &words[..count.min(words.len())];
        placed.position += words.len();
        let mut out = Outputs::default();
        words.iter().for_each(|word| placed.state.take(Passed::decode(word).unwrap(), &mut out));
        write_down(&out, &mut self.told);
    }

    fn end(&mut self) {
        for lane in 0..PARTITIONS {
            let mut out = Outputs::default();
            let placed = &mut self.lanes[lane];
            let before = placed.state.store();
            placed.state.end(lane as PartitionId, &mut out);
            placed.state.finish(&mut out);
            placed.state = Self::lane(self.log, lane, Some(&before));
            self.pass(lane, None, &out);
        }
    }

    fn tell_all(mut self) -> BTreeMap<String, String> {
        (0..PARTITIONS).for_each(|lane| self.read(lane, usize::MAX));
        self.end();
        (0..DISTRICTS).for_each(|district| self.hear(district, usize::MAX));
        assert!(self.districts.iter().all(|district| district.state.ended()));
        self.told
    }
}

fn encoded(passed: &Passed) -> Vec<u8> {
    let mut bytes = Vec::new();
    passed.encode(&mut bytes);
    bytes
}

/// What a district can tell: not what takes a whole town, nor short messages, of which so many an hour go to a phone.
fn is_of_a_district(key: &str) -> bool {
    ["outages ", "balances ", "forecasts transformer/", "suspicions ", "cases ", "alerts "]
        .iter()
        .any(|kind| key.starts_with(kind))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn districts_find_what_one_town_finds(happenings in prop::collection::vec(happening(), 0..60)) {
        let mut town = Town::new(&LOG);
        happenings.iter().for_each(|happening| town.happen(happening));
        let told = town.tell_all();
        let expected = OF_A_PART.iter().filter(|(key, _)| is_of_a_district(key));
        let differs = expected.into_iter().find(|(key, value)| told.get(*key) != Some(*value));
        prop_assert_eq!(differs.map(|(key, value)| (key, value, told.get(key))), None);
        // An end in between is told too, and may be of things that never came about.
        let ended = happenings.iter().any(|happening| matches!(happening, Happening::End));
        let more = told.keys().find(|key| !ended && is_of_a_district(key) && !OF_A_PART.contains_key(*key));
        prop_assert_eq!(more, None);
        prop_assert!(!told.keys().any(|key| key.starts_with("forecasts system")));
    }
}
