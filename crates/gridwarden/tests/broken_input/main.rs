//! Broken input through the command line: each mistake is told with its place, its cause and a way out, ends with the
//! documented code, and leaves nothing behind that looks like a result.
#![expect(clippy::unwrap_used, reason = "what a test cannot go on without has failed it")]

mod desk;

#[cfg(target_os = "linux")]
mod ended;
mod folders;
#[cfg(target_os = "linux")]
mod log;
mod plans;
mod readings;
mod said;
#[cfg(target_os = "linux")]
mod terminal;
mod topologies;
