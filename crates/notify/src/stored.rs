//! The stored form of what the notifier remembers.

use crate::notifier::{Line, Named};
use crate::{Address, Notifier};
use reading::MeterId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The stored state of [`Notifier`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NotifierState {
    lines: BTreeMap<Address, Line>,
    named: BTreeMap<MeterId, Named>,
}

impl Notifier {
    /// Goes up when the form of [`NotifierState`] changes.
    pub const STATE_VERSION: u16 = 1;

    /// What must be stored to go on later.
    pub fn snapshot(&self) -> NotifierState {
        NotifierState { lines: self.lines.clone(), named: self.named.clone() }
    }

    /// Goes on from what was stored, with the settings and routes that it has.
    pub fn restore(&mut self, stored: NotifierState) {
        let NotifierState { lines, named } = stored;
        (self.lines, self.named) = (lines, named);
    }
}
