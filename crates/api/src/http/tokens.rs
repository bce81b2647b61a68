//! Tokens, for admins.

use super::Shared;
use super::caller::Caller;
use super::input::{Body, Name};
use super::problem::{Problem, Refused, RefusedBody};
use crate::clock::text;
use deliver::people::{Role, Token};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;
use web::axum::Json;
use web::axum::extract::State;
use web::axum::http::StatusCode;

/// A token without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TokenOut {
    id: String,
    name: String,
    /// `viewer`, `operator` or `admin`.
    role: String,
    /// The areas that it may know of; null for all.
    areas: Option<BTreeSet<String>>,
    #[schema(format = DateTime)]
    created: String,
    #[schema(format = DateTime)]
    revoked: Option<String>,
}

impl From<Token> for TokenOut {
    fn from(token: Token) -> Self {
        Self {
            id: token.id,
            name: token.name,
            role: token.role.name().to_owned(),
            areas: token.areas,
            created: text(token.created),
            revoked: token.revoked.map(text),
        }
    }
}

/// All tokens.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Tokens {
    /// The oldest first.
    items: Vec<TokenOut>,
}

/// A new token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewToken {
    /// Whose it is.
    #[schema(min_length = 1, max_length = 64)]
    name: String,
    /// `viewer`, `operator` or `admin`.
    #[schema(pattern = "^(viewer|operator|admin)$")]
    role: String,
    /// The areas that it may know of; all without it.
    areas: Option<BTreeSet<String>>,
}

/// A token as it was made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Made {
    /// What requests send. Nothing shows it again.
    secret: String,
    token: TokenOut,
}

/// Tokens, also those that are not good any more.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "tokens", responses((status = 200, body = Tokens), Refused))]
pub(super) async fn list(State(api): Shared, caller: Caller) -> Result<Json<Tokens>, Problem> {
    caller.needs(Role::Admin)?;
    let items = api.people(|people| people.tokens())?.into_iter().map(TokenOut::from).collect();
    Ok(Json(Tokens { items }))
}

/// Makes a token.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "tokens", request_body = NewToken,
    responses((status = 201, body = Made), Refused, RefusedBody))]
pub(super) async fn add(
    State(api): Shared,
    caller: Caller,
    Body(new): Body<NewToken>,
) -> Result<(StatusCode, Json<Made>), Problem> {
    caller.needs(Role::Admin)?;
    let role = Role::parse(&new.role).ok_or_else(|| Problem::wrong("`role` is viewer, operator or admin"))?;
    let who = caller.who();
    let made = api.people(|people| people.add_token(&new.name, role, new.areas, &who))?;
    let (token, secret) = made.map_err(|error| Problem::wrong(error.to_string()))?;
    Ok((StatusCode::CREATED, Json(Made { secret: secret.reveal().to_owned(), token: token.into() })))
}

/// Makes a token useless.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "tokens", params(("id" = String, Path)),
    responses((status = 204, description = "it is good no more"), Refused))]
pub(super) async fn revoke(
    State(api): Shared,
    caller: Caller,
    Name(id): Name,
) -> Result<StatusCode, Problem> {
    caller.needs(Role::Admin)?;
    let who = caller.who();
    if !api.people(|people| people.revoke_token(&id, &who))? {
        return Err(Problem::missing("token that is still good"));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// The token of the request itself.
#[utoipa::path(get, path = "/api/v1/whoami", tag = "tokens", responses((status = 200, body = TokenOut), Refused))]
pub(super) async fn whoami(caller: Caller) -> Json<TokenOut> {
    Json(caller.0.into())
}
