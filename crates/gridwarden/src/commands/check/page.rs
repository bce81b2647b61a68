//! A page of sections and keys, in the order of a plan.

use std::fmt::{Display, Write};

/// A page of sections and keys.
#[derive(Default)]
pub(super) struct Page(String);

impl Page {
    /// A page about the plan of this name.
    pub(super) fn about(plan: &str) -> Self {
        Self(format!("plan {plan}\n"))
    }

    /// The text.
    pub(super) fn text(self) -> String {
        self.0
    }

    /// A section with its keys, or a line that the plan does not have it.
    pub(super) fn section_if<T>(&mut self, name: &str, settings: Option<T>, keys: impl FnOnce(&mut Self, T)) {
        match settings {
            None => self.none(name),
            Some(settings) => {
                self.section(name);
                keys(self, settings);
            }
        }
    }

    pub(super) fn section(&mut self, name: &str) {
        self.line(format_args!("\n[{name}]"));
    }

    pub(super) fn none(&mut self, name: &str) {
        self.line(format_args!("\n[{name}] none"));
    }

    pub(super) fn key(&mut self, name: &str, value: impl Display) {
        self.line(format_args!("  {name:<15} {value}"));
    }

    /// A line of words below the keys.
    pub(super) fn line_of(&mut self, words: &str) {
        self.line(format_args!("  {words}"));
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        writeln!(self.0, "{line}").expect("writing to a string cannot fail");
    }
}

/// Several values of one key.
pub(super) fn listed(all: impl IntoIterator<Item = impl Display>) -> String {
    let all: Vec<String> = all.into_iter().map(|one| one.to_string()).collect();
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}
