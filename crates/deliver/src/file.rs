//! Messages as lines at the end of a file, for programs that follow it.
//!
//! A line is on the disk before its message has arrived. After a crash the last line may be that of a message whose answer
//! was not stored: it is looked at first, so that no line comes twice. The path is opened for each message, so that a file
//! that was moved away, as `logrotate` does it, is made anew.

use crate::Problem;
use crate::calls::Reply;
use outbox::{Answer, Submission};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A file that messages are written to.
#[derive(Debug, Clone)]
pub struct Journal {
    /// Where it is.
    pub path: PathBuf,
}

impl Journal {
    fn unreachable(&self, source: io::Error) -> Problem {
        Problem::Unwritable { path: self.path.clone(), source }
    }

    /// Whether the file can be written.
    pub(crate) fn reach(&self) -> Result<(), Problem> {
        open(&self.path).map(drop).map_err(|source| self.unreachable(source))
    }

    pub(crate) fn send(&self, submission: &Submission) -> Reply {
        if submission.text.contains('\n') {
            return Reply::Answer(Answer::Never { reason: "it is no single line".to_owned() });
        }
        match append(&self.path, &submission.text) {
            Ok(()) => Reply::Arrived { remote: submission.id.0.clone() },
            // What is half written is ended before the next line.
            Err(source) => Reply::Unreachable(self.unreachable(source)),
        }
    }
}

/// Opens the file, and makes it if it is not there. A new file is in its folder even after a crash.
fn open(path: &Path) -> io::Result<File> {
    let is_new = !path.exists();
    let file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    if is_new && let Some(folder) = path.parent() {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        File::open(folder)?.sync_all()?;
    }
    Ok(file)
}

/// Writes a line, unless the last one is the same already.
fn append(path: &Path, line: &str) -> io::Result<()> {
    let mut file = open(path)?;
    // Another process may write to the same file: each line comes whole.
    file.lock()?;
    let last = last_line(&mut file, line.len())?;
    if last == format!("{line}\n").as_bytes() {
        return file.sync_data();
    }
    let end_of_a_torn_line = if last.is_empty() || last.ends_with(b"\n") { "" } else { "\n" };
    file.write_all(format!("{end_of_a_torn_line}{line}\n").as_bytes())?;
    file.sync_data()
}

/// The last line with its end, or the end of it if it is longer than a line of `length` bytes.
fn last_line(file: &mut File, length: usize) -> io::Result<Vec<u8>> {
    let size = file.seek(SeekFrom::End(0))?;
    // The line, its end, and the end of the one before.
    let wanted = (length as u64 + 2).min(size);
    file.seek(SeekFrom::Start(size - wanted))?;
    let mut bytes = Vec::new();
    file.take(wanted).read_to_end(&mut bytes)?;
    let without_end = bytes.len().saturating_sub(1);
    if let Some(before) = bytes[..without_end].iter().rposition(|byte| *byte == b'\n') {
        bytes.drain(..=before);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use outbox::{MessageId, Ticket};
    use std::fs;

    fn send(journal: &Journal, text: &str) -> String {
        let (id, line) = (MessageId("m".to_owned()), "journal".to_owned());
        let text = text.to_owned();
        let submission =
            Submission { ticket: Ticket(1), gateway: 0, id, number: 1, line, text, part: 0, parts: 1 };
        match journal.send(&submission) {
            Reply::Arrived { .. } => "arrived".to_owned(),
            Reply::Answer(Answer::Never { reason }) => reason,
            Reply::Unreachable(problem) => problem.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_line_that_came_before_a_crash_does_not_come_again() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal { path: dir.path().join("alerts.ndjson") };
        for text in ["{\"id\":\"a\"}", "{\"id\":\"b\"}", "{\"id\":\"b\"}", "{\"id\":\"bb\"}", "\"b\"}"] {
            assert_eq!(send(&journal, text), "arrived", "{text}");
        }
        let all = fs::read_to_string(&journal.path).unwrap();
        assert_eq!(all, "{\"id\":\"a\"}\n{\"id\":\"b\"}\n{\"id\":\"bb\"}\n\"b\"}\n");
    }

    #[test]
    fn a_torn_line_is_ended_and_a_file_that_was_moved_is_made_anew() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal { path: dir.path().join("alerts.ndjson") };
        fs::write(&journal.path, "{\"id\":\"a\"}\n{\"id\":").unwrap();
        send(&journal, "{\"id\":\"b\"}");
        assert_eq!(fs::read_to_string(&journal.path).unwrap(), "{\"id\":\"a\"}\n{\"id\":\n{\"id\":\"b\"}\n");
        fs::rename(&journal.path, dir.path().join("alerts.ndjson.1")).unwrap();
        send(&journal, "{\"id\":\"c\"}");
        assert_eq!(fs::read_to_string(&journal.path).unwrap(), "{\"id\":\"c\"}\n");
    }

    #[test]
    fn what_cannot_be_written_says_where() {
        let journal = Journal { path: PathBuf::from("/nowhere/alerts.ndjson") };
        assert_eq!(send(&journal, "{}"), "cannot write /nowhere/alerts.ndjson");
        assert_eq!(journal.reach().unwrap_err().to_string(), "cannot write /nowhere/alerts.ndjson");
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal { path: dir.path().join("a") };
        assert_eq!(send(&journal, "{\n}"), "it is no single line");
    }
}
