//! Topology, truth and outages as tables.

use crate::{Connection, Outage, Truth};
use core::fmt::Display;
use std::io::{self, Write};

/// The columns of the topology.
pub const TOPOLOGY: &str =
    "meter,role,transformer,feeder,area,phase,class,sanctioned_w,phone,reader_phone,from,to,concentrator";
/// The columns of the truth.
pub const TRUTH: &str = "meter,kind,guilty,from,to,share,note";
/// The columns of the outages.
pub const OUTAGES: &str = "role,target,from,to,consumers,gasps,returns";

/// Writes the topology. A column that does not apply to a row stays empty.
pub fn write_topology_csv(rows: &[Connection], mut to: impl Write) -> io::Result<()> {
    writeln!(to, "{TOPOLOGY}")?;
    for row in rows {
        writeln!(
            to,
            "{},{},{},{},{},{},{},{},{},{},{},{},{}",
            row.meter,
            row.role.name(),
            or_empty(row.transformer),
            row.feeder,
            row.area,
            row.phase,
            row.class.map_or("", |class| class.name()),
            or_empty(row.sanctioned.map(|watts| watts.0)),
            row.phone.as_deref().unwrap_or(""),
            row.reader_phone,
            or_empty(row.from),
            or_empty(row.to),
            or_empty(row.concentrator),
        )?;
    }
    Ok(())
}

/// Writes the truth about unusual meters. Notes may contain commas, so they are quoted.
pub fn write_truth_csv(rows: &[Truth], mut to: impl Write) -> io::Result<()> {
    writeln!(to, "{TRUTH}")?;
    for row in rows {
        let share = row.share.map(|share| format!("{share:.3}"));
        writeln!(
            to,
            "{},{},{},{},{},{},\"{}\"",
            row.meter,
            row.kind.name(),
            row.guilty(),
            row.from,
            row.to,
            or_empty(share),
            row.note.replace('"', "\"\""),
        )?;
    }
    Ok(())
}

/// Writes the outages.
pub fn write_outages_csv(rows: &[Outage], mut to: impl Write) -> io::Result<()> {
    writeln!(to, "{OUTAGES}")?;
    for Outage { role, target, from, to: until, consumers, gasps, returns } in rows {
        writeln!(to, "{role},{target},{from},{until},{consumers},{gasps},{returns}")?;
    }
    Ok(())
}

fn or_empty(value: Option<impl Display>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

#[cfg(test)]
mod tests;
