//! Messages to a topic. Its client has its home elsewhere in the house, so this crate gets it as two functions.

use crate::Problem;
use crate::calls::Reply;
use outbox::{Answer, Submission};
use std::error::Error;
use std::fmt;
use std::time::Duration;

/// Why a message is not in the topic.
#[derive(Debug)]
pub enum NotPut {
    /// It was sent, and nobody knows whether it arrived.
    Unconfirmed(Box<dyn Error + Send + Sync>),
    /// The brokers refuse it.
    Refused(String),
}

type Reach = dyn Fn(Duration) -> Result<(), Box<dyn Error + Send + Sync>> + Send + Sync;
type Put = dyn Fn(&str, &str, Duration) -> Result<(), NotPut> + Send + Sync;

/// A topic, and how messages come there.
pub struct Topic {
    /// Its name.
    pub name: String,
    /// Whether it is there, and a broker answers.
    pub reach: Box<Reach>,
    /// Puts a value under a key. It has arrived when this returns.
    pub put: Box<Put>,
}

impl fmt::Debug for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "topic {}", self.name)
    }
}

impl Topic {
    fn unreachable(&self, source: Box<dyn Error + Send + Sync>) -> Problem {
        Problem::Topic { topic: self.name.clone(), source }
    }

    pub(crate) fn reach(&self, within: Duration) -> Result<(), Problem> {
        (self.reach)(within).map_err(|source| self.unreachable(source))
    }

    /// The key is the name of the message: who reads the topic can drop what comes twice, and so can compaction.
    pub(crate) fn send(&self, submission: &Submission, within: Duration) -> Reply {
        let id = &submission.id.0;
        match (self.put)(id, &submission.text, within) {
            Ok(()) => Reply::Arrived { remote: id.clone() },
            Err(NotPut::Unconfirmed(source)) => {
                Reply::Lost { reason: format!("not confirmed: {source}"), problem: self.unreachable(source) }
            }
            Err(NotPut::Refused(reason)) => Reply::Answer(Answer::NotNow { reason }),
        }
    }
}
