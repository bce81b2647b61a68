//! The other end of the line: what a gateway needs to hear one meter and to command it.

use crate::command::{self, Acknowledgement, Signed};
use crate::message::{self, Buffer, Header, Key, Kind, Title};
use crate::refusal::{Counts, Refusal};
use crate::window::Window;

/// One meter, as a gateway knows it. Where it is kept is the gateway's matter: [`HeadEnd::heard`] and
/// [`HeadEnd::sent`] must survive its restart, the latter before a message leaves. So must the key in use with its
/// generation, and a key that was offered: after a restart it is offered again.
#[derive(Debug, Clone)]
pub struct HeadEnd {
    title: Title,
    generation: u16,
    key: Key,
    /// A key that the meter was sent. It counts from the first message that is sealed with it.
    offered: Option<(u16, Key)>,
    window: Window,
    started: bool,
    sent: u32,
    counts: Counts,
}

/// What a meter sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard<'a> {
    /// The number of the message.
    pub number: u32,
    /// Its content.
    pub answer: Answer<'a>,
}

/// The content of a meter's message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer<'a> {
    /// A frame of the crate `wire`.
    Reading(&'a [u8]),
    /// What became of a command.
    Acknowledgement(Acknowledgement),
}

impl HeadEnd {
    /// A meter that was just enrolled.
    pub fn new(title: Title, generation: u16, key: Key) -> Self {
        let (window, counts) = (Window::after(0), Counts::default());
        Self { title, generation, key, offered: None, window, started: false, sent: 0, counts }
    }

    /// After a restart: goes on behind the last number of each way.
    pub fn resume(mut self, heard: Option<u32>, sent: u32) -> Self {
        self.window = Window::after(heard.unwrap_or(0));
        (self.started, self.sent) = (heard.is_some(), sent);
        self
    }

    /// The highest number of the meter's messages; `None` before the first.
    pub fn heard(&self) -> Option<u32> {
        self.started.then(|| self.window.highest())
    }

    /// The last number of a message to the meter.
    pub fn sent(&self) -> u32 {
        self.sent
    }

    /// Which key is in use.
    pub fn generation(&self) -> u16 {
        self.generation
    }

    /// A key that the meter will be sent. The old one counts until the meter uses the new one.
    pub fn offer(&mut self, generation: u16, key: Key) {
        self.offered = Some((generation, key));
    }

    /// Opens a message of the meter.
    pub fn receive<'a>(&mut self, message: &'a mut [u8]) -> Result<Heard<'a>, Refusal> {
        let heard = self.accept(message);
        if let Err(reason) = heard {
            self.counts.add(reason);
        }
        heard
    }

    fn accept<'a>(&mut self, message: &'a mut [u8]) -> Result<Heard<'a>, Refusal> {
        let claimed = Header::claimed(message)?;
        if claimed.kind.to_meter() {
            return Err(Refusal::Kind);
        }
        if claimed.title != self.title {
            return Err(Refusal::OtherMeter);
        }
        let offered = self.offered.filter(|(generation, _)| *generation == claimed.generation);
        let key = match offered {
            Some((_, key)) => key,
            None if claimed.generation == self.generation => self.key,
            None if claimed.generation < self.generation => return Err(Refusal::OldKey),
            None => return Err(Refusal::UnknownKey),
        };
        let (header, content) = message::open(&key, message)?;
        if let Some((generation, key)) = offered {
            (self.generation, self.key, self.offered) = (generation, key, None);
        }
        if self.started {
            self.window.take(header.number)?;
        } else {
            (self.window, self.started) = (Window::first(header.number), true);
        }
        let answer = match header.kind {
            Kind::Acknowledgement => Answer::Acknowledgement(Acknowledgement::from_bytes(content)?),
            _ => Answer::Reading(content),
        };
        Ok(Heard { number: header.number, answer })
    }

    /// Seals a signed command: the length of the message, or `None` if numbers or space have run out.
    pub fn command(&mut self, signed: &[u8], out: &mut Buffer) -> Option<usize> {
        self.seal(Kind::Command, signed, out)
    }

    /// Seals a receipt: readings of registers up to this time are kept, so that the meter sends them no more.
    pub fn receipt(&mut self, until: u32, out: &mut Buffer) -> Option<usize> {
        self.seal(Kind::Receipt, &until.to_le_bytes(), out)
    }

    fn seal(&mut self, kind: Kind, content: &[u8], out: &mut Buffer) -> Option<usize> {
        let number = self.sent.checked_add(1).filter(|number| *number <= message::LAST)?;
        self.sent = number;
        let header = Header { kind, title: self.title, generation: self.generation, number };
        message::seal(&self.key, &header, content, out)
    }

    /// Signs a command and seals it: the length of the message.
    pub fn order(
        &mut self,
        signed: &Signed,
        key: &ed25519_dalek::SigningKey,
        out: &mut Buffer,
    ) -> Option<usize> {
        let mut place = [0; command::LONGEST];
        let length = signed.write(self.title, key, &mut place)?;
        self.command(place.get(..length)?, out)
    }

    /// How often each reason was counted.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }
}
