//! Acknowledgements: who takes care of what goes on.

use super::caller::Caller;
use super::input::{Body, Name, Params};
use super::page::{Page, Paging};
use super::problem::{Problem, Refused, RefusedBody};
use super::{Api, Shared, Visible};
use crate::clock::text;
use deliver::people::{Ack, Role};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::axum::Json;
use web::axum::extract::State;
use web::axum::http::StatusCode;

/// Somebody takes care of something that goes on.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct AckOut {
    /// What goes on; of a case its id.
    episode: String,
    /// Who takes care of it.
    author: String,
    /// Since when.
    #[schema(format = DateTime)]
    time: String,
    note: String,
}

impl From<Ack> for AckOut {
    fn from(ack: Ack) -> Self {
        Self { episode: ack.episode, author: ack.author, time: text(ack.time), note: ack.note }
    }
}

/// What there is to say beside it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAck {
    /// For the others.
    #[serde(default)]
    #[schema(max_length = 500)]
    note: String,
}

/// Acknowledgements, by what they are about.
#[utoipa::path(get, path = "/api/v1/acks", tag = "people", params(Paging),
    responses((status = 200, body = Page<AckOut>), Refused))]
pub(super) async fn list(
    State(api): Shared,
    caller: Caller,
    Params(paging): Params<Paging>,
) -> Result<Json<Page<AckOut>>, Problem> {
    let all = api.people(|people| people.acks())?;
    let board = api.post().board();
    let may_know = |ack: &Ack| caller.may_know(board.area_of_episode(&ack.episode).flatten());
    let behind = all.into_iter().filter(|ack| paging.after().is_none_or(|after| *ack.episode > *after));
    let items = behind.filter(may_know).take(paging.limit() + 1).map(AckOut::from).collect();
    Ok(Json(Page::of(items, paging.limit(), |ack| ack.episode.clone())))
}

/// Who takes care of an episode.
#[utoipa::path(get, path = "/api/v1/acks/{episode}", tag = "people", params(("episode" = String, Path)),
    responses((status = 200, body = AckOut), Refused))]
pub(super) async fn one(
    State(api): Shared,
    caller: Caller,
    Name(episode): Name,
) -> Result<Json<AckOut>, Problem> {
    let ack = api.people(|people| people.ack(&episode))?;
    let area = api.post().board().area_of_episode(&episode).flatten().map(str::to_owned);
    let ack = ack.filter(|_| caller.may_know(area.as_deref()));
    ack.map(|ack| Json(ack.into())).ok_or_else(|| Problem::missing("acknowledgement"))
}

/// Takes care of an episode, of a case by its id. It is not repeated, and does not escalate, until it ends.
#[utoipa::path(put, path = "/api/v1/acks/{episode}", tag = "people", params(("episode" = String, Path)),
    request_body = NewAck,
    responses((status = 200, body = AckOut, description = "somebody takes care of it already"),
        (status = 201, body = AckOut),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "it does not go on"),
        Refused, RefusedBody))]
pub(super) async fn acknowledge(
    State(api): Shared,
    caller: Caller,
    Name(episode): Name,
    Body(new): Body<NewAck>,
) -> Result<(StatusCode, Json<AckOut>), Problem> {
    caller.needs(Role::Operator)?;
    if new.note.chars().count() > 500 {
        return Err(Problem::wrong("`note` has at most 500 letters"));
    }
    let area = {
        let board = api.post().board();
        let area = board.area_of_episode(&episode).map(|area| area.map(str::to_owned));
        let area = area.filter(|area| caller.may_know(area.as_deref()));
        let area = area.ok_or_else(|| {
            if board.happened(&episode).is_some_and(|area| caller.may_know(area)) {
                return Problem::conflict(
                    "it happened once and does not go on, so it is not repeated and nobody has to take care of it; \
                     what goes on at its meter has an `episode` in GET /api/v1/notices",
                );
            }
            Problem::missing(
                "case, and nothing else of this name that goes on: `episode` of a notice names it",
            )
        })?;
        // A case that no route takes goes on all the same, and its notice never came.
        if !board.goes_on(&episode) && !board.is_open(&episode) {
            return Err(Problem::conflict("it does not go on any more, so nobody has to take care of it"));
        }
        area
    };
    let who = caller.who();
    let (is_new, ack) = api.people(|people| {
        let is_new = people.acknowledge(&episode, &caller.0.name, &new.note, &who)?;
        Ok((is_new, people.ack(&episode)?))
    })?;
    let ack = AckOut::from(ack.ok_or_else(|| Problem::missing("acknowledgement"))?);
    if is_new {
        api.changed("ack", &episode, Visible(area));
    }
    Ok((if is_new { StatusCode::CREATED } else { StatusCode::OK }, Json(ack)))
}

/// Nobody takes care of an episode any more: it is repeated again, and escalates if its time for that has not passed.
#[utoipa::path(delete, path = "/api/v1/acks/{episode}", tag = "people", params(("episode" = String, Path)),
    responses((status = 204, description = "nobody takes care of it any more"), Refused))]
pub(super) async fn take_back(
    State(api): Shared,
    caller: Caller,
    Name(episode): Name,
) -> Result<StatusCode, Problem> {
    caller.needs(Role::Operator)?;
    let area = api.post().board().area_of_episode(&episode).map(|area| area.map(str::to_owned));
    let known = area.filter(|area| caller.may_know(area.as_deref()));
    let area = known.ok_or_else(|| Problem::missing("acknowledgement"))?;
    let who = caller.who();
    if !api.people(|people| people.take_back(&episode, &who))? {
        return Err(Problem::missing("acknowledgement"));
    }
    api.changed("ack", &episode, Visible(area));
    Ok(StatusCode::NO_CONTENT)
}

impl Api {
    /// Lets the office and those who stay know what a person decided.
    pub(super) fn changed(&self, name: &'static str, id: &str, of: Visible) {
        self.post().wake();
        self.post().feed.push(name, serde_json::json!({ "id": id }).to_string(), of);
    }
}
