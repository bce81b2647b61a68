//! The parts that all commands share: failures and exit codes, output, log lines, signals, threads.
//!
//! The core computes. The crates around it move bytes and wait. This crate is their access to the system: exit codes,
//! signals, threads, standard output and error, and the plan and the topology as files. It never computes with loads,
//! and it knows no command.
//!
//! Read [`Failure`] (how a command fails), then [`telemetry`] (every event by name), then [`read_plan`] and
//! [`read_topology`].

mod counts;
mod dead_share;
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
pub use dead_share::DeadShare;
pub use failure::Failure;
pub use indicatif::ProgressBar;
pub use log_lines::lost as log_lost;
pub use plan_file::{read_plan, read_plan_and_text};
pub use print::{print, width};
pub use progress::progress_bar;
pub use stop::{Stop, end_by_signal};
pub use terminal::TerminalWatch;
pub use threads::{cores, join, spawn};
pub use topology_file::{read_topology, read_topology_row, unfit};
