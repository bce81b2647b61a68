//! Messages of a file: `sms.ndjson` of a replay, or any lines with `id`, `to` and `text`.

use crate::smpp::parts_of;
use outbox::{MessageId, New};
use serde_json::Value;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

/// The messages of a file, and the lines that are none.
#[derive(Debug, Default)]
pub struct Lines {
    /// In the order of the file.
    pub messages: Vec<New>,
    /// The number of each other line, from 1, and what is wrong with it.
    pub wrong: Vec<(usize, String)>,
}

/// Reads a file. A line that is no message is reported, and the others count all the same.
pub fn read_messages(path: &Path) -> io::Result<Lines> {
    let mut lines = Lines::default();
    let mut file = BufReader::new(File::open(path)?);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if file.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match message(&line) {
            Ok(message) => lines.messages.push(message),
            Err(problem) => lines.wrong.push((number, problem)),
        }
    }
    Ok(lines)
}

fn message(line: &[u8]) -> Result<New, String> {
    let value: Value = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let field = |name: &str| match value.get(name).and_then(Value::as_str) {
        Some(text) if !text.is_empty() => Ok(text.to_owned()),
        _ => Err(format!("it has no text `{name}`")),
    };
    let text = field("text")?;
    Ok(New { id: MessageId(field("id")?), line: field("to")?, parts: parts_of(&text), text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_no_message_are_reported_and_the_others_count() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = "{\"id\":\"a\",\"to\":\"112\",\"text\":\"मीटर\",\"case\":null}\n\n{\"id\":\"b\"}\nnot json\n\u{1}\n";
        std::fs::write(
            file.path(),
            [text.as_bytes(), b"\xff\n{\"id\":\"c\",\"to\":\"113\",\"text\":\"x\"}"].concat(),
        )
        .unwrap();
        let lines = read_messages(file.path()).unwrap();
        let ids: Vec<&str> = lines.messages.iter().map(|message| message.id.0.as_str()).collect();
        assert_eq!(ids, ["a", "c"]);
        assert_eq!((lines.messages[0].line.as_str(), lines.messages[0].text.as_str()), ("112", "मीटर"));
        assert_eq!(lines.wrong.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [3, 4, 5, 6]);
        assert_eq!(lines.wrong[0].1, "it has no text `text`");
    }
}
