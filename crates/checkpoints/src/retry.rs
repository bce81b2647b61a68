//! Trying again what the store could not do: disks get space again, and buckets come back.

use super::StoreError;
use std::thread;
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(30);
/// How soon somebody who wants to stop is heard.
const LISTEN: Duration = Duration::from_millis(50);

/// Tries until it succeeds, with pauses that grow from 0.2 to 30 seconds. `fails` hears of every failure and of the
/// pause that follows. Gives the last error once `stop` says so, or when trying again cannot help.
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
