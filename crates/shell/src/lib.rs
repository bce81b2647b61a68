//! What every command has in common, and nothing else: how it fails, what it prints and logs, which signals end it.
//!
//! The core computes; the crates around it move bytes and wait, and this one is where they meet the system: exit codes,
//! signals, threads, standard output and error, the plan and the topology as files. It never does arithmetic about
//! load, and it knows no command.
//!
//! Read [`Failure`] (what ends a command), then [`telemetry`] (every event by name), then [`read_plan`] and
//! [`read_topology`].

mod counts;
mod failure;
mod log_lines;
mod plan_file;
mod print;
mod progress;
mod stop;
pub mod telemetry;
mod terminal;
mod threads;
mod topology_file;
pub mod usage;

pub use counts::{count, grouped};
pub use failure::Failure;
pub use indicatif::ProgressBar;
pub use log_lines::lost as log_lost;
pub use plan_file::{read_plan, read_plan_and_text};
pub use print::print;
pub use progress::progress_bar;
pub use stop::{Stop, end_by_signal};
pub use terminal::TerminalWatch;
pub use threads::{cores, join, spawn};
pub use topology_file::{read_topology, read_topology_row, unfit};
