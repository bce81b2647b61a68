//! Files of outputs as CSV, for spreadsheets and for programs that do not read Parquet.

use crate::read_back::each_row;
use crate::{Aside, ColumnsError, Whole};
use serde_json::Value;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Spreadsheets run text that begins with one of these as a formula. An apostrophe before it makes it text.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Where the CSV of a Parquet file stands: in a folder of its own, because a simulated town has an `outages.csv`, too.
pub fn csv_path(parquet: &Path) -> PathBuf {
    let folder = parquet.with_file_name("csv");
    folder.join(parquet.with_extension("csv").file_name().unwrap_or_default())
}

/// Writes the rows of a Parquet file of the engine as CSV, in their order, beside its place. See [`csv_path`].
///
/// The first line has the names of the columns. Times are UTC as in RFC 3339, what is not known is empty, and a list is
/// written as in JSON. Text that a spreadsheet would run has an apostrophe before it.
pub fn write_csv(parquet: &Whole) -> Result<Whole, ColumnsError> {
    let path = csv_path(parquet.path());
    let failed = |source| ColumnsError::WriteLine { path: path.clone(), source };
    let create = |source| ColumnsError::Create { path: path.clone(), source };
    path.parent().map_or(Ok(()), fs::create_dir_all).map_err(create)?;
    let mut to = csv::Writer::from_writer(Aside::create(&path).map_err(create)?);
    let mut has_names = false;
    let names = each_row(parquet.partial(), |names, cells| {
        if !std::mem::replace(&mut has_names, true) {
            to.write_record(names).map_err(|error| failed(as_io(error)))?;
        }
        to.write_record(cells.into_iter().map(cell)).map_err(|error| failed(as_io(error)))
    })?;
    if !has_names {
        to.write_record(&names).map_err(|error| failed(as_io(error)))?;
    }
    let file = to.into_inner().map_err(|error| failed(error.into_error()))?;
    file.end().map_err(failed)
}

fn cell(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if text.starts_with(FORMULA) => format!("'{text}"),
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn as_io(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_formula_and_a_number_stays_one() {
        let shown = |value: serde_json::Value| cell(value);
        assert_eq!(shown("=HYPERLINK(\"http://a\")".into()), "'=HYPERLINK(\"http://a\")");
        for name in ["+1", "-T1", "@SUM"] {
            assert_eq!(shown(name.into()), format!("'{name}"));
        }
        assert_eq!(shown("T-1".into()), "T-1");
        assert_eq!(shown((-12).into()), "-12");
        assert_eq!(shown((-0.5).into()), "-0.5");
    }
}
