//! The closed list of channels: the ways on which a message reaches a person.
//!
//! To add one, write `channels/NAME.rs`, add its `mod` line and its row in the list below, and give it a section in the
//! plans that should use it. Its file holds:
//!
//! - `Rule`, made by [`detect::keys!`]: the keys of its section; `throttled!` says how many messages an address gets;
//! - `ABOUT`: what its messages and addresses are, in words, as data;
//! - `address`: the address, if a text is one;
//! - `Rule::routes`: who gets what, from the topology or from the settings, with every address checked;
//!   `to_one_address!` is the one of a section with a single address, and `to_a_program!` has all of a channel that
//!   programs read;
//! - `Rule::single` and `Rule::digest`: what a message says, within the limits of the medium.
//!
//! Everything else (plans, `gridwarden check`, throttle and digests, the output and its topic, stored state, counts,
//! the catalogue and the pages of the book) works from this list.

/// How many messages an address gets, by the keys of the section that every channel has.
macro_rules! throttled {
    () => {
        impl Rule {
            fn check(&self) -> Result<(), detect::SettingsError> {
                self.throttle().check()
            }

            pub(super) fn throttle(&self) -> crate::Throttle {
                crate::Throttle {
                    per_hour: self.per_hour,
                    per_day: self.per_day,
                    again_after: self.again_after.0,
                }
            }
        }
    };
}

/// A channel whose messages all go to the one address of its section, as the value of a key of this type.
macro_rules! to_one_address {
    ($Value:ident) => {
        impl Rule {
            pub(super) fn routes(
                &self,
                _topology: &grid::Topology,
            ) -> Result<crate::Routes, crate::RouteError> {
                Ok(crate::Routes::to_one(self.to.0.clone()))
            }
        }

        /// The address of the section.
        #[derive(Debug, Clone, PartialEq)]
        struct $Value(crate::Address);

        impl detect::Setting for $Value {
            fn read(key: &detect::Key, written: detect::Written<'_>) -> Result<Self, detect::SettingsError> {
                super::address_of_section(key, written, &ABOUT, address).map(Self)
            }

            fn shown(&self) -> String {
                self.0.to_string()
            }
        }
    };
}

#[macro_use]
mod program;
pub mod email;
pub mod file;
pub mod sms;
pub mod topic;
pub mod webhook;

use crate::{Address, Held, RouteError, Routes, Throttle};
use cases::{Alert, AlertId};
use core::fmt;
use detect::{Key, SettingsError, Written};
use grid::Topology;
use reading::Calendar;

/// Hands all channels to a macro, each as its name (its module, its section of a plan, its output and the key of its
/// topic) and its type. Other rows of a list may stand before and behind them.
#[macro_export]
macro_rules! each_channel {
    ($to:ident) => {
        $crate::each_channel! { $to {} {} }
    };
    ($to:ident {$($before:tt)*} {$($behind:tt)*}) => {
        $to! {
            $($before)*
            sms: Sms,
            email: Email,
            webhook: Webhook,
            topic: Topic,
            file: File,
            $($behind)*
        }
    };
}

/// What the messages and addresses of a channel are, in words.
#[derive(Debug, PartialEq, Eq)]
pub struct About {
    /// What one of its messages is, with its article.
    pub row: &'static str,
    /// What people call its messages, behind a number.
    pub label: &'static str,
    /// What an address is.
    pub to: &'static str,
    /// What a person should have written for an address.
    pub wanted: &'static str,
    /// An address as a person writes it.
    pub example: &'static str,
    /// Where the addresses come from.
    pub to_source: &'static str,
    /// What the text of a message holds.
    pub text: &'static str,
    /// What limits the text.
    pub text_source: &'static str,
    /// The name of its stored part. It never changes.
    pub part: &'static str,
}

macro_rules! channels {
    ($($module:ident: $Channel:ident,)*) => {
        /// The channels that exist.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "each has its words, as data")]
        pub enum Channel { $($Channel,)* }

        impl Channel {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$Channel,)*];

            /// Its name, which is also that of its section in a plan.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$Channel => stringify!($module),)* }
            }

            /// The file of its messages.
            pub const fn file(self) -> &'static str {
                match self { $(Self::$Channel => concat!(stringify!($module), ".ndjson"),)* }
            }

            /// What in a plan asks for it.
            pub const fn section(self) -> &'static str {
                match self { $(Self::$Channel => concat!("`[", stringify!($module), "]`"),)* }
            }

            /// What the ids of its messages are made of, in a sentence.
            pub const fn id_definition(self) -> &'static str {
                match self {
                    $(Self::$Channel => concat!(
                        "name of the message: `", stringify!($module),
                        ".` and that of the alert, or `digest.` (`digest.CHANNEL.` if it is not `sms`) and that of the first \
                         alert that waited",
                    ),)*
                }
            }

            /// What its messages and addresses are.
            pub const fn about(self) -> &'static About {
                match self { $(Self::$Channel => &$module::ABOUT,)* }
            }

            /// The address, if a text is one.
            pub fn address(self, text: &str) -> Option<Address> {
                match self { $(Self::$Channel => $module::address(text),)* }
            }

            /// The keys of its section in the plan.
            pub const fn keys(self) -> &'static [Key] {
                match self { $(Self::$Channel => $module::Rule::KEYS,)* }
            }
        }

        /// The settings of a channel.
        #[derive(Debug, Clone, PartialEq)]
        #[expect(missing_docs, reason = "one a channel")]
        pub enum ChannelRule { $($Channel($module::Rule),)* }

        impl ChannelRule {
            /// Reads the section of a channel.
            pub fn read(channel: Channel, section: &[(&str, Written<'_>)]) -> Result<Self, SettingsError> {
                match channel { $(Channel::$Channel => $module::Rule::read(section).map(Self::$Channel),)* }
            }

            /// Its keys with their values, as a plan would have them.
            pub fn shown(&self) -> Vec<(&'static str, String)> {
                match self { $(Self::$Channel(rule) => rule.shown(),)* }
            }

            /// Whose settings they are.
            pub fn channel(&self) -> Channel {
                match self { $(Self::$Channel(_) => Channel::$Channel,)* }
            }

            /// How many messages an address gets.
            pub fn throttle(&self) -> Throttle {
                match self { $(Self::$Channel(rule) => rule.throttle(),)* }
            }

            /// Who gets what.
            pub fn routes(&self, topology: &Topology) -> Result<Routes, RouteError> {
                match self { $(Self::$Channel(rule) => rule.routes(topology),)* }
            }

            /// What a message about one alert says.
            pub(crate) fn single(&self, alert: &Alert, calendar: &Calendar) -> String {
                match self { $(Self::$Channel(rule) => rule.single(alert, calendar),)* }
            }

            /// What a message about alerts that had to wait says: the first few by name, and how many more there are.
            /// Returns how many it names too.
            pub(crate) fn digest(&self, held: &[Held], more: u32) -> (String, usize) {
                match self { $(Self::$Channel(rule) => rule.digest(held, more),)* }
            }
        }
    };
}

each_channel!(channels);

/// The address that stands in the section of a channel.
fn address_of_section(
    key: &Key,
    written: Written<'_>,
    about: &About,
    address: fn(&str) -> Option<Address>,
) -> Result<Address, SettingsError> {
    let found = match written {
        Written::Text(text) => address(text),
        Written::Whole(_) | Written::Other(_) => None,
    };
    found.ok_or_else(|| SettingsError::Contradiction {
        key: key.name,
        problem: format!("`{}` must be {}, found {written}", key.name, about.wanted),
        help: format!("try `{} = \"{}\"`", key.name, about.example),
    })
}

impl Channel {
    /// The id of what had to wait. One outbox holds the messages of all channels, so the ids differ between channels; those
    /// of SMS are older than the other channels, and stay as they are.
    pub(crate) fn digest_id(self, first: &AlertId) -> String {
        match self {
            Self::Sms => format!("digest.{first}"),
            other => format!("digest.{other}.{first}"),
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
