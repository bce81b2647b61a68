//! Passwords, tokens and keys: where they come from, and that nothing shows them.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// A text that nothing shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text is a secret from here on.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the one who has to send it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// Where a secret is kept. A plan never holds one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// In this variable of the environment.
    Environment(String),
    /// In this file. A line break at its end does not count.
    File(PathBuf),
}

/// Why a secret is not at hand.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The variable is not set, or is no text.
    #[error("the variable `{name}` is not set")]
    NotSet {
        /// Its name.
        name: String,
    },
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

impl SecretSource {
    /// Reads it now.
    #[expect(clippy::disallowed_methods, reason = "secrets come from the environment, never from a plan")]
    pub fn read(&self) -> Result<Secret, SecretError> {
        match self {
            Self::Environment(name) => {
                std::env::var(name).map(Secret).map_err(|_| SecretError::NotSet { name: name.clone() })
            }
            Self::File(path) => {
                let text = std::fs::read_to_string(path);
                let text = text.map_err(|source| SecretError::Unreadable { path: path.clone(), source })?;
                Ok(Secret(text.trim_end_matches(['\r', '\n']).to_owned()))
            }
        }
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(name) => write!(f, "of the variable {name}"),
            Self::File(path) => write!(f, "of the file {}", path.display()),
        }
    }
}
