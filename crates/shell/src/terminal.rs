//! Watches for the end of a terminal: its window is closed, or its connection breaks.

use crate::Stop;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// How long a command may take to end by itself once it is asked to.
const PATIENCE: Duration = Duration::from_millis(1500);

/// A watch over the terminal, until this is dropped.
///
/// Libraries that read keys treat "no bytes" as "no key yet". Once the terminal has gone they read again and again, and
/// never return. Only another thread can end that.
pub struct TerminalWatch(Arc<AtomicBool>);

impl TerminalWatch {
    /// Asks the process to end if its terminal is gone. If it does not end soon, this ends it, after `restore` has
    /// given the terminal back as far as possible.
    pub fn start(stop: Stop, restore: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let over = Arc::new(AtomicBool::new(false));
        let watch = Self(Arc::clone(&over));
        thread::Builder::new().name("terminal".to_owned()).spawn(move || {
            while !stop.is_asked() {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                if has_gone() {
                    stop.hang_up();
                }
            }
            thread::sleep(PATIENCE);
            if !over.load(Ordering::Relaxed) {
                restore();
                std::process::exit(128 + i32::from(stop.signal().unwrap_or_default()));
            }
        })?;
        Ok(watch)
    }
}

impl Drop for TerminalWatch {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Whether standard input is a terminal that is gone. It waits a moment for that.
#[cfg(unix)]
fn has_gone() -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stdin = io::stdin();
    // No event is requested: the system reports a hang-up in any case.
    let mut input = [PollFd::new(&stdin, PollFlags::empty())];
    let quarter_second = Timespec { tv_sec: 0, tv_nsec: 250_000_000 };
    match poll(&mut input, Some(&quarter_second)) {
        Ok(0) => false,
        Ok(_) => input[0].revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL),
        // A signal interrupted the wait.
        Err(_) => false,
    }
}

/// On other systems only signals show the end of a terminal.
#[cfg(not(unix))]
fn has_gone() -> bool {
    thread::sleep(Duration::from_millis(250));
    false
}
