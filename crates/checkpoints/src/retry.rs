//! Retries for a store that fails: a full disk gets space again, and a bucket comes back.

use super::StoreError;
use std::thread;
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(30);
/// How soon a request to stop is noticed.
const LISTEN: Duration = Duration::from_millis(50);

/// Tries until `attempt` succeeds, with pauses that grow from 0.2 to 30 seconds. `fails` gets every error and the pause
/// after it. Returns the last error once `stop` returns true, or if a retry cannot help.
pub fn retrying<T>(
    stop: impl Fn() -> bool,
    fails: impl Fn(&StoreError, Duration),
    mut attempt: impl FnMut() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let mut pause = FIRST;
    loop {
        let error = match attempt() {
            Ok(done) => return Ok(done),
            Err(error) if !error.may_pass() || stop() => return Err(error),
            Err(error) => error,
        };
        fails(&error, pause);
        // Sleep in short naps, so that a stop is noticed within a long pause.
        let mut left = pause;
        while !left.is_zero() {
            let nap = left.min(LISTEN);
            thread::sleep(nap);
            left -= nap;
            if stop() {
                return Err(error);
            }
        }
        pause = (pause * 2).min(LONGEST);
    }
}
