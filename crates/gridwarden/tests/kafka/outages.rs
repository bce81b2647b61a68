//! The broker stops and comes back; the disk of the checkpoints is full and has space again. The run recovers by
//! itself.

use crate::bench::{Bench, PATIENCE, Size, Town, WHOLE_RUN, slowly, until};
use crate::contents::{Look, expect_same};
use crate::plan::Plan;
use crate::topics::{Watcher, visit};
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
#[ignore = "needs a broker: scripts/kafka-suite"]
fn the_broker_restarts() {
    check("the_broker_restarts", false, &ONE, PACE);
}

#[test]
#[ignore = "needs a broker: scripts/kafka-suite"]
fn the_broker_restarts_within_transactions() {
    check("the_broker_restarts_within_transactions", true, &ONE, PACE);
}

/// How a broker is ended, which one, and when: after this percentage of intervals is published.
pub type End = (&'static str, &'static str, i64);

/// What decides how long a run lasts: the number of meters in the short form of the suite, and a pause.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    pub meters: u32,
    pub pause_ms: &'static str,
}

const PACE: Pace = Pace { meters: 500, pause_ms: "100" };
const ONE: [End; 2] = [("stop", "1", 15), ("kill", "1", 50)];

/// Brokers end and come back while a slow run works. Its results must be those of an undisturbed run.
pub fn check(name: &'static str, transactional: bool, ends: &[End], pace: Pace) {
    let (mut bench, town, plan) = undisturbed(name, transactional, pace.meters);
    let ends = bench.form(&ends[..2], ends);
    let disturbed = plan.clone().named(&bench.own("b"));
    bench.make_topics(&disturbed, 4);
    // Progress is measured by published intervals, not by committed positions: a group that the broker took for dead
    // meanwhile commits none, although the run works.
    let intervals = |plan: &Plan| Watcher::new(&bench.brokers, &plan.group(), &plan.topic("intervals"));
    let (all, so_far) = (intervals(&plan).messages(), intervals(&disturbed));
    let checkpoints = bench.path("checkpoints");
    let mut run = bench.run_in(&disturbed, &town, &checkpoints, &["--until-end"], &slowly(pace.pause_ms));
    for (end, broker, share) in ends {
        until(&format!("{share} % are published"), WHOLE_RUN, || {
            !run.runs() || so_far.messages() > all * share / 100
        });
        assert!(run.runs(), "it ended before:\n{}", run.log());
        bench.kafka(&[end, broker]);
        let is_alone = !bench.brokers.contains(',');
        if is_alone && *end == "stop" {
            run.term();
            // It says that no broker can be reached, or that it was about to start again when the signal came.
            run.wait(PATIENCE).expect(143);
            bench.say("a signal ends the run while the broker is away; another run goes on");
            run = bench.run_in(&disturbed, &town, &checkpoints, &["--until-end"], &slowly(pace.pause_ms));
        }
        bench.kafka(&["start", broker]);
        let percent = 100 * so_far.messages() / all;
        bench.say(&format!("scripts/kafka {end} {broker}, start {broker}; {percent} % are published"));
    }
    let ended = run.wait(WHOLE_RUN).expect(0);
    bench.say(&format!(
        "starts again within the process: {}",
        ended.log.matches("the run starts again").count()
    ));
    let look = if transactional { Look::Each } else { Look::Last };
    let counts = expect_same(&bench.brokers, &plan, &disturbed, look);
    bench.say(&format!("equal: {counts:?}"));
}

/// Revoked partitions cost no results: no tick is whole without them.
#[test]
#[ignore = "needs a broker: scripts/kafka-suite"]
fn a_member_comes_and_goes() {
    let (mut bench, town, plan) = undisturbed("a_member_comes_and_goes", false, PACE.meters);
    let disturbed = plan.clone().named(&bench.own("b"));
    bench.make_topics(&disturbed, 4);
    let intervals = |plan: &Plan| Watcher::new(&bench.brokers, &plan.group(), &plan.topic("intervals"));
    let (all, so_far) = (intervals(&plan).messages(), intervals(&disturbed));
    let checkpoints = bench.path("checkpoints");
    let mut run = bench.run_in(&disturbed, &town, &checkpoints, &["--until-end"], &slowly("100"));
    for share in [15, 50] {
        until(&format!("{share} % are published"), WHOLE_RUN, || {
            !run.runs() || so_far.messages() > all * share / 100
        });
        assert!(run.runs(), "it ended before:\n{}", run.log());
        let partitions = visit(&bench.brokers, &disturbed.group(), &town.readings);
        bench.say(&format!("another member came, had {partitions} partitions, and went"));
    }
    let ended = run.wait(WHOLE_RUN).expect(0);
    let again = ended.log.matches("the run starts again").count();
    assert!(again > 0, "no partition was revoked:\n{}", ended.log);
    bench.say(&format!("starts again within the process: {again}"));
    let counts = expect_same(&bench.brokers, &plan, &disturbed, Look::Last);
    bench.say(&format!("equal: {counts:?}"));
}

#[test]
#[ignore = "needs a broker: scripts/kafka-suite"]
fn the_disk_is_full() {
    let Some(disk) = Disk::of_a_mebibyte() else {
        return println!("\nthe_disk_is_full: SKIPPED, because only root can mount a small disk");
    };
    let (mut bench, town, plan) = undisturbed("the_disk_is_full", false, PACE.meters);
    let disturbed = plan.clone().named(&bench.own("b"));
    bench.make_topics(&disturbed, 4);
    let mut run = bench.run_in(&disturbed, &town, &disk.at, &["--until-end"], &slowly("30"));
    let warnings = |log: &str| log.matches("the store of checkpoints fails, and is tried again").count();
    until("three warnings of a full disk", WHOLE_RUN, || !run.runs() || warnings(&run.log()) >= 3);
    assert!(run.runs(), "it ended before:\n{}", run.log());
    bench.say("the disk is full, and was so for three tries");
    disk.grow();
    bench.say("it has space again");
    let ended = run.wait(WHOLE_RUN).expect(0);
    let warnings = warnings(&ended.log);
    bench.say(&format!(
        "{warnings} warnings; then: {}",
        ended.log.lines().find(|line| line.contains(" -> ")).unwrap()
    ));
    let counts = expect_same(&bench.brokers, &plan, &disturbed, Look::Last);
    bench.say(&format!("equal: {counts:?}"));
}

/// A town, and the results of an undisturbed run.
fn undisturbed(name: &'static str, transactional: bool, meters: u32) -> (Bench, Town, Plan) {
    let mut bench = Bench::new(name);
    let (meters, days) = bench.form((meters, 5), (4000, 5));
    let town = bench.town(Size { meters, days, partitions: 4 });
    let plan = Plan::new("ami", &town.readings, &bench.own("a")).with("output.transactional", transactional);
    // Nothing here waits for a transaction that a broker has lost; by default that takes a minute.
    let plan = plan.with_client("transaction.timeout.ms", 15_000);
    bench.undisturbed(&plan, &town);
    (bench, town, plan)
}

/// A small disk in memory, unmounted when it is dropped.
struct Disk {
    at: PathBuf,
    _folder: tempfile::TempDir,
}

impl Disk {
    /// Returns nothing if this user may not mount a disk.
    fn of_a_mebibyte() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().to_owned();
        mount(&["-t", "tmpfs", "-o", "size=1m", "kafka-suite"], &at).then_some(Self { at, _folder: folder })
    }

    fn grow(&self) {
        assert!(mount(&["-o", "remount,size=256m"], &self.at), "cannot make the disk larger");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // After a failed check the killed run may hold its files for a moment.
        let unmounted = crate::bench::comes_true(PATIENCE, || ran(Command::new("umount").arg(&self.at)));
        if !unmounted {
            println!("{} is still mounted", self.at.display());
        }
    }
}

fn mount(how: &[&str], at: &Path) -> bool {
    ran(Command::new("mount").args(how).arg(at))
}

fn ran(command: &mut Command) -> bool {
    command.output().is_ok_and(|done| done.status.success())
}
