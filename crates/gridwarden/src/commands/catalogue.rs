//! `gridwarden catalogue`: shows what each number means.

use crate::cli;
use columns::{ColumnEntry, OutputEntry};
use detect::{Detector, FactDefinition, Key};
use features::{CATALOGUE, Entry};
use notify::Channel;
use shell::{Failure, print};
use std::fmt::Write;
use vet::Rule;

/// The entry of one name.
struct Line {
    name: String,
    unit: &'static str,
    definition: &'static str,
    source: String,
}

/// Runs the command.
pub fn run(args: &cli::Catalogue) -> Result<(), Failure> {
    let is_asked_for = |line: &Line| {
        args.names.is_empty() || args.names.iter().any(|part| line.name.contains(part.as_str()))
    };
    let lines: Vec<Line> = all().filter(is_asked_for).collect();
    if lines.is_empty() {
        return Err(Failure::wrong(
            format!("no kernel, column, rule or detector has `{}` in its name", args.names.join("` or `")),
            "`gridwarden catalogue` shows all of them",
        ));
    }
    print(&page_of(&lines))
}

/// All kernels, then columns by file, then rules of data quality, detectors, and keys of channels.
fn all() -> impl Iterator<Item = Line> {
    let kernels = CATALOGUE.iter().map(|&Entry { name, unit, definition, source, .. }| Line {
        name: name.to_owned(),
        unit,
        definition,
        source: source.to_owned(),
    });
    let columns = columns::catalogue().into_iter().flat_map(|OutputEntry { about, columns, .. }| {
        columns.into_iter().map(move |ColumnEntry { name, unit, definition, source, .. }| Line {
            name: format!("{}.{name}", about.name()),
            unit,
            definition,
            source: source.to_owned(),
        })
    });
    let rules = Rule::ALL.iter().map(|rule| Line {
        name: rule.name().to_owned(),
        unit: rule.unit(),
        definition: rule.definition(),
        source: format!("rule of data quality, {}: {}", rule.default(), rule.source()),
    });
    let channels =
        Channel::ALL.iter().flat_map(|channel| channel.keys().iter().map(|one| key(channel.name(), one)));
    kernels
        .chain(columns)
        .chain(rules)
        .chain(Detector::ALL.iter().copied().flat_map(detector))
        .chain(channels)
}

/// A detector, the keys of its section of the plan, its facts, and the facts of the innocent causes that it checks.
fn detector(detector: Detector) -> Vec<Line> {
    let about = detector.about();
    let mut lines = vec![Line {
        name: detector.name().to_owned(),
        unit: about.main.unit.symbol(),
        definition: detector.definition(),
        source: format!("detector: {}", detector.source()),
    }];
    lines.extend(detector.keys().iter().map(|one| key(&format!("detectors.{detector}"), one)));
    let fact = |of: String, fact: &'static FactDefinition| Line {
        name: format!("{of}.{}", fact.name),
        unit: fact.unit.symbol(),
        definition: fact.definition,
        source: format!("fact of the detector {detector}"),
    };
    lines.extend(about.facts.iter().map(|one| fact(detector.to_string(), one)));
    for innocent in about.innocent {
        let of = format!("{detector}.{}", innocent.name);
        lines.extend(innocent.facts.iter().map(|one| fact(of.clone(), one)));
    }
    lines
}

/// A key of a section of the plan.
fn key(section: &str, key: &Key) -> Line {
    Line {
        name: format!("{section}.{}", key.name),
        unit: "",
        definition: key.definition,
        source: format!("key of a plan, {} if the plan does not set it", key.default),
    }
}

fn page_of(lines: &[Line]) -> String {
    let width = lines.iter().map(|line| line.name.len()).max().unwrap_or_default();
    let mut page = String::new();
    for Line { name, unit, definition, source } in lines {
        let unit = if unit.is_empty() { "-" } else { unit };
        writeln!(page, "{name:width$}  {unit:4}  {definition}").expect("writing to a string cannot fail");
        writeln!(page, "{:width$}        {source}", "").expect("writing to a string cannot fail");
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(names: &[&str], expected: &Expect) {
        let lines: Vec<Line> = all().filter(|line| names.contains(&line.name.as_str())).collect();
        expected.assert_eq(&page_of(&lines));
    }

    #[test]
    fn each_has_its_unit_its_definition_and_their_source() {
        check(
            &["block_peak", "demand.hours", "balance.gap_wh"],
            &expect![[r#"
                block_peak      W     highest mean power over a block of intervals, blocks side by side
                                      block demand as tariffs have it
                demand.hours    h     hours of the intervals of the period whose imported energy is known, estimated energy included
                                      an interval counts once its energy is known
                balance.gap_wh  Wh    `supplied_wh` less `consumed_wh` and `estimated_wh`: losses, and use that no meter counted; null without one of them
                                      conservation of energy
            "#]],
        );
    }

    #[test]
    fn a_rule_has_its_default_too() {
        check(
            &["spike", "repeat"],
            &expect![[r#"
                repeat  -     the meter has sent a message for the same time before; only the first one counts
                              rule of data quality, always: a message that arrives twice must not count twice
                spike   -     the energy is more than `times` the third-highest of the last weeks, and its power above `floor`; what is remembered fades by a sixteenth each Monday, and is used once two Mondays have passed; energy that a register counted is billed all the same
                              rule of data quality, 3 times and 2 kW: validation of meter data (VEE), spike check: highest against third-highest peak
            "#]],
        );
    }

    #[test]
    fn a_detector_has_its_keys_and_its_facts() {
        check(
            &[
                "phase-neutral",
                "detectors.phase-neutral.floor",
                "phase-neutral.apart",
                "phase-neutral.low-load.load",
            ],
            &expect![[r#"
                phase-neutral                  A     phase and neutral current of a single-phase supply are apart, block after block
                                                     detector: Kirchhoff: what goes out through the phase comes back through the neutral; firmware of meters in the field for the limits
                detectors.phase-neutral.floor  -     they may be apart by this much at any load
                                                     key of a plan, "0.5 A" if the plan does not set it
                phase-neutral.apart            A     how far `phase` and `neutral` are apart, without a sign; `allowed` is the mean of what the intervals of the run were allowed: a share of the larger current, more at low load, never less than the floor
                                                     fact of the detector phase-neutral
                phase-neutral.low-load.load    A     mean load of the run, the larger of the two currents; below `limit` it is low
                                                     fact of the detector phase-neutral
            "#]],
        );
    }

    #[test]
    fn a_name_that_no_kernel_has_is_an_error() {
        let names = vec!["phase_of_moon".to_owned()];
        assert_eq!(run(&cli::Catalogue { names }).unwrap_err().code, 2);
    }
}
