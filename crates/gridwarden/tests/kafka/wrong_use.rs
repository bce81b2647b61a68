//! Mistakes of users and damaged files: each is reported with help, and nothing is lost.

use crate::bench::{Bench, PATIENCE, Size, Town, WHOLE_RUN, slowly, until};
use crate::contents::{Look, expect_same};
use crate::plan::Plan;
use crate::process::Process;
use crate::topics::Watcher;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::thread;

const SIZE: Size = Size { meters: 200, days: 5, partitions: 4 };

/// A run that is in the middle of its readings, and has stored several checkpoints.
fn half_way(bench: &mut Bench, plan: &Plan, town: &Town, checkpoints: &Path) -> Process {
    let watcher = Watcher::new(&bench.brokers, &plan.group(), &town.readings);
    let readings = watcher.messages();
    let mut run = bench.run_in(plan, town, checkpoints, &["--until-end"], &slowly("300"));
    let mut kept = BTreeSet::new();
    until("a quarter is kept, and three checkpoints", WHOLE_RUN, || {
        kept.insert(watcher.kept());
        !run.runs() || (kept.len() > 3 && kept.last() > Some(&(readings / 4)))
    });
    assert!(run.runs(), "it ended before:\n{}", run.log());
    run
}

#[test]
#[ignore = "needs a broker: scripts/kafka-suite"]
fn missing_topics_are_reported() {
    let mut bench = Bench::new("missing_topics_are_reported");
    let town = bench.town(Size { meters: 5, days: 1, partitions: 1 });
    let plan = Plan::new("ami", &town.readings, &bench.own("b"));
    let checkpoints = bench.path("checkpoints");
    let ended = bench.run(&plan, &town, &checkpoints, &["--until-end"]).wait(PATIENCE).expect(1);
    let ended = ended.says(&plan.topic("alerts")).says("`--create-topics` makes them");
    bench.say(ended.log.lines().next().unwrap());
    bench.undisturbed(&plan, &town);
    // A run never creates the topic of readings: an empty one would hide a misspelt name.
    let misspelt = Plan::new("ami", &bench.own("reedings"), &bench.own("c"));
    let arguments = ["--until-end", "--create-topics"];
    let ended = bench.run(&misspelt, &town, &bench.path("other"), &arguments).wait(PATIENCE).expect(1);
    ended
        .says(&format!("has no topic `{}` of readings", bench.own("reedings")))
        .says("check the name in the plan");
}

#[test]
#[ignore = "needs a broker: scripts/kafka-suite"]
fn a_run_ended_by_a_signal_goes_on_later() {
    let mut bench = Bench::new("a_run_ended_by_a_signal_goes_on_later");
    let town = bench.town(SIZE);
    for (which, transactional) in [("ami", false), ("ami", true), ("j1", false)] {
        let own = format!("{which}-{transactional}");
        let plan =
            Plan::new(which, &town.readings, &bench.own(&own)).with("output.transactional", transactional);
        bench.undisturbed(&plan, &town);
        let ended = plan.clone().named(&bench.own(&format!("{own}-ended")));
        bench.make_topics(&ended, 4);
        let checkpoints = bench.path(&own);
        for _ in 0..3 {
            let mut run = bench.run_in(&ended, &town, &checkpoints, &["--until-end"], &slowly("300"));
            if run.until_it_says("partitions taken over") {
                thread::sleep(bench.random.within_ms(1000));
            }
            run.term();
            run.wait(PATIENCE).expect(143).says("the next start goes on from");
        }
        bench.run(&ended, &town, &checkpoints, &["--until-end"]).wait(WHOLE_RUN).expect(0);
        let look = if transactional { Look::Each } else { Look::Last };
        let counts = expect_same(&bench.brokers, &plan, &ended, look);
        bench.say(&format!("{own}: ended by a signal three times; equal: {counts:?}"));
    }
}

#[test]
#[ignore = "needs a broker: scripts/kafka-suite"]
fn a_second_run_on_the_same_folder_is_refused() {
    let mut bench = Bench::new("a_second_run_on_the_same_folder_is_refused");
    let town = bench.town(SIZE);
    let plan = Plan::new("ami", &town.readings, &bench.own("b"));
    bench.make_topics(&plan, 4);
    let checkpoints = bench.path("checkpoints");
    let first = half_way(&mut bench, &plan, &town, &checkpoints);
    let second = bench.run(&plan, &town, &checkpoints, &["--until-end"]).wait(PATIENCE).expect(1);
    bench.say(second.says("another run keeps its checkpoints in").log.lines().next().unwrap());
    first.wait(WHOLE_RUN).expect(0);
}

#[test]
#[ignore = "needs a broker: scripts/kafka-suite"]
fn another_plan_is_accepted_only_with_the_option() {
    let mut bench = Bench::new("another_plan_is_accepted_only_with_the_option");
    let town = bench.town(SIZE);
    for (own, key, value, lost) in [
        ("cases", "cases.cool_down", "48 h", &[][..]),
        ("zone", "time_zone", "Europe/London", &["`groups`", "`supply-indices`", "`demand`"]),
        ("intervals", "intervals.grace", "50 min", &["`meters`"]),
    ] {
        let plan = Plan::new("ami", &town.readings, &bench.own(own));
        bench.make_topics(&plan, 4);
        let checkpoints = bench.path(own);
        let half = half_way(&mut bench, &plan, &town, &checkpoints);
        half.kill().expect(137);
        let other = plan.clone().with(key, value);
        let mut more = vec!["--until-end"];
        if !lost.is_empty() {
            let mut refused = bench.run(&other, &town, &checkpoints, &more).wait(PATIENCE).expect(2);
            for words in lost.iter().chain(&["do not fit this plan", "--accept-new-plan"]) {
                refused = refused.says(words);
            }
            let parts = refused.log.lines().skip_while(|line| !line.contains("do not fit"));
            parts.for_each(|line| bench.say(line));
            more.push("--accept-new-plan");
        }
        let mut taken = bench.run(&other, &town, &checkpoints, &more).wait(WHOLE_RUN).expect(0);
        for part in lost {
            taken = taken.says(&format!("goes on without {part}"));
        }
        bench.say(taken.log.lines().find(|line| line.contains(" -> ")).unwrap());
        // From now on the checkpoints belong to the other plan.
        bench
            .run(&other, &town, &checkpoints, &["--until-end"])
            .wait(WHOLE_RUN)
            .expect(0)
            .says("nothing new");
    }
}

#[test]
#[ignore = "needs a broker: scripts/kafka-suite"]
fn a_damaged_checkpoint_is_passed_over() {
    let mut bench = Bench::new("a_damaged_checkpoint_is_passed_over");
    let town = bench.town(SIZE);
    for (which, folder) in [("ami", "grid"), ("ami", "topics"), ("j1", "topics")] {
        let own = format!("{which}-{folder}");
        let plan = Plan::new(which, &town.readings, &bench.own(&own));
        bench.undisturbed(&plan, &town);
        let damaged = plan.clone().named(&bench.own(&format!("{own}-damaged")));
        bench.make_topics(&damaged, 4);
        let checkpoints = bench.path(&own);
        half_way(&mut bench, &damaged, &town, &checkpoints).kill().expect(137);
        let newest = newest(&checkpoints.join(folder));
        let shown = newest.file_name().unwrap().to_string_lossy().into_owned();
        let half = fs::metadata(&newest).unwrap().len() / 2;
        File::options().write(true).open(&newest).unwrap().set_len(half).unwrap();
        let ended = bench.run(&damaged, &town, &checkpoints, &["--until-end"]).wait(WHOLE_RUN);
        ended.expect(0).says(&shown);
        expect_same(&bench.brokers, &plan, &damaged, Look::Last);
        bench.say(&format!("{which}, {folder}/.../{shown} was cut: it was passed over, and all is equal"));
    }
}

/// The piece that was written last. The lock and incomplete files do not count.
fn newest(folder: &Path) -> PathBuf {
    let mut newest = None;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let is_piece = path.extension().is_some_and(|end| end == "full" || end == "changes");
            if path.is_dir() {
                folders.push(path);
            } else if is_piece {
                newest = newest.max(Some((fs::metadata(&path).unwrap().modified().unwrap(), path)));
            }
        }
    }
    newest.unwrap().1
}
