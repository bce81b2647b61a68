//! Time for the search for silent meters. If no message comes, event time stands still, so the shell's clock takes
//! over. Otherwise an outage of the whole network would stay unnoticed, because it silences every meter.

use crate::clock::wall_ms;
use reading::EventTime;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How often to look for silent meters while no message comes.
const EVERY: Duration = Duration::from_secs(5);

/// Decides when it is time to look for silent meters.
pub struct Noticing {
    looked: Instant,
}

/// The next thing to do.
pub enum Next<T> {
    /// Act on this message.
    Message(T),
    /// Look for silent meters, at this time of the clock.
    Look(EventTime),
    /// End: the channel is closed.
    Over,
}

impl Noticing {
    #[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
    pub fn new() -> Self {
        Self { looked: Instant::now() }
    }

    /// Waits for a message. With `looks`, it also wakes up every few seconds to look for silent meters.
    #[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
    pub fn next<T>(&mut self, from: &Receiver<T>, looks: bool) -> Next<T> {
        if !looks {
            return from.recv().map_or(Next::Over, Next::Message);
        }
        let wait = EVERY.saturating_sub(self.looked.elapsed());
        // Messages first. A message that waits here may come from a meter that would look silent.
        match from.recv_timeout(wait) {
            Ok(message) => Next::Message(message),
            Err(RecvTimeoutError::Disconnected) => Next::Over,
            Err(RecvTimeoutError::Timeout) => {
                self.looked = Instant::now();
                Next::Look(EventTime(wall_ms()))
            }
        }
    }
}
