//! The keys of a gateway as they are written, each with its place.

use super::Held;
use crate::secret::SecretSource;
use pipeline::PlanError;
use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};
use std::path::PathBuf;
use toml::{Spanned, Value};

/// A gateway's section.
pub(super) type Section = BTreeMap<Spanned<String>, Spanned<Value>>;

/// Headers that hold a key.
const SECRET_HEADERS: [&str; 5] = ["auth", "key", "token", "secret", "cookie"];

/// The keys of one gateway.
pub(super) struct Keys<'a> {
    section: &'a Spanned<Section>,
}

/// A text of the plan and its place.
type Placed<T> = (T, Range<usize>);

impl<'a> Keys<'a> {
    pub(super) fn of(section: &'a Spanned<Section>) -> Self {
        Self { section }
    }

    /// Where it stands as a whole.
    pub(super) fn place(&self) -> Range<usize> {
        self.section.span()
    }

    fn find(&self, key: &str) -> Option<&'a Spanned<Value>> {
        self.section.get_ref().iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
    }

    /// Refuses keys of other protocols.
    pub(super) fn only(&self, protocol: &str, known: &[&str]) -> Result<(), PlanError> {
        let is_known = |key: &str| key == "name" || key == "protocol" || known.contains(&key);
        match self.section.get_ref().keys().find(|key| !is_known(key.get_ref())) {
            None => Ok(()),
            Some(key) => {
                let problem =
                    format!("`{}` is no key of a gateway with `protocol = \"{protocol}\"`", key.get_ref());
                let help = format!("it has `{}`", known.join("`, `"));
                Err(PlanError::new("plan::key", key.span(), problem, help))
            }
        }
    }

    pub(super) fn missing(&self, key: &str, example: &str) -> PlanError {
        let place = self.find("name").map_or_else(|| self.place(), Spanned::span);
        let problem = format!("this gateway needs `{key}`");
        PlanError::new("plan::missing", place, problem, format!("add `{example}`"))
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<Placed<String>>, PlanError> {
        let Some(value) = self.find(key) else { return Ok(None) };
        match value.get_ref() {
            Value::String(text) if !text.is_empty() => Ok(Some((text.clone(), value.span()))),
            _ => {
                let problem = format!("`{key}` must be a text");
                Err(PlanError::new("plan::syntax", value.span(), problem, "write it in quotes"))
            }
        }
    }

    pub(super) fn needed_text(&self, key: &str, example: &str, most: usize) -> Result<String, PlanError> {
        let (text, place) = self.text(key)?.ok_or_else(|| self.missing(key, example))?;
        if text.len() <= most && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(text);
        }
        let problem = format!("`{key}` must be at most {most} letters, digits and signs without spaces");
        Err(PlanError::new("plan::gateway", place, problem, format!("try `{example}`")))
    }

    pub(super) fn path(&self, key: &str) -> Result<Option<PathBuf>, PlanError> {
        Ok(self.text(key)?.map(|(text, _)| PathBuf::from(text)))
    }

    pub(super) fn whole(&self, key: &str, range: RangeInclusive<u32>) -> Result<Option<u32>, PlanError> {
        let Some(value) = self.find(key) else { return Ok(None) };
        let number = value.get_ref().as_integer().and_then(|number| u32::try_from(number).ok());
        if let Some(number) = number.filter(|number| range.contains(number)) {
            return Ok(Some(number));
        }
        let problem = format!("`{key}` must be a whole number from {} to {}", range.start(), range.end());
        Err(PlanError::new("plan::range", value.span(), problem, format!("try `{key} = 115200`")))
    }

    /// The place of a text in a list.
    pub(super) fn one_of(&self, key: &str, known: &[&str]) -> Result<Option<usize>, PlanError> {
        let Some((text, place)) = self.text(key)? else { return Ok(None) };
        let found = known.iter().position(|one| *one == text);
        let wrong = || {
            let problem = format!("`{key}` must be one of \"{}\", found \"{text}\"", known.join("\", \""));
            PlanError::new("plan::choice", place, problem, format!("try `{key} = \"{}\"`", known[0]))
        };
        found.map(Some).ok_or_else(wrong)
    }

    pub(super) fn name(&self) -> Result<Placed<String>, PlanError> {
        let example = "name = \"operator\"";
        let Some((text, place)) = self.text("name")? else { return Err(self.missing("name", example)) };
        let is_right = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if text.len() <= 32 && text.bytes().all(is_right) {
            return Ok((text, place));
        }
        let problem =
            format!("`name` must be small letters, digits and hyphens, at most 32, found \"{text}\"");
        Err(PlanError::new("plan::name", place, problem, format!("try `{example}`")))
    }

    pub(super) fn address(&self) -> Result<String, PlanError> {
        let example = "address = \"gateway.example:2775\"";
        let (text, place) = self.text("address")?.ok_or_else(|| self.missing("address", example))?;
        let port = text.rsplit_once(':').filter(|(host, _)| !host.is_empty());
        if port.is_some_and(|(_, port)| port.parse::<u16>().is_ok_and(|port| port > 0)) {
            return Ok(text);
        }
        let problem = format!("`address` must be HOST:PORT, found \"{text}\"");
        Err(PlanError::new("plan::address", place, problem, format!("try `{example}`")))
    }

    /// Where a secret is kept.
    pub(super) fn secret(&self, key: &str) -> Result<Option<SecretSource>, PlanError> {
        let Some(value) = self.find(key) else { return Ok(None) };
        match source(value.get_ref()) {
            Some(source) => Ok(Some(source)),
            None => Err(no_secret(key, value.span())),
        }
    }

    pub(super) fn needed_secret(&self, key: &str) -> Result<SecretSource, PlanError> {
        let example = format!("{key} = {{ env = \"NAME\" }}");
        self.secret(key)?.ok_or_else(|| self.missing(key, &example))
    }

    /// A text, or where it is kept.
    pub(super) fn needed_held(&self, key: &str, example: &str) -> Result<Placed<Held>, PlanError> {
        let value = self.find(key).ok_or_else(|| self.missing(key, example))?;
        match (value.get_ref(), source(value.get_ref())) {
            (_, Some(source)) => Ok((Held::Elsewhere(source), value.span())),
            (Value::String(text), None) => Ok((Held::Plain(text.clone()), value.span())),
            _ => {
                let problem = format!("`{key}` must be a text, or name where it is kept");
                let help = format!("write `{example}`, or `{key} = {{ env = \"NAME\" }}`");
                Err(PlanError::new("plan::syntax", value.span(), problem, help))
            }
        }
    }

    /// Headers by name. Those that hold a key must be kept elsewhere.
    pub(super) fn headers(&self) -> Result<Vec<(String, Held)>, PlanError> {
        let Some(value) = self.find("headers") else { return Ok(Vec::new()) };
        let wrong =
            |problem: String, help: &str| PlanError::new("plan::gateway", value.span(), problem, help);
        let Value::Table(table) = value.get_ref() else {
            return Err(wrong(
                "`headers` must be a table".to_owned(),
                "write `headers = { X-Name = \"value\" }`",
            ));
        };
        let mut headers = Vec::new();
        for (name, value) in table {
            if ureq::http::HeaderName::from_bytes(name.as_bytes()).is_err() {
                return Err(wrong(
                    format!("`{name}` is no name of a header"),
                    "write it like `X-Api-Version`",
                ));
            }
            let lower = name.to_ascii_lowercase();
            let is_secret = SECRET_HEADERS.iter().any(|word| lower.contains(word));
            headers.push((
                name.clone(),
                match (source(value), value) {
                    (Some(source), _) => Held::Elsewhere(source),
                    (None, Value::String(text)) if !is_secret => Held::Plain(text.clone()),
                    _ => return Err(no_secret(name, self.find("headers").map_or(0..0, Spanned::span))),
                },
            ));
        }
        Ok(headers)
    }
}

/// `{ env = "NAME" }` or `{ file = "PATH" }`.
fn source(value: &Value) -> Option<SecretSource> {
    let table = value.as_table().filter(|table| table.len() == 1)?;
    let (key, value) = table.iter().next()?;
    let text = value.as_str().filter(|text| !text.is_empty())?;
    match key.as_str() {
        "env" => Some(SecretSource::Environment(text.to_owned())),
        "file" => Some(SecretSource::File(PathBuf::from(text))),
        _ => None,
    }
}

fn no_secret(key: &str, place: Range<usize>) -> PlanError {
    let problem = format!("`{key}` is a secret, which must not stand in a plan");
    let help = format!("write `{key} = {{ env = \"NAME\" }}` or `{key} = {{ file = \"PATH\" }}`");
    PlanError::new("plan::secret", place, problem, help)
}
