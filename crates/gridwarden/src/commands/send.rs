//! `gridwarden send`: sends the messages of files over the gateways of a plan, from an outbox that survives anything.

pub(super) mod topics;
mod trial;

use crate::cli;
use deliver::plan::{GatewayPlan, OpenError};
use deliver::smpp::Smpp;
use deliver::{
    Courier, CourierError, Gateway, Happened, Inbound, Secret, SecretSource, Store, Wire, read_messages,
};
use outbox::{Put, Settings, State};
use pipeline::Plan;
use shell::{Failure, Stop, count, print, read_plan_and_text};
use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The password of the gateways, or the path of a file with it.
const PASSWORD: &str = "GRIDWARDEN_SMPP_PASSWORD";
const PASSWORD_FILE: &str = "GRIDWARDEN_SMPP_PASSWORD_FILE";
/// So many messages are stored together.
const BATCH: usize = 1_000;

/// Runs the command.
pub fn run(args: &cli::Send, quiet: bool) -> Result<(), Failure> {
    let gateways = match &args.plan {
        Some(path) => {
            // Read whole, so that a plan with a mistake elsewhere is no surprise later.
            let (plan, text) = read_plan_and_text(path)?;
            let gateways = of_plan(path, &plan, &text, None)?;
            if let Some(receiver) = &args.test {
                return trial::run(args, receiver, path, &plan, gateways);
            }
            gateways
        }
        None => of_arguments(args)?,
    };
    let outbox = args.outbox.as_deref().expect("it is required without a test");
    let stop = Stop::on_signals()?;
    let names: Vec<String> = gateways.iter().map(|gateway| gateway.name.clone()).collect();
    let ways: Vec<String> = gateways.iter().map(Gateway::way).collect();
    let settings = Settings { window: args.window, ..Settings::usual(&ways) };
    let store = Store::open(outbox).map_err(|error| Failure::of(&error))?;
    let mut courier = Courier::start(store, settings, gateways).map_err(failed)?;
    for file in &args.files {
        take(&mut courier, file)?;
    }
    check_ways(&courier, &ways)?;
    deliver(&mut courier, args, &names, &stop, quiet)?;
    report(&courier, outbox, &stop)
}

/// The gateways of a plan, with their secrets. `brokers` are those of topics, in place of the plan's.
pub(super) fn of_plan(
    path: &Path,
    plan: &Plan,
    text: &str,
    brokers: Option<&str>,
) -> Result<Vec<Gateway>, Failure> {
    let gateways = deliver::plan::read(text).map_err(|error| Failure::plan(&error, path, text))?;
    if gateways.is_empty() {
        let problem = format!("the plan {} has no `[[gateway]]`, so nothing can be sent", path.display());
        return Err(Failure::wrong(problem, "add one as in pipelines/routes.toml"));
    }
    let registry = plan.desk.as_ref().map(|rules| rules.templates().registry().clone()).unwrap_or_default();
    let open = |gateway: &GatewayPlan| {
        gateway.open(&registry, |topic| topics::client(path, text, brokers, topic).map_err(CannotOpen))
    };
    let answers = deliver::plan::answers(text).map_err(|error| Failure::plan(&error, path, text))?;
    // All that is missing at once: who sets a plan up has many secrets to hand over.
    let (mut opened, mut failures) = (Vec::new(), Vec::new());
    for gateway in &gateways {
        let missing = gateway.missing(answers.is_some());
        if !missing.is_empty() {
            failures.extend(missing.into_iter().map(|error| CannotOpen::from(error).0));
            continue;
        }
        match open(gateway) {
            Ok(gateway) => opened.push(gateway),
            Err(CannotOpen(failure)) => failures.push(failure),
        }
    }
    Failure::all(failures).map_or(Ok(opened), Err)
}

/// Who may hand over messages of phones.
pub(super) fn inbound_of_plan(path: &Path, text: &str) -> Result<Vec<Inbound>, Failure> {
    let gateways = deliver::plan::read(text).map_err(|error| Failure::plan(&error, path, text))?;
    let inbound = gateways.iter().filter_map(|gateway| gateway.inbound().transpose());
    inbound.collect::<Result<_, _>>().map_err(|error| {
        let CannotOpen(failure) = error.into();
        failure
    })
}

/// Why a gateway of a plan cannot be used.
struct CannotOpen(Failure);

impl From<OpenError> for CannotOpen {
    fn from(error: OpenError) -> Self {
        Self(Failure::of(&error).as_wrong().help(Some(error.help())))
    }
}

/// The SMPP gateways that the command line names.
fn of_arguments(args: &cli::Send) -> Result<Vec<Gateway>, Failure> {
    let password = password()?;
    let gateway = |address: &String| {
        let smpp = Smpp {
            address: address.clone(),
            system_id: args.system_id.clone().unwrap_or_default(),
            password: password.clone(),
            sender: args.sender.clone().unwrap_or_default(),
            ..Smpp::usual()
        };
        Gateway { name: address.clone(), wire: Wire::Smpp(smpp) }
    };
    Ok(args.smpp.iter().map(gateway).collect())
}

/// Refuses to wait for what no gateway can ever take.
fn check_ways(courier: &Courier, ways: &[String]) -> Result<(), Failure> {
    let waits = courier.entries().filter(|entry| entry.state == State::Queued);
    let mut without = BTreeMap::<&str, u64>::new();
    for entry in waits.filter(|entry| !ways.contains(&entry.way)) {
        *without.entry(&entry.way).or_default() += 1;
    }
    let Some((way, messages)) = without.first_key_value() else { return Ok(()) };
    let messages = count(*messages, "message");
    let problem = format!("{messages} of the outbox cannot be sent: no gateway serves `{way}`");
    Err(Failure::wrong(problem, "add a `[[gateway]]` for it to the plan; the messages stay in the outbox"))
}

/// Puts the messages of a file into the outbox. Those that it knows are not sent again.
fn take(courier: &mut Courier, file: &Path) -> Result<(), Failure> {
    let cannot =
        |cause: std::io::Error| Failure::failed(format!("cannot read {}", file.display()), &cause).as_wrong();
    let lines = read_messages(file).map_err(cannot)?;
    if let Some((number, problem)) = lines.wrong.first() {
        let all = count(lines.wrong.len() as u64, "line");
        print(&format!("{}: {all} left out; line {number}: {problem}\n", file.display()))?;
    }
    for batch in lines.messages.chunks(BATCH) {
        let done = courier.put(batch.to_vec()).map_err(failed)?;
        if done.contains(&Put::Full) {
            let help = "send what is in it first: the same command without this file";
            return Err(Failure::failed_with_help("the outbox is full", help));
        }
    }
    Ok(())
}

/// Works until all is over, or a signal comes. After the last message it waits for receipts for a while.
#[expect(clippy::disallowed_methods, reason = "receipts are waited for by the wall's clock")]
fn deliver(
    courier: &mut Courier,
    args: &cli::Send,
    names: &[String],
    stop: &Stop,
    quiet: bool,
) -> Result<(), Failure> {
    let patience = Duration::from_secs(args.wait);
    let mut last = Instant::now();
    while !stop.is_asked() {
        for happened in courier.turn().map_err(failed)? {
            match happened {
                Happened::Connected { gateway } if !quiet => {
                    print(&format!("{}: connected\n", names[usize::from(gateway)]))?;
                }
                Happened::Disconnected { gateway, problem } => {
                    print(&format!("{}: {}\n", names[usize::from(gateway)], with_causes(&problem)))?;
                }
                Happened::Connected { .. } | Happened::CameIn { .. } => {}
            }
        }
        if courier.waiting() > 0 {
            last = Instant::now();
        } else if last.elapsed() >= patience || !courier.entries().any(|entry| entry.state == State::Sent) {
            break;
        }
    }
    Ok(())
}

fn report(courier: &Courier, outbox: &Path, stop: &Stop) -> Result<(), Failure> {
    let of = |name: &str| courier.entries().filter(|entry| entry.state.name() == name).count();
    let (queued, failed) = (of("queued"), of("failed"));
    let text =
        format!("{} delivered, {} sent, {failed} failed, {queued} queued\n", of("delivered"), of("sent"));
    print(&text)?;
    let outbox = outbox.display();
    if let Some(signal) = stop.signal() {
        return Err(Failure::stopped(
            signal,
            format!("{outbox} keeps what is not sent; the same command goes on"),
        ));
    }
    if failed > 0 {
        let messages = count(failed as u64, "message");
        let help = format!("gridwarden outbox list {outbox} --state failed");
        return Err(Failure::failed_with_help(format!("{messages} failed"), help));
    }
    Ok(())
}

fn failed(error: CourierError) -> Failure {
    Failure::of(&error)
}

/// An error in one line, with what led to it.
pub(super) fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text += &format!(": {cause}");
        next = cause.source();
    }
    text
}

/// The password of the gateways of the command line: never an argument, which others could see.
#[expect(clippy::disallowed_methods, reason = "the environment says where the password is")]
fn password() -> Result<Secret, Failure> {
    if let Ok(path) = std::env::var(PASSWORD_FILE) {
        let read = SecretSource::File(PathBuf::from(path)).read();
        return read
            .map_err(|error| Failure::of(&error).as_wrong().help(Some(format!("set {PASSWORD_FILE}"))));
    }
    let help = format!("set {PASSWORD}, or {PASSWORD_FILE} to the path of a file with it; it may be empty");
    let read = SecretSource::Environment(PASSWORD.to_owned()).read();
    read.map_err(|_| Failure::wrong("the gateway needs a password", help))
}
