//! What inspectors found on cases.

use super::caller::Caller;
use super::input::{Body, Name};
use super::problem::{Problem, Refused, RefusedBody};
use super::{Shared, Visible};
use crate::clock::text;
use deliver::people::{FieldResult, OUTCOMES, Role};
use outbox::Moment;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::axum::Json;
use web::axum::extract::State;
use web::axum::http::StatusCode;

/// What an inspector found.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ResultOut {
    number: u64,
    case: String,
    outcome: String,
    cause: String,
    note: String,
    author: String,
    #[schema(format = DateTime)]
    time: String,
}

impl From<FieldResult> for ResultOut {
    fn from(one: FieldResult) -> Self {
        Self {
            number: one.number,
            case: one.case,
            outcome: one.outcome,
            cause: one.cause,
            note: one.note,
            author: one.author,
            time: text(one.time),
        }
    }
}

/// What was found.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewResult {
    /// `confirmed-with-loss`, `confirmed-without-loss`, `meter-fault`, `wrong-record`, `nothing-found` or `no-access`.
    #[schema(
        pattern = "^(confirmed-with-loss|confirmed-without-loss|meter-fault|wrong-record|nothing-found|no-access)$"
    )]
    outcome: String,
    /// What was the cause, in a few words.
    #[serde(default)]
    #[schema(max_length = 200)]
    cause: String,
    /// More of it.
    #[serde(default)]
    #[schema(max_length = 2000)]
    note: String,
}

/// All that was found on a case.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Results {
    /// The oldest first: the last one counts.
    items: Vec<ResultOut>,
}

/// What was found on a case.
#[utoipa::path(get, path = "/api/v1/cases/{id}/results", tag = "people", params(("id" = String, Path)),
    responses((status = 200, body = Results), Refused))]
pub(super) async fn list(
    State(api): Shared,
    caller: Caller,
    Name(id): Name,
) -> Result<Json<Results>, Problem> {
    api.with_case(&caller, &id, |_| Ok(()))?;
    let items = api.people(|people| people.results(&id))?.into_iter().map(ResultOut::from).collect();
    Ok(Json(Results { items }))
}

/// Adds what was found. Nothing is overwritten: a mistake is mended by another result.
#[utoipa::path(post, path = "/api/v1/cases/{id}/results", tag = "people", params(("id" = String, Path)),
    request_body = NewResult, responses((status = 201, body = ResultOut), Refused, RefusedBody))]
pub(super) async fn add(
    State(api): Shared,
    caller: Caller,
    Name(id): Name,
    Body(new): Body<NewResult>,
) -> Result<(StatusCode, Json<ResultOut>), Problem> {
    caller.needs(Role::Operator)?;
    if !OUTCOMES.contains(&new.outcome.as_str()) {
        return Err(Problem::wrong(format!("`outcome` is one of {}", OUTCOMES.join(", "))));
    }
    for (key, value, most) in [("cause", &new.cause, 200), ("note", &new.note, 2000)] {
        if value.chars().count() > most {
            return Err(Problem::wrong(format!("`{key}` has at most {most} letters")));
        }
    }
    let area = api.with_case(&caller, &id, |row| Ok(row.area.clone()))?;
    let who = caller.who();
    let found = FieldResult {
        number: 0,
        case: id.clone(),
        outcome: new.outcome,
        cause: new.cause,
        note: new.note,
        author: caller.0.name.clone(),
        time: Moment(0),
    };
    let added = api.people(|people| people.add_result(found, &who))?;
    api.changed("result", &id, Visible(area));
    Ok((StatusCode::CREATED, Json(added.into())))
}
