//! The books of one story: what was used while it lasted, and what no register counted.

use crate::step::Step;

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Account {
    used_wh: f64,
    lost_wh: f64,
}

impl Account {
    /// Books a step: the power that was drawn while the story lasted, and the part that was not registered.
    pub(crate) fn book(&mut self, step: &Step, used: f64, lost: f64) {
        self.used_wh += used * step.hours();
        self.lost_wh += lost * step.hours();
    }

    pub(crate) fn used_wh(&self) -> i64 {
        self.used_wh.round() as i64
    }

    pub(crate) fn lost_wh(&self) -> i64 {
        self.lost_wh.round() as i64
    }
}
