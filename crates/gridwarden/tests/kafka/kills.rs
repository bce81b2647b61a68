//! A run that is killed at any moment publishes, in the end, what an undisturbed run publishes.

use crate::bench::{self, Bench, Size, WHOLE_RUN, comes_true, slowly};
use crate::contents::{Look, expect_same};
use crate::plan::Plan;
use crate::process::Process;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

#[test]
#[ignore = "needs a broker: scripts/kafka-suite"]
fn killed_with_a_second_stage() {
    check("killed_with_a_second_stage", "ami", false, &ORDERLY);
}

#[test]
#[ignore = "needs a broker: scripts/kafka-suite"]
fn killed_while_meters_deliver_in_bursts() {
    check("killed_while_meters_deliver_in_bursts", "ami", false, &BURSTS);
}

#[test]
#[ignore = "needs a broker: scripts/kafka-suite"]
fn killed_without_a_second_stage() {
    check("killed_without_a_second_stage", "j1", false, &ORDERLY);
}

#[test]
#[ignore = "needs a broker: scripts/kafka-suite"]
fn killed_within_transactions() {
    check("killed_within_transactions", "ami", true, &ORDERLY);
}

#[test]
#[ignore = "needs a broker: scripts/kafka-suite"]
fn killed_within_transactions_without_a_second_stage() {
    check("killed_within_transactions_without_a_second_stage", "j1", true, &ORDERLY);
}

/// How the meters of a town deliver, and how often the process is killed.
struct Town {
    partitions: u32,
    options: &'static [&'static str],
    /// In the short form of the suite.
    kills: i32,
}

const ORDERLY: Town = Town { partitions: 4, options: &[], kills: 8 };

/// A third of the meters deliver once a day, and the clocks of some concentrators are ahead.
const BURSTS: Town =
    Town { partitions: 12, options: &["--daily", "30%", "--fast-concentrators", "5%"], kills: 20 };

/// When a process is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    /// So long after its start: it looks for topics, joins the group, reads its checkpoints.
    Starting(Duration),
    /// When a file appears in the folder of checkpoints, or one that is being written.
    Checkpoint,
    /// So long after it was given partitions.
    Working(Duration),
}

fn check(name: &'static str, which: &str, transactional: bool, of: &Town) {
    let mut bench = Bench::new(name);
    let size = bench.form((500, 5), (4000, 5));
    let size = Size { meters: size.0, days: size.1, partitions: of.partitions };
    let town = bench.town_with(size, of.options);
    let plan = Plan::new(which, &town.readings, &bench.own("a"));
    // A killed member is known to be dead soon, so that most of the time is spent on work.
    let plan = plan.with_client("session.timeout.ms", 2000).with_client("heartbeat.interval.ms", 500);
    let plan = plan.with("output.transactional", transactional).with_client("transaction.timeout.ms", 15_000);
    bench.undisturbed(&plan, &town);
    let killed = plan.clone().named(&bench.own("b"));
    // Slow enough that even a fast machine has readings left at the last kill. One stage alone is the faster of the
    // two.
    let pause = bench.form("300", if which == "j1" { "180" } else { "60" });
    bench.make_topics(&killed, of.partitions);
    let kills = bench.form(of.kills, 50);
    kill_again_and_again(&mut bench, &killed, &town, kills, pause);
    let look = if transactional { Look::Each } else { Look::Last };
    let counts = expect_same(&bench.brokers, &plan, &killed, look);
    bench.say(&format!("equal: {counts:?}"));
    assert!(which == "j1" || counts["alerts"] > 0, "a town without alerts shows little");
}

fn kill_again_and_again(bench: &mut Bench, plan: &Plan, town: &bench::Town, times: i32, pause: &'static str) {
    let checkpoints = bench.path("checkpoints");
    let mut kills = [0; 3];
    for turn in 0..times {
        let moment = match turn % 4 {
            0 => Moment::Starting(bench.random.within_ms(600)),
            1 => Moment::Checkpoint,
            _ => Moment::Working(bench.random.within_ms(1500)),
        };
        let before = files(&checkpoints);
        let mut process = bench.run_in(plan, town, &checkpoints, &["--until-end"], &slowly(pause));
        await_moment(&mut process, moment, &checkpoints, &before);
        if !process.runs() {
            let ended = process.wait(WHOLE_RUN).expect(0);
            bench.say(&format!("turn {turn}, {moment:?}: it ended before: {}", ended.log));
            continue;
        }
        process.kill().expect(137);
        kills[match moment {
            Moment::Starting(_) => 0,
            Moment::Checkpoint => 1,
            Moment::Working(_) => 2,
        }] += 1;
    }
    let ended = bench.run(plan, town, &checkpoints, &["--until-end"]).wait(WHOLE_RUN).expect(0);
    let words = ended.log.lines().find(|line| line.contains(" -> ") || line.contains("nothing new"));
    let ([starting, checkpoint, working], all) = (kills, kills.iter().sum::<i32>());
    bench.say(&format!(
        "killed {all} times: {starting} at the start, {checkpoint} at a checkpoint, {working} at work; then: {}",
        words.unwrap_or_default()
    ));
    assert!(all >= times - times / 8 && working > times / 4, "the log is too short for so many kills");
}

fn await_moment(process: &mut Process, moment: Moment, checkpoints: &Path, before: &BTreeSet<PathBuf>) {
    match moment {
        Moment::Starting(after) => thread::sleep(after),
        Moment::Checkpoint => {
            comes_true(WHOLE_RUN, || !files(checkpoints).is_subset(before) || !process.runs());
        }
        Moment::Working(after) => {
            if process.until_it_says("partitions taken over") {
                thread::sleep(after);
            }
        }
    }
}

/// All files below a folder; some may go while it is looked at.
fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(entry.path());
            } else {
                found.insert(entry.path());
            }
        }
    }
    found
}
