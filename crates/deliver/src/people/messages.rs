//! The messages of the outbox, for people who look at them while they are sent.

use super::People;
use crate::StoreError;
use crate::store::entry;
use outbox::Entry;
use rusqlite::{Row, named_params};
use std::collections::BTreeSet;

/// Which messages somebody wants to see.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Only those of these areas. A message of no area, or of several, is only for those who may know all.
    pub areas: Option<BTreeSet<String>>,
    /// Only those in this state.
    pub state: Option<String>,
    /// Only those older than the one with this number.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: usize,
}

/// A message as people see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The message, without its receipts.
    pub entry: Entry,
    /// The area that it is about.
    pub area: Option<String>,
    /// The trace of what it is about, as 32 hexadecimal digits.
    pub trace: Option<String>,
}

const SELECT: &str = "
    SELECT messages.*, places.area AS area, traces.trace AS trace FROM messages
    LEFT JOIN places ON places.id = messages.id LEFT JOIN traces ON traces.id = messages.id
    WHERE (:areas IS NULL OR places.area IN (SELECT value FROM json_each(:areas)))
        AND (:state IS NULL OR state = :state) AND (:id IS NULL OR messages.id = :id) AND number < :before
    ORDER BY number DESC LIMIT :limit";

impl People {
    /// Messages, the newest first.
    pub fn messages(&self, asked: &Asked) -> Result<Vec<Found>, StoreError> {
        self.find(asked, None)
    }

    /// The message of this name, if it is one of those areas.
    pub fn message(&self, id: &str, areas: Option<&BTreeSet<String>>) -> Result<Option<Found>, StoreError> {
        let asked = Asked { areas: areas.cloned(), limit: 1, ..Asked::default() };
        Ok(self.find(&asked, Some(id))?.pop())
    }

    fn find(&self, asked: &Asked, id: Option<&str>) -> Result<Vec<Found>, StoreError> {
        let areas = asked.areas.as_ref();
        let areas = areas.map(|areas| serde_json::to_string(areas).expect("text can be written"));
        let before = asked.before.and_then(|number| i64::try_from(number).ok()).unwrap_or(i64::MAX);
        let limit = i64::try_from(asked.limit).unwrap_or(i64::MAX);
        let values = named_params! {
            ":areas": areas, ":state": asked.state, ":id": id, ":before": before, ":limit": limit,
        };
        let one = |row: &Row<'_>| {
            let number: i64 = row.get("number")?;
            Ok((number as u64, entry(row)?, row.get("area")?, row.get("trace")?))
        };
        let rows = self.read(|connection| {
            let mut rows = connection.prepare_cached(SELECT)?;
            rows.query_map(values, one)?.collect::<rusqlite::Result<Vec<_>>>()
        })?;
        let wrong = |number| move |problem| StoreError::Row { path: self.path.clone(), number, problem };
        let found = |(number, entry, area, trace): (u64, Result<Entry, String>, _, _)| {
            Ok(Found { entry: entry.map_err(wrong(number))?, area, trace })
        };
        rows.into_iter().map(found).collect()
    }
}
