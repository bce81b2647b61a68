//! Files of outputs: each is written beside its place and moved there at the end.

mod latest;
mod lines;
mod table;

pub use latest::{Latest, LatestFile};
pub use lines::{LinesFile, LinesIfAny};
pub use table::TableFile;

use crate::ColumnsError;
use pipeline::{Compression, Outputs};
use std::path::Path;

/// A file of an output on its way. Dropped before [`finish`](Self::finish), it leaves nothing.
pub trait OutputFile<O>: Sized {
    /// Starts the file; columns are compressed like this, lines of JSON are not.
    fn create(path: &Path, output: O, compression: Compression) -> Result<Self, ColumnsError>;

    /// Takes the rows of this output.
    fn take(&mut self, out: &Outputs) -> Result<(), ColumnsError>;

    /// Ends the file and moves it to its name. Says whether there is one: some are only written if they have a row.
    fn finish(self) -> Result<bool, ColumnsError>;
}
