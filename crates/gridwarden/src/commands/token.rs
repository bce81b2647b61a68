//! `gridwarden token`: who may ask a serve. It works on the store, so it needs no token itself, and serve need not run.

use super::serve::{cannot, store_file};
use super::silence::AT_THE_MACHINE;
use crate::cli::{self, TokenAct};
use deliver::People;
use deliver::people::{Role, Token};
use reading::EventTime;
use shell::{Failure, print};
use std::collections::BTreeSet;
use std::path::Path;

/// Runs the command.
pub fn run(args: &cli::Token) -> Result<(), Failure> {
    match &args.act {
        TokenAct::Add { name, role, area, store } => add(store, name, role, area),
        TokenAct::List { store } => {
            let tokens = open(store)?.tokens().map_err(|error| cannot(&error))?;
            print(&tokens.iter().map(line).collect::<String>())
        }
        TokenAct::Revoke { id, store } => {
            if !open(store)?.revoke_token(id, AT_THE_MACHINE).map_err(|error| cannot(&error))? {
                let problem = format!("there is no token `{id}` that is still good");
                return Err(Failure::wrong(problem, "gridwarden token list shows their ids"));
            }
            print(&format!("token {id} is good no more\n"))
        }
    }
}

fn open(store: &Path) -> Result<People, Failure> {
    People::open_existing(&store_file(store)).map_err(|error| cannot(&error))
}

fn add(store: &Path, name: &str, role: &str, areas: &[String]) -> Result<(), Failure> {
    let made = std::fs::create_dir_all(store);
    made.map_err(|cause| {
        Failure::failed(format!("cannot make the folder {}", store.display()), &cause).as_wrong()
    })?;
    let mut people = People::open(&store_file(store)).map_err(|error| cannot(&error))?;
    let role = Role::parse(role).expect("the parser accepts only roles");
    let areas = (!areas.is_empty()).then(|| areas.iter().cloned().collect::<BTreeSet<_>>());
    let added = people.add_token(name, role, areas, AT_THE_MACHINE).map_err(|error| cannot(&error))?;
    let (_, secret) = added.map_err(|error| Failure::wrong(error, "see `gridwarden token add --help`"))?;
    // Nothing else, so that a script can keep it.
    print(&format!("{}\n", secret.reveal()))
}

fn line(token: &Token) -> String {
    let areas =
        token.areas.as_ref().map(|areas| areas.iter().map(String::as_str).collect::<Vec<_>>().join(", "));
    let since = EventTime(token.created.0);
    let revoked = token.revoked.map(|time| format!(", revoked {}", EventTime(time.0))).unwrap_or_default();
    let areas = areas.unwrap_or_else(|| "all areas".to_owned());
    format!("{}  {:<8}  {}  {areas}  since {since}{revoked}\n", token.id, token.role, token.name)
}
