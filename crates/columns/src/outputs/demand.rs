use crate::ColumnsError;
use crate::sheet::Sheet;
use crate::table::{CHUNK_ROWS, Encode, Table, properties};
use arrow::array::RecordBatch;
use metering::{DemandRow, DemandRule};
use reading::Target;
use std::path::Path;

/// Writes `demand.parquet`: a row a meter, billing period and zone.
#[derive(Debug)]
pub struct DemandWriter {
    table: Table,
    rule: DemandRule,
}

impl DemandWriter {
    /// Starts the file; the rule names the zones.
    pub fn create(path: impl AsRef<Path>, rule: &DemandRule) -> Result<Self, ColumnsError> {
        let properties = properties().dictionary("meter").dictionary("start").dictionary("end");
        let properties = properties.dictionary("zone").build();
        let table = Table::create(path.as_ref(), record_batch(&[], rule).schema(), properties)?;
        Ok(Self { table, rule: rule.clone() })
    }

    /// Appends rows.
    pub fn write(&mut self, rows: &[DemandRow]) -> Result<(), ColumnsError> {
        rows.chunks(CHUNK_ROWS).try_for_each(|chunk| self.table.write(&record_batch(chunk, &self.rule)))
    }

    /// Ends the file and says how many rows it has. Dropped before, there is no file.
    pub fn finish(self) -> Result<u64, ColumnsError> {
        self.table.finish()
    }
}

/// Whose demand it is: a meter by its name alone, a group as forecasts name it.
pub fn demand_name(target: Target) -> String {
    match target {
        Target::Meter(meter) => meter.to_string(),
        group => group.to_string(),
    }
}

fn record_batch(all: &[DemandRow], rule: &DemandRule) -> RecordBatch {
    let rows = || all.iter();
    let whole = || rows().map(|row| row.whole.as_ref());
    let sheet = Sheet::new()
        .text("meter", rows().map(|row| demand_name(row.target)))
        .time("start", rows().map(|row| row.start))
        .time("end", rows().map(|row| row.end))
        .text("zone", rows().map(|row| rule.zone_name(row.zone)))
        .optional_number("block_w", rows().map(|row| row.block.map(|peak| peak.demand.0)))
        .optional_time("block_end", rows().map(|row| row.block.map(|peak| peak.end)))
        .optional_number("sliding_w", rows().map(|row| row.sliding.map(|peak| peak.demand.0)))
        .optional_time("sliding_end", rows().map(|row| row.sliding.map(|peak| peak.end)))
        .optional_number("block_va", rows().map(|row| row.block_va.map(|most| most.0)))
        .optional_number("sliding_va", rows().map(|row| row.sliding_va.map(|most| most.0)))
        .whole("energy_wh", rows().map(|row| row.energy.0))
        .optional_whole("exp_wh", whole().map(|whole| whole.map(|whole| whole.exported.0)))
        .optional_number("load_factor", whole().map(|whole| Some(whole?.load_factor?.0)))
        .optional_number("pf", whole().map(|whole| Some(whole?.pf?.0)))
        .optional_flag("low_pf", whole().map(|whole| Some(whole?.pf? < rule.low_pf())))
        .optional_number("varh_lag", whole().map(|whole| Some(whole?.reactive?.0)))
        .optional_number("varh_lead", whole().map(|whole| Some(whole?.reactive?.1)))
        .optional_number("low_pf_hours", whole().map(|whole| Some(whole?.low_pf_hours)))
        .optional_number("hours", whole().map(|whole| Some(whole?.hours)))
        .optional_number("estimated_hours", whole().map(|whole| Some(whole?.estimated_hours)));
    let sheet = sheet
        .optional_number("base_w", whole().map(|whole| Some(whole?.base?.0)))
        .optional_number("night_share", whole().map(|whole| Some(whole?.night_share?.0)));
    let among = || whole().map(|whole| whole.map(|whole| whole.among));
    let sheet = sheet
        .optional_number("coincident_w", among().map(|among| Some(among?.coincident?.0)))
        .optional_number("sanctioned_w", among().map(|among| Some(among?.sanctioned?.0)))
        .optional_number("utilisation", rows().map(|row| Some(row.utilisation()?.0)))
        .optional_whole("meters", among().map(|among| Some(among?.meters?.into())))
        .optional_number("diversity", among().map(|among| Some(among?.diversity?.0)))
        .optional_number("peer_ratio", among().map(|among| Some(among?.peers?.0)));
    if rule.pf_classes() == 0 {
        return sheet.rows();
    }
    let spread = || whole().map(|whole| whole?.pf_spread.as_ref());
    sheet
        .optional_number("pf_p05", spread().map(|spread| Some(spread?.low.0)))
        .optional_list("pf_hours", spread().map(|spread| Some(&spread?.hours[..])))
        .rows()
}
