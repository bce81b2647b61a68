//! From which message of a topic each notice comes, until its messages are written.

use notify::Message;
use outbox::MessageId;
use std::collections::{BTreeMap, VecDeque};

/// So many notices are remembered. Those of a storm wait in few groups, and the first of a group names its message.
const MOST: usize = 65_536;

/// The traces of notices by their ids.
#[derive(Debug, Default)]
pub(super) struct Traces {
    of_notice: BTreeMap<String, String>,
    order: VecDeque<String>,
}

impl Traces {
    /// A notice came, with or without a trace.
    pub(super) fn came(&mut self, notice: &str, trace: Option<String>) {
        let Some(trace) = trace else { return };
        if self.of_notice.insert(notice.to_owned(), trace).is_none() {
            self.order.push_back(notice.to_owned());
        }
        if self.order.len() > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.of_notice.remove(&oldest);
        }
    }

    /// The trace of a message: that of the notice that it is named after, `CHANNEL.ROUTE.RECEIVER.NOTICE`.
    pub(super) fn of(&self, message: &Message) -> Option<(MessageId, String)> {
        let notice = message.id.splitn(4, '.').nth(3)?;
        // A reminder has its time at the end.
        let first = notice.rsplit_once(".again.").map_or(notice, |(first, _)| first);
        let trace = self.of_notice.get(notice).or_else(|| self.of_notice.get(first))?;
        Some((MessageId(message.id.clone()), trace.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify::Channel;
    use reading::EventTime;

    fn message(id: &str) -> Message {
        Message {
            channel: Channel::Webhook,
            id: id.to_owned(),
            to: Channel::Webhook.address("control").unwrap(),
            time: EventTime(0),
            area: None,
            case: None,
            more: 0,
            text: String::new(),
        }
    }

    #[test]
    fn a_message_has_the_trace_of_the_notice_that_names_it() {
        let mut traces = Traces::default();
        traces.came("outage.M1.began", Some("a".to_owned()));
        traces.came("outage.M2.began", None);
        let of = |id| traces.of(&message(id)).map(|(_, trace)| trace);
        assert_eq!(of("webhook.all.control.outage.M1.began").as_deref(), Some("a"));
        assert_eq!(of("webhook.all.control.outage.M1.began.again.20240105T104500Z").as_deref(), Some("a"));
        assert_eq!(of("digest.all.control.outage.M1.began").as_deref(), Some("a"));
        assert_eq!(of("webhook.all.control.outage.M2.began"), None);
        assert_eq!(of("answer.7"), None);
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let mut traces = Traces::default();
        for number in 0..=MOST {
            traces.came(&format!("n{number}"), Some(number.to_string()));
        }
        assert_eq!((traces.of_notice.len(), traces.order.len()), (MOST, MOST));
        assert!(!traces.of_notice.contains_key("n0"));
    }
}
