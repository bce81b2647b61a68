//! Whether the process lives, and whether it works.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A main loop that is not heard for so long hangs: it beats several times a second.
const SILENCE: Duration = Duration::from_secs(60);

/// What `/healthz` and `/readyz` say.
pub struct Health {
    begun: Instant,
    /// Milliseconds from the beginning to the last beat.
    beaten: AtomicU64,
    missing: Mutex<Option<String>>,
}

impl Health {
    pub(super) fn new() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
        let begun = Instant::now();
        Self { begun, beaten: AtomicU64::new(0), missing: Mutex::new(Some("starting".to_owned())) }
    }

    pub(super) fn beat(&self) {
        self.beaten.store(self.ms(), Ordering::Relaxed);
    }

    /// Partitions are assigned and their state is loaded.
    pub fn ready(&self) {
        self.set(None);
    }

    /// Something is still missing, or missing again: a line that says what.
    pub fn not_ready(&self, missing: impl Into<String>) {
        self.set(Some(missing.into()));
    }

    /// Why the process does not live.
    pub fn dead(&self) -> Option<String> {
        self.silent(SILENCE)
    }

    /// Why it does not work yet.
    pub fn missing(&self) -> Option<String> {
        self.missing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn silent(&self, allowed: Duration) -> Option<String> {
        let silent = Duration::from_millis(self.ms().saturating_sub(self.beaten.load(Ordering::Relaxed)));
        (silent > allowed).then(|| format!("the main loop has not been heard for {} s", silent.as_secs()))
    }

    fn set(&self, missing: Option<String>) {
        *self.missing.lock().unwrap_or_else(PoisonError::into_inner) = missing;
    }

    fn ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
