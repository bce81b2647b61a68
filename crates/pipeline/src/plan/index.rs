//! The section `[index]` as written.

use super::error::PlanError;
use super::written::{at_least, share};
use grid::IndexSettings;
use reading::time::MINUTE;
use reading::{Calendar, Grid};
use serde::Deserialize;
use std::ops::Range;
use toml::Spanned;

/// A day of shorter intervals does not fit into the sums of a consumer.
const SHORTEST: i64 = 5 * MINUTE;
const MOST_DAYS: u32 = 60;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IndexToml {
    days: Spanned<u32>,
    margin: Spanned<String>,
}

impl IndexToml {
    /// `length` is the place of the length of intervals.
    pub(super) fn check(
        &self,
        grid: Grid,
        calendar: &Calendar,
        length: Range<usize>,
    ) -> Result<IndexSettings, PlanError> {
        if grid.length() < SHORTEST {
            return Err(PlanError::new(
                "plan::window",
                length,
                format!("`[index]` needs intervals of 5 min or more, found {} min", grid.length() / MINUTE),
                "try `length = \"15 min\"`, or leave out `[index]`",
            ));
        }
        let days = at_least("days", &self.days, 1)?;
        if days > MOST_DAYS {
            return Err(PlanError::new(
                "plan::range",
                self.days.span(),
                format!("`days` must be at most {MOST_DAYS}, found {days}"),
                "try `days = 5`",
            ));
        }
        let margin = share("margin", &self.margin)?.0;
        Ok(IndexSettings { grid, calendar: calendar.clone(), days: days as u8, margin })
    }
}
