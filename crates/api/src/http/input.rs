//! What comes with a request, with refusals that are problems.

use super::problem::Problem;
use serde::de::DeserializeOwned;
use web::axum::Json;
use web::axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use web::axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use web::axum::http::request::Parts;

/// A body of JSON.
pub(super) struct Body<T>(pub(super) T);

/// The parameters behind `?`.
pub(super) struct Params<T>(pub(super) T);

/// The name in the path.
pub(super) struct Name(pub(super) String);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let refused = |refused: JsonRejection| Problem::new(refused.status(), refused.body_text());
        Json::from_request(request, state).await.map(|Json(body)| Self(body)).map_err(refused)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let refused = |refused: QueryRejection| Problem::new(refused.status(), refused.body_text());
        Query::from_request_parts(parts, state).await.map(|Query(params)| Self(params)).map_err(refused)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let refused = |refused: PathRejection| Problem::new(refused.status(), refused.body_text());
        Path::from_request_parts(parts, state).await.map(|Path(name)| Self(name)).map_err(refused)
    }
}
