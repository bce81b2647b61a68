//! The same program as `gridwarden`, in a package where the tests of the whole system can find it.

use std::process::ExitCode;

fn main() -> ExitCode {
    gridwarden::main()
}
