//! Three brokers that all hold every partition. One after the other is killed, and nothing is lost.
//!
//! The short form of the suite has it within transactions alone, which is the harder case, and kills two of the three.

use crate::outages::{End, Pace, check};

/// Slow enough: a broker takes ten seconds and more to start, and meanwhile the run goes on with the others.
const PACE: Pace = Pace { meters: 1600, pause_ms: "600" };
const EACH: [End; 3] = [("kill", "1", 15), ("kill", "2", 40), ("kill", "3", 65)];

#[test]
#[ignore = "needs three brokers: scripts/kafka-suite"]
fn each_of_three_brokers_is_killed_in_full() {
    check("each_of_three_brokers_is_killed_in_full", false, &EACH, PACE);
}

#[test]
#[ignore = "needs three brokers: scripts/kafka-suite"]
fn each_of_three_brokers_is_killed_within_transactions() {
    check("each_of_three_brokers_is_killed_within_transactions", true, &EACH, PACE);
}
