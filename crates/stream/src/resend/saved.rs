//! Letters that are left, as a file that a replay takes.

use columns::{Aside, Letter};
use shell::Failure;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The file, which gets its name when it is whole.
pub struct Saved {
    path: PathBuf,
    file: Aside,
}

impl Saved {
    /// Begins the file. It does not replace another one.
    pub fn create(path: &Path) -> Result<Self, Failure> {
        if path.exists() {
            return Err(Failure::wrong(
                format!("{} exists already", path.display()),
                "`--save` takes the name of a new file",
            ));
        }
        let file = Aside::create(path).map_err(|cause| cannot_write(path, &cause))?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Writes a letter.
    pub fn write(&mut self, letter: &Letter) -> Result<(), Failure> {
        let mut line = letter.line();
        line.push(b'\n');
        self.file.write_all(&line).map_err(|cause| cannot_write(&self.path, &cause))
    }

    /// Gives the file its name.
    pub fn finish(self) -> Result<(), Failure> {
        self.file.finish().map_err(|cause| cannot_write(&self.path, &cause))
    }
}

fn cannot_write(path: &Path, cause: &io::Error) -> Failure {
    Failure::failed(format!("cannot write {}", path.display()), cause)
        .help(Some("`--save` takes the name of a file in a folder that is there".to_owned()))
}
