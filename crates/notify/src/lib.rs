//! Who gets a message about an alert, and in which words: routes by area, short messages, a throttle for each phone.
//!
//! One SMS is one segment of the GSM alphabet, at most 160 characters, and [`SmsText`] cannot hold more. It states what
//! was measured and asks to check; it accuses nobody. Messages over a phone's allowance wait and go out later as one
//! digest. An alert that would repeat a message about the same meter is handed back: nothing is dropped silently.
//!
//! This crate never knows sockets, modems or one detector from another, and has no clock: the end of the tick is an
//! argument. An alert of an area without a phone is returned, not lost.
//!
//! Read [`Notifier::route`] first, then [`SmsText`].

mod notifier;
mod phone;
mod sms;
mod stored;
mod text;

pub use notifier::{Notifier, Routed, Sms, Throttle, ThrottleError};
pub use phone::{NotAPhone, Phone, RouteError, Routes};
pub use sms::{SmsText, TextError, septets};
pub use stored::NotifierState;

#[cfg(test)]
mod tests;
