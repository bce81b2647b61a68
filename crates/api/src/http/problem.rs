//! Why a request is not answered, as RFC 9457 has it.

use serde::Serialize;
use std::error::Error;
use utoipa::ToSchema;
use web::axum::http::{HeaderValue, StatusCode, header};
use web::axum::response::{IntoResponse, Response};

/// Why a request is not answered.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// The kind of problem: the status alone says it.
    #[serde(rename = "type")]
    #[schema(example = "about:blank")]
    kind: &'static str,
    /// The status in words.
    title: &'static str,
    /// The status.
    status: u16,
    /// What is wrong with this request, and what helps.
    detail: String,
}

/// Problems as the document of a route lists them.
macro_rules! refusals {
    ($(#[$doc:meta])* $name:ident: $($kind:ident $status:literal $words:literal;)*) => {
        $(#[$doc])*
        #[derive(utoipa::IntoResponses)]
        #[expect(dead_code, reason = "only the document is made of it")]
        pub(crate) enum $name {
            $(#[response(status = $status, description = $words, content_type = "application/problem+json")]
            $kind(#[to_schema] Problem),)*
        }
    };
}

refusals! {
    /// What every route may answer, for its document.
    Refused:
    Unreadable 400 "the request cannot be read";
    Unknown 401 "no token, or one that is not good";
    Forbidden 403 "the token may not do this";
    Missing 404 "there is no such thing that the token may know of";
    Slow 408 "the request took too long to come";
    TooMany 429 "too many requests of this token";
}

refusals! {
    /// What a route with a body may answer beside that.
    RefusedBody:
    TooLong 413 "the body is too long";
    NoJson 415 "the body is no `application/json`";
    Wrong 422 "the body says what cannot be";
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("error");
        Self { kind: "about:blank", title, status: status.as_u16(), detail: detail.into() }
    }

    /// There is no such thing, or none that the token may know of: who asks cannot tell them apart.
    pub(crate) fn missing(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("there is no such {what}"))
    }

    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    pub(crate) fn wrong(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    pub(crate) fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    pub(crate) fn broken(error: &dyn Error) -> Self {
        // What the store says may name paths, which strangers need not know.
        shell::telemetry::api_broken(error);
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the store fails; the log says why")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_string(&self).expect("text and numbers can be written");
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::TOO_MANY_REQUESTS {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
