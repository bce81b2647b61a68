//! What inspectors found: the outcome of a case, as often as somebody went there.

use super::People;
use super::audit::New;
use crate::StoreError;
use outbox::Moment;
use rusqlite::{Row, params};

/// What can come out of a visit: the suspicion was right or not, with or without loss of energy, or nobody could tell.
pub const OUTCOMES: [&str; 6] = [
    "confirmed-with-loss",
    "confirmed-without-loss",
    "meter-fault",
    "wrong-record",
    "nothing-found",
    "no-access",
];

/// What an inspector found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldResult {
    /// Its place in the order of arrival.
    pub number: u64,
    /// The case.
    pub case: String,
    /// One of [`OUTCOMES`].
    pub outcome: String,
    /// What was the cause, in a few words; may be empty.
    pub cause: String,
    /// More of it; may be empty.
    pub note: String,
    /// Who was there.
    pub author: String,
    /// When it was reported.
    pub time: Moment,
}

fn result(row: &Row<'_>) -> rusqlite::Result<FieldResult> {
    Ok(FieldResult {
        number: row.get::<_, i64>("number")? as u64,
        case: row.get("case")?,
        outcome: row.get("outcome")?,
        cause: row.get("cause")?,
        note: row.get("note")?,
        author: row.get("author")?,
        time: Moment(row.get("time")?),
    })
}

impl People {
    /// What was found on a case, the oldest first: the last one counts.
    pub fn results(&self, case: &str) -> Result<Vec<FieldResult>, StoreError> {
        self.read(|connection| {
            let select = "SELECT * FROM results WHERE \"case\" = ?1 ORDER BY number";
            connection.prepare_cached(select)?.query_map([case], result)?.collect()
        })
    }

    /// Adds what was found on a case, and returns it with its number and time, which are set here. Nothing is overwritten:
    /// a later one counts.
    pub fn add_result(&mut self, new: FieldResult, who: &str) -> Result<FieldResult, StoreError> {
        let detail = format!("{}: {}", new.outcome, new.cause);
        let line = New { who, what: "result.add", about: &new.case, detail: &detail };
        let added = self.change(&line, |write, now| {
            let insert = "INSERT INTO results (\"case\", outcome, cause, note, author, time) \
                VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            let FieldResult { case, outcome, cause, note, author, .. } = &new;
            write.execute(insert, params![case, outcome, cause, note, author, now.0])?;
            Ok(Some((write.last_insert_rowid() as u64, now)))
        })?;
        let (number, time) = added.expect("it is always added");
        Ok(FieldResult { number, time, ..new })
    }
}
