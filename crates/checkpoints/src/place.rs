//! A folder or a bucket.

use crate::OpenError;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// No writer takes so long for one piece: an older file was left by a killed process.
const LEFT: Duration = Duration::from_secs(3600);

/// Where the objects of a store are.
pub struct Place {
    /// The folder or bucket.
    pub objects: Arc<dyn ObjectStore>,
    /// The part of it that is ours.
    pub root: Path,
    /// The folder, if it is one.
    folder: Option<PathBuf>,
    /// As the user gave it.
    given: String,
}

/// While it lives, no other process has the folder; if the process dies, the system gives it back.
#[derive(Debug)]
pub struct Lock {
    _file: Option<File>,
}

impl Place {
    /// Opens what the user gave.
    pub fn open(at: &str) -> Result<Self, OpenError> {
        let given = at.trim_end_matches('/').to_owned();
        match at.split_once("://") {
            None => Self::folder(FilePath::new(at), given),
            Some(("file", path)) if path.starts_with('/') => {
                let path = Path::from_url_path(path)
                    .map_err(|cause| OpenError::NoFolder { at: at.to_owned(), cause: cause.to_string() })?;
                Self::folder(&FilePath::new("/").join(path.as_ref()), given)
            }
            Some(("s3", path)) => bucket(path, given),
            Some(_) => Err(OpenError::Scheme { at: at.to_owned() }),
        }
    }

    fn folder(folder: &FilePath, given: String) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Folder { folder: folder.to_owned(), source };
        make(folder).map_err(|cause| failed(cause.into()))?;
        let objects = LocalFileSystem::new_with_prefix(folder).map_err(|cause| failed(cause.into()))?;
        Ok(Self {
            // Otherwise a piece that was reported as written could be gone after a power cut.
            objects: Arc::new(objects.with_fsync(true)),
            root: Path::default(),
            folder: Some(folder.to_owned()),
            given,
        })
    }

    /// Takes the folder; see [`super::Store::lock`].
    pub fn lock(&self) -> Result<Lock, OpenError> {
        let Some(folder) = &self.folder else { return Ok(Lock { _file: None }) };
        let at = folder.join("lock");
        let file = File::options().create(true).truncate(false).write(true).open(&at);
        let file = file.map_err(|source| OpenError::LockFile { file: at, source })?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => Err(OpenError::Locked { folder: folder.to_owned() }),
            // Some network drives have no locks; there it is for the user to run one instance.
            Err(TryLockError::Error(_)) | Ok(()) => Ok(Lock { _file: Some(file) }),
        }
    }

    /// An object as a user finds it.
    pub fn shown(&self, object: &Path) -> String {
        let below: Vec<_> = object.prefix_match(&self.root).into_iter().flatten().collect();
        let mut shown = self.given.clone();
        for part in below {
            shown = format!("{shown}/{}", part.as_ref());
        }
        shown
    }

    /// Takes away what killed processes left half-written in a folder. In a bucket such parts are not listed; a
    /// lifecycle rule for incomplete uploads takes them away.
    pub fn clear_leftovers(&self, below: &Path) -> io::Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let entries = match fs::read_dir(folder.join(below.as_ref())) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let is_partial = entry.file_name().to_str().is_some_and(is_partial);
            if is_partial && is_old(&entry).unwrap_or(false) {
                match fs::remove_file(entry.path()) {
                    Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(cause),
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

/// `LocalFileSystem` writes to `NAME#1`, then renames; it lists no such files.
fn is_partial(name: &str) -> bool {
    name.split_once('#').is_some_and(|(piece, number)| {
        super::piece::Name::parse(piece).is_some()
            && !number.is_empty()
            && number.bytes().all(|digit| digit.is_ascii_digit())
    })
}

fn is_old(entry: &fs::DirEntry) -> io::Result<bool> {
    let modified = entry.metadata()?.modified()?;
    // A time in the future is no age.
    Ok(modified.elapsed().is_ok_and(|age| age > LEFT))
}

/// Makes a folder and those above it, so that they are there after a power cut too.
fn make(folder: &FilePath) -> io::Result<()> {
    let missing: Vec<_> = folder.ancestors().take_while(|folder| !folder.exists()).collect();
    fs::create_dir_all(folder)?;
    for made in missing {
        let above = made.parent().filter(|above| !above.as_os_str().is_empty());
        #[cfg(unix)]
        File::open(above.unwrap_or(FilePath::new(".")))?.sync_all()?;
    }
    Ok(())
}

#[cfg(not(feature = "s3"))]
fn bucket(_path: &str, given: String) -> Result<Place, OpenError> {
    Err(OpenError::WithoutS3 { at: given })
}

#[cfg(feature = "s3")]
fn bucket(path: &str, given: String) -> Result<Place, OpenError> {
    Place::bucket(object_store::aws::AmazonS3Builder::from_env(), path, given)
}

#[cfg(feature = "s3")]
impl Place {
    /// Opens BUCKET/PREFIX of a service.
    pub fn bucket(
        service: object_store::aws::AmazonS3Builder,
        path: &str,
        given: String,
    ) -> Result<Self, OpenError> {
        let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
        if bucket.is_empty() {
            return Err(OpenError::NoBucket { at: given });
        }
        let root = Path::parse(prefix.trim_end_matches('/'))
            .map_err(|cause| OpenError::Prefix { at: given.clone(), cause: cause.to_string() })?;
        // The caller tries again, reports it, and can be stopped. Here only a trouble of a moment is tried again.
        let retry = object_store::RetryConfig {
            max_retries: 2,
            retry_timeout: Duration::from_secs(20),
            ..Default::default()
        };
        let built = service.with_bucket_name(bucket).with_retry(retry).build();
        let objects = built.map_err(|cause| OpenError::Client { at: given.clone(), source: cause.into() })?;
        Ok(Self { objects: Arc::new(objects), root, folder: None, given })
    }
}
