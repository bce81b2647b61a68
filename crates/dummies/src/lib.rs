//! Dummy meters: the firmware of the real one on this machine, each with a home of its own.
//!
//! A [`Dummy`] is `meter-app` on samples of `meter-synth`, with a flash in a file and a line over TCP. [`run`] boots as
//! many as are asked for, each with a thread, a title and a key, and shows them on the console.
//!
//! Nothing here computes with loads, and nothing decides what a meter does: that is the firmware's. Read `dummy`, then
//! `run`.

mod dummy;
mod flash;
mod home;
mod line;
mod modbus;
mod run;
mod store;

pub use dummy::{Dummy, Truth};
pub use flash::FileFlash;
pub use run::{Meters, run};

#[cfg(test)]
mod tests;
