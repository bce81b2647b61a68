//! Signed commands, and what became of them.
//!
//! | bytes | what |
//! | --- | --- |
//! | 8 | number of the command: above that of every command before |
//! | 4 | the moment until which it may be done, in seconds of Unix time |
//! | 1 | code |
//! | 0 to 113 | values of the command |
//! | 64 | Ed25519 signature |
//!
//! | code | command | values |
//! | --- | --- | --- |
//! | 1, 2 | connect, disconnect | |
//! | 3 | load limit | 4: watts, 0 for none; 2: seconds above it; 1: tries to reconnect |
//! | 4 | set time | 4: seconds of Unix time |
//! | 5 | read now | |
//! | 6 | new key | 2: generation; 16: key |
//! | 7 | firmware | 113: header of the image, see [`crate::image`] |
//! | 8 | unlock the next write by Modbus | 2: seconds |
//! | 9 | paid until | 8: reading of the import register in Wh; all bits set: nothing is paid in advance |
//! | 10 | rules | 2 and 2: minutes of the local day, begin and end of friendly hours; 8: four numbers of events |
//!
//! Numbers are little-endian. The signature is over `gridwarden-command-1`, the title of the meter, and everything
//! before the signature: a command of one meter means nothing to another.

use crate::bytes::{Reader, Writer};
use crate::image::{self, ImageHeader};
use crate::message::{Key, Title};
use crate::refusal::Refusal;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

/// The most bytes of a command.
pub const LONGEST: usize = FRONT + image::HEADER + SIGNATURE;

const FRONT: usize = 13;
const SIGNATURE: usize = 64;

/// What a signature of a command begins with, so that it can be no signature of anything else.
const DOMAIN: &[u8; 20] = b"gridwarden-command-1";

/// The longest load limit: no relay of a household carries more than 100 A of three phases.
const MOST_WATTS: u32 = 100_000;

/// The longest time for which a write by Modbus may be unlocked, in seconds.
const LONGEST_UNLOCK_S: u16 = 300;

/// The highest reading that can be paid for, in Wh: what the register's 56 bits of millionths hold.
const MOST_PAID_WH: u64 = 72_000_000_000;

/// Nothing is paid in advance.
const POSTPAID: u64 = u64::MAX;

/// Minutes of a day.
const DAY_MINUTES: u16 = 1_440;

/// The most kinds of events that may open the relay.
pub const OPENERS: usize = 4;

/// From 2000 to 2100, as in `docs/reference/wire.md`.
const PLAUSIBLE: core::ops::Range<u32> = 946_684_800..4_102_444_800;

/// What a utility wants of a meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Close the relay.
    Connect,
    /// Open the relay.
    Disconnect,
    /// Open the relay while the load is too large.
    LoadLimit(LoadLimit),
    /// Set the clock, to seconds of Unix time.
    SetTime(u32),
    /// Send a reading.
    ReadNow,
    /// Use another key from now on.
    NewKey {
        /// One more than the old one's, or higher.
        generation: u16,
        /// The key.
        key: Key,
    },
    /// A new firmware image follows.
    Firmware(ImageHeader),
    /// Take one write by Modbus.
    Unlock {
        /// For so long.
        seconds: u16,
    },
    /// Energy is paid for up to this reading of the import register, in Wh. `None`: bills follow the use.
    ///
    /// A reading and no amount: sent twice, it pays nothing twice.
    PaidUntil(Option<u64>),
    /// When and why the meter opens its relay by itself.
    Rules(Rules),
}

/// When and why the meter opens its relay by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rules {
    /// Begin and end of the hours in which no supply ends for want of credit, in minutes of the local day: evening and
    /// night, when nobody can pay. Equal minutes: there are none.
    pub friendly: [u16; 2],
    /// Numbers of the events that open the relay while they last; 0 stands for none.
    pub openers: [u16; OPENERS],
}

/// A limit of the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadLimit {
    /// In watts; 0 for none.
    pub watts: u32,
    /// For how long the load may be above it.
    pub seconds: u16,
    /// How often the relay is closed again.
    pub reconnects: u8,
}

/// A command with what makes it count once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed {
    /// Its number.
    pub number: u64,
    /// The moment until which it may be done.
    pub until: u32,
    /// The command.
    pub command: Command,
}

/// The number of a command, its moment, and what was signed: read before the signature is looked at.
pub(crate) struct Claimed<'a> {
    pub(crate) number: u64,
    pub(crate) until: u32,
    signed: &'a [u8],
    signature: [u8; SIGNATURE],
}

impl Command {
    /// Whether a time is between the years 2000 and 2100.
    pub fn plausible(time: u32) -> bool {
        PLAUSIBLE.contains(&time)
    }

    fn write(&self, to: &mut Writer<'_>) {
        match self {
            Self::Connect => to.byte(1),
            Self::Disconnect => to.byte(2),
            Self::LoadLimit(limit) => {
                to.byte(3);
                to.put(&limit.watts.to_le_bytes());
                to.put(&limit.seconds.to_le_bytes());
                to.byte(limit.reconnects);
            }
            Self::SetTime(time) => {
                to.byte(4);
                to.put(&time.to_le_bytes());
            }
            Self::ReadNow => to.byte(5),
            Self::NewKey { generation, key } => {
                to.byte(6);
                to.put(&generation.to_le_bytes());
                to.put(&key.0);
            }
            Self::Firmware(header) => {
                to.byte(7);
                to.put(header.as_bytes());
            }
            Self::Unlock { seconds } => {
                to.byte(8);
                to.put(&seconds.to_le_bytes());
            }
            Self::PaidUntil(reading) => {
                to.byte(9);
                to.put(&reading.unwrap_or(POSTPAID).to_le_bytes());
            }
            Self::Rules(rules) => {
                to.byte(10);
                rules.friendly.iter().chain(&rules.openers).for_each(|word| to.put(&word.to_le_bytes()));
            }
        }
    }

    fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let mut from = Reader { rest: bytes };
        let code = from.u8().ok_or(Refusal::Malformed)?;
        if !(1..=10).contains(&code) {
            return Err(Refusal::UnknownCommand);
        }
        let command = Self::values(code, &mut from).ok_or(Refusal::Malformed)?;
        from.end().ok_or(Refusal::Malformed)?;
        if command.is_plausible() { Ok(command) } else { Err(Refusal::Value) }
    }

    fn values(code: u8, from: &mut Reader<'_>) -> Option<Self> {
        Some(match code {
            1 => Self::Connect,
            2 => Self::Disconnect,
            3 => Self::LoadLimit(LoadLimit {
                watts: from.u32()?,
                seconds: from.u16()?,
                reconnects: from.u8()?,
            }),
            4 => Self::SetTime(from.u32()?),
            5 => Self::ReadNow,
            6 => Self::NewKey { generation: from.u16()?, key: Key(from.take()?) },
            7 => Self::Firmware(ImageHeader::new(from.take()?)),
            8 => Self::Unlock { seconds: from.u16()? },
            9 => Self::PaidUntil(Some(from.u64()?).filter(|reading| *reading != POSTPAID)),
            10 => Self::Rules(Rules {
                friendly: [from.u16()?, from.u16()?],
                openers: [from.u16()?, from.u16()?, from.u16()?, from.u16()?],
            }),
            _ => return None,
        })
    }

    fn is_plausible(&self) -> bool {
        match self {
            Self::LoadLimit(limit) => limit.watts <= MOST_WATTS,
            Self::SetTime(time) => Self::plausible(*time),
            // What an erased flash and a forgotten field look like.
            Self::NewKey { key, .. } => key.0 != [0; 16] && key.0 != [0xFF; 16],
            Self::Unlock { seconds } => (1..=LONGEST_UNLOCK_S).contains(seconds),
            Self::PaidUntil(reading) => reading.is_none_or(|reading| reading <= MOST_PAID_WH),
            Self::Rules(rules) => rules.friendly.iter().all(|minute| *minute < DAY_MINUTES),
            Self::Connect | Self::Disconnect | Self::ReadNow | Self::Firmware(_) => true,
        }
    }
}

impl Signed {
    /// Writes and signs a command for a meter: how many bytes it takes.
    pub fn write(&self, title: Title, key: &SigningKey, out: &mut [u8; LONGEST]) -> Option<usize> {
        let mut to = Writer::new(out);
        to.put(&self.number.to_le_bytes());
        to.put(&self.until.to_le_bytes());
        self.command.write(&mut to);
        let mut place = [0; DOMAIN.len() + 8 + LONGEST];
        let text = text(title, to.written()?, &mut place)?;
        let signature = key.sign(text).to_bytes();
        to.put(&signature);
        to.end()
    }
}

impl<'a> Claimed<'a> {
    /// Takes the bytes of a command apart.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let (signed, signature) = bytes.split_last_chunk::<SIGNATURE>().ok_or(Refusal::Malformed)?;
        let mut from = Reader { rest: signed };
        let mut front = || Some((from.u64()?, from.u32()?));
        let (number, until) = front().ok_or(Refusal::Malformed)?;
        if from.rest.is_empty() || bytes.len() > LONGEST {
            return Err(Refusal::Malformed);
        }
        Ok(Self { number, until, signed, signature: *signature })
    }

    /// The command, if its signature is that of `key`.
    pub(crate) fn verified(&self, title: Title, key: &[u8; 32]) -> Result<Command, Refusal> {
        let mut place = [0; DOMAIN.len() + 8 + LONGEST];
        let text = text(title, self.signed, &mut place).ok_or(Refusal::Malformed)?;
        if !is_signed(text, &self.signature, key) {
            return Err(Refusal::Signature);
        }
        Command::read(self.signed.get(12..).ok_or(Refusal::Malformed)?)
    }
}

/// What is signed.
fn text<'a>(title: Title, command: &[u8], place: &'a mut [u8]) -> Option<&'a [u8]> {
    let length = {
        let mut to = Writer::new(place);
        to.put(DOMAIN);
        to.put(&title.0);
        to.put(command);
        to.end()?
    };
    place.get(..length)
}

/// Whether a signature is that of a public key. Strict: of each text and key there is one, and weak keys have none.
pub(crate) fn is_signed(text: &[u8], signature: &[u8; SIGNATURE], key: &[u8; 32]) -> bool {
    VerifyingKey::from_bytes(key)
        .is_ok_and(|key| key.verify_strict(text, &Signature::from_bytes(signature)).is_ok())
}

/// What became of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was refused.
    Refused(Refusal),
}

/// The answer to a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Of the command.
    pub number: u64,
    /// What became of it.
    pub outcome: Outcome,
}

impl Acknowledgement {
    /// The bytes of an acknowledgement.
    pub const BYTES: usize = 9;

    /// The number of the command, and 0 or the reason.
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let mut to = Writer::new(&mut bytes);
        to.put(&self.number.to_le_bytes());
        to.byte(match self.outcome {
            Outcome::Done => 0,
            Outcome::Refused(reason) => reason.code(),
        });
        bytes
    }

    /// Reads it; [`Refusal::Malformed`] if it is none.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Refusal> {
        let mut from = Reader { rest: bytes };
        let mut fields = || Some((from.u64()?, from.u8()?));
        let (number, code) = fields().ok_or(Refusal::Malformed)?;
        from.end().ok_or(Refusal::Malformed)?;
        let outcome = match code {
            0 => Outcome::Done,
            code => Outcome::Refused(Refusal::from_code(code).ok_or(Refusal::Malformed)?),
        };
        Ok(Self { number, outcome })
    }
}
