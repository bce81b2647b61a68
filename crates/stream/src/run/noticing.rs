//! When nothing comes any more, somebody's clock has to say that time goes on: the shell's.

use crate::clock::wall_ms;
use reading::EventTime;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How often silence is looked for while nothing comes.
const EVERY: Duration = Duration::from_secs(5);

/// Says when it is time to look.
pub struct Noticing {
    looked: Instant,
}

/// What there is to do next.
pub enum Next<T> {
    /// This.
    Heard(T),
    /// To look who is silent, at this time of the clock.
    Look(EventTime),
    /// Nothing any more.
    Over,
}

impl Noticing {
    #[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
    pub fn new() -> Self {
        Self { looked: Instant::now() }
    }

    /// Waits for something to do, but not if `looks` says that there is no use in looking.
    #[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
    pub fn next<T>(&mut self, from: &Receiver<T>, looks: bool) -> Next<T> {
        if !looks {
            return from.recv().map_or(Next::Over, Next::Heard);
        }
        let wait = EVERY.saturating_sub(self.looked.elapsed());
        // What has come goes before: silence is looked for where there is nothing to do.
        match from.recv_timeout(wait) {
            Ok(heard) => Next::Heard(heard),
            Err(RecvTimeoutError::Disconnected) => Next::Over,
            Err(RecvTimeoutError::Timeout) => {
                self.looked = Instant::now();
                Next::Look(EventTime(wall_ms()))
            }
        }
    }
}
