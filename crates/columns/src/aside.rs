//! A file that is written beside its place and moved there when it is whole.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A file on its way: bytes go to `NAME.partial`, and [`finish`](Self::finish) moves it to `NAME`.
///
/// [`end`](Self::end) leaves that to later. Dropped without either, it takes the partial file away. So a file that stands
/// under its final name is whole, unless the machine itself lost power: nothing here waits for the disk, because outputs
/// can be computed again.
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
    pub fn finish(self) -> io::Result<()> {
        self.end()?.place()
    }

    /// All of it is written: it can be read beside its place, and moved later.
    pub fn end(mut self) -> io::Result<Whole> {
        self.flush()?;
        self.file = None;
        Ok(Whole { partial: self.partial.clone(), path: self.path.clone(), is_placed: false })
    }

    fn writer(&mut self) -> io::Result<&mut BufWriter<File>> {
        self.file.as_mut().ok_or_else(|| io::Error::other("written after the end"))
    }
}

/// A whole file that still stands beside its place. Dropped without [`place`](Self::place), it is taken away.
#[derive(Debug)]
pub struct Whole {
    partial: PathBuf,
    path: PathBuf,
    is_placed: bool,
}

impl Whole {
    /// Where it stands.
    pub fn partial(&self) -> &Path {
        &self.partial
    }

    /// Where it will stand.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Moves it to its name, over whatever stood there.
    pub fn place(mut self) -> io::Result<()> {
        fs::rename(&self.partial, &self.path)?;
        self.is_placed = true;
        Ok(())
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        if !self.is_placed {
            // As for a file on its way.
            let _ = fs::remove_file(&self.partial);
        }
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
