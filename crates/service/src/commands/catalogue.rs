//! `gridwarden catalogue`: what each number means.

use crate::cli;
use crate::failure::Failure;
use crate::say::say;
use features::{CATALOGUE, Entry};
use std::fmt::Write;

/// Runs the command.
pub fn run(args: &cli::Catalogue) -> Result<(), Failure> {
    let is_asked_for =
        |entry: &&Entry| args.names.is_empty() || args.names.iter().any(|name| entry.name.contains(name));
    let entries: Vec<&Entry> = CATALOGUE.iter().filter(is_asked_for).collect();
    if entries.is_empty() {
        return Err(Failure::wrong(
            format!("no kernel has `{}` in its name", args.names.join("` or `")),
            "`gridwarden catalogue` shows all of them",
        ));
    }
    say(&told(&entries))
}

fn told(entries: &[&Entry]) -> String {
    let width = entries.iter().map(|entry| entry.name.len()).max().unwrap_or_default();
    let mut page = String::new();
    for Entry { name, unit, definition, source } in entries {
        let unit = if unit.is_empty() { "-" } else { unit };
        writeln!(page, "{name:width$}  {unit:3}  {definition}").expect("text takes all text");
        writeln!(page, "{:width$}       {source}", "").expect("text takes all text");
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
        .assert_eq(&told(&entries));
    }

    #[test]
    fn a_name_that_no_kernel_has_is_an_error() {
        let names = vec!["phase_of_moon".to_owned()];
        assert_eq!(run(&cli::Catalogue { names }).unwrap_err().code, 2);
    }
}
