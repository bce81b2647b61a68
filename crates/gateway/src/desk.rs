//! Who sent what, whether it is trusted, and what goes back. It touches no disk and no socket.

use crate::meters::MeterRow;
use crate::orders::Order;
use crate::state::Numbers;
use meter_wire::command::{Acknowledgement, Outcome};
use meter_wire::message::{Header, LONGEST, Title};
use meter_wire::{Answer, HeadEnd, Refusal};
use reading::{EventTime, MeterId, RawReading};
use std::collections::{BTreeMap, VecDeque};

/// Meters without a key that are remembered. Whoever sends noise has any number of titles.
const MOST_UNKNOWN: usize = 1_000;

/// An answer that does not come within this is asked for again, in milliseconds.
const ANSWERED_WITHIN_MS: i64 = 20_000;

/// All meters.
#[derive(Debug, Default)]
pub struct Desk {
    meters: BTreeMap<Title, Known>,
    titles: BTreeMap<MeterId, Title>,
    unknown: BTreeMap<Title, u64>,
    /// Lines that are not on disk yet.
    lines: Vec<u8>,
    steps: Vec<Happened>,
}

/// A meter that is trusted.
#[derive(Debug)]
pub struct Known {
    /// In readings.
    pub name: MeterId,
    /// Numbers and keys.
    pub end: HeadEnd,
    /// Time and import register of the newest reading of registers that is safe, or will be with the next commit.
    pub kept: Option<(i64, i64)>,
    /// Readings that went on.
    pub readings: u64,
    /// Readings that had gone on before.
    pub repeats: u64,
    /// Readings that are none, or of another meter.
    pub unfit: u64,
    /// When it was heard last.
    pub heard_at: Option<EventTime>,
    receipt: Option<u32>,
    orders: VecDeque<Pending>,
}

#[derive(Debug)]
struct Pending {
    order: Order,
    sent_at: Option<i64>,
    tries: u32,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Took {
    /// It went on, or had gone on before, or it was an answer.
    Heard,
    /// It is not trusted.
    Refused(Refusal),
    /// Nobody gave us a key for it.
    Unknown {
        /// It is the first of this title.
        first: bool,
    },
}

/// Something that the log of commands has to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// The command.
    pub order: Order,
    /// `None`: it left for the meter.
    pub ended: Option<Ended>,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The meter has done it.
    Done,
    /// The meter refused it.
    Refused(Refusal),
    /// Its time was over.
    Expired,
}

impl Desk {
    /// Knows these meters, with their numbers of before.
    pub fn new(rows: &[MeterRow], numbers: &BTreeMap<Title, Numbers>) -> Self {
        let mut desk = Self::default();
        for row in rows {
            let numbers = numbers.get(&row.title).copied().unwrap_or_default();
            let end = HeadEnd::new(row.title, row.generation, row.key).resume(numbers.heard, numbers.sent);
            desk.titles.insert(row.name, row.title);
            let known = Known {
                name: row.name,
                end,
                kept: numbers.kept,
                readings: 0,
                repeats: 0,
                unfit: 0,
                heard_at: None,
                receipt: None,
                orders: VecDeque::new(),
            };
            desk.meters.insert(row.title, known);
        }
        desk
    }

    /// Takes a sealed message: whom it claims to come from, and what became of it.
    pub fn hear(&mut self, message: &mut [u8], now: EventTime) -> (Option<Title>, Took) {
        let title = match Header::claimed(message) {
            Ok(header) => header.title,
            Err(reason) => return (None, Took::Refused(reason)),
        };
        let Some(known) = self.meters.get_mut(&title) else {
            let first = !self.unknown.contains_key(&title) && self.unknown.len() < MOST_UNKNOWN;
            if first || self.unknown.contains_key(&title) {
                *self.unknown.entry(title).or_default() += 1;
            }
            return (None, Took::Unknown { first });
        };
        let heard = match known.end.receive(message) {
            Ok(heard) => heard,
            Err(reason) => return (None, Took::Refused(reason)),
        };
        known.heard_at = Some(now);
        match heard.answer {
            Answer::Reading(frame) => known.reading(frame, &mut self.lines),
            Answer::Acknowledgement(answer) => self.steps.extend(known.answered(answer)),
        }
        (Some(title), Took::Heard)
    }

    /// Takes a reading that came by another way than a sealed message.
    pub fn read(&mut self, title: Title, raw: &RawReading, now: EventTime) {
        let Some(known) = self.meters.get_mut(&title) else { return };
        known.heard_at = Some(now);
        known.take(raw, &mut self.lines);
    }

    /// Takes an answer that came by another way.
    pub fn answer(&mut self, title: Title, answer: Acknowledgement) {
        let known = self.meters.get_mut(&title);
        self.steps.extend(known.and_then(|known| known.answered(answer)));
    }

    /// A command for a meter, which may have got it before a restart of the gateway. `false` if there is no meter of its
    /// name.
    pub fn order(&mut self, order: Order, was_sent: bool) -> bool {
        let Some(known) = self.titles.get(&order.meter).and_then(|title| self.meters.get_mut(title)) else {
            return false;
        };
        known.orders.push_back(Pending { order, sent_at: None, tries: u32::from(was_sent) });
        true
    }

    /// Lines that have to be on disk before anything of [`Self::outgoing`] leaves.
    pub fn take_lines(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.lines)
    }

    /// Seals what goes to the meters that can be reached: receipts, and the next command of each.
    pub fn outgoing(&mut self, now: EventTime, reached: impl Fn(&Title) -> bool) -> Vec<(Title, Vec<u8>)> {
        let mut sealed = Vec::new();
        for (title, known) in &mut self.meters {
            let mut out = [0; LONGEST];
            while let Some(ended) = known.expired(now) {
                self.steps.push(ended);
            }
            if !reached(title) {
                continue;
            }
            if let Some(until) = known.receipt.take()
                && let Some(length) = known.end.receipt(until, &mut out)
            {
                sealed.push((*title, out[..length].to_vec()));
            }
            let Some(first) = known.orders.front_mut() else { continue };
            if first.sent_at.is_none_or(|sent| now.0 - sent >= ANSWERED_WITHIN_MS)
                && let Some(length) = known.end.command(&first.order.signed, &mut out)
            {
                sealed.push((*title, out[..length].to_vec()));
                (first.sent_at, first.tries) = (Some(now.0), first.tries + 1);
                if first.tries == 1 {
                    self.steps.push(Happened { order: first.order.clone(), ended: None });
                }
            }
        }
        sealed
    }

    /// What the log of commands has to know.
    pub fn take_steps(&mut self) -> Vec<Happened> {
        std::mem::take(&mut self.steps)
    }

    /// All trusted meters.
    pub fn meters(&self) -> impl Iterator<Item = (&Title, &Known)> {
        self.meters.iter()
    }

    /// Titles without a key, and how many messages came from each.
    pub fn unknown(&self) -> impl Iterator<Item = (&Title, &u64)> {
        self.unknown.iter()
    }
}

impl Known {
    fn reading(&mut self, frame: &[u8], lines: &mut Vec<u8>) {
        let mut raw = RawReading::new(self.name, EventTime(0));
        if wire::frame::decode(frame, &mut raw).is_err() || raw.meter != self.name {
            self.unfit += 1;
            return;
        }
        self.take(&raw, lines);
    }

    fn take(&mut self, raw: &RawReading, lines: &mut Vec<u8>) {
        // Registers at the end of an interval: sent until a receipt comes, and so perhaps more than once.
        if raw.p.is_none()
            && let Some(import) = raw.imp
        {
            self.receipt = u32::try_from(raw.time.0 / 1_000).ok();
            // A clock that was set back has registers that are higher.
            if self.kept.is_some_and(|(time, kept)| raw.time.0 <= time && import.0 <= kept) {
                self.repeats += 1;
                return;
            }
            self.kept = Some((raw.time.0, import.0));
        }
        self.readings += 1;
        wire::json::encode(raw, lines);
        lines.push(b'\n');
    }

    fn answered(&mut self, answer: Acknowledgement) -> Option<Happened> {
        let first = self.orders.pop_front_if(|first| first.order.number == answer.number)?;
        let ended = match answer.outcome {
            Outcome::Done => Ended::Done,
            // The answer to the try before was lost.
            Outcome::Refused(Refusal::Repeated) if first.tries > 1 => Ended::Done,
            Outcome::Refused(reason) => Ended::Refused(reason),
        };
        Some(Happened { order: first.order, ended: Some(ended) })
    }

    fn expired(&mut self, now: EventTime) -> Option<Happened> {
        let first = self.orders.pop_front_if(|first| now.0 > i64::from(first.order.until) * 1_000)?;
        Some(Happened { order: first.order, ended: Some(Ended::Expired) })
    }

    /// Commands that wait.
    pub fn waiting(&self) -> usize {
        self.orders.len()
    }
}
