//! Files of outputs: each is written beside its place and moved there at the end.

mod latest;
mod lines;
mod table;

pub use latest::{Latest, LatestFile};
pub use lines::{LinesFile, LinesIfAny};
pub use table::TableFile;

use crate::{ColumnsError, Whole};
use pipeline::{Compression, Outputs};
use std::path::Path;

/// A file of an output on its way. Dropped before its end, it leaves nothing.
pub trait OutputFile<O>: Sized {
    /// Starts the file; columns are compressed like this, lines of JSON are not.
    fn create(path: &Path, output: O, compression: Compression) -> Result<Self, ColumnsError>;

    /// Takes the rows of this output.
    fn take(&mut self, out: &Outputs) -> Result<(), ColumnsError>;

    /// Ends the file, which still stands beside its place. Some are only written if they have a row.
    fn end(self) -> Result<Option<Whole>, ColumnsError>;

    /// Ends the file and moves it to its name. Says whether there is one.
    fn finish(self) -> Result<bool, ColumnsError> {
        self.end()?.map_or(Ok(false), |whole| place(whole).map(|()| true))
    }
}

/// Moves a whole file to its name.
pub fn place(whole: Whole) -> Result<(), ColumnsError> {
    let path = whole.path().to_owned();
    whole.place().map_err(|source| ColumnsError::Rename { path, source })
}
