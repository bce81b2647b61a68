//! What phones sent, in the file of the outbox, so that each command is answered once: a message is stored before its
//! gateway hears that it came, and its answer is stored together with the mark that it was answered.

use crate::{Store, StoreError};
use outbox::Moment;
use rusqlite::{Connection, Row, params};
use std::collections::BTreeSet;

/// What came is known for a day: so long it counts for limits.
const REMEMBERED: i64 = 86_400_000;

pub(crate) const TABLES: &str = "
    CREATE TABLE came (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        gateway TEXT NOT NULL,
        sender TEXT NOT NULL,
        text TEXT NOT NULL,
        time INTEGER NOT NULL,
        done TEXT
    ) STRICT;
    CREATE TABLE stopped (phone TEXT PRIMARY KEY, time INTEGER NOT NULL) STRICT, WITHOUT ROWID;
";

/// A message of a phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Came {
    /// Its place in the order of arrival.
    pub number: u64,
    /// The gateway that it came over.
    pub gateway: String,
    /// The number of the phone, as the gateway has it.
    pub from: String,
    /// What it says.
    pub text: String,
    /// When it came.
    pub time: Moment,
}

/// A message that has just come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct New {
    /// The gateway that it came over.
    pub gateway: String,
    /// The number of the phone.
    pub from: String,
    /// What it says.
    pub text: String,
}

/// What was done with messages of phones.
#[derive(Debug, Default)]
pub struct Done {
    /// By their numbers, and whether each was answered.
    pub came: Vec<(u64, bool)>,
    /// Phones that want no more messages, or want them again.
    pub stops: Vec<(String, bool)>,
}

pub(crate) fn save(write: &Connection, now: Moment, new: &[New], done: &Done) -> rusqlite::Result<()> {
    for New { gateway, from, text } in new {
        let insert = "INSERT INTO came (gateway, sender, text, time) VALUES (?1, ?2, ?3, ?4)";
        write.prepare_cached(insert)?.execute(params![gateway, from, text, now.0])?;
    }
    for (number, is_answered) in &done.came {
        let words = if *is_answered { "answered" } else { "left" };
        let update = "UPDATE came SET done = ?2 WHERE number = ?1";
        write.prepare_cached(update)?.execute(params![*number as i64, words])?;
    }
    for (phone, is_stopped) in &done.stops {
        if *is_stopped {
            let insert = "INSERT INTO stopped VALUES (?1, ?2) ON CONFLICT DO NOTHING";
            write.prepare_cached(insert)?.execute(params![phone, now.0])?;
        } else {
            write.prepare_cached("DELETE FROM stopped WHERE phone = ?1")?.execute([phone])?;
        }
    }
    if !new.is_empty() {
        let old = now.plus(-REMEMBERED).0;
        write.prepare_cached("DELETE FROM came WHERE time < ?1 AND done IS NOT NULL")?.execute([old])?;
    }
    Ok(())
}

fn came(row: &Row<'_>) -> rusqlite::Result<Came> {
    Ok(Came {
        number: row.get::<_, i64>("number")? as u64,
        gateway: row.get("gateway")?,
        from: row.get("sender")?,
        text: row.get("text")?,
        time: Moment(row.get("time")?),
    })
}

impl Store {
    /// At most so many messages that nobody has looked at, in the order of their arrival.
    pub fn unread(&self, most: usize) -> Result<Vec<Came>, StoreError> {
        self.read(|connection| {
            let select = "SELECT * FROM came WHERE done IS NULL ORDER BY number LIMIT ?1";
            connection.prepare_cached(select)?.query_map([most as i64], came)?.collect()
        })
    }

    /// The messages of a phone that were answered since then, in the order of their arrival.
    pub fn answered(&self, from: &str, since: Moment) -> Result<Vec<Came>, StoreError> {
        self.read(|connection| {
            let select =
                "SELECT * FROM came WHERE sender = ?1 AND time >= ?2 AND done = 'answered' ORDER BY number";
            connection.prepare_cached(select)?.query_map(params![from, since.0], came)?.collect()
        })
    }

    /// The phones that want no more messages.
    pub fn stopped(&self) -> Result<BTreeSet<String>, StoreError> {
        self.read(|connection| {
            let mut rows = connection.prepare_cached("SELECT phone FROM stopped")?;
            rows.query_map([], |row| row.get(0))?.collect()
        })
    }
}
