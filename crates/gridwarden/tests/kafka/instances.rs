//! Three instances of one group: one leaves and comes back, one is killed, and nothing is lost.

use crate::bench::{Bench, PATIENCE, Size, Town, WHOLE_RUN, until};
use crate::contents::{Look, expect_same};
use crate::plan::Plan;
use crate::process::Process;
use crate::topics::{self, Watcher};
use std::thread;
use std::time::{Duration, Instant};

#[test]
#[ignore = "needs a broker: scripts/kafka-suite"]
fn three_instances() {
    check("three_instances", "classic");
}

/// KIP-848, the protocol in which the broker assigns the partitions.
#[test]
#[ignore = "needs a broker: scripts/kafka-suite"]
fn three_instances_of_the_new_protocol() {
    check("three_instances_of_the_new_protocol", "consumer");
}

/// Twelve partitions, as `gridwarden simulate` creates them.
const PARTITIONS: u32 = 12;
/// How long the town sends.
const SECONDS: u32 = 25;
/// The time between the ends of two instances.
const APART: Duration = Duration::from_secs(3);

fn check(name: &'static str, protocol: &str) {
    let mut bench = Bench::new(name);
    let (meters, days) = bench.form((500, 5), (4000, 5));
    let readings = bench.own("readings");
    topics::make(&bench.brokers, &readings, PARTITIONS as i32);
    let plan = Plan::new("j1", &readings, &bench.own("b")).with_client("group.protocol", protocol);
    bench.make_topics(&plan, PARTITIONS);
    let size = Size { meters, days, partitions: PARTITIONS };
    let (feed, town) = bench.town_that_sends(size, days * 86_400 / SECONDS);
    disturb(&mut bench, &plan, &town, feed, size.readings());
    let checkpoints = bench.path("checkpoints");
    bench.run(&plan, &town, &checkpoints, &["--until-end"]).wait(WHOLE_RUN).expect(0);
    let undisturbed = plan.clone().named(&bench.own("a"));
    bench.undisturbed(&undisturbed, &town);
    let counts = expect_same(&bench.brokers, &undisturbed, &plan, Look::Last);
    bench.say(&format!("equal: {counts:?}"));
}

#[expect(clippy::disallowed_methods, reason = "a check has a clock")]
fn disturb(bench: &mut Bench, plan: &Plan, town: &Town, feed: Process, readings: i64) {
    let checkpoints = bench.path("checkpoints");
    let watcher = Watcher::new(&bench.brokers, &plan.group(), &town.readings);
    let start = |bench: &mut Bench, instance| bench.run(plan, town, &checkpoints, &["--instance", instance]);
    let [first, second, third] = ["1", "2", "3"].map(|instance| start(bench, instance));
    let mut all = [first, second, third];
    all.iter_mut()
        .for_each(|process| assert!(process.until_it_says("partitions taken over"), "{}", process.log()));
    until("a fifth is read", PATIENCE, || watcher.kept() > readings / 5);
    let [first, second, third] = all;
    second.term();
    second.wait(PATIENCE).expect(143);
    bench.say("one was ended by a signal");
    let mut second = start(bench, "2");
    assert!(second.until_it_says("partitions taken over"), "{}", second.log());
    bench.say("it was started again, and has partitions");
    until("four fifths are sent", PATIENCE, || watcher.messages() > readings * 4 / 5);
    third.kill().expect(137);
    let killed = Instant::now();
    bench.say(&format!("one was killed, lag {}", watcher.lag()));
    feed.wait(WHOLE_RUN).expect(0);
    bench.say(&format!(
        "all is sent {:.1} s after the kill, lag {}",
        killed.elapsed().as_secs_f64(),
        watcher.lag()
    ));
    until("the lag is zero", PATIENCE, || watcher.lag() == 0);
    bench.say(&format!("lag zero {:.1} s after the kill", killed.elapsed().as_secs_f64()));
    for process in [first, second] {
        process.term();
        process.wait(PATIENCE).expect(143);
        // Their names are still known to the group for a while, and it forgets them one by one. So the run to the end
        // gets their partitions in parts.
        thread::sleep(APART);
    }
}
