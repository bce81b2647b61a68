//! `--only`: a run that writes some outputs of its plan and leaves out the others.

use columns::outputs::{ALL, About, NotPlanned, Planned, names};
use pipeline::Plan;
use shell::Failure;

/// A name that `--only` takes. It stands for one output or for several that belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Only(&'static str);

impl Only {
    /// All names.
    pub fn all() -> impl Iterator<Item = Self> {
        names().into_iter().map(Self)
    }

    /// The name.
    pub fn name(self) -> &'static str {
        self.0
    }

    /// The names of the outputs that it stands for.
    pub fn outputs(self) -> impl Iterator<Item = &'static str> {
        let named = move |about: &About| about.only == self.0;
        ALL.iter().map(|(_, about)| about).filter(move |about| named(about)).map(About::name)
    }
}

/// The outputs to write. If none is named, these are all outputs of the plan.
///
/// Sections of the plan that only the other outputs need are removed from it, so that nothing is computed in vain.
pub(super) fn planned(plan: &mut Plan, only: &[Only]) -> Result<Planned, Failure> {
    if only.is_empty() {
        return Ok(Planned::of(plan));
    }
    let names: Vec<&str> = only.iter().map(|only| only.0).collect();
    Planned::only(plan, &names).map_err(|missing| {
        let NotPlanned { name, section } = &missing;
        Failure::wrong(
            missing.to_string(),
            format!("add {section} to the plan, as in pipelines/demo.toml, or leave {name} out"),
        )
    })
}
