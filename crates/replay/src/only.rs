//! Some outputs of a plan, and not the others.

use columns::outputs::{ALL, About, NotPlanned, Planned, names};
use pipeline::Plan;
use shell::Failure;

/// The name of outputs that `--only` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Only(&'static str);

impl Only {
    /// All of them.
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

/// The outputs to write; all of the plan if none is named. What only others need is taken out of the plan, so that it
/// is not worked out either.
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
