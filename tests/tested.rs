//! `gridwarden` once more, where the whole-system tests can find it.

use std::process::ExitCode;

fn main() -> ExitCode {
    gridwarden::main()
}
