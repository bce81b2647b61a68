//! A running `serve` that commands ask, and how its answers are shown.

use crate::cli;
use deliver::ask::{AskError, Server};
use deliver::{Secret, SecretSource};
use serde_json::Value;
use shell::Failure;
use std::path::PathBuf;

const URL: &str = "GRIDWARDEN_URL";
const TOKEN: &str = "GRIDWARDEN_TOKEN";
const TOKEN_FILE: &str = "GRIDWARDEN_TOKEN_FILE";
/// Where `serve` listens if nobody says otherwise.
const USUAL: &str = "http://127.0.0.1:9470";

/// The serve that the arguments and the environment name.
pub(super) fn server(asked: &cli::Asked) -> Result<Server, Failure> {
    let url = asked.url.clone().or_else(|| variable(URL)).unwrap_or_else(|| USUAL.to_owned());
    let authority = asked.ca.as_ref().map(|path| {
        std::fs::read(path)
            .map_err(|cause| Failure::failed(format!("cannot read {}", path.display()), &cause).as_wrong())
    });
    Server::new(&url, token(asked)?, authority.transpose()?.as_deref()).map_err(|error| failed(&error))
}

/// The token: never an argument, which others could see.
fn token(asked: &cli::Asked) -> Result<Secret, Failure> {
    let file = asked.token_file.clone().or_else(|| variable(TOKEN_FILE).map(PathBuf::from));
    let source = file.map_or_else(|| SecretSource::Environment(TOKEN.to_owned()), SecretSource::File);
    let help =
        format!("give `--token-file`, or set {TOKEN_FILE} or {TOKEN}; `gridwarden token add` makes a token");
    source.read().map_err(|error| Failure::of(&error).as_wrong().help(Some(help)))
}

#[expect(clippy::disallowed_methods, reason = "the environment says whom to ask")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

pub(super) fn failed(error: &AskError) -> Failure {
    match error {
        AskError::Url(_) => Failure::wrong(error, format!("try `--url {USUAL}`")),
        AskError::Unanswered { .. } => Failure::of(error).help(Some(
            "is `gridwarden serve` running there? `--url` or GRIDWARDEN_URL names another".to_owned(),
        )),
        AskError::Refused { status: 400..=499, .. } => Failure::of(error).as_wrong(),
        _ => Failure::of(error),
    }
}

/// A text in the answer; empty if it has none.
pub(super) fn text<'a>(json: &'a Value, key: &str) -> &'a str {
    json.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A name as a piece of a path.
pub(super) fn in_path(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let piece = |byte: u8| if plain(byte) { (byte as char).to_string() } else { format!("%{byte:02X}") };
    name.bytes().map(piece).collect()
}
