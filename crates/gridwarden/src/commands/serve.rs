//! `gridwarden serve`: the process that people talk to.

mod folder;
mod news;
mod places;
mod topics;

use crate::cli;
use crate::commands::send::{inbound_of_plan, of_plan, with_causes};
use api::{Api, Office, OfficeError};
use deliver::{Courier, Gateway, Happened, People, Store, StoreError};
use notify::{Desk, DeskRules};
use outbox::Settings;
use pipeline::Plan;
use shell::{Failure, Stop, print, read_plan_and_text, telemetry, unfit};
use std::path::{Path, PathBuf};
use stream::Follow;
use web::{LIMITS_OF_API, ListenError, Server};

/// The file in the folder of the store.
const STORE: &str = "store.sqlite";
/// Threads that answer.
const WORKERS: usize = 2;

/// The file of a store.
pub(super) fn store_file(store: &Path) -> PathBuf {
    store.join(STORE)
}

/// Runs the command.
pub fn run(args: &cli::Serve, quiet: bool) -> Result<(), Failure> {
    let stop = Stop::on_signals()?;
    let (plan, text) = read_plan_and_text(&args.plan)?;
    let rules = rules(&args.plan, &plan)?;
    let kafka = places::by_topics(args, &text, &rules)?;
    let answers = deliver::plan::answers(&text).map_err(|error| Failure::plan(&error, &args.plan, &text))?;
    let gateways = of_plan(&args.plan, &plan, &text, args.brokers.as_deref())?;
    let inbound = if answers.is_some() { inbound_of_plan(&args.plan, &text)? } else { vec![] };
    let ways: Vec<String> = gateways.iter().map(Gateway::way).collect();
    check_ways(&args.plan, &plan, &ways)?;
    let follow = match &args.results {
        Some(_) => None,
        None => Follow::open(&args.plan, &text, args.brokers.as_deref(), &stop)?,
    };
    // No broker has answered if a signal came before.
    let (places, topology) = places::open(args, kafka.as_ref().filter(|_| follow.is_some()))?;
    let desk = Desk::new(rules.clone(), &topology).map_err(|error| unfit(&error.into()))?;
    let names: Vec<String> = gateways.iter().map(|gateway| gateway.name.clone()).collect();
    make_folder(&args.store)?;
    let file = store_file(&args.store);
    let store = Store::open(&file).map_err(|error| cannot(&error))?;
    let people = || People::open(&file).map_err(|error| cannot(&error));
    if let Some(number) = people()?.first_changed_line().map_err(|error| cannot(&error))? {
        telemetry::audit_changed(number);
    }
    let start = if answers.is_some() { Courier::start_listening } else { Courier::start };
    let courier = start(store, Settings::usual(&ways), gateways).map_err(|error| Failure::of(&error))?;
    let calendar = plan.calendar.clone();
    let office = Office::open(desk, calendar, courier, people()?, names.clone(), topology, answers);
    let (mut office, news, post) = office.map_err(|error| failed(&error))?;
    places::watch(places, rules, &news, &post, stop.clone())?;
    let ended = match (&args.results, follow) {
        (Some(results), _) => folder::read(results, &news, &post, stop.clone()).map(|()| None)?,
        (None, follow) => {
            follow.map(|follow| topics::read(follow, &news, &post, stop.clone())).transpose()?
        }
    };
    let settings = api::Settings { per_second: args.requests };
    let api = Api::new(post.clone(), people()?, settings, inbound);
    let server = Server::start(&args.listen, api.router(), LIMITS_OF_API, WORKERS, |cause| {
        telemetry::api_ended(cause);
    });
    let server = server.map_err(|error| cannot_listen(&error))?;
    telemetry::api_listens(server.address());
    if !quiet {
        print(&format!("listening on http://{}\n", server.address()))?;
    }
    while !stop.is_asked() {
        if let Some(failure) = ended.as_ref().and_then(|ended| ended.try_recv().ok()) {
            return Err(failure);
        }
        let (happened, unreadable) = office.turn().map_err(|error| failed(&error))?;
        tell(&happened, &names);
        if let Some(first) = unreadable.first() {
            telemetry::outputs_unreadable(unreadable.len() as u64, first);
        }
    }
    let signal = stop.signal().unwrap_or_default();
    Err(Failure::stopped(
        signal,
        format!("{} keeps everything; the same command goes on", args.store.display()),
    ))
}

/// The routes of the plan.
fn rules(path: &Path, plan: &Plan) -> Result<DeskRules, Failure> {
    plan.desk.clone().ok_or_else(|| {
        let problem = format!("the plan {} has no `[[route]]`, so nobody would hear of anything", path.display());
        let help = "add `[[receiver]]` and `[[route]]` as in pipelines/routes.toml; `[sms]` alone is for `gridwarden send`";
        Failure::wrong(problem, help)
    })
}

/// Refuses a plan that decides on messages that no gateway takes.
fn check_ways(path: &Path, plan: &Plan, ways: &[String]) -> Result<(), Failure> {
    for receiver in plan.desk.iter().flat_map(DeskRules::receivers) {
        let channel = receiver.channel.name();
        let is_served = ways.iter().any(|way| way == channel || way.starts_with(&format!("{channel}.")));
        if !is_served {
            let (path, name) = (path.display(), &receiver.name);
            let problem =
                format!("receiver `{name}` of {path} hears by {channel}, and no gateway serves that");
            return Err(Failure::wrong(problem, "add a `[[gateway]]`, as in pipelines/routes.toml"));
        }
    }
    Ok(())
}

fn make_folder(store: &Path) -> Result<(), Failure> {
    let made = std::fs::create_dir_all(store);
    made.map_err(|cause| {
        Failure::failed(format!("cannot make the folder {}", store.display()), &cause).as_wrong()
    })
}

fn tell(happened: &[Happened], names: &[String]) {
    for one in happened {
        match one {
            Happened::Connected { gateway } => telemetry::gateway_connected(&names[usize::from(*gateway)]),
            Happened::Disconnected { gateway, problem } => {
                telemetry::gateway_gone(&names[usize::from(*gateway)], &with_causes(problem));
            }
            Happened::CameIn { .. } => {}
        }
    }
}

pub(super) fn cannot(error: &StoreError) -> Failure {
    match error {
        StoreError::Missing { .. } => Failure::wrong(error, "gridwarden serve makes it; give its `--store`"),
        StoreError::Taken { .. } => Failure::failed_with_help(error, "end that process first"),
        _ => Failure::of(error),
    }
}

fn failed(error: &OfficeError) -> Failure {
    let help = match error {
        OfficeError::Form { .. } => {
            Some("use the program that wrote it, or begin with another folder".to_owned())
        }
        OfficeError::Damaged(_) | OfficeError::MixedUp(_) => Some("put back a copy of the store".to_owned()),
        OfficeError::Courier(_) | OfficeError::Store(_) => None,
    };
    Failure::of(error).help(help)
}

fn cannot_listen(error: &ListenError) -> Failure {
    let failure = Failure::of(error).help(error.help().map(str::to_owned));
    if error.is_wrong_address() { failure.as_wrong() } else { failure }
}
