//! Reads a topology from a CSV file with a header.

mod oddities;

use crate::Failure;
use crate::telemetry;
use csv::{Position, StringRecord};
use grid::{PlaceNames, Role, Shared, Topology, TopologyError, TopologyRow};
use oddities::oddities;
use pipeline::TownError;
use reading::{AreaId, ConcentratorId, EventTime, FeederId, MeterId, TransformerId, id};
use serde::Deserialize;
use std::path::Path;
use std::sync::Arc;
use units::Watts;

#[derive(Deserialize)]
struct TopologyCsv {
    meter: String,
    role: String,
    #[serde(default)]
    transformer: String,
    #[serde(default)]
    feeder: String,
    #[serde(default)]
    area: String,
    #[serde(default)]
    concentrator: String,
    #[serde(default)]
    phase: String,
    #[serde(default)]
    class: String,
    #[serde(default)]
    sanctioned_w: Option<f64>,
    #[serde(default)]
    phone: String,
    #[serde(default)]
    reader_phone: String,
    #[serde(default)]
    serial: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
}

/// Reads a topology.
pub fn read_topology(path: &Path) -> Result<Topology, Failure> {
    let shown = path.display();
    let mut file = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path).map_err(|cause| {
        Failure::failed(format!("cannot read the topology {shown}"), &cause)
            .help(Some("`--topology` takes a CSV file, as `gridwarden simulate` writes one".to_owned()))
    })?;
    let unreadable = |line: u64, header: &StringRecord, cause: &csv::Error| {
        Failure::failed(format!("the topology {shown} cannot be read at line {line}"), cause)
            .help(Some(help_for(cause, header)))
    };
    let header = file.headers().cloned().map_err(|cause| unreadable(1, &StringRecord::new(), &cause))?;
    for unknown in header.iter().filter(|name| !COLUMNS.contains(name)) {
        telemetry::unknown_column(path, unknown);
    }
    let mut names = PlaceNames::default();
    let mut rows = Vec::new();
    let mut lines = Vec::new();
    for record in file.records() {
        let line = |position: Option<&Position>| position.map_or(0, Position::line);
        let record = record.map_err(|cause| unreadable(line(cause.position()), &header, &cause))?;
        let line = line(record.position());
        let row: Result<TopologyCsv, _> = record.deserialize(Some(&header));
        let row = row.map_err(|cause| unreadable(line, &header, &cause))?;
        let row = row.check(&mut names).map_err(|wrong| {
            let Wrong { field, help, .. } = wrong;
            let (found, why) = (wrong.found(), wrong.why());
            Failure::failed_with_help(
                format!("the topology {shown} has the {field} {found} at line {line}{why}"),
                help,
            )
        })?;
        lines.push((row.meter, line));
        rows.push(row);
    }
    if rows.is_empty() {
        return Err(Failure::failed_with_help(
            format!("the topology {shown} holds no rows"),
            if header.len() > 1 { "leave out `--topology`".to_owned() } else { help_with(&header) },
        ));
    }
    for odd in oddities(&rows) {
        telemetry::odd_topology(path, odd.count, &odd.what);
    }
    Topology::new(rows).map_err(|error| {
        let (TopologyError::Overlap { meter, .. } | TopologyError::Backwards { meter, .. }) = &error;
        let at = lines.iter().filter(|(of, _)| of == meter).map(|(_, line)| format!("line {line}"));
        let at = at.collect::<Vec<_>>().join(", ");
        Failure::failed(format!("the topology {shown} contradicts itself at {at}"), &error).help(Some(
            "set `to` of a meter's earlier row to the time at which its later row starts, in `from`"
                .to_owned(),
        ))
    })
}

/// A way out for a table that cannot be read.
fn help_for(cause: &csv::Error, header: &StringRecord) -> String {
    match cause.kind() {
        csv::ErrorKind::Utf8 { .. } => {
            "save the file in UTF-8; spreadsheets call that \"CSV UTF-8\"".to_owned()
        }
        _ => help_with(header),
    }
}

/// The most likely mistake in a table with a row that cannot be read.
fn help_with(header: &StringRecord) -> String {
    if header.len() == 1 && header.iter().any(|name| name.contains([';', '\t'])) {
        return "separate the columns by commas".to_owned();
    }
    let names = COLUMNS.join(", ");
    if header.iter().any(|name| name == "meter") {
        format!("columns: {names}")
    } else {
        format!("the first line must name the columns: {names}")
    }
}

/// The failure if the topology does not have what the plan needs.
pub fn unfit(error: &TownError) -> Failure {
    let TownError::Routes(cause) = error;
    Failure::failed("the plan and the topology do not fit", error).help(Some(cause.help().to_owned()))
}

/// Reads a row from a JSON object whose keys are the columns. The error names the mistake and what to write instead.
pub fn read_topology_row(value: &[u8], names: &mut PlaceNames) -> Result<TopologyRow, String> {
    let mut fields: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(value).map_err(|error| error.to_string())?;
    fields.retain(|_, field| !field.is_null());
    // As in a file, white space at the ends belongs to no value.
    for field in fields.values_mut() {
        if let serde_json::Value::String(text) = field {
            *text = text.trim().to_owned();
        }
    }
    let row: TopologyCsv = serde_json::from_value(fields.into()).map_err(|error| error.to_string())?;
    row.check(names).map_err(|wrong| {
        let Wrong { field, help, .. } = wrong;
        format!("the {field} is {}{}; {help}", wrong.found(), wrong.why())
    })
}

/// A field that cannot be used.
struct Wrong {
    field: &'static str,
    found: String,
    why: Option<id::NotAPlace>,
    help: &'static str,
}

impl Wrong {
    /// What stands there, with numbers for letters that no one would see. `Debug` would also show the vowel signs of
    /// many scripts as numbers.
    fn found(&self) -> String {
        let shown: String = self.found.chars().take(MOST_SHOWN).collect();
        let cut = if shown.len() < self.found.len() { ".." } else { "" };
        format!("\"{}\"{cut}", shown.escape_debug())
    }

    fn why(&self) -> String {
        self.why.map_or_else(String::new, |why| format!(": {why}"))
    }
}

/// More letters of a wrong field say no more.
const MOST_SHOWN: usize = 100;

const COLUMNS: [&str; 14] = [
    "meter",
    "role",
    "transformer",
    "feeder",
    "area",
    "concentrator",
    "phase",
    "class",
    "sanctioned_w",
    "phone",
    "reader_phone",
    "serial",
    "from",
    "to",
];
const METER: &str = "names of meters are 1 to 32 of A-Z a-z 0-9 . _ -";
const PLACE: &str = "names of transformers, feeders, areas and concentrators are 1 to 64 bytes of UTF-8 without `/` and control characters; letters beyond A-Z take two bytes or more";
const ROLE: &str = "roles are consumer, transformer and feeder";
const WATTS: &str = "write watts from 0 on, or leave it empty";
const MOMENT: &str = "write times like 2024-01-01T00:00:00Z, or leave them empty";

impl TopologyCsv {
    fn check(self, names: &mut PlaceNames) -> Result<TopologyRow, Wrong> {
        let wrong = |field, found: &str, help| Wrong { field, found: found.to_owned(), why: None, help };
        let meter = MeterId::new(&self.meter).ok_or_else(|| wrong("meter", &self.meter, METER))?;
        let role = Role::parse(&self.role).ok_or_else(|| wrong("role", &self.role, ROLE))?;
        let mut row = TopologyRow::new(meter, role);
        row.transformer = place("transformer", &self.transformer, &mut names.transformers, |text| {
            TransformerId::new(text)
        })?;
        row.feeder = place("feeder", &self.feeder, &mut names.feeders, |text| FeederId::new(text))?;
        row.area = place("area", &self.area, &mut names.areas, |text| AreaId::new(text))?;
        row.concentrator = place("concentrator", &self.concentrator, &mut names.concentrators, |text| {
            ConcentratorId::new(text)
        })?;
        row.from = moment("from", &self.from)?;
        row.to = moment("to", &self.to)?;
        if let Some(watts) = self.sanctioned_w.filter(|watts| !(*watts >= 0.0 && watts.is_finite())) {
            return Err(wrong("sanctioned_w", &watts.to_string(), WATTS));
        }
        row.sanctioned = self.sanctioned_w.map(Watts);
        row.phase = some(self.phase);
        row.class = some(self.class);
        row.phone = some(self.phone);
        row.reader_phone = some(self.reader_phone);
        row.serial = some(self.serial);
        Ok(row)
    }
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn place<T: Copy + Ord>(
    field: &'static str,
    text: &str,
    names: &mut Shared<T>,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<Arc<T>>, Wrong> {
    if text.is_empty() {
        return Ok(None);
    }
    let why = || Wrong { field, found: text.to_owned(), why: id::check_place(text).err(), help: PLACE };
    read(text).map(|name| Some(names.share(name))).ok_or_else(why)
}

fn moment(field: &'static str, text: &str) -> Result<Option<EventTime>, Wrong> {
    if text.is_empty() {
        return Ok(None);
    }
    let time = EventTime::parse_rfc3339(text.as_bytes());
    time.map(Some).ok_or_else(|| Wrong { field, found: text.to_owned(), why: None, help: MOMENT })
}
