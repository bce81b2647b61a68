//! Messages of phones that providers hand over. Who knows the key of a gateway may; others learn not even whether there is
//! such a gateway.

use super::Shared;
use super::problem::Problem;
use serde_json::Value;
use std::collections::BTreeMap;
use web::axum::body::Bytes;
use web::axum::extract::{Path, Query, State};
use web::axum::http::{HeaderMap, StatusCode, Uri, header};
use web::axum::response::{IntoResponse, Response};

/// Takes a message. It is stored when the provider hears that it came.
pub(super) async fn take(
    State(api): Shared,
    Path((gateway, key)): Path<(String, String)>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let inbound = api.inbound().iter().find(|one| one.gateway == gateway && one.allows(&key));
    let inbound =
        inbound.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "there is nothing at this path"))?;
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut fields = query;
    fields.extend(fields_of(kind, &body));
    let came = inbound.read(&fields).ok_or_else(|| {
        let detail = format!("the fields `{}` and `{}` are missing", inbound.from, inbound.text);
        Problem::new(StatusCode::BAD_REQUEST, detail)
    })?;
    let post = api.post().clone();
    if !web::blocking(|| post.take_in(came)) {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "it could not be stored; send it again"));
    }
    // Twilio's answer to answer nothing; to others it says nothing.
    Ok(([(header::CONTENT_TYPE, "text/xml")], "<Response/>").into_response())
}

/// The texts of a form or of JSON.
fn fields_of(kind: &str, body: &[u8]) -> BTreeMap<String, String> {
    if kind.contains("json") {
        let Ok(Value::Object(object)) = serde_json::from_slice(body) else { return BTreeMap::new() };
        let text = |value: Value| match value {
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        return object.into_iter().filter_map(|(key, value)| Some((key, text(value)?))).collect();
    }
    // A form is written as the query of a URL is.
    let query = std::str::from_utf8(body).ok().and_then(|body| format!("/?{body}").parse::<Uri>().ok());
    let fields = query.and_then(|uri| Query::try_from_uri(&uri).ok());
    fields.map(|Query(fields)| fields).unwrap_or_default()
}
