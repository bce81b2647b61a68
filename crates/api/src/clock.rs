//! The wall's time.

use outbox::Moment;
use reading::EventTime;
use std::time::{SystemTime, UNIX_EPOCH};

/// Now.
#[expect(clippy::disallowed_methods, reason = "people wait by the wall's clock")]
pub(crate) fn now() -> EventTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    EventTime(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// As people and machines read it.
pub(crate) fn text(moment: Moment) -> String {
    EventTime(moment.0).to_string()
}
