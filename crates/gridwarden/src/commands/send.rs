//! `gridwarden send`: sends the messages of files over SMPP, from an outbox that survives anything.

use crate::cli;
use deliver::smpp::{Password, Smpp};
use deliver::{Courier, CourierError, Happened, Store, read_messages};
use outbox::{Put, Settings, State};
use shell::{Failure, Stop, count, print};
use std::path::Path;
use std::time::{Duration, Instant};

/// The password of the gateways, or the path of a file with it.
const PASSWORD: &str = "GRIDWARDEN_SMPP_PASSWORD";
const PASSWORD_FILE: &str = "GRIDWARDEN_SMPP_PASSWORD_FILE";
/// So many messages are stored together.
const BATCH: usize = 1_000;

/// Runs the command.
pub fn run(args: &cli::Send, quiet: bool) -> Result<(), Failure> {
    let stop = Stop::on_signals()?;
    let password = password()?;
    let settings = Settings { window: args.window, ..Settings::usual(args.smpp.len() as u16) };
    let gateway = |address: &String| Smpp {
        address: address.clone(),
        system_id: args.system_id.clone(),
        password: password.clone(),
        system_type: String::new(),
        connect_within: Duration::from_secs(10),
        enquire_after: Duration::from_secs(30),
        reconnect_after: Duration::from_secs(1),
    };
    let store = Store::open(&args.outbox).map_err(|error| Failure::of(&error))?;
    let gateways = args.smpp.iter().map(gateway).collect();
    let mut courier = Courier::start(store, settings, &args.sender, gateways).map_err(failed)?;
    for file in &args.files {
        take(&mut courier, file)?;
    }
    deliver(&mut courier, args, &stop, quiet)?;
    report(&courier, args, &stop)
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
fn deliver(courier: &mut Courier, args: &cli::Send, stop: &Stop, quiet: bool) -> Result<(), Failure> {
    let patience = Duration::from_secs(args.wait);
    let mut last = Instant::now();
    while !stop.is_asked() {
        for happened in courier.turn().map_err(failed)? {
            match happened {
                Happened::Connected { gateway } if !quiet => {
                    print(&format!("{}: connected\n", args.smpp[usize::from(gateway)]))?;
                }
                Happened::Disconnected { gateway, problem } => {
                    print(&format!("{}: {problem}\n", args.smpp[usize::from(gateway)]))?;
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

fn report(courier: &Courier, args: &cli::Send, stop: &Stop) -> Result<(), Failure> {
    let of = |name: &str| courier.entries().filter(|entry| entry.state.name() == name).count();
    let (queued, failed) = (of("queued"), of("failed"));
    let text =
        format!("{} delivered, {} sent, {failed} failed, {queued} queued\n", of("delivered"), of("sent"));
    print(&text)?;
    let outbox = args.outbox.display();
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

#[expect(
    clippy::disallowed_methods,
    reason = "secrets come from the environment, and never from the command line"
)]
fn password() -> Result<Password, Failure> {
    if let Ok(path) = std::env::var(PASSWORD_FILE) {
        let text = std::fs::read_to_string(&path);
        let text = text.map_err(|cause| {
            Failure::failed(format!("cannot read {path} ({PASSWORD_FILE})"), &cause).as_wrong()
        })?;
        return Ok(Password(text.trim_end_matches(['\r', '\n']).to_owned()));
    }
    let help = format!("set {PASSWORD}, or {PASSWORD_FILE} to the path of a file with it; it may be empty");
    match std::env::var(PASSWORD) {
        Ok(password) => Ok(Password(password)),
        Err(_) => Err(Failure::wrong("the gateway needs a password", help)),
    }
}
