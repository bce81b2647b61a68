//! Tests of the documents: links have targets, lines are short, and the pages of the reference agree with the code.

mod reference;

use crate::program::{Scratch, done, names, repository, run_in};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The longest line of a document, in characters. Two such lines fit side by side on a screen.
const LONGEST_LINE: usize = 120;

/// Documents outside of the book and the examples, and how many lines each may have.
const ALONE: [(&str, usize); 8] = [
    ("README.md", 150),
    ("ARCHITECTURE.md", 200),
    ("CONTRIBUTING.md", 200),
    ("SECURITY.md", 100),
    ("CHANGELOG.md", usize::MAX),
    (".github/pull_request_template.md", 100),
    ("benches/README.md", usize::MAX),
    ("firmware/README.md", 100),
];

/// Every Markdown file in a folder and its subfolders.
fn pages(folder: &Path, found: &mut Vec<PathBuf>) {
    for name in names(folder) {
        let path = folder.join(name);
        if path.is_dir() {
            pages(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

/// All documents, with their texts.
fn documents() -> Vec<(PathBuf, String)> {
    let mut paths: Vec<PathBuf> = ALONE.iter().map(|(name, _)| repository(name)).collect();
    for folder in ["docs", "examples"] {
        pages(&repository(folder), &mut paths);
    }
    let text = |path: &PathBuf| {
        fs::read_to_string(path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()))
    };
    paths.iter().map(|path| (path.clone(), text(path))).collect()
}

/// A path as it is shown in messages.
fn shown(path: &Path) -> String {
    let root = repository("").canonicalize().unwrap();
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    path.strip_prefix(root).unwrap_or(&path).display().to_string()
}

/// The lines outside of code blocks, each with its number.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_code = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        in_code ^= is_fence;
        !in_code && !is_fence
    })
}

/// The targets of `[text](target)` and `![text](target)`.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target)
}

/// The anchor of a heading, as GitHub and mdBook make it: lower case, hyphens for spaces, no punctuation.
fn anchor(heading: &str) -> String {
    let kept = |letter: &char| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_');
    heading
        .trim()
        .to_lowercase()
        .chars()
        .filter(kept)
        .map(|letter| if letter == ' ' { '-' } else { letter })
        .collect()
}

/// The anchors of a document.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = prose(text).filter(|(_, line)| line.starts_with('#'));
    headings.map(|(_, line)| anchor(line.trim_start_matches('#'))).collect()
}

/// What is wrong with a link of a document, if anything.
fn broken(document: &Path, text: &str, link: &str) -> Option<&'static str> {
    if link.starts_with("http://") || link.starts_with("https://") || link.starts_with("mailto:") {
        return None;
    }
    let (path, fragment) =
        link.split_once('#').map_or((link, None), |(path, fragment)| (path, Some(fragment)));
    let target = if path.is_empty() { document.to_owned() } else { document.parent().unwrap().join(path) };
    if !target.exists() {
        return Some("leads to no file");
    }
    let fragment = fragment?;
    let of_target = if path.is_empty() { text.to_owned() } else { fs::read_to_string(target).unwrap() };
    (!anchors(&of_target).contains(fragment)).then_some("names no heading there")
}

#[test]
fn every_link_of_the_documents_has_a_target() {
    let mut wrong = Vec::new();
    for (path, text) in documents() {
        for (number, line) in prose(&text) {
            for link in links(line) {
                let reason = broken(&path, &text, link);
                wrong.extend(reason.map(|reason| format!("{}:{number}: {link} {reason}", shown(&path))));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_line_of_the_documents_is_too_long() {
    let mut wrong = Vec::new();
    // The changelog is left out: each change is one line.
    for (path, text) in documents().into_iter().filter(|(path, _)| !path.ends_with("CHANGELOG.md")) {
        for (number, line) in (1..).zip(text.lines()) {
            let is_excepted = line.contains("https://");
            if line.chars().count() > LONGEST_LINE && !is_excepted {
                wrong.push(format!("{}:{number}: {} letters", shown(&path), line.chars().count()));
            }
        }
    }
    assert!(wrong.is_empty(), "at most {LONGEST_LINE} characters a line:\n{}", wrong.join("\n"));
}

#[test]
fn the_first_documents_are_short() {
    for (name, most) in ALONE {
        let lines = fs::read_to_string(repository(name)).unwrap().lines().count();
        assert!(lines <= most, "{name} has {lines} lines, and {most} are its limit");
    }
}

#[test]
fn every_page_of_the_book_is_in_its_summary() {
    let summary = fs::read_to_string(repository("docs/SUMMARY.md")).unwrap();
    let listed: BTreeSet<String> = summary.lines().flat_map(links).map(str::to_owned).collect();
    let mut found = Vec::new();
    pages(&repository("docs"), &mut found);
    let book = repository("docs");
    let name = |page: &PathBuf| page.strip_prefix(&book).unwrap().display().to_string();
    let found: BTreeSet<String> = found.iter().map(name).filter(|name| name != "SUMMARY.md").collect();
    assert_eq!(listed, found, "links of docs/SUMMARY.md, and pages of docs/");
}

/// The keys of a table and of the tables in it.
fn keys(table: &toml::Table, found: &mut BTreeSet<String>) {
    for (key, value) in table {
        // The names in this section are librdkafka's.
        if key == "client" {
            continue;
        }
        found.insert(key.clone());
        let tables = value.as_table().into_iter();
        let of_list = value.as_array().into_iter().flatten().filter_map(toml::Value::as_table);
        tables.chain(of_list).for_each(|inner| keys(inner, found));
    }
}

#[test]
fn every_key_of_the_plans_is_explained() {
    // The keys of detectors and channels are on other pages, which are generated.
    let pages =
        ["plans", "detectors", "channels"].map(|page| repository(&format!("docs/reference/{page}.md")));
    let page = pages.map(|page| fs::read_to_string(page).unwrap()).concat();
    let mut all = BTreeSet::new();
    for name in names(&repository("pipelines")) {
        let plan = fs::read_to_string(repository(&format!("pipelines/{name}"))).unwrap();
        keys(&plan.parse().unwrap(), &mut all);
    }
    assert!(all.len() > 80, "the plans have keys, found {}", all.len());
    let words: BTreeSet<&str> =
        page.split(|letter: char| !(letter.is_alphanumeric() || matches!(letter, '_' | '-'))).collect();
    let missing: Vec<&String> = all.iter().filter(|key| !words.contains(key.as_str())).collect();
    assert!(missing.is_empty(), "docs/reference/plans.md does not explain {missing:?}");
}

#[test]
fn the_first_example_prints_what_its_page_shows() {
    let out = Scratch::new();
    let (plan, readings) = ("examples/first-readings/plan.toml", "examples/first-readings/readings.ndjson");
    let folder = out.path("out").display().to_string();
    let arguments = ["replay", plan, "--readings", readings, "--out", &folder];
    let printed = done(&run_in(&repository(""), &arguments), &arguments);
    let shown = fs::read_to_string(repository("examples/first-readings/README.md")).unwrap();
    for line in printed.lines().take(2) {
        assert!(shown.contains(line), "the page does not show \"{line}\"");
    }
}
