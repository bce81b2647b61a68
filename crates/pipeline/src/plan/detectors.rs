//! The sections `[detectors.NAME]` as written. Which keys there are is declared by each detector, in its own file.

use super::error::PlanError;
use detect::{Detector, DetectorRules, SettingsError, Written, nearest};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::{Spanned, Value};

/// By name, each with its keys. Every name and value knows its place, so that an error can point at it.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct DetectorsToml(BTreeMap<Spanned<String>, Spanned<Section>>);

type Section = BTreeMap<Spanned<String>, Spanned<Value>>;

impl DetectorsToml {
    pub(super) fn check(&self) -> Result<DetectorRules, PlanError> {
        let mut rules = DetectorRules::NONE;
        for (name, section) in &self.0 {
            let detector = Detector::parse(name.get_ref()).ok_or_else(|| unknown(name))?;
            let keys = section.get_ref().iter().map(|(key, value)| (key.get_ref().as_str(), written(value)));
            let keys: Vec<(&str, Written<'_>)> = keys.collect();
            rules.read(detector, &keys).map_err(|error| misread(&error, section))?;
        }
        Ok(rules)
    }
}

fn written(value: &Spanned<Value>) -> Written<'_> {
    match value.get_ref() {
        Value::String(text) => Written::Text(text),
        Value::Integer(number) => Written::Whole(*number),
        other => Written::Other(other.type_str()),
    }
}

fn unknown(name: &Spanned<String>) -> PlanError {
    let names = || Detector::ALL.iter().map(|detector| detector.name());
    let help = match nearest(name.get_ref(), names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are: {}", names().collect::<Vec<_>>().join(", ")),
    };
    PlanError::new("plan::key", name.span(), format!("no detector is called `{}`", name.get_ref()), help)
}

/// The same error with its place: an unknown key itself, the value of any other, or the section without it.
fn misread(error: &SettingsError, section: &Spanned<Section>) -> PlanError {
    let entry = section.get_ref().iter().find(|(key, _)| key.get_ref() == error.key());
    let place: Range<usize> = match (error, entry) {
        (SettingsError::UnknownKey { .. }, Some((key, _))) => key.span(),
        (_, Some((_, value))) => value.span(),
        (_, None) => section.span(),
    };
    PlanError::new(error.code(), place, error.to_string(), error.help())
}
