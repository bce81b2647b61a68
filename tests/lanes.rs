//! Partitions of a log, read by a model of the shell that crashes, moves partitions and starts again: what it has told
//! in the end, read by key, is what a run tells that nothing ever happened to.

use crate::program::repository;
use grid::{Role, Topology, TopologyRow};
use pipeline::{Confluence, Lane, Outputs, PartitionId, Plan, Town, restore_second, store_second};
use proptest::prelude::*;
use reading::{Batch, EventTime, Message, Origin};
use simulate::{Connection, Faults, Settings};
use std::collections::BTreeMap;
use std::fs;
use std::sync::LazyLock;

pub const PARTITIONS: usize = 3;

/// A town of which each meter writes to one partition.
pub struct Log {
    pub plan: Plan,
    pub topology: Topology,
    pub partitions: Vec<Vec<Vec<u8>>>,
    pub undisturbed: BTreeMap<String, String>,
}

pub static LOG: LazyLock<Log> = LazyLock::new(|| {
    let faults = Faults { torn: 0.002, late: 0.01, reset: 0.02, ..Faults::usual() };
    let settings = Settings::usual(40, 3, 11, EventTime(1_704_067_200_000));
    let town = simulate::Town::new(Settings { faults, outages: 6, ..settings }).unwrap();
    let mut partitions = vec![Vec::new(); PARTITIONS];
    for message in town.messages() {
        let mut bytes = Vec::new();
        wire::json::encode(&message.raw, &mut bytes);
        bytes.truncate(message.torn.unwrap_or(bytes.len()));
        partitions[message.raw.meter.hash() as usize % PARTITIONS].push(bytes);
    }
    let plan = Plan::read(&fs::read_to_string(repository("pipelines/ami.toml")).unwrap()).unwrap();
    let topology = Topology::new(town.topology().iter().map(row).collect()).unwrap();
    let mut log = Log { plan, topology, partitions, undisturbed: BTreeMap::new() };
    log.undisturbed = Shell::new(&log).tell_all();
    log
});

/// What a log tells that nothing ever happens to.
pub fn undisturbed(log: Log) -> BTreeMap<String, String> {
    Shell::new(&log).tell_all()
}

/// A lane that nothing of is lost.
fn restored(plan: &Plan, topology: &Topology, chain: &[Vec<u8>]) -> Lane {
    let (lane, lost) = Lane::restore(plan, topology, chain).unwrap();
    assert_eq!(lost, []);
    lane
}

impl Log {
    /// Some messages from a place on, which moves behind them.
    pub fn read(&self, partition: usize, position: &mut usize, count: usize) -> Batch {
        let messages = &self.partitions[partition][*position..];
        let mut batch = Batch::default();
        for message in &messages[..count.min(messages.len())] {
            let (byte, offset) = (batch.bytes.len() as u32, *position as i64);
            batch.messages.push(Message { first: Origin { offset, item: 0 }, byte, reading: 0, dead: 0 });
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
        transformer: connection.transformer,
        area: Some(connection.area),
        reader_phone: Some(connection.reader_phone.clone()),
        from: connection.from,
        to: connection.to,
        ..TopologyRow::new(connection.meter, Role::parse(connection.role.name()).unwrap())
    }
}

/// What may happen to a run.
#[derive(Debug, Clone)]
enum Happening {
    /// Some messages of a partition come.
    Read(usize, usize),
    /// The state is stored; whole, or what changed.
    Store(bool),
    /// All is lost but what was stored and told.
    Crash,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        6 => (0..PARTITIONS, 1..3000_usize).prop_map(|(partition, count)| Happening::Read(partition, count)),
        2 => any::<bool>().prop_map(Happening::Store),
        1 => Just(Happening::Crash),
    ]
}

/// What it builds on, and its bytes.
type Piece = (Option<usize>, Vec<u8>);

#[derive(Default)]
struct Store {
    /// Of each partition, by the position that they are of: pieces, and what they build on.
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

/// The state of a shell, and what it has told, by key.
struct Shell<'a> {
    log: &'a Log,
    lanes: Vec<(Lane, usize)>,
    stored: Vec<Option<usize>>,
    confluence: Confluence,
    town: Town,
    store: Store,
    told: BTreeMap<String, String>,
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
            told: BTreeMap::new(),
        };
        shell.begin();
        shell
    }

    /// Starts from what is stored, or from the beginning.
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

    fn happen(&mut self, happening: &Happening) {
        match *happening {
            Happening::Read(partition, count) => self.read(partition, count),
            Happening::Store(whole) => self.store(whole),
            Happening::Crash => self.begin(),
        }
    }

    fn read(&mut self, partition: usize, count: usize) {
        let id = partition as PartitionId;
        let (lane, position) = &mut self.lanes[partition];
        let batch = self.log.read(partition, position, count);
        let mut out = Outputs::default();
        lane.take(id, &batch, 0, &mut out);
        let closed = lane.sequencer().closed();
        self.confluence.take(id, closed, &out.ticks, &out.intervals, &out.reports);
        self.tell(&out);
        self.tick();
    }

    fn tick(&mut self) {
        while let Some((end, tick)) = self.confluence.next_tick() {
            let mut out = Outputs::default();
            self.town.tick(end, &tick.rows, &tick.reports.into_iter().collect(), &mut out);
            self.tell(&out);
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

    fn tell(&mut self, out: &Outputs) {
        write_down(out, &mut self.told);
    }

    fn tell_all(mut self) -> BTreeMap<String, String> {
        for partition in 0..PARTITIONS {
            self.read(partition, usize::MAX);
        }
        for partition in 0..PARTITIONS {
            let mut out = Outputs::default();
            self.lanes[partition].0.end(partition as PartitionId, &mut out);
            self.lanes[partition].0.finish(&mut out);
            let Ok(()) = self.lanes[partition].0.finish_metering(|told| {
                out.metering.demand.extend(told.demand);
                out.metering.profiles.extend(told.profiles);
                Ok::<_, std::convert::Infallible>(())
            });
            let (id, ticks, rows) = (partition as PartitionId, &out.ticks, &out.intervals);
            self.confluence.take(id, EventTime::MAX, ticks, rows, &out.reports);
            self.confluence.end(partition as PartitionId);
            self.tell(&out);
        }
        self.tick();
        let mut out = Outputs::default();
        self.town.finish(&mut out);
        self.tell(&out);
        self.told
    }
}

/// Every message has a topic, a key and a value; the last one of a key stays, as in a compacted topic.
pub fn write_down(out: &Outputs, told: &mut BTreeMap<String, String>) {
    let mut tell = |key: String, value: String| told.insert(key, value);
    for row in &out.intervals {
        tell(format!("intervals {}/{}", row.meter, row.end), format!("{row:?}"));
    }
    for row in &out.metering.demand {
        tell(format!("demand {}/{}/{}", row.target, row.start, row.zone), format!("{row:?}"));
    }
    for row in &out.metering.profiles {
        let slot = format!("{}/{:?}/{}", row.meter, row.day_type, row.minute);
        tell(format!("profiles {slot}"), format!("{row:?}"));
    }
    for dead in &out.dead {
        let origin = dead.origin.expect("a log has places");
        let place = format!("{}/{}/{}", dead.partition, origin.offset, origin.item);
        tell(format!("dead-letters {place}"), format!("{dead:?}"));
    }
    for one in &out.balances {
        tell(format!("balances {}/{}", one.transformer, one.end), format!("{one:?}"));
    }
    for one in &out.forecasts {
        tell(format!("forecasts {}/{}", one.target, one.end), format!("{one:?}"));
    }
    for change in &out.supply.outages {
        let key = format!("outages {}", change.key());
        tell(key, format!("{change:?}"));
    }
    for one in &out.supply.indices {
        tell(format!("supply {}/{}", one.area_name(), one.month), format!("{one:?}"));
    }
    for one in &out.suspicions {
        tell(format!("suspicions {}/{}", one.meter, one.day), format!("{one:?}"));
    }
    for one in &out.changes {
        tell(format!("cases {}", one.case().id), format!("{one:?}"));
    }
    for one in &out.alerts {
        tell(format!("alerts {}", one.id), format!("{one:?}"));
    }
    for one in &out.sms {
        tell(format!("sms {}", one.id), format!("{one:?}"));
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
fn the_log_holds_what_the_properties_are_about() {
    let kinds = [
        "demand ",
        "profiles ",
        "alerts ",
        "sms ",
        "suspicions ",
        "balances ",
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_same_is_told_in_the_end(happenings in prop::collection::vec(happening(), 1..40)) {
        let mut shell = Shell::new(&LOG);
        for happening in &happenings {
            shell.happen(happening);
        }
        prop_assert_eq!(difference(&LOG.undisturbed, &shell.tell_all()), None);
    }

    #[test]
    fn a_partition_goes_on_alone_wherever_it_is_taken_to(
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
        prop_assert_eq!(difference(&LOG.undisturbed, &shell.tell_all()), None);
    }
}
