//! Why a message is refused, and how often each reason was.

use core::fmt;

/// Why something that came over the line is refused. A number that was once used keeps its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Refusal {
    /// More bytes between two delimiters than the longest message has.
    Overlong = 1,
    /// The bytes between two delimiters are no COBS.
    Coding = 2,
    /// The checksum of a frame is wrong: noise on the line.
    Checksum = 3,
    /// Shorter than a header and a tag.
    Short = 10,
    /// A version that this firmware does not know.
    Version = 11,
    /// A kind that is unknown, or that goes the other way.
    Kind = 12,
    /// It is for another meter.
    OtherMeter = 13,
    /// Sealed with a key that was replaced.
    OldKey = 14,
    /// Sealed with a key that nobody has brought yet.
    UnknownKey = 15,
    /// The tag is wrong: another key, or a bit that changed.
    Forged = 16,
    /// It was here before.
    Replayed = 17,
    /// A later one was here before.
    Reordered = 18,
    /// The bytes of a command are cut short, or there are more than it has.
    Malformed = 20,
    /// The signature is not that of the utility.
    Signature = 21,
    /// This command, or a later one, was done before.
    Repeated = 22,
    /// It came after the moment until which it was to be done.
    Expired = 23,
    /// A command that this firmware does not know.
    UnknownCommand = 24,
    /// A value that the command may not have.
    Value = 25,
    /// The flash did not take it, so nothing was done.
    NotStored = 26,
    /// No header of a firmware image.
    ImageFormat = 30,
    /// The signature of the image is not that of the maker.
    ImageSignature = 31,
    /// The image is for another board.
    ImageBoard = 32,
    /// The image is not newer than what runs.
    OldImage = 33,
    /// The image is empty, or larger than its slot, or has another length than its header says.
    ImageSize = 34,
    /// The image's bytes are not those that were signed.
    ImageDigest = 35,
}

impl Refusal {
    /// All of them.
    pub const ALL: [Self; 25] = [
        Self::Overlong,
        Self::Coding,
        Self::Checksum,
        Self::Short,
        Self::Version,
        Self::Kind,
        Self::OtherMeter,
        Self::OldKey,
        Self::UnknownKey,
        Self::Forged,
        Self::Replayed,
        Self::Reordered,
        Self::Malformed,
        Self::Signature,
        Self::Repeated,
        Self::Expired,
        Self::UnknownCommand,
        Self::Value,
        Self::NotStored,
        Self::ImageFormat,
        Self::ImageSignature,
        Self::ImageBoard,
        Self::OldImage,
        Self::ImageSize,
        Self::ImageDigest,
    ];

    /// The number that stands for it in an acknowledgement.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The reason with this number.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }

    /// The name that counters and logs have for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Overlong => "overlong",
            Self::Coding => "coding",
            Self::Checksum => "checksum",
            Self::Short => "short",
            Self::Version => "version",
            Self::Kind => "kind",
            Self::OtherMeter => "other-meter",
            Self::OldKey => "old-key",
            Self::UnknownKey => "unknown-key",
            Self::Forged => "forged",
            Self::Replayed => "replayed",
            Self::Reordered => "reordered",
            Self::Malformed => "malformed",
            Self::Signature => "signature",
            Self::Repeated => "repeated",
            Self::Expired => "expired",
            Self::UnknownCommand => "unknown-command",
            Self::Value => "value",
            Self::NotStored => "not-stored",
            Self::ImageFormat => "image-format",
            Self::ImageSignature => "image-signature",
            Self::ImageBoard => "image-board",
            Self::OldImage => "old-image",
            Self::ImageSize => "image-size",
            Self::ImageDigest => "image-digest",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl core::error::Error for Refusal {}

/// How often each reason was counted since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts([u32; Refusal::ALL.len()]);

impl Counts {
    /// Counts one more.
    pub fn add(&mut self, reason: Refusal) {
        for (count, one) in self.0.iter_mut().zip(Refusal::ALL) {
            if one == reason {
                *count = count.saturating_add(1);
            }
        }
    }

    /// How often it was.
    pub fn of(&self, reason: Refusal) -> u32 {
        self.iter().find(|(one, _)| *one == reason).map_or(0, |(_, count)| count)
    }

    /// Each reason and how often it was.
    pub fn iter(&self) -> impl Iterator<Item = (Refusal, u32)> {
        Refusal::ALL.into_iter().zip(self.0)
    }

    /// All together.
    pub fn sum(&self) -> u32 {
        self.0.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }
}
