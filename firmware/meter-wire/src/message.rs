//! A sealed message: a header that everybody may read and nobody can change, and a content that only the key opens.
//!
//! | bytes | what |
//! | --- | --- |
//! | 1 | version, `1` |
//! | 1 | kind: 1 reading, 2 acknowledgement; from the top bit on those to the meter: 129 command, 130 receipt |
//! | 8 | title of the meter |
//! | 2 | generation of the key |
//! | 4 | number of the message, up to 2^31 - 1 |
//! | 0 to 208 | content, AES-128-GCM |
//! | 16 | tag over header and content |
//!
//! Numbers are little-endian. The nonce of 12 bytes is the title and then the number, big-endian, its top bit set in
//! messages to the meter: the form of IEC 62056-5-3 (system title and invocation counter). The title is in it, so that
//! two meters that were given the same key by mistake share no nonce. A number is never used twice, whatever the key.

use crate::bytes::{Reader, Writer};
use crate::refusal::Refusal;
use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes128Gcm, KeyInit};
use core::fmt;

const VERSION: u8 = 1;

/// The bytes of a header.
pub const HEADER: usize = 16;

/// The bytes of a tag.
pub const TAG: usize = 16;

/// The most bytes of a content.
pub const CONTENT: usize = 208;

/// The most bytes of a message.
pub const LONGEST: usize = HEADER + CONTENT + TAG;

/// The highest number of a message: one in five seconds for 340 years.
pub const LAST: u32 = u32::MAX >> 1;

/// A place for one message.
pub type Buffer = [u8; LONGEST];

/// What a meter is known by on the line. IEC 62056-5-3 calls it the system title: three letters of the maker, and five
/// bytes of its choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Title(pub [u8; 8]);

/// A key of one meter. It is not shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key(pub [u8; 16]);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// What a message is, and which way it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// A reading as a frame of the crate `wire`, from the meter.
    Reading = 1,
    /// What became of a command, from the meter.
    Acknowledgement = 2,
    /// A signed command, to the meter.
    Command = 129,
    /// Up to when readings of registers are kept, to the meter. It only frees the meter from sending them again, so
    /// nobody signs it.
    Receipt = 130,
}

impl Kind {
    fn from_code(code: u8) -> Option<Self> {
        [Self::Reading, Self::Acknowledgement, Self::Command, Self::Receipt]
            .into_iter()
            .find(|kind| *kind as u8 == code)
    }

    /// Whether it goes to the meter.
    pub fn to_meter(self) -> bool {
        self as u8 & 0x80 != 0
    }
}

/// What stands before the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What it is.
    pub kind: Kind,
    /// The meter that it comes from or goes to.
    pub title: Title,
    /// Which of the meter's keys: each new one has a higher number.
    pub generation: u16,
    /// The number of the message.
    pub number: u32,
}

impl Header {
    /// Reads what a message claims. Nothing of it is true before [`open`] has said so.
    pub fn claimed(message: &[u8]) -> Result<Self, Refusal> {
        let mut from = Reader { rest: message };
        let mut fields = || Some((from.u8()?, from.u8()?, from.take()?, from.u16()?, from.u32()?));
        let (version, kind, title, generation, number) = fields().ok_or(Refusal::Short)?;
        if from.rest.len() < TAG {
            return Err(Refusal::Short);
        }
        if version != VERSION {
            return Err(Refusal::Version);
        }
        let kind = Kind::from_code(kind).ok_or(Refusal::Kind)?;
        Ok(Self { kind, title: Title(title), generation, number })
    }

    fn write(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        let mut to = Writer::new(&mut bytes);
        to.put(&[VERSION, self.kind as u8]);
        to.put(&self.title.0);
        to.put(&self.generation.to_le_bytes());
        to.put(&self.number.to_le_bytes());
        bytes
    }

    fn nonce(&self) -> [u8; 12] {
        let mut nonce = [0; 12];
        let way = if self.kind.to_meter() { LAST.wrapping_add(1) } else { 0 };
        let mut to = Writer::new(&mut nonce);
        to.put(&self.title.0);
        to.put(&(self.number | way).to_be_bytes());
        nonce
    }
}

/// Seals a content: the length of the message, or `None` if it is longer than [`CONTENT`] or its number above [`LAST`].
///
/// The caller must never give the same number twice.
pub fn seal(key: &Key, header: &Header, content: &[u8], out: &mut Buffer) -> Option<usize> {
    if content.len() > CONTENT || header.number > LAST {
        return None;
    }
    let length = HEADER.checked_add(content.len())?.checked_add(TAG)?;
    let plain = header.write();
    let (head, rest) = out.get_mut(..length)?.split_first_chunk_mut::<HEADER>()?;
    let (body, place) = rest.split_last_chunk_mut::<TAG>()?;
    *head = plain;
    body.copy_from_slice(content);
    let tag = cipher(key).encrypt_inout_detached(&header.nonce().into(), &plain, body.into()).ok()?;
    *place = tag.into();
    Some(length)
}

/// Opens a message where it lies: what is returned is as it was sealed. After a refusal its bytes have no meaning.
pub fn open<'a>(key: &Key, message: &'a mut [u8]) -> Result<(Header, &'a [u8]), Refusal> {
    let header = Header::claimed(message)?;
    if header.number > LAST {
        return Err(Refusal::Forged);
    }
    let (head, rest) = message.split_first_chunk_mut::<HEADER>().ok_or(Refusal::Short)?;
    let (body, tag) = rest.split_last_chunk_mut::<TAG>().ok_or(Refusal::Short)?;
    cipher(key)
        .decrypt_inout_detached(&header.nonce().into(), head, (&mut *body).into(), &(*tag).into())
        .map_err(|_| Refusal::Forged)?;
    Ok((header, body))
}

fn cipher(key: &Key) -> Aes128Gcm {
    Aes128Gcm::new(&key.0.into())
}
