//! The file of meters: which there are, and the key of each.
//!
//! ```text
//! # name  title  generation  key  [modbus=HOST:PORT/UNIT]
//! M000001 47574d0000000001 1 00112233445566778899aabbccddeeff
//! ```

use crate::{from_hex, hex};
use meter_wire::message::{Key, Title};
use reading::MeterId;
use shell::Failure;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// A meter that is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeterRow {
    /// In readings.
    pub name: MeterId,
    /// On the line.
    pub title: Title,
    /// Of its key.
    pub generation: u16,
    /// Its key.
    pub key: Key,
    /// Where it is asked by Modbus, if it is.
    pub modbus: Option<ModbusAddress>,
}

/// A Modbus server in TCP, and the unit behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModbusAddress {
    /// `HOST:PORT`
    pub host: String,
    /// 1 to 247.
    pub unit: u8,
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Wrong {
    /// Too few words, or too many.
    #[error("it has {0} words")]
    Words(usize),
    /// The name.
    #[error("`{0}` is no name of a meter")]
    Name(String),
    /// The title.
    #[error("`{0}` is no title: it has 16 hexadecimal digits")]
    Title(String),
    /// The generation.
    #[error("`{0}` is no generation of a key: it is a number up to 65535")]
    Generation(String),
    /// The key. It is not shown.
    #[error("the key has not 32 hexadecimal digits")]
    Key,
    /// The way of Modbus.
    #[error("`{0}` is no address: try modbus=HOST:PORT/UNIT")]
    Modbus(String),
    /// A meter that is there already.
    #[error("meter or title was on a line before")]
    Twice,
}

/// Reads the file. Others may not read it, since it holds keys.
pub fn read(path: &Path) -> Result<Vec<MeterRow>, Failure> {
    let cannot = |cause| {
        Failure::failed(format!("cannot read the meters in {}", path.display()), &cause).as_wrong().help(
            Some(
                "--meters takes a file with a line for each meter; `gridwarden meter` writes one".to_owned(),
            ),
        )
    };
    private(path).map_err(cannot)?.map_or(Ok(()), Err)?;
    let text = fs::read_to_string(path).map_err(cannot)?;
    parse(&text).map_err(|(line, wrong)| {
        Failure::wrong(
            format!("line {line} of {} is wrong: {wrong}", path.display()),
            "a line is `NAME TITLE GENERATION KEY [modbus=HOST:PORT/UNIT]`, and # begins a comment",
        )
    })
}

/// A failure if others than the owner can read a file with a secret.
pub(crate) fn private(path: &Path) -> std::io::Result<Option<Failure>> {
    let mode = fs::metadata(path)?.permissions().mode();
    Ok((mode & 0o077 != 0).then(|| {
        let what = format!("{} can be read by others, and holds keys", path.display());
        Failure::wrong(what, format!("chmod 600 {}", path.display()))
    }))
}

/// Reads the text: the rows, or the number of the first line that is wrong.
pub fn parse(text: &str) -> Result<Vec<MeterRow>, (usize, Wrong)> {
    let (mut rows, mut names, mut titles) = (Vec::new(), BTreeSet::new(), BTreeMap::new());
    for (number, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default();
        if line.trim().is_empty() {
            continue;
        }
        let row = row(line).map_err(|wrong| (number + 1, wrong))?;
        if !names.insert(row.name) || titles.insert(row.title, number).is_some() {
            return Err((number + 1, Wrong::Twice));
        }
        rows.push(row);
    }
    Ok(rows)
}

fn row(line: &str) -> Result<MeterRow, Wrong> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [name, title, generation, key, rest @ ..] = &words[..] else { return Err(Wrong::Words(words.len())) };
    let modbus = match rest {
        [] => None,
        [way] => Some(modbus(way).ok_or_else(|| Wrong::Modbus((*way).to_owned()))?),
        _ => return Err(Wrong::Words(words.len())),
    };
    Ok(MeterRow {
        name: MeterId::new(name).ok_or_else(|| Wrong::Name((*name).to_owned()))?,
        title: Title(from_hex(title).ok_or_else(|| Wrong::Title((*title).to_owned()))?),
        generation: generation.parse().map_err(|_| Wrong::Generation((*generation).to_owned()))?,
        key: Key(from_hex(key).ok_or(Wrong::Key)?),
        modbus,
    })
}

fn modbus(way: &str) -> Option<ModbusAddress> {
    let (host, unit) = way.strip_prefix("modbus=")?.rsplit_once('/')?;
    let unit = unit.parse().ok().filter(|unit| (1..=247).contains(unit))?;
    let (_, port) = host.rsplit_once(':')?;
    port.parse::<u16>().ok()?;
    Some(ModbusAddress { host: host.to_owned(), unit })
}

/// Writes a new file that only its owner can read.
pub fn write(path: &Path, rows: &[MeterRow]) -> Result<(), Failure> {
    let mut text = "# name title generation key [modbus=HOST:PORT/UNIT]\n".to_owned();
    for row in rows {
        let MeterRow { name, title, generation, key, modbus } = row;
        text += &format!("{name} {} {generation} {}", hex(&title.0), hex(&key.0));
        if let Some(ModbusAddress { host, unit }) = modbus {
            text += &format!(" modbus={host}/{unit}");
        }
        text.push('\n');
    }
    write_private(path, &text)
        .map_err(|cause| Failure::failed(format!("cannot write {}", path.display()), &cause).as_wrong())
}

/// A file with a secret: only its owner can read it, from the first byte on.
pub(crate) fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
