//! Reading a plan.

use crate::Failure;
use pipeline::Plan;
use std::path::Path;

/// Reads and checks a plan.
pub fn read_plan(path: &Path) -> Result<Plan, Failure> {
    read_plan_and_text(path).map(|(plan, _)| plan)
}

/// The same, with the text: the shell reads its own sections from it.
pub fn read_plan_and_text(path: &Path) -> Result<(Plan, String), Failure> {
    let text = std::fs::read_to_string(path).map_err(|cause| {
        Failure::failed(format!("cannot read the plan {}", path.display()), &cause)
            .help(Some("plans that come with Gridwarden are in pipelines/".to_owned()))
            .as_wrong()
    })?;
    match Plan::read(&text) {
        Ok(plan) => Ok((plan, text)),
        Err(error) => Err(Failure::plan(&error, path, &text)),
    }
}
