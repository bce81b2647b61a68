//! What a gateway must not forget between two starts, as text.

use crate::from_hex;
use crate::spool::Position;
use meter_wire::message::Title;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

const FIRST: &str = "gridwarden-gateway 1";
const LAST: &str = "end";

/// The numbers of one meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Numbers {
    /// The highest that was heard.
    pub heard: Option<u32>,
    /// The last that was sent.
    pub sent: u32,
    /// Time and import register of the newest reading of registers.
    pub kept: Option<(i64, i64)>,
}

/// Everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    /// Up to where the sink has the spool.
    pub delivered: Position,
    /// By meter.
    pub meters: BTreeMap<Title, Numbers>,
}

impl State {
    /// Reads the file. A new gateway has none.
    pub fn read(path: &Path) -> io::Result<Self> {
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&text).ok_or_else(|| {
                io::Error::new(io::ErrorKind::InvalidData, "it is damaged, or of another version")
            }),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(cause) => Err(cause),
        }
    }

    /// Writes the file, whole or not at all.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let new = path.with_extension("new");
        let mut file = File::create(&new)?;
        file.write_all(self.to_text().as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    }

    fn to_text(&self) -> String {
        let mut text = format!("{FIRST}\nspool {} {}\n", self.delivered.segment, self.delivered.offset);
        for (title, Numbers { heard, sent, kept }) in &self.meters {
            let heard = heard.map_or("-".to_owned(), |heard| heard.to_string());
            let kept = kept.map_or("- -".to_owned(), |(time, import)| format!("{time} {import}"));
            text += &format!("meter {} {heard} {sent} {kept}\n", crate::hex(&title.0));
        }
        text + LAST + "\n"
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if lines.next()? != FIRST {
            return None;
        }
        let mut state = Self::default();
        for line in lines {
            match line.split(' ').collect::<Vec<_>>()[..] {
                ["spool", segment, offset] => {
                    state.delivered =
                        Position { segment: segment.parse().ok()?, offset: offset.parse().ok()? };
                }
                ["meter", title, heard, sent, time, import] => {
                    let kept = match (time, import) {
                        ("-", "-") => None,
                        _ => Some((time.parse().ok()?, import.parse().ok()?)),
                    };
                    let heard = if heard == "-" { None } else { Some(heard.parse().ok()?) };
                    let numbers = Numbers { heard, sent: sent.parse().ok()?, kept };
                    state.meters.insert(Title(from_hex(title)?), numbers);
                }
                [LAST] => return Some(state),
                _ => return None,
            }
        }
        None
    }
}
