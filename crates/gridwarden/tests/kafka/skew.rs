//! Partitions at different times: one that is a day ahead, one without messages, one that is slow.

use crate::bench::{Bench, PATIENCE, Town, WHOLE_RUN, until};
use crate::contents::{Contents, Look, expect_same, read};
use crate::plan::Plan;
use crate::topics;
use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;

/// 2024-01-01T00:00:00Z, ms since 1970.
const BEGIN: i64 = 1_704_067_200_000;
/// A quarter of an hour.
const QUARTER: i64 = 15 * 60_000;
const DAY: i64 = 96;

/// A transformer whose consumers lie in two partitions: `A` with its own meter in the first, `B` in the second.
struct Street {
    consumers: [u32; 2],
    town: Town,
}

impl Street {
    fn new(bench: &Bench, consumers: [u32; 2]) -> Self {
        let street = Self {
            consumers,
            town: Town { readings: bench.own("readings"), topology: bench.path("topology.csv") },
        };
        topics::make(&bench.brokers, &street.town.readings, 2);
        let mut rows =
            "meter,role,transformer,feeder,area,phase,class,sanctioned_w,phone,reader_phone,from,to\n"
                .to_owned();
        for meter in street.meters(0).into_iter().chain(street.meters(1)) {
            let role = if meter == "T1" { "transformer" } else { "consumer" };
            rows += &format!("{meter},{role},T1,F1,A1,a,domestic,3000,,+000200000001,,\n");
        }
        fs::write(&street.town.topology, rows).unwrap();
        street
    }

    fn meters(&self, partition: usize) -> Vec<String> {
        let letter = ["A", "B"][partition];
        let consumers = (1..=self.consumers[partition]).map(|number| format!("{letter}{number}"));
        (partition == 0).then(|| "T1".to_owned()).into_iter().chain(consumers).collect()
    }

    /// Sends the readings of a partition's meters for these quarters of an hour.
    fn send(&self, bench: &Bench, partition: usize, quarters: Range<i64>) {
        let meters = self.meters(partition);
        let messages = quarters.flat_map(|quarter| {
            meters.iter().map(move |meter| (partition as i32, self.reading(meter, quarter)))
        });
        topics::send(&bench.brokers, &self.town.readings, messages);
    }

    fn reading(&self, meter: &str, quarter: i64) -> String {
        let consumers = i64::from(self.consumers[0] + self.consumers[1]);
        let wh = quarter * 50 * if meter == "T1" { consumers } else { 1 };
        let time = BEGIN + (quarter + 1) * QUARTER;
        format!(r#"{{"meter":"{meter}","time":{time},"imp":{wh},"v":230,"i":0.9,"in":0.9,"p":200}}"#)
    }

    fn plan(&self, bench: &Bench) -> Plan {
        let plan = Plan::new("ami", &self.town.readings, &bench.own("b")).with("kafka.idle_after", "1 s");
        bench.make_topics(&plan, 2);
        plan
    }

    /// No reading was late, and every half hour of every meter up to this quarter is published.
    fn expect_all_published(&self, bench: &Bench, plan: &Plan, upto: i64) {
        assert_eq!(read(&bench.brokers, &plan.topic("dead_letters")), Contents::new(), "dead letters");
        let intervals = read(&bench.brokers, &plan.topic("intervals"));
        for meter in self.meters(0).into_iter().chain(self.meters(1)) {
            for quarter in (2..=upto).step_by(2) {
                let key = format!("{meter}/{}", end_of(quarter));
                assert!(intervals.contains_key(key.as_bytes()), "{key} is not published");
            }
        }
        bench.say(&format!("all {} intervals are published", intervals.len()));
    }
}

/// The end of the half hour before a quarter.
fn end_of(quarter: i64) -> String {
    assert!(quarter < 3 * DAY, "the days of one month have two digits");
    let minutes = quarter % DAY * 15;
    format!("2024-01-{:02}T{:02}:{:02}:00Z", 1 + quarter / DAY, minutes / 60, minutes % 60)
}

/// How many meters reported to a balance, by its end.
fn reporting(bench: &Bench, plan: &Plan) -> BTreeMap<String, u64> {
    let one = |(key, values): (&Vec<u8>, &Vec<Vec<u8>>)| {
        let key = String::from_utf8(key.clone()).unwrap();
        let value: serde_json::Value = serde_json::from_slice(values.last().unwrap()).unwrap();
        (key.split_once('/').unwrap().1.to_owned(), value["reporting"].as_u64().unwrap())
    };
    read(&bench.brokers, &plan.topic("balances")).iter().map(one).collect()
}

#[test]
#[ignore = "needs a broker: scripts/kafka-suite"]
fn a_partition_a_day_ahead_loses_nothing() {
    let mut bench = Bench::new("a_partition_a_day_ahead_loses_nothing");
    let street = Street::new(&bench, [5, 5]);
    // No partition becomes idle here: the one that is ahead has to wait for the other.
    let plan = street.plan(&bench).with("kafka.idle_after", "300 s");
    let checkpoints = bench.path("checkpoints");
    let mut run = bench.run(&plan, &street.town, &checkpoints, &[]);
    assert!(run.until_it_says("partitions taken over"), "{}", run.log());
    street.send(&bench, 0, 0..2 * DAY);
    for day in 0..2 {
        street.send(&bench, 1, day * DAY..(day + 1) * DAY);
        let last = end_of((day + 1) * DAY - 2);
        until(&format!("the balance of {last}"), PATIENCE, || reporting(&bench, &plan).contains_key(&last));
    }
    run.term();
    run.wait(PATIENCE).expect(143);
    bench.run(&plan, &street.town, &checkpoints, &["--until-end"]).wait(WHOLE_RUN).expect(0);
    street.expect_all_published(&bench, &plan, 2 * DAY);
    assert!(reporting(&bench, &plan).values().all(|&meters| meters == 10), "{:?}", reporting(&bench, &plan));
    let undisturbed = plan.clone().named(&bench.own("a"));
    bench.undisturbed(&undisturbed, &street.town);
    expect_same(&bench.brokers, &undisturbed, &plan, Look::Last);
}

#[test]
#[ignore = "needs a broker: scripts/kafka-suite"]
fn an_idle_partition_does_not_hold_others_for_ever() {
    let mut bench = Bench::new("an_idle_partition_does_not_hold_others_for_ever");
    let street = Street::new(&bench, [5, 5]);
    let plan = street.plan(&bench).with("kafka.idle_after", "2 s");
    let run = bench.run(&plan, &street.town, &bench.path("checkpoints"), &[]);
    let quarters = DAY / 4;
    (0..2).for_each(|partition| street.send(&bench, partition, 0..quarters));
    street.send(&bench, 0, quarters..2 * quarters);
    let last = end_of(2 * quarters - 2);
    until(&format!("the balance of {last}, of one partition"), PATIENCE, || {
        reporting(&bench, &plan).contains_key(&last)
    });
    bench.say("the balances go on without the silent partition");
    street.send(&bench, 1, quarters..2 * quarters);
    // From here on both partitions send at the same time again.
    for quarter in 2 * quarters..3 * quarters {
        (0..2).for_each(|partition| street.send(&bench, partition, quarter..quarter + 1));
    }
    let last = end_of(3 * quarters - 2);
    until(&format!("the balance of {last}, of both"), PATIENCE, || {
        reporting(&bench, &plan).get(&last) == Some(&10)
    });
    street.expect_all_published(&bench, &plan, 3 * quarters - 2);
    run.term();
    run.wait(PATIENCE).expect(143);
}

/// More rows wait for the empty partition than may wait, and yet the run to the end finishes.
#[test]
#[ignore = "needs a broker: scripts/kafka-suite"]
fn an_empty_partition_does_not_hold_a_run_to_the_end() {
    let mut bench = Bench::new("an_empty_partition_does_not_hold_a_run_to_the_end");
    let street = Street::new(&bench, [0, 0]);
    let plan = street.plan(&bench).with("intervals.length", "1 min").with("intervals.grace", "1 min");
    // Steps of voltages within a minute name no neighbour.
    let plan = plan.with("intervals.snap", "15 s").without_section("index");
    let (meters, minutes) = (1100, 1300);
    let minute = |minute: i64| {
        let time = BEGIN + minute * 60_000;
        let line = |meter| format!("{{\"meter\":\"C{meter}\",\"time\":{time},\"imp\":{}}}\n", minute * 5);
        (1, (0..meters).map(line).collect::<String>())
    };
    topics::send(&bench.brokers, &street.town.readings, (0..minutes).map(minute));
    let run = bench.run(&plan, &street.town, &bench.path("checkpoints"), &["--until-end"]);
    let summary = format!("{} readings in {minutes} messages", meters * minutes);
    run.wait(2 * PATIENCE).expect(0).says(&summary);
    bench.say(&summary);
}

#[test]
#[ignore = "needs a broker: scripts/kafka-suite"]
fn a_slow_partition_is_not_idle() {
    let mut bench = Bench::new("a_slow_partition_is_not_idle");
    let street = Street::new(&bench, [5, 60]);
    let plan = street.plan(&bench);
    (0..2).for_each(|partition| street.send(&bench, partition, 0..2 * DAY));
    // A fetch of the slow partition takes longer than `idle_after`.
    let run =
        bench.run_in(&plan, &street.town, &bench.path("checkpoints"), &[], &crate::bench::slowly("1500"));
    let last = end_of(2 * DAY - 2);
    until(&format!("the balance of {last}"), WHOLE_RUN, || reporting(&bench, &plan).contains_key(&last));
    bench.say("all is read");
    let lonely: Vec<_> = reporting(&bench, &plan).into_iter().filter(|(_, meters)| *meters != 65).collect();
    assert_eq!(lonely, [], "balances without the slow partition");
    street.expect_all_published(&bench, &plan, 2 * DAY - 2);
    run.term();
    run.wait(PATIENCE).expect(143);
}

/// Most meters of a partition deliver their day at once, between two ticks: more readings than a lane keeps. They join the
/// balances of that day all the same, in memory and through the exchange.
#[test]
#[ignore = "needs a broker: scripts/kafka-suite"]
fn a_backlog_of_any_length_joins_its_balances() {
    let mut bench = Bench::new("a_backlog_of_any_length_joins_its_balances");
    let street = Street::new(&bench, [20, 800]);
    let [first, second] = [0, 1].map(|partition| street.meters(partition));
    let (in_time, behind) = second.split_at(20);
    let of = |partition: i32, meters: &[String], quarter: i64| -> Vec<(i32, String)> {
        meters.iter().map(|meter| (partition, street.reading(meter, quarter))).collect()
    };
    let mut messages = Vec::new();
    for quarter in 0..DAY {
        messages.extend(of(0, &first, quarter));
        messages.extend(of(1, in_time, quarter));
    }
    for meter in behind {
        let day: Vec<String> = (0..DAY).map(|quarter| street.reading(meter, quarter)).collect();
        messages.push((1, day.join("\n")));
    }
    for quarter in DAY..DAY + 4 {
        messages.extend(of(0, &first, quarter));
        messages.extend(of(1, &second, quarter));
    }
    topics::send(&bench.brokers, &street.town.readings, messages.into_iter());
    for exchange in ["memory", "kafka"] {
        let plan = Plan::new("ami", &street.town.readings, &bench.own(exchange));
        let plan = plan.with("kafka.idle_after", "300 s").with("grid.exchange", exchange);
        bench.undisturbed(&plan, &street.town);
        let reporting = reporting(&bench, &plan);
        for quarter in (2..=DAY).step_by(2) {
            let end = end_of(quarter);
            assert_eq!(reporting.get(&end), Some(&820), "{exchange}: the balance of {end}");
        }
        bench.say(&format!("{exchange}: {} balances with all 820 consumers", DAY / 2));
    }
}
