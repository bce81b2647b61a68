//! Sends the messages of a file, and stops when all are over. It can be killed at any moment and started again.
//!
//! `courier OUTBOX MESSAGES GATEWAY...`: MESSAGES has a message a line, as id, phone and text with tabs between them, or
//! is named `.ndjson` and read as `gridwarden send` does; each GATEWAY is `HOST:PORT` for SMPP, or a TOML file with
//! gateways of a plan. The password for SMPP is in `SMPP_PASSWORD`. `scripts/deliver-check` drives it.

use deliver::gateway::SMS;
use deliver::smpp::{Smpp, parts_of};
use deliver::{Courier, Gateway, Happened, Secret, Store, Wire};
use notify::words::{Registered, Registry};
use outbox::{MessageId, New, Put, Settings, State};
use std::collections::BTreeMap;
use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::time::Duration;

/// So many messages are stored together.
const BATCH: usize = 1_000;

#[expect(clippy::disallowed_methods, reason = "a password comes from the environment")]
fn smpp(address: &str) -> Gateway {
    let smpp = Smpp {
        address: address.to_owned(),
        tls: None,
        system_id: "gridwarden".to_owned(),
        password: Secret::new(std::env::var("SMPP_PASSWORD").unwrap_or_default()),
        system_type: String::new(),
        sender: "GRIDWN".to_owned(),
        registration: None,
        connect_within: Duration::from_secs(2),
        enquire_after: Duration::from_secs(2),
        reconnect_after: Duration::from_millis(50),
    };
    Gateway { name: address.to_owned(), wire: Wire::Smpp(smpp) }
}

/// The texts that are registered: in `REGISTERED`, a line each, as id and text with a tab between them.
#[expect(clippy::disallowed_methods, reason = "a check hands them over in the environment")]
fn registry() -> Result<Registry, Box<dyn Error>> {
    let mut registry = Registry::default();
    for line in std::env::var("REGISTERED").unwrap_or_default().lines() {
        let (id, text) = line.split_once('\t').ok_or("a registered text has an id before it")?;
        registry.add(Registered::new(id, text)?)?;
    }
    Ok(registry)
}

fn message(line: &str) -> Option<New> {
    let mut fields = line.splitn(3, '\t');
    let (id, phone, text) = (fields.next()?, fields.next()?, fields.next()?.replace("\\n", "\n"));
    Some(New {
        id: MessageId(id.to_owned()),
        way: SMS.to_owned(),
        line: phone.to_owned(),
        parts: parts_of(&text),
        text,
    })
}

/// One turn, with what went wrong in it.
fn turn(courier: &mut Courier) -> Result<(), Box<dyn Error>> {
    for happened in courier.turn()? {
        if let Happened::Disconnected { gateway, problem } = happened {
            writeln!(std::io::stderr(), "gateway {gateway}: {problem}")?;
        }
    }
    Ok(())
}

/// Hands over the messages of a file, from the first that is not known to be stored. So what the outbox loses is lost,
/// and the check notices.
fn put_all(courier: &mut Courier, path: &Path) -> Result<(), Box<dyn Error>> {
    let done = path.with_extension("done");
    let mut stored: usize = std::fs::read_to_string(&done).map_or(Ok(0), |text| text.trim().parse())?;
    let messages: Vec<New> = if path.extension().is_some_and(|extension| extension == "ndjson") {
        deliver::read_messages(path)?.messages.into_iter().skip(stored).collect()
    } else {
        let lines = BufReader::new(std::fs::File::open(path)?).lines().skip(stored);
        lines.map_while(Result::ok).filter_map(|line| message(&line)).collect()
    };
    for batch in messages.chunks(BATCH) {
        let answers = courier.put(batch.to_vec())?;
        assert!(!answers.contains(&Put::Full), "the outbox has room for all of the file");
        stored += batch.len();
        let mut aside = done.clone();
        aside.set_extension("new");
        std::fs::write(&aside, stored.to_string())?;
        std::fs::rename(&aside, &done)?;
        turn(courier)?;
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [outbox, messages, gateways @ ..] = &arguments[..] else {
        return Err("usage: courier OUTBOX MESSAGES GATEWAY...".into());
    };
    let settings = Settings {
        answer_within: 1_000,
        retry_after: 20,
        retry_most: 500,
        failover_after: 200,
        ..Settings::usual([SMS])
    };
    let registry = registry()?;
    let mut all = Vec::new();
    for gateway in gateways {
        if gateway.ends_with(".toml") {
            for one in deliver::plan::read(&std::fs::read_to_string(gateway)?)? {
                all.push(one.open(&registry, |topic| {
                    Err::<_, Box<dyn Error>>(format!("no client for {topic}").into())
                })?);
            }
        } else {
            all.push(smpp(gateway));
        }
    }
    let mut courier = Courier::start(Store::open(Path::new(outbox))?, settings, all)?;
    put_all(&mut courier, Path::new(messages))?;
    let wants_receipts = std::env::var_os("WAIT_FOR_RECEIPTS").is_some();
    loop {
        turn(&mut courier)?;
        let unconfirmed = || courier.entries().any(|entry| entry.state == State::Sent);
        if courier.waiting() == 0 && !(wants_receipts && unconfirmed()) {
            break;
        }
    }
    let mut states = BTreeMap::<&str, u64>::new();
    courier.entries().for_each(|entry| *states.entry(entry.state.name()).or_default() += 1);
    println!("{states:?} {:?}", courier.counts());
    Ok(())
}
