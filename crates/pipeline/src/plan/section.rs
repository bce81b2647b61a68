//! A section whose keys are declared where they are used: in the file of a detector or of a channel.

use super::error::PlanError;
use detect::{SettingsError, Written};
use std::collections::BTreeMap;
use std::ops::Range;
use toml::{Spanned, Value};

/// The keys of a section. Every name and value knows its place, so that an error can point at it.
pub(super) type Section = BTreeMap<Spanned<String>, Spanned<Value>>;

/// Lets a section be read by the code that declares its keys.
pub(super) fn read<T>(
    section: &Spanned<Section>,
    by: impl FnOnce(&[(&str, Written<'_>)]) -> Result<T, SettingsError>,
) -> Result<T, PlanError> {
    let keys = section.get_ref().iter().map(|(key, value)| (key.get_ref().as_str(), written(value)));
    by(&keys.collect::<Vec<_>>()).map_err(|error| misread(&error, section))
}

fn written(value: &Spanned<Value>) -> Written<'_> {
    match value.get_ref() {
        Value::String(text) => Written::Text(text),
        Value::Integer(number) => Written::Whole(*number),
        other => Written::Other(other.type_str()),
    }
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
