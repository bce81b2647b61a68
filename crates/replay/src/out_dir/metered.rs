//! Profiles and demand, as far as the plan has them.

use super::Written;
use columns::{ColumnsError, DemandWriter, ProfilesWriter};
use metering::MeteringRows;
use pipeline::Plan;
use std::path::Path;

/// What is kept of each meter.
#[derive(Default)]
pub(super) struct Metered {
    profiles: Option<ProfilesWriter>,
    demand: Option<DemandWriter>,
}

impl Metered {
    /// Begins the files that the plan will fill.
    pub(super) fn create(dir: &Path, plan: &Plan, written: Written) -> Result<Self, ColumnsError> {
        let Some(rules) = &plan.metering else { return Ok(Self::default()) };
        let profile = rules.profile.filter(|_| written.profiles);
        let profiles = profile.map(|_| ProfilesWriter::create(dir.join("profiles.parquet")));
        let rule = rules.demand.as_ref().filter(|_| written.demand);
        let demand = rule.map(|rule| DemandWriter::create(dir.join("demand.parquet"), rule));
        Ok(Self { profiles: profiles.transpose()?, demand: demand.transpose()? })
    }

    /// Appends what was told.
    pub(super) fn write(&mut self, told: &MeteringRows) -> Result<(), ColumnsError> {
        if let Some(profiles) = &mut self.profiles {
            profiles.write(&told.profiles)?;
        }
        if let Some(demand) = &mut self.demand {
            demand.write(&told.demand)?;
        }
        Ok(())
    }

    /// Moves the files to their places; says which.
    pub(super) fn finish(self) -> Result<Vec<&'static str>, ColumnsError> {
        let mut written = Vec::new();
        if let Some(profiles) = self.profiles {
            profiles.finish()?;
            written.push("profiles.parquet");
        }
        if let Some(demand) = self.demand {
            demand.finish()?;
            written.push("demand.parquet");
        }
        Ok(written)
    }
}
