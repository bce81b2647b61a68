//! Whether the process lives, and whether it works.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A main loop that is not heard for so long hangs: it beats several times a second.
const SILENCE: Duration = Duration::from_secs(60);

/// A loop that is heard while the process lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loop {
    /// That of the readings, and whatever comes before and after it.
    Main,
    /// That of the grid, if it has one of its own.
    Grid,
}

impl Loop {
    const ALL: [Self; 2] = [Self::Main, Self::Grid];

    fn name(self) -> &'static str {
        match self {
            Self::Main => "the main loop",
            Self::Grid => "the loop of the grid",
        }
    }
}

/// In the place of a time: nobody expects it to beat.
const AT_REST: u64 = u64::MAX;

/// What `/healthz` and `/readyz` say.
pub struct Health {
    begun: Instant,
    /// Milliseconds from the beginning to the last beat of each loop.
    beaten: [AtomicU64; 2],
    missing: Mutex<Option<String>>,
}

impl Health {
    pub(super) fn new() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
        let begun = Instant::now();
        let beaten = [AtomicU64::new(0), AtomicU64::new(AT_REST)];
        Self { begun, beaten, missing: Mutex::new(Some("starting".to_owned())) }
    }

    pub(super) fn beat(&self, which: Loop) {
        self.beaten[which as usize].store(self.ms(), Ordering::Relaxed);
    }

    pub(super) fn rest(&self, which: Loop) {
        self.beaten[which as usize].store(AT_REST, Ordering::Relaxed);
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
        Loop::ALL.into_iter().find_map(|one| {
            let beaten = self.beaten[one as usize].load(Ordering::Relaxed);
            let silent = Duration::from_millis(self.ms().saturating_sub(beaten));
            (silent > allowed)
                .then(|| format!("{} has not been heard for {} s", one.name(), silent.as_secs()))
        })
    }

    fn set(&self, missing: Option<String>) {
        *self.missing.lock().unwrap_or_else(PoisonError::into_inner) = missing;
    }

    fn ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
