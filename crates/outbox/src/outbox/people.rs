//! What a person does with a message.

use super::Outbox;
use crate::{MessageId, Moment, State};

impl Outbox {
    /// A person wants a message to be tried now, or again after it failed. False if there is none of this name, or if a
    /// gateway has it.
    pub fn retry_now(&mut self, now: Moment, id: &MessageId) -> bool {
        let Some(&number) = self.numbers.get(id) else { return false };
        let Some(entry) = self.entries.get_mut(&number) else { return false };
        match entry.state {
            State::Queued => {
                if self.ready.remove(entry) {
                    self.make_ready(number, now);
                    self.changed.insert(number);
                }
                true
            }
            State::Failed { .. } if entry.accepted < entry.parts => {
                self.over.remove(&(entry.changed.plus(self.settings.remember), number));
                (entry.state, entry.changed, entry.came, entry.tries) = (State::Queued, now, now, 0);
                entry.not_before = now;
                let line = entry.line.clone();
                let queue = self.lines.entry(line.clone()).or_default();
                // It lost its turn when it failed: others of its line may be on their way.
                queue.push_back(number);
                if queue.len() == 1 {
                    self.unstored.lines.push(line);
                }
                self.changed.insert(number);
                true
            }
            _ => false,
        }
    }

    /// A person does not want a message to be sent. False if there is none of this name, if it is over, or if it is on
    /// its way right now.
    pub fn drop_message(&mut self, now: Moment, id: &MessageId, by: &str) -> bool {
        let Some(&number) = self.numbers.get(id) else { return false };
        let is_queued = self.entries.get(&number).is_some_and(|entry| entry.state == State::Queued);
        if !is_queued || self.is_under_way(number) {
            return false;
        }
        self.fail(now, number, format!("dropped by {by}"));
        true
    }
}
