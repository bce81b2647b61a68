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
//! A [`Notifier`] is the short form: one channel, each case to the address of its area. A [`Desk`] is the long one:
//! receivers, routes, groups, silences, acknowledgements, escalation, in the words of [`words`]. What people may ask by
//! SMS, and what they hear then, is in [`answers`].
//!
//! Read [`Notifier::route`] first, then [`channels`] (how to add one is there), [`channels::sms`], and [`desk`].

pub mod answers;
pub mod channels;
pub mod desk;
mod notifier;
mod routes;
mod sent;
mod stored;
mod throttle;
pub mod words;

pub use channels::{About, Channel, ChannelRule};
pub use desk::{Desk, DeskRules, DeskState, Kind, Notice, Seen};
pub use notifier::{Held, Message, Notifier, Routed};
pub use routes::{Address, AddressColumn, RouteError, Routes};
pub use sent::Sent;
pub use stored::NotifierState;
pub use throttle::Throttle;

#[cfg(test)]
mod tests;
