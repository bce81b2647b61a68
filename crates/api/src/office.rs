//! The loop of `serve`: news come in, notices are led to people, messages go out, phones are answered.

mod alarms;
mod phones;
mod stored;
mod traces;

use crate::board::{Board, Columns, News, Rows};
use crate::clock::now;
use crate::directory::Directory;
use crate::http::Visible;
use alarms::{AlarmFigures, Alarms};
use columns::Encoder;
use columns::outputs::message_line;
use deliver::inbox;
use deliver::people::{Ack, Silence};
use deliver::plan::Answers;
use deliver::{Beside, Courier, CourierError, Happened, People, StoreError, Waker, read_message};
use grid::Topology;
use notify::desk::{self, DamagedRows, Kind, Phase};
use notify::{Channel, Desk, Message, Notice};
use outbox::MessageId;
use reading::{AreaId, Calendar, EventTime, FeederId, MeterId};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use traces::Traces;
use web::Feed;

/// News that wait at most: a source that is faster than this loop has to wait.
const MOST_WAITING: usize = 65_536;
/// Notices are looked at so often even if nothing came, ms: time alone makes some due.
const LOOK_EVERY: i64 = 1_000;
/// Pauses between leading notices to people, ms. In a storm many come at once, and in the pauses messages go on.
const ROUTE_EVERY: i64 = 200;
/// What was decided without a message is stored so often, ms. After a crash before that, it comes and is decided again.
const STORE_EVERY: i64 = 1_000;

/// Why the office cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum OfficeError {
    /// The outbox fails.
    #[error(transparent)]
    Courier(#[from] CourierError),
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The stored state is of another program.
    #[error("what waits in the store has form {found}, and this program reads {known}")]
    Form {
        /// Its form.
        found: u16,
        /// Ours.
        known: u16,
    },
    /// The stored state is damaged.
    #[error("what waits in the store cannot be read")]
    Damaged(#[source] postcard::Error),
    /// Its rows do not fit together.
    #[error("what waits in the store cannot be read")]
    MixedUp(#[from] DamagedRows),
}

/// What a person wants done with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Try it now.
    Retry,
    /// Do not send it.
    Drop,
}

/// What somebody who asks wants done.
enum Errand {
    /// Something to a message. Who asks hears whether it was done.
    Message { id: MessageId, act: Act, by: String, answer: SyncSender<bool> },
    /// A phone sent something, which a provider hands over. Who asks hears when it is stored.
    Came { came: inbox::New, answer: SyncSender<bool> },
}

/// What became of notices and messages, as numbers.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// What became of notices and errands.
    pub routes: Vec<(&'static str, u64)>,
    /// Errands that wait in groups.
    pub grouped: u64,
    /// Errands that wait for a digest.
    pub held: u64,
    /// Of those in groups: kept back by a silence now.
    pub silenced_now: u64,
    /// Of those in groups: kept back by something greater now.
    pub inhibited_now: u64,
    /// Messages that are not over.
    pub waiting: usize,
    /// Each gateway by its name, and whether it is connected.
    pub gateways: Vec<(String, bool)>,
    /// What became of what phones sent.
    pub phones: Vec<(&'static str, u64)>,
    /// What became of messages, since the start.
    pub messages: Vec<(&'static str, u64)>,
    pub(crate) alarms: AlarmFigures,
}

/// What the office and those who ask it share.
#[derive(Clone)]
pub struct Post {
    pub(crate) board: Arc<RwLock<Board>>,
    pub(crate) feed: Feed<Visible>,
    pub(crate) figures: Arc<RwLock<Figures>>,
    places: Arc<RwLock<Arc<Topology>>>,
    errands: Sender<Errand>,
    waker: Waker,
}

impl Post {
    /// Wakes the office: there is news, or a person decided something.
    pub fn wake(&self) {
        self.waker.wake();
    }

    /// Does something to a message. False if it cannot be done any more.
    pub(crate) fn act(&self, id: MessageId, act: Act, by: &str) -> bool {
        let (answer, answered) = sync_channel(1);
        drop(self.errands.send(Errand::Message { id, act, by: by.to_owned(), answer }));
        self.waker.wake();
        // Without the office nothing can be done.
        answered.recv().unwrap_or(false)
    }

    /// Takes what a phone sent. It is stored when this returns true.
    pub(crate) fn take_in(&self, came: inbox::New) -> bool {
        let (answer, answered) = sync_channel(1);
        drop(self.errands.send(Errand::Came { came, answer }));
        self.waker.wake();
        answered.recv().unwrap_or(false)
    }

    /// The meters that are known now.
    pub(crate) fn places(&self) -> Arc<Topology> {
        Arc::clone(&self.places.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn board(&self) -> std::sync::RwLockReadGuard<'_, Board> {
        self.board.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The loop, and what it goes by.
pub struct Office {
    desk: Desk,
    calendar: Calendar,
    courier: Courier,
    people: People,
    names: Vec<String>,
    news: Receiver<News>,
    errands: Receiver<Errand>,
    post: Post,
    encoder: Encoder,
    heard: BTreeSet<String>,
    /// What was heard and decided, but is not stored yet, and when something was stored last.
    unstored: Vec<String>,
    stored: EventTime,
    /// When notices were last led to people.
    routed: EventTime,
    /// The next board, while all outputs are read anew. Who asks still sees the one before.
    draft: Option<Board>,
    /// What came since notices were last looked at.
    came: Vec<Notice>,
    /// So many of them are looked through for what is over.
    most_came: usize,
    /// The last change by people that the desk knows of.
    known_change: Option<u64>,
    looked: EventTime,
    counted: EventTime,
    connected: Vec<bool>,
    /// Whose phones are known, and how many answers they get, if any.
    directory: Directory,
    answers: Option<Answers>,
    /// The phones of consumers who want no SMS, by their digits.
    stopped: BTreeSet<String>,
    heard_of_phones: phones::Heard,
    /// Messages that nobody got, because the consumer wants none.
    not_wanted: u64,
    alarms: Alarms,
    traces: Traces,
}

impl Office {
    /// Goes on with what is stored. Returns also the way for news, and what those share who ask.
    pub fn open(
        mut desk: Desk,
        calendar: Calendar,
        courier: Courier,
        people: People,
        gateways: Vec<String>,
        topology: Topology,
        answers: Option<Answers>,
    ) -> Result<(Self, SyncSender<News>, Post), OfficeError> {
        stored::restore(&mut desk, courier.store().kept(stored::NAME)?)?;
        let (heard, stopped) = (courier.store().heard()?, courier.store().stopped()?);
        let directory = Directory::new(desk.rules(), &topology);
        let alarms = Alarms::of(desk.rules().receivers());
        let (to, news) = sync_channel(MOST_WAITING);
        let (errands_to, errands) = channel();
        let post = Post {
            board: Arc::default(),
            feed: Feed::new(10_000, format!("{:x}", now().0)),
            figures: Arc::default(),
            places: Arc::new(RwLock::new(Arc::new(topology))),
            errands: errands_to,
            waker: courier.waker(),
        };
        let connected = vec![false; gateways.len()];
        let office = Self {
            desk,
            calendar,
            courier,
            people,
            names: gateways,
            news,
            errands,
            post: post.clone(),
            encoder: Encoder::default(),
            heard,
            unstored: Vec::new(),
            stored: EventTime::MIN,
            routed: EventTime::MIN,
            draft: None,
            came: Vec::new(),
            most_came: MOST_WAITING,
            known_change: None,
            looked: EventTime::MIN,
            counted: EventTime::MIN,
            connected,
            directory,
            answers,
            stopped,
            heard_of_phones: phones::Heard::default(),
            not_wanted: 0,
            alarms,
            traces: Traces::default(),
        };
        Ok((office, to, post))
    }

    /// One turn. Returns what gateways did, for the log, and rows that could not be read.
    pub fn turn(&mut self) -> Result<(Vec<Happened>, Vec<String>), OfficeError> {
        let unreadable = self.take_news();
        self.obey()?;
        self.do_errands()?;
        let now = now();
        let is_whole = self.is_whole();
        // Before all of the past has come, what is over would pass for something that goes on.
        let has_news = !self.came.is_empty() && now.since(self.routed) >= ROUTE_EVERY;
        if is_whole && (has_news || now.since(self.looked) >= LOOK_EVERY) {
            self.looked = now;
            self.route(now)?;
            self.routed = crate::clock::now();
        }
        self.answer()?;
        // What is left for the next time must not wait for a gateway to say something.
        let patience = if self.came.is_empty() { LOOK_EVERY } else { ROUTE_EVERY / 4 };
        let happened = self.courier.turn_within(Duration::from_millis(patience.unsigned_abs()))?;
        for one in &happened {
            match one {
                Happened::Connected { gateway } => self.connected[usize::from(*gateway)] = true,
                Happened::Disconnected { gateway, .. } => self.connected[usize::from(*gateway)] = false,
                Happened::CameIn { .. } => {}
            }
        }
        if now.since(self.counted) >= LOOK_EVERY {
            self.counted = now;
            self.count(now);
        }
        Ok((happened, unreadable))
    }

    /// Whether all that there was has come.
    fn is_whole(&self) -> bool {
        self.draft.is_none() && self.post.board().is_whole
    }

    fn take_news(&mut self) -> Vec<String> {
        let mut unreadable = Vec::new();
        // Nothing is decided while the outbox has no room. Then the source has to wait.
        if self.came.len() >= MOST_WAITING && self.is_whole() {
            return unreadable;
        }
        for taken in 1..=MOST_WAITING {
            let Ok(news) = self.news.try_recv() else { break };
            if taken == MOST_WAITING {
                // There is probably more, so the next turn must not wait.
                self.post.wake();
            }
            let mut board = self.post.board.write().unwrap_or_else(PoisonError::into_inner);
            match news {
                News::Alert(columns) => {
                    if self.is_new(&board, |board| &board.alerts, &columns) {
                        self.post.tell("alert", &columns);
                    }
                    self.draft.as_mut().unwrap_or(&mut board).alert(columns);
                }
                News::Case(columns) => {
                    if self.is_new(&board, |board| &board.cases, &columns) {
                        self.post.tell("case", &columns);
                    }
                    self.draft.as_mut().unwrap_or(&mut board).case(columns);
                }
                News::Demand(columns) => self.draft.as_mut().unwrap_or(&mut board).demand(&columns),
                News::Health(columns) => self.draft.as_mut().unwrap_or(&mut board).health(&columns),
                News::Fact(columns) => self.draft.as_mut().unwrap_or(&mut board).fact(columns),
                News::Notice(columns, notice, trace) => {
                    let is_past = self.draft.is_some() || !board.is_whole;
                    self.alarms.came(now(), &notice);
                    let is_news = self.draft.as_mut().unwrap_or(&mut board).notice(columns, &notice);
                    if is_news && !self.heard.contains(&notice.id) {
                        self.traces.came(&notice.id, trace);
                        self.came.push(*notice);
                    }
                    if self.came.len() >= self.most_came && is_past {
                        forget_over(&mut self.came, &self.desk);
                        self.most_came = MOST_WAITING.max(2 * self.came.len());
                    }
                }
                News::Places(topology) => {
                    // Who sends it has asked whether it fits.
                    if let Ok(readers) = Desk::readers(self.desk.rules(), &topology) {
                        self.directory = Directory::new(self.desk.rules(), &topology);
                        self.desk.set_readers(readers);
                        let mut places = self.post.places.write().unwrap_or_else(PoisonError::into_inner);
                        *places = Arc::new(*topology);
                    }
                }
                News::Anew => {
                    self.draft = Some(Board::default());
                    self.alarms.begin_anew();
                    // It comes again.
                    self.came.clear();
                }
                News::CaughtUp => {
                    if let Some(draft) = self.draft.take() {
                        let unreadable = board.unreadable;
                        *board = draft;
                        board.unreadable += unreadable;
                    }
                    board.is_whole = true;
                    self.alarms.end_anew();
                    // Who takes care of what has come now was decided before.
                    self.known_change = None;
                }
                News::Unreadable(what) => {
                    board.unreadable += 1;
                    unreadable.push(what);
                }
            }
        }
        unreadable
    }

    /// Whether a row is new to those who have heard of all that is on the board. What is read for the first time after a
    /// start is not.
    fn is_new(&self, board: &Board, rows: fn(&Board) -> &Rows, columns: &Columns) -> bool {
        let known = || columns.get("id").and_then(Value::as_str).and_then(|id| rows(board).get(id));
        board.is_whole && (self.draft.is_none() || known().is_none_or(|row| row.columns != *columns))
    }

    /// Lets the desk know what people decided since the last time.
    fn obey(&mut self) -> Result<(), OfficeError> {
        let change = self.people.changes()?;
        if self.known_change == Some(change) {
            return Ok(());
        }
        self.known_change = Some(change);
        let now = outbox::Moment(now().0);
        for silence in self.people.silences()? {
            if silence.is_over(now) {
                self.desk.end_silence(&silence.name);
            } else {
                self.desk.silence(&silence.name, as_the_desk_has_it(&silence));
            }
        }
        self.acknowledge()?;
        self.looked = EventTime::MIN;
        Ok(())
    }

    fn acknowledge(&mut self) -> Result<(), OfficeError> {
        let acks = self.people.acks()?;
        let known: BTreeSet<&str> = acks.iter().map(|ack| ack.episode.as_str()).collect();
        self.desk.keep_acknowledged(|episode| known.contains(episode));
        self.alarms.keep_acknowledged(|episode| known.contains(episode));
        for Ack { episode, author, time, .. } in &acks {
            // What is over needs nobody any more.
            self.desk.acknowledge(episode, author, EventTime(time.0));
            self.alarms.acknowledged(episode, EventTime(time.0));
        }
        Ok(())
    }

    fn do_errands(&mut self) -> Result<(), OfficeError> {
        while let Ok(errand) = self.errands.try_recv() {
            let (done, answer) = match errand {
                Errand::Message { id, act: Act::Retry, answer, .. } => (self.courier.retry_now(&id)?, answer),
                Errand::Message { id, act: Act::Drop, by, answer } => {
                    (self.courier.drop_message(&id, &by)?, answer)
                }
                Errand::Came { came, answer } => {
                    self.courier.take_in(came)?;
                    (true, answer)
                }
            };
            // Who asked may be gone.
            let _ = answer.try_send(done);
        }
        Ok(())
    }

    /// Leads what came to people. What that decided and the messages are stored together.
    fn route(&mut self, now: EventTime) -> Result<(), OfficeError> {
        // A message that finds no room would be forgotten, so nothing is decided until there is some again.
        if self.courier.room() < MOST_WAITING {
            return Ok(());
        }
        let came = std::mem::take(&mut self.came);
        let mut messages = Vec::new();
        self.desk.route(now, &came, &self.calendar, &mut messages);
        let before = messages.len();
        messages.retain(|one| one.channel != Channel::Sms || !self.wants_none(one.to.as_str()));
        self.not_wanted += (before - messages.len()) as u64;
        if !came.is_empty() {
            // An acknowledgement may be older than this process, and what it is about has only come now.
            self.acknowledge()?;
        }
        self.heard.extend(came.iter().map(|notice| notice.id.clone()));
        self.unstored.extend(came.into_iter().map(|notice| notice.id));
        let is_due = !self.unstored.is_empty() && now.since(self.stored) >= STORE_EVERY;
        if messages.is_empty() && !is_due {
            return Ok(());
        }
        self.stored = now;
        let mut new = Vec::with_capacity(messages.len());
        for message in &messages {
            let line = message_line(&mut self.encoder, message);
            new.push(read_message(line, message.channel.name()).expect("a line of an output is a message"));
        }
        let beside = Beside {
            places: messages.iter().filter_map(place).collect(),
            traces: messages.iter().filter_map(|message| self.traces.of(message)).collect(),
            heard: std::mem::take(&mut self.unstored),
            kept: Some(stored::changed(&mut self.desk)),
            ..Beside::default()
        };
        self.courier.put_with(new, &beside)?;
        for message in &messages {
            self.alarms.sent(now, message);
            let area = place(message).map(|(_, area)| area);
            let data = serde_json::json!({ "id": message.id, "channel": message.channel.name() });
            self.post.feed.push("message", data.to_string(), Visible(area));
        }
        Ok(())
    }

    fn count(&mut self, now: EventTime) {
        let (waiting, (silenced_now, inhibited_now)) = (self.desk.waiting(), self.desk.kept_back(now));
        let gateways = self.names.iter().cloned().zip(self.connected.iter().copied()).collect();
        let figures = Figures {
            routes: self.desk.counts().each().collect(),
            grouped: waiting.grouped,
            held: waiting.held,
            silenced_now,
            inhibited_now,
            waiting: self.courier.waiting(),
            gateways,
            messages: counted(self.courier.counts()),
            alarms: self.alarms.figures(now),
            phones: self
                .heard_of_phones
                .each()
                .into_iter()
                .chain([("not-wanted", self.not_wanted)])
                .collect(),
        };
        *self.post.figures.write().unwrap_or_else(PoisonError::into_inner) = figures;
    }
}

impl Post {
    /// Lets those hear of a row who stay to hear what is new.
    fn tell(&self, name: &'static str, columns: &Columns) {
        let text = |column: &str| columns.get(column).and_then(Value::as_str);
        let data = serde_json::json!({ "id": text("id"), "state": text("state"), "kind": text("kind") });
        self.feed.push(name, data.to_string(), Visible(text("area").map(str::to_owned)));
    }
}

fn counted(counts: outbox::Counts) -> Vec<(&'static str, u64)> {
    vec![
        ("queued", counts.queued),
        ("accepted", counts.accepted),
        ("retried", counts.retried),
        ("unanswered", counts.unanswered),
        ("delivered", counts.delivered),
        ("failed", counts.failed),
    ]
}

/// Of a long past, drops what began and ended before anybody could hear of it.
pub(crate) fn forget_over(came: &mut Vec<Notice>, desk: &Desk) {
    let ends = |notice: &&Notice| matches!(notice.phase, Phase::Ended | Phase::Withdrawn);
    let over: BTreeSet<String> = came.iter().filter(ends).map(|one| one.episode.clone()).collect();
    came.retain(|one| !over.contains(&one.episode) || desk.goes_on(&one.episode));
}

/// The area of a message that is about one thing. A digest may name things of several areas.
fn place(message: &Message) -> Option<(MessageId, String)> {
    let area = message.area.filter(|_| message.more == 0)?;
    Some((MessageId(message.id.clone()), area.to_string()))
}

fn as_the_desk_has_it(silence: &Silence) -> desk::Silence {
    desk::Silence {
        from: EventTime(silence.from.0),
        to: EventTime(silence.until.0),
        author: silence.author.clone(),
        reason: silence.reason.clone(),
        kind: silence.kind.as_deref().and_then(Kind::parse),
        meter: silence.meter.as_deref().and_then(MeterId::new),
        area: silence.area.as_deref().and_then(AreaId::new),
        feeder: silence.feeder.as_deref().and_then(FeederId::new),
        up_to: silence.up_to.as_deref().and_then(severity),
    }
}

/// The severity of this name.
pub(crate) fn severity(name: &str) -> Option<cases::Severity> {
    cases::Severity::ALL.into_iter().find(|one| one.name() == name)
}
