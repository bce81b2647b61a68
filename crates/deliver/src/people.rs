//! What people decided: silences, acknowledgements, tokens, and a line for each change. Tables beside those of the outbox, in
//! the same file, so that one copy of it has everything that cannot be computed again.
//!
//! A connection of its own: the one who sends holds a lock on sending, and a person may decide something meanwhile. SQLite
//! lets one transaction write at a time, and the others wait for some milliseconds.

mod audit;
mod decisions;
mod messages;
mod results;
mod tokens;

pub use audit::Line;
pub use decisions::{Ack, Silence};
pub use messages::{Asked, Found};
pub use results::{FieldResult, OUTCOMES};
pub use tokens::{Role, Token, WrongToken};

use crate::clock::now;
use crate::store::{StoreError, prepare};
use outbox::Moment;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::path::{Path, PathBuf};

/// The tables, since version 3 of the file.
pub(crate) const TABLES: &str = "
    CREATE TABLE silences (
        name TEXT PRIMARY KEY,
        begins INTEGER NOT NULL,
        ends INTEGER NOT NULL,
        author TEXT NOT NULL,
        reason TEXT NOT NULL,
        kind TEXT,
        meter TEXT,
        area TEXT,
        feeder TEXT,
        up_to TEXT,
        ended INTEGER,
        ended_by TEXT
    ) STRICT;
    CREATE TABLE acks (
        episode TEXT PRIMARY KEY,
        author TEXT NOT NULL,
        time INTEGER NOT NULL,
        note TEXT NOT NULL
    ) STRICT;
    CREATE TABLE tokens (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        hash BLOB NOT NULL,
        role TEXT NOT NULL,
        areas TEXT,
        created INTEGER NOT NULL,
        revoked INTEGER
    ) STRICT;
    CREATE TABLE audit (
        number INTEGER PRIMARY KEY,
        time INTEGER NOT NULL,
        who TEXT NOT NULL,
        what TEXT NOT NULL,
        about TEXT NOT NULL,
        detail TEXT NOT NULL,
        hash BLOB NOT NULL
    ) STRICT;
";

/// What inspectors found, since version 4.
pub(crate) const RESULTS: &str = "
    CREATE TABLE results (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        \"case\" TEXT NOT NULL,
        outcome TEXT NOT NULL,
        cause TEXT NOT NULL,
        note TEXT NOT NULL,
        author TEXT NOT NULL,
        time INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX results_of ON results (\"case\");
";

/// What people decided, in the file of an outbox.
#[derive(Debug)]
pub struct People {
    path: PathBuf,
    connection: Connection,
}

impl People {
    /// Opens the file, and makes it if it is not there.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = prepare(path)?;
        Ok(Self { path: path.to_owned(), connection })
    }

    /// The same for a file that has to be there.
    pub fn open_existing(path: &Path) -> Result<Self, StoreError> {
        if path.is_file() { Self::open(path) } else { Err(StoreError::Missing { path: path.to_owned() }) }
    }

    fn failed(&self, doing: &'static str) -> impl Fn(rusqlite::Error) -> StoreError + use<> {
        let path = self.path.clone();
        move |source| StoreError::Sqlite { doing, path: path.clone(), source }
    }

    fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        read(&self.connection).map_err(self.failed("read"))
    }

    /// Changes something, and writes the line about it in the same transaction. A change that turns out to be none, with
    /// `None`, leaves no line.
    fn change<T>(
        &mut self,
        line: &audit::New<'_>,
        change: impl FnOnce(&Transaction<'_>, Moment) -> rusqlite::Result<Option<T>>,
    ) -> Result<Option<T>, StoreError> {
        let failed = self.failed("write to");
        let write = || {
            let write = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let now = now();
            let done = change(&write, now)?;
            if done.is_some() {
                audit::append(&write, now, line)?;
            }
            write.commit()?;
            Ok(done)
        };
        write().map_err(failed)
    }
}

#[cfg(test)]
mod tests;
