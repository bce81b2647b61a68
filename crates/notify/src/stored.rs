//! The stored form of what the notifier remembers.

use crate::notifier::{Line, Named};
use crate::{Notifier, Phone, Routes, Throttle};
use reading::MeterId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The stored state of [`Notifier`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NotifierState {
    lines: BTreeMap<Phone, Line>,
    named: BTreeMap<MeterId, Named>,
}

impl Notifier {
    /// Goes up when the form of [`NotifierState`] changes.
    pub const STATE_VERSION: u16 = 1;

    /// What must be stored to go on later.
    pub fn snapshot(&self) -> NotifierState {
        NotifierState { lines: self.lines.clone(), named: self.named.clone() }
    }

    /// Goes on from what was stored, with these routes and this throttle.
    pub fn restore(routes: Routes, throttle: Throttle, stored: NotifierState) -> Self {
        let NotifierState { lines, named } = stored;
        Self { lines, named, ..Self::new(routes, throttle) }
    }
}
