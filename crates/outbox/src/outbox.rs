//! The state machine.

mod people;
mod ready;
mod stored;

pub use stored::RestoreError;

use crate::gateway::Gateway;
use crate::{Answer, Receipt, Submission, Ticket};
use crate::{Entry, GatewayState, MessageId, Moment, New, Settings, SettingsError, State};
use ready::{Choice, Ready};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use stored::Kept;

/// What became of a message that came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It is queued.
    Queued,
    /// It was here already.
    Known,
    /// There is no room. It has to come again.
    Full,
}

/// How many of each there have been since the outbox began or was restored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages that came.
    pub queued: u64,
    /// Messages that came again.
    pub known: u64,
    /// Parts that a gateway accepted.
    pub accepted: u64,
    /// Parts that had to be tried again.
    pub retried: u64,
    /// Submissions that nobody answered: they may have arrived, and are sent again.
    pub unanswered: u64,
    /// Messages that a receipt confirmed.
    pub delivered: u64,
    /// Messages that failed.
    pub failed: u64,
    /// Receipts about parts that nobody knows.
    pub stray_receipts: u64,
}

/// A submission that is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Flight {
    number: u64,
    gateway: u16,
    answer_by: Moment,
}

/// Receipts that came before the answer they belong to, at most so many.
const MOST_EARLY: usize = 1_000;

/// What is to be sent.
#[derive(Debug, Clone)]
pub struct Outbox {
    settings: Settings,
    entries: BTreeMap<u64, Entry>,
    numbers: BTreeMap<MessageId, u64>,
    /// The messages of each line that are not over, in their order.
    lines: BTreeMap<String, VecDeque<u64>>,
    /// The first message of each line with nothing in flight.
    ready: Ready,
    flights: BTreeMap<Ticket, Flight>,
    /// What changes go on with that nobody has taken yet, and that somebody stores right now.
    unstored: Kept,
    storing: Kept,
    gateways: Vec<Gateway>,
    /// Accepted parts without a receipt, by gateway and the name that it gave.
    awaited: BTreeMap<(u16, String), u64>,
    early: VecDeque<(u16, String, Receipt)>,
    /// Messages that are over, by the time at which their names may be forgotten.
    over: BTreeSet<(Moment, u64)>,
    changed: BTreeSet<u64>,
    forgotten: Vec<MessageId>,
    next_number: u64,
    next_ticket: u64,
    counts: Counts,
}

impl Outbox {
    /// An empty one. No gateway is connected.
    pub fn new(settings: Settings, now: Moment) -> Result<Self, SettingsError> {
        settings.check()?;
        Ok(Self {
            entries: BTreeMap::new(),
            numbers: BTreeMap::new(),
            lines: BTreeMap::new(),
            ready: Ready::default(),
            flights: BTreeMap::new(),
            unstored: Kept::default(),
            storing: Kept::default(),
            gateways: settings.gateways.iter().map(|_| Gateway::new(now)).collect(),
            settings,
            awaited: BTreeMap::new(),
            early: VecDeque::new(),
            over: BTreeSet::new(),
            changed: BTreeSet::new(),
            forgotten: Vec::new(),
            next_number: 0,
            next_ticket: 0,
            counts: Counts::default(),
        })
    }

    /// Takes a message. One whose name is known is not sent again.
    pub fn put(&mut self, now: Moment, new: New) -> Put {
        if self.numbers.contains_key(&new.id) {
            self.counts.known += 1;
            return Put::Known;
        }
        if self.waiting() >= self.settings.most_queued {
            return Put::Full;
        }
        self.counts.queued += 1;
        let number = self.next_number;
        self.next_number += 1;
        let New { id, way, line, text, parts } = new;
        let gateway = self.settings.from(&way, 0).next().unwrap_or_default();
        self.numbers.insert(id.clone(), number);
        let queue = self.lines.entry(line.clone()).or_default();
        if queue.is_empty() {
            self.unstored.lines.push(line.clone());
        }
        queue.push_back(number);
        let entry = Entry {
            id,
            number,
            gateway,
            way,
            line,
            text,
            parts: parts.max(1),
            came: now,
            state: State::Queued,
            changed: now,
            accepted: 0,
            tries: 0,
            not_before: now,
            receipts: Vec::new(),
            last_problem: None,
        };
        self.entries.insert(number, entry);
        self.changed.insert(number);
        Put::Queued
    }

    /// The next thing to submit. Ask until there is nothing more.
    pub fn next(&mut self, now: Moment) -> Option<Submission> {
        let due =
            self.ready.due(now).filter_map(|(choice, place)| Some((place, self.gateway_for(choice, now)?)));
        let ((_, number), gateway) = due.min()?;
        let entry = &self.entries[&number];
        self.ready.remove(entry);
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        let answer_by = now.plus(self.settings.answer_within);
        self.flights.insert(ticket, Flight { number: entry.number, gateway, answer_by });
        self.gateways[usize::from(gateway)].in_flight += 1;
        Some(Submission {
            ticket,
            gateway,
            id: entry.id.clone(),
            number: entry.number,
            line: entry.line.clone(),
            text: entry.text.clone(),
            part: entry.accepted,
            parts: entry.parts,
        })
    }

    /// The first gateway of a choice that is worth waiting for, if it takes something now.
    fn gateway_for(&self, choice: &Choice, now: Moment) -> Option<u16> {
        let takes = |one: &u16| self.gateways[usize::from(*one)].takes(now, self.settings.window(*one));
        match choice {
            Choice::Only(way, one) => Some(*one).filter(|one| self.settings.serves(*one, way)).filter(takes),
            Choice::From(way, own) => {
                let after = self.settings.failover_after;
                let is_worth = |one: &u16| self.gateways[usize::from(*one)].is_worth_waiting(now, after);
                self.settings.from(way, *own).find(is_worth).filter(takes)
            }
        }
    }

    /// Takes the answer to a submission. One that is not awaited any more changes nothing.
    pub fn answered(&mut self, now: Moment, ticket: Ticket, answer: Answer) {
        let Some(flight) = self.flights.remove(&ticket) else { return };
        // Its place in the window becomes free when the change is stored: see `take_changed`.
        self.unstored.answers.push(flight.gateway);
        let gateway = &mut self.gateways[usize::from(flight.gateway)];
        if !matches!(answer, Answer::Throttled) {
            gateway.throttled = 0;
        }
        match answer {
            Answer::Accepted { remote } => self.accept(now, flight, remote, false),
            Answer::AcceptedWhole { remote } => self.accept(now, flight, remote, true),
            Answer::Throttled => {
                let pause = self.settings.pause(gateway.throttled, u64::from(flight.gateway));
                gateway.throttled = gateway.throttled.saturating_add(1);
                gateway.pause_until = now.plus(pause);
                self.counts.retried += 1;
                self.make_ready(flight.number, now.plus(pause));
            }
            Answer::Closed { reason } => {
                // One message finds out, and the others go to the next gateway at once.
                let pause = self.settings.failover_after.max(self.settings.retry_after);
                gateway.closed_until = now.plus(pause);
                self.counts.retried += 1;
                if let Some(entry) = self.entries.get_mut(&flight.number) {
                    entry.last_problem = Some(reason);
                    self.changed.insert(flight.number);
                }
                self.make_ready(flight.number, now);
            }
            Answer::NotNow { reason } => self.retry(now, flight.number, reason),
            Answer::Unanswered { reason } => {
                self.counts.unanswered += 1;
                self.retry(now, flight.number, reason);
            }
            Answer::Never { reason } => self.fail(now, flight.number, reason),
        }
    }

    fn accept(&mut self, now: Moment, flight: Flight, remote: String, is_whole: bool) {
        let Some(entry) = self.entries.get_mut(&flight.number) else { return };
        let before = entry.accepted;
        entry.accepted = if is_whole { entry.parts } else { before + 1 };
        self.counts.accepted += u64::from(entry.accepted - before);
        (entry.tries, entry.last_problem, entry.not_before) = (0, None, now);
        entry.gateway = flight.gateway;
        entry.receipts.push((flight.gateway, remote.clone(), false));
        self.changed.insert(flight.number);
        if entry.accepted == entry.parts {
            entry.state = State::Sent;
            self.finish(now, flight.number);
        } else {
            self.make_ready(flight.number, now);
        }
        let key = (flight.gateway, remote);
        let is_early = |(gateway, remote, _): &(u16, String, Receipt)| (*gateway, remote) == (key.0, &key.1);
        let early = self.early.iter().position(is_early).and_then(|at| self.early.remove(at));
        self.awaited.insert(key.clone(), flight.number);
        if let Some((.., receipt)) = early {
            self.receipt(now, key.0, &key.1, receipt);
        }
    }

    /// Lets a part be tried again later, by the next gateway if it was tried too often.
    fn retry(&mut self, now: Moment, number: u64, reason: String) {
        self.counts.retried += 1;
        let Some(entry) = self.entries.get_mut(&number) else { return };
        let pause = self.settings.pause(entry.tries, number);
        entry.tries += 1;
        entry.last_problem = Some(reason);
        if entry.tries.is_multiple_of(self.settings.tries) {
            let mut from_next = self.settings.from(&entry.way, entry.gateway.saturating_add(1));
            entry.gateway = from_next.next().unwrap_or(entry.gateway);
        }
        self.changed.insert(number);
        self.make_ready(number, now.plus(pause));
    }

    fn make_ready(&mut self, number: u64, not_before: Moment) {
        let Some(entry) = self.entries.get_mut(&number).filter(|entry| !entry.state.is_over()) else {
            return;
        };
        entry.not_before = not_before;
        self.ready.insert(entry);
    }

    fn fail(&mut self, now: Moment, number: u64, reason: String) {
        self.counts.failed += 1;
        let Some(entry) = self.entries.get_mut(&number) else { return };
        self.ready.remove(entry);
        entry.state = State::Failed { reason };
        self.finish(now, number);
    }

    /// A message leaves its line, and the next of the line can go.
    fn finish(&mut self, now: Moment, number: u64) {
        let Some(entry) = self.entries.get_mut(&number) else { return };
        entry.changed = now;
        self.changed.insert(number);
        self.over.insert((now.plus(self.settings.remember), number));
        let line = entry.line.clone();
        let Some(queue) = self.lines.get_mut(&line) else { return };
        let was_first = queue.front() == Some(&number);
        if was_first {
            queue.pop_front();
        } else {
            queue.retain(|one| *one != number);
        }
        if queue.is_empty() {
            self.lines.remove(&line);
        } else if was_first {
            self.unstored.lines.push(line);
        }
    }

    /// Takes a receipt. It may come before the answer that says which part it is about.
    pub fn receipt(&mut self, now: Moment, gateway: u16, remote: &str, receipt: Receipt) {
        let Some(number) = self.awaited.remove(&(gateway, remote.to_owned())) else {
            if self.early.len() == MOST_EARLY {
                self.early.pop_front();
                self.counts.stray_receipts += 1;
            }
            self.early.push_back((gateway, remote.to_owned(), receipt));
            return;
        };
        let Some(entry) = self.entries.get_mut(&number) else { return };
        match receipt {
            Receipt::Delivered => {
                let of = |(of, name, _): &&mut (u16, String, bool)| *of == gateway && name == remote;
                if let Some((.., has_arrived)) = entry.receipts.iter_mut().find(of) {
                    *has_arrived = true;
                }
                let have_all_arrived = entry.receipts.iter().all(|(.., has_arrived)| *has_arrived);
                if entry.state == State::Sent && have_all_arrived {
                    entry.state = State::Delivered;
                    entry.changed = now;
                    self.counts.delivered += 1;
                }
                self.changed.insert(number);
            }
            Receipt::Failed { reason } if entry.state == State::Sent => {
                entry.state = State::Failed { reason };
                entry.changed = now;
                self.counts.failed += 1;
                self.changed.insert(number);
            }
            Receipt::Failed { reason } => {
                entry.last_problem = Some(reason);
                self.changed.insert(number);
            }
        }
    }

    /// A gateway is connected.
    pub fn connected(&mut self, gateway: u16) {
        if let Some(gateway) = self.gateways.get_mut(usize::from(gateway)) {
            gateway.state = GatewayState::Up;
        }
    }

    /// A gateway cannot be reached any more. What is in flight to it will be answered all the same.
    pub fn unreachable(&mut self, now: Moment, gateway: u16) {
        if let Some(state) = self.gateways.get_mut(usize::from(gateway))
            && state.state == GatewayState::Up
        {
            state.state = GatewayState::Down(now);
        }
    }

    /// The connection to a gateway is gone. What was in flight may have arrived, and is submitted again.
    pub fn disconnected(&mut self, now: Moment, gateway: u16) {
        self.unreachable(now, gateway);
        let lost: Vec<Ticket> = self
            .flights
            .iter()
            .filter(|(_, flight)| flight.gateway == gateway)
            .map(|(ticket, _)| *ticket)
            .collect();
        lost.into_iter().for_each(|ticket| self.give_up_flight(now, ticket));
    }

    fn give_up_flight(&mut self, now: Moment, ticket: Ticket) {
        let Some(flight) = self.flights.remove(&ticket) else { return };
        self.gateways[usize::from(flight.gateway)].in_flight -= 1;
        self.counts.unanswered += 1;
        self.retry(now, flight.number, "no answer".to_owned());
    }

    /// Does what time brings: messages that waited too long fail, and names are forgotten. Returns the gateways that
    /// owe an answer for too long: the shell closes their connections and reports that.
    pub fn pass_time(&mut self, now: Moment) -> Vec<u16> {
        // The first of a line is the oldest, and what is in flight has its answer to wait for.
        while let Some(number) = self.ready.came_before(now.plus(-self.settings.give_up_after)) {
            let problem = self.entries[&number].last_problem.clone();
            let reason = format!("not accepted in time: {}", problem.as_deref().unwrap_or("no gateway"));
            self.fail(now, number, reason);
        }
        while let Some(&(until, number)) = self.over.first().filter(|(until, _)| *until <= now) {
            self.over.remove(&(until, number));
            let Some(entry) = self.entries.remove(&number) else { continue };
            self.numbers.remove(&entry.id);
            for (gateway, remote, _) in entry.receipts {
                self.awaited.remove(&(gateway, remote));
            }
            self.changed.remove(&number);
            self.forgotten.push(entry.id);
        }
        let mut owing: Vec<u16> = self
            .flights
            .values()
            .filter(|flight| flight.answer_by <= now)
            .map(|flight| flight.gateway)
            .collect();
        owing.sort_unstable();
        owing.dedup();
        owing
    }

    /// When time brings something next, if nothing else happens before.
    pub fn wake_at(&self) -> Option<Moment> {
        let ready = self.ready.next_at();
        let answers = self.flights.values().map(|flight| flight.answer_by).min();
        ready.into_iter().chain(answers).min()
    }

    fn is_under_way(&self, number: u64) -> bool {
        self.flights.values().any(|flight| flight.number == number)
    }

    /// How many messages are not over.
    pub fn waiting(&self) -> usize {
        self.entries.len() - self.over.len()
    }

    /// For how many more there is room.
    pub fn room(&self) -> usize {
        self.settings.most_queued.saturating_sub(self.waiting())
    }

    /// How many submissions nobody has answered.
    pub fn in_flight(&self) -> usize {
        self.flights.len()
    }

    /// What has been counted.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// A message by its name.
    pub fn entry(&self, id: &MessageId) -> Option<&Entry> {
        self.entries.get(self.numbers.get(id)?)
    }

    /// All messages that are remembered, in the order of their arrival.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// Whether messages can go to a gateway.
    pub fn gateway(&self, gateway: u16) -> Option<GatewayState> {
        self.gateways.get(usize::from(gateway)).map(|gateway| gateway.state)
    }
}
