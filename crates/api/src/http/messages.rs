//! The outbox: messages on their way.

use super::caller::Caller;
use super::input::{Name, Params};
use super::page::{After, Limit, Page, limit};
use super::problem::{Problem, Refused};
use super::{Shared, Visible};
use crate::clock::text;
use crate::office::Act;
use deliver::people::{Asked, Found, Role};
use deliver::{is_for_program, masked_address};
use outbox::{MessageId, State as Standing};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::axum::Json;
use web::axum::extract::State;

/// A message.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MessageOut {
    id: String,
    /// Its place in the order of arrival.
    number: u64,
    /// `sms`, `email`, or `webhook` and the name of its gateway.
    way: String,
    /// Where it goes; masked for viewers.
    to: String,
    /// What it says. Of a webhook only operators see it: it holds addresses.
    text: Option<String>,
    /// The area, if it is about one thing in one.
    area: Option<String>,
    /// `queued`, `sent`, `delivered` or `failed`.
    state: String,
    /// Why it failed, or what the last try ended with.
    reason: Option<String>,
    parts: u16,
    accepted: u16,
    tries: u32,
    /// The trace of the message of a topic that settled what this is about: 32 hexadecimal digits.
    trace: Option<String>,
    #[schema(format = DateTime)]
    came: String,
    #[schema(format = DateTime)]
    changed: String,
}

fn shown(found: Found, role: Role) -> MessageOut {
    let Found { entry, area, trace } = found;
    let is_masked = role < Role::Operator;
    let is_for_program = is_for_program(&entry.way);
    let state = entry.state.name().to_owned();
    MessageOut {
        to: if is_masked { masked_address(&entry.way, &entry.line) } else { entry.line },
        text: Some(entry.text).filter(|_| !(is_masked && is_for_program)),
        id: entry.id.0,
        number: entry.number,
        way: entry.way,
        area,
        state,
        reason: match entry.state {
            Standing::Failed { reason } => Some(reason),
            _ => entry.last_problem,
        },
        parts: entry.parts,
        accepted: entry.accepted,
        tries: entry.tries,
        trace,
        came: text(entry.came),
        changed: text(entry.changed),
    }
}

/// Which messages.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// Only those in this state: `queued`, `sent`, `delivered` or `failed`.
    #[param(pattern = "^(queued|sent|delivered|failed)$")]
    state: Option<String>,
    /// Only those behind the message of this id: `next` of the page before.
    #[param(value_type = Option<String>, max_length = 512)]
    after: Option<After>,
    /// At most so many.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 1000, default = 50)]
    limit: Option<Limit>,
}

/// Messages, the newest first.
#[utoipa::path(get, path = "/api/v1/outbox", tag = "outbox", params(Which),
    responses((status = 200, body = Page<MessageOut>), Refused))]
pub(super) async fn list(
    State(api): Shared,
    caller: Caller,
    Params(which): Params<Which>,
) -> Result<Json<Page<MessageOut>>, Problem> {
    const STATES: [&str; 4] = ["queued", "sent", "delivered", "failed"];
    if which.state.as_deref().is_some_and(|state| !STATES.contains(&state)) {
        let detail = format!("`state` is one of {}", STATES.join(", "));
        return Err(Problem::new(web::axum::http::StatusCode::BAD_REQUEST, detail));
    }
    let areas = caller.0.areas.clone();
    let before = match &which.after {
        None => None,
        Some(After(id)) => {
            let found = api.people(|people| people.message(id, areas.as_ref()))?;
            let found = found.ok_or_else(|| Problem::missing("message to go on from: begin anew"))?;
            Some(found.entry.number)
        }
    };
    let limit = limit(which.limit);
    let asked = Asked { areas, state: which.state, before, limit: limit + 1 };
    let found = api.people(|people| people.messages(&asked))?;
    let items = found.into_iter().map(|one| shown(one, caller.0.role)).collect();
    Ok(Json(Page::of(items, limit, |message: &MessageOut| message.id.clone())))
}

/// A message.
#[utoipa::path(get, path = "/api/v1/outbox/{id}", tag = "outbox", params(("id" = String, Path)),
    responses((status = 200, body = MessageOut), Refused))]
pub(super) async fn one(
    State(api): Shared,
    caller: Caller,
    Name(id): Name,
) -> Result<Json<MessageOut>, Problem> {
    let found = api.people(|people| people.message(&id, caller.0.areas.as_ref()))?;
    found.map(|one| Json(shown(one, caller.0.role))).ok_or_else(|| Problem::missing("message"))
}

/// Tries a message again that failed, or now one that waits for its next try.
#[utoipa::path(post, path = "/api/v1/outbox/{id}/retry", tag = "outbox", params(("id" = String, Path)),
    responses((status = 200, body = MessageOut),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "a gateway has it"),
        Refused))]
pub(super) async fn retry(
    State(api): Shared,
    caller: Caller,
    Name(id): Name,
) -> Result<Json<MessageOut>, Problem> {
    act(&api, &caller, &id, Act::Retry)
}

/// Drops a message that waits.
#[utoipa::path(post, path = "/api/v1/outbox/{id}/drop", tag = "outbox", params(("id" = String, Path)),
    responses((status = 200, body = MessageOut),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "it is over or on its way"),
        Refused))]
pub(super) async fn discard(
    State(api): Shared,
    caller: Caller,
    Name(id): Name,
) -> Result<Json<MessageOut>, Problem> {
    act(&api, &caller, &id, Act::Drop)
}

fn act(api: &super::Api, caller: &Caller, id: &str, act: Act) -> Result<Json<MessageOut>, Problem> {
    caller.needs(Role::Operator)?;
    let areas = caller.0.areas.as_ref();
    let found = api.people(|people| people.message(id, areas))?;
    let area = found.ok_or_else(|| Problem::missing("message"))?.area;
    let who = caller.who();
    if !web::blocking(|| api.post().act(MessageId(id.to_owned()), act, &who)) {
        return Err(Problem::conflict(match act {
            Act::Retry => "a gateway has it already: only what failed or waits is tried again",
            Act::Drop => "it is over or on its way: only what waits can be dropped",
        }));
    }
    let what = match act {
        Act::Retry => "outbox.retry",
        Act::Drop => "outbox.drop",
    };
    let found = api.people(|people| {
        people.note(&who, what, id, "")?;
        people.message(id, areas)
    })?;
    api.changed("message", id, Visible(area));
    found.map(|one| Json(shown(one, caller.0.role))).ok_or_else(|| Problem::missing("message"))
}
