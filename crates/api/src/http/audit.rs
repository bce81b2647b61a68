//! Who did what, for admins.

use super::Shared;
use super::caller::Caller;
use super::input::Params;
use super::page::{Limit, Page, limit};
use super::problem::{Problem, Refused};
use crate::clock::text;
use deliver::people::Role;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::axum::Json;
use web::axum::extract::State;

/// A line about a change.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LineOut {
    number: u64,
    #[schema(format = DateTime)]
    time: String,
    who: String,
    what: String,
    about: String,
    detail: String,
}

/// Which lines.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// Only those older than the line of this number: `next` of the page before.
    #[param(minimum = 0, maximum = 4294967295u64)]
    after: Option<u32>,
    /// At most so many.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 1000, default = 50)]
    limit: Option<Limit>,
}

/// Every change by a person, the newest first.
#[utoipa::path(get, path = "/api/v1/audit", tag = "tokens", params(Which),
    responses((status = 200, body = Page<LineOut>), Refused))]
pub(super) async fn list(
    State(api): Shared,
    caller: Caller,
    Params(which): Params<Which>,
) -> Result<Json<Page<LineOut>>, Problem> {
    caller.needs(Role::Admin)?;
    let limit = limit(which.limit);
    let lines = api.people(|people| people.lines(which.after.map(u64::from), limit + 1))?;
    let shown = lines.into_iter().map(|line| LineOut {
        number: line.number,
        time: text(line.time),
        who: line.who,
        what: line.what,
        about: line.about,
        detail: line.detail,
    });
    Ok(Json(Page::of(shown.collect(), limit, |line| line.number.to_string())))
}
