//! Settings from the environment: `GRIDWARDEN_KAFKA_SASL_USERNAME` sets `sasl.username`.

use super::names::is_known;
use super::{Origin, Problem};
use shell::Failure;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

const PREFIX: &str = "GRIDWARDEN_KAFKA_";
/// The variable that names the brokers.
pub const BROKERS: &str = "GRIDWARDEN_KAFKA_BROKERS";

/// The variables whose names begin with `GRIDWARDEN_KAFKA_`.
#[derive(Default)]
pub struct Environment(BTreeMap<String, OsString>);

impl Environment {
    /// The environment of this process.
    pub fn of_process() -> Self {
        Self::of(std::env::vars_os())
    }

    /// Takes our variables out of these.
    pub fn of<S: Into<OsString>>(variables: impl IntoIterator<Item = (S, S)>) -> Self {
        let ours = |(name, value): (S, S)| {
            let name = name.into().into_string().ok().filter(|name| name.starts_with(PREFIX))?;
            Some((name, value.into()))
        };
        Self(variables.into_iter().filter_map(ours).collect())
    }

    /// The brokers, if a variable names them.
    pub fn brokers(&self) -> Option<&str> {
        self.0.get(BROKERS)?.to_str()
    }

    /// The settings with their values and variables. A variable that ends in `_FILE` holds the path of a file with the
    /// value, unless librdkafka itself has a setting of that name.
    pub fn settings(&self) -> Result<Vec<(String, String, Origin)>, Failure> {
        let mut found = Vec::new();
        for (variable, value) in self.0.iter().filter(|(variable, _)| *variable != BROKERS) {
            let origin = || Origin::Variable(variable.clone());
            let name = variable[PREFIX.len()..].to_ascii_lowercase().replace('_', ".");
            if is_known(&name) {
                let Some(value) = value.to_str() else {
                    return Err(Failure::wrong(format!("{variable} is not text"), "write it in UTF-8"));
                };
                found.push((name, value.to_owned(), origin()));
                continue;
            }
            match name.strip_suffix(".file").filter(|stem| is_known(stem)) {
                Some(stem) => found.push((stem.to_owned(), contents(variable, value)?, origin())),
                None => return Err(Problem::unknown(&name, origin()).outside_of_a_plan()),
            }
        }
        Ok(found)
    }
}

/// The text of a file, without the line break that editors put at its end.
fn contents(variable: &str, path: &OsString) -> Result<String, Failure> {
    let path = PathBuf::from(path);
    let text = std::fs::read_to_string(&path).map_err(|cause| {
        Failure::failed(format!("cannot read {}, which {variable} names", path.display()), &cause)
            .help(Some("give the path of a file that holds only the value".to_owned()))
            .as_wrong()
    })?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}
