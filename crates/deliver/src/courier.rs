//! The loop between the outbox, its store and the gateways.

use crate::calls::{self, Calls};
use crate::clock::now;
use crate::inbox;
use crate::smpp::pdu::{Address, Body, Pdu};
use crate::smpp::{self, Link, answer_of, read_receipt, read_text, submit_of};
use crate::{Beside, Caller, Gateway, Problem, Registration, Store, StoreError, Wire};
use outbox::{
    Answer, Counts, Entry, MessageId, Moment, New, Outbox, Put, Receipt, RestoreError, Settings, Submission,
    Ticket,
};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// Even if nothing is due, the loop looks at the time so often.
const LONGEST_WAIT: Duration = Duration::from_millis(500);
/// What a gateway says ends the wait; so long nothing else can happen but that time passes.
const SHORTEST_WAIT: Duration = Duration::from_millis(20);
/// So much is taken before what changed is stored: more together cost fewer writes, and hold up the first of them.
const MOST_AT_ONCE: usize = 256;
/// How often messages that waited too long are looked for, ms.
const SWEEP_EVERY: i64 = 1_000;

/// Why the courier cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum CourierError {
    /// The store fails.
    #[error("the outbox cannot be stored")]
    Store(#[from] StoreError),
    /// What is stored makes no outbox.
    #[error("the stored outbox cannot be used")]
    Restore(#[from] RestoreError),
    /// No thread for a gateway.
    #[error("cannot start a thread")]
    Thread(#[from] io::Error),
}

/// A fact for the log and the metrics.
#[derive(Debug)]
pub enum Happened {
    /// A gateway is connected.
    Connected {
        /// Which.
        gateway: u16,
    },
    /// It is not any more, or not yet.
    Disconnected {
        /// Which.
        gateway: u16,
        /// Why.
        problem: Problem,
    },
    /// A phone sent something. It is stored.
    CameIn {
        /// Over which gateway.
        gateway: u16,
    },
}

/// What a gateway says, by the kind of its wire, or that somebody has work.
#[derive(Debug)]
enum Heard {
    Smpp(smpp::Heard),
    Call(calls::Heard),
    Woken,
}

/// Ends the wait of a courier's turn.
#[derive(Debug, Clone)]
pub struct Waker {
    to: Sender<(u16, Heard)>,
    /// Whether a call is on its way: thousands in a second would stand before what gateways say.
    is_called: Arc<AtomicBool>,
}

impl Waker {
    /// Somebody has work for it.
    pub fn wake(&self) {
        if !self.is_called.swap(true, Ordering::AcqRel) {
            // Without a courier nobody waits.
            drop(self.to.send((0, Heard::Woken)));
        }
    }
}

/// The way to a gateway.
#[derive(Debug)]
enum Line {
    Smpp(Session),
    Calls(Calls),
}

/// A connection over SMPP and what is under way on it.
#[derive(Debug)]
struct Session {
    source: Address,
    registration: Option<Registration>,
    link: Option<Link>,
    /// By the number of the submission.
    tickets: BTreeMap<u32, Ticket>,
    next_sequence: u32,
}

impl Session {
    fn of(&self, session: u64) -> Option<&Link> {
        self.link.as_ref().filter(|link| link.session == session)
    }

    /// False if there is no connection. An error is the answer to a message that cannot go this way.
    fn submit(&mut self, submission: &Submission) -> Result<bool, Answer> {
        let entry = self.registration.as_ref().map(|one| one.entry(&submission.text)).transpose()?;
        let sequence = self.next_sequence;
        // Numbers of enquiries begin above.
        self.next_sequence = if sequence >= 0x6fff_ffff { 2 } else { sequence + 1 };
        self.tickets.insert(sequence, submission.ticket);
        let pdu = Pdu::new(sequence, Body::SubmitSm(submit_of(submission, &self.source, entry.as_ref())));
        Ok(self.link.as_ref().is_some_and(|link| link.write(&[pdu]).is_ok()))
    }
}

/// Sends what is in the outbox.
#[derive(Debug)]
pub struct Courier {
    store: Store,
    outbox: Outbox,
    lines: Vec<Line>,
    heard: Receiver<(u16, Heard)>,
    /// Kept, so that the channel stays open without gateways.
    hears: Sender<(u16, Heard)>,
    names: Vec<String>,
    /// Whether messages of phones are taken.
    listens: bool,
    /// What phones sent, not stored yet.
    came: Vec<inbox::New>,
    /// Receipts and messages of phones that are confirmed once they are stored: gateway, session and number.
    to_confirm: Vec<(u16, u64, u32)>,
    /// The same of messages that a modem keeps: gateway and place.
    to_forget: Vec<(u16, u32)>,
    is_called: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    swept: Moment,
    facts: Vec<Happened>,
}

impl Courier {
    /// Goes on with what is stored, and connects to the gateways, of each way the preferred one first.
    pub fn start(store: Store, settings: Settings, gateways: Vec<Gateway>) -> Result<Self, CourierError> {
        Self::start_with(store, settings, gateways, false)
    }

    /// The same, and takes what phones send, for somebody who answers.
    pub fn start_listening(
        store: Store,
        settings: Settings,
        gateways: Vec<Gateway>,
    ) -> Result<Self, CourierError> {
        Self::start_with(store, settings, gateways, true)
    }

    fn start_with(
        store: Store,
        settings: Settings,
        gateways: Vec<Gateway>,
        listens: bool,
    ) -> Result<Self, CourierError> {
        let names = gateways.iter().map(|gateway| gateway.name.clone()).collect();
        let is_modem = |gateway: &Gateway| matches!(gateway.wire, Wire::Calls(Caller::Modem(_)));
        let modems = (0_u16..).zip(&gateways).filter(|(_, gateway)| is_modem(gateway));
        let settings = Settings {
            gateways: gateways.iter().map(Gateway::way).collect(),
            one_by_one: modems.map(|(number, _)| number).collect(),
            ..settings
        };
        // An answer that comes later than `answer_within` would be to a message that went out again.
        let within = Duration::from_millis(settings.answer_within.unsigned_abs()) * 2 / 3;
        let window = settings.window;
        let outbox = Outbox::restore(settings, now(), store.load()?)?;
        let (hears, heard) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        let mut lines = Vec::new();
        for (number, gateway) in (0_u16..).zip(gateways) {
            let (stop, hears) = (Arc::clone(&stop), hears.clone());
            lines.push(match gateway.wire {
                Wire::Smpp(smpp) => {
                    let source = Address::of_sender(&smpp.sender);
                    let registration = smpp.registration.clone();
                    smpp::connect(smpp, stop, hears, move |heard| (number, Heard::Smpp(heard)))?;
                    Line::Smpp(Session {
                        source,
                        registration,
                        link: None,
                        tickets: BTreeMap::new(),
                        next_sequence: 2,
                    })
                }
                Wire::Calls(caller) => {
                    let to = move |heard| hears.send((number, Heard::Call(heard))).is_ok();
                    let workers = if matches!(caller, Caller::Modem(_)) { 1 } else { window };
                    Line::Calls(Calls::start(caller, workers, within, listens, stop, to)?)
                }
            });
        }
        Ok(Self {
            store,
            outbox,
            lines,
            heard,
            hears,
            names,
            listens,
            came: Vec::new(),
            to_confirm: Vec::new(),
            to_forget: Vec::new(),
            is_called: Arc::default(),
            stop,
            swept: now(),
            facts: Vec::new(),
        })
    }

    /// Takes messages. When it returns they are on the disk, or it says why not.
    pub fn put(&mut self, messages: Vec<New>) -> Result<Vec<Put>, CourierError> {
        self.put_with(messages, &Beside::default())
    }

    /// The same, and something beside them in the same transaction.
    pub fn put_with(&mut self, messages: Vec<New>, beside: &Beside) -> Result<Vec<Put>, CourierError> {
        let now = now();
        let done = messages.into_iter().map(|message| self.outbox.put(now, message)).collect();
        self.save_with(beside)?;
        self.submit();
        Ok(done)
    }

    /// For how many more messages there is room.
    pub fn room(&self) -> usize {
        self.outbox.room()
    }

    /// Takes what a phone sent, which a provider hands over. When it returns, it is on the disk.
    pub fn take_in(&mut self, came: inbox::New) -> Result<(), CourierError> {
        self.came.push(came);
        self.save()
    }

    /// A person wants a message to be tried now. False if there is none of this name, or if a gateway has it.
    pub fn retry_now(&mut self, id: &MessageId) -> Result<bool, CourierError> {
        let done = self.outbox.retry_now(now(), id);
        self.save()?;
        Ok(done)
    }

    /// A person does not want a message to be sent. False if there is none of this name, or if it is over or under way.
    pub fn drop_message(&mut self, id: &MessageId, by: &str) -> Result<bool, CourierError> {
        let done = self.outbox.drop_message(now(), id, by);
        self.save()?;
        Ok(done)
    }

    /// What ends the wait of a turn, for another thread.
    pub fn waker(&self) -> Waker {
        Waker { to: self.hears.clone(), is_called: Arc::clone(&self.is_called) }
    }

    /// The file, to read what stands beside the messages.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// One turn: takes what gateways say, stores what changed, submits what is next. Returns what happened meanwhile.
    pub fn turn(&mut self) -> Result<Vec<Happened>, CourierError> {
        self.turn_within(LONGEST_WAIT)
    }

    /// The same, for somebody who has something to do so soon.
    pub fn turn_within(&mut self, most: Duration) -> Result<Vec<Happened>, CourierError> {
        self.hear(most.min(LONGEST_WAIT));
        self.pass_time();
        self.save()?;
        self.submit();
        Ok(std::mem::take(&mut self.facts))
    }

    /// How many messages are not over.
    pub fn waiting(&self) -> usize {
        self.outbox.waiting()
    }

    /// What has been counted since the start.
    pub fn counts(&self) -> Counts {
        self.outbox.counts()
    }

    /// All messages that are remembered, in the order of their arrival.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.outbox.entries()
    }

    fn hear(&mut self, most: Duration) {
        let wait = self.outbox.wake_at().map_or(most, |at| {
            let ms = u64::try_from(at.since(now())).unwrap_or_default();
            // What is due but finds no gateway free would make this loop spin.
            Duration::from_millis(ms).clamp(SHORTEST_WAIT, most.max(SHORTEST_WAIT))
        });
        let first = match self.heard.recv_timeout(wait) {
            Ok(first) => first,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
        };
        self.take(first);
        for _ in 1..MOST_AT_ONCE {
            let Ok(next) = self.heard.try_recv() else { break };
            self.take(next);
        }
    }

    fn take(&mut self, (number, heard): (u16, Heard)) {
        match heard {
            Heard::Woken => self.is_called.store(false, Ordering::Release),
            Heard::Call(heard) => self.take_call(number, heard),
            Heard::Smpp(heard) => self.take_smpp(number, heard),
        }
    }

    fn take_call(&mut self, number: u16, heard: calls::Heard) {
        match heard {
            calls::Heard::Up => {
                self.outbox.connected(number);
                self.facts.push(Happened::Connected { gateway: number });
            }
            calls::Heard::Down(problem) => {
                self.outbox.unreachable(now(), number);
                self.facts.push(Happened::Disconnected { gateway: number, problem });
            }
            calls::Heard::Came { place, sent } => {
                self.to_forget.push((number, place));
                if let Some((from, text)) = sent {
                    self.came_in(number, from, text);
                }
            }
            calls::Heard::Answered { ticket, answer, arrived } => {
                self.outbox.answered(now(), ticket, answer);
                if let Some(remote) = arrived {
                    self.outbox.receipt(now(), number, &remote, Receipt::Delivered);
                }
            }
        }
    }

    fn take_smpp(&mut self, number: u16, heard: smpp::Heard) {
        let Line::Smpp(line) = &mut self.lines[usize::from(number)] else { return };
        let current = line.link.as_ref().map(|link| link.session);
        match heard {
            smpp::Heard::Up { link } => {
                line.link = Some(link);
                self.outbox.connected(number);
                self.facts.push(Happened::Connected { gateway: number });
            }
            smpp::Heard::Down { session, problem } => {
                if current == Some(session) {
                    self.lose(number);
                }
                self.facts.push(Happened::Disconnected { gateway: number, problem: problem.into() });
            }
            smpp::Heard::Came { session, pdu } if current == Some(session) => self.came(number, session, pdu),
            smpp::Heard::Came { .. } => {}
        }
    }

    /// Which submission a number of the connection stands for.
    fn ticket(&mut self, number: u16, sequence: u32) -> Option<Ticket> {
        match &mut self.lines[usize::from(number)] {
            Line::Smpp(session) => session.tickets.remove(&sequence),
            Line::Calls(_) => None,
        }
    }

    fn came(&mut self, number: u16, session: u64, pdu: Pdu) {
        let now = now();
        match pdu.body {
            Body::SubmitSmResp { message_id } => {
                if let Some(ticket) = self.ticket(number, pdu.sequence) {
                    self.outbox.answered(now, ticket, answer_of(pdu.status, message_id));
                }
            }
            Body::GenericNack => {
                if let Some(ticket) = self.ticket(number, pdu.sequence) {
                    let reason = format!("the gateway understood nothing: status {:#04x}", pdu.status);
                    self.outbox.answered(now, ticket, Answer::NotNow { reason });
                }
            }
            Body::DeliverSm(deliver) => {
                self.to_confirm.push((number, session, pdu.sequence));
                match read_receipt(&deliver) {
                    Some(Some((remote, receipt))) => self.outbox.receipt(now, number, &remote, receipt),
                    Some(None) => {}
                    None => {
                        if let Some(text) = read_text(&deliver).filter(|_| self.listens) {
                            self.came_in(number, deliver.source.text, text);
                        }
                    }
                }
            }
            _ => {}
        }
    }

    fn came_in(&mut self, number: u16, from: String, text: String) {
        let gateway = self.names[usize::from(number)].clone();
        self.came.push(inbox::New { gateway, from, text });
        self.facts.push(Happened::CameIn { gateway: number });
    }

    /// Nobody answers what is under way to a gateway. A connection is made again.
    fn lose(&mut self, number: u16) {
        self.outbox.disconnected(now(), number);
        match &mut self.lines[usize::from(number)] {
            Line::Smpp(session) => {
                if let Some(link) = session.link.take() {
                    link.close();
                }
                session.tickets.clear();
            }
            // There is nothing to connect: the next message finds out.
            Line::Calls(_) => self.outbox.connected(number),
        }
    }

    fn pass_time(&mut self) {
        let now = now();
        if now.since(self.swept) < SWEEP_EVERY {
            return;
        }
        self.swept = now;
        for gateway in self.outbox.pass_time(now) {
            // An answer that comes after all would be to a message that went out again.
            self.lose(gateway);
        }
    }

    /// Stores what changed; only then receipts are confirmed, and answers make room.
    fn save(&mut self) -> Result<(), CourierError> {
        let (changed, forgotten) = self.outbox.take_changed();
        if self.came.is_empty() {
            self.store.save(&changed, &forgotten)?;
        } else {
            let beside = Beside { came: std::mem::take(&mut self.came), ..Beside::default() };
            self.store.save_with(&changed, &forgotten, &beside)?;
        }
        self.is_stored();
        Ok(())
    }

    fn save_with(&mut self, beside: &Beside) -> Result<(), CourierError> {
        if !self.came.is_empty() {
            self.save()?;
        }
        let (changed, forgotten) = self.outbox.take_changed();
        self.store.save_with(&changed, &forgotten, beside)?;
        self.is_stored();
        Ok(())
    }

    fn is_stored(&mut self) {
        self.outbox.stored();
        for (number, place) in std::mem::take(&mut self.to_forget) {
            if let Line::Calls(calls) = &self.lines[usize::from(number)] {
                calls.forget(place);
            }
        }
        for (number, session, sequence) in std::mem::take(&mut self.to_confirm) {
            let Line::Smpp(line) = &self.lines[usize::from(number)] else { continue };
            let confirmed =
                line.of(session).map(|link| link.write(&[Pdu::new(sequence, Body::DeliverSmResp)]));
            if confirmed.is_some_and(|written| written.is_err()) {
                self.lose(number);
            }
        }
    }

    fn submit(&mut self) {
        let now = now();
        while let Some(submission) = self.outbox.next(now) {
            let gateway = submission.gateway;
            match &mut self.lines[usize::from(gateway)] {
                Line::Calls(calls) => calls.ask(submission),
                Line::Smpp(session) => match session.submit(&submission) {
                    Ok(true) => {}
                    Ok(false) => self.lose(gateway),
                    Err(answer) => self.outbox.answered(now, submission.ticket, answer),
                },
            }
        }
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for line in &self.lines {
            if let Line::Smpp(Session { link: Some(link), .. }) = line {
                // A gateway that is gone needs no good-bye.
                drop(link.write(&[Pdu::new(1, Body::Unbind)]));
                link.close();
            }
        }
    }
}
