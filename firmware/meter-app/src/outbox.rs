//! What waits to be said on the line.

use meter_wire::command::Outcome;
use meter_wire::{EVENTS, Reading};

/// Answers that wait. A gateway sends a command, and the next one after its answer or a time-out.
const ANSWERS: usize = 4;

/// Events that wait. Each is in the log as well.
const WAITING: usize = 16;

/// How long a reading of registers waits for its receipt until it is sent again, in seconds.
const RECEIPT_S: u16 = 60;

/// A few things in the order in which they came. The oldest makes room.
#[derive(Debug, Clone, Copy)]
struct Few<T, const N: usize> {
    items: [T; N],
    count: usize,
}

/// Everything that waits.
#[derive(Debug, Clone)]
pub(crate) struct Outbox {
    answers: Few<(u64, Outcome), ANSWERS>,
    events: Few<u16, WAITING>,
    /// The newest reading, if it was not sent. An older one is of no use any more: its registers are in this one.
    pub(crate) live: Option<Reading>,
    /// Intervals up to here were sent, and up to there a receipt came. One at a time waits for its receipt: what a line
    /// loses is then never passed over.
    sent: u32,
    kept: u32,
    unreceipted_s: u16,
    /// An interval after `sent` may be in the log.
    pub(crate) has_intervals: bool,
}

impl<T: Copy, const N: usize> Few<T, N> {
    fn new(filler: T) -> Self {
        Self { items: [filler; N], count: 0 }
    }

    fn push(&mut self, item: T) {
        if self.count == N {
            self.drop_first(1);
        }
        self.items[self.count] = item;
        self.count += 1;
    }

    fn all(&self) -> &[T] {
        &self.items[..self.count]
    }

    fn drop_first(&mut self, dropped: usize) {
        self.items.copy_within(dropped..self.count, 0);
        self.count -= dropped;
    }
}

impl Outbox {
    /// Of intervals those after `kept` are sent.
    pub(crate) fn new(kept: u32) -> Self {
        Self {
            answers: Few::new((0, Outcome::Done)),
            events: Few::new(0),
            live: None,
            sent: kept,
            kept,
            unreceipted_s: 0,
            has_intervals: true,
        }
    }

    pub(crate) fn answer(&mut self, number: u64, outcome: Outcome) {
        self.answers.push((number, outcome));
    }

    pub(crate) fn first_answer(&self) -> Option<(u64, Outcome)> {
        self.answers.all().first().copied()
    }

    pub(crate) fn answered(&mut self) {
        self.answers.drop_first(1);
    }

    pub(crate) fn event(&mut self, code: u16) {
        self.events.push(code);
    }

    /// The oldest events, at most so many.
    pub(crate) fn events(&self, most: usize) -> [u16; EVENTS] {
        let mut events = [0; EVENTS];
        events.iter_mut().zip(self.events.all().iter().take(most)).for_each(|(place, code)| *place = *code);
        events
    }

    /// The newest reading was sent with these events. What did not fit goes with the next.
    pub(crate) fn told(&mut self, events: [u16; EVENTS]) {
        self.events.drop_first(events.iter().filter(|code| **code != 0).count());
        self.live = None;
    }

    /// The end of the last interval whose receipt came, unless one after it still waits.
    pub(crate) fn next_interval_after(&self) -> Option<u32> {
        (self.has_intervals && self.sent == self.kept).then_some(self.kept)
    }

    /// Whether an interval still waits for its receipt.
    pub(crate) fn intervals_wait(&self) -> bool {
        self.has_intervals || self.sent != self.kept
    }

    pub(crate) fn sent_interval(&mut self, end: u32) {
        self.sent = end;
        self.unreceipted_s = 0;
    }

    /// A receipt came. What was not sent yet it does not cover, whatever it says.
    pub(crate) fn receipt(&mut self, until: u32) {
        self.kept = self.kept.max(until.min(self.sent));
    }

    /// The clock went back: intervals that end from now on are new.
    pub(crate) fn clock_set(&mut self, time: u32) {
        (self.sent, self.kept) = (self.sent.min(time), self.kept.min(time));
    }

    /// Seconds passed: without a receipt, what was sent is sent again.
    pub(crate) fn wait(&mut self, seconds: u16) {
        self.unreceipted_s = self.unreceipted_s.saturating_add(seconds);
        if self.unreceipted_s >= RECEIPT_S {
            self.send_again();
        }
    }

    /// Nobody knows what came of what was sent last.
    pub(crate) fn send_again(&mut self) {
        (self.sent, self.unreceipted_s) = (self.kept, 0);
    }
}
