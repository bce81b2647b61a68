//! A model of the shell reads partitions of a log. It crashes, moves partitions and starts again. In the end it must
//! have published the same as an undisturbed run, for every key.

use crate::program::repository;
use grid::{Role, Topology, TopologyRow};
use pipeline::{Confluence, Lane, Outputs, PartitionId, Plan, Town, restore_second, store_second};
use proptest::prelude::*;
use reading::time::HOUR;
use reading::{Batch, EventTime, Message, Origin, Phases, RawReading};
use simulate::{Connection, Faults, Settings};
use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, LazyLock};
use units::{Milliamperes, Millivars, Millivolts, Milliwatts};

pub const PARTITIONS: usize = 3;

/// The log of a town. Each meter writes to one partition.
pub struct Log {
    pub plan: Plan,
    pub topology: Topology,
    pub partitions: Vec<Vec<Vec<u8>>>,
    pub undisturbed: BTreeMap<String, String>,
}

pub static LOG: LazyLock<Log> = LazyLock::new(|| {
    let faults = Faults { torn: 0.002, late: 0.01, reset: 0.02, ..Faults::usual() };
    Log::new(faults, |plan| {
        plan.final_after = 12 * HOUR;
        // Every day with a difference, however small, is published.
        (plan.index.as_mut().unwrap().days, plan.index.as_mut().unwrap().margin) = (1, 0.001);
    })
});

/// The log of a town of which a third delivers once a day, each meter in its own order. Each backlog has many parts.
pub static BURSTS: LazyLock<Log> = LazyLock::new(|| {
    let faults = Faults { lost: 0.01, reset: 0.02, daily: 0.3, ..Faults::NONE };
    Log::new(faults, |plan| (plan.final_after, plan.order.backlog) = (30 * HOUR, 16))
});

impl Log {
    fn new(faults: Faults, change: impl FnOnce(&mut Plan)) -> Self {
        let settings = Settings::usual(40, 3, 11, EventTime(1_704_067_200_000));
        let town = simulate::Town::new(Settings { faults, outages: 6, ..settings }).unwrap();
        let mut partitions = vec![Vec::new(); PARTITIONS];
        for message in town.messages() {
            let (mut bytes, mut raw) = (Vec::new(), message.raw);
            change_wires(&mut raw);
            wire::json::encode(&raw, &mut bytes);
            bytes.truncate(message.torn.unwrap_or(bytes.len()));
            partitions[raw.meter.hash() as usize % PARTITIONS].push(bytes);
        }
        let mut plan = Plan::read(&fs::read_to_string(repository("pipelines/ami.toml")).unwrap()).unwrap();
        change(&mut plan);
        let topology = Topology::new(town.topology().iter().map(row).collect()).unwrap();
        let mut log = Log { plan, topology, partitions, undisturbed: BTreeMap::new() };
        log.undisturbed = Shell::new(&log).publish_all();
        log
    }
}

/// Some of the meters see a dead phase, a phase that runs backward, use behind an open relay, or a bypass all the time:
/// detectors keep a state only of such meters.
fn change_wires(raw: &mut RawReading) {
    let (Some(Phases::One(v)), Some(Phases::One(i)), Some(Phases::One(p))) = (raw.v, raw.i, raw.p) else {
        return;
    };
    let is_dead = match raw.meter.hash() % 8 {
        0 => true,
        1 => false,
        2 => {
            (raw.relay, raw.v_load) = (Some(false), Some(v));
            return;
        }
        3 => {
            raw.neutral = Some(Milliamperes(i.0 + 3000));
            return;
        }
        _ => return,
    };
    let odd = if is_dead { (Millivolts(2000), Milliwatts(0)) } else { (v, Milliwatts(-1_200_000)) };
    raw.v = Some(Phases::Three([odd.0, v, v]));
    raw.i = Some(Phases::Three([Milliamperes(5500), i, i]));
    raw.p = Some(Phases::Three([odd.1, p, p]));
    raw.q = Some(Phases::Three([Millivars(-1000), Millivars(100_000), Millivars(100_000)]));
}

/// The results of an undisturbed run.
pub fn undisturbed(log: &Log) -> BTreeMap<String, String> {
    Shell::new(log).publish_all()
}

/// Restores a lane, of which no part may be lost.
fn restored(plan: &Plan, topology: &Topology, chain: &[Vec<u8>]) -> Lane {
    let (lane, lost) = Lane::restore(plan, topology, chain).unwrap();
    assert_eq!(lost, []);
    lane
}

impl Log {
    /// Reads some messages from a position, and advances the position.
    pub fn read(&self, partition: usize, position: &mut usize, count: usize) -> Batch {
        let messages = &self.partitions[partition][*position..];
        let mut batch = Batch::default();
        for message in &messages[..count.min(messages.len())] {
            let (byte, offset) = (batch.bytes.len() as u32, *position as i64);
            batch.messages.push(Message {
                first: Origin { offset, item: 0 },
                byte,
                reading: 0,
                dead: 0,
                sent: None,
            });
            batch.bytes.extend_from_slice(message);
            batch.bytes.push(b'\n');
            *position += 1;
        }
        wire::json::decode_lines(&self.plan.limits, &mut batch);
        batch
    }
}

fn row(connection: &Connection) -> TopologyRow {
    TopologyRow {
        transformer: connection.transformer.map(Arc::new),
        feeder: Some(Arc::new(connection.feeder)),
        area: Some(Arc::new(connection.area)),
        // Of some consumers the phase is wrong, so that another one is proposed.
        phase: Some(if connection.meter.hash() % 8 == 5 { "a" } else { connection.phase }.to_owned()),
        reader_phone: Some(connection.reader_phone.clone()),
        from: connection.from,
        to: connection.to,
        ..TopologyRow::new(connection.meter, Role::parse(connection.role.name()).unwrap())
    }
}

/// An event in a run.
#[derive(Debug, Clone)]
enum Event {
    /// Some messages of a partition come.
    Read(usize, usize),
    /// The state is stored, whole or as changes.
    Store(bool),
    /// A crash: everything is lost that was not stored or published.
    Crash,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (0..PARTITIONS, 1..3000_usize).prop_map(|(partition, count)| Event::Read(partition, count)),
        2 => any::<bool>().prop_map(Event::Store),
        1 => Just(Event::Crash),
    ]
}

/// The position of its base, and its bytes.
type Piece = (Option<usize>, Vec<u8>);

#[derive(Default)]
struct Store {
    /// The pieces of each partition by position, each with the position of its base.
    pieces: Vec<BTreeMap<usize, Piece>>,
    second: Option<Vec<u8>>,
}

impl Store {
    fn chain(&self, partition: usize, position: usize) -> Vec<Vec<u8>> {
        let (base, bytes) = &self.pieces[partition][&position];
        let mut chain = base.map_or_else(Vec::new, |base| self.chain(partition, base));
        chain.push(bytes.clone());
        chain
    }
}

/// The state of a shell, and the results that it has published, by key.
struct Shell<'a> {
    log: &'a Log,
    lanes: Vec<(Lane, usize)>,
    stored: Vec<Option<usize>>,
    confluence: Confluence,
    town: Town,
    store: Store,
    published: BTreeMap<String, String>,
}

impl<'a> Shell<'a> {
    fn new(log: &'a Log) -> Self {
        let mut shell = Self {
            log,
            lanes: Vec::new(),
            stored: vec![None; PARTITIONS],
            confluence: Confluence::default(),
            town: Town::new(&log.plan, log.topology.clone()).unwrap(),
            store: Store { pieces: vec![BTreeMap::new(); PARTITIONS], second: None },
            published: BTreeMap::new(),
        };
        shell.begin();
        shell
    }

    /// Starts from the stored state, or from the beginning.
    fn begin(&mut self) {
        let Log { plan, topology, .. } = self.log;
        let positions = match &self.store.second {
            Some(second) => {
                let (second, lost) = restore_second(plan, topology.clone(), second).unwrap();
                assert_eq!(lost, []);
                (self.town, self.confluence) = (second.town, second.confluence);
                second.positions
            }
            None => {
                self.town = Town::new(plan, topology.clone()).unwrap();
                self.confluence = Confluence::default();
                BTreeMap::new()
            }
        };
        self.lanes.clear();
        for partition in 0..PARTITIONS {
            let position = positions.get(&(partition as PartitionId)).map(|position| *position as usize);
            let lane = match position {
                Some(position) => restored(plan, topology, &self.store.chain(partition, position)),
                None => {
                    let mut lane = Lane::new(plan, topology);
                    lane.open(partition as PartitionId, None);
                    lane
                }
            };
            self.confluence.open(partition as PartitionId, lane.sequencer().closed());
            self.lanes.push((lane, position.unwrap_or(0)));
            self.stored[partition] = position;
        }
    }

    fn apply(&mut self, event: &Event) {
        match *event {
            Event::Read(partition, count) => self.read(partition, count),
            Event::Store(whole) => self.store(whole),
            Event::Crash => self.begin(),
        }
    }

    fn read(&mut self, partition: usize, count: usize) {
        let id = partition as PartitionId;
        let (lane, position) = &mut self.lanes[partition];
        let batch = self.log.read(partition, position, count);
        let mut out = Outputs::default();
        lane.take(id, &batch, 0, &mut out);
        let closed = lane.sequencer().closed();
        self.confluence.take(id, closed, &out.closings, &out.intervals, &out.reports);
        self.publish(&out);
        self.tick();
    }

    fn tick(&mut self) {
        while let Some(flow) = self.confluence.next_flow() {
            let mut out = Outputs::default();
            self.town.take(flow, &mut out);
            self.publish(&out);
        }
    }

    fn store(&mut self, whole: bool) {
        let mut positions = Vec::new();
        for (partition, (lane, position)) in self.lanes.iter_mut().enumerate() {
            positions.push((partition as PartitionId, *position as i64));
            let base = self.stored[partition].replace(*position);
            if base == Some(*position) {
                continue;
            }
            let base = base.filter(|_| !whole);
            let bytes = if base.is_some() { lane.store_changes() } else { lane.store() };
            self.store.pieces[partition].insert(*position, (base, bytes));
        }
        self.store.second = Some(store_second(&self.town, &self.confluence, &positions));
    }

    fn publish(&mut self, out: &Outputs) {
        write_down(out, &mut self.published);
    }

    fn publish_all(mut self) -> BTreeMap<String, String> {
        for partition in 0..PARTITIONS {
            self.read(partition, usize::MAX);
        }
        for partition in 0..PARTITIONS {
            let mut out = Outputs::default();
            self.lanes[partition].0.end(partition as PartitionId, &mut out);
            self.lanes[partition].0.finish(&mut out);
            let Ok(()) = self.lanes[partition].0.finish_metering(|rows| {
                out.metering.demand.extend(rows.demand);
                out.metering.profiles.extend(rows.profiles);
                Ok::<_, std::convert::Infallible>(())
            });
            let (id, closings, rows) = (partition as PartitionId, &out.closings, &out.intervals);
            self.confluence.take(id, EventTime::MAX, closings, rows, &out.reports);
            self.confluence.end(partition as PartitionId);
            self.publish(&out);
        }
        self.tick();
        let mut out = Outputs::default();
        self.town.finish(&mut out);
        self.publish(&out);
        self.published
    }
}

/// Writes results as messages with topic, key and value. The last message of a key stays, as in a compacted topic.
pub fn write_down(out: &Outputs, published: &mut BTreeMap<String, String>) {
    let mut publish = |key: String, value: String| published.insert(key, value);
    for row in &out.intervals {
        publish(format!("intervals {}/{}", row.meter, row.end), format!("{row:?}"));
    }
    for row in &out.metering.demand {
        publish(format!("demand {}/{}/{}", row.target(), row.start, row.zone), format!("{row:?}"));
    }
    for row in &out.metering.profiles {
        let slot = format!("{}/{:?}/{}", row.meter, row.day_type, row.minute);
        publish(format!("profiles {slot}"), format!("{row:?}"));
    }
    for dead in &out.dead {
        let origin = dead.origin.expect("a log has places");
        let place = format!("{}/{}/{}", dead.partition, origin.offset, origin.item);
        publish(format!("dead-letters {place}"), format!("{dead:?}"));
    }
    for one in &out.balances {
        publish(format!("balances {}/{}", one.transformer, one.end), format!("{one:?}"));
    }
    for one in &out.index_proposals {
        publish(format!("index-proposals {}/{}", one.meter, one.since), format!("{one:?}"));
    }
    for one in &out.losses {
        let key = format!("{}/{}/{}", one.target, one.period.name(), one.day);
        publish(format!("losses {key}"), format!("{one:?}"));
    }
    for one in &out.forecasts {
        publish(format!("forecasts {}/{}", one.target, one.end), format!("{one:?}"));
    }
    for change in &out.supply.outages {
        let key = format!("outages {}", change.key());
        publish(key, format!("{change:?}"));
    }
    for one in &out.supply.indices {
        publish(format!("supply {}/{}", one.area_name(), one.month), format!("{one:?}"));
    }
    for one in &out.suspicions {
        publish(format!("suspicions {}/{}", one.meter, one.day), format!("{one:?}"));
    }
    for one in &out.changes {
        publish(format!("cases {}", one.case().id), format!("{one:?}"));
    }
    for one in &out.alerts {
        publish(format!("alerts {}", one.id), format!("{one:?}"));
    }
    for one in &out.messages {
        publish(format!("{} {}", one.channel, one.id), format!("{one:?}"));
    }
}

/// The first difference, or none.
fn difference(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) -> Option<String> {
    let differs = |(key, value): (&String, &String)| (other.get(key) != Some(value)).then(|| key.clone());
    let missing = || other.keys().find(|key| !one.contains_key(*key)).cloned();
    let key = one.iter().find_map(differs).or_else(missing)?;
    Some(format!("{key}:\n  {:?}\n  {:?}", one.get(&key), other.get(&key)))
}

#[test]
fn the_log_has_every_kind_of_result() {
    let kinds = [
        "demand ",
        "profiles ",
        "alerts ",
        "sms ",
        "suspicions ",
        "balances ",
        "losses ",
        "index-proposals ",
        "outages consumer/",
        "outages transformer/",
        "supply all/",
        "forecasts transformer/",
        "forecasts system/",
    ];
    for kind in kinds {
        assert!(LOG.undisturbed.keys().any(|key| key.contains(kind)), "nothing like {kind}");
    }
    assert!(LOG.undisturbed.values().any(|value| value.contains("reason: Late")));
    assert!(LOG.undisturbed.values().any(|value| value.contains("reason: Torn")));
}

/// The meters report outages at once, and deliver what they measured later.
#[test]
fn nothing_of_a_backlog_is_late() {
    assert!(!BURSTS.undisturbed.values().any(|value| value.contains("reason: Late")));
}

/// Backlogs that come in parts end at the results of backlogs that come at once. A silence may be taken back that was never
/// noticed otherwise.
#[test]
fn parts_of_backlogs_change_no_result() {
    let plan = Plan { order: LOG.plan.order, ..BURSTS.plan.clone() };
    let (topology, partitions) = (BURSTS.topology.clone(), BURSTS.partitions.clone());
    let at_once = undisturbed(&Log { plan, topology, partitions, undisturbed: BTreeMap::new() });
    let standing = |mut all: BTreeMap<String, String>| {
        all.retain(|_, row| !row.starts_with("Withdrawn"));
        all
    };
    assert_eq!(difference(&standing(at_once), &standing(BURSTS.undisturbed.clone())), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_events_publish_the_same_in_the_end(
        events in prop::collection::vec(event(), 1..40),
        in_bursts in any::<bool>(),
    ) {
        let log = if in_bursts { &*BURSTS } else { &*LOG };
        let mut shell = Shell::new(log);
        for event in &events {
            shell.apply(event);
        }
        prop_assert_eq!(difference(&log.undisturbed, &shell.publish_all()), None);
    }

    #[test]
    fn a_partition_can_move_anywhere_on_its_own(
        stops in prop::collection::vec((1..4000_usize, any::<bool>()), 1..12),
        partition in 0..PARTITIONS,
    ) {
        let Log { plan, topology, .. } = &*LOG;
        let mut shell = Shell::new(&LOG);
        let mut chain: Vec<Vec<u8>> = Vec::new();
        for (count, whole) in stops {
            shell.read(partition, count);
            let lane = &mut shell.lanes[partition].0;
            if whole || chain.is_empty() {
                chain = vec![lane.store()];
            } else {
                chain.push(lane.store_changes());
            }
            *lane = restored(plan, topology, &chain);
        }
        prop_assert_eq!(difference(&LOG.undisturbed, &shell.publish_all()), None);
    }
}
