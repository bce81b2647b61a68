//! The topology while a process lasts: from a file that is checked every few seconds, or from a compacted topic.

use crate::kafka::KafkaPlan;
use crate::log::{Row, Table};
use grid::{PlaceNames, Topology, TopologyError, TopologyRow};
use shell::{Failure, read_topology, read_topology_row, telemetry};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

/// How often the file is checked for a change.
const LOOK: Duration = Duration::from_secs(2);
/// How long the topic must be quiet before its changes are applied together. Between the rows of one change the
/// topology may contradict itself.
const QUIET: Duration = Duration::from_millis(500);

/// Where the topology comes from.
pub enum Source {
    /// From no source: no meter has a place.
    Nothing,
    /// A file, and the time when it was last written.
    File(PathBuf, Option<SystemTime>),
    /// A topic, with the rows that were read so far.
    Topic(Box<Rows>),
}

/// The rows of a compacted topic, by key.
pub struct Rows {
    table: Table,
    known: Known,
}

/// The rows, and the names that they share.
#[derive(Default)]
struct Known {
    rows: BTreeMap<Vec<u8>, TopologyRow>,
    names: PlaceNames,
}

impl Known {
    fn topology(&mut self) -> Result<Topology, TopologyError> {
        let PlaceNames { transformers, feeders, areas, concentrators } = &mut self.names;
        transformers.forget_unused();
        feeders.forget_unused();
        areas.forget_unused();
        concentrators.forget_unused();
        Topology::new(self.rows.values().cloned().collect())
    }
}

impl Source {
    /// Opens the source and reads all rows that it has now. A file wins over the topic of the plan. `reader` is who reads
    /// the topic, for the broker.
    pub fn open(
        file: Option<&Path>,
        kafka: Option<&KafkaPlan>,
        reader: &str,
    ) -> Result<(Self, Topology), Failure> {
        if let Some(path) = file {
            let written = written(path);
            return Ok((Self::File(path.to_owned(), written), read_topology(path)?));
        }
        let topic = kafka.and_then(|kafka| Some((kafka.topology.as_ref()?, kafka)));
        let Some((topic, kafka)) = topic else {
            return Ok((Self::Nothing, Topology::default()));
        };
        let mut rows = Rows::open(topic, kafka, reader)?;
        let topology = rows.read_to_end()?;
        Ok((Self::Topic(Box::new(rows)), topology))
    }

    /// Hands on every new topology until it is over.
    pub fn watch(self, mut to: impl FnMut(Topology), is_over: impl Fn() -> bool) {
        match self {
            Self::Nothing => {}
            Self::File(path, mut known) => loop {
                for _ in 0..LOOK.as_millis() / 50 {
                    thread::sleep(Duration::from_millis(50));
                    if is_over() {
                        return;
                    }
                }
                let now = written(&path);
                // A file that is just being replaced may be missing for a moment.
                if now == known || now.is_none() {
                    continue;
                }
                known = now;
                match read_topology(&path) {
                    Ok(topology) => {
                        telemetry::topology_taken(&path.display());
                        to(topology);
                    }
                    Err(failure) => telemetry::topology_refused(&failure),
                }
            },
            Self::Topic(mut rows) => loop {
                let mut changed = false;
                loop {
                    if is_over() {
                        return;
                    }
                    let Rows { table, known } = &mut *rows;
                    if !table.poll(QUIET, |row| changed |= take(table.topic(), known, row)) {
                        break;
                    }
                }
                // A repeated row changes nothing, and a new topology costs every worker a pass over its meters.
                if !changed {
                    continue;
                }
                match rows.known.topology() {
                    Ok(topology) => {
                        telemetry::topology_taken(&rows.table.topic());
                        to(topology);
                    }
                    Err(error) => telemetry::topology_refused(&error),
                }
            },
        }
    }
}

impl Rows {
    fn open(topic: &str, kafka: &KafkaPlan, reader: &str) -> Result<Self, Failure> {
        let table = Table::connect(kafka.connection(), &format!("{}-{reader}", kafka.group), topic)?;
        table.begin().map_err(|cause| {
            Failure::failed(format!("cannot read the topology from the topic {topic}"), &cause).again()
        })?;
        Ok(Self { table, known: Known::default() })
    }

    /// Reads all rows that the topic has now.
    fn read_to_end(&mut self) -> Result<Topology, Failure> {
        let Self { table, known } = self;
        let topic = table.topic();
        let has_ended = table.read_to_end(|row| {
            take(topic, known, row);
        });
        if !has_ended {
            return Err(Failure::failed_with_help(
                format!("the topic {topic} of the topology does not answer"),
                "is the broker up, and the topic readable for this user?",
            )
            .again());
        }
        known.topology().map_err(|error| {
            Failure::failed(format!("the topology of the topic {topic} contradicts itself"), &error).help(
                Some(
                    "set `to` of a meter's earlier row to the time at which its later row starts".to_owned(),
                ),
            )
        })
    }
}

/// Applies a row of the topic, or removes it if it has no value. Returns whether anything changed.
fn take(topic: &str, known: &mut Known, row: &Row<'_>) -> bool {
    let key = row.key.unwrap_or_default().to_vec();
    let Some(value) = row.value else {
        return known.rows.remove(&key).is_some();
    };
    match read_topology_row(value, &mut known.names) {
        Ok(place) => {
            // A topic without keys works as well: meter and date then serve as the key.
            let key =
                if key.is_empty() { format!("{}/{:?}", place.meter, place.from).into_bytes() } else { key };
            known.rows.insert(key, place.clone()) != Some(place)
        }
        Err(why) => {
            telemetry::topology_row_refused(topic, row.partition, row.offset, &why);
            false
        }
    }
}

fn written(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}
