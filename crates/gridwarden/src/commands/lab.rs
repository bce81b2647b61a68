//! `gridwarden lab`: hands over to `gridwarden-lab`, which is built apart because the engine needs none of it.

use crate::cli::Lab;
use shell::Failure;
use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

/// The program of the lab.
const PROGRAM: &str = "gridwarden-lab";

/// Becomes `gridwarden-lab`: the one beside this program, else the first on the PATH. Returns only if there is none.
pub fn run(lab: &Lab, quiet: bool) -> Result<(), Failure> {
    let beside = std::env::current_exe().ok().map(|program| program.with_file_name(PROGRAM));
    let program = beside.filter(|program| program.is_file()).unwrap_or_else(|| PathBuf::from(PROGRAM));
    let mut command = Command::new(&program);
    command.args(quiet.then_some("--quiet")).args(&lab.args);
    let cause = command.exec();
    Err(match cause.kind() {
        ErrorKind::NotFound => Failure::failed_with_help(
            format!("there is no `{PROGRAM}` beside this program or on the PATH"),
            "`cargo build --release -p lab` builds it in target/release; copy it beside gridwarden",
        ),
        _ => Failure::failed(format!("cannot run {}", program.display()), &cause),
    })
}
