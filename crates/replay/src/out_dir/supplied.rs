//! Outages and indices of supply, each as it stands in the end.

use columns::{ColumnsError, OutagesWriter, SupplyWriter};
use pipeline::Plan;
use reading::EventTime;
use std::collections::BTreeMap;
use std::path::Path;
use supply::{Change, IndexRow, Outage, SupplyRows, Target};

/// What there is to write of supply.
pub(super) struct Supplied {
    files: (OutagesWriter, SupplyWriter),
    outages: BTreeMap<(EventTime, Target), Outage>,
    indices: BTreeMap<(jiff::civil::Date, Option<reading::AreaId>), IndexRow>,
}

impl Supplied {
    /// Begins the files, if the plan looks at supply.
    pub(super) fn create(dir: &Path, plan: &Plan) -> Result<Option<Self>, ColumnsError> {
        if plan.supply.is_none() {
            return Ok(None);
        }
        let outages = OutagesWriter::create(dir.join("outages.parquet"))?;
        let supply = SupplyWriter::create(dir.join("supply.parquet"))?;
        let files = (outages, supply);
        Ok(Some(Self { files, outages: BTreeMap::new(), indices: BTreeMap::new() }))
    }

    /// Takes what was told, in place of what was told before of the same.
    pub(super) fn take(&mut self, told: &SupplyRows) {
        for change in &told.outages {
            match change {
                Change::Updated(outage) => self.outages.insert((outage.start, outage.target), *outage),
                Change::Withdrawn(target, start) => self.outages.remove(&(*start, *target)),
            };
        }
        self.indices.extend(told.indices.iter().map(|row| ((row.month, row.area), *row)));
    }

    /// How many outages there were, and how many of them last.
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.outages.len(), self.outages.values().filter(|outage| outage.end.is_none()).count())
    }

    /// Moves the files to their places; says which.
    pub(super) fn finish(self) -> Result<[&'static str; 2], ColumnsError> {
        let (mut outages, mut supply) = self.files;
        outages.write(&self.outages.into_values().collect::<Vec<_>>())?;
        outages.finish()?;
        supply.write(&self.indices.into_values().collect::<Vec<_>>())?;
        supply.finish()?;
        Ok(["outages.parquet", "supply.parquet"])
    }
}
