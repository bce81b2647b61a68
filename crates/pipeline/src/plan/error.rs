use std::ops::Range;

/// What is wrong with a plan: what, where, and the way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct PlanError {
    /// A short name of the cause: `plan::syntax`, `plan::unit`, ...
    pub code: &'static str,
    /// What is wrong, naming the key and what was found.
    pub problem: String,
    /// What to write instead.
    pub help: Option<String>,
    /// The bytes of the plan that it is about.
    pub span: Option<Range<usize>>,
}

impl PlanError {
    /// What is wrong at a place of the plan.
    pub fn new(code: &'static str, span: Range<usize>, problem: String, help: impl Into<String>) -> Self {
        Self { code, problem, help: Some(help.into()), span: Some(span) }
    }

    /// What TOML itself, or the names of the keys, are about.
    pub fn toml(error: &toml::de::Error) -> Self {
        let message = error.message().to_owned();
        let (code, help) = if message.starts_with("unknown field") {
            ("plan::key", Some("keys are listed in pipelines/demo.toml, each with its meaning".to_owned()))
        } else if message.starts_with("missing field") {
            ("plan::missing", Some("a plan says what runs: nothing is assumed for this key".to_owned()))
        } else {
            let of_value = message.starts_with("invalid type") || message.starts_with("invalid value");
            let help = "pipelines/demo.toml and ami.toml have each key as it is written, quantities in quotes with their units";
            ("plan::syntax", of_value.then(|| help.to_owned()))
        };
        Self { code, problem: message.replace('\n', " "), help, span: error.span() }
    }

    /// The error as a person wants to read it: cause, place with its line, way out.
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

/// In place of a line that is not shown.
const HIDDEN: &str = "(not shown: it may hold a secret)";

/// Whether a line of a plan may hold something that belongs in no log, even if the key is misspelt. Plans should hold no
/// secret, and this error message is how a person learns that.
fn may_hold_a_secret(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    ["passw", "pasw", "passph", "pwd", "secret", "key.pem", "private", "jaas"]
        .iter()
        .any(|word| line.contains(word))
}
