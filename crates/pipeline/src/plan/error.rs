use std::ops::Range;

/// An error in a plan: what is wrong, where, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct PlanError {
    /// A short name of the cause, such as `plan::syntax` or `plan::unit`.
    pub code: &'static str,
    /// What is wrong. It names the key, and the value that was found.
    pub problem: String,
    /// What to write instead.
    pub help: Option<String>,
    /// The range of bytes in the plan that is wrong.
    pub span: Option<Range<usize>>,
}

impl PlanError {
    /// An error at a place of the plan.
    pub fn new(code: &'static str, span: Range<usize>, problem: String, help: impl Into<String>) -> Self {
        Self { code, problem, help: Some(help.into()), span: Some(span) }
    }

    /// An error that the parser found: in the syntax, in the type of a value, or a key that is unknown or missing.
    pub fn toml(error: &toml::de::Error) -> Self {
        let message = error.message().to_owned();
        let (code, help) = if message.starts_with("unknown field") {
            ("plan::key", Some("each key is explained in pipelines/demo.toml or ami.toml".to_owned()))
        } else if message.starts_with("missing field") {
            ("plan::missing", Some("a plan says what runs: nothing is assumed for this key".to_owned()))
        } else {
            let of_value = message.starts_with("invalid type") || message.starts_with("invalid value");
            let help = "pipelines/demo.toml and ami.toml have each key as it is written, quantities in quotes with their units";
            ("plan::syntax", of_value.then(|| help.to_owned()))
        };
        Self { code, problem: message.replace('\n', " "), help, span: error.span() }
    }

    /// The error as text for people: cause, place with its line, and what to write instead.
    pub fn render(&self, path: &str, text: &str) -> String {
        let mut page = format!("error[{}]: {}\n", self.code, self.problem);
        match self.span.as_ref().and_then(|span| Some((span.start, text.get(..span.start)?))) {
            Some((start, before)) => {
                let line = before.matches('\n').count() + 1;
                let column = start - before.rfind('\n').map_or(0, |at| at + 1) + 1;
                page += &format!("  --> {path}:{line}:{column}\n");
                if let Some(source) = text.lines().nth(line - 1).filter(|source| !source.trim().is_empty()) {
                    page += &format!(
                        "   | {}\n",
                        if may_hold_a_secret(source) { HIDDEN } else { source.trim_end() }
                    );
                }
            }
            None => page += &format!("  --> {path}\n"),
        }
        if let Some(help) = &self.help {
            page += &format!("  help: {help}\n");
        }
        page
    }
}

/// This is shown in place of a line that may hold a secret.
const HIDDEN: &str = "(not shown: it may hold a secret)";

/// Whether a line of a plan may hold a secret, which must not appear in a log, even if its key is misspelt.
///
/// Plans should hold no secrets, but people write them there, and learn from this very error that they should not.
fn may_hold_a_secret(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    ["passw", "pasw", "passph", "pwd", "secret", "key.pem", "private", "jaas", "token", "headers"]
        .iter()
        .any(|word| line.contains(word))
}
