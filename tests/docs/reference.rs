//! The pages of the reference that the code writes. `UPDATE_EXPECT=1 cargo test -p system-tests docs` rewrites them.

use columns::outputs::{ALL, About as AboutOutput};
use columns::{ColumnEntry, OutputEntry, catalogue};
use detect::{Detector, Key};
use expect_test::{ExpectFile, expect_file};
use features::{CATALOGUE, Entry};
use notify::{About, Channel};
use std::fmt::Display;
use vet::{By, Rule};

/// The longest line of an entry, in characters.
const WIDTH: usize = 110;

/// Compares a page with what the code writes: its title, its introduction, and its parts, each with a heading or none.
#[track_caller]
fn check(expected: ExpectFile, title: &str, words: &str, parts: &[(String, String)]) {
    let rewrite = "UPDATE_EXPECT=1 cargo test -p system-tests docs";
    let mut page =
        format!("<!-- Generated from the code: `{rewrite}` rewrites it. -->\n\n# {title}\n\n{words}");
    for (heading, text) in parts {
        let heading = if heading.is_empty() { String::new() } else { format!("## {heading}\n\n") };
        page += &format!("\n{heading}{text}");
    }
    expected.assert_eq(&page);
}

/// An item of a list: what is explained, facts about it in brackets, what it means, and remarks, each named.
fn item(name: impl Display, facts: &[&str], meaning: &str, remarks: &[(&str, &str)]) -> String {
    let facts: Vec<&str> = facts.iter().copied().filter(|fact| !fact.is_empty()).collect();
    let facts = if facts.is_empty() { String::new() } else { format!(" ({})", facts.join(", ")) };
    let mut lines = clauses(&format!("{name}{facts}: {}", sentence(meaning)));
    for (what, text) in remarks.iter().filter(|(_, text)| !text.is_empty()) {
        lines.extend(clauses(&format!("{what}: {}", sentence(text))));
    }
    format!("- {}\n", lines.join("\n  "))
}

/// A text that ends with a full stop.
fn sentence(text: &str) -> String {
    if text.ends_with('.') { text.to_owned() } else { format!("{text}.") }
}

/// A text in lines: one sentence or clause a line, and long ones at a comma, a colon or at least between words.
fn clauses(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end =
            [". ", "; "].iter().filter_map(|mark| rest.find(mark)).min().map_or(rest.len(), |at| at + 1);
        lines.extend(wrapped(&rest[..end]));
        rest = rest[end..].trim_start();
    }
    lines
}

fn wrapped(clause: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = clause;
    while rest.chars().count() > WIDTH {
        let most = rest.char_indices().nth(WIDTH).map_or(rest.len(), |(at, _)| at);
        let head = &rest[..most];
        // A comma far to the left would leave a line of a few words.
        let at_mark =
            [", ", ": "].iter().filter_map(|mark| head.rfind(mark)).max().filter(|at| *at > WIDTH / 2);
        let end = at_mark.map(|at| at + 1).or_else(|| head.rfind(' ')).unwrap_or(most);
        lines.push(rest[..end].trim_end().to_owned());
        rest = rest[end..].trim_start();
    }
    lines.push(rest.to_owned());
    lines
}

fn code(text: impl Display) -> String {
    format!("`{text}`")
}

#[test]
fn long_texts_become_lines_of_clauses() {
    let text =
        item("`a`", &["text", ""], "first; second, not long. Third", &[("Source", "IS 1"), ("Limit", "")]);
    assert_eq!(text, "- `a` (text): first;\n  second, not long.\n  Third.\n  Source: IS 1.\n");
    let long = format!("{}, {}", "word ".repeat(15).trim_end(), "more ".repeat(30).trim_end());
    assert!(clauses(&long).len() == 3 && clauses(&long).iter().all(|line| line.len() <= WIDTH));
    assert_eq!(clauses(&long).join(" "), long);
}

#[test]
fn the_page_of_outputs_is_that_of_the_declarations() {
    let words = "\
        Every output has the same columns as a file and as messages of a [topic](topics.md).\n\
        Files end in `.parquet`, or in `.ndjson` with one JSON object a line.\n\
        `gridwarden catalogue` prints the same definitions.\n\
        Times are UTC in RFC 3339. Days, months, slots, blocks and zones are those of the local time of the plan.\n\
        What else is in the folder is in [The folder of outputs](output-folder.md).\n";
    let mut parts = vec![(String::new(), overview())];
    parts.extend(catalogue().into_iter().map(|output| (output.about.name().to_owned(), columns_of(&output))));
    check(expect_file!["../../docs/reference/outputs.md"], "Outputs, column by column", words, &parts);
}

/// A line for each output: its file, what a row is, its topic, and what in a plan asks for it.
fn overview() -> String {
    let mut table =
        "| file | a row is | topic in `[kafka]` | asked for by |\n| --- | --- | --- | --- |\n".to_owned();
    for (topic, about) in ALL {
        let AboutOutput { file, row, .. } = about;
        // What follows a semicolon or a colon is in the output's own part.
        let row = row.split([';', ':']).next().unwrap_or_default();
        let (name, asked) = (about.name(), about.asked_for_by());
        table += &format!("| [`{file}`](#{name}) | {row} | `{topic}` | {asked} |\n");
    }
    table
}

fn columns_of(OutputEntry { topic, about, columns }: &OutputEntry) -> String {
    let mut text = clauses(&format!("A row is {}.", about.row)).join("\n");
    let only = if about.only.is_empty() { "always written".to_owned() } else { code(about.only) };
    text += &format!(
        "\n\n- File: `{}`\n- Topic: the one that `{topic}` in `[kafka]` names; key `{}`\n\
         - Asked for by: {}\n- With `--only`: {only}\n\nColumns:\n\n",
        about.file,
        about.key,
        about.asked_for_by(),
    );
    for ColumnEntry { name, of, optional, unit, definition, source } in columns {
        let of = format!("{}{}", of.name(), if *optional { " or null" } else { "" });
        text += &item(code(name), &[&of, unit], definition, &[("Source", source)]);
    }
    text
}

#[test]
fn the_page_of_kernels_agrees_with_the_code() {
    let kernel = |one: &Entry| item(code(one.name), &[one.unit], one.definition, &[("Source", one.source)]);
    check(
        expect_file!["../../docs/reference/kernels.md"],
        "Kernels",
        "A kernel is a function that computes one number of an interval, a day or a period.\n",
        &[(String::new(), CATALOGUE.iter().map(kernel).collect())],
    );
}

#[test]
fn the_page_of_detectors_agrees_with_the_code() {
    let words = "\
        What a detector, evidence and a case are is in [Suspicions, cases and messages](../concepts/cases.md).\n\
        A fact is one number of the evidence. Its limit is what it was allowed to be, or had to reach to count.\n";
    let parts: Vec<(String, String)> =
        Detector::ALL.iter().map(|one| (one.to_string(), detector(*one))).collect();
    check(expect_file!["../../docs/reference/detectors.md"], "Detectors", words, &parts);
}

fn detector(detector: Detector) -> String {
    let about = format!("It looks for this: {}. Source: {}.", detector.definition(), detector.source());
    let mut text = clauses(&about).join("\n") + "\n\n";
    text += &keys_of(&format!("[detectors.{detector}]"), detector.keys());
    let about = detector.about();
    let causes = about
        .innocent
        .iter()
        .map(|innocent| (format!("the innocent cause `{}`", innocent.name), innocent.facts));
    for (cause, facts) in [("the suspicion".to_owned(), about.facts)].into_iter().chain(causes) {
        text += &format!("\nFacts about {cause}:\n\n");
        for fact in facts {
            let limit = fact.limit.map(|limit| format!("limit `{limit}`")).unwrap_or_default();
            text += &item(code(fact.name), &[fact.unit.symbol(), &limit], fact.definition, &[]);
        }
    }
    text
}

/// The keys of a section of a plan.
fn keys_of(section: &str, keys: &[Key]) -> String {
    let key = |key: &Key| item(code(key.name), &[&format!("default `{}`", key.default)], key.definition, &[]);
    format!("Keys of `{section}`:\n\n{}", keys.iter().map(key).collect::<String>())
}

#[test]
fn the_page_of_channels_is_that_of_the_code() {
    let words = "\
        A channel is a way on which a message about a new case reaches a person.\n\
        When a message is sent, held back or joined with others is in\n\
        [Suspicions, cases and messages](../concepts/cases.md#messages).\n";
    let channel = |channel: &Channel| {
        let About { row, to, to_source, text, text_source, .. } = channel.about();
        let fields = [("to", to, to_source), ("text", text, text_source)];
        let fields =
            fields.map(|(name, meaning, source)| item(code(name), &[], meaning, &[("Source", source)]));
        let keys = keys_of(&format!("[{channel}]"), channel.keys());
        let page = format!(
            "A message is {row}; the columns are in [Outputs](outputs.md#{channel}).\n\n{}\n{keys}",
            fields.concat()
        );
        (channel.to_string(), page)
    };
    let parts: Vec<(String, String)> = Channel::ALL.iter().map(channel).collect();
    check(expect_file!["../../docs/reference/channels.md"], "Channels", words, &parts);
}

#[test]
fn the_page_of_rules_agrees_with_the_code() {
    let words = "\
        What the rules are for, and what a flag changes, is in [Data quality](../concepts/quality.md).\n\
        The default is what the plans of the project set, or what holds without a setting.\n";
    let rules = |heading: &str, wanted: fn(By) -> bool| {
        let rule = |rule: &Rule| {
            let remarks = [("Default", rule.default()), ("Source", rule.source())];
            item(code(rule.name()), &[rule.unit()], rule.definition(), &remarks)
        };
        (heading.to_owned(), Rule::ALL.iter().filter(|rule| wanted(rule.by())).map(rule).collect())
    };
    let parts = [
        rules("Always, at the door, the order of arrival and the registers", |by| matches!(by, By::Issue(_))),
        rules("With `[quality]`, flags of intervals", |by| matches!(by, By::Flag(_))),
        rules("With `town` in `[quality]`, findings of a day", |by| by == By::Town),
    ];
    check(expect_file!["../../docs/reference/quality-rules.md"], "Rules of data quality", words, &parts);
}
