//! The sections `[detectors.NAME]` as written. Each detector declares its keys in its own file.

use super::error::PlanError;
use super::section::{self, Section};
use detect::{Detector, DetectorRules, nearest};
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

/// The sections by name, each with its keys.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct DetectorsToml(BTreeMap<Spanned<String>, Spanned<Section>>);

impl DetectorsToml {
    pub(super) fn check(&self) -> Result<DetectorRules, PlanError> {
        let mut rules = DetectorRules::NONE;
        for (name, section) in &self.0 {
            let detector = Detector::parse(name.get_ref()).ok_or_else(|| unknown(name))?;
            section::read(section, |keys| rules.read(detector, keys))?;
        }
        Ok(rules)
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
