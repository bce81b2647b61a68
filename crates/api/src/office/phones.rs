//! What phones sent, and its answers. Each message is answered once, people that nobody knows are not, and nobody gets more
//! answers than the plan allows.

use super::{Office, OfficeError};
use crate::board::Board;
use crate::clock::now;
use crate::directory::{Person, Who, digits};
use crate::http::Visible;
use deliver::inbox::{Came, Done};
use deliver::plan::Answers;
use deliver::smpp::parts_of;
use deliver::{Beside, gateway};
use notify::answers::{Answer, Command};
use outbox::{MessageId, Moment, New, State};
use reading::time::{DAY, HOUR};

/// Gateways hand over a message again if they did not hear that it came.
const SAME_WITHIN: i64 = 60_000;
/// So many are looked at before messages have their turn.
const MOST_AT_ONCE: usize = 64;
/// A consumer hears of so many meters at once, and a person on duty of so many names.
const MOST_NAMED: usize = 3;

/// What became of messages of phones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    answered: u64,
    unknown: u64,
    repeated: u64,
    limited: u64,
}

impl Heard {
    pub(crate) fn each(self) -> [(&'static str, u64); 4] {
        [
            ("answered", self.answered),
            ("unknown", self.unknown),
            ("repeated", self.repeated),
            ("limited", self.limited),
        ]
    }
}

impl Office {
    /// Answers what phones sent.
    pub(super) fn answer(&mut self) -> Result<(), OfficeError> {
        let Some(limits) = self.answers else { return Ok(()) };
        // What goes on is not known yet.
        if !self.is_whole() || self.courier.room() < MOST_AT_ONCE {
            return Ok(());
        }
        for came in self.courier.store().unread(MOST_AT_ONCE)? {
            self.answer_one(&came, limits)?;
        }
        Ok(())
    }

    fn answer_one(&mut self, came: &Came, limits: Answers) -> Result<(), OfficeError> {
        let time = Moment(now().0);
        let mut done = Done { came: vec![(came.number, false)], stops: vec![] };
        let Some(person) = self.directory.find(&came.from).cloned() else {
            self.heard_of_phones.unknown += 1;
            return self.close(vec![], done);
        };
        let before = self.courier.store().answered(&came.from, time.plus(-DAY))?;
        let is_same = |one: &Came| one.text == came.text && came.time.since(one.time) < SAME_WITHIN;
        if before.iter().any(is_same) {
            self.heard_of_phones.repeated += 1;
            return self.close(vec![], done);
        }
        let command = Command::parse(&came.text);
        let answers = match (&person.who, command) {
            (Who::Consumer(_), Command::Stop) => {
                self.stop(&person, &mut done)?;
                vec![Answer::Stopped]
            }
            (Who::Consumer(_), Command::Start) => {
                done.stops.push((digits(&person.phone), false));
                self.stopped.remove(&digits(&person.phone));
                vec![Answer::Started]
            }
            (Who::Consumer(meters), Command::Balance) => {
                let of = |meter: &String| Answer::NoBalance { meter: meter.clone() };
                meters.iter().take(MOST_NAMED).map(of).collect()
            }
            (Who::Consumer(meters), Command::Use) => {
                let board = self.post.board();
                meters.iter().take(MOST_NAMED).map(|meter| used(&board, meter)).collect()
            }
            (Who::Consumer(_), _) => vec![Answer::Help],
            (_, Command::Stop) => vec![Answer::OnDuty],
            (_, Command::Acknowledge(what)) if !what.is_empty() => vec![self.take_care(&person, &what)?],
            _ => vec![Answer::HelpOnDuty],
        };
        let of_last_hour = before.iter().filter(|one| time.since(one.time) < HOUR).count();
        if of_last_hour >= limits.per_hour as usize || before.len() >= limits.per_day as usize {
            // What was asked for is done all the same.
            self.heard_of_phones.limited += 1;
            return self.close(vec![], done);
        }
        self.heard_of_phones.answered += 1;
        done.came = vec![(came.number, true)];
        // One SMS a meter: what is registered with the operators has room for one.
        let messages = answers.iter().enumerate().map(|(place, answer)| {
            let text = answer.text(&person.language, &self.calendar);
            let id = match place {
                0 => format!("answer.{}", came.number),
                place => format!("answer.{}.{}", came.number, place + 1),
            };
            let (way, line) = (gateway::SMS.to_owned(), person.phone.clone());
            New { id: MessageId(id), way, line, parts: parts_of(&text), text }
        });
        let messages = messages.collect();
        self.close(messages, done)
    }

    fn close(&mut self, messages: Vec<New>, done: Done) -> Result<(), OfficeError> {
        self.courier.put_with(messages, &Beside { done, ..Beside::default() })?;
        Ok(())
    }

    /// Nothing more goes to the phone of a consumer, what waits for it neither.
    fn stop(&mut self, person: &Person, done: &mut Done) -> Result<(), OfficeError> {
        let phone = digits(&person.phone);
        let waits = self.courier.entries().filter(|one| {
            one.state == State::Queued && one.way == gateway::SMS && digits(&one.line) == phone
        });
        let waits: Vec<MessageId> = waits.map(|one| one.id.clone()).collect();
        for id in waits {
            // One that is under way arrives.
            self.courier.drop_message(&id, "the consumer, by STOP")?;
        }
        done.stops.push((phone.clone(), true));
        self.stopped.insert(phone);
        Ok(())
    }

    /// Whether the consumer wants no SMS.
    pub(super) fn wants_none(&self, phone: &str) -> bool {
        self.stopped.contains(&digits(phone))
            && self.directory.find(phone).is_none_or(|person| matches!(person.who, Who::Consumer(_)))
    }

    fn take_care(&mut self, person: &Person, what: &str) -> Result<Answer, OfficeError> {
        let found = self.post.board().called(what, |area| person.may_know(area));
        let [(episode, area)] = &found[..] else {
            let names: Vec<String> = found.into_iter().map(|(episode, _)| episode).take(MOST_NAMED).collect();
            return Ok(if names.is_empty() {
                // It comes from outside, and goes back into an SMS.
                Answer::NothingGoesOn { what: what.chars().take(64).collect() }
            } else {
                Answer::Several { names }
            });
        };
        let (name, what) = (person.name(), episode.clone());
        let who = format!("phone {}", gateway::masked_address(gateway::SMS, &person.phone));
        let is_new = self.people.acknowledge(episode, &name, "by SMS", &who)?;
        if is_new {
            self.post.feed.push(
                "ack",
                serde_json::json!({ "id": episode }).to_string(),
                Visible(area.clone()),
            );
        }
        let by = self.people.ack(episode)?.map(|ack| ack.author).unwrap_or_default();
        Ok(if by == name { Answer::Acknowledged { what } } else { Answer::Taken { what, by } })
    }
}

fn used(board: &Board, meter: &str) -> Answer {
    let meter = meter.to_owned();
    match board.use_of(&meter) {
        Some((wh, from, to)) => Answer::Used { meter, wh, from, to },
        None => Answer::NoUse { meter },
    }
}
