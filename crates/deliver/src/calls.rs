//! Gateways that answer each message on its own: some threads that ask, and one that knows whether it can be reached.

use crate::{Caller, Problem};
use outbox::{Answer, Submission, Ticket};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// The first pause before a gateway is looked for again; it doubles.
const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How often a modem is asked what phones sent.
const LISTEN_EVERY: Duration = Duration::from_secs(1);

/// What a gateway says to a message.
#[derive(Debug)]
pub(crate) enum Reply {
    /// It answered.
    Answer(Answer),
    /// The message is where it should be, under this name.
    Arrived { remote: String },
    /// It could not even be asked.
    Unreachable(Problem),
    /// It was asked, and is gone without an answer.
    Lost { reason: String, problem: Problem },
}

/// What is known of a gateway that answers each message on its own.
#[derive(Debug)]
pub(crate) enum Heard {
    /// It can be reached.
    Up,
    /// It cannot.
    Down(Problem),
    /// A phone sent something, which stands at this place until it is stored elsewhere. None if nobody can answer it.
    Came { place: u32, sent: Option<(String, String)> },
    /// A message is answered.
    Answered { ticket: Ticket, answer: Answer, arrived: Option<String> },
}

impl Caller {
    fn reach(&self, within: Duration) -> Result<(), Problem> {
        match self {
            Self::Http(http) => http.client.reach(within),
            Self::Webhook(webhook) => webhook.client.reach(within),
            Self::Smtp(smtp) => smtp.reach(within),
            Self::Modem(modem) => modem.reach(within),
            Self::Topic(topic) => topic.reach(within),
            Self::File(file) => file.reach(),
        }
    }

    fn send(&self, submission: &Submission, within: Duration) -> Reply {
        match self {
            Self::Http(http) => http.send(submission, within),
            Self::Webhook(webhook) => webhook.send(submission, within),
            Self::Smtp(smtp) => smtp.send(submission, within),
            Self::Modem(modem) => modem.send(submission, within),
            Self::Topic(topic) => topic.send(submission, within),
            Self::File(file) => file.send(submission),
        }
    }
}

/// What a gateway is asked for.
enum Ask {
    Send(Submission),
    /// What a phone sent is stored.
    Forget(u32),
}

/// The way to ask.
#[derive(Debug)]
pub(crate) struct Calls {
    queue: Sender<Ask>,
}

impl Calls {
    /// Starts so many threads for a gateway. An answer may take `within`. If it listens, it reports what phones sent.
    pub(crate) fn start(
        caller: Caller,
        workers: u32,
        within: Duration,
        listens: bool,
        stop: Arc<AtomicBool>,
        to: impl Fn(Heard) -> bool + Clone + Send + 'static,
    ) -> io::Result<Self> {
        let caller = Arc::new(caller);
        let (queue, asked) = channel();
        let asked = Arc::new(Mutex::new(asked));
        let (loses, lost) = channel();
        for _ in 0..workers {
            let (caller, asked, loses, to) =
                (Arc::clone(&caller), Arc::clone(&asked), loses.clone(), to.clone());
            let work = move || work(&caller, &asked, within, &loses, to);
            thread::Builder::new().name("gateway".to_owned()).spawn(work)?;
        }
        let listens = listens && matches!(*caller, Caller::Modem(_));
        let watch = move || watch(&caller, within, listens, &lost, &stop, to);
        thread::Builder::new().name("gateway".to_owned()).spawn(watch)?;
        Ok(Self { queue })
    }

    /// Asks. The answer comes later.
    pub(crate) fn ask(&self, submission: Submission) {
        // The threads end only with the process.
        drop(self.queue.send(Ask::Send(submission)));
    }

    /// What a phone sent, at this place, is stored.
    pub(crate) fn forget(&self, place: u32) {
        drop(self.queue.send(Ask::Forget(place)));
    }
}

/// Asks again and again, until nobody has anything to ask.
fn work(
    caller: &Caller,
    asked: &Mutex<Receiver<Ask>>,
    within: Duration,
    loses: &Sender<Problem>,
    to: impl Fn(Heard) -> bool,
) {
    loop {
        let next = asked.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let submission = match next {
            Ok(Ask::Send(submission)) => submission,
            Ok(Ask::Forget(place)) => {
                if let Caller::Modem(modem) = caller {
                    modem.forget(place);
                }
                continue;
            }
            Err(_) => return,
        };
        let (answer, arrived) = match caller.send(&submission, within) {
            Reply::Answer(answer) => (answer, None),
            Reply::Arrived { remote } => (Answer::AcceptedWhole { remote: remote.clone() }, Some(remote)),
            Reply::Unreachable(problem) => {
                let reason = problem.to_string();
                // Before the answer, so that the message waits for the gateway.
                drop(loses.send(problem));
                (Answer::NotNow { reason }, None)
            }
            Reply::Lost { reason, problem } => {
                drop(loses.send(problem));
                (Answer::Unanswered { reason }, None)
            }
        };
        if !to(Heard::Answered { ticket: submission.ticket, answer, arrived }) {
            return;
        }
    }
}

/// Asks a modem now and then what phones sent, until it is lost. None if nobody wants to know any more.
fn listen(caller: &Caller, lost: &Receiver<Problem>, to: &impl Fn(Heard) -> bool) -> Option<Problem> {
    let Caller::Modem(modem) = caller else { return lost.recv().ok() };
    loop {
        match lost.recv_timeout(LISTEN_EVERY) {
            Ok(problem) => return Some(problem),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => {}
        }
        match modem.came() {
            Ok(came) => {
                let is_heard = came.into_iter().all(|(place, sent)| to(Heard::Came { place, sent }));
                if !is_heard {
                    return None;
                }
            }
            Err(problem) => return Some(problem),
        }
    }
}

/// Looks for the gateway until it is there, and again when somebody could not reach it.
fn watch(
    caller: &Caller,
    within: Duration,
    listens: bool,
    lost: &Receiver<Problem>,
    stop: &AtomicBool,
    to: impl Fn(Heard) -> bool,
) {
    loop {
        let mut pause = SHORTEST_PAUSE;
        while let Err(problem) = caller.reach(within) {
            if !to(Heard::Down(problem)) || stop.load(Ordering::Relaxed) {
                return;
            }
            thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        // What was lost meanwhile is found again.
        while lost.try_recv().is_ok() {}
        if !to(Heard::Up) {
            return;
        }
        let problem = if listens { listen(caller, lost, &to) } else { lost.recv().ok() };
        let Some(problem) = problem else { return };
        if !to(Heard::Down(problem)) {
            return;
        }
        thread::sleep(SHORTEST_PAUSE);
    }
}
