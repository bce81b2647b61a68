//! The bytes of a piece: with a version, a checksum, and the fingerprint, subject and position that it belongs to.
//!
//! | bytes | what, numbers little endian |
//! | --- | --- |
//! | 8 | `GWPIECE\n` |
//! | 4 | version |
//! | 1 | 0 full, 1 changes |
//! | 8 | fingerprint of the plan |
//! | 8 | position |
//! | 8 | position of the piece that it changes; 0 if full |
//! | 2 | length of the subject |
//! | s | subject, as the path of its folder |
//! | 8 | length of the payload |
//! | n | payload |
//! | 4 | CRC-32 of all before |

use super::piece::{Name, Piece, Subject};

const MAGIC: &[u8; 8] = b"GWPIECE\n";
const VERSION: u32 = 1;
const FULL: u8 = 0;
const CHANGES: u8 = 1;
/// The length of the head without the subject.
const HEAD: usize = 8 + 4 + 1 + 8 + 8 + 8 + 2 + 8;
/// The length of the checksum.
pub const TAIL: usize = 4;

/// Why an object cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// The object is no piece.
    #[error("not a piece of a checkpoint: it begins with other bytes")]
    Foreign,
    /// Another version of the program wrote the piece.
    #[error("the piece has version {found}, and this program reads version {VERSION}")]
    Version {
        /// Its version.
        found: u32,
    },
    /// The piece is shorter or longer than it should be.
    #[error("the piece is torn: {found} bytes, expected {expected}")]
    Torn {
        /// How many bytes there are.
        found: u64,
        /// How many there should be, or at least how many.
        expected: u64,
    },
    /// Some bytes have changed.
    #[error("the piece is damaged: its checksum is {found:08x}, expected {expected:08x}")]
    Checksum {
        /// The checksum of the bytes.
        found: u32,
        /// The checksum that the piece holds.
        expected: u32,
    },
    /// The head names another piece: the file was moved or renamed, or the head is damaged.
    #[error("the piece does not belong here: its {what} differs")]
    Elsewhere {
        /// Which field differs from the name.
        what: &'static str,
    },
    /// The piece belongs to another plan than its chain.
    #[error(
        "the piece was made by another plan: fingerprint {found:016x}, what it builds on has {expected:016x}"
    )]
    Plan {
        /// Its fingerprint.
        found: u64,
        /// The fingerprint of the chain.
        expected: u64,
    },
    /// The piece holds changes, and its base is missing or cannot be used.
    #[error("the piece builds on {base}, which is missing or cannot be used")]
    Base {
        /// The position of the base.
        base: u64,
    },
    /// The piece is listed, but cannot be found.
    #[error("the piece is listed, but it is missing")]
    Gone,
}

/// The bytes before the payload.
pub fn head(piece: &Piece, payload: usize) -> Vec<u8> {
    let subject = piece.subject.to_string();
    let mut head = Vec::with_capacity(HEAD + subject.len());
    head.extend_from_slice(MAGIC);
    head.extend_from_slice(&VERSION.to_le_bytes());
    head.push(if piece.base.is_some() { CHANGES } else { FULL });
    head.extend_from_slice(&piece.fingerprint.to_le_bytes());
    head.extend_from_slice(&piece.position.to_le_bytes());
    head.extend_from_slice(&piece.base.unwrap_or(0).to_le_bytes());
    // Names of topics in Kafka have at most 249 bytes.
    let length = u16::try_from(subject.len()).expect("a name fits in 64 KiB");
    head.extend_from_slice(&length.to_le_bytes());
    head.extend_from_slice(subject.as_bytes());
    head.extend_from_slice(&(payload as u64).to_le_bytes());
    head
}

/// A head that fits the name of its piece.
#[derive(Debug, Clone, Copy)]
pub struct Head {
    /// The fingerprint of the plan.
    pub fingerprint: u64,
    /// The length of the head in bytes.
    pub length: usize,
}

impl Head {
    /// Reads a head from the first bytes of an object of this size. `bytes` must hold the whole head.
    pub fn read(bytes: &[u8], size: u64, subject: &Subject, name: Name) -> Result<Self, Unusable> {
        if !bytes.iter().zip(MAGIC).all(|(found, expected)| found == expected) {
            return Err(Unusable::Foreign);
        }
        let subject = subject.to_string();
        let length = HEAD + subject.len();
        let torn = Unusable::Torn { found: size, expected: (length + TAIL) as u64 };
        let mut fields = Fields(bytes.get(MAGIC.len()..).ok_or_else(|| torn.clone())?);
        let mut next = |count| fields.take(count).ok_or_else(|| torn.clone());
        let found = u32::from_le_bytes(array(next(4)?));
        if found != VERSION {
            return Err(Unusable::Version { found });
        }
        let same = |same: bool, what| if same { Ok(()) } else { Err(Unusable::Elsewhere { what }) };
        let kind = if name.base.is_some() { CHANGES } else { FULL };
        same(next(1)?[0] == kind, "kind")?;
        let fingerprint = u64::from_le_bytes(array(next(8)?));
        same(u64::from_le_bytes(array(next(8)?)) == name.position, "position")?;
        same(u64::from_le_bytes(array(next(8)?)) == name.base.unwrap_or(0), "base")?;
        let its = usize::from(u16::from_le_bytes(array(next(2)?)));
        same(its == subject.len(), "subject")?;
        same(next(its)? == subject.as_bytes(), "subject")?;
        // The length before the checksum: a cut-off piece is then reported as torn, and not as damaged.
        let payload = u64::from_le_bytes(array(next(8)?));
        let expected = payload.saturating_add((length + TAIL) as u64);
        if size != expected {
            return Err(Unusable::Torn { found: size, expected });
        }
        Ok(Self { fingerprint, length })
    }
}

/// Checks a whole object and returns its payload. It works in place, because an object may be large.
pub fn payload(mut object: Vec<u8>, head: Head) -> Result<Vec<u8>, Unusable> {
    let end = object.len() - TAIL;
    let expected = u32::from_le_bytes(array(&object[end..]));
    let found = crc32fast::hash(&object[..end]);
    if found != expected {
        return Err(Unusable::Checksum { found, expected });
    }
    object.truncate(end);
    object.drain(..head.length);
    Ok(object)
}

struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (field, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(field)
    }
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("as many bytes were taken")
}
