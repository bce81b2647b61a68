//! What can go wrong with a file of columns.

use arrow::error::ArrowError;
use parquet::errors::ParquetError;
use std::io;
use std::path::PathBuf;

/// Why a file could not be read or written. Each names the file; the cause, if there is one, is its source.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ColumnsError {
    /// No such file, or no right to read it.
    #[error("cannot open `{}`", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file of no bytes.
    #[error("`{}` is empty", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Neither its start nor its end is that of a Parquet file.
    #[error("`{}` is no Parquet file", path.display())]
    NotParquet {
        /// The file.
        path: PathBuf,
    },
    /// It starts as a Parquet file, but the end with its table of contents is missing.
    #[error("`{}` is torn: it starts as a Parquet file and stops after {bytes} bytes without a footer", path.display())]
    Torn {
        /// The file.
        path: PathBuf,
        /// How long it is.
        bytes: u64,
    },
    /// The footer is there and cannot be understood.
    #[error("the footer of `{}` cannot be read", path.display())]
    Footer {
        /// The file.
        path: PathBuf,
        /// What the Parquet reader said.
        #[source]
        source: ParquetError,
    },
    /// A column that every such file needs is not there.
    #[error("`{}` has no column `{column}`; it has {}", path.display(), list(found))]
    ColumnMissing {
        /// The file.
        path: PathBuf,
        /// What was looked for.
        column: &'static str,
        /// The columns that are there.
        found: Vec<String>,
    },
    /// Two columns of one name.
    #[error("`{}` has two columns `{column}`", path.display())]
    ColumnTwice {
        /// The file.
        path: PathBuf,
        /// Their name.
        column: &'static str,
    },
    /// A known column of another type than the wire format says.
    #[error("column `{column}` of `{}` holds {found}, expected {expected}", path.display())]
    ColumnType {
        /// The file.
        path: PathBuf,
        /// The column.
        column: &'static str,
        /// The type that it has, in Arrow's words.
        found: String,
        /// What it should hold.
        expected: &'static str,
    },
    /// Only who and when.
    #[error("`{}` has `meter` and `time` but no column that measures; it has {}", path.display(), list(found))]
    NothingMeasured {
        /// The file.
        path: PathBuf,
        /// The columns that are there.
        found: Vec<String>,
    },
    /// Compressed in a way that this build does not read.
    #[error("column `{column}` of `{}` is compressed with {codec}", path.display())]
    Compression {
        /// The file.
        path: PathBuf,
        /// The column.
        column: &'static str,
        /// The compression.
        codec: String,
    },
    /// A column that is needed is encrypted, though the footer is not.
    #[error("column `{column}` of `{}` is encrypted", path.display())]
    Encrypted {
        /// The file.
        path: PathBuf,
        /// The column.
        column: &'static str,
    },
    /// The footer was fine, what it points to is not.
    #[error("`{}` is damaged after row {rows}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How many rows could be read.
        rows: u64,
        /// What the Arrow reader said.
        #[source]
        source: ArrowError,
    },
    /// The file could not be started.
    #[error("cannot create `{}`", path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file could not be written on.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the Parquet writer said.
        #[source]
        source: ParquetError,
    },
    /// A line could not be written.
    #[error("cannot write `{}`", path.display())]
    WriteLine {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The whole file could not be moved to its name.
    #[error("cannot move the finished file to `{}`", path.display())]
    Rename {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl ColumnsError {
    /// A way out, for what a person can fix.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Torn { .. } => Some("copy or write the file again: the end is missing".to_owned()),
            Self::ColumnMissing { column: "meter", .. } => {
                Some("readings need `meter` (text), `time` and one more field of the wire format".to_owned())
            }
            Self::ColumnMissing { column: "time", .. } => Some(
                "name the column `time`: a timestamp in UTC, or integer milliseconds since 1970".to_owned(),
            ),
            Self::ColumnType { column: "time", found, .. } if found.starts_with("Timestamp") => Some(
                "the time has no zone: convert it to UTC, for example `dt.replace_time_zone(\"UTC\")`"
                    .to_owned(),
            ),
            Self::ColumnType { column, expected, .. } => Some(format!("convert `{column}` to {expected}")),
            Self::NothingMeasured { .. } => {
                Some("add a register (`imp`) or a measurement (`v`, `i`, `in`, `p`, `q`)".to_owned())
            }
            Self::Encrypted { .. } => {
                Some("decrypt it first, for example with pyarrow, and write it as Parquet again".to_owned())
            }
            Self::Compression { .. } => {
                Some("write it uncompressed, or with snappy, gzip or zstd".to_owned())
            }
            _ => None,
        }
    }
}

fn list(columns: &[String]) -> String {
    if columns.is_empty() {
        return "none".to_owned();
    }
    // A person looks for a misspelt name, and does not read a longer list.
    let shown = columns.iter().take(12).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match columns.len().checked_sub(12) {
        Some(more) if more > 0 => format!("{shown} and {more} more"),
        _ => shown,
    }
}
