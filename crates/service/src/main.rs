//! `gridwarden`: see [`service`].

use std::process::ExitCode;

fn main() -> ExitCode {
    service::main()
}
