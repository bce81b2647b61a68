//! A file that is written beside its place and moved there when it is whole.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A file on its way: bytes go to `NAME.partial`, and [`finish`](Self::finish) moves it to `NAME`.
///
/// Dropped without `finish`, it takes the partial file away. So a file that stands under its final name is whole,
/// unless the machine itself lost power: nothing here waits for the disk, because outputs can be computed again.
#[derive(Debug)]
pub struct Aside {
    // `None` once finished, so that `drop` knows.
    file: Option<BufWriter<File>>,
    partial: PathBuf,
    path: PathBuf,
}

impl Aside {
    /// Starts the partial file of `path`; a leftover of an earlier run is overwritten.
    pub fn create(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        let mut name = OsString::from(&path);
        name.push(".partial");
        let partial = PathBuf::from(name);
        let file = Some(BufWriter::new(File::create(&partial)?));
        Ok(Self { file, partial, path })
    }

    /// Where the whole file will stand.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Moves the file to its final name, over whatever stood there.
    pub fn finish(mut self) -> io::Result<()> {
        if let Some(mut file) = self.file.take() {
            let moved = file.flush().and_then(|()| fs::rename(&self.partial, &self.path));
            if moved.is_err() {
                self.file = Some(file);
            }
            return moved;
        }
        Ok(())
    }

    fn writer(&mut self) -> io::Result<&mut BufWriter<File>> {
        self.file.as_mut().ok_or_else(|| io::Error::other("written after the end"))
    }
}

impl Write for Aside {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer()?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer()?.flush()
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        if let Some(file) = self.file.take() {
            // What the buffer still holds is not wanted any more.
            drop(file.into_parts());
            // A failure here has no one to report to; the next run overwrites the leftover.
            let _ = fs::remove_file(&self.partial);
        }
    }
}

#[cfg(test)]
mod tests;
