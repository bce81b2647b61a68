//! The desk in the store: its rows, each written when it changes.

use super::OfficeError;
use deliver::{Changed, Kept};
use notify::Desk;
use notify::desk::{Row, RowKey};

/// The name of the stored state.
pub(super) const NAME: &str = "desk";
/// The form of rows. Smaller numbers are those of a state that was stored as one value, before version 5 of the file.
const FORM: u16 = 0x100 | Desk::ROWS_VERSION;

/// Lets the desk go on from what is stored, and remember what changes from there on.
pub(super) fn restore(desk: &mut Desk, kept: Option<Kept>) -> Result<(), OfficeError> {
    let Some(Kept { version, whole, rows }) = kept else {
        desk.track();
        return Ok(());
    };
    match version {
        FORM => {
            let read = |(key, row): (Vec<u8>, Vec<u8>)| {
                Ok((postcard::from_bytes::<RowKey>(&key)?, postcard::from_bytes::<Row>(&row)?))
            };
            let rows: Result<Vec<(RowKey, Row)>, postcard::Error> = rows.into_iter().map(read).collect();
            desk.restore_rows(rows.map_err(OfficeError::Damaged)?)?;
        }
        Desk::STATE_VERSION => {
            desk.restore(postcard::from_bytes(&whole).map_err(OfficeError::Damaged)?);
            desk.track();
        }
        found => return Err(OfficeError::Form { found, known: FORM }),
    }
    Ok(())
}

/// What changed since the last time.
pub(super) fn changed(desk: &mut Desk) -> Changed {
    let written = |(key, row): (RowKey, Option<Row>)| {
        let key = postcard::to_allocvec(&key).expect("a key can be written");
        (key, row.map(|row| postcard::to_allocvec(&row).expect("a row can be written")))
    };
    Changed { name: NAME, version: FORM, rows: desk.take_changed().into_iter().map(written).collect() }
}

#[cfg(test)]
mod tests;
