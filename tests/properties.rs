//! Properties of the core: batches of any size, any order within the grace, and a stop and restore anywhere give the
//! same results.

use crate::program::repository;
use grid::{Role, Topology, TopologyRow};
use pipeline::{Input, Outputs, Pipeline, Plan, Report, SnapshotError};
use proptest::prelude::*;
use proptest::sample::Index;
use reading::time::MINUTE;
use reading::{Batch, EventTime};
use simulate::{Connection, Faults, Settings, Town};
use std::fs;
use std::sync::{Arc, LazyLock};

/// A message as it came, and the time of its measurement.
#[derive(Clone)]
struct Line {
    measured: EventTime,
    bytes: Vec<u8>,
}

/// A town under the demo plan, with every fault that the grace can handle.
struct Sample {
    plan: Plan,
    topology: Topology,
    lines: Vec<Line>,
    results: Results,
}

static SAMPLE: LazyLock<Sample> = LazyLock::new(|| {
    let faults =
        Faults { late: 0.0, clock_behind: 0.0, torn: 0.002, reset: 0.02, swap: 0.02, ..Faults::usual() };
    sample(Settings { faults, outages: 6, ..town(52, 3) })
});

fn town(meters: usize, days: u32) -> Settings {
    Settings::usual(meters, days, 4, EventTime(1_704_067_200_000))
}

/// The demo plan with some settings changed, and with routes.
fn demo_with(changes: &[(&str, &str)]) -> Plan {
    let text = fs::read_to_string(repository("pipelines/demo.toml")).unwrap();
    let edited = changes.iter().fold(text, |text, (key, value)| {
        let edit = |line: &str| match line.starts_with(&format!("{key} =")) {
            true => format!("{key} = {value}\n"),
            false => format!("{line}\n"),
        };
        let edited: String = text.lines().map(edit).collect();
        assert_ne!(edited, text, "{key}");
        edited
    });
    let routes = fs::read_to_string(repository("pipelines/routes.toml")).unwrap();
    // As they stand there: they can follow any plan that finds all kinds of things.
    let routes = &routes[routes.find("\n[[receiver]]").unwrap()..];
    Plan::read(&format!("{edited}\n{routes}")).unwrap()
}

fn sample(settings: Settings) -> Sample {
    let town = Town::new(settings).unwrap();
    let lines: Vec<Line> = town
        .messages()
        .map(|message| {
            let mut bytes = Vec::new();
            wire::json::encode(&message.raw, &mut bytes);
            bytes.truncate(message.torn.unwrap_or(bytes.len()));
            bytes.push(b'\n');
            Line { measured: message.raw.time, bytes }
        })
        .collect();
    // A grace longer than three intervals, so that a change of order within it mixes intervals. Cases may come back
    // the next day. Strict rules and short silences, so that three days have some of each.
    let plan = demo_with(&[
        ("grace", "\"50 min\""),
        ("cool_down", "\"2 h\""),
        ("linear_up_to", "\"20 min\""),
        ("zero_run", "\"1 h\""),
        ("town", "{ sanctioned = \"20 %\", inactive = \"1 Wh\", group_sum = \"5 %\", multiplier_days = 1 }"),
        ("flat", "{ run = \"1 h\", spread = \"5 %\", floor = \"1 Wh\" }"),
    ]);
    let topology = Topology::new(town.topology().iter().map(row).collect()).unwrap();
    let mut sample = Sample { plan, topology, lines, results: Results::default() };
    sample.results = sample.run(&sample.lines, &[sample.lines.len()], &[]);
    sample
}

fn row(connection: &Connection) -> TopologyRow {
    TopologyRow {
        transformer: connection.transformer.map(Arc::new),
        feeder: Some(Arc::new(connection.feeder)),
        area: Some(Arc::new(connection.area)),
        sanctioned: connection.sanctioned,
        reader_phone: Some(connection.reader_phone.clone()),
        from: connection.from,
        to: connection.to,
        ..TopologyRow::new(connection.meter, Role::parse(connection.role.name()).unwrap())
    }
}

/// All results as text. A float has all its digits, so that different floats have different texts.
#[derive(Default, Clone, PartialEq)]
struct Results {
    intervals: Vec<String>,
    others: [Vec<String>; 15],
    dead: Vec<String>,
}

impl Results {
    fn of(out: &Outputs) -> Self {
        fn each<T: std::fmt::Debug>(all: &[T]) -> Vec<String> {
            all.iter().map(|one| format!("{one:?}")).collect()
        }
        let mut dead: Vec<String> = out
            .dead
            .iter()
            .map(|dead| format!("{} {:?}", dead.reason, String::from_utf8_lossy(&dead.bytes)))
            .collect();
        // The order of dead letters may differ, but not their set.
        dead.sort();
        let others = [
            each(&out.metering.demand),
            each(&out.metering.profiles),
            each(&out.reports.iter().filter(|(_, one)| matches!(one, Report::Event(_))).collect::<Vec<_>>()),
            each(&out.supply.outages),
            each(&out.supply.indices),
            each(&out.balances),
            each(&out.losses),
            each(&out.forecasts),
            each(&out.suspicions),
            each(&out.changes),
            each(&out.alerts),
            each(&out.messages),
            each(&out.told_already),
            each(&out.findings),
            each(&out.health),
        ];
        Self { intervals: each(&out.intervals), others, dead }
    }

    /// The same without data health: how late readings come depends on their order.
    fn without_health(mut self) -> Self {
        self.others[14].clear();
        self
    }

    /// The first difference, or none.
    fn differs(&self, other: &Self) -> Option<String> {
        let kinds = [
            "intervals",
            "demand",
            "profiles",
            "events",
            "outages",
            "indices",
            "balances",
            "losses",
            "forecasts",
            "suspicions",
            "changes",
            "alerts",
            "messages",
            "without a message",
            "findings",
            "health",
            "dead",
        ];
        let all = |results: &Self| {
            let (intervals, dead) =
                (std::iter::once(results.intervals.clone()), std::iter::once(results.dead.clone()));
            intervals.chain(results.others.clone()).chain(dead).collect::<Vec<_>>()
        };
        for ((kind, one), other) in kinds.iter().zip(all(self)).zip(all(other)) {
            if let Some((one, other)) = one.iter().zip(&other).find(|(one, other)| one != other) {
                return Some(format!("{kind}:\n  {one}\n  {other}"));
            }
            if one.len() != other.len() {
                return Some(format!("{kind}: {} and {}", one.len(), other.len()));
            }
        }
        None
    }
}

impl Sample {
    fn begin(&self) -> Pipeline {
        let mut pipeline = Pipeline::new(&self.plan, self.topology.clone()).unwrap();
        pipeline.step(&Input::Open { partition: 0, first: None }, &mut Outputs::default());
        pipeline
    }

    fn feed(&self, pipeline: &mut Pipeline, lines: &[Line], out: &mut Outputs) {
        let mut batch = Batch::default();
        lines.iter().for_each(|line| batch.bytes.extend_from_slice(&line.bytes));
        wire::json::decode_lines(&self.plan.limits, &mut batch);
        let came = pipeline.step(&Input::Readings { partition: 0, batch: &batch, from: 0 }, out);
        assert_eq!(came, batch.len(), "a single partition always has its turn");
    }

    /// Runs the lines in batches that begin at `cuts`. At each of `stops` it stops and continues from a snapshot.
    fn run(&self, lines: &[Line], cuts: &[usize], stops: &[usize]) -> Results {
        let mut out = Outputs::default();
        let mut pipeline = self.begin();
        let mut from = 0;
        for &cut in cuts.iter().chain([&lines.len()]) {
            self.feed(&mut pipeline, &lines[from..cut], &mut out);
            from = cut;
            if stops.contains(&cut) {
                let bytes = pipeline.snapshot();
                let lost;
                (pipeline, lost) = Pipeline::restore(&self.plan, self.topology.clone(), &bytes).unwrap();
                assert_eq!(lost, []);
                assert!(bytes == pipeline.snapshot(), "a restored state must be stored in the same bytes");
            }
        }
        pipeline.step(&Input::End { partition: 0 }, &mut out);
        pipeline.finish(&mut out);
        Results::of(&out)
    }

    fn places(&self, places: &[Index]) -> Vec<usize> {
        let mut places: Vec<usize> = places.iter().map(|place| place.index(self.lines.len() + 1)).collect();
        places.sort_unstable();
        places
    }
}

#[test]
fn the_sample_has_every_kind_of_result() {
    let results = &SAMPLE.results;
    assert!(results.intervals.len() > 10_000, "{}", results.intervals.len());
    assert!(
        results.others.iter().all(|kind| !kind.is_empty()),
        "{:?}",
        results.others.each_ref().map(Vec::len)
    );
    // Estimates, gaps, and resets on a day without a gap.
    for quality in ["Quality(1)", "Quality(5)", "Quality(16)", "Quality(512)", "Quality(1024)"] {
        assert!(results.intervals.iter().any(|row| row.contains(quality)), "no interval has {quality}");
    }
    assert!(
        !results.dead.is_empty() && results.dead.iter().all(|dead| dead.starts_with("torn ")),
        "{:?}",
        results.dead
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn batches_of_any_size_give_the_same(cuts in prop::collection::vec(any::<Index>(), 0..400)) {
        let results = SAMPLE.run(&SAMPLE.lines, &SAMPLE.places(&cuts), &[]);
        prop_assert_eq!(SAMPLE.results.differs(&results), None);
    }

    #[test]
    fn a_stop_and_a_start_anywhere_changes_nothing(stops in prop::collection::vec(any::<Index>(), 1..6)) {
        let stops = SAMPLE.places(&stops);
        let results = SAMPLE.run(&SAMPLE.lines, &stops, &stops);
        prop_assert_eq!(SAMPLE.results.differs(&results), None);
    }

    #[test]
    fn any_order_within_the_grace_gives_the_same(
        seed in any::<u64>(),
        cuts in prop::collection::vec(any::<Index>(), 0..40),
    ) {
        let mut random = crate::numbers::Random(seed);
        let inside = SAMPLE.plan.intervals.grace - MINUTE;
        let mut order: Vec<(i64, i64, &Line)> = SAMPLE
            .lines
            .iter()
            .map(|line| (line.measured.0 + random.within(0, inside), random.within(0, 1 << 40), line))
            .collect();
        order.sort_by_key(|(arrival, lot, _)| (*arrival, *lot));
        let lines: Vec<Line> = order.into_iter().map(|(.., line)| line.clone()).collect();
        let results = SAMPLE.run(&lines, &SAMPLE.places(&cuts), &[]).without_health();
        prop_assert_eq!(SAMPLE.results.clone().without_health().differs(&results), None);
    }

    #[test]
    fn equal_states_give_equal_snapshots(
        end in any::<Index>(),
        cuts in prop::collection::vec(any::<Index>(), 0..40),
    ) {
        let end = end.index(SAMPLE.lines.len() + 1);
        let state = |cuts: &[usize]| {
            let mut pipeline = SAMPLE.begin();
            let mut from = 0;
            for &cut in cuts.iter().filter(|cut| **cut < end).chain([&end]) {
                SAMPLE.feed(&mut pipeline, &SAMPLE.lines[from..cut], &mut Outputs::default());
                from = cut;
            }
            pipeline.snapshot()
        };
        prop_assert!(state(&[]) == state(&SAMPLE.places(&cuts)));
    }
}

/// A small state, so that a test can flip every bit of it.
fn small() -> (Sample, Vec<u8>) {
    let mut sample = sample(town(3, 1).honest());
    sample.lines.truncate(30);
    let mut pipeline = sample.begin();
    sample.feed(&mut pipeline, &sample.lines, &mut Outputs::default());
    let bytes = pipeline.snapshot();
    (sample, bytes)
}

fn restored(sample: &Sample, bytes: &[u8]) -> Option<SnapshotError> {
    Pipeline::restore(&sample.plan, sample.topology.clone(), bytes).err()
}

#[test]
fn a_snapshot_torn_at_any_byte_is_refused() {
    let (sample, bytes) = small();
    assert!(restored(&sample, &bytes).is_none(), "the complete snapshot is good");
    assert!(matches!(restored(&sample, &[]), Some(SnapshotError::Foreign)));
    for length in 1..bytes.len() {
        let error = restored(&sample, &bytes[..length]);
        assert!(
            matches!(error, Some(SnapshotError::Torn { found, .. }) if found == length),
            "{length} of {} bytes: {error:?}",
            bytes.len()
        );
    }
    let longer = [&bytes[..], b"\n"].concat();
    assert!(matches!(restored(&sample, &longer), Some(SnapshotError::Torn { .. })));
}

#[test]
fn a_snapshot_with_any_flipped_bit_is_refused() {
    let (sample, bytes) = small();
    for bit in 0..8 * bytes.len() {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let error = restored(&sample, &damaged);
        let right = match bit / 8 {
            0..8 => matches!(error, Some(SnapshotError::Foreign)),
            8..12 => matches!(error, Some(SnapshotError::Version { .. })),
            12..20 => matches!(error, Some(SnapshotError::Torn { .. })),
            _ => matches!(error, Some(SnapshotError::Checksum { .. })),
        };
        assert!(right, "bit {} of byte {}: {error:?}", bit % 8, bit / 8);
    }
}

#[test]
fn other_bytes_are_foreign() {
    let (sample, _) = small();
    for bytes in [&b"PAR1\x15\x04"[..], b"{\"meter\":\"M1\"}\n", b"\0", b"gwstate\n\x01\0\0\0", &[0xff; 4096]]
    {
        let error = restored(&sample, bytes);
        assert!(matches!(error, Some(SnapshotError::Foreign)), "{bytes:?}: {error:?}");
    }
}

#[test]
fn a_damaged_snapshot_with_a_correct_checksum_never_panics() {
    let (sample, bytes) = small();
    let mut random = crate::numbers::Random(3);
    let mut refused = 0;
    for _ in 0..20_000 {
        let mut damaged = bytes[..bytes.len() - 4].to_vec();
        for _ in 0..random.within(1, 4) {
            let at = random.within(20, damaged.len() as i64) as usize;
            damaged[at] = random.within(0, 256) as u8;
        }
        let sum = crc32(&damaged);
        damaged.extend_from_slice(&sum.to_le_bytes());
        match restored(&sample, &damaged) {
            None => {}
            Some(SnapshotError::Content { .. } | SnapshotError::Parts { .. }) => refused += 1,
            Some(other) => panic!("{other:?}"),
        }
    }
    assert!(refused > 1000, "only {refused} were refused");
}

/// CRC-32 of IEEE 802.3, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    !crc
}
