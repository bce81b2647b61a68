//! Errors when a store is opened, and errors of a store in use. Most of the latter pass, and the caller retries
//! (`retrying`).

use std::error::Error;
use std::io;
use std::path::PathBuf;

type Cause = Box<dyn Error + Send + Sync>;

/// Why a store cannot be opened, or why its folder cannot be locked.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The path of `file:///...` is not valid.
    #[error("{at} is not the address of a folder: {cause}")]
    NoFolder {
        /// The address as the user gave it.
        at: String,
        /// What is wrong with the path.
        cause: String,
    },
    /// The scheme of `SCHEME://...` is unknown.
    #[error("checkpoints cannot be kept at {at}")]
    Scheme {
        /// The address as the user gave it.
        at: String,
    },
    /// The address is `s3://...`, but the feature `s3` is off.
    #[error("this program was built without S3, and cannot keep checkpoints at {at}")]
    WithoutS3 {
        /// The address as the user gave it.
        at: String,
    },
    /// The address is `s3://` without a bucket.
    #[error("{at} has no bucket")]
    NoBucket {
        /// The address as the user gave it.
        at: String,
    },
    /// The path after the bucket cannot begin the name of an object.
    #[error("{at} cannot hold objects: {cause}")]
    Prefix {
        /// The address as the user gave it.
        at: String,
        /// What is wrong with it.
        cause: String,
    },
    /// The settings of the connection to a bucket contradict each other.
    #[error("cannot use {at}")]
    Client {
        /// The address as the user gave it.
        at: String,
        /// What is wrong with the settings.
        source: Cause,
    },
    /// The folder does not exist and cannot be created.
    #[error("cannot make the folder {} for checkpoints", .folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// The system's error.
        source: Cause,
    },
    /// The lock file of a folder cannot be written.
    #[error("cannot write to {}", .file.display())]
    LockFile {
        /// The file.
        file: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// Another process has locked the folder.
    #[error("another run keeps its checkpoints in {}", .folder.display())]
    Locked {
        /// The folder.
        folder: PathBuf,
    },
    /// The system cannot start threads.
    #[error("cannot start the threads for checkpoints")]
    Threads {
        /// The system's error.
        source: io::Error,
    },
    /// The folder or bucket does not answer.
    #[error("cannot open the store of checkpoints")]
    Unreachable {
        /// The error of the first listing.
        source: StoreError,
    },
}

impl OpenError {
    /// What the user can do about it, if anything.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::NoFolder { .. } => Some("write file:///FOLDER"),
            Self::Scheme { .. } => Some("give a folder, file:///FOLDER or s3://BUCKET/PREFIX"),
            Self::WithoutS3 { .. } => Some("give a folder, or build gridwarden with `--features s3`"),
            Self::NoBucket { .. } | Self::Prefix { .. } => Some("write s3://BUCKET/PREFIX"),
            Self::Locked { .. } => {
                Some("stop that run, or give this one another folder with `--checkpoints`")
            }
            Self::Client { .. }
            | Self::Folder { .. }
            | Self::LockFile { .. }
            | Self::Threads { .. }
            | Self::Unreachable { .. } => None,
        }
    }

    /// Whether the address itself is wrong, so that only another address helps.
    pub fn is_wrong_address(&self) -> bool {
        matches!(
            self,
            Self::NoFolder { .. }
                | Self::Scheme { .. }
                | Self::WithoutS3 { .. }
                | Self::NoBucket { .. }
                | Self::Prefix { .. }
        )
    }
}

/// Why a piece could not be written, read or deleted.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk is full, or the quota is used up.
    #[error("no space left to {doing} {place}")]
    Full {
        /// What was being done.
        doing: &'static str,
        /// The object.
        place: String,
        /// The system's error.
        source: Cause,
    },
    /// The user of the process has no permission.
    #[error("no permission to {doing} {place}")]
    Denied {
        /// What was being done.
        doing: &'static str,
        /// The object.
        place: String,
        /// The system's error.
        source: Cause,
    },
    /// There is no folder or bucket.
    #[error("cannot {doing} {place}: the folder or the bucket does not exist")]
    Missing {
        /// What was being done.
        doing: &'static str,
        /// The object.
        place: String,
        /// The system's error.
        source: Cause,
    },
    /// Any other failure, for example of the network.
    #[error("cannot {doing} {place}")]
    Failed {
        /// What was being done.
        doing: &'static str,
        /// The object.
        place: String,
        /// The system's error.
        source: Cause,
    },
    /// The base is not earlier than the piece, so no chain would ever reach the piece.
    #[error("{place} would build on {base}, which is not an earlier position")]
    Order {
        /// The object.
        place: String,
        /// The position of the base.
        base: u64,
    },
}

impl StoreError {
    pub(super) fn new(doing: &'static str, place: String, cause: object_store::Error) -> Self {
        use io::ErrorKind as K;
        use object_store::Error as E;
        let innermost = innermost(&cause);
        let kind = match &cause {
            E::NotFound { .. } => K::NotFound,
            E::PermissionDenied { .. } | E::Unauthenticated { .. } => K::PermissionDenied,
            _ => K::Other,
        };
        // Each error of the chain repeats the next one, so only the innermost one is kept.
        let (kind, source): (_, Cause) = match innermost.downcast_ref().and_then(io::Error::raw_os_error) {
            Some(code) => {
                let error = io::Error::from_raw_os_error(code);
                (error.kind(), Box::new(error))
            }
            None => match Answer::parse(&innermost.to_string()) {
                Some(answer) => (answer.kind().unwrap_or(kind), Box::new(answer)),
                None => (kind, innermost.to_string().into()),
            },
        };
        match kind {
            K::StorageFull | K::QuotaExceeded | K::FileTooLarge => Self::Full { doing, place, source },
            K::PermissionDenied | K::ReadOnlyFilesystem => Self::Denied { doing, place, source },
            K::NotFound => Self::Missing { doing, place, source },
            _ => Self::Failed { doing, place, source },
        }
    }

    /// Whether a retry may help.
    pub fn may_pass(&self) -> bool {
        !matches!(self, Self::Order { .. })
    }
}

fn innermost<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error
}

/// An error that S3 answers with, in XML.
#[derive(Debug, thiserror::Error)]
#[error("{code}: {message}")]
struct Answer {
    code: String,
    message: String,
}

impl Answer {
    fn parse(text: &str) -> Option<Self> {
        let field = |begin, end| Some(text.split_once(begin)?.1.split_once(end)?.0.to_owned());
        Some(Self { code: field("<Code>", "</Code>")?, message: field("<Message>", "</Message>")? })
    }

    /// The kind of error. A listing reports these codes only as text.
    fn kind(&self) -> Option<io::ErrorKind> {
        match self.code.as_str() {
            "NoSuchBucket" => Some(io::ErrorKind::NotFound),
            "AccessDenied" | "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "ExpiredToken" => {
                Some(io::ErrorKind::PermissionDenied)
            }
            _ => None,
        }
    }
}
