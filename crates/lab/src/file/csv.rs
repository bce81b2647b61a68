//! CSV with a header.

use super::{Rows, Stamp, Unread, Wanted, cannot_read, places};
use shell::Failure;
use std::path::Path;

/// Words that stand for a missing value.
const MISSING: [&str; 7] = ["", "nan", "na", "n/a", "null", "none", "-"];

/// Reads the wanted columns.
pub fn read(path: &Path, wanted: &Wanted) -> Result<Rows, Failure> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_path(path)
        .map_err(|cause| cannot_read(path, &cause))?;
    let header = reader.headers().map_err(|cause| cannot_read(path, &cause))?;
    let header: Vec<String> =
        header.iter().map(|name| name.trim().trim_start_matches('\u{feff}').to_owned()).collect();
    let (time, others) = places(path, &header, wanted)?;
    let (names, numbers) = others.split_at(wanted.names.len());
    let mut rows = Rows {
        names: vec![Vec::new(); names.len()],
        numbers: vec![Vec::new(); numbers.len()],
        ..Rows::default()
    };
    for record in reader.records() {
        let record = record.map_err(|cause| cannot_read(path, &cause))?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |at: usize| record.get(at).unwrap_or_default().trim();
        let Some(Stamp(stamp)) = Stamp::parse(cell(time)) else {
            rows.unread.add(|| format!("line {line}, `{}` is no time: `{}`", header[time], cell(time)));
            continue;
        };
        rows.times.push(stamp);
        for (column, at) in rows.names.iter_mut().zip(names) {
            column.push(cell(*at).to_owned());
        }
        for (column, at) in rows.numbers.iter_mut().zip(numbers) {
            column.push(number(cell(*at), &mut rows.unread, || format!("line {line}, `{}`", header[*at])));
        }
    }
    Ok(rows)
}

/// The number in a cell. `true` and `false` are 1 and 0, so that a column of holidays can be written either way.
pub fn number(text: &str, unread: &mut Unread, place: impl FnOnce() -> String) -> f64 {
    if let Ok(number) = text.parse::<f64>() {
        return number;
    }
    let lower = text.to_ascii_lowercase();
    match lower.as_str() {
        "true" => 1.0,
        "false" => 0.0,
        _ => {
            if !MISSING.contains(&lower.as_str()) {
                unread.add(|| format!("{} is no number: `{text}`", place()));
            }
            f64::NAN
        }
    }
}
