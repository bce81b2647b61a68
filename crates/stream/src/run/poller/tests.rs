//! The poller over a log in memory: which messages its workers get, and what it commits to the group.

use super::*;
use crate::log::memory::MemoryLog;
use crate::log::{Change, Environment};
use crate::run::halt::EndAll;
use checkpoints::{Piece, Store, Subject};
use expect_test::{Expect, expect};
use pipeline::Plan;
use std::collections::BTreeSet;
use std::sync::mpsc::{Sender, channel, sync_channel};
use std::thread;
use tempfile::TempDir;

/// No test waits longer than this.
const PATIENCE: Duration = Duration::from_secs(20);

/// The surroundings of a poller: plan, log and store.
struct Bench {
    plan: Plan,
    kafka: KafkaPlan,
    log: MemoryLog,
    store: Store,
    until_end: bool,
    /// Whether this instance holds a second stage in memory, and so needs all partitions.
    needs_all: bool,
    carried: Mutex<Carried>,
    too_far: TooFar,
    metrics: Metrics,
    halt: Halt,
    _dir: TempDir,
}

/// A run as a test sees it.
struct Run<'a> {
    bench: &'a Bench,
    lines: &'a Mutex<Vec<String>>,
}

impl Bench {
    fn new(partitions: PartitionId) -> Self {
        let text = include_str!("../../../../../pipelines/ami.toml");
        let kafka = KafkaPlan::if_any(text, "ami.toml".as_ref(), None, &Environment::default());
        let mut kafka = kafka.unwrap().unwrap();
        (kafka.checkpoint_every, kafka.idle_after) = (Duration::from_secs(3600), Duration::from_secs(3600));
        let dir = tempfile::tempdir().unwrap();
        Self {
            plan: Plan::read(text).unwrap(),
            kafka,
            log: MemoryLog::new(partitions),
            store: Store::open(dir.path().to_str().unwrap()).unwrap(),
            until_end: false,
            needs_all: false,
            carried: Mutex::default(),
            too_far: TooFar::default(),
            metrics: Metrics::new(),
            halt: Halt::default(),
            _dir: dir,
        }
    }

    /// Stores a checkpoint of a partition without meters, which continues at this offset.
    fn store_at(&self, partition: PartitionId, position: u64) {
        let mut lane = pipeline::Lane::new(&self.plan, &Topology::default());
        let subject = Subject::Partition { topic: self.kafka.readings.clone(), partition: partition as i32 };
        let state = lane.store();
        let fingerprint = pipeline::fingerprint_of_parts(&state).unwrap();
        self.store.write(&Piece { subject, position, base: None, fingerprint }, &state).unwrap();
    }

    /// Runs a poller with one worker beside the script of a test. Checkpoints are written at once. Returns the
    /// messages that the worker got, in their order.
    fn run(&self, script: impl FnOnce(&Run<'_>)) -> (Result<Done, Failure>, Vec<String>) {
        let lines = Mutex::new(Vec::new());
        let (to_worker, messages) = sync_channel(64);
        let (to_poller, written) = channel();
        let (_topologies, topologies) = channel();
        let done = thread::scope(|scope| {
            let lines = &lines;
            let worker = scope.spawn(move || work(&messages, &to_poller, lines));
            let poller = scope.spawn(move || {
                let mut carried = self.carried.lock().unwrap();
                let (deliveries, endings) = (Deliveries::default(), Endings::default());
                let (empties, group, signals) = (Empties::default(), Mutex::new(None), Stop::default());
                Poller::new(Setting {
                    kafka: &self.kafka,
                    consumer: &self.log,
                    restorer: Restorer {
                        plan: &self.plan,
                        kafka: &self.kafka,
                        stage: Stage::Readings,
                        store: &self.store,
                        accept_changes: false,
                    },
                    deliveries: &deliveries,
                    empties: &empties,
                    workers: vec![to_worker],
                    written,
                    topologies,
                    too_far: &self.too_far,
                    endings: &endings,
                    signals: &signals,
                    until_end: self.until_end,
                    group: &group,
                    halt: self.halt.clone(),
                    second: self.needs_all.then(BTreeMap::new),
                    carried: &mut carried,
                    others_go_on: &AtomicBool::new(false),
                    topology: Arc::default(),
                    metrics: &self.metrics,
                })
                .run()
            });
            // If the script fails, the poller must end too, or the test would hang.
            let end_all = EndAll(&self.halt);
            script(&Run { bench: self, lines });
            std::mem::forget(end_all);
            let done = poller.join().unwrap();
            worker.join().unwrap();
            done
        });
        (done, lines.into_inner().unwrap())
    }

    /// The same, and ends the run after the script.
    fn run_until(&self, script: impl FnOnce(&Run<'_>)) -> Vec<String> {
        let (done, lines) = self.run(|run| {
            script(run);
            self.halt.now();
        });
        assert!(done.unwrap_err().to_string().contains("has ended early"));
        assert!(self.log.has_left());
        lines
    }
}

impl Run<'_> {
    /// Waits until the worker has this message.
    fn until(&self, line: &str) {
        self.until_true(line, || self.lines.lock().unwrap().iter().any(|one| one == line));
    }

    fn until_true(&self, what: &str, is_true: impl Fn() -> bool) {
        #[expect(clippy::disallowed_methods, reason = "how long a test waits is not what is tested")]
        let began = Instant::now();
        while !is_true() {
            assert!(began.elapsed() < PATIENCE, "{what}; the worker has {:?}", self.lines.lock().unwrap());
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn assign(&self, partitions: &[PartitionId]) {
        self.bench.log.decide(Change::Assign(partitions.to_owned()));
    }

    fn revoke(&self, partitions: &[PartitionId]) {
        self.bench.log.decide(Change::Revoke(partitions.to_owned()));
    }
}

/// A worker that computes nothing. It also stands for the second stage and the checkpointer behind it.
fn work(messages: &Receiver<ToWorker>, to_poller: &Sender<Written>, lines: &Mutex<Vec<String>>) {
    let (mut positions, mut ended, mut epoch) = (BTreeMap::new(), BTreeSet::new(), 0);
    while let Ok(message) = messages.recv() {
        let line = match message {
            ToWorker::Open { partition, position, stored, .. } => {
                positions.insert(partition, position);
                format!("open {partition} at {position}, stored {:?}", stored.map(|stored| stored.position))
            }
            ToWorker::Parcel { partition, parcel } => {
                positions.insert(partition, parcel.next());
                let values: Vec<_> = parcel.values().map(<[u8]>::len).collect();
                format!("parcel {partition} up to {} with {values:?} bytes", parcel.next())
            }
            ToWorker::Idle { partition, idle } => format!("idle {partition} {idle}"),
            ToWorker::Topology(_) => "topology".to_owned(),
            ToWorker::Barrier => {
                let (positions, ended) = (positions.clone(), std::mem::take(&mut ended));
                let written = Written { epoch, number: 0, positions, ended, bytes: 0, seconds: 0.0 };
                to_poller.send(written).unwrap();
                epoch += 1;
                "barrier".to_owned()
            }
            ToWorker::Close { partition } => {
                positions.remove(&partition);
                format!("close {partition}")
            }
            ToWorker::End { partition } => {
                ended.insert(partition);
                format!("end {partition}")
            }
        };
        lines.lock().unwrap().push(line);
    }
}

#[track_caller]
fn check(lines: &[String], expected: Expect) {
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn a_run_to_the_end_closes_every_partition_and_commits_the_end() {
    let bench = Bench { until_end: true, ..Bench::new(2) };
    [b"a".as_slice(), b"bb"].iter().for_each(|value| bench.log.append(0, value));
    bench.log.append(1, b"ccc");
    let (done, lines) = bench.run(|run| run.assign(&[0, 1]));
    assert_eq!(done.unwrap(), Done::Ended);
    check(
        &lines,
        expect![[r#"
        open 0 at 0, stored None
        open 1 at 0, stored None
        parcel 0 up to 2 with [1, 2] bytes
        parcel 1 up to 1 with [3] bytes
        barrier
        end 0
        end 1
        barrier"#]],
    );
    assert_eq!(bench.log.position(0), Some((2, "0 ended".to_owned())));
    assert_eq!(bench.log.position(1), Some((1, "0 ended".to_owned())));
    // The next run finds everything closed.
    bench.store_at(0, 2);
    bench.store_at(1, 1);
    let again = Bench { carried: Mutex::default(), ..bench };
    let (done, lines) = again.run(|run| run.assign(&[0, 1]));
    assert_eq!(done.unwrap(), Done::NothingNew);
    check(
        &lines,
        expect![[r#"
        open 0 at 2, stored Some(2)
        open 1 at 1, stored Some(1)"#]],
    );
}

#[test]
fn messages_after_the_target_are_left_to_the_next_run() {
    let bench = Bench { until_end: true, ..Bench::new(1) };
    bench.log.append(0, b"a");
    // The target was found before a failure, and it stays.
    bench.carried.lock().unwrap().targets.insert(0, 1);
    bench.log.append(0, b"later");
    let (done, lines) = bench.run(|run| run.assign(&[0]));
    assert_eq!(done.unwrap(), Done::Ended);
    check(
        &lines,
        expect![[r#"
        open 0 at 0, stored None
        parcel 0 up to 1 with [1] bytes
        barrier
        end 0
        barrier"#]],
    );
    assert_eq!(bench.log.position(0), Some((1, "0 ended".to_owned())));
}

#[test]
fn a_partition_continues_at_its_checkpoint_and_is_stored_before_it_is_given_back() {
    let bench = Bench::new(2);
    bench.store_at(0, 1);
    ["a", "b", "c"].iter().for_each(|value| bench.log.append(0, value.as_bytes()));
    let lines = bench.run_until(|run| {
        run.assign(&[0, 1]);
        run.until("parcel 0 up to 3 with [1, 1] bytes");
        run.revoke(&[0]);
        run.until_true("given back", || bench.log.held() == [1]);
        assert_eq!(bench.log.position(0), Some((3, "0".to_owned())), "another instance continues from here");
    });
    check(
        &lines,
        expect![[r#"
        open 0 at 1, stored Some(1)
        open 1 at 0, stored None
        parcel 0 up to 3 with [1, 1] bytes
        barrier
        close 0"#]],
    );
}

#[test]
fn a_quiet_partition_is_idle_until_a_message_comes() {
    let mut bench = Bench::new(1);
    bench.kafka.idle_after = Duration::from_millis(100);
    let lines = bench.run_until(|run| {
        run.assign(&[0]);
        run.until("idle 0 true");
        bench.log.append(0, b"a");
        run.until("parcel 0 up to 1 with [1] bytes");
    });
    // Four lines only: on a slow machine the partition becomes idle once more before the script ends.
    check(
        &lines[..4],
        expect![[r#"
        open 0 at 0, stored None
        idle 0 true
        idle 0 false
        parcel 0 up to 1 with [1] bytes"#]],
    );
}

#[test]
fn a_partition_that_is_too_far_ahead_is_paused() {
    let bench = Bench::new(2);
    let lines = bench.run_until(|run| {
        run.assign(&[0, 1]);
        run.until("open 1 at 0, stored None");
        bench.too_far.set(None, [1].into_iter());
        run.until_true("paused", || bench.log.paused() == [1]);
        bench.log.append(1, b"a");
        bench.log.append(0, b"b");
        run.until("parcel 0 up to 1 with [1] bytes");
        bench.too_far.set(None, std::iter::empty());
        run.until("parcel 1 up to 1 with [1] bytes");
    });
    check(
        &lines,
        expect![[r#"
        open 0 at 0, stored None
        open 1 at 0, stored None
        parcel 0 up to 1 with [1] bytes
        parcel 1 up to 1 with [1] bytes"#]],
    );
}

#[test]
fn a_topic_that_was_created_again_is_refused() {
    let bench = Bench::new(1);
    bench.store_at(0, 7);
    let (done, _) = bench.run(|run| run.assign(&[0]));
    expect![[r#"
        error: the checkpoint of partition 0 of readings continues at offset 7, but the log ends at 0
          help: the topic was deleted and created again: begin with other `--checkpoints`
    "#]]
    .assert_eq(&done.unwrap_err().to_string());
}

#[test]
fn deleted_messages_are_skipped() {
    let bench = Bench::new(1);
    bench.store_at(0, 1);
    ["a", "b", "c"].iter().for_each(|value| bench.log.append(0, value.as_bytes()));
    bench.log.delete_before(0, 2);
    let lines = bench.run_until(|run| {
        run.assign(&[0]);
        run.until("parcel 0 up to 3 with [1] bytes");
    });
    check(
        &lines,
        expect![[r#"
        open 0 at 2, stored Some(1)
        parcel 0 up to 3 with [1] bytes"#]],
    );
}

#[test]
fn an_instance_that_needs_all_partitions_joins_again_before_it_gives_up() {
    let bench = Bench { needs_all: true, ..Bench::new(2) };
    let attempt = || bench.run(|run| run.assign(&[0])).0.unwrap_err();
    let first = attempt();
    assert!(first.may_pass());
    expect![[r#"
        error: this instance has 1 of 2 partitions of readings: another one is in the group gridwarden
          help: with `[grid] exchange = "memory"` balances and cases need all meters in one instance: end the other one, or give this one a group of its own
    "#]].assert_eq(&first.to_string());
    let tries = (2..20).find(|_| !attempt().may_pass());
    assert_eq!(tries, Some(6));
}

#[test]
fn a_member_whose_name_was_taken_explains_what_to_do() {
    let bench = Bench::new(1);
    bench.log.shut_out();
    let failure = bench.run(|_| {}).0.unwrap_err();
    assert!(failure.may_pass());
    expect![[r#"
        error: the group has shut this instance out
          cause: KafkaError (Client dropped)
          help: if another instance has the same name, give each its own with `--instance`
    "#]]
    .assert_eq(&failure.to_string());
}
