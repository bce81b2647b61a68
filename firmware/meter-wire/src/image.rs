//! Whether a firmware image may be installed: who made it, for which board, newer than what runs, and whole.
//!
//! | bytes | what |
//! | --- | --- |
//! | 4 | `GWFW` |
//! | 1 | version of the header, `1` |
//! | 2 | board |
//! | 6 | version of the image: major, minor, patch |
//! | 4 | length of the image |
//! | 32 | SHA-256 of the image |
//! | 64 | Ed25519 signature of the maker over `gridwarden-image-1` and the 49 bytes before |
//!
//! Numbers are little-endian. Where the image is written, and when it is started, is not decided here.

use crate::bytes::{Reader, Writer};
use crate::command::is_signed;
use crate::refusal::Refusal;
use ed25519_dalek::{Signer, SigningKey};
use meter_log::Image;
use sha2::{Digest, Sha256};

/// The bytes of a header.
pub const HEADER: usize = FRONT + 64;

const FRONT: usize = 49;
const MAGIC: [u8; 4] = *b"GWFW";
const VERSION: u8 = 1;
const DOMAIN: &[u8; 18] = b"gridwarden-image-1";

/// The header of an image, of which nothing is known yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageHeader([u8; HEADER]);

/// What the image has to fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Installed {
    /// The public key of the maker.
    pub maker: [u8; 32],
    /// The board.
    pub board: u16,
    /// The version that runs.
    pub version: [u16; 3],
    /// The bytes that a slot for an image has.
    pub slot_bytes: u32,
}

/// What a maker says of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Described {
    /// The board that it is for.
    pub board: u16,
    /// Major, minor, patch.
    pub version: [u16; 3],
    /// Its bytes.
    pub length: u32,
    /// SHA-256 of them.
    pub digest: [u8; 32],
}

impl Described {
    /// Signs the header of an image.
    pub fn sign(&self, key: &SigningKey) -> ImageHeader {
        let mut bytes = [0; HEADER];
        let mut to = Writer::new(&mut bytes);
        to.put(&MAGIC);
        to.byte(VERSION);
        to.put(&self.board.to_le_bytes());
        self.version.iter().for_each(|part| to.put(&part.to_le_bytes()));
        to.put(&self.length.to_le_bytes());
        to.put(&self.digest);
        let text = text(to.written().and_then(<[u8]>::first_chunk).unwrap_or(&[0; FRONT]));
        let signature = key.sign(&text).to_bytes();
        to.put(&signature);
        ImageHeader(bytes)
    }
}

fn text(front: &[u8; FRONT]) -> [u8; DOMAIN.len() + FRONT] {
    let mut text = [0; DOMAIN.len() + FRONT];
    let mut to = Writer::new(&mut text);
    to.put(DOMAIN);
    to.put(front);
    text
}

impl ImageHeader {
    /// As it came.
    pub fn new(bytes: [u8; HEADER]) -> Self {
        Self(bytes)
    }

    /// As it goes.
    pub fn as_bytes(&self) -> &[u8; HEADER] {
        &self.0
    }

    /// What it says, if the maker signed it and it fits.
    pub fn check(&self, installed: &Installed) -> Result<Described, Refusal> {
        let described = self.read().ok_or(Refusal::ImageFormat)?;
        let (front, signature) = self.0.split_first_chunk::<FRONT>().ok_or(Refusal::ImageFormat)?;
        let signature = signature.first_chunk().ok_or(Refusal::ImageFormat)?;
        if !is_signed(&text(front), signature, &installed.maker) {
            return Err(Refusal::ImageSignature);
        }
        if described.board != installed.board {
            return Err(Refusal::ImageBoard);
        }
        if described.version <= installed.version {
            return Err(Refusal::OldImage);
        }
        if !(1..=installed.slot_bytes).contains(&described.length) {
            return Err(Refusal::ImageSize);
        }
        Ok(described)
    }

    fn read(&self) -> Option<Described> {
        let mut from = Reader { rest: &self.0 };
        if from.take()? != MAGIC || from.u8()? != VERSION {
            return None;
        }
        Some(Described {
            board: from.u16()?,
            version: [from.u16()?, from.u16()?, from.u16()?],
            length: from.u32()?,
            digest: from.take()?,
        })
    }
}

/// Compares the bytes of an image with its header while they arrive, or when they are read back.
#[derive(Debug, Clone)]
pub struct ImageCheck {
    described: Described,
    left: u32,
    too_long: bool,
    digest: Sha256,
}

impl ImageCheck {
    /// Of an image whose header was checked.
    pub fn new(described: Described) -> Self {
        Self { described, left: described.length, too_long: false, digest: Sha256::new() }
    }

    /// The next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        let left = u32::try_from(bytes.len()).ok().and_then(|count| self.left.checked_sub(count));
        self.too_long |= left.is_none();
        self.left = left.unwrap_or(0);
        self.digest.update(bytes);
    }

    /// After the last byte: what to keep of the image in the log. `time` is that of the installation.
    pub fn finish(self, time: u32, slot: u8) -> Result<Image, Refusal> {
        if self.left != 0 || self.too_long {
            return Err(Refusal::ImageSize);
        }
        if self.digest.finalize() != self.described.digest {
            return Err(Refusal::ImageDigest);
        }
        let Described { version, length, digest, .. } = self.described;
        Ok(Image { time, version, slot, length, digest })
    }
}
