//! The table of crates in ARCHITECTURE.md agrees with the manifests.

use crate::program::{names, repository};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use toml::Table;

/// Dependencies that are heavy or have one purpose, and the crates that may use them.
const HOMES: [(&str, &[&str]); 39] = [
    ("arrow", &["columns", "lab"]),
    ("parquet", &["columns", "lab"]),
    ("snap", &["columns"]),
    ("zstd", &["columns"]),
    ("ratatui", &["demo"]),
    ("clap", &["gridwarden", "lab"]),
    ("clap_complete", &["gridwarden"]),
    ("indicatif", &["shell"]),
    ("unicode-width", &["shell"]),
    ("csv", &["columns", "shell", "lab"]),
    ("signal-hook", &["shell"]),
    ("rustix", &["shell", "deliver"]),
    ("serde_json", &["shell", "columns", "deliver", "replay", "stream", "api", "gridwarden", "lab"]),
    ("tracing", &["shell"]),
    ("tracing-subscriber", &["shell"]),
    ("rdkafka", &["stream"]),
    ("object_store", &["checkpoints"]),
    ("rusqlite", &["deliver"]),
    ("ureq", &["deliver"]),
    ("lettre", &["deliver"]),
    ("ring", &["deliver"]),
    ("rustls", &["deliver"]),
    ("tokio", &["checkpoints", "web", "stream"]),
    ("axum", &["web"]),
    ("hyper", &["web"]),
    ("futures-util", &["web"]),
    ("utoipa", &["api"]),
    // Of the workspace in firmware/.
    ("meter-app", &["dummies"]),
    ("meter-synth", &["dummies"]),
    ("meter-wire", &["gateway", "dummies", "gridwarden"]),
    ("ed25519-dalek", &["gateway"]),
    ("embedded-storage", &["dummies"]),
    ("utoipa-axum", &["api"]),
    ("tower", &["web"]),
    ("prometheus-client", &["stream"]),
    ("toml", &["pipeline", "stream", "deliver"]),
    ("postcard", &["pipeline", "api"]),
    ("memchr", &["wire", "replay"]),
    (
        "jiff",
        &[
            "reading", "grid", "metering", "supply", "health", "detect", "forecast", "notify", "pipeline",
            "columns", "plots", "replay", "demo", "lab",
        ],
    ),
];

/// Dependencies that wait for something. The core only computes, so it must not use them.
const NEVER_IN_THE_CORE: [&str; 6] = ["rdkafka", "rskafka", "tokio", "futures", "async-std", "object_store"];

/// A row of the table.
#[derive(Debug, PartialEq)]
struct Row {
    name: String,
    no_std: bool,
    uses: BTreeSet<String>,
}

/// The rows of every table with crates in backticks in its first column and their dependencies in the third.
fn rows(text: &str) -> Vec<Row> {
    let cells = |line: &str| -> Option<Vec<String>> {
        let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
        Some(inner.split('|').map(|cell| cell.trim().to_owned()).collect())
    };
    let mut found: Vec<(String, bool, String)> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        let Some(cells) = cells(line) else {
            inside = false;
            continue;
        };
        if cells.len() >= 3 && cells[0] == "crate" {
            inside = true;
            continue;
        }
        if !inside || cells.len() < 3 {
            continue;
        }
        let Some(name) = cells[0].split('`').nth(1) else { continue };
        found.push((name.to_owned(), cells[0].contains("no_std"), cells[2].clone()));
    }
    let known: Vec<String> = found.iter().map(|(name, ..)| name.clone()).collect();
    let named = |cell: &str| -> BTreeSet<String> {
        let words = cell.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'));
        words.filter(|word| known.iter().any(|name| name == word)).map(str::to_owned).collect()
    };
    let uses = |index: usize, cell: &str| match cell.split_once("all above") {
        Some((_, but)) => {
            let but = named(but);
            known[..index].iter().filter(|name| !but.contains(*name)).cloned().collect()
        }
        None => named(cell),
    };
    let row = |(index, (name, no_std, cell)): (usize, &(String, bool, String))| Row {
        name: name.clone(),
        no_std: *no_std,
        uses: uses(index, cell),
    };
    found.iter().enumerate().map(row).collect()
}

/// The crates that each crate may depend on: those in its row, and those in their rows.
fn allowed(rows: &[Row]) -> BTreeMap<String, BTreeSet<String>> {
    let mut allowed: BTreeMap<String, BTreeSet<String>> =
        rows.iter().map(|row| (row.name.clone(), row.uses.clone())).collect();
    loop {
        let wider: BTreeMap<String, BTreeSet<String>> = allowed
            .iter()
            .map(|(name, uses)| {
                let further = uses.iter().filter_map(|used| allowed.get(used)).flatten().cloned();
                (name.clone(), uses.iter().cloned().chain(further).collect())
            })
            .collect();
        if wider == allowed {
            return allowed;
        }
        allowed = wider;
    }
}

fn manifest(name: &str) -> Table {
    let path = repository(&format!("crates/{name}/Cargo.toml"));
    let text = fs::read_to_string(&path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()));
    text.parse().unwrap()
}

/// The crates of the workspace, by their folders.
fn crates() -> Vec<String> {
    names(&repository("crates"))
}

/// The dependencies of a manifest, without those for tests.
fn dependencies(manifest: &Table) -> BTreeSet<String> {
    let sections = [Some(manifest)].into_iter().chain(
        manifest
            .get("target")
            .and_then(|targets| targets.as_table())
            .into_iter()
            .flat_map(|targets| targets.values().map(|target| target.as_table())),
    );
    let mut found = BTreeSet::new();
    for section in sections.flatten() {
        for kind in ["dependencies", "build-dependencies"] {
            let Some(dependencies) = section.get(kind).and_then(|kind| kind.as_table()) else { continue };
            for (key, value) in dependencies {
                // A renamed dependency counts under its real name.
                let package = value.get("package").and_then(|package| package.as_str());
                found.insert(package.unwrap_or(key).to_owned());
            }
        }
    }
    found
}

fn architecture() -> Vec<Row> {
    let path = repository("ARCHITECTURE.md");
    let text = fs::read_to_string(&path).unwrap_or_else(|cause| panic!("ARCHITECTURE.md: {cause}"));
    let rows = rows(&text);
    assert!(
        !rows.is_empty(),
        "ARCHITECTURE.md has no table of crates: | crate | one sentence | uses | ... |"
    );
    rows
}

#[test]
fn the_table_is_read_like_a_person_reads_it() {
    let text = "\
        | crate | one sentence | uses | must never know |\n\
        | --- | --- | --- | --- |\n\
        | `units` (no_std) | quantities, not reading | - | time |\n\
        | `reading` | words | uses: `units` | where from |\n\
        | `wire` | bytes | reading | sockets |\n\
        | `detect` | rules | reading, `firmware/core` | training |\n\
        | `pipeline` | all of it | all above but wire | tokio |\n\
        \n\
        | `else` | another table | units | - |\n";
    let shown: Vec<String> =
        rows(text).iter().map(|row| format!("{} {} {:?}", row.name, row.no_std, row.uses)).collect();
    expect_test::expect![[r#"
        units true {}
        reading false {"units"}
        wire false {"reading"}
        detect false {"reading"}
        pipeline false {"detect", "reading", "units"}"#]]
    .assert_eq(&shown.join("\n"));
    assert!(allowed(&rows(text))["detect"].contains("units"), "indirect dependencies are allowed");
}

#[test]
fn every_crate_has_its_row_in_the_dependency_table() {
    let rows: BTreeSet<String> = architecture().into_iter().map(|row| row.name).collect();
    let crates: BTreeSet<String> = crates().into_iter().collect();
    assert_eq!(rows, crates, "rows of ARCHITECTURE.md, and folders of crates/");
}

#[test]
fn every_crate_depends_only_on_crates_in_its_row() {
    let allowed = allowed(&architecture());
    let crates = crates();
    let mut wrong = Vec::new();
    for name in &crates {
        let nothing = BTreeSet::new();
        let may = allowed.get(name).unwrap_or(&nothing);
        for used in dependencies(&manifest(name)) {
            if crates.contains(&used) && !may.contains(&used) {
                wrong.push(format!("{name} depends on {used}, which its row does not name"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn crates_marked_no_std_are_no_std() {
    for row in architecture().iter().filter(|row| row.no_std) {
        let text = fs::read_to_string(repository(&format!("crates/{}/src/lib.rs", row.name))).unwrap();
        assert!(text.lines().any(|line| line.trim() == "#![no_std]"), "{} has no `#![no_std]`", row.name);
    }
}

#[test]
fn every_heavy_dependency_stays_in_its_home() {
    for name in crates() {
        let dependencies = dependencies(&manifest(&name));
        for (heavy, homes) in HOMES {
            let at_home = homes.contains(&name.as_str());
            assert!(
                at_home || !dependencies.contains(heavy),
                "{name} depends on {heavy}, at home in {homes:?}"
            );
        }
        if !["checkpoints", "web", "stream", "columns"].contains(&name.as_str()) {
            let waits = NEVER_IN_THE_CORE.into_iter().find(|waits| dependencies.contains(*waits));
            assert_eq!(waits, None, "{name} belongs to the core, which never waits");
        }
    }
}

#[test]
fn a_plain_build_has_every_crate_but_the_lab() {
    let root: Table = fs::read_to_string(repository("Cargo.toml")).unwrap().parse().unwrap();
    let built = root["workspace"]["default-members"].as_array().unwrap();
    let built: BTreeSet<String> = built.iter().map(|member| member.as_str().unwrap().to_owned()).collect();
    let crates = crates().into_iter().filter(|name| name != "lab").map(|name| format!("crates/{name}"));
    let expected: BTreeSet<String> = crates.chain(["benches".to_owned(), "tests".to_owned()]).collect();
    assert_eq!(built, expected, "default-members in Cargo.toml");
}

#[test]
fn no_crate_holds_unsafe_code() {
    let root: Table = fs::read_to_string(repository("Cargo.toml")).unwrap().parse().unwrap();
    assert_eq!(root["workspace"]["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"));
    for name in crates() {
        let manifest = manifest(&name);
        let inherited = manifest.get("lints").and_then(|lints| lints.get("workspace"));
        assert_eq!(inherited.and_then(toml::Value::as_bool), Some(true), "{name}: lints.workspace");
    }
}
