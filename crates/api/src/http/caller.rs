//! Who asks: the token of a request, what it may do, and how often.

use super::Api;
use super::problem::Problem;
use crate::clock::now;
use deliver::people::{Role, Token};
use reading::EventTime;
use std::sync::PoisonError;
use web::axum::extract::FromRequestParts;
use web::axum::http::request::Parts;
use web::axum::http::{StatusCode, header};

/// Who asks.
#[derive(Debug)]
pub(super) struct Caller(pub(super) Token);

/// How many requests a token has left at a moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bucket {
    left: f64,
    at: EventTime,
}

/// A token that was quiet has as many seconds' worth.
const BURST: f64 = 5.0;
/// All that come with no good token share one bucket.
const STRANGERS: &str = "";

impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let text = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let text = text.and_then(|text| {
            let (scheme, token) = text.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        let Some(text) = text else {
            api.take_one(STRANGERS)?;
            return Err(unauthorized(
                "send a token: `Authorization: Bearer gwt_...`; `gridwarden token add` makes one",
            ));
        };
        match api.people(|people| people.token_of(text))? {
            Some(token) => {
                api.take_one(&token.id)?;
                Ok(Self(token))
            }
            None => {
                api.take_one(STRANGERS)?;
                Err(unauthorized("this token is not good, or not any more"))
            }
        }
    }
}

fn unauthorized(detail: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, detail)
}

impl Api {
    /// Takes one request of a bucket.
    fn take_one(&self, whose: &str) -> Result<(), Problem> {
        let per_second = f64::from(self.0.settings.per_second);
        let most = per_second * BURST;
        let now = now();
        let mut buckets = self.0.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(whose.to_owned()).or_insert(Bucket { left: most, at: now });
        let passed = now.since(bucket.at).max(0) as f64 / 1000.0;
        bucket.left = (bucket.left + passed * per_second).min(most);
        bucket.at = now;
        if bucket.left < 1.0 {
            let detail = format!("more than {per_second} requests a second; wait a moment");
            return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, detail));
        }
        bucket.left -= 1.0;
        Ok(())
    }
}

impl Caller {
    /// Whether it may do what this role may do.
    pub(super) fn needs(&self, role: Role) -> Result<(), Problem> {
        if self.0.role >= role {
            return Ok(());
        }
        Err(Problem::forbidden(format!("this needs the role `{role}`, and the token has `{}`", self.0.role)))
    }

    pub(super) fn may_know(&self, area: Option<&str>) -> bool {
        self.0.may_know(area)
    }

    pub(super) fn who(&self) -> String {
        self.0.who()
    }
}
