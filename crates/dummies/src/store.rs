//! The folder of dummies: their keys, as the gateway reads them, and a flash for each.

use crate::dummy::Own;
use gateway::meters::{MeterRow, read, write};
use meter_wire::Name;
use meter_wire::message::{Key, Title};
use reading::MeterId;
use shell::Failure;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The file of keys in the folder.
pub fn keys(folder: &Path) -> PathBuf {
    folder.join("meters.keys")
}

/// The flash of a meter in the folder.
pub fn flash(folder: &Path, name: &MeterId) -> PathBuf {
    folder.join(format!("{name}.flash"))
}

/// So many meters: those that the folder knows, and new ones with random keys and titles, named by numbers from `first`
/// on.
pub fn meters(folder: &Path, first: usize, count: usize) -> Result<Vec<MeterRow>, Failure> {
    fs::create_dir_all(folder).map_err(|cause| {
        Failure::failed(format!("cannot make the folder {}", folder.display()), &cause).as_wrong()
    })?;
    let path = keys(folder);
    let mut rows = if path.exists() { read(&path)? } else { Vec::new() };
    let known = rows.len();
    while rows.len() < count {
        let row = new(first + rows.len())
            .map_err(|cause| Failure::failed("cannot read random bytes from /dev/urandom", &cause))?;
        rows.push(row);
    }
    if rows.len() > known {
        write(&path, &rows)?;
    }
    rows.truncate(count);
    Ok(rows)
}

fn new(number: usize) -> io::Result<MeterRow> {
    let (mut title, mut key) = (*b"GWM\0\0\0\0\0", [0; 16]);
    let mut random = File::open("/dev/urandom")?;
    random.read_exact(&mut title[3..])?;
    random.read_exact(&mut key)?;
    let name = MeterId::new(format!("M{number:06}")).expect("letters and digits are a name");
    Ok(MeterRow { name, title: Title(title), generation: 1, key: Key(key), modbus: None })
}

/// What makes a meter of a row.
pub fn own(row: &MeterRow, place: usize, utility: [u8; 32], seed: u64) -> Own {
    Own {
        name: Name::new(row.name.as_str()).expect("what the engine takes as a name is one here"),
        title: row.title,
        // Addresses come round after 247: on Modbus, meters beyond have a port of their own or none.
        unit: (place % 247 + 1) as u8,
        key: (row.generation, row.key),
        utility,
        seed: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(place as u64),
    }
}
