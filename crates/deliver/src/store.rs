//! The outbox on disk: one SQLite file, so that a crash at any moment loses no message.
//!
//! WAL with `synchronous = FULL`: a transaction that has returned is on the disk. One process sends; others may read
//! at the same time, and [`people`] write what they decide.

use crate::clock::now;
use crate::{inbox, people};
use outbox::{Entry, MessageId, Moment, State};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, TransactionBehavior, params};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Goes up with the tables. A newer file is refused.
const VERSION: i64 = 6;
/// `GWob`, so that the file of another program is not taken for an outbox.
const APPLICATION: i64 = 0x4757_6f62;
/// Before 3.51.3 a checkpoint could reset a WAL that a reader still used, and damage the file (sqlite.org, 2026).
const OLDEST_SQLITE: i32 = 3_051_003;
/// So long another process may hold the file for a moment.
const PATIENCE: Duration = Duration::from_secs(5);

const TABLES: &str = "
    CREATE TABLE messages (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        line TEXT NOT NULL,
        text TEXT NOT NULL,
        parts INTEGER NOT NULL,
        came INTEGER NOT NULL,
        state TEXT NOT NULL,
        reason TEXT,
        changed INTEGER NOT NULL,
        accepted INTEGER NOT NULL,
        tries INTEGER NOT NULL,
        not_before INTEGER NOT NULL,
        gateway INTEGER NOT NULL,
        last_problem TEXT,
        way TEXT NOT NULL
    ) STRICT;
    CREATE TABLE parts (
        number INTEGER NOT NULL REFERENCES messages (number) ON DELETE CASCADE,
        part INTEGER NOT NULL,
        gateway INTEGER NOT NULL,
        remote TEXT NOT NULL,
        arrived INTEGER NOT NULL,
        PRIMARY KEY (number, part)
    ) STRICT, WITHOUT ROWID;
";

/// What is stored together with messages, since version 3: see [`Beside`].
const BESIDE: &str = "
    CREATE TABLE places (id TEXT PRIMARY KEY, area TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE heard (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
    CREATE TABLE kept (name TEXT PRIMARY KEY, version INTEGER NOT NULL, value BLOB NOT NULL) STRICT;
";

/// Rows of a state that is kept, since version 5: before, it was one value.
const ROWS: &str = "
    CREATE TABLE kept_rows (
        name TEXT NOT NULL,
        key BLOB NOT NULL,
        value BLOB NOT NULL,
        PRIMARY KEY (name, key)
    ) STRICT, WITHOUT ROWID;
";

/// Since version 6: the trace of what a message is about.
const TRACES: &str = "
    CREATE TABLE traces (id TEXT PRIMARY KEY, trace TEXT NOT NULL) STRICT, WITHOUT ROWID;
";

/// Makes version 2 of version 1, in which everything went out as an SMS.
const SINCE_2: &str = "ALTER TABLE messages ADD COLUMN way TEXT NOT NULL DEFAULT 'sms'";

/// What is stored in the same transaction as messages, so that a crash finds both or neither.
#[derive(Debug, Default)]
pub struct Beside {
    /// The area that a message is about, by its name.
    pub places: Vec<(MessageId, String)>,
    /// The trace of what a message is about, by its name.
    pub traces: Vec<(MessageId, String)>,
    /// Names of what messages were made of: it came already.
    pub heard: Vec<String>,
    /// What changed of a state.
    pub kept: Option<Changed>,
    /// What phones sent, to be looked at.
    pub came: Vec<inbox::New>,
    /// What was done with it.
    pub done: inbox::Done,
}

/// What changed of a state that is kept, or all of it the first time.
#[derive(Debug)]
pub struct Changed {
    /// The name of the state.
    pub name: &'static str,
    /// The version of its form.
    pub version: u16,
    /// Its rows that changed by their keys, and those that are gone.
    pub rows: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

/// A state that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The version of its form.
    pub version: u16,
    /// The state, if it was kept as one value.
    pub whole: Vec<u8>,
    /// Its rows by their keys, in the order of these.
    pub rows: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Why a store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite refuses.
    #[error("cannot {doing} {}", path.display())]
    Sqlite {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: rusqlite::Error,
    },
    /// A file of something else.
    #[error("{} is no outbox", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A file of a newer program.
    #[error("{} has version {found}, and this program reads up to {VERSION}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
    },
    /// A row that no outbox has written.
    #[error("message {number} of {} cannot be read: {problem}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// Its place.
        number: u64,
        /// What is wrong.
        problem: String,
    },
    /// There is no file to look into.
    #[error("there is no {}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// Two processes would send every message twice.
    #[error("another process sends what is in {}", path.display())]
    Taken {
        /// The file.
        path: PathBuf,
    },
    /// The file that shows who sends.
    #[error("cannot lock {}", path.display())]
    Lock {
        /// That file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// An SQLite that can damage files.
    #[error("SQLite {found} can damage a file in WAL mode; 3.51.3 or newer is needed")]
    OldSqlite {
        /// Its version.
        found: &'static str,
    },
}

/// The file of an outbox.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    connection: Connection,
    /// Locked as long as this lives: the system lets go of it whatever ends the process. None in one that only reads.
    _lock: Option<File>,
}

impl Store {
    /// Opens the file, and makes it if it is not there. No other process can do so meanwhile; a file beside it, with
    /// `.lock` at its end, shows that.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let lock = take(path)?;
        Ok(Self { path: path.to_owned(), connection: prepare(path)?, _lock: Some(lock) })
    }

    /// One that is gone with the process, for a message that nobody will miss.
    pub fn in_memory() -> Result<Self, StoreError> {
        let path = PathBuf::from("the outbox in memory");
        let fail = |source| StoreError::Sqlite { doing: "make", path: path.clone(), source };
        let mut connection = Connection::open_in_memory().map_err(fail)?;
        make_tables(&mut connection).map_err(fail)?;
        Ok(Self { path: path.clone(), connection, _lock: None })
    }

    /// All messages of a file, in the order of their arrival, while another process may send them. Changes nothing.
    pub fn peek(path: &Path) -> Result<Vec<Entry>, StoreError> {
        Self::look_into(path)?.load()
    }

    /// The trace of what a message is about, if it is known, while another process may send. Changes nothing.
    pub fn peek_trace(path: &Path, id: &MessageId) -> Result<Option<String>, StoreError> {
        let store = Self::look_into(path)?;
        if store.pragma("user_version")? < 6 {
            return Ok(None);
        }
        store.read(|connection| {
            let select = "SELECT trace FROM traces WHERE id = ?1";
            connection.query_row(select, [&id.0], |row| row.get(0)).optional()
        })
    }

    fn look_into(path: &Path) -> Result<Self, StoreError> {
        if !path.is_file() {
            return Err(StoreError::Missing { path: path.to_owned() });
        }
        let fail = |source| StoreError::Sqlite { doing: "open", path: path.to_owned(), source };
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(fail)?;
        connection.busy_timeout(PATIENCE).map_err(fail)?;
        let store = Self { path: path.to_owned(), connection, _lock: None };
        store.check_version()?;
        Ok(store)
    }

    fn pragma(&self, name: &str) -> Result<i64, StoreError> {
        let value = self.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        value.map_err(self.failed("read"))
    }

    fn check_version(&self) -> Result<(), StoreError> {
        check_version(&self.connection, &self.path)
    }

    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        read(&self.connection).map_err(self.failed("read"))
    }

    fn failed(&self, doing: &'static str) -> impl Fn(rusqlite::Error) -> StoreError + use<> {
        let path = self.path.clone();
        move |source| StoreError::Sqlite { doing, path: path.clone(), source }
    }

    /// All messages, in the order of their arrival.
    pub fn load(&self) -> Result<Vec<Entry>, StoreError> {
        let failed = self.failed("read");
        let mut receipts = BTreeMap::<i64, Vec<(u16, String, bool)>>::new();
        let mut rows = self
            .connection
            .prepare("SELECT number, gateway, remote, arrived FROM parts ORDER BY number, part")
            .map_err(&failed)?;
        let parts = rows.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?, row.get(3)?))));
        for part in parts.map_err(&failed)? {
            let (number, part) = part.map_err(&failed)?;
            receipts.entry(number).or_default().push(part);
        }
        // A file of version 1 is only looked at here: who opens it to write makes version 2 of it.
        let way = if self.pragma("user_version")? == 1 { ", 'sms' AS way" } else { "" };
        let select = format!("SELECT *{way} FROM messages ORDER BY number");
        let mut rows = self.connection.prepare(&select).map_err(&failed)?;
        let entries = rows.query_map([], |row| Ok((row.get::<_, i64>("number")?, entry(row)?)));
        let mut all = Vec::new();
        for found in entries.map_err(&failed)? {
            let (number, found) = found.map_err(&failed)?;
            let wrong = |problem| StoreError::Row { path: self.path.clone(), number: number as u64, problem };
            let mut entry = found.map_err(wrong)?;
            entry.receipts = receipts.remove(&number).unwrap_or_default();
            all.push(entry);
        }
        Ok(all)
    }

    /// Writes messages that changed, and deletes those that are forgotten: all of it, or nothing. When it returns, it is
    /// on the disk.
    pub fn save(&mut self, changed: &[Entry], forgotten: &[MessageId]) -> Result<(), StoreError> {
        if changed.is_empty() && forgotten.is_empty() {
            return Ok(());
        }
        self.save_with(changed, forgotten, &Beside::default())
    }

    /// The same, and something beside it in the same transaction.
    pub fn save_with(
        &mut self,
        changed: &[Entry],
        forgotten: &[MessageId],
        beside: &Beside,
    ) -> Result<(), StoreError> {
        let failed = self.failed("write to");
        let write = || -> rusqlite::Result<()> {
            let write = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for id in forgotten {
                write.prepare_cached("DELETE FROM messages WHERE id = ?1")?.execute([&id.0])?;
                write.prepare_cached("DELETE FROM places WHERE id = ?1")?.execute([&id.0])?;
                write.prepare_cached("DELETE FROM traces WHERE id = ?1")?.execute([&id.0])?;
            }
            for entry in changed {
                save_entry(&write, entry)?;
            }
            save_beside(&write, beside)?;
            write.commit()
        };
        let mut write = write;
        write().map_err(failed)
    }

    /// How many messages there are in each state.
    pub fn counts(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        let failed = self.failed("read");
        let mut rows = self
            .connection
            .prepare("SELECT state, count(*) FROM messages GROUP BY state")
            .map_err(&failed)?;
        let counts = rows.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64)));
        counts.map_err(&failed)?.collect::<rusqlite::Result<_>>().map_err(&failed)
    }

    /// The names of what came already.
    pub fn heard(&self) -> Result<BTreeSet<String>, StoreError> {
        let read = || {
            let mut rows = self.connection.prepare("SELECT id FROM heard")?;
            rows.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()
        };
        read().map_err(self.failed("read"))
    }

    /// A state that was kept under a name.
    pub fn kept(&self, name: &str) -> Result<Option<Kept>, StoreError> {
        self.read(|connection| {
            let select = "SELECT version, value FROM kept WHERE name = ?1";
            let kept = connection.query_row(select, [name], |row| Ok((row.get(0)?, row.get(1)?)));
            let Some((version, whole)) = kept.optional()? else { return Ok(None) };
            let mut rows =
                connection.prepare("SELECT key, value FROM kept_rows WHERE name = ?1 ORDER BY key")?;
            let rows = rows.query_map([name], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(Some(Kept { version, whole, rows: rows.collect::<rusqlite::Result<_>>()? }))
        })
    }

    /// Whether SQLite finds the file whole.
    pub fn check(&self) -> Result<bool, StoreError> {
        let answer = self.connection.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0));
        let answer = answer.optional().map_err(self.failed("check"))?;
        Ok(answer.as_deref() == Some("ok"))
    }
}

/// A connection to the file, with all tables.
pub(crate) fn prepare(path: &Path) -> Result<Connection, StoreError> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(StoreError::OldSqlite { found: rusqlite::version() });
    }
    let fail = |doing| {
        let path = path.to_owned();
        move |source| StoreError::Sqlite { doing, path, source }
    };
    let mut connection = Connection::open(path).map_err(fail("open"))?;
    make_tables(&mut connection).map_err(fail("prepare"))?;
    check_version(&connection, path)?;
    Ok(connection)
}

fn make_tables(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    let write = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let pragma = |name| write.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let is_empty =
        write.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))? == 0;
    if is_empty && pragma("application_id")? == 0 {
        write.execute_batch(TABLES)?;
        write.execute_batch(BESIDE)?;
        write.execute_batch(people::TABLES)?;
        write.execute_batch(inbox::TABLES)?;
        write.execute_batch(people::RESULTS)?;
        write.execute_batch(ROWS)?;
        write.execute_batch(TRACES)?;
        write.pragma_update(None, "application_id", APPLICATION)?;
        write.pragma_update(None, "user_version", VERSION)?;
    } else if pragma("application_id")? == APPLICATION && pragma("user_version")? < VERSION {
        if pragma("user_version")? == 1 {
            write.execute_batch(SINCE_2)?;
        }
        if pragma("user_version")? < 3 {
            write.execute_batch(BESIDE)?;
            write.execute_batch(people::TABLES)?;
        }
        if pragma("user_version")? < 4 {
            write.execute_batch(inbox::TABLES)?;
            write.execute_batch(people::RESULTS)?;
        }
        if pragma("user_version")? < 5 {
            write.execute_batch(ROWS)?;
        }
        write.execute_batch(TRACES)?;
        write.pragma_update(None, "user_version", VERSION)?;
    }
    write.commit()?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")
}

fn check_version(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let pragma = |name| {
        let value = connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        value.map_err(|source| StoreError::Sqlite { doing: "read", path: path.to_owned(), source })
    };
    if pragma("application_id")? != APPLICATION {
        return Err(StoreError::Foreign { path: path.to_owned() });
    }
    match pragma("user_version")? {
        found if found > VERSION => Err(StoreError::Newer { path: path.to_owned(), found }),
        _ => Ok(()),
    }
}

/// Locks the file beside the store.
fn take(store: &Path) -> Result<File, StoreError> {
    let mut path = store.as_os_str().to_owned();
    path.push(".lock");
    let path = PathBuf::from(path);
    let failed = |source| StoreError::Lock { path: path.clone(), source };
    let file = File::options().create(true).append(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Taken { path: store.to_owned() }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

fn save_beside(write: &Connection, beside: &Beside) -> rusqlite::Result<()> {
    for (id, area) in &beside.places {
        let insert = "INSERT INTO places VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        write.prepare_cached(insert)?.execute([&id.0, area])?;
    }
    for (id, trace) in &beside.traces {
        let insert = "INSERT INTO traces VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        write.prepare_cached(insert)?.execute([&id.0, trace])?;
    }
    for id in &beside.heard {
        write.prepare_cached("INSERT INTO heard VALUES (?1) ON CONFLICT DO NOTHING")?.execute([id])?;
    }
    if let Some(Changed { name, version, rows }) = &beside.kept {
        let insert = "INSERT INTO kept VALUES (?1, ?2, x'')
             ON CONFLICT (name) DO UPDATE SET version = ?2, value = x''";
        write.prepare_cached(insert)?.execute(params![name, version])?;
        let insert = "INSERT INTO kept_rows VALUES (?1, ?2, ?3)
             ON CONFLICT (name, key) DO UPDATE SET value = ?3";
        let mut insert = write.prepare_cached(insert)?;
        let mut delete = write.prepare_cached("DELETE FROM kept_rows WHERE name = ?1 AND key = ?2")?;
        for (key, value) in rows {
            match value {
                Some(value) => insert.execute(params![name, key, value])?,
                None => delete.execute(params![name, key])?,
            };
        }
    }
    inbox::save(write, now(), &beside.came, &beside.done)
}

fn save_entry(write: &Connection, entry: &Entry) -> rusqlite::Result<()> {
    let reason = match &entry.state {
        State::Failed { reason } => Some(reason),
        _ => None,
    };
    let number = entry.number as i64;
    write
        .prepare_cached(
            "INSERT INTO messages VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
             ON CONFLICT (number) DO UPDATE SET state = ?7, reason = ?8, changed = ?9, accepted = ?10, tries = ?11,
             not_before = ?12, gateway = ?13, last_problem = ?14, came = ?6",
        )?
        .execute(params![
            number,
            entry.id.0,
            entry.line,
            entry.text,
            entry.parts,
            entry.came.0,
            entry.state.name(),
            reason,
            entry.changed.0,
            entry.accepted,
            entry.tries,
            entry.not_before.0,
            entry.gateway,
            entry.last_problem,
            entry.way,
        ])?;
    for (part, (gateway, remote, arrived)) in entry.receipts.iter().enumerate() {
        write
            .prepare_cached(
                "INSERT INTO parts VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (number, part) DO UPDATE SET gateway = ?3, remote = ?4, arrived = ?5",
            )?
            .execute(params![number, part as i64, gateway, remote, arrived])?;
    }
    Ok(())
}

/// An entry without its receipts, or what is wrong with the row.
pub(crate) fn entry(row: &Row<'_>) -> rusqlite::Result<Result<Entry, String>> {
    let state = match row.get::<_, String>("state")?.as_str() {
        "queued" => State::Queued,
        "sent" => State::Sent,
        "delivered" => State::Delivered,
        "failed" => State::Failed { reason: row.get::<_, Option<String>>("reason")?.unwrap_or_default() },
        other => return Ok(Err(format!("`{other}` is no state"))),
    };
    Ok(Ok(Entry {
        id: MessageId(row.get("id")?),
        number: row.get::<_, i64>("number")? as u64,
        line: row.get("line")?,
        text: row.get("text")?,
        parts: row.get("parts")?,
        came: Moment(row.get("came")?),
        state,
        changed: Moment(row.get("changed")?),
        accepted: row.get("accepted")?,
        tries: row.get("tries")?,
        not_before: Moment(row.get("not_before")?),
        gateway: row.get("gateway")?,
        receipts: Vec::new(),
        last_problem: row.get("last_problem")?,
        way: row.get("way")?,
    }))
}

#[cfg(test)]
mod tests;
