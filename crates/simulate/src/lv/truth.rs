//! The truth about a town with a network, as a table.

use super::account::Account;
use super::story::Story;
use crate::{Settings, Truth};
use reading::{EventTime, MeterId, TransformerId};
use std::io::{self, Write};

/// What was wrong at one meter, or only looked wrong, in one stretch of time.
#[derive(Debug, Clone, PartialEq)]
pub struct LvTruth {
    /// The meter: a consumer's, or the transformer's for what no other meter sees.
    pub meter: MeterId,
    /// The name of the [`Kind`](super::Kind), or of a fault of a meter.
    pub kind: &'static str,
    /// Whether a customer gains from it.
    pub guilty: bool,
    /// It concerns readings after this moment, by a correct clock,
    pub from: EventTime,
    /// up to and including this one.
    pub to: EventTime,
    /// Its share, if it has one.
    pub share: Option<f64>,
    /// What else is to be said.
    pub note: String,
    /// The transformer that really supplies it.
    pub transformer: TransformerId,
    /// The energy that was used meanwhile, and what of it no register counted, Wh. Negative is energy that was
    /// counted but not used, or fed back for nothing. What happens to wires or clocks has none.
    pub wh: Option<(i64, i64)>,
}

impl LvTruth {
    pub(crate) fn of_story(
        meter: MeterId,
        story: &Story,
        transformer: TransformerId,
        account: Option<&Account>,
        settings: &Settings,
    ) -> Self {
        let (from, to) = story.span(settings);
        Self {
            meter,
            kind: story.kind.name(),
            guilty: story.kind.guilty(),
            from,
            to,
            share: story.share(),
            note: story.hours().unwrap_or_default(),
            transformer,
            wh: account.map(|account| (account.used_wh(), account.lost_wh())),
        }
    }

    pub(crate) fn of_fault(truth: Truth, transformer: TransformerId) -> Self {
        let guilty = truth.guilty();
        let Truth { meter, kind, from, to, share, note } = truth;
        Self { meter, kind: kind.name(), guilty, from, to, share, note, transformer, wh: None }
    }
}

/// The columns of this truth: those of [`crate::csv::TRUTH`], and three more.
pub const LV_TRUTH: &str = "meter,kind,guilty,from,to,share,note,transformer,wh_used,wh_lost";

/// Writes the truth. Notes may contain commas, so they are quoted.
pub fn write_lv_truth_csv(rows: &[LvTruth], mut to: impl Write) -> io::Result<()> {
    writeln!(to, "{LV_TRUTH}")?;
    for row in rows {
        let share = row.share.map(|share| format!("{share:.3}")).unwrap_or_default();
        let wh = row.wh.map_or_else(|| ",".to_owned(), |(used, lost)| format!("{used},{lost}"));
        writeln!(
            to,
            "{},{},{},{},{},{share},\"{}\",{},{wh}",
            row.meter,
            row.kind,
            row.guilty,
            row.from,
            row.to,
            row.note.replace('"', "\"\""),
            row.transformer,
        )?;
    }
    Ok(())
}
