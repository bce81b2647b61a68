//! The pages of the reference that the code writes. `UPDATE_EXPECT=1 cargo test -p system-tests docs` rewrites them.

use columns::outputs::{ALL, About as AboutOutput};
use columns::{ColumnEntry, OutputEntry, catalogue};
use detect::{Detector, Key};
use expect_test::{ExpectFile, expect_file};
use features::{CATALOGUE, Entry};
use notify::{About, Channel};
use simulate::lv::Kind;
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
        What they find in towns whose truth is known is in [What the detectors find](detectors-found.md).\n\
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

#[test]
fn the_page_of_the_simulated_network_has_every_kind() {
    let words = "\
        A town in which the numbers follow from one another, with thefts and innocent causes, and the truth about both:\n\
        \n\
        ```sh\n\
        gridwarden simulate --network --meters 900 --days 45 --seed 3 --out town\n\
        gridwarden replay pipelines/ami.toml --readings town/readings.ndjson --topology town/topology.csv --out out\n\
        ```\n\
        \n\
        | option | what it does |\n\
        | --- | --- |\n\
        | `--thieves 3%` | share of consumers with a theft; the chosen kinds take turns |\n\
        | `--innocents 3%` | share of consumers with an innocent cause; likewise |\n\
        | `--kinds magnet,vacancy` | only these kinds of either sort |\n\
        | `--list-kinds` | the list below |\n\
        | `--meters`, `--transformers` | the size; without the second, 25 consumers share a transformer |\n\
        \n\
        All other options of [`simulate`](command-line.md#simulate) but `--lookalikes` and `--feeder-meters` work as in\n\
        any town: faults on the way, meters that deliver once a day, outages, formats, a Kafka topic.\n\
        One seed gives one town. Another choice of kinds keeps the homes, the lines and who wins.\n";
    let list = |guilty: bool| -> String {
        let kinds = Kind::ALL.iter().filter(|kind| kind.guilty() == guilty);
        kinds.map(|kind| item(code(kind.name()), &[], kind.says(), &[])).collect()
    };
    let parts = [
        ("Thefts".to_owned(), list(true)),
        ("Innocent causes".to_owned(), list(false)),
        ("The truth".to_owned(), TRUTH.to_owned()),
        ("The network".to_owned(), NETWORK.to_owned()),
        ("The meters".to_owned(), METERS.to_owned()),
    ];
    let page = expect_file!["../../docs/reference/simulated-town.md"];
    check(page, "A simulated town with a network", words, &parts);
}

const TRUTH: &str = "\
`truth.csv` has the columns of any town's truth, and three more.

| column | meaning |
| --- | --- |
| `meter` | the consumer's; of `hooking` and `meter-error` the transformer's |
| `kind`, `guilty` | a name above, or a fault of a meter; whether a customer gains from it |
| `from`, `to` | it concerns readings after the first moment, up to the second |
| `share` | its share, if it has one: of the current that passes an element, of the power, of the joined neutral |
| `note` | hours of the day, the phase, the neighbour, what the topology names |
| `transformer` | the one that really supplies the consumer |
| `wh_used` | energy that the consumer used from `from` to `to` |
| `wh_lost` | what of it no register counted because of this |

A house behind a broken neutral of the line has a row, too.
`wh_lost` is negative where more was counted than used, or energy was fed back for nothing.
What a transformer supplies is what registers count, what `wh_lost` names, and what wires and the transformer lose.
A test without faults of meters compares them:
in eight days at most 60 Wh a transformer are apart, the rounding of its registers.
The error of a meter within its class is in none of them.
With `--brokers`, `truth.csv` is complete after the last message.
";

const NETWORK: &str = "\
Each transformer has its own source voltage: lower in the evening, with the feeder's swings, its own, and flicker.
It loses 0.25 % of its rating always, and 1.75 % of it at full load.
Lines leave it with four wires, two consumers at a pole, neighbours on phases a, b and c in turn.
A service cable leads from the pole to each house.

At each step a load flow finds the currents of all houses at their own voltages.
So the voltage at a meter falls with its own current and with that of its neighbours, most with those of its phase,
and it rises where a solar roof feeds back.
Currents in the neutral add as phasors, and a current that returns through the earth is missing in it.
A current that passes a meter still flows through the lines: the voltage and the transformer show it.

Homes have lights, fridge, fans, air conditioner, heater, geyser, washing machine and water pump,
each with its power factor, its hours and its season. People travel, and the town has holidays.
There are shops, workshops, irrigation pumps, solar roofs and batteries.
";

const METERS: &str = "\
A meter errs within class 1 and a little more at small currents, and starts at some milliamperes.
It counts whole watt-hours. It sends `imp`, `v`, `i`, `in`, `p`, `q`, `relay`, `seq`, with a registered roof `exp`,
and with a single phase `vl`.
Three-phase meters send one value a phase.
Values are means of the interval.

Events follow the rules of usual firmware, from what the meter sees and whatever the cause:
phase and neutral apart (65, 69), backward power (51 to 55), a phase without voltage (1 to 5) or current (57 to 61),
voltage out of limits (7, 9), a low power factor (205), current without voltage (207),
voltage behind an open relay (407). Sensors and the relay report 201, 202, 251, 301 and 302.

A transformer's meter is of class 0.5 and measures at the high-voltage side, so its energy has all losses;
its voltages and currents are referred to the low-voltage side.
";
