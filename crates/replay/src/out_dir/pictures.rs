//! Pictures of the load of all consumers together.

use columns::{Aside, Whole};
use grid::{Role, Topology};
use pipeline::Plan;
use plots::Load;
use reading::{Calendar, Interval, MeterId};
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;

/// The load of all consumers, to be drawn.
pub struct Pictures {
    load: Load,
    /// Meters of transformers and feeders. They measure what consumers use, so their energy would count twice.
    others: BTreeSet<MeterId>,
}

impl Pictures {
    /// An empty load.
    pub fn new(plan: &Plan, topology: &Topology) -> Self {
        let rows = topology.rows().iter().filter(|row| row.role != Role::Consumer);
        Self { load: Load::new(plan.grid()), others: rows.map(|row| row.meter).collect() }
    }

    /// Adds the energy that consumers used.
    pub(super) fn take(&mut self, rows: &[Interval]) {
        for row in rows.iter().filter(|row| !self.others.contains(&row.meter)) {
            if let Some(net) = features::valid_energy(row) {
                self.load.add(row.end, net);
            }
        }
    }

    /// Writes the pictures, beside their places.
    pub(super) fn end(self, dir: &Path, calendar: &Calendar) -> io::Result<Vec<Whole>> {
        let drawn = plots::pictures(&self.load, calendar, "all consumers");
        let written = drawn.into_iter().map(|(name, svg)| {
            let mut file = Aside::create(dir.join(name))?;
            file.write_all(svg.as_bytes())?;
            file.end()
        });
        written.collect()
    }
}
