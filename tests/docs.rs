//! Tests of the documents: links have targets, lines are short, and the pages of the catalogue agree with the code.

use crate::program::{Scratch, done, names, repository, run_in};
use detect::{Detector, Key};
use expect_test::expect_file;
use features::{CATALOGUE, Entry};
use notify::{About, Channel};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use vet::{By, Rule};

/// The longest line of a document, in characters. Two such lines fit side by side on a screen.
const LONGEST_LINE: usize = 120;
/// The first words of a generated page. Its lines may be longer.
const GENERATED: [&str; 2] = ["<!-- Generated ", "<!-- Written by a test "];

/// Documents at the root of the repository, and how many lines each may have.
const AT_THE_ROOT: [(&str, usize); 6] = [
    ("README.md", 150),
    ("ARCHITECTURE.md", 200),
    ("CONTRIBUTING.md", 200),
    ("SECURITY.md", 100),
    ("CHANGELOG.md", usize::MAX),
    (".github/pull_request_template.md", 100),
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
    let mut paths: Vec<PathBuf> = AT_THE_ROOT.iter().map(|(name, _)| repository(name)).collect();
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
        let is_mark = |line: &str| GENERATED.iter().any(|mark| line.starts_with(mark));
        if text.lines().take(3).any(is_mark) {
            continue;
        }
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
    for (name, most) in AT_THE_ROOT {
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

/// A generated page: its title, its text, and each table with a heading.
fn page(of: &str, words: &str, tables: &[(String, String)]) -> String {
    let rewrite = "UPDATE_EXPECT=1 cargo test -p system-tests docs";
    let mut page = format!("<!-- Generated from the code: `{rewrite}` rewrites it. -->\n\n# {of}\n\n{words}");
    for (heading, table) in tables {
        let heading = if heading.is_empty() { String::new() } else { format!("## {heading}\n\n") };
        page += &format!("\n{heading}{table}");
    }
    page
}

/// Text as a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn entries(column: &str, entries: &[Entry]) -> String {
    let mut table = format!("| {column} | unit | meaning | source |\n| --- | --- | --- | --- |\n");
    for Entry { name, unit, definition, source } in entries {
        table += &format!("| `{name}` | {unit} | {} | {} |\n", cell(definition), cell(source));
    }
    table
}

#[test]
fn the_page_of_kernels_agrees_with_the_code() {
    let words = "A kernel is a function that computes one number of an interval, a day or a period.\n";
    expect_file!["../docs/reference/kernels.md"].assert_eq(&page(
        "Kernels",
        words,
        &[(String::new(), entries("kernel", CATALOGUE))],
    ));
}

#[test]
fn the_page_of_detectors_agrees_with_the_code() {
    let words = "\
        What a detector, evidence and a case are is in [Suspicions, cases and messages](../concepts/cases.md).\n\
        A fact is one number of the evidence. Its limit is what it was allowed to be, or had to reach to count.\n";
    let sections: Vec<(String, String)> =
        Detector::ALL.iter().map(|one| (one.to_string(), section(*one))).collect();
    expect_file!["../docs/reference/detectors.md"].assert_eq(&page("Detectors", words, &sections));
}

#[test]
fn the_page_of_channels_is_that_of_the_code() {
    let words = "\
        A channel is a way on which a message about a new case reaches a person.\n\
        When a message is sent, held back or joined with others is in\n\
        [Suspicions, cases and messages](../concepts/cases.md#messages).\n";
    let section = |channel: Channel| {
        let About { row, to, to_source, text, text_source, .. } = channel.about();
        let keys = keys_of(&format!("[{channel}]"), channel.keys());
        format!(
            "A message is {row}; the columns are in [Outputs](outputs.md#{channel}).\n\n\
             - `to`: {to}. Source: {to_source}.\n- `text`: {text}. Source: {text_source}.\n\n{keys}"
        )
    };
    let sections: Vec<(String, String)> =
        Channel::ALL.iter().map(|one| (one.to_string(), section(*one))).collect();
    expect_file!["../docs/reference/channels.md"].assert_eq(&page("Channels", words, &sections));
}

/// The keys of a section of a plan.
fn keys_of(section: &str, keys: &[Key]) -> String {
    let mut table = format!("| key of `{section}` | default | meaning |\n| --- | --- | --- |\n");
    for key in keys {
        table += &format!("| `{}` | `{}` | {} |\n", key.name, key.default, cell(key.definition));
    }
    table
}

fn section(detector: Detector) -> String {
    let mut text = format!("It looks for this: {}.\nSource: {}.\n", detector.definition(), detector.source());
    text.push('\n');
    text += &keys_of(&format!("[detectors.{detector}]"), detector.keys());
    text += "\n| looked at | fact | unit | limit | meaning |\n| --- | --- | --- | --- | --- |\n";
    let about = detector.about();
    let causes = about.innocent.iter().map(|innocent| (innocent.name, innocent.facts));
    for (cause, facts) in [("", about.facts)].into_iter().chain(causes) {
        let cause =
            if cause.is_empty() { "the suspicion".to_owned() } else { format!("innocent cause `{cause}`") };
        for fact in facts {
            let limit = fact.limit.map(|limit| format!("`{limit}`")).unwrap_or_default();
            let (name, unit) = (fact.name, fact.unit.symbol());
            text += &format!("| {cause} | `{name}` | {unit} | {limit} | {} |\n", cell(fact.definition));
        }
    }
    text
}

#[test]
fn the_page_of_rules_agrees_with_the_code() {
    let words = "\
        What the rules are for, and what a flag changes, is in [Data quality](../concepts/quality.md).\n\
        The default is what the plans of the project set, or what holds without a setting.\n";
    let table = |wanted: fn(By) -> bool| {
        let mut table =
            "| rule | unit | meaning | default | source |\n| --- | --- | --- | --- | --- |\n".to_owned();
        for rule in Rule::ALL.iter().filter(|rule| wanted(rule.by())) {
            let (name, unit, default) = (rule.name(), rule.unit(), rule.default());
            let (definition, source) = (cell(rule.definition()), cell(rule.source()));
            table += &format!("| `{name}` | {unit} | {definition} | {default} | {source} |\n");
        }
        table
    };
    let tables = [
        (
            "Always, at the door, the order of arrival and the registers",
            table(|by| matches!(by, By::Issue(_))),
        ),
        ("With `[quality]`, flags of intervals", table(|by| matches!(by, By::Flag(_)))),
        ("With `town` in `[quality]`, findings of a day", table(|by| by == By::Town)),
    ];
    let tables = tables.map(|(heading, table)| (heading.to_owned(), table));
    expect_file!["../docs/reference/quality-rules.md"].assert_eq(&page(
        "Rules of data quality",
        words,
        &tables,
    ));
}
