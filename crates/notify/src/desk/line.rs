//! The line to one address: how much it got lately, and what waits for a digest.

use super::notice::Notice;
use super::rules::Receiver;
use crate::notifier::NAMED;
use cases::Severity;
use reading::time::{DAY, HOUR};
use reading::{Calendar, EventTime};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// An errand that waits, and the route that it came by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Held {
    pub(crate) route: String,
    pub(crate) notice: Notice,
}

/// What is remembered of an address: messages of the last 24 hours, and what waits. Both are bounded.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) sent: VecDeque<EventTime>,
    /// The first few that wait, as many as a digest names.
    pub(crate) held: Vec<Held>,
    /// How many others wait.
    pub(crate) more: u64,
    /// Whether they are of more than one kind.
    pub(crate) is_mixed: bool,
    /// The most severe that waits.
    pub(crate) severity: Option<Severity>,
}

impl Line {
    /// How many errands wait.
    pub(crate) fn waiting(&self) -> u64 {
        self.held.len() as u64 + self.more
    }

    /// Whether it had anything to forget.
    pub(crate) fn forget_before_today(&mut self, now: EventTime) -> bool {
        let before = self.sent.len();
        while self.sent.front().is_some_and(|time| now.since(*time) >= DAY) {
            self.sent.pop_front();
        }
        self.sent.len() < before
    }

    /// Whether a message of this severity may go out now. The limits hold for every severity.
    pub(crate) fn may_send(
        &self,
        receiver: &Receiver,
        severity: Severity,
        now: EventTime,
        calendar: &Calendar,
    ) -> bool {
        let this_hour = self.sent.iter().rev().take_while(|time| now.since(**time) < HOUR).count();
        let is_quiet = receiver
            .quiet
            .is_some_and(|quiet| severity < quiet.but && quiet.hours.has(calendar.minute_of_day(now)));
        !is_quiet && this_hour < receiver.per_hour as usize && self.sent.len() < receiver.per_day as usize
    }

    /// Whether something of this severity must wait behind what waits already.
    pub(crate) fn is_ahead(&self, severity: Severity) -> bool {
        self.severity.is_some_and(|waits| waits >= severity)
    }

    /// Lets these wait for a digest, and others of the same kind that nobody names.
    pub(crate) fn hold(&mut self, route: &str, notices: &[&Notice], unnamed: u64) {
        for &notice in notices {
            self.severity = self.severity.max(Some(notice.severity));
            self.is_mixed |= self.held.first().is_some_and(|first| first.notice.kind != notice.kind);
            if self.held.len() < NAMED {
                self.held.push(Held { route: route.to_owned(), notice: notice.clone() });
            } else {
                self.more += 1;
            }
        }
        self.more += unnamed;
    }

    /// Takes all that waits.
    pub(crate) fn take(&mut self) -> Self {
        let sent = std::mem::take(&mut self.sent);
        std::mem::replace(self, Self { sent, ..Self::default() })
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.sent.is_empty() && self.held.is_empty()
    }
}
