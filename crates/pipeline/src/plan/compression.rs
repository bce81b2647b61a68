//! How the files of outputs are compressed: `compression` in `[output]`.

use super::error::PlanError;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::fmt;
use std::ops::RangeInclusive;
use toml::Spanned;

/// How the columns of Parquet files are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// No compression, and names and numbers as they are: the least work, but files several times as large.
    None,
    /// Snappy, for readers that cannot read Zstandard.
    Snappy,
    /// Zstandard of a level within [`LEVELS`](Self::LEVELS), or of the level that suits each file.
    Zstd(Option<u8>),
}

impl Compression {
    /// The default of a plan without the key.
    pub const USUAL: Self = Self::Zstd(None);

    /// The levels of Zstandard: 1 is the fastest, 22 makes the smallest files.
    pub const LEVELS: RangeInclusive<u8> = 1..=22;

    /// The compression of this name: `none`, `snappy`, `zstd` or `zstd:LEVEL`.
    pub fn named(name: &str) -> Result<Self, WrongCompression> {
        match name.split_once(':') {
            None => match name {
                "none" => Ok(Self::None),
                "snappy" => Ok(Self::Snappy),
                "zstd" => Ok(Self::USUAL),
                other => Err(WrongCompression::Name(other.to_owned())),
            },
            Some(("zstd", level)) => {
                let number = level.parse().ok().filter(|number| Self::LEVELS.contains(number));
                number
                    .map(|level| Self::Zstd(Some(level)))
                    .ok_or_else(|| WrongCompression::Level(level.to_owned()))
            }
            Some(_) => Err(WrongCompression::Name(name.to_owned())),
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Snappy => f.write_str("snappy"),
            Self::Zstd(None) => f.write_str("zstd"),
            Self::Zstd(Some(level)) => write!(f, "zstd:{level}"),
        }
    }
}

/// A text that names no compression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrongCompression {
    /// No compression has this name.
    #[error("must be \"none\", \"snappy\", \"zstd\" or \"zstd:LEVEL\", found \"{0}\"")]
    Name(String),
    /// `zstd` has no such level.
    #[error("must have a level of zstd from 1 to 22, found \"{0}\"")]
    Level(String),
}

impl WrongCompression {
    /// A compression to write in its place.
    pub fn instead(&self) -> &'static str {
        match self {
            Self::Name(_) => "zstd",
            Self::Level(_) => "zstd:19",
        }
    }
}

/// `[output]`. The core reads one key, and leaves those about Kafka to the shell.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OutputToml {
    compression: Option<Spanned<String>>,
    #[serde(default, rename = "intervals")]
    _intervals: Option<IgnoredAny>,
    #[serde(default, rename = "transactional")]
    _transactional: Option<IgnoredAny>,
}

impl OutputToml {
    pub(super) fn check(self) -> Result<Compression, PlanError> {
        let Some(written) = self.compression else { return Ok(Compression::USUAL) };
        Compression::named(written.get_ref()).map_err(|wrong| {
            PlanError::new(
                "plan::choice",
                written.span(),
                format!("`compression` {wrong}"),
                format!("try `compression = \"{}\"`", wrong.instead()),
            )
        })
    }
}
