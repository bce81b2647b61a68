//! A file of JSON, an object a line.

use super::OutputFile;
use crate::json::Encoder;
use crate::outputs::Output;
use crate::{Aside, ColumnsError, Whole};
use pipeline::{Compression, Outputs};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The file and what its lines need.
#[derive(Debug)]
pub struct LinesFile<O> {
    output: O,
    encoder: Encoder,
    path: PathBuf,
    file: Aside,
}

impl<O: Output> OutputFile<O> for LinesFile<O> {
    fn create(path: &Path, output: O, _compression: Compression) -> Result<Self, ColumnsError> {
        Ok(Self { output, encoder: Encoder::default(), path: path.to_owned(), file: create(path)? })
    }

    fn take(&mut self, out: &Outputs) -> Result<(), ColumnsError> {
        let Self { output, encoder, path, file } = self;
        O::rows(out).try_for_each(|row| write(file, path, encoder.line(output, row)))
    }

    fn end(self) -> Result<Option<Whole>, ColumnsError> {
        end(self.file, self.path).map(Some)
    }
}

/// The same, for a file that is only there if it has a line.
#[derive(Debug)]
pub struct LinesIfAny<O> {
    output: O,
    encoder: Encoder,
    path: PathBuf,
    file: Option<Aside>,
    first: Option<String>,
}

impl<O> LinesIfAny<O> {
    /// The first line, if there is one.
    pub fn first(&self) -> Option<&str> {
        self.first.as_deref()
    }
}

impl<O: Output> OutputFile<O> for LinesIfAny<O> {
    fn create(path: &Path, output: O, _compression: Compression) -> Result<Self, ColumnsError> {
        Ok(Self { output, encoder: Encoder::default(), path: path.to_owned(), file: None, first: None })
    }

    fn take(&mut self, out: &Outputs) -> Result<(), ColumnsError> {
        let Self { output, encoder, path, file, first } = self;
        for row in O::rows(out) {
            let line = encoder.line(output, row);
            let file = match file {
                Some(file) => file,
                None => {
                    *first = Some(String::from_utf8_lossy(line).into_owned());
                    file.insert(create(path)?)
                }
            };
            write(file, path, line)?;
        }
        Ok(())
    }

    fn end(self) -> Result<Option<Whole>, ColumnsError> {
        let Self { file, path, .. } = self;
        file.map(|file| end(file, path)).transpose()
    }
}

fn create(path: &Path) -> Result<Aside, ColumnsError> {
    Aside::create(path).map_err(|source| ColumnsError::Create { path: path.to_owned(), source })
}

fn write(file: &mut Aside, path: &Path, line: &[u8]) -> Result<(), ColumnsError> {
    let written = file.write_all(line).and_then(|()| file.write_all(b"\n"));
    written.map_err(|source: io::Error| ColumnsError::WriteLine { path: path.to_owned(), source })
}

fn end(file: Aside, path: PathBuf) -> Result<Whole, ColumnsError> {
    file.end().map_err(|source| ColumnsError::WriteLine { path, source })
}
