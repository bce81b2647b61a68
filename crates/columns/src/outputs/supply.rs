use crate::ColumnsError;
use crate::outputs::days_since_1970;
use crate::sheet::Sheet;
use crate::table::{CHUNK_ROWS, Encode, Table, properties};
use arrow::array::RecordBatch;
use std::path::Path;
use supply::{IndexRow, Outage};

/// Writes `outages.parquet`: a row an outage, as it stands at the end.
#[derive(Debug)]
pub struct OutagesWriter(Table);

impl OutagesWriter {
    /// Starts the file.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, ColumnsError> {
        let properties = properties().dictionary("role").dictionary("area").dictionary("cause");
        let properties = properties.dictionary("kind").build();
        Table::create(path.as_ref(), outages(&[]).schema(), properties).map(Self)
    }

    /// Appends outages.
    pub fn write(&mut self, all: &[Outage]) -> Result<(), ColumnsError> {
        all.chunks(CHUNK_ROWS).try_for_each(|chunk| self.0.write(&outages(chunk)))
    }

    /// Ends the file and says how many rows it has. Dropped before, there is no file.
    pub fn finish(self) -> Result<u64, ColumnsError> {
        self.0.finish()
    }
}

fn outages(all: &[Outage]) -> RecordBatch {
    let rows = || all.iter();
    Sheet::new()
        .text("role", rows().map(|one| one.target.role()))
        .text("target", rows().map(|one| one.target.name()))
        .optional_text("area", rows().map(|one| one.area.map(|area| area.to_string())))
        .time("start", rows().map(|one| one.start))
        .optional_time("end", rows().map(|one| one.end))
        .text("cause", rows().map(|one| one.cause.name()))
        .optional_text("kind", rows().map(|one| one.kind.map(supply::Interruption::name)))
        .count("consumers", rows().map(|one| one.consumers))
        .number("customer_minutes", rows().map(Outage::customer_minutes))
        .rows()
}

/// Writes `supply.parquet`: a row an area and month.
#[derive(Debug)]
pub struct SupplyWriter(Table);

impl SupplyWriter {
    /// Starts the file.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, ColumnsError> {
        let properties = properties().dictionary("area").dictionary("month").build();
        Table::create(path.as_ref(), indices(&[]).schema(), properties).map(Self)
    }

    /// Appends indices.
    pub fn write(&mut self, all: &[IndexRow]) -> Result<(), ColumnsError> {
        all.chunks(CHUNK_ROWS).try_for_each(|chunk| self.0.write(&indices(chunk)))
    }

    /// Ends the file and says how many rows it has. Dropped before, there is no file.
    pub fn finish(self) -> Result<u64, ColumnsError> {
        self.0.finish()
    }
}

fn indices(all: &[IndexRow]) -> RecordBatch {
    let rows = || all.iter();
    let major = || all.iter().map(|one| one.major);
    Sheet::new()
        .text("area", rows().map(IndexRow::area_name))
        .day("month", rows().map(|one| days_since_1970(one.month)))
        .count("consumers", rows().map(|one| one.consumers))
        .optional_number("saidi_min", rows().map(|one| one.saidi))
        .optional_number("saifi", rows().map(|one| one.saifi))
        .optional_number("caidi_min", rows().map(|one| one.caidi))
        .optional_number("maifi", rows().map(|one| one.maifi))
        .optional_whole("major_event_days", major().map(|major| Some(major?.days.into())))
        .optional_number("threshold_min", major().map(|major| Some(major?.threshold)))
        .optional_number("saidi_min_without_major", major().map(|major| major?.saidi_without))
        .optional_number("saifi_without_major", major().map(|major| major?.saifi_without))
        .optional_number("low_voltage_hours", rows().map(|one| one.low_voltage_hours))
        .optional_number("high_voltage_hours", rows().map(|one| one.high_voltage_hours))
        .optional_number("unbalanced_hours", rows().map(|one| one.unbalanced_hours))
        .optional_number("voltage_hours", rows().map(|one| one.voltage_hours))
        .rows()
}
