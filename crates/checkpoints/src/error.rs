//! Why a store cannot be opened, and why it could not do what it was asked; the latter mostly passes, and the caller
//! tries again (`retrying`).

use std::error::Error;
use std::io;
use std::path::PathBuf;

type Cause = Box<dyn Error + Send + Sync>;

/// Why a store cannot be opened, or why its folder cannot be locked.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// `file:///...` with a path that is none.
    #[error("{at} names no folder: {cause}")]
    NoFolder {
        /// As the user gave it.
        at: String,
        /// What is wrong with the path.
        cause: String,
    },
    /// `SCHEME://...` with a scheme that no store has.
    #[error("checkpoints cannot be kept at {at}")]
    Scheme {
        /// As the user gave it.
        at: String,
    },
    /// `s3://...`, and the feature `s3` is off.
    #[error("this program was built without S3, and cannot keep checkpoints at {at}")]
    WithoutS3 {
        /// As the user gave it.
        at: String,
    },
    /// `s3://` without a bucket behind it.
    #[error("{at} names no bucket")]
    NoBucket {
        /// As the user gave it.
        at: String,
    },
    /// What stands behind the bucket cannot begin the name of an object.
    #[error("{at} cannot be a place for objects: {cause}")]
    Prefix {
        /// As the user gave it.
        at: String,
        /// What is wrong with it.
        cause: String,
    },
    /// The settings of the connection to a bucket contradict each other.
    #[error("cannot use {at}")]
    Client {
        /// As the user gave it.
        at: String,
        /// What is wrong with them.
        source: Cause,
    },
    /// The folder is not there and cannot be made.
    #[error("cannot make the folder {} for checkpoints", .folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        source: Cause,
    },
    /// The file by which a folder is locked cannot be written.
    #[error("cannot write to {}", .file.display())]
    LockFile {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another process has locked the folder.
    #[error("another run keeps its checkpoints in {}", .folder.display())]
    Locked {
        /// The folder.
        folder: PathBuf,
    },
    /// The system gives no threads.
    #[error("cannot start the threads for checkpoints")]
    Threads {
        /// What the system says.
        source: io::Error,
    },
    /// The folder or bucket does not answer.
    #[error("cannot open the store of checkpoints")]
    Unreachable {
        /// What the first listing failed of.
        source: StoreError,
    },
}

impl OpenError {
    /// What the user can do about it, if anything.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::NoFolder { .. } => Some("write file:///FOLDER"),
            Self::Scheme { .. } => Some("give a folder, file:///FOLDER or s3://BUCKET/PREFIX"),
            Self::WithoutS3 { .. } => Some("give a folder, or build it with `--features s3`"),
            Self::NoBucket { .. } | Self::Prefix { .. } => Some("write s3://BUCKET/PREFIX"),
            Self::Locked { .. } => Some("stop it, or give this one a folder of its own with `--checkpoints`"),
            Self::Client { .. }
            | Self::Folder { .. }
            | Self::LockFile { .. }
            | Self::Threads { .. }
            | Self::Unreachable { .. } => None,
        }
    }

    /// Whether the address itself is wrong, so that nothing but another address helps.
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

/// Why a piece could not be written, read or taken away.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk is full, or the quota used up.
    #[error("no space left to {doing} {place}")]
    Full {
        /// What was being done.
        doing: &'static str,
        /// The object.
        place: String,
        /// What the system says.
        source: Cause,
    },
    /// The user of the process may not.
    #[error("no permission to {doing} {place}")]
    Denied {
        /// What was being done.
        doing: &'static str,
        /// The object.
        place: String,
        /// What the system says.
        source: Cause,
    },
    /// There is no folder or bucket.
    #[error("cannot {doing} {place}: the folder or the bucket is not there")]
    Missing {
        /// What was being done.
        doing: &'static str,
        /// The object.
        place: String,
        /// What the system says.
        source: Cause,
    },
    /// Anything else, the network among it.
    #[error("cannot {doing} {place}")]
    Failed {
        /// What was being done.
        doing: &'static str,
        /// The object.
        place: String,
        /// What the system says.
        source: Cause,
    },
    /// The caller asks for what would never be found again.
    #[error("{place} would change {base}, which does not come before it")]
    Order {
        /// The object.
        place: String,
        /// The position that it would change.
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
        // Each error of the chain repeats the next one; the last word says it all.
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

    /// Whether trying again could ever help.
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

/// What S3 answers instead of doing it, in XML.
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

    /// Listing reports these like any other failure.
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
