//! What became of each command, a line each time, for good.

use reading::{EventTime, MeterId};
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

/// What stands before the number of a command.
const NUMBER: &str = r#"","number":"#;

/// The life of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Somebody wants it.
    Requested,
    /// It left for the meter.
    Sent,
    /// The meter has done it.
    Done,
    /// The meter refused it.
    Failed,
    /// Its time was over before the meter answered.
    Expired,
}

impl Step {
    /// As the file has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Sent => "sent",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Expired => "expired",
        }
    }
}

/// The file, which only grows.
#[derive(Debug)]
pub struct Audit(File);

/// Commands that the file knew when it was opened.
#[derive(Debug, Default)]
pub struct Noted {
    /// Those that were requested.
    pub requested: BTreeSet<u64>,
    /// Those that were sent.
    pub sent: BTreeSet<u64>,
}

impl Audit {
    /// Goes on behind what is in it.
    pub fn open(path: &Path) -> io::Result<(Self, Noted)> {
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        let (mut text, mut noted) = (String::new(), Noted::default());
        file.read_to_string(&mut text)?;
        if !text.is_empty() && !text.ends_with('\n') {
            // A crash cut this line short.
            file.write_all(b"\n")?;
        }
        for line in text.lines() {
            let Some((_, rest)) = line.split_once(NUMBER) else { continue };
            let digits = rest.split(',').next().unwrap_or_default();
            let Ok(number) = digits.parse() else { continue };
            noted.requested.insert(number);
            if line.contains(r#""state":"sent""#) {
                noted.sent.insert(number);
            }
        }
        Ok((Self(file), noted))
    }

    /// Writes a line. It is on disk when this returns.
    pub fn note(
        &mut self,
        time: EventTime,
        (meter, number, name): (&MeterId, u64, &str),
        step: Step,
        why: &str,
    ) -> io::Result<()> {
        // Names are of meters and of our own: neither has a quote.
        let why = if why.is_empty() { String::new() } else { format!(r#","why":"{why}""#) };
        let step = step.name();
        let line = format!(
            "{{\"time\":\"{time}\",\"meter\":\"{meter}\",\"number\":{number},\"command\":\"{name}\",\"state\":\"{step}\"{why}}}\n"
        );
        self.0.write_all(line.as_bytes())?;
        self.0.sync_data()
    }
}
