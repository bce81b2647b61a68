//! What is new, for clients that stay: server-sent events (WHATWG HTML, 9.2) from a bounded list of the latest.

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// How often a client hears that the connection is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The latest events. `T` says who may see one.
#[derive(Debug, Clone)]
pub struct Feed<T>(Arc<Inner<T>>);

#[derive(Debug)]
struct Inner<T> {
    most: usize,
    /// Tells this process from the next one, whose numbers begin anew.
    epoch: String,
    latest: Mutex<Latest<T>>,
    last: watch::Sender<u64>,
}

#[derive(Debug)]
struct Latest<T> {
    events: VecDeque<One<T>>,
    next: u64,
}

#[derive(Debug, Clone)]
struct One<T> {
    number: u64,
    name: &'static str,
    data: String,
    of: T,
}

impl<T: Clone + Send + Sync + 'static> Feed<T> {
    /// An empty one that remembers so many. `epoch` is different each time a process starts.
    pub fn new(most: usize, epoch: String) -> Self {
        let latest = Mutex::new(Latest { events: VecDeque::new(), next: 1 });
        Self(Arc::new(Inner { most, epoch, latest, last: watch::Sender::new(0) }))
    }

    /// Something is new. `data` has no line breaks.
    pub fn push(&self, name: &'static str, data: String, of: T) {
        let number = {
            let mut latest = self.0.latest.lock().unwrap_or_else(PoisonError::into_inner);
            let number = latest.next;
            latest.next += 1;
            if latest.events.len() == self.0.most {
                latest.events.pop_front();
            }
            latest.events.push_back(One { number, name, data, of });
            number
        };
        self.0.last.send_replace(number);
    }

    /// Where a client goes on that has seen the event of this id. `None` if what followed it is not known any more.
    fn behind(&self, id: &str) -> Option<u64> {
        let (epoch, number) = id.rsplit_once('-')?;
        let number: u64 = number.parse().ok().filter(|_| epoch == self.0.epoch)?;
        let latest = self.0.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let first = latest.events.front().map_or(latest.next, |event| event.number);
        (number + 1 >= first && number < latest.next).then_some(number)
    }

    fn after(&self, number: u64) -> Vec<One<T>> {
        let latest = self.0.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.events.iter().filter(|event| event.number > number).cloned().collect()
    }

    /// The answer to a client: what is new from now on, or behind the event that it has seen last. If that is too long ago, an
    /// event `reset` comes first: the client has to look at everything anew.
    pub fn follow(&self, last_seen: Option<&str>, may_see: impl Fn(&T) -> bool + Send + 'static) -> Response {
        let newest = *self.0.last.borrow();
        let behind = last_seen.map(|id| self.behind(id));
        let reset = matches!(behind, Some(None));
        let from = behind.flatten().unwrap_or(newest);
        let epoch = self.0.epoch.clone();
        let event = move |number: u64, name: &str, data: String| {
            Event::default().id(format!("{epoch}-{number}")).event(name).data(data)
        };
        let mut first = VecDeque::new();
        if reset {
            first.push_back(event(from, "reset", "{}".to_owned()));
        } else if last_seen.is_none() {
            // So that a client that loses the connection at once knows where to go on.
            first.push_back(event(from, "begin", "{}".to_owned()));
        }
        let state = (self.clone(), self.0.last.subscribe(), from, first, may_see, event);
        let events =
            stream::unfold(state, |(feed, mut last, mut seen, mut due, may_see, event)| async move {
                loop {
                    if let Some(next) = due.pop_front() {
                        return Some((Ok::<_, Infallible>(next), (feed, last, seen, due, may_see, event)));
                    }
                    last.borrow_and_update();
                    for one in feed.after(seen) {
                        seen = one.number;
                        if may_see(&one.of) {
                            due.push_back(event(one.number, one.name, one.data));
                        }
                    }
                    if due.is_empty() {
                        last.changed().await.ok()?;
                    }
                }
            });
        Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response()
    }
}
