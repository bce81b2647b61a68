//! Silences and acknowledgements.

use super::People;
use super::audit::New;
use super::tokens::random;
use crate::StoreError;
use outbox::Moment;
use rusqlite::{Connection, OptionalExtension, Row, params};

/// A person's wish to hear nothing of some things for a while. A criterion that is `None` asks for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// Its name.
    pub name: String,
    /// When it begins.
    pub from: Moment,
    /// When it ends.
    pub until: Moment,
    /// Who wants it.
    pub author: String,
    /// Why.
    pub reason: String,
    /// Only this kind.
    pub kind: Option<String>,
    /// Only this meter.
    pub meter: Option<String>,
    /// Only this area.
    pub area: Option<String>,
    /// Only this feeder.
    pub feeder: Option<String>,
    /// Only this and less severe.
    pub up_to: Option<String>,
    /// When a person ended it before its time, and who.
    pub ended: Option<(Moment, String)>,
}

impl Silence {
    /// Whether it holds back anything at this time, or will.
    pub fn is_over(&self, now: Moment) -> bool {
        self.ended.is_some() || self.until <= now
    }

    /// What it is about, in words.
    fn in_words(&self) -> String {
        let criteria = [
            ("kind", &self.kind),
            ("meter", &self.meter),
            ("area", &self.area),
            ("feeder", &self.feeder),
            ("up to", &self.up_to),
        ];
        let asked =
            criteria.iter().filter_map(|(name, value)| Some(format!("{name} {}", (*value).as_ref()?)));
        let asked: Vec<String> = asked.collect();
        let about = if asked.is_empty() { "everything".to_owned() } else { asked.join(", ") };
        format!("{about}: {}", self.reason)
    }
}

/// Somebody takes care of something that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ack {
    /// What goes on; of a case its id.
    pub episode: String,
    /// Who takes care of it.
    pub author: String,
    /// Since when.
    pub time: Moment,
    /// What he has to say; may be empty.
    pub note: String,
}

fn silence(row: &Row<'_>) -> rusqlite::Result<Silence> {
    let ended: Option<i64> = row.get("ended")?;
    let ended_by: Option<String> = row.get("ended_by")?;
    Ok(Silence {
        name: row.get("name")?,
        from: Moment(row.get("begins")?),
        until: Moment(row.get("ends")?),
        author: row.get("author")?,
        reason: row.get("reason")?,
        kind: row.get("kind")?,
        meter: row.get("meter")?,
        area: row.get("area")?,
        feeder: row.get("feeder")?,
        up_to: row.get("up_to")?,
        ended: ended.map(|time| (Moment(time), ended_by.unwrap_or_default())),
    })
}

fn ack(row: &Row<'_>) -> rusqlite::Result<Ack> {
    Ok(Ack {
        episode: row.get("episode")?,
        author: row.get("author")?,
        time: Moment(row.get("time")?),
        note: row.get("note")?,
    })
}

fn rows<T>(
    connection: &Connection,
    select: &str,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    connection.prepare_cached(select)?.query_map([], read)?.collect()
}

impl People {
    /// All silences, also those that are over, by name.
    pub fn silences(&self) -> Result<Vec<Silence>, StoreError> {
        self.read(|connection| rows(connection, "SELECT * FROM silences ORDER BY name", silence))
    }

    /// The silence of this name.
    pub fn silence(&self, name: &str) -> Result<Option<Silence>, StoreError> {
        self.read(|connection| {
            connection.query_row("SELECT * FROM silences WHERE name = ?1", [name], silence).optional()
        })
    }

    /// Adds a silence under a name of its own, and returns the name.
    pub fn add_silence(&mut self, new: &Silence, who: &str) -> Result<String, StoreError> {
        // People type it, so it is short.
        let name = random::<4>().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let line = New { who, what: "silence.add", about: &name, detail: &new.in_words() };
        self.change(&line, |write, _| {
            let values = params![
                name,
                new.from.0,
                new.until.0,
                new.author,
                new.reason,
                new.kind,
                new.meter,
                new.area,
                new.feeder,
                new.up_to,
            ];
            let insert = "INSERT INTO silences VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, NULL, NULL)";
            write.execute(insert, values).map(Some)
        })?;
        Ok(name)
    }

    /// Ends a silence before its time. False if there is none of this name, or if it is over.
    pub fn end_silence(&mut self, name: &str, who: &str) -> Result<bool, StoreError> {
        let line = New { who, what: "silence.end", about: name, detail: "" };
        let done = self.change(&line, |write, now| {
            let update = "UPDATE silences SET ended = ?2, ended_by = ?3 WHERE name = ?1 AND ended IS NULL AND ends > ?2";
            let changed = write.execute(update, params![name, now.0, who])?;
            Ok((changed > 0).then_some(()))
        })?;
        Ok(done.is_some())
    }

    /// All acknowledgements, by what they are about.
    pub fn acks(&self) -> Result<Vec<Ack>, StoreError> {
        self.read(|connection| rows(connection, "SELECT * FROM acks ORDER BY episode", ack))
    }

    /// Who takes care of an episode.
    pub fn ack(&self, episode: &str) -> Result<Option<Ack>, StoreError> {
        self.read(|connection| {
            connection.query_row("SELECT * FROM acks WHERE episode = ?1", [episode], ack).optional()
        })
    }

    /// Somebody takes care of an episode. False if somebody does already: who came first takes care.
    pub fn acknowledge(
        &mut self,
        episode: &str,
        author: &str,
        note: &str,
        who: &str,
    ) -> Result<bool, StoreError> {
        let line = New { who, what: "ack", about: episode, detail: note };
        let done = self.change(&line, |write, now| {
            let insert = "INSERT INTO acks VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
            let changed = write.execute(insert, params![episode, author, now.0, note])?;
            Ok((changed > 0).then_some(()))
        })?;
        Ok(done.is_some())
    }

    /// Nobody takes care of an episode any more. False if nobody did.
    pub fn take_back(&mut self, episode: &str, who: &str) -> Result<bool, StoreError> {
        let line = New { who, what: "ack.undo", about: episode, detail: "" };
        let done = self.change(&line, |write, _| {
            let changed = write.execute("DELETE FROM acks WHERE episode = ?1", [episode])?;
            Ok((changed > 0).then_some(()))
        })?;
        Ok(done.is_some())
    }
}
