//! Which numbers were here: each counts once, and none counts after a later one.

use crate::refusal::Refusal;

/// The numbers of the messages that one side has heard of the other.
///
/// Only a number above all others is taken. The last 64 are remembered to count a message that was held back
/// ([`Refusal::Reordered`]) apart from one that was here ([`Refusal::Replayed`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    highest: u32,
    /// Bit `n` is set where `highest - n` was here.
    seen: u64,
}

impl Window {
    /// Nothing up to this number is taken any more. After a start nobody remembers which of them were here.
    pub const fn after(highest: u32) -> Self {
        Self { highest, seen: u64::MAX }
    }

    /// This number is the first that anybody heard.
    pub const fn first(number: u32) -> Self {
        Self { highest: number, seen: 1 }
    }

    /// The highest number that was here.
    pub fn highest(&self) -> u32 {
        self.highest
    }

    /// Takes a number, of a message whose tag is right.
    pub fn take(&mut self, number: u32) -> Result<(), Refusal> {
        if let Some(ahead) = number.checked_sub(self.highest).filter(|ahead| *ahead > 0) {
            self.seen = self.seen.checked_shl(ahead).unwrap_or(0) | 1;
            self.highest = number;
            return Ok(());
        }
        let bit = 1_u64.checked_shl(self.highest.saturating_sub(number)).unwrap_or(0);
        if bit == 0 || self.seen & bit != 0 {
            return Err(Refusal::Replayed);
        }
        // It was noticed now: the next time it counts as replayed.
        self.seen |= bit;
        Err(Refusal::Reordered)
    }
}
