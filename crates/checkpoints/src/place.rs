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

/// No writer needs this long for one piece, so a killed process has left an older file.
const LEFT: Duration = Duration::from_secs(3600);

/// The place of a store's objects.
pub struct Place {
    /// The folder or bucket.
    pub objects: Arc<dyn ObjectStore>,
    /// The path in it below which this store's objects are.
    pub root: Path,
    /// The folder, if the place is one.
    folder: Option<PathBuf>,
    /// The address as the user gave it.
    given: String,
}

/// A lock on the folder. No other process can take it while this exists. If the process dies, the system frees it.
#[derive(Debug)]
pub struct Lock {
    _file: Option<File>,
}

impl Place {
    /// Opens the address that the user gave.
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
            // fsync: otherwise a piece that was reported as written could be lost in a power cut.
            objects: Arc::new(objects.with_fsync(true)),
            root: Path::default(),
            folder: Some(folder.to_owned()),
            given,
        })
    }

    /// Locks the folder; see [`super::Store::lock`].
    pub fn lock(&self) -> Result<Lock, OpenError> {
        let Some(folder) = &self.folder else { return Ok(Lock { _file: None }) };
        let at = folder.join("lock");
        let file = File::options().create(true).truncate(false).write(true).open(&at);
        let file = file.map_err(|source| OpenError::LockFile { file: at, source })?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => Err(OpenError::Locked { folder: folder.to_owned() }),
            // Some network drives have no locks. There the user has to take care that only one instance runs.
            Err(TryLockError::Error(_)) | Ok(()) => Ok(Lock { _file: Some(file) }),
        }
    }

    /// The path of an object as users know it.
    pub fn shown(&self, object: &Path) -> String {
        let below: Vec<_> = object.prefix_match(&self.root).into_iter().flatten().collect();
        let mut shown = self.given.clone();
        for part in below {
            shown = format!("{shown}/{}", part.as_ref());
        }
        shown
    }

    /// Deletes incomplete files that killed processes have left in a folder. A bucket does not list such parts; a
    /// lifecycle rule for incomplete uploads deletes them.
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

/// Whether this is the name of an incomplete file. `LocalFileSystem` writes to `NAME#1` and then renames it.
fn is_partial(name: &str) -> bool {
    name.split_once('#').is_some_and(|(piece, number)| {
        super::piece::Name::parse(piece).is_some()
            && !number.is_empty()
            && number.bytes().all(|digit| digit.is_ascii_digit())
    })
}

fn is_old(entry: &fs::DirEntry) -> io::Result<bool> {
    let modified = entry.metadata()?.modified()?;
    // A file with a time in the future counts as new.
    Ok(modified.elapsed().is_ok_and(|age| age > LEFT))
}

/// Creates a folder and its parents, and syncs them, so that they survive a power cut.
fn make(folder: &FilePath) -> io::Result<()> {
    let missing: Vec<_> = folder.ancestors().take_while(|folder| !folder.exists()).collect();
    fs::create_dir_all(folder)?;
    // A new folder survives a power cut only if the folder above it is synced, too.
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
    /// Opens `BUCKET/PREFIX` of a service.
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
        // Few retries here, for short troubles only. The caller retries for longer, reports that, and can be stopped.
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
