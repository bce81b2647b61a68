//! What of an outbox is stored, and what goes on only then: a message that left before could leave twice after a crash.

use super::Outbox;
use crate::{Entry, MessageId, Moment, Settings, SettingsError, State};

/// Why stored entries make no outbox.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// Settings that do not go together.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Two entries of one name or number.
    #[error("message {id} is stored twice")]
    Twice {
        /// Its name.
        id: MessageId,
    },
}

/// What goes on once some changes are stored.
#[derive(Debug, Clone, Default)]
pub(super) struct Kept {
    /// Each answer still has its place in the window of its gateway.
    pub(super) answers: Vec<u16>,
    /// The first message of each of these lines may go. Before, a crash could send one that had its turn after it.
    pub(super) lines: Vec<String>,
}

impl Outbox {
    /// Goes on with what was stored. What was in flight may have arrived; it is submitted again.
    pub fn restore(
        settings: Settings,
        now: Moment,
        entries: impl IntoIterator<Item = Entry>,
    ) -> Result<Self, RestoreError> {
        let remember = settings.remember;
        let mut outbox = Self::new(settings, now)?;
        let mut sorted: Vec<Entry> = entries.into_iter().collect();
        sorted.sort_by_key(|entry| entry.number);
        for entry in sorted {
            let number = entry.number;
            if outbox.numbers.insert(entry.id.clone(), number).is_some()
                || outbox.entries.contains_key(&number)
            {
                return Err(RestoreError::Twice { id: entry.id });
            }
            outbox.next_number = number + 1;
            for (gateway, remote, has_arrived) in &entry.receipts {
                if !has_arrived && entry.state != State::Delivered {
                    outbox.awaited.insert((*gateway, remote.clone()), number);
                }
            }
            if entry.state.is_over() {
                outbox.over.insert((entry.changed.plus(remember), number));
            } else {
                let line = outbox.lines.entry(entry.line.clone()).or_default();
                if line.is_empty() {
                    outbox.ready.insert(&entry);
                }
                line.push_back(number);
            }
            outbox.entries.insert(number, entry);
        }
        Ok(outbox)
    }

    /// The entries that changed since the last call, and the names that may be deleted. Nothing is submitted before it is
    /// stored: report that with [`Self::stored`].
    pub fn take_changed(&mut self) -> (Vec<Entry>, Vec<MessageId>) {
        let Kept { answers, lines } = std::mem::take(&mut self.unstored);
        self.storing.answers.extend(answers);
        self.storing.lines.extend(lines);
        let changed = std::mem::take(&mut self.changed);
        let entries = changed.into_iter().filter_map(|number| self.entries.get(&number).cloned()).collect();
        (entries, std::mem::take(&mut self.forgotten))
    }

    /// All changes that were taken are stored. Only now the places of their answers in the windows are free, and the
    /// next messages of their lines may go: a crash before would send the former ones again.
    pub fn stored(&mut self) {
        let Kept { answers, lines } = std::mem::take(&mut self.storing);
        for gateway in answers {
            self.gateways[usize::from(gateway)].in_flight -= 1;
        }
        for line in lines {
            let first = self.lines.get(&line).and_then(|queue| queue.front()).copied();
            // It may be on its way already, if it is the same that it was.
            if let Some(number) = first.filter(|number| !self.is_under_way(*number)) {
                self.make_ready(number, self.entries[&number].not_before);
            }
        }
    }
}
