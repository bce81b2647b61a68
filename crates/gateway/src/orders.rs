//! Commands on their way to a meter: signed by the utility, kept as a file each until the meter has answered.

use crate::meters::{private, write_private};
use crate::{from_hex, hex};
use ed25519_dalek::SigningKey;
use meter_wire::command::{Command, LONGEST, Signed};
use meter_wire::message::Title;
use reading::MeterId;
use shell::Failure;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// A signed command for a meter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Of the command: the meter does only those above the last.
    pub number: u64,
    /// The meter.
    pub meter: MeterId,
    /// Second until which it may be done.
    pub until: u32,
    /// As a human calls it.
    pub name: String,
    /// What the meter gets.
    pub signed: Vec<u8>,
}

/// The private key of a utility.
pub struct UtilityKey(SigningKey);

impl UtilityKey {
    /// Makes a key, and writes it to a file that only its owner can read. The public half goes beside it.
    pub fn create(path: &Path) -> Result<Self, Failure> {
        let cannot = |cause| Failure::failed(format!("cannot make the key {}", path.display()), &cause);
        if path.exists() {
            let what = format!("{} is there already", path.display());
            return Err(Failure::wrong(
                what,
                "name another file: meters that know the old key obey no other",
            ));
        }
        let mut seed = [0; 32];
        File::open("/dev/urandom").and_then(|mut random| random.read_exact(&mut seed)).map_err(cannot)?;
        let key = Self(SigningKey::from_bytes(&seed));
        write_private(path, &format!("{}\n", hex(&seed))).map_err(cannot)?;
        fs::write(public_path(path), format!("{}\n", hex(&key.public()))).map_err(cannot)?;
        Ok(key)
    }

    /// Reads a key.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let cannot =
            |cause| Failure::failed(format!("cannot read the key {}", path.display()), &cause).as_wrong();
        private(path).map_err(cannot)?.map_or(Ok(()), Err)?;
        let text = fs::read_to_string(path).map_err(cannot)?;
        let seed = from_hex(text.trim()).ok_or_else(|| no_key(path))?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// What meters know of it.
    pub fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }
}

/// Reads the public half of a key.
pub fn read_public(path: &Path) -> Result<[u8; 32], Failure> {
    let text = fs::read_to_string(path).map_err(|cause| {
        Failure::failed(format!("cannot read the public key {}", path.display()), &cause).as_wrong()
    })?;
    from_hex(text.trim()).ok_or_else(|| no_key(path))
}

/// Where the public half of a key is.
pub fn public_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    name.into()
}

fn no_key(path: &Path) -> Failure {
    let what = format!("{} holds no key of 64 hexadecimal digits", path.display());
    Failure::wrong(what, "`gridwarden gateway new-key FILE` makes one, and FILE.pub beside it")
}

impl Order {
    /// Signs a command.
    pub fn sign(
        (number, until): (u64, u32),
        (meter, title): (MeterId, Title),
        (name, command): (String, Command),
        key: &UtilityKey,
    ) -> Self {
        let mut out = [0; LONGEST];
        let length = Signed { number, until, command }
            .write(title, &key.0, &mut out)
            .expect("the longest command fits");
        Self { number, meter, until, name, signed: out[..length].to_vec() }
    }

    /// Puts it into the folder of commands, whole or not at all.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let Self { number, meter, until, name, signed } = self;
        fs::create_dir_all(folder)?;
        let (new, path) = (folder.join(format!("{number}.new")), path(folder, *number));
        let mut file = File::create(&new)?;
        write!(file, "meter {meter}\nuntil {until}\nname {name}\nsigned {}\n", hex(signed))?;
        file.sync_all()?;
        fs::rename(&new, &path)?;
        File::open(folder)?.sync_all()
    }

    /// Takes it out of the folder: it has ended.
    pub fn remove(folder: &Path, number: u64) -> io::Result<()> {
        match fs::remove_file(path(folder, number)) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause),
            _ => Ok(()),
        }
    }

    fn read(path: &Path) -> Option<Self> {
        let number = path.file_stem()?.to_str()?.parse().ok()?;
        let text = fs::read_to_string(path).ok()?;
        let mut fields = text.lines().map(|line| line.split_once(' ').unwrap_or((line, "")));
        let mut field = |key: &str| fields.next().filter(|(found, _)| *found == key).map(|(_, value)| value);
        let (meter, until, name, signed) =
            (field("meter")?, field("until")?, field("name")?, field("signed")?);
        let signed: Option<Vec<u8>> = (0..signed.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(signed.get(at..at + 2)?, 16).ok())
            .collect();
        Some(Self {
            number,
            meter: MeterId::new(meter)?,
            until: until.parse().ok()?,
            name: name.to_owned(),
            signed: signed.filter(|bytes| bytes.len() <= LONGEST)?,
        })
    }
}

/// The commands of the folder in the order of their numbers, and files that are none.
pub fn read_all(folder: &Path) -> io::Result<(Vec<Order>, Vec<PathBuf>)> {
    let (mut orders, mut wrong) = (Vec::new(), Vec::new());
    let entries = match fs::read_dir(folder) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok((orders, wrong)),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "cmd") {
            match Order::read(&path) {
                Some(order) => orders.push(order),
                None => wrong.push(path),
            }
        }
    }
    orders.sort_by_key(|order| order.number);
    wrong.sort();
    Ok((orders, wrong))
}

fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number}.cmd"))
}
