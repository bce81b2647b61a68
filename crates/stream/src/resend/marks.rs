//! How a letter is known that was sent before.

use super::outbox;
use crate::kafka::KafkaPlan;
use crate::log::{Row, Sender};
use reading::id;
use shell::Failure;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Where a letter stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In a file: a number of the line's content. It is the same after other lines were removed.
    Line(String),
    /// In the topic of dead letters.
    Message { partition: i32, key: Vec<u8> },
}

/// Marks letters that were sent.
pub enum Marks {
    /// A list beside the file: each line has the topic and the number of a letter.
    File { path: PathBuf, topic: String, known: BTreeSet<String>, file: Option<File> },
    /// Messages without a value withdraw letters from their topic.
    Topic { topic: String, sender: Sender },
}

impl Place {
    /// The place of a line. Two lines have one number only if they are equal, but for a chance of 1 to 2^64.
    pub fn of_line(line: &[u8]) -> Self {
        Self::Line(format!("{:016x}-{}", id::hash(line), line.len()))
    }

    /// The place of a message. One without a key is not of a run, and its offset is its name.
    pub fn of_message(row: &Row<'_>) -> Self {
        let key = row.key.map_or_else(|| row.offset.to_string().into_bytes(), <[u8]>::to_vec);
        Self::Message { partition: row.partition, key }
    }
}

impl Marks {
    /// The list beside a file of letters.
    pub fn of_file(letters: &Path, topic: &str, dry_run: bool) -> Result<Self, Failure> {
        let mut path = letters.as_os_str().to_owned();
        path.push(".sent");
        let path = PathBuf::from(path);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(cause) if cause.kind() == ErrorKind::NotFound => String::new(),
            Err(cause) => return Err(Failure::failed(format!("cannot read {}", path.display()), &cause)),
        };
        let of_topic = |line: &str| Some(line.strip_prefix(topic)?.strip_prefix(' ')?.to_owned());
        let known = text.lines().filter_map(of_topic).collect();
        // Opened before anything is sent: what could not be marked would be sent again.
        let file = if dry_run { None } else { Some(File::options().append(true).create(true).open(&path)) };
        let file = file.transpose().map_err(|cause| {
            Failure::failed(format!("cannot write {}", path.display()), &cause).help(Some(
                "letters that were sent are listed there: copy the file of letters to a folder that can be written"
                    .to_owned(),
            ))
        })?;
        Ok(Self::File { path, topic: topic.to_owned(), known, file })
    }

    /// Marks in the topic of letters itself.
    pub fn of_topic(kafka: &KafkaPlan, topic: &str) -> Result<Self, Failure> {
        Ok(Self::Topic {
            topic: topic.to_owned(),
            sender: Sender::connect(kafka.connection(), topic, "json")?,
        })
    }

    /// Whether this letter was sent before. Those of a topic are withdrawn then, and do not come.
    pub fn knows(&self, place: &Place) -> bool {
        match (self, place) {
            (Self::File { known, .. }, Place::Line(number)) => known.contains(number),
            _ => false,
        }
    }

    /// Marks letters that the broker has confirmed.
    pub fn put<'a>(&mut self, places: impl Iterator<Item = &'a Place>) -> Result<(), Failure> {
        match self {
            Self::File { path, topic, file: Some(file), .. } => {
                let mut lines = String::new();
                for place in places {
                    if let Place::Line(number) = place {
                        lines += &format!("{topic} {number}\n");
                    }
                }
                let written = file.write_all(lines.as_bytes()).and_then(|()| file.sync_data());
                written.map_err(|cause| {
                    let what = format!("letters were sent, but cannot be listed in {}", path.display());
                    let help = "the next start sends them once more; the engine takes those for repeats";
                    Failure::failed(what, &cause).help(Some(help.to_owned()))
                })
            }
            Self::File { .. } => Ok(()),
            Self::Topic { topic, sender } => {
                for place in places {
                    if let Place::Message { partition, key } = place {
                        outbox::queue(sender, topic, |sender| sender.withdraw(*partition, key))?;
                    }
                }
                outbox::flush(sender, topic)
            }
        }
    }
}

#[cfg(test)]
mod tests;
