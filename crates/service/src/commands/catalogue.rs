//! `gridwarden catalogue`: what each number means.

use crate::cli;
use crate::failure::Failure;
use crate::say::say;
use features::{CATALOGUE, Entry};
use std::fmt::Write;
use vet::Rule;

/// Runs the command.
pub fn run(args: &cli::Catalogue) -> Result<(), Failure> {
    let is_asked_for =
        |name: &str| args.names.is_empty() || args.names.iter().any(|part| name.contains(part.as_str()));
    let entries: Vec<&Entry> = CATALOGUE.iter().filter(|entry| is_asked_for(entry.name)).collect();
    let rules: Vec<Rule> = Rule::ALL.iter().copied().filter(|rule| is_asked_for(rule.name())).collect();
    if entries.is_empty() && rules.is_empty() {
        return Err(Failure::wrong(
            format!("no kernel and no rule has `{}` in its name", args.names.join("` or `")),
            "`gridwarden catalogue` shows all of them",
        ));
    }
    say(&told(&entries, &rules))
}

/// Kernels, then rules of data quality, each with its unit and with where it comes from.
fn told(entries: &[&Entry], rules: &[Rule]) -> String {
    let names = entries.iter().map(|entry| entry.name).chain(rules.iter().map(|rule| rule.name()));
    let width = names.map(str::len).max().unwrap_or_default();
    let mut page = String::new();
    let mut line = |name: &str, unit: &str, definition: &str, source: &str| {
        let unit = if unit.is_empty() { "-" } else { unit };
        writeln!(page, "{name:width$}  {unit:3}  {definition}").expect("text takes all text");
        writeln!(page, "{:width$}       {source}", "").expect("text takes all text");
    };
    for Entry { name, unit, definition, source } in entries {
        line(name, unit, definition, source);
    }
    for rule in rules {
        let source = format!("rule of data quality, {}: {}", rule.default(), rule.source());
        line(rule.name(), rule.unit(), rule.definition(), &source);
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn a_kernel_has_its_unit_its_definition_and_their_source() {
        let entries: Vec<&Entry> = CATALOGUE.iter().filter(|entry| entry.name == "block_peak").collect();
        expect![[r"
            block_peak  W    highest mean power over a block of intervals, blocks side by side
                             block demand, IEC 62052-11
        "]]
        .assert_eq(&told(&entries, &[]));
    }

    #[test]
    fn a_rule_has_its_default_too() {
        expect![[r#"
            spike   -    energy of more than so many times the third-highest of the last weeks, and beyond a floor; what is remembered fades by a sixteenth each Monday, and is asked after two of them
                         rule of data quality, 3 times and 2 kW: VEE spike check: highest against third-highest peak
            repeat  -    same meter, same time as an earlier message: the first counts
                         rule of data quality, always: ARCHITECTURE.md, duplicates
        "#]].assert_eq(&told(&[], &[Rule::Spike, Rule::Repeat]));
    }

    #[test]
    fn a_name_that_no_kernel_has_is_an_error() {
        let names = vec!["phase_of_moon".to_owned()];
        assert_eq!(run(&cli::Catalogue { names }).unwrap_err().code, 2);
    }
}
