//! A serial port and what a modem says on it, line by line.

use crate::clock::now;
use rustix::fs::OFlags;
use rustix::termios::{ControlModes, OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

/// More than this without an end is no modem.
const MOST: usize = 64 * 1024;

/// A serial port.
#[derive(Debug)]
pub(crate) struct Port {
    file: File,
    /// What came and is not read yet.
    heard: Vec<u8>,
}

/// What a modem answered to a command.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Said {
    /// All of it, the last line too.
    pub(super) lines: Vec<String>,
    /// Whether that is `OK`.
    pub(super) is_ok: bool,
}

impl Said {
    /// An error that names the command, unless it went well.
    pub(super) fn done(self, command: &str) -> io::Result<()> {
        if self.is_ok {
            return Ok(());
        }
        let last = self.lines.last().map_or("", String::as_str);
        Err(io::Error::other(format!("the modem answered `{last}` to {command}")))
    }
}

impl Port {
    /// Opens a port: bytes as they are, and reads that wait a tenth of a second at most.
    pub(super) fn open(device: &Path, baud: u32) -> io::Result<Self> {
        let flags = OFlags::NOCTTY.bits() as i32;
        let file = File::options().read(true).write(true).custom_flags(flags).open(device)?;
        let mut settings = tcgetattr(&file)?;
        settings.make_raw();
        settings.control_modes |= ControlModes::CLOCAL | ControlModes::CREAD;
        settings.special_codes[SpecialCodeIndex::VMIN] = 0;
        settings.special_codes[SpecialCodeIndex::VTIME] = 1;
        settings.set_speed(baud)?;
        tcsetattr(&file, OptionalActions::Now, &settings)?;
        Ok(Self { file, heard: Vec::new() })
    }

    pub(super) fn write(&mut self, text: &str) -> io::Result<()> {
        self.file.write_all(text.as_bytes())
    }

    /// Forgets what nobody asked for.
    pub(super) fn drain(&mut self) -> io::Result<()> {
        while self.hear()? > 0 {}
        self.heard.clear();
        Ok(())
    }

    fn hear(&mut self) -> io::Result<usize> {
        let mut more = [0; 512];
        let count = self.file.read(&mut more)?;
        self.heard.extend_from_slice(&more[..count]);
        if self.heard.len() > MOST {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "this is no modem"));
        }
        Ok(count)
    }

    /// Asks, and waits for the end of the answer.
    pub(super) fn ask(&mut self, command: &str, within: Duration) -> io::Result<Said> {
        self.write(&format!("{command}\r"))?;
        self.read_answer(within)
    }

    /// The next line, without its end. Empty ones do not count.
    fn line(&mut self) -> Option<String> {
        loop {
            let end = self.heard.iter().position(|byte| matches!(byte, b'\r' | b'\n'))?;
            let line: Vec<u8> = self.heard.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line).trim().to_owned();
            if !line.is_empty() {
                return Some(line);
            }
        }
    }

    pub(super) fn read_answer(&mut self, within: Duration) -> io::Result<Said> {
        Ok(self.read_until(within, false)?.expect("only a prompt is nothing"))
    }

    /// Waits until the modem wants the message: `> `. What it says instead is an error.
    pub(super) fn wait_for_prompt(&mut self, within: Duration) -> io::Result<Option<Said>> {
        self.read_until(within, true)
    }

    fn read_until(&mut self, within: Duration, prompt: bool) -> io::Result<Option<Said>> {
        let until = now().plus(i64::try_from(within.as_millis()).unwrap_or(i64::MAX));
        let mut lines = Vec::new();
        loop {
            while let Some(line) = self.line() {
                let is_ok = line == "OK";
                let is_end = is_ok || line == "ERROR" || line.starts_with("+CM") && line.contains(" ERROR:");
                lines.push(line);
                if is_end {
                    return Ok(Some(Said { lines, is_ok }));
                }
            }
            if prompt && self.heard.starts_with(b">") {
                self.heard.clear();
                return Ok(None);
            }
            if now() >= until {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "the modem does not answer"));
            }
            self.hear()?;
        }
    }
}
