//! Messages of a file: `sms.ndjson` of a replay and those of the other channels, or any lines with `id`, `to` and `text`.
//! A line may name its `channel`; else the name of the file does, and else it is an SMS.

use crate::gateway::{CHANNELS, SMS, is_for_program, way_of};
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
    let named = path.file_stem().and_then(|stem| channel_of(stem.to_str()?)).unwrap_or(SMS);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if file.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match read_message(&line, named) {
            Ok(message) => lines.messages.push(message),
            Err(problem) => lines.wrong.push((number, problem)),
        }
    }
    Ok(lines)
}

fn channel_of(name: &str) -> Option<&'static str> {
    CHANNELS.into_iter().find(|channel| *channel == name)
}

/// Reads one line. Its channel is `named`, unless the line names another one.
pub fn read_message(line: &[u8], named: &'static str) -> Result<New, String> {
    let value: Value = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let field = |name: &str| match value.get(name).and_then(Value::as_str) {
        Some(text) if !text.is_empty() => Ok(text.to_owned()),
        _ => Err(format!("it has no text `{name}`")),
    };
    let channel = match value.get("channel").and_then(Value::as_str) {
        Some(name) => channel_of(name).ok_or_else(|| format!("`{name}` is no channel"))?,
        None => named,
    };
    let (text, id, to) = (field("text")?, MessageId(field("id")?), field("to")?);
    let (text, parts) = match channel {
        SMS => (text.clone(), parts_of(&text)),
        // A machine gets all that the line has, as it is.
        _ if is_for_program(channel) => (String::from_utf8_lossy(line).trim().to_owned(), 1),
        _ => (text, 1),
    };
    Ok(New { id, way: way_of(channel, &to), line: to, text, parts })
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

    #[test]
    fn the_name_of_a_file_or_the_line_itself_says_the_channel() {
        let dir = tempfile::tempdir().unwrap();
        let read = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            let lines = read_messages(&path).unwrap();
            let of = |one: &New| format!("{} {} {}", one.way, one.line, one.text);
            (lines.messages.iter().map(of).collect::<Vec<_>>(), lines.wrong)
        };
        let line = "{\"id\":\"a\",\"to\":\"scada\", \"text\":\"x\"} ";
        assert_eq!(read("email.ndjson", line).0, ["email scada x"]);
        assert_eq!(read("webhook.ndjson", line).0, [format!("webhook.scada scada {}", line.trim())]);
        assert_eq!(read("other.ndjson", line).0, ["sms scada x"]);
        let named = "{\"id\":\"a\",\"to\":\"b\",\"text\":\"x\",\"channel\":\"email\"}\n{\"id\":\"a\",\"to\":\"b\",\"text\":\"x\",\"channel\":\"fax\"}";
        let (messages, wrong) = read("sms.ndjson", named);
        assert_eq!(messages, ["email b x"]);
        assert_eq!(wrong, [(2, "`fax` is no channel".to_owned())]);
    }
}
