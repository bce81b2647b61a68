//! The clock on the wall: the core has none, and some ages and pauses are measured by it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970.
pub fn wall_ms() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
    let now = SystemTime::now();
    let since = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
