use crate::ColumnsError;
use crate::sheet::Sheet;
use crate::table::{CHUNK_ROWS, Encode, Table, properties};
use ::cases::{Case, CaseId, Change, alert};
use arrow::array::RecordBatch;
use detect::{Evidence, Innocent, PhaseNeutralEvidence};
use reading::Calendar;
use std::path::Path;

/// Writes `cases.parquet`: a row a case, with its reason in words.
///
/// `since` to `looked_at` are the numbers of its strongest run, those that begin with `opening_` are of the run that
/// opened it, as they were then, and `excess_total_wh` is over all its runs.
#[derive(Debug)]
pub struct CasesWriter {
    table: Table,
    calendar: Calendar,
}

impl CasesWriter {
    /// Starts the file. Its reasons will say the local time of this calendar.
    pub fn create(path: impl AsRef<Path>, calendar: Calendar) -> Result<Self, ColumnsError> {
        let properties = properties().dictionary("transformer").dictionary("area");
        let properties = properties.dictionary("detector").dictionary("state").build();
        let schema = record_batch(&[], &calendar).schema();
        Ok(Self { table: Table::create(path.as_ref(), schema, properties)?, calendar })
    }

    /// Appends cases, each as it is now.
    pub fn write(&mut self, cases: &[Case]) -> Result<(), ColumnsError> {
        cases.chunks(CHUNK_ROWS).try_for_each(|chunk| self.table.write(&record_batch(chunk, &self.calendar)))
    }

    /// Ends the file and says how many cases it has. Dropped before, there is no file.
    pub fn finish(self) -> Result<u64, ColumnsError> {
        self.table.finish()
    }
}

fn record_batch(all: &[Case], calendar: &Calendar) -> RecordBatch {
    let rows = || all.iter();
    let numbers = || all.iter().map(|one| phase_neutral(&one.evidence));
    let opening = || all.iter().map(|one| phase_neutral(&one.opening));
    Sheet::new()
        .text("id", rows().map(|one| one.id.as_str()))
        .text("meter", rows().map(|one| one.meter.as_str()))
        .optional_text("transformer", rows().map(|one| one.transformer.map(|id| id.to_string())))
        .optional_text("area", rows().map(|one| one.area.map(|id| id.to_string())))
        .text("detector", rows().map(|one| one.detector.name()))
        .time("opened", rows().map(|one| one.opened))
        .time("last_evidence", rows().map(|one| one.last_evidence))
        .optional_time("closed", rows().map(|one| one.closed))
        .text("state", rows().map(|one| one.state().name()))
        .number("score", rows().map(|one| one.score_max))
        .count("blocks", rows().map(|one| one.blocks))
        .optional_time("since", numbers().map(|one| one.map(|one| one.since)))
        .optional_time("until", numbers().map(|one| one.map(|one| one.until)))
        .optional_number("phase_a", numbers().map(|one| one.map(|one| one.phase.0)))
        .optional_number("neutral_a", numbers().map(|one| one.map(|one| one.neutral.0)))
        .optional_number("apart_a", numbers().map(|one| one.map(|one| one.apart.0)))
        .optional_number("allowed_a", numbers().map(|one| one.map(|one| one.allowed.0)))
        .optional_number("share", numbers().map(|one| one.map(|one| one.share.0)))
        .optional_whole("excess_wh", numbers().map(|one| one.and_then(|one| one.excess).map(|one| one.0)))
        .optional_text("looked_at", numbers().map(|one| one.map(looked_at)))
        .optional_text("follows", rows().map(|one| one.follows.as_ref().map(CaseId::as_str)))
        .optional_text("reason", rows().map(|one| reason(one, calendar)))
        .optional_time("opening_since", opening().map(|one| one.map(|one| one.since)))
        .optional_time("opening_until", opening().map(|one| one.map(|one| one.until)))
        .optional_whole("opening_blocks", opening().map(|one| one.map(|one| i64::from(one.blocks))))
        .optional_number("opening_phase_a", opening().map(|one| one.map(|one| one.phase.0)))
        .optional_number("opening_neutral_a", opening().map(|one| one.map(|one| one.neutral.0)))
        .optional_number("opening_apart_a", opening().map(|one| one.map(|one| one.apart.0)))
        .optional_number("opening_allowed_a", opening().map(|one| one.map(|one| one.allowed.0)))
        .optional_whole(
            "opening_excess_wh",
            opening().map(|one| one.and_then(|one| one.excess).map(|one| one.0)),
        )
        .optional_whole("excess_total_wh", rows().map(|one| one.excess.map(|one| one.0)))
        .rows()
}

fn phase_neutral(evidence: &[Evidence]) -> Option<&PhaseNeutralEvidence> {
    let Evidence::PhaseNeutral(evidence) = evidence.first()?;
    Some(evidence)
}

/// The innocent causes that did not explain it, by name.
fn looked_at(evidence: &PhaseNeutralEvidence) -> String {
    evidence.looked_at.iter().map(Innocent::name).collect::<Vec<_>>().join(",")
}

/// What people were told when it opened, with the numbers of now.
fn reason(case: &Case, calendar: &Calendar) -> Option<String> {
    alert(&Change::Opened(case.clone()), calendar).map(|alert| alert.text)
}
