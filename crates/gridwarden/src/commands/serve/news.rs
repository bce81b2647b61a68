//! Rows of outputs as news.

use api::News;
use columns::read_notice;
use serde_json::{Map, Value};

/// A row as JSON that becomes news of this kind. `from` names where it stands.
pub(super) fn row(line: &[u8], from: &str, news: fn(Map<String, Value>) -> News) -> News {
    match serde_json::from_slice(line) {
        Ok(columns) => news(columns),
        Err(error) => News::Unreadable(format!("{from}: {error}")),
    }
}

/// A notice as JSON, with the trace of what settled its tick if that is known.
pub(super) fn notice(line: &[u8], from: &str, trace: Option<&str>) -> News {
    let notice = match read_notice(line) {
        Ok(notice) => Box::new(notice),
        Err(error) => return News::Unreadable(format!("{from}: {error}")),
    };
    match serde_json::from_slice(line) {
        Ok(columns) => News::Notice(columns, notice, trace.map(str::to_owned)),
        Err(error) => News::Unreadable(format!("{from}: {error}")),
    }
}
