//! The way from the meters: what happens to a message, and when it arrives.

use crate::blackout::Blackout;
use crate::faults::{Fate, Fates};
use crate::random::Random;
use crate::step::Step;
use crate::{Message, Settings};
use core::cmp::Reverse;
use reading::time::SECOND;
use reading::{EventCode, EventTime, MeterId, RawReading};
use std::collections::{BinaryHeap, VecDeque};

/// The messages that are on their way.
#[derive(Debug)]
pub(crate) struct Road {
    fates: Fates,
    /// In order of arrival, because meters send one after another.
    punctual: VecDeque<Message>,
    delayed: BinaryHeap<Reverse<Delayed>>,
    serial: u64,
    /// How many meters have sent in this step, and how many will.
    place: u64,
    places: u64,
    /// The first message of a step arrives so long after its time, and the last one so much later than the first.
    first_ms: i64,
    spread_ms: i64,
}

impl Road {
    pub(crate) fn new(settings: &Settings, places: u64) -> Self {
        Self {
            fates: Fates::new(&settings.faults),
            punctual: VecDeque::new(),
            delayed: BinaryHeap::new(),
            serial: 0,
            place: 0,
            places,
            first_ms: (2 * SECOND).min(settings.interval_ms / 10),
            spread_ms: (18 * SECOND).min(settings.interval_ms / 2),
        }
    }

    /// Whether no message is left that arrives in its turn.
    pub(crate) fn is_quiet(&self) -> bool {
        self.punctual.is_empty()
    }

    /// How many messages are delayed.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.delayed.len()
    }

    /// All meters have sent: the first one is next.
    pub(crate) fn next_step(&mut self) {
        self.place = 0;
    }

    /// Sends the last gasps of the step that begins, and the reports of meters whose supply returns in it.
    pub(crate) fn report_supply(
        &mut self,
        blackouts: &[Blackout],
        settings: &Settings,
        step: &Step,
        meter_of: impl Fn(usize) -> MeterId,
    ) {
        for blackout in blackouts {
            let Blackout { from, to, .. } = *blackout;
            let is_now = |time: EventTime| step.start < time && time <= step.end;
            if !is_now(from) && !is_now(to) {
                continue;
            }
            for index in blackout.consumers.clone() {
                let (gasps, returns) = blackout.heard(settings, index);
                let mut report = |time: EventTime, code| {
                    let mut raw = RawReading::new(meter_of(index), time);
                    raw.events = vec![code];
                    self.delay(Message { arrival: time.plus(SECOND), raw, torn: None });
                };
                if gasps && is_now(from) {
                    report(from, EventCode::POWER_FAILURE);
                }
                if returns && is_now(to) {
                    report(to, EventCode::POWER_FAILURE_RESTORED);
                }
            }
        }
    }

    /// A meter without supply sends nothing.
    pub(crate) fn send_if(
        &mut self,
        is_on: bool,
        measured: EventTime,
        raw: RawReading,
        delivery: Option<EventTime>,
        fate: &mut Random,
    ) {
        match is_on {
            true => self.send(measured, raw, delivery, fate),
            false => self.place += 1,
        }
    }

    /// A meter that delivers at another time than at once has a `delivery`. What is lost or torn is so there, too.
    fn send(&mut self, measured: EventTime, raw: RawReading, delivery: Option<EventTime>, fate: &mut Random) {
        let spread = self.spread_ms as u64 * self.place / self.places;
        self.place += 1;
        let arrival = measured.plus(self.first_ms + spread as i64);
        let message = |raw, arrival, torn| Message { arrival, raw, torn };
        let fate = self.fates.next(fate);
        if let Some(delivery) = delivery {
            let torn = if let Fate::Torn(bytes) = fate { Some(bytes) } else { None };
            if fate != Fate::Lost {
                self.delay(message(raw, arrival.max(delivery), torn));
            }
            return;
        }
        match fate {
            Fate::Punctual => self.punctual.push_back(message(raw, arrival, None)),
            Fate::Lost => {}
            Fate::Twice(again) => {
                self.delay(message(raw.clone(), arrival.plus(again), None));
                self.punctual.push_back(message(raw, arrival, None));
            }
            Fate::Delayed(by) => self.delay(message(raw, arrival.plus(by), None)),
            Fate::Torn(bytes) => self.punctual.push_back(message(raw, arrival, Some(bytes))),
        }
    }

    pub(crate) fn delay(&mut self, message: Message) {
        self.serial += 1;
        self.delayed.push(Reverse(Delayed { serial: self.serial, message }));
    }

    pub(crate) fn take(&mut self) -> Option<Message> {
        let first_delayed = self.delayed.peek().map(|Reverse(delayed)| delayed.message.arrival);
        match (self.punctual.front(), first_delayed) {
            (Some(punctual), Some(delayed)) if delayed < punctual.arrival => self.take_delayed(),
            (Some(_), _) => self.punctual.pop_front(),
            (None, _) => self.take_delayed(),
        }
    }

    fn take_delayed(&mut self) -> Option<Message> {
        self.delayed.pop().map(|Reverse(delayed)| delayed.message)
    }
}

#[derive(Debug)]
struct Delayed {
    serial: u64,
    message: Message,
}

impl Delayed {
    fn key(&self) -> (EventTime, u64) {
        (self.message.arrival, self.serial)
    }
}

impl PartialEq for Delayed {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Delayed {}

impl PartialOrd for Delayed {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Delayed {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}
