//! A line for each change: who did what, and when. Each has a hash over itself and the line before, so that a line that was
//! changed or taken out later is found.

use super::People;
use crate::StoreError;
use outbox::Moment;
use ring::digest::{SHA256, digest};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

/// A line as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1 on.
    pub number: u64,
    /// When it was.
    pub time: Moment,
    /// Who did it: a token as `token NAME (ID)`, or a person at the machine.
    pub who: String,
    /// What was done, such as `silence.add`.
    pub what: String,
    /// What it was done to.
    pub about: String,
    /// More of it, in words.
    pub detail: String,
}

/// A line as it comes.
pub(super) struct New<'a> {
    pub(super) who: &'a str,
    pub(super) what: &'a str,
    pub(super) about: &'a str,
    pub(super) detail: &'a str,
}

fn hash_of(before: &[u8], line: &Line) -> Vec<u8> {
    let Line { number, time, who, what, about, detail } = line;
    let mut text = before.to_vec();
    for field in [&number.to_string(), &time.0.to_string(), who, what, about, detail] {
        // With the length in front, no two lines have the same bytes.
        text.extend((field.len() as u64).to_be_bytes());
        text.extend(field.as_bytes());
    }
    digest(&SHA256, &text).as_ref().to_vec()
}

pub(super) fn append(write: &Transaction<'_>, now: Moment, new: &New<'_>) -> rusqlite::Result<()> {
    let last = "SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1";
    let last = write.query_row(last, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)));
    let (number, before) = last.optional()?.unwrap_or_default();
    let &New { who, what, about, detail } = new;
    let line = Line {
        number: number as u64 + 1,
        time: now,
        who: who.to_owned(),
        what: what.to_owned(),
        about: about.to_owned(),
        detail: detail.to_owned(),
    };
    let values = params![number + 1, now.0, who, what, about, detail, hash_of(&before, &line)];
    write.execute("INSERT INTO audit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", values).map(drop)
}

fn each(
    connection: &Connection,
    before: i64,
    limit: i64,
    mut to: impl FnMut(Line, Vec<u8>),
) -> rusqlite::Result<()> {
    let select = "SELECT * FROM audit WHERE number < ?1 ORDER BY number DESC LIMIT ?2";
    let mut rows = connection.prepare_cached(select)?;
    let mut rows = rows.query([before, limit])?;
    while let Some(row) = rows.next()? {
        let line = Line {
            number: row.get::<_, i64>("number")? as u64,
            time: Moment(row.get("time")?),
            who: row.get("who")?,
            what: row.get("what")?,
            about: row.get("about")?,
            detail: row.get("detail")?,
        };
        to(line, row.get("hash")?);
    }
    Ok(())
}

impl People {
    /// The number of the last line: it grows with each change, whoever made it.
    pub fn changes(&self) -> Result<u64, StoreError> {
        self.read(|connection| {
            connection.query_row("SELECT coalesce(max(number), 0) FROM audit", [], |row| row.get::<_, i64>(0))
        })
        .map(|number| number as u64)
    }

    /// Writes a line about a change that was made elsewhere.
    pub fn note(&mut self, who: &str, what: &str, about: &str, detail: &str) -> Result<(), StoreError> {
        self.change(&New { who, what, about, detail }, |_, _| Ok(Some(()))).map(drop)
    }

    /// At most so many lines, the newest first, all older than the one of this number.
    pub fn lines(&self, before: Option<u64>, limit: usize) -> Result<Vec<Line>, StoreError> {
        let before = before.and_then(|number| i64::try_from(number).ok()).unwrap_or(i64::MAX);
        let mut lines = Vec::new();
        self.read(|connection| each(connection, before, limit as i64, |line, _| lines.push(line)))?;
        Ok(lines)
    }

    /// The number of the first line that is not as it was written, or behind which one is missing.
    pub fn first_changed_line(&self) -> Result<Option<u64>, StoreError> {
        let mut all = Vec::new();
        self.read(|connection| each(connection, i64::MAX, -1, |line, hash| all.push((line, hash))))?;
        let (mut before, mut expected) = (Vec::new(), 1);
        for (line, hash) in all.into_iter().rev() {
            if line.number != expected || hash != hash_of(&before, &line) {
                return Ok(Some(expected));
            }
            (before, expected) = (hash, expected + 1);
        }
        Ok(None)
    }
}
