//! Whether the process is alive (`/healthz`), and whether it is ready (`/readyz`).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A loop that has not beaten for this time hangs: it beats several times a second.
const SILENCE: Duration = Duration::from_secs(60);

/// A loop that beats while the process is alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loop {
    /// The loop of the first stage, including start and end of a run.
    Main,
    /// The loop of the second stage, if it has a poller of its own.
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

/// In place of a time: this loop does not run, so it need not beat.
const AT_REST: u64 = u64::MAX;

/// The state behind `/healthz` and `/readyz`.
pub struct Health {
    begun: Instant,
    /// The last beat of each loop, in milliseconds since the start.
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

    /// The process is ready: it has partitions, and their state is restored.
    pub fn ready(&self) {
        self.set(None);
    }

    /// The process is not ready, for this reason.
    pub fn not_ready(&self, missing: impl Into<String>) {
        self.set(Some(missing.into()));
    }

    /// The reason why the process counts as dead, if it does.
    pub fn dead(&self) -> Option<String> {
        self.silent(SILENCE)
    }

    /// The reason why the process is not ready, if it is not.
    pub fn missing(&self) -> Option<String> {
        self.missing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn silent(&self, allowed: Duration) -> Option<String> {
        Loop::ALL.into_iter().find_map(|one| {
            let beaten = self.beaten[one as usize].load(Ordering::Relaxed);
            let silent = Duration::from_millis(self.ms().saturating_sub(beaten));
            (silent > allowed).then(|| format!("{} has not answered for {} s", one.name(), silent.as_secs()))
        })
    }

    fn set(&self, missing: Option<String>) {
        *self.missing.lock().unwrap_or_else(PoisonError::into_inner) = missing;
    }

    fn ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
