//! How many messages went out, by channel.

use crate::{Channel, Message};

/// A number of messages for each channel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sent([u64; Channel::ALL.len()]);

impl Sent {
    /// Counts some messages.
    pub fn count(&mut self, messages: &[Message]) {
        messages.iter().for_each(|message| self.0[message.channel as usize] += 1);
    }

    /// Adds what was counted elsewhere.
    pub fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(own, theirs)| *own += theirs);
    }

    /// The number of a channel.
    pub fn of(&self, channel: Channel) -> u64 {
        self.0[channel as usize]
    }

    /// The number of each channel, in the order of the list.
    pub fn each(&self) -> impl Iterator<Item = (Channel, u64)> + use<> {
        Channel::ALL.iter().copied().zip(self.0)
    }

    /// `3 SMS`, with the numbers as `number` writes them; channels are joined by commas. Of the channels that nothing
    /// went out on, only SMS is named: most plans have no other.
    pub fn in_words(&self, number: impl Fn(u64) -> String) -> String {
        let each: Vec<String> = self
            .each()
            .filter(|(channel, sent)| *channel == Channel::Sms || *sent > 0)
            .map(|(channel, sent)| format!("{} {}", number(sent), channel.about().label))
            .collect();
        each.join(", ")
    }
}
