//! The loop between the outbox, its store and the gateways.

use crate::smpp::pdu::{Address, Body, Pdu};
use crate::smpp::{self, Heard, Link, Problem, Smpp, answer_of, read_receipt, submit_of};
use crate::{Store, StoreError};
use outbox::{Counts, Entry, Moment, New, Outbox, Put, RestoreError, Settings, Ticket};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

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
    /// A phone sent something.
    CameIn {
        /// Over which gateway.
        gateway: u16,
        /// From whom.
        from: String,
        /// The bytes, as they came.
        message: Vec<u8>,
    },
}

/// A gateway and what is under way to it.
#[derive(Debug)]
struct Gateway {
    link: Option<Link>,
    /// By the number of the submission.
    tickets: BTreeMap<u32, Ticket>,
    next_sequence: u32,
}

/// Sends what is in the outbox.
#[derive(Debug)]
pub struct Courier {
    store: Store,
    outbox: Outbox,
    source: Address,
    gateways: Vec<Gateway>,
    heard: Receiver<(u16, Heard)>,
    /// Kept, so that the channel stays open without gateways.
    _hears: Sender<(u16, Heard)>,
    /// Receipts that are confirmed once they are stored: gateway, session and number.
    to_confirm: Vec<(u16, u64, u32)>,
    stop: Arc<AtomicBool>,
    swept: Moment,
    facts: Vec<Happened>,
}

/// The wall's time.
#[expect(clippy::disallowed_methods, reason = "who delivers owns the clock")]
fn now() -> Moment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Moment(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

impl Courier {
    /// Goes on with what is stored, and connects to the gateways, the preferred one first.
    pub fn start(
        store: Store,
        settings: Settings,
        source: &str,
        gateways: Vec<Smpp>,
    ) -> Result<Self, CourierError> {
        let outbox = Outbox::restore(settings, now(), store.load()?)?;
        let (hears, heard) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        let mut all = Vec::new();
        for (number, gateway) in (0_u16..).zip(gateways) {
            smpp::connect(gateway, Arc::clone(&stop), hears.clone(), move |heard| (number, heard))?;
            all.push(Gateway { link: None, tickets: BTreeMap::new(), next_sequence: 2 });
        }
        Ok(Self {
            store,
            outbox,
            source: Address::of_sender(source),
            gateways: all,
            heard,
            _hears: hears,
            to_confirm: Vec::new(),
            stop,
            swept: now(),
            facts: Vec::new(),
        })
    }

    /// Takes messages. When it returns they are on the disk, or it says why not.
    pub fn put(&mut self, messages: Vec<New>) -> Result<Vec<Put>, CourierError> {
        let now = now();
        let done = messages.into_iter().map(|message| self.outbox.put(now, message)).collect();
        self.save()?;
        self.submit();
        Ok(done)
    }

    /// One turn: takes what gateways say, stores what changed, submits what is next. Returns what happened meanwhile.
    pub fn turn(&mut self) -> Result<Vec<Happened>, CourierError> {
        self.hear();
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

    fn hear(&mut self) {
        let wait = self.outbox.wake_at().map_or(LONGEST_WAIT, |at| {
            let ms = u64::try_from(at.since(now())).unwrap_or_default();
            // What is due but finds no gateway free would make this loop spin.
            Duration::from_millis(ms).clamp(SHORTEST_WAIT, LONGEST_WAIT)
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
        let gateway = &mut self.gateways[usize::from(number)];
        let current = gateway.link.as_ref().map(|link| link.session);
        match heard {
            Heard::Up { link } => {
                gateway.link = Some(link);
                self.outbox.connected(number);
                self.facts.push(Happened::Connected { gateway: number });
            }
            Heard::Down { session, problem } => {
                if current == Some(session) {
                    self.lose(number);
                }
                self.facts.push(Happened::Disconnected { gateway: number, problem });
            }
            Heard::Came { session, pdu } if current == Some(session) => self.came(number, session, pdu),
            Heard::Came { .. } => {}
        }
    }

    fn came(&mut self, number: u16, session: u64, pdu: Pdu) {
        let now = now();
        match pdu.body {
            Body::SubmitSmResp { message_id } => {
                if let Some(ticket) = self.gateways[usize::from(number)].tickets.remove(&pdu.sequence) {
                    self.outbox.answered(now, ticket, answer_of(pdu.status, message_id));
                }
            }
            Body::GenericNack => {
                if let Some(ticket) = self.gateways[usize::from(number)].tickets.remove(&pdu.sequence) {
                    let reason = format!("the gateway understood nothing: status {:#04x}", pdu.status);
                    self.outbox.answered(now, ticket, outbox::Answer::NotNow { reason });
                }
            }
            Body::DeliverSm(deliver) => {
                self.to_confirm.push((number, session, pdu.sequence));
                match read_receipt(&deliver) {
                    Some(Some((remote, receipt))) => self.outbox.receipt(now, number, &remote, receipt),
                    Some(None) => {}
                    None => self.facts.push(Happened::CameIn {
                        gateway: number,
                        from: deliver.source.text,
                        message: deliver.message,
                    }),
                }
            }
            _ => {}
        }
    }

    /// A connection is gone: nobody answers what is under way on it.
    fn lose(&mut self, number: u16) {
        let gateway = &mut self.gateways[usize::from(number)];
        if let Some(link) = gateway.link.take() {
            link.close();
        }
        gateway.tickets.clear();
        self.outbox.disconnected(now(), number);
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
        self.store.save(&changed, &forgotten)?;
        self.outbox.stored();
        for (number, session, sequence) in std::mem::take(&mut self.to_confirm) {
            let link =
                self.gateways[usize::from(number)].link.as_ref().filter(|link| link.session == session);
            let confirmed = link.map(|link| link.write(&[Pdu::new(sequence, Body::DeliverSmResp)]));
            if confirmed.is_some_and(|written| written.is_err()) {
                self.lose(number);
            }
        }
        Ok(())
    }

    fn submit(&mut self) {
        let now = now();
        while let Some(submission) = self.outbox.next(now) {
            let gateway = &mut self.gateways[usize::from(submission.gateway)];
            let sequence = gateway.next_sequence;
            // Numbers of enquiries begin above.
            gateway.next_sequence = if sequence >= 0x6fff_ffff { 2 } else { sequence + 1 };
            gateway.tickets.insert(sequence, submission.ticket);
            let pdu = Pdu::new(sequence, Body::SubmitSm(submit_of(&submission, &self.source)));
            let written = gateway.link.as_ref().map(|link| link.write(&[pdu]));
            if !matches!(written, Some(Ok(()))) {
                self.lose(submission.gateway);
            }
        }
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for gateway in &self.gateways {
            if let Some(link) = &gateway.link {
                // A gateway that is gone needs no good-bye.
                drop(link.write(&[Pdu::new(1, Body::Unbind)]));
                link.close();
            }
        }
    }
}
