//! Dead letters are sent again: what they hold comes out as if it had never been dead.

use crate::bench::{Bench, PATIENCE, Town, WHOLE_RUN};
use crate::contents::{Look, expect_same, read};
use crate::plan::Plan;
use crate::topics;
use std::fs;
use std::process::Command;

const PARTITIONS: i32 = 3;

/// The readings of a town as lines, each with a partition that belongs to its meter and is not Gridwarden's own choice.
fn readings(bench: &Bench) -> Vec<(i32, String)> {
    let folder = bench.path("town");
    let mut simulate = Command::new(crate::bench::gridwarden());
    simulate.args([
        "-q",
        "simulate",
        "--meters",
        "30",
        "--days",
        "2",
        "--no-faults",
        "--thieves",
        "6%",
        "--out",
    ]);
    assert!(simulate.arg(&folder).status().unwrap().success());
    let text = fs::read_to_string(folder.join("readings.ndjson")).unwrap();
    let partition = |line: &str| {
        let meter = line.split('"').nth(3).unwrap();
        i32::from(meter.bytes().last().unwrap()) % PARTITIONS
    };
    text.lines().map(|line| (partition(line), line.to_owned())).collect()
}

#[test]
#[ignore = "needs a broker: scripts/kafka-suite"]
fn letters_of_a_mended_plan_are_sent_again_once() {
    let mut bench = Bench::new("letters_of_a_mended_plan_are_sent_again_once");
    let lines = readings(&bench);
    let count = lines.len();
    let topology = bench.path("town/topology.csv");
    let [town, other] =
        ["readings", "other"].map(|own| Town { readings: bench.own(own), topology: topology.clone() });
    for topic in [&town.readings, &other.readings] {
        topics::make(&bench.brokers, topic, PARTITIONS);
        topics::send(&bench.brokers, topic, lines.iter().cloned());
    }
    let good = Plan::new("ami", &other.readings, &bench.own("good"));
    bench.undisturbed(&good, &other);

    // The messages have no header, and the plan takes them for Arrow.
    let mended = Plan::new("ami", &town.readings, &bench.own("mended"));
    let wrong = mended.clone().with("kafka.format", "arrow");
    bench.make_topics(&wrong, 4);
    let checkpoints = bench.path("checkpoints");
    let arguments = ["--until-end"];
    let ended = bench.run(&wrong, &town, &checkpoints, &arguments).wait(WHOLE_RUN).expect(1);
    ended
        .says(&format!("more than half of the messages ({count}) became dead letters, most of them `torn`"))
        .says("check `format` in `[kafka]`");

    let count_in_words = grouped(count);
    let sent = |words: &str| {
        format!("{count_in_words} dead letters {words} again to {}: {count_in_words} torn", town.readings)
    };
    let dry = bench.resend(&mended, &["--dry-run"]).wait(PATIENCE).expect(0).says(&sent("would be sent"));
    bench.say(dry.log.lines().next().unwrap());
    let left = bench.path("left.ndjson");
    let save = ["--reason", "not-json", "--save", left.to_str().unwrap()];
    let none = bench.resend(&mended, &save).wait(PATIENCE).expect(0);
    none.says("0 dead letters sent again").says("`--reason` names others");
    let saved = fs::read_to_string(&left).unwrap();
    let from = format!("\"source\":\"{}/", town.readings);
    assert_eq!(saved.lines().filter(|line| line.contains(&from)).count(), count);
    bench.resend(&mended, &[]).wait(PATIENCE).expect(0).says(&sent("sent"));
    // They are withdrawn, so nothing is left to send.
    let again = bench.resend(&mended, &[]).wait(PATIENCE).expect(0).says("0 dead letters sent again");
    bench.say(again.log.lines().next().unwrap());
    let letters = read(&bench.brokers, &mended.topic("dead_letters"));
    assert_eq!(letters.len(), count);
    assert!(letters.values().all(|values| values.last().unwrap().is_empty()), "each is withdrawn");

    let ended = bench.run(&mended, &town, &checkpoints, &arguments).wait(WHOLE_RUN).expect(0);
    bench.say(ended.log.lines().find(|line| line.contains(" -> ")).unwrap());
    let counts = expect_same(
        &bench.brokers,
        &good.clone().without("dead_letters").without("health"),
        &mended.clone().without("dead_letters").without("health"),
        Look::Last,
    );
    bench.say(&format!("equal to a run of readings that never were dead: {counts:?}"));

    // All is sent three more times: most messages are late now, and that is no failure.
    (0..3).for_each(|_| topics::send(&bench.brokers, &other.readings, lines.iter().cloned()));
    let history = good.named(&bench.own("history"));
    bench.undisturbed(&history, &other);
}

#[test]
#[ignore = "needs a broker: scripts/kafka-suite"]
fn what_resend_cannot_find_is_reported() {
    let mut bench = Bench::new("what_resend_cannot_find_is_reported");
    let plan = Plan::new("ami", &bench.own("reedings"), &bench.own("a"));
    let ended = bench.resend(&plan, &[]).wait(PATIENCE).expect(1);
    ended.says(&format!("has no topic `{}` of dead letters", plan.topic("dead_letters")));
    topics::make(&bench.brokers, &plan.topic("dead_letters"), 1);
    let ended = bench.resend(&plan, &[]).wait(PATIENCE).expect(1);
    ended.says(&format!("has no topic `{}` of readings", bench.own("reedings")));
    topics::make(&bench.brokers, &bench.own("reedings"), 1);
    bench.resend(&plan, &[]).wait(PATIENCE).expect(0).says("0 dead letters sent again");

    // A file is sent once as well, and what was late is written to another file.
    let file = bench.path("dead-letters.ndjson");
    let letter = |reason: &str| {
        format!(
            "{{\"reason\":\"{reason}\",\"source\":\"a\",\"bytes\":\"{{\\\"meter\\\":\\\"M1\\\",\\\"time\\\":1704067200000,\\\"imp\\\":1}}\"}}\n"
        )
    };
    fs::write(&file, letter("time-format") + &letter("late")).unwrap();
    let (file, left) = (file.to_str().unwrap().to_owned(), bench.path("left.ndjson"));
    let arguments = ["--from", &file, "--save", left.to_str().unwrap()];
    let ended = bench.resend(&plan, &arguments).wait(PATIENCE).expect(0);
    ended.says("1 dead letter sent again").says("1 late").says("gridwarden replay");
    assert_eq!(fs::read_to_string(&left).unwrap().lines().count(), 1);
    let ended = bench.resend(&plan, &["--from", &file]).wait(PATIENCE).expect(0);
    ended.says("0 dead letters sent again").says("they were sent before");
    let sent = read(&bench.brokers, &bench.own("reedings"));
    assert_eq!(sent.keys().collect::<Vec<_>>(), [b"M1"], "under the meter's name");
}

/// `1,234`
fn grouped(count: usize) -> String {
    let text = count.to_string();
    match text.len() {
        0..=3 => text,
        len => format!("{},{}", &text[..len - 3], &text[len - 3..]),
    }
}
