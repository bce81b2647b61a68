//! The counts of a run, for its summary.

use health::Summary;
use notify::Sent;
use pipeline::Outputs;
use shell::DeadShare;

/// The counts of a partition while this process had it.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    pub messages: u64,
    pub readings: u64,
    pub intervals: u64,
    pub dead: DeadShare,
    pub late: u64,
    pub repeats: u64,
    pub found: Found,
}

impl Tally {
    /// Adds the counts of another partition.
    pub fn add(&mut self, other: &Self) {
        self.messages += other.messages;
        self.readings += other.readings;
        self.intervals += other.intervals;
        self.dead.add(&other.dead);
        self.late += other.late;
        self.repeats += other.repeats;
        self.found.add(&other.found);
    }
}

/// The findings of a second stage, or of a lane.
#[derive(Debug, Clone, Default)]
pub struct Found {
    pub alerts: u64,
    pub sent: Sent,
    pub cases: u64,
    /// What was wrong with the readings.
    pub health: Summary,
}

impl Found {
    /// Counts published results.
    pub fn count(&mut self, out: &Outputs) {
        self.alerts += (out.alerts.len() + out.above.len()) as u64;
        self.sent.count(&out.messages);
        let opened = |change: &&cases::Change| matches!(change, cases::Change::Opened(_));
        self.cases += out.changes.iter().filter(opened).count() as u64;
    }

    /// Adds the findings of another part of the town.
    pub fn add(&mut self, other: &Self) {
        self.alerts += other.alerts;
        self.sent.add(&other.sent);
        self.cases += other.cases;
        self.health.add(&other.health);
    }
}
