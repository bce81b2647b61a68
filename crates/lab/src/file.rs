//! Files of loads, Parquet or CSV, as columns of text and numbers.

mod csv;
mod parquet;
mod stamp;

pub use stamp::Stamp;

use shell::Failure;
use std::path::Path;

/// Which columns of a file are wanted.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Columns of names.
    pub names: Vec<String>,
    /// Columns of numbers.
    pub numbers: Vec<String>,
}

/// The columns of a file, row by row in the order of the file.
#[derive(Debug, Default)]
pub struct Rows {
    /// The start of each row in milliseconds since 1970.
    pub times: Vec<i64>,
    /// In the order in which they were wanted.
    pub names: Vec<Vec<String>>,
    /// In the order in which they were wanted; NaN is missing.
    pub numbers: Vec<Vec<f64>>,
    /// What could not be read, with its place.
    pub unread: Unread,
}

/// Cells that hold something else than a time or a number.
#[derive(Debug, Default)]
pub struct Unread {
    /// How many there are.
    pub count: u64,
    /// The first of them.
    pub first: Option<String>,
}

impl Unread {
    fn add(&mut self, place: impl FnOnce() -> String) {
        self.count += 1;
        self.first.get_or_insert_with(place);
    }
}

/// The names that the column of times may have, the best first.
const TIMES: [&str; 4] = ["time", "start", "timestamp", "datetime"];

/// Reads a file.
pub fn read(path: &Path, wanted: &Wanted) -> Result<Rows, Failure> {
    let is_parquet = {
        use std::io::Read;
        let mut file = std::fs::File::open(path).map_err(|cause| cannot_read(path, &cause))?;
        let mut magic = [0; 4];
        file.read(&mut magic).map_err(|cause| cannot_read(path, &cause))? == 4 && &magic == b"PAR1"
    };
    if is_parquet { parquet::read(path, wanted) } else { csv::read(path, wanted) }
}

fn cannot_read(path: &Path, cause: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::failed(format!("cannot read {}", path.display()), cause).as_wrong()
}

/// Where each wanted column stands among those of the file: the times, then names, then numbers.
fn places(path: &Path, header: &[String], wanted: &Wanted) -> Result<(usize, Vec<usize>), Failure> {
    let place = |name: &str| header.iter().position(|column| column == name);
    let time = TIMES.into_iter().find_map(place).ok_or_else(|| {
        Failure::wrong(
            format!("{} has no column `time`", path.display()),
            format!("name the start of each interval `time`; its columns are {}", header.join(", ")),
        )
    })?;
    let others = wanted.names.iter().chain(&wanted.numbers).map(|name| {
        place(name).ok_or_else(|| {
            Failure::wrong(
                format!("{} has no column `{name}`", path.display()),
                format!("its columns are {}", header.join(", ")),
            )
        })
    });
    Ok((time, others.collect::<Result<_, _>>()?))
}
