//! The meter's end of the line: its key, the numbers of its messages, and the commands that it takes.
//!
//! One record in flash holds all of it, in two copies one after another: two wrong bits make a copy unreadable, and the
//! one before it would bring back numbers that were used. At each start the numbers begin where the record ends, and
//! the next [`BLOCK`] of them are reserved before the first is used.

use crate::bytes::{Reader, Writer};
use crate::command::{Acknowledgement, Claimed, Command, Outcome};
use crate::image::Installed;
use crate::message::{self, Buffer, Header, Key, Kind, Title};
use crate::refusal::{Counts, Refusal};
use crate::window::Window;
use core::fmt;
use embedded_storage::nor_flash::{ErrorType, MultiwriteNorFlash};
use meter_log::{Error, Log, Record, Shelf};

/// How many numbers are reserved by one write: at one message in five seconds, 21 minutes.
pub const BLOCK: u32 = 256;

/// What the meter must not forget about its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Secrets {
    /// The key.
    pub key: Key,
    /// Which key it is.
    pub generation: u16,
    /// Numbers below may have been used.
    pub reserved: u32,
    /// The number of the last message whose command was done.
    pub heard: u32,
    /// The number of the last command that was done.
    pub command: u64,
}

impl Record for Secrets {
    const FORMAT: u8 = 1;

    fn to_bytes(&self) -> (u8, [u8; meter_log::CONTENT]) {
        let mut bytes = [0; meter_log::CONTENT];
        let mut to = Writer::new(&mut bytes);
        to.put(&self.key.0);
        to.put(&self.generation.to_le_bytes());
        to.put(&self.reserved.to_le_bytes());
        to.put(&self.heard.to_le_bytes());
        to.put(&self.command.to_le_bytes());
        (0, bytes)
    }

    fn from_bytes(_: u8, bytes: &[u8; meter_log::CONTENT]) -> Option<Self> {
        let mut from = Reader { rest: bytes };
        Some(Self {
            key: Key(from.take()?),
            generation: from.u16()?,
            reserved: from.u32()?,
            heard: from.u32()?,
            command: from.u64()?,
        })
    }
}

/// Whom the meter believes, and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trust {
    /// The public key of the utility, which signs commands.
    pub utility: [u8; 32],
    /// The firmware that runs, and who makes it.
    pub installed: Installed,
}

/// A command that the meter must do now, and acknowledge then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// The number of the command.
    pub number: u64,
    /// What to do. A new key is in use already.
    pub command: Command,
}

/// A message that the meter does not follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// Why.
    pub reason: Refusal,
    /// The command to acknowledge as refused. Only what came under the right key is answered.
    pub number: Option<u64>,
}

/// Why the line cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotReady<E> {
    /// The meter was never given a key: [`enrol`] does it.
    NotEnrolled,
    /// The log failed.
    Log(Error<E>),
}

impl<E> From<Error<E>> for NotReady<E> {
    fn from(cause: Error<E>) -> Self {
        Self::Log(cause)
    }
}

impl<E: fmt::Debug> fmt::Display for NotReady<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotEnrolled => f.write_str("meter has no key: enrol it"),
            Self::Log(cause) => write!(f, "secrets of the line are not available: {cause}"),
        }
    }
}

impl<E: fmt::Debug> core::error::Error for NotReady<E> {}

/// Why a message was not sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsent {
    /// The content is longer than [`message::CONTENT`].
    TooLong,
    /// Every number was used, after 340 years at one message in five seconds: the meter has to be replaced.
    NumbersUsedUp,
    /// The flash did not take the next block of numbers. It may be tried again.
    NotStored,
}

impl fmt::Display for Unsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "content is longer than a message may be",
            Self::NumbersUsedUp => "every number of a message was used: replace the meter",
            Self::NotStored => "flash did not take the next numbers: try again, then look at the log",
        })
    }
}

impl core::error::Error for Unsent {}

type Failure<F> = Error<<F as ErrorType>::Error>;

/// Gives a meter a key, over a line that nobody else hears. Numbers go on from those that were used.
pub fn enrol<F: MultiwriteNorFlash>(log: &mut Log<F>, generation: u16, key: Key) -> Result<(), Failure<F>> {
    let before = log.newest::<Secrets>(Shelf::Line)?.map(|(_, secrets)| secrets);
    let new = Secrets { key, generation, reserved: 0, heard: 0, command: 0 };
    let secrets = before.map_or(new, |before| Secrets { key, generation, ..before });
    store(log, &secrets)
}

/// In two copies: one of them may be damaged.
fn store<F: MultiwriteNorFlash>(log: &mut Log<F>, secrets: &Secrets) -> Result<(), Failure<F>> {
    log.append(Shelf::Line, secrets)?;
    log.append(Shelf::Line, secrets)?;
    Ok(())
}

/// The meter's end of the line.
#[derive(Debug, Clone)]
pub struct Session {
    title: Title,
    secrets: Secrets,
    next: u32,
    window: Window,
    counts: Counts,
}

impl Session {
    /// After a start. Reserves numbers, so that none is used again.
    pub fn open<F: MultiwriteNorFlash>(log: &mut Log<F>, title: Title) -> Result<Self, NotReady<F::Error>> {
        let (_, mut secrets) = log.newest::<Secrets>(Shelf::Line)?.ok_or(NotReady::NotEnrolled)?;
        let next = secrets.reserved;
        secrets.reserved = next.saturating_add(BLOCK);
        store(log, &secrets)?;
        let window = Window::after(secrets.heard);
        Ok(Self { title, secrets, next, window, counts: Counts::default() })
    }

    /// Seals a reading, a frame of the crate `wire`: the length of the message.
    pub fn reading<F: MultiwriteNorFlash>(
        &mut self,
        log: &mut Log<F>,
        frame: &[u8],
        out: &mut Buffer,
    ) -> Result<usize, Unsent> {
        self.seal(log, Kind::Reading, frame, out)
    }

    fn seal<F: MultiwriteNorFlash>(
        &mut self,
        log: &mut Log<F>,
        kind: Kind,
        content: &[u8],
        out: &mut Buffer,
    ) -> Result<usize, Unsent> {
        if content.len() > message::CONTENT {
            return Err(Unsent::TooLong);
        }
        if self.next > message::LAST {
            return Err(Unsent::NumbersUsedUp);
        }
        if self.next >= self.secrets.reserved {
            let reserved = self.next.saturating_add(BLOCK);
            let secrets = Secrets { reserved, ..self.secrets };
            store(log, &secrets).map_err(|_| Unsent::NotStored)?;
            self.secrets = secrets;
        }
        let header =
            Header { kind, title: self.title, generation: self.secrets.generation, number: self.next };
        // Used, whatever becomes of it.
        self.next = self.next.saturating_add(1);
        message::seal(&self.secrets.key, &header, content, out).ok_or(Unsent::TooLong)
    }

    /// Seals the answer to a command: the length of the message.
    pub fn acknowledge<F: MultiwriteNorFlash>(
        &mut self,
        log: &mut Log<F>,
        number: u64,
        outcome: Outcome,
        out: &mut Buffer,
    ) -> Result<usize, Unsent> {
        let content = Acknowledgement { number, outcome }.to_bytes();
        self.seal(log, Kind::Acknowledgement, &content, out)
    }

    /// Takes a message to the meter. When this returns an order, it is noted in flash that it came, so that it is done
    /// at most once.
    ///
    /// `now` is the clock. Where the clock was lost it is the time of the last save: what had expired by then stays so,
    /// and a meter that lost its time still takes a new one.
    pub fn receive<F: MultiwriteNorFlash>(
        &mut self,
        log: &mut Log<F>,
        message: &mut [u8],
        trust: &Trust,
        now: u32,
    ) -> Result<Order, Refused> {
        let mut number = None;
        self.accept(log, message, trust, now, &mut number).map_err(|reason| {
            self.counts.add(reason);
            Refused { reason, number }
        })
    }

    /// Takes a receipt: the end of the newest interval whose reading is kept.
    pub fn receipt(&mut self, message: &mut [u8]) -> Result<u32, Refused> {
        let mut read = || {
            let content = self.opened(message, Kind::Receipt)?;
            content.try_into().map(u32::from_le_bytes).map_err(|_| Refusal::Malformed)
        };
        read().map_err(|reason| {
            self.counts.add(reason);
            Refused { reason, number: None }
        })
    }

    fn accept<F: MultiwriteNorFlash>(
        &mut self,
        log: &mut Log<F>,
        message: &mut [u8],
        trust: &Trust,
        now: u32,
        number: &mut Option<u64>,
    ) -> Result<Order, Refusal> {
        let content = self.opened(message, Kind::Command)?;
        let claimed = Claimed::read(content)?;
        *number = Some(claimed.number);
        let command = claimed.verified(self.title, &trust.utility)?;
        if claimed.number <= self.secrets.command {
            return Err(Refusal::Repeated);
        }
        if now > claimed.until {
            return Err(Refusal::Expired);
        }
        let mut secrets = Secrets { heard: self.window.highest(), command: claimed.number, ..self.secrets };
        match command {
            Command::NewKey { generation, key } => {
                if generation <= secrets.generation || key == secrets.key {
                    return Err(Refusal::Value);
                }
                (secrets.generation, secrets.key) = (generation, key);
            }
            Command::Firmware(header) => {
                header.check(&trust.installed)?;
            }
            _ => {}
        }
        store(log, &secrets).map_err(|_| Refusal::NotStored)?;
        self.secrets = secrets;
        Ok(Order { number: claimed.number, command })
    }

    /// The content of a message that is ours, as it was sealed, and new.
    fn opened<'a>(&mut self, message: &'a mut [u8], kind: Kind) -> Result<&'a [u8], Refusal> {
        let claimed = Header::claimed(message)?;
        if claimed.kind != kind {
            return Err(Refusal::Kind);
        }
        if claimed.title != self.title {
            return Err(Refusal::OtherMeter);
        }
        if claimed.generation < self.secrets.generation {
            return Err(Refusal::OldKey);
        }
        if claimed.generation > self.secrets.generation {
            return Err(Refusal::UnknownKey);
        }
        let (header, content) = message::open(&self.secrets.key, message)?;
        self.window.take(header.number)?;
        Ok(content)
    }

    /// Counts what was refused elsewhere: on the line, or when an image was compared.
    pub fn count(&mut self, reason: Refusal) {
        self.counts.add(reason);
    }

    /// How often each reason was counted since the start.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Which key is in use.
    pub fn generation(&self) -> u16 {
        self.secrets.generation
    }

    /// The number of the last command that was done.
    pub fn last_command(&self) -> u64 {
        self.secrets.command
    }
}
