//! Who gets a message about an alert, when, and in which words: routes by area, channels, a throttle for each address.
//!
//! The list of channels is closed, and each is one file in `channels/`: its settings, its addresses, and how a message
//! is shaped. A message has what was measured and a request to check; it accuses no one. Messages over an address's
//! allowance wait and go out later as one digest. An alert that would repeat a message about the same meter is handed
//! back: nothing is dropped silently.
//!
//! This crate never knows sockets, modems or one detector from another, and has no clock: the end of the tick is an
//! argument. An alert of an area without an address is returned, not lost.
//!
//! Read [`Notifier::route`] first, then [`channels`] (how to add one is there), then [`channels::sms`].

pub mod channels;
mod notifier;
mod routes;
mod sent;
mod stored;
mod throttle;

pub use channels::{About, Channel, ChannelRule};
pub use notifier::{Held, Message, Notifier, Routed};
pub use routes::{Address, AddressColumn, RouteError, Routes};
pub use sent::Sent;
pub use stored::NotifierState;
pub use throttle::Throttle;

#[cfg(test)]
mod tests;
