//! Readings travel many at a time: a batch is decoded, then looked up, then admitted, each step for all of its
//! readings.

use crate::issue::Counts;
use crate::{Checked, Dictionary, EachPhase, EventCode, EventTime, MeterId, RawReading, Reading, Reason, id};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use units::Millivolts;

/// Where the name of a reading's meter stands in its batch, and the hash of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// [`id::hash`] of the name.
    pub hash: u64,
    /// Where the name starts in [`Batch::bytes`].
    pub at: u32,
    /// How long it is.
    pub len: u8,
}

/// A stretch of [`Batch::bytes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// The first byte.
    pub at: u32,
    /// How many.
    pub len: u32,
}

/// What few readings carry. It is kept beside the [`Reading`], so that the others stay within one cache line.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Extra {
    /// Tamper and other events, as they came.
    pub events: Vec<EventCode>,
    /// Whether the supply relay is on.
    pub relay: Option<bool>,
    /// Voltage on the load side of the meter.
    pub v_load: Option<Millivolts>,
    /// Three phases one by one.
    pub phases: Option<Box<EachPhase>>,
}

impl Extra {
    /// What a message carries, of which the check has believed `v_load` and `each`.
    pub(crate) fn of(raw: &RawReading, v_load: Option<Millivolts>, each: EachPhase) -> Option<Self> {
        let phases = (each != EachPhase::default()).then(|| Box::new(each));
        let carries = !raw.events.is_empty() || raw.relay.is_some() || v_load.is_some() || phases.is_some();
        carries.then(|| Self { events: raw.events.clone(), relay: raw.relay, v_load, phases })
    }
}

/// Bytes that became no reading, with the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeadLetter {
    /// Where the bytes stand in [`Batch::bytes`].
    pub span: Span,
    /// What was wrong.
    pub reason: Reason,
}

/// Where in a log something came from: item number `item` of the message at `offset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Origin {
    /// The place of the message in its log.
    pub offset: i64,
    /// Which of the lines, frames or rows of the message, from zero.
    pub item: u32,
}

/// When something arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Arrival {
    /// By the clock of the broker, if the source is a log with times.
    pub sent: Option<EventTime>,
    /// The time that enough meters had reached by then, or [`EventTime::MIN`] if it was not known yet.
    pub front: EventTime,
}

/// A message of a log, and the place in a [`Batch`] where its readings begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message {
    /// Its place in the log, and the number of its first item here.
    pub first: Origin,
    /// Its first byte in [`Batch::bytes`].
    pub byte: u32,
    /// The index of its first reading. Used only where the source was no text: text is found by its bytes.
    pub reading: u32,
    /// The index of its first dead letter, used likewise.
    pub dead: u32,
    /// When the broker took it, if the log has times.
    pub sent: Option<EventTime>,
}

/// Some readings of one partition, in the order in which they came.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// The bytes that spans and keys point into: the message itself if names stand in it, else names one after another.
    pub bytes: Vec<u8>,
    /// A key for each reading; empty where a dictionary names the meters.
    pub keys: Vec<Key>,
    /// An entry of the dictionary for each reading; empty where there is none.
    entries: Vec<u32>,
    dictionary: Option<Arc<Dictionary>>,
    /// The readings.
    pub readings: Vec<Reading>,
    /// Where each reading's message stands in `bytes`; empty where the source was no text (columns).
    pub spans: Vec<Span>,
    /// What few readings carry, by the index of the reading, ascending.
    pub extras: Vec<(u32, Extra)>,
    /// The bytes that became no reading.
    pub dead: Vec<DeadLetter>,
    /// The messages that brought it, if the source is a log.
    pub messages: Vec<Message>,
    /// When each reading arrived, if the batch is of readings that waited since; else empty.
    pub arrivals: Vec<Arrival>,
    /// How often each issue and each refusal was met.
    pub counts: Counts,
    reach: Reach,
}

/// From the earliest to the latest event time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Reach {
    earliest: EventTime,
    latest: EventTime,
}

impl Default for Reach {
    fn default() -> Self {
        Self { earliest: EventTime::MAX, latest: EventTime::MIN }
    }
}

impl Reach {
    #[inline]
    fn take(&mut self, time: EventTime) {
        self.earliest = self.earliest.min(time);
        self.latest = self.latest.max(time);
    }
}

impl Batch {
    /// How many readings it holds.
    pub fn len(&self) -> usize {
        self.readings.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.readings.is_empty()
    }

    /// A batch of bytes that are still to be decoded.
    pub fn of_bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: bytes.into(), ..Self::default() }
    }

    /// Empties it, keeping its memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.keys.clear();
        self.entries.clear();
        self.dictionary = None;
        self.readings.clear();
        self.spans.clear();
        self.extras.clear();
        self.dead.clear();
        self.messages.clear();
        self.arrivals.clear();
        self.counts = Counts::default();
        self.reach = Reach::default();
    }

    /// The name of the meter of reading `index`.
    #[inline]
    pub fn name(&self, index: usize) -> &[u8] {
        if let Some(dictionary) = &self.dictionary {
            return dictionary.name(self.entries[index]);
        }
        let key = self.keys[index];
        &self.bytes[key.at as usize..key.at as usize + key.len as usize]
    }

    /// The key of the meter of reading `index`: a place in [`Self::bytes`], or in those of the dictionary.
    #[inline]
    pub fn key(&self, index: usize) -> Key {
        match &self.dictionary {
            Some(dictionary) => dictionary.key(self.entries[index]),
            None => self.keys[index],
        }
    }

    /// The first reading from `from` on whose key is wanted.
    #[inline]
    pub fn find_key(&self, from: usize, wanted: impl Fn(Key) -> bool) -> Option<usize> {
        let found = match &self.dictionary {
            Some(dictionary) => self.entries[from..].iter().position(|&entry| wanted(dictionary.key(entry))),
            None => self.keys[from..].iter().position(|&key| wanted(key)),
        };
        found.map(|after| from + after)
    }

    /// The dictionary that names the meters, and the entry of each reading.
    #[inline]
    pub fn entries(&self) -> Option<(&Arc<Dictionary>, &[u32])> {
        self.dictionary.as_ref().map(|dictionary| (dictionary, &self.entries[..]))
    }

    /// Lets a dictionary name the meters of all readings. The batch must still be empty.
    pub fn name_by(&mut self, dictionary: &Arc<Dictionary>) {
        debug_assert!(self.is_empty(), "a batch names all of its meters in one way");
        self.dictionary = Some(Arc::clone(dictionary));
    }

    /// The meter of reading `index`.
    pub fn meter(&self, index: usize) -> MeterId {
        MeterId::new(self.name(index)).expect("names are checked when a reading is added")
    }

    /// What reading `index` carries beside its numbers, if it carries any such thing.
    pub fn extra(&self, index: u32) -> Option<&Extra> {
        let found = self.extras.binary_search_by_key(&index, |(at, _)| *at).ok()?;
        Some(&self.extras[found].1)
    }

    /// The bytes of a span.
    pub fn text(&self, span: Span) -> &[u8] {
        &self.bytes[span.at as usize..(span.at + span.len) as usize]
    }

    /// Adds a checked reading whose name already stands in `bytes` at `at`.
    pub fn push_named_at(&mut self, at: usize, meter: &MeterId, checked: Checked) {
        let name = meter.as_bytes();
        self.push_as(Key { hash: meter.hash(), at: at as u32, len: name.len() as u8 }, checked);
    }

    /// Adds a checked reading; its name is copied.
    pub fn push(&mut self, meter: &MeterId, checked: Checked) {
        let at = self.bytes.len();
        self.bytes.extend_from_slice(meter.as_bytes());
        self.push_named_at(at, meter, checked);
    }

    /// Adds a checked reading under the key of a name that stands in `bytes` already.
    #[inline]
    pub fn push_as(&mut self, key: Key, checked: Checked) {
        // The hash is trusted from here on: a wrong one would make a second meter of the same name.
        debug_assert_eq!(id::hash(self.text(Span { at: key.at, len: key.len.into() })), key.hash);
        self.keys.push(key);
        self.add(checked);
    }

    /// Adds a checked reading of the meter that an entry of the dictionary names.
    pub fn push_entry(&mut self, entry: u32, checked: Checked) {
        debug_assert!(self.dictionary.as_ref().is_some_and(|dictionary| dictionary.is_good(entry)));
        self.entries.push(entry);
        self.add(checked);
    }

    #[inline]
    fn add(&mut self, checked: Checked) {
        if !checked.issues.is_empty() {
            checked.issues.iter().for_each(|issue| self.counts.issue(issue));
        }
        if let Some(extra) = checked.extra {
            self.extras.push((self.readings.len() as u32, extra));
        }
        self.reach.take(checked.reading.time());
        self.readings.push(checked.reading);
    }

    /// Adds readings without any issue, each under its key.
    #[inline]
    pub fn extend_as(&mut self, keys: &[Key], readings: impl Iterator<Item = Reading>) {
        self.keys.extend_from_slice(keys);
        self.extend(readings);
        debug_assert_eq!(self.keys.len(), self.readings.len());
    }

    /// Adds readings without any issue, each under its entry of the dictionary.
    #[inline]
    pub fn extend_entries(&mut self, entries: &[u32], readings: impl Iterator<Item = Reading>) {
        self.entries.extend_from_slice(entries);
        self.extend(readings);
        debug_assert_eq!(self.entries.len(), self.readings.len());
    }

    #[inline]
    fn extend(&mut self, readings: impl Iterator<Item = Reading>) {
        let from = self.readings.len();
        self.readings.extend(readings);
        self.readings[from..].iter().for_each(|reading| self.reach.take(reading.time()));
    }

    /// Adds bytes that became no reading.
    pub fn bury(&mut self, span: Span, reason: Reason) {
        self.counts.reason(reason);
        self.dead.push(DeadLetter { span, reason });
    }

    /// Where reading `index` came from, if the source is a log.
    pub fn origin(&self, index: usize) -> Option<Origin> {
        let Some(&span) = self.spans.get(index) else {
            let (message, _) = self.message_at(|message| message.reading as usize <= index)?;
            return Some(Origin {
                item: message.first.item + index as u32 - message.reading,
                ..message.first
            });
        };
        self.origin_at(span)
    }

    /// When the broker took the message of a reading, if the source is a log with times.
    pub fn sent(&self, index: usize) -> Option<EventTime> {
        let (message, _) = match self.spans.get(index) {
            Some(span) => self.message_at(|message| message.byte <= span.at)?,
            None => self.message_at(|message| message.reading as usize <= index)?,
        };
        message.sent
    }

    /// The same for readings whose indices ascend: it looks up no message twice.
    pub fn sent_in_order(&self) -> impl FnMut(usize) -> Option<EventTime> {
        let mut after = 0;
        move |index| {
            let is_before = |message: &Message| match self.spans.get(index) {
                Some(span) => message.byte <= span.at,
                None => message.reading as usize <= index,
            };
            while self.messages.get(after).is_some_and(is_before) {
                after += 1;
            }
            self.messages.get(after.checked_sub(1)?)?.sent
        }
    }

    /// Where dead letter `index` came from, if the source is a log.
    pub fn origin_of_dead(&self, index: usize) -> Option<Origin> {
        if !self.spans.is_empty() || self.readings.is_empty() {
            return self.origin_at(self.dead.get(index)?.span);
        }
        // Columns keep no spans, so the place within the message is not known: its readings are numbered first, then
        // its dead letters.
        let (message, next) = self.message_at(|message| message.dead as usize <= index)?;
        let readings = next.map_or(self.len(), |next| next.reading as usize) as u32 - message.reading;
        let item = message.first.item + readings + index as u32 - message.dead;
        Some(Origin { item, ..message.first })
    }

    /// Counts what stands in the bytes before the span: lines and frames stand there in their order, as readings or as
    /// dead letters.
    fn origin_at(&self, span: Span) -> Option<Origin> {
        let (message, _) = self.message_at(|message| message.byte <= span.at)?;
        let before = |at: u32| {
            let readings = self.spans.partition_point(|span| span.at < at);
            readings + self.dead.partition_point(|letter| letter.span.at < at)
        };
        let item = message.first.item + (before(span.at) - before(message.byte)) as u32;
        Some(Origin { item, ..message.first })
    }

    fn message_at(&self, is_before: impl Fn(&Message) -> bool) -> Option<(&Message, Option<&Message>)> {
        let after = self.messages.partition_point(is_before);
        Some((self.messages.get(after.checked_sub(1)?)?, self.messages.get(after)))
    }

    /// The earliest and the latest event time of its readings.
    pub fn reach(&self) -> Option<(EventTime, EventTime)> {
        (!self.is_empty()).then_some((self.reach.earliest, self.reach.latest))
    }
}
