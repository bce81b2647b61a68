//! The settings of a town with a network: those of any town, and which kinds happen in it.

use super::kind::Kind;
use crate::{Settings, SettingsError};

/// The settings of a town with a low-voltage network.
#[derive(Debug, Clone, PartialEq)]
pub struct LvSettings {
    /// Size, time, faults, and the share of consumers with a theft. Its lookalikes and meters
    /// of feeders are those of another town.
    pub town: Settings,
    /// Share of consumers with an innocent cause.
    pub innocents: f64,
    /// The kinds that happen, thefts and innocent ones; each gets the same part of its share.
    pub kinds: Vec<Kind>,
    /// Whether meters err within their class. Without errors, registers balance but for rounding.
    pub meters_err: bool,
}

impl LvSettings {
    /// All kinds in such a town, and as many innocent causes as a usual town has thefts.
    pub fn usual(town: Settings) -> Self {
        Self { town, innocents: 0.02, kinds: Kind::ALL.to_vec(), meters_err: true }
    }

    /// Whether a town can be made of these settings.
    pub fn check(&self) -> Result<(), LvSettingsError> {
        self.town.check()?;
        if !(0.0..=1.0).contains(&self.innocents) {
            return Err(SettingsError::Share { name: "innocents", got: self.innocents }.into());
        }
        let lone = !self.kinds.is_empty() && self.kinds.iter().all(|kind| *kind == Kind::WrongTransformer);
        if lone && self.town.meters <= self.town.consumers_each() {
            return Err(LvSettingsError::OneTransformer);
        }
        Ok(())
    }
}

/// Why no town can be made of some settings.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LvSettingsError {
    /// What is wrong with any town.
    #[error(transparent)]
    Town(#[from] SettingsError),
    /// A wrong transformer where there is only one.
    #[error("`wrong-transformer` needs two transformers, found one")]
    OneTransformer,
}
