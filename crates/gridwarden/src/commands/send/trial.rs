//! `gridwarden send --test RECEIVER`: one marked message to a receiver of the plan, with each step, for the person who sets
//! it up. It has an outbox of its own in memory, so that nothing else goes out and a sender may run meanwhile.

use super::{failed, with_causes};
use crate::cli;
use deliver::gateway::{SMS, way_of};
use deliver::smpp::parts_of;
use deliver::{Courier, Gateway, Happened, Store, is_for_program};
use notify::DeskRules;
use notify::desk::{Receiver, Whom};
use outbox::{Entry, MessageId, New, Settings, State};
use pipeline::Plan;
use reading::EventTime;
use shell::{Failure, Stop, count, print};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A message that no gateway accepts within this is a failed test.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sends it.
pub(super) fn run(
    args: &cli::Send,
    name: &str,
    path: &Path,
    plan: &Plan,
    gateways: Vec<Gateway>,
) -> Result<(), Failure> {
    let stop = Stop::on_signals()?;
    let message = message(name, path, plan)?;
    let names: Vec<String> = gateways.iter().map(|gateway| gateway.name.clone()).collect();
    let serving: Vec<&str> = gateways
        .iter()
        .filter(|gateway| gateway.way() == message.way)
        .map(|gateway| gateway.name.as_str())
        .collect();
    if serving.is_empty() {
        let problem = format!("receiver `{name}` cannot be reached: no gateway serves `{}`", message.way);
        return Err(Failure::wrong(problem, "gridwarden check PLAN shows what is missing"));
    }
    print(&format!(
        "to {}, in {}, over {}\n",
        deliver::masked_address(&message.way, &message.line),
        count(u64::from(message.parts), "part"),
        serving.join(", then ")
    ))?;
    let store = Store::in_memory().map_err(|error| Failure::of(&error))?;
    let mut courier = Courier::start(store, Settings::usual([SMS]), gateways).map_err(failed)?;
    let id = message.id.clone();
    courier.put(vec![message]).map_err(failed)?;
    follow(&mut courier, args, &names, &id, &stop)
}

/// Prints each step until there is no next one.
#[expect(clippy::disallowed_methods, reason = "a person waits by the wall's clock")]
fn follow(
    courier: &mut Courier,
    args: &cli::Send,
    names: &[String],
    id: &MessageId,
    stop: &Stop,
) -> Result<(), Failure> {
    let (mut before, begun) = (None::<Entry>, Instant::now());
    let mut accepted = None::<Instant>;
    while !stop.is_asked() {
        for happened in courier.turn().map_err(failed)? {
            match happened {
                Happened::Connected { gateway } => {
                    print(&format!("{}: connected\n", names[usize::from(gateway)]))?;
                }
                Happened::Disconnected { gateway, problem } => {
                    print(&format!("{}: {}\n", names[usize::from(gateway)], with_causes(&problem)))?;
                }
                Happened::CameIn { .. } => {}
            }
        }
        let now = courier.entries().find(|entry| entry.id == *id).expect("it was put there").clone();
        steps(before.as_ref(), &now, names)?;
        match &now.state {
            State::Delivered => return Ok(()),
            State::Failed { reason } => {
                return Err(Failure::failed_with_help(
                    format!("the message failed: {reason}"),
                    "gridwarden check PLAN shows the address and the gateway",
                ));
            }
            State::Sent
                if accepted.get_or_insert_with(Instant::now).elapsed() >= Duration::from_secs(args.wait) =>
            {
                return print("no receipt came; the gateway has the message\n");
            }
            State::Queued if begun.elapsed() >= PATIENCE => {
                let why = now.last_problem.unwrap_or_else(|| "no gateway is connected".to_owned());
                return Err(Failure::failed_with_help(
                    format!("no gateway accepted the message: {why}"),
                    "what each gateway said stands above",
                ));
            }
            State::Sent | State::Queued => before = Some(now),
        }
    }
    Err(Failure::stopped(stop.signal().unwrap_or_default(), "the message may not have gone out"))
}

/// What is new of a message.
fn steps(before: Option<&Entry>, now: &Entry, names: &[String]) -> Result<(), Failure> {
    let (tries, receipts) = before.map_or((0, 0), |before| (before.tries, before.receipts.len()));
    if now.tries > tries {
        print(&format!("not accepted: {}\n", now.last_problem.as_deref().unwrap_or("no answer")))?;
    }
    for (gateway, remote, _) in now.receipts.iter().skip(receipts) {
        print(&format!("{}: accepted as `{remote}`\n", names[usize::from(*gateway)]))?;
    }
    if now.state == State::Delivered {
        print("delivered\n")?;
    }
    Ok(())
}

/// The message to the receiver of this name.
fn message(name: &str, path: &Path, plan: &Plan) -> Result<New, Failure> {
    let receivers = plan.desk.as_ref().map(DeskRules::receivers).unwrap_or_default();
    let Some(receiver) = receivers.iter().find(|receiver| receiver.name == name) else {
        let known: Vec<&str> = receivers.iter().map(|receiver| receiver.name.as_str()).collect();
        let problem = format!("the plan {} has no receiver `{name}`", path.display());
        let help = match &known[..] {
            [] => "add `[[receiver]]` and `[[route]]` as in pipelines/routes.toml".to_owned(),
            known => format!("it has `{}`", known.join("`, `")),
        };
        return Err(Failure::wrong(problem, help));
    };
    let now = now();
    let to = address(receiver, now, plan)?;
    let id = format!("test.{name}.{now}");
    let text = format!("Test of Gridwarden to {name}, {now}. Nothing is to be done.");
    let channel = receiver.channel.name();
    let body = if is_for_program(channel) {
        format!("{{\"id\":\"{id}\",\"to\":\"{to}\",\"time\":\"{now}\",\"test\":true,\"text\":\"{text}\"}}")
    } else {
        text
    };
    let parts = if channel == SMS { parts_of(&body) } else { 1 };
    Ok(New { id: MessageId(id), way: way_of(channel, &to), line: to, text: body, parts })
}

fn address(receiver: &Receiver, now: EventTime, plan: &Plan) -> Result<String, Failure> {
    if let Some(address) = receiver.whom.address_at(now, &plan.calendar) {
        return Ok(address.to_string());
    }
    let name = &receiver.name;
    Err(match &receiver.whom {
        Whom::Reader | Whom::Consumer => Failure::wrong(
            format!("receiver `{name}` is somebody else for each meter"),
            "add a receiver of the same channel with `to` set to your own address, and test that one",
        ),
        Whom::One(_) | Whom::Rota(_) => Failure::wrong(
            format!("nobody of the rota of receiver `{name}` is on duty now"),
            "test it while somebody is",
        ),
    })
}

#[expect(clippy::disallowed_methods, reason = "a person tests now")]
fn now() -> EventTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    EventTime(i64::try_from(since.as_secs()).unwrap_or_default() * 1_000)
}
