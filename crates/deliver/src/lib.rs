//! Messages on their way out: the outbox on disk, the wires to gateways, and the courier that joins them.
//!
//! The [`Courier`] owns the [`outbox::Outbox`] and its [`Store`]. In one loop it takes what gateways say, stores what
//! changed in one transaction, and only then submits what is next and confirms receipts. So a process that is killed at
//! any moment loses no message, and sends twice at most a window of what it had no stored answer for.
//!
//! [`smpp`] is SMPP 3.4 as a transceiver. Its codec is written here, because a client needs six of its messages; the
//! crates that exist bring an async runtime and a resolver, and keep a window of their own beside ours. The other wires
//! answer each message on its own: [`http`] for providers of SMS, [`modem`] for a GSM modem, [`smtp`] for e-mails,
//! [`webhook`] for signed JSON, [`topic`] and [`mod@file`] for programs that read those.
//!
//! This crate never knows detectors, cases or routes, and logs nothing: it hands out facts. Secrets are never shown.
//!
//! What people decided is in the same file: [`people`], and what phones sent: [`inbox`].
//!
//! Read [`courier`] first, then [`store`], then [`gateway`] and the wires, then [`plan`].

pub mod ask;
mod calls;
mod clock;
pub mod courier;
pub mod file;
pub mod gateway;
pub mod http;
pub mod inbound;
pub mod inbox;
mod lines;
pub mod modem;
pub mod people;
pub mod plan;
pub mod registration;
pub mod secret;
pub mod smpp;
pub mod smtp;
pub mod store;
pub mod topic;
pub mod webhook;

pub use courier::{Courier, CourierError, Happened, Waker};
pub use gateway::{Caller, Gateway, Problem, Wire, is_for_program, masked_address};
pub use inbound::Inbound;
pub use lines::{Lines, read_message, read_messages};
pub use people::People;
pub use registration::Registration;
pub use secret::{Secret, SecretError, SecretSource};
pub use store::{Beside, Changed, Kept, Store, StoreError};
