//! Three brokers, every partition on each of them: one after the other is killed, and nothing is lost.

use crate::outages::{End, check};

/// While one broker starts, which takes ten seconds, the run goes on with the others.
const PAUSE_MS: &str = "600";
const EACH: [End; 3] = [("kill", "1", 15), ("kill", "2", 40), ("kill", "3", 65)];

#[test]
#[ignore = "needs three brokers: scripts/kafka-suite"]
fn each_of_three_brokers_is_killed() {
    check("each_of_three_brokers_is_killed", false, &EACH, PAUSE_MS);
}

#[test]
#[ignore = "needs three brokers: scripts/kafka-suite"]
fn each_of_three_brokers_is_killed_within_transactions() {
    check("each_of_three_brokers_is_killed_within_transactions", true, &EACH, PAUSE_MS);
}
