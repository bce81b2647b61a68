//! Broken input on the command line. Every mistake is reported with its place, its cause and what to do. The command
//! ends with the documented exit code, and leaves nothing behind that looks like a result.
#![expect(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

mod desk;

#[cfg(target_os = "linux")]
mod ended;
mod folders;
#[cfg(target_os = "linux")]
mod log;
mod output;
mod plans;
mod readings;
mod resend;
mod serve;

#[cfg(target_os = "linux")]
mod terminal;
mod topologies;
