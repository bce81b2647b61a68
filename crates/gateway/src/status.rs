//! What a gateway knows of its meters, as a file of tab-separated words that is written anew every few seconds.

use crate::desk::Desk;
use crate::hex;
use meter_wire::message::Title;
use std::fs;
use std::io;
use std::path::Path;

const NAME: &str = "status.tsv";

/// One meter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusLine {
    /// `-` for one without a key here.
    pub name: String,
    /// In hexadecimal.
    pub title: String,
    /// `connected`, `away` or `unknown`.
    pub state: String,
    /// Readings that went on since the start of the gateway; of an unknown one its messages.
    pub readings: u64,
    /// Readings that had gone on before.
    pub repeats: u64,
    /// Reasons and counts of what was refused, such as `forged 3`; `-` for nothing.
    pub refused: String,
    /// Commands that wait.
    pub commands: u64,
    /// When it was heard last, or `-`.
    pub heard: String,
}

pub(crate) fn write(folder: &Path, desk: &Desk, reached: impl Fn(&Title) -> bool) -> io::Result<()> {
    let mut text = String::new();
    for (title, known) in desk.meters() {
        let state = if reached(title) { "connected" } else { "away" };
        let mut refused: Vec<String> = known
            .end
            .counts()
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(reason, count)| format!("{reason} {count}"))
            .collect();
        if known.unfit > 0 {
            refused.push(format!("unfit {}", known.unfit));
        }
        let refused = if refused.is_empty() { "-".to_owned() } else { refused.join(", ") };
        let heard = known.heard_at.map_or("-".to_owned(), |time| time.to_string());
        text += &format!(
            "{}\t{}\t{state}\t{}\t{}\t{refused}\t{}\t{heard}\n",
            known.name,
            hex(&title.0),
            known.readings,
            known.repeats,
            known.waiting()
        );
    }
    for (title, messages) in desk.unknown() {
        text += &format!("-\t{}\tunknown\t{messages}\t0\t-\t0\t-\n", hex(&title.0));
    }
    let (new, path) = (folder.join("status.new"), folder.join(NAME));
    fs::write(&new, text)?;
    fs::rename(new, path)
}

/// Reads what a gateway wrote last, by the names of the meters.
pub fn read_status(folder: &Path) -> io::Result<Vec<StatusLine>> {
    let text = fs::read_to_string(folder.join(NAME))?;
    let line = |line: &str| {
        let [name, title, state, readings, repeats, refused, commands, heard] =
            line.split('\t').map(str::to_owned).collect::<Vec<_>>().try_into().ok()?;
        Some(StatusLine {
            name,
            title,
            state,
            readings: readings.parse().ok()?,
            repeats: repeats.parse().ok()?,
            refused,
            commands: commands.parse().ok()?,
            heard,
        })
    };
    let lines: Option<Vec<StatusLine>> = text.lines().map(line).collect();
    let mut lines = lines
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it is not as a gateway writes it"))?;
    // Those without a key last.
    lines.sort_by(|one, other| (one.name == "-", &one.name).cmp(&(other.name == "-", &other.name)));
    Ok(lines)
}
