//! The closed list of models that forecast a block from what is known.

use std::fmt;

/// A model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Model {
    /// The mean of the same time of day in the weeks before; it always runs.
    Seasonal,
    /// One linear system for a block, with a right-hand side for each step.
    Ridge,
    /// Trees for the median, boosted.
    Trees,
    /// The mean of ridge and trees.
    Mix,
    /// The weather of each year before, for horizons beyond a week without a forecast of the weather.
    Years,
}

impl Model {
    /// All of them, from the simplest on.
    pub const ALL: [Self; 5] = [Self::Seasonal, Self::Ridge, Self::Trees, Self::Mix, Self::Years];

    /// The name that options and files use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Seasonal => "seasonal",
            Self::Ridge => "ridge",
            Self::Trees => "trees",
            Self::Mix => "mix",
            Self::Years => "years",
        }
    }

    /// The model of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|model| model.name() == name)
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
