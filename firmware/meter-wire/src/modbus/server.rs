//! What is asked, whether it may be, and what is answered.

use super::registers::{CLOCK, Live, MAILBOX, RELAY};
use crate::bytes::{Reader, Writer};
use crate::command::Command;
use crate::message;

/// Why a request is not followed, as Modbus numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exception {
    /// The function is unknown, or the server is in the wrong state for it: a guarded register that is locked.
    Function = 1,
    /// A register that there is not, or not for this function.
    Address = 2,
    /// A count or a value that may not be.
    Value = 3,
}

/// What a request asks to be done, beyond its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Close the relay, or open it.
    Relay(bool),
    /// Set the clock.
    Clock(u32),
    /// Take the message in the mailbox: [`Server::mail`].
    Mail,
}

/// What was counted since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Writes of guarded registers that were locked.
    pub locked: u32,
    /// Requests that were answered with an exception, those of `locked` too.
    pub exceptions: u32,
    /// Frames with a wrong checksum.
    pub checksum: u32,
    /// Frames too short or too long.
    pub length: u32,
    /// Requests to everybody.
    pub broadcasts: u32,
}

/// A server with one address.
#[derive(Debug, Clone)]
pub struct Server {
    address: u8,
    /// One guarded write is taken before this second.
    unlocked_until: Option<u32>,
    mail: message::Buffer,
    mail_length: usize,
    counts: Counts,
}

/// V1.1b3, 6.3, 6.4 and 6.12: the most registers of one request.
const MOST_READ: u16 = 125;
const MOST_WRITTEN: u16 = 123;

impl Server {
    /// A server that answers to an address from 1 to 247. `None` for others: they are reserved.
    pub fn new(address: u8) -> Option<Self> {
        let counts = Counts::default();
        let mail = [0; message::LONGEST];
        (1..=247).contains(&address).then_some(Self {
            address,
            unlocked_until: None,
            mail,
            mail_length: 0,
            counts,
        })
    }

    /// Takes one write of a guarded register within so many seconds: a signed command said so.
    pub fn unlock(&mut self, now: u32, seconds: u16) {
        self.unlocked_until = Some(now.saturating_add(seconds.into()));
    }

    /// The message that was put into the mailbox last, to be opened where it lies.
    pub fn mail(&mut self) -> &mut [u8] {
        self.mail.get_mut(..self.mail_length).unwrap_or_default()
    }

    /// What was counted since the start.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    pub(super) fn count_length(&mut self) {
        self.counts.length = self.counts.length.saturating_add(1);
    }

    pub(super) fn count_checksum(&mut self) {
        self.counts.checksum = self.counts.checksum.saturating_add(1);
    }

    /// Answers a request behind its address. `None` if there is to be no answer: it is for another, or for everybody.
    /// What is for everybody is not done either: no signed command is for more than one meter.
    pub(super) fn addressed(
        &mut self,
        address: u8,
        request: &[u8],
        live: &Live,
        now: u32,
        to: &mut Writer<'_>,
    ) -> Option<Option<Asked>> {
        if address == 0 {
            self.counts.broadcasts = self.counts.broadcasts.saturating_add(1);
        }
        if address != self.address {
            return None;
        }
        let function = request.first().copied().unwrap_or(0);
        match self.followed(request, live, now, to) {
            Ok(asked) => Some(asked),
            Err(exception) => {
                self.counts.exceptions = self.counts.exceptions.saturating_add(1);
                to.put(&[function | 0x80, exception as u8]);
                Some(None)
            }
        }
    }

    /// Writes nothing to `to` if it is an exception.
    fn followed(
        &mut self,
        request: &[u8],
        live: &Live,
        now: u32,
        to: &mut Writer<'_>,
    ) -> Result<Option<Asked>, Exception> {
        let mut from = Reader { rest: request };
        let function = from.u8().ok_or(Exception::Function)?;
        match function {
            3 | 4 => {
                let (address, count) = read_request(from)?;
                self.read(function, address, count, (live, now), to)?;
                Ok(None)
            }
            6 => {
                let (address, value) = pair(&mut from).ok_or(Exception::Value)?;
                from.end().ok_or(Exception::Value)?;
                let asked = self.write(address, &value.to_be_bytes(), now)?;
                to.put(request);
                Ok(asked)
            }
            16 => {
                let (address, values) = write_request(&mut from)?;
                let asked = self.write(address, values, now)?;
                to.put(request.get(..5).unwrap_or_default());
                Ok(asked)
            }
            _ => Err(Exception::Function),
        }
    }

    fn read(
        &self,
        function: u8,
        address: u16,
        count: u16,
        (live, now): (&Live, u32),
        to: &mut Writer<'_>,
    ) -> Result<(), Exception> {
        let end = address.checked_add(count).ok_or(Exception::Address)?;
        let input = live.input(&self.counts, self.is_unlocked(now));
        let word = |address: u16| match function {
            4 => input.get(usize::from(address)).copied(),
            _ => live.holding(address),
        };
        if (address..end).any(|address| word(address).is_none()) {
            return Err(Exception::Address);
        }
        // At most 250.
        to.put(&[function, count.wrapping_mul(2) as u8]);
        for value in (address..end).filter_map(word) {
            to.put(&value.to_be_bytes());
        }
        Ok(())
    }

    fn write(&mut self, address: u16, values: &[u8], now: u32) -> Result<Option<Asked>, Exception> {
        let asked = match (address, values) {
            (RELAY, &[0, state @ (0 | 1)]) => Asked::Relay(state == 1),
            (RELAY, &[_, _]) => return Err(Exception::Value),
            (CLOCK, &[a, b, c, d]) => {
                let time = u32::from_be_bytes([a, b, c, d]);
                if !Command::plausible(time) {
                    return Err(Exception::Value);
                }
                Asked::Clock(time)
            }
            (MAILBOX, message) => {
                self.post(message)?;
                return Ok(Some(Asked::Mail));
            }
            _ => return Err(Exception::Address),
        };
        if !self.is_unlocked(now) {
            self.counts.locked = self.counts.locked.saturating_add(1);
            return Err(Exception::Function);
        }
        // One write, and no other.
        self.unlocked_until = None;
        Ok(Some(asked))
    }

    /// A length, and so many bytes, of which the last may stand alone in its register.
    fn post(&mut self, values: &[u8]) -> Result<(), Exception> {
        let (length, bytes) = values.split_first_chunk().ok_or(Exception::Value)?;
        let length = usize::from(u16::from_be_bytes(*length));
        if length == 0 || bytes.len() != length.next_multiple_of(2) {
            return Err(Exception::Value);
        }
        let place = self.mail.get_mut(..length).ok_or(Exception::Value)?;
        place.copy_from_slice(bytes.get(..length).ok_or(Exception::Value)?);
        self.mail_length = length;
        Ok(())
    }

    fn is_unlocked(&self, now: u32) -> bool {
        self.unlocked_until.is_some_and(|until| now < until)
    }
}

fn pair(from: &mut Reader<'_>) -> Option<(u16, u16)> {
    let mut word = || from.take().map(u16::from_be_bytes);
    Some((word()?, word()?))
}

/// The first register, and how many.
fn read_request(mut from: Reader<'_>) -> Result<(u16, u16), Exception> {
    let (address, count) = pair(&mut from).ok_or(Exception::Value)?;
    from.end().filter(|()| (1..=MOST_READ).contains(&count)).ok_or(Exception::Value)?;
    Ok((address, count))
}

/// The first register, and the bytes for as many as are said.
fn write_request<'a>(from: &mut Reader<'a>) -> Result<(u16, &'a [u8]), Exception> {
    let (address, count) = pair(from).ok_or(Exception::Value)?;
    let length = from.u8().ok_or(Exception::Value)?;
    let is_plausible = (1..=MOST_WRITTEN).contains(&count) && u16::from(length) == count.wrapping_mul(2);
    let values = from.slice(length.into()).filter(|_| is_plausible).ok_or(Exception::Value)?;
    from.end().ok_or(Exception::Value)?;
    Ok((address, values))
}
