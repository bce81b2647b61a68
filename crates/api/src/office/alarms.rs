//! How many alarms people get, how long they stand, and how soon somebody takes care: what EEMUA 191 asks of any plant.

use notify::desk::{Kind, Phase, Receiver, Scope, Whom};
use notify::{Message, Notice};
use reading::EventTime;
use reading::time::{DAY, MINUTE};
use std::collections::{BTreeMap, VecDeque};

/// EEMUA 191 counts alarms of an operator in ten minutes.
const WINDOW: i64 = 10 * MINUTE;
/// An alarm that stands for longer is stale (EEMUA 191; ISA-18.2).
const STALE: i64 = DAY;
/// So many alarms of one thing in a day are chatter. The standard says three in a minute, of signals that are read each
/// second; ours come once an interval.
const CHATTER: usize = 3;
/// So many of the last acknowledgements have their median taken.
const LAST: usize = 1_000;

/// Messages of a receiver.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct OfReceiver {
    pub(crate) total: u64,
    pub(crate) last_ten_minutes: u64,
}

/// The figures.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct AlarmFigures {
    pub(crate) by_receiver: BTreeMap<String, OfReceiver>,
    pub(crate) standing: u64,
    pub(crate) stale: u64,
    pub(crate) unacknowledged: u64,
    pub(crate) chattering: u64,
    pub(crate) acknowledged: u64,
    pub(crate) median_seconds: Option<f64>,
}

/// What is counted.
#[derive(Debug, Default)]
pub(crate) struct Alarms {
    /// The messages of each receiver on duty: how many, and when those of the last ten minutes were.
    messages: BTreeMap<String, (u64, VecDeque<EventTime>)>,
    /// Since when what goes on does, and whether somebody takes care.
    standing: BTreeMap<String, (EventTime, bool)>,
    /// The same as it was, while all notices come anew.
    before: BTreeMap<String, (EventTime, bool)>,
    /// When alarms of one kind and thing began, in the last day.
    begins: BTreeMap<(Kind, Scope), VecDeque<EventTime>>,
    /// How long the last ones took until somebody took care, ms.
    waits: VecDeque<i64>,
    acknowledged: u64,
}

impl Alarms {
    /// Counts from zero for each receiver that is on duty: one address or a rota, no meter reader and no consumer.
    pub(crate) fn of<'a>(receivers: impl IntoIterator<Item = &'a Receiver>) -> Self {
        let on_duty = receivers.into_iter().filter(|one| matches!(one.whom, Whom::One(_) | Whom::Rota(_)));
        let messages = on_duty.map(|one| (one.name.clone(), Default::default())).collect();
        Self { messages, ..Self::default() }
    }

    /// A message goes out. Its id has the receiver: `CHANNEL.ROUTE.RECEIVER.NOTICE`.
    pub(crate) fn sent(&mut self, now: EventTime, message: &Message) {
        let receiver = message.id.split('.').nth(2).unwrap_or_default();
        if let Some((total, times)) = self.messages.get_mut(receiver) {
            *total += 1;
            times.push_back(now);
        }
    }

    /// A notice came.
    pub(crate) fn came(&mut self, now: EventTime, notice: &Notice) {
        match notice.phase {
            Phase::Began => {
                let known = self.before.get(&notice.episode).copied().unwrap_or((notice.time, false));
                self.standing.entry(notice.episode.clone()).or_insert(known);
            }
            Phase::Ended | Phase::Withdrawn => drop(self.standing.remove(&notice.episode)),
            Phase::Once => {}
        }
        if matches!(notice.phase, Phase::Began | Phase::Once) && now.since(notice.time) < DAY {
            self.begins.entry((notice.kind, notice.scope)).or_default().push_back(notice.time);
        }
    }

    /// Somebody takes care of an episode since then.
    pub(crate) fn acknowledged(&mut self, episode: &str, since: EventTime) {
        let Some((began, is_taken)) = self.standing.get_mut(episode).filter(|(_, is_taken)| !*is_taken)
        else {
            return;
        };
        *is_taken = true;
        self.acknowledged += 1;
        self.waits.push_back(since.since(*began).max(0));
        if self.waits.len() > LAST {
            self.waits.pop_front();
        }
    }

    /// Only these episodes still have somebody who takes care.
    pub(crate) fn keep_acknowledged(&mut self, has_somebody: impl Fn(&str) -> bool) {
        for (episode, (_, is_taken)) in &mut self.standing {
            *is_taken = *is_taken && has_somebody(episode);
        }
    }

    /// All notices come anew. Who takes care of what is not forgotten.
    pub(crate) fn begin_anew(&mut self) {
        self.before = std::mem::take(&mut self.standing);
        self.begins.clear();
    }

    /// All have come.
    pub(crate) fn end_anew(&mut self) {
        self.before.clear();
    }

    /// The figures at this time.
    pub(crate) fn figures(&mut self, now: EventTime) -> AlarmFigures {
        for (_, times) in self.messages.values_mut() {
            while times.front().is_some_and(|time| now.since(*time) >= WINDOW) {
                times.pop_front();
            }
        }
        self.begins.retain(|_, times| {
            times.retain(|time| now.since(*time) < DAY);
            !times.is_empty()
        });
        let of = |(total, times): &(u64, VecDeque<EventTime>)| OfReceiver {
            total: *total,
            last_ten_minutes: times.len() as u64,
        };
        let mut waits: Vec<i64> = self.waits.iter().copied().collect();
        waits.sort_unstable();
        let middle = waits.get(waits.len() / 2).copied();
        let is_stale = |(began, _): &&(EventTime, bool)| now.since(*began) > STALE;
        AlarmFigures {
            by_receiver: self.messages.iter().map(|(name, one)| (name.clone(), of(one))).collect(),
            standing: self.standing.len() as u64,
            stale: self.standing.values().filter(is_stale).count() as u64,
            unacknowledged: self.standing.values().filter(|(_, is_taken)| !is_taken).count() as u64,
            chattering: self.begins.values().filter(|times| times.len() >= CHATTER).count() as u64,
            acknowledged: self.acknowledged,
            median_seconds: middle.map(|ms| ms as f64 / 1000.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::notice;
    use reading::time::HOUR;

    #[test]
    fn what_stands_for_a_day_is_stale_and_what_begins_three_times_chatters() {
        let mut alarms = Alarms::default();
        let at = |hours: i64| EventTime(hours * HOUR);
        for (place, hour) in [0, 30, 31].into_iter().enumerate() {
            alarms.came(at(hour), &notice(&format!("e{place}"), Phase::Began, hour * HOUR));
        }
        let figures = alarms.figures(at(32));
        assert_eq!((figures.standing, figures.stale, figures.chattering), (3, 1, 0));
        alarms.came(at(33), &notice("e3", Phase::Began, 33 * HOUR));
        alarms.came(at(33), &notice("e0", Phase::Ended, 33 * HOUR));
        let figures = alarms.figures(at(33));
        assert_eq!((figures.standing, figures.stale, figures.chattering), (3, 0, 1));
        assert_eq!(alarms.figures(at(60)).chattering, 0);
    }

    #[test]
    fn the_median_is_of_those_whom_somebody_takes_care_of() {
        let mut alarms = Alarms::default();
        for (place, wait) in [5, 1, 60].into_iter().enumerate() {
            let episode = format!("e{place}");
            alarms.came(EventTime(0), &notice(&episode, Phase::Began, 0));
            alarms.acknowledged(&episode, EventTime(wait * MINUTE));
            // Who came first takes care.
            alarms.acknowledged(&episode, EventTime(HOUR));
        }
        alarms.acknowledged("other", EventTime(0));
        let figures = alarms.figures(EventTime(HOUR));
        assert_eq!(
            (figures.acknowledged, figures.median_seconds, figures.unacknowledged),
            (3, Some(300.0), 0)
        );
        alarms.begin_anew();
        (0..3).for_each(|place| alarms.came(EventTime(0), &notice(&format!("e{place}"), Phase::Began, 0)));
        alarms.end_anew();
        assert_eq!(alarms.figures(EventTime(HOUR)).unacknowledged, 0);
        alarms.keep_acknowledged(|episode| episode != "e1");
        assert_eq!(alarms.figures(EventTime(HOUR)).unacknowledged, 1);
    }
}
