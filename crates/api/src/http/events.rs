//! What is new, as server-sent events.

use super::Shared;
use super::caller::Caller;
use super::problem::Refused;
use web::axum::extract::State;
use web::axum::http::HeaderMap;
use web::axum::response::Response;

/// What is new from now on, or behind the event of `Last-Event-ID`: `alert`, `case`, `message`, `silence`, `ack`, each with an
/// `id` to ask for. `reset` says that too much was missed: look at everything anew.
#[utoipa::path(get, path = "/api/v1/events", tag = "found",
    params(("Last-Event-ID" = Option<String>, Header, description = "the id of the last event that was seen")),
    responses((status = 200, content_type = "text/event-stream", body = String), Refused))]
pub(super) async fn follow(State(api): Shared, caller: Caller, headers: HeaderMap) -> Response {
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let feed = api.post().feed.clone();
    // The connection may outlive the token.
    let is_good = move |id: &str| api.people(|people| people.is_good(id)).unwrap_or(false);
    feed.follow(last, move |visible| caller.may_know(visible.0.as_deref()) && is_good(&caller.0.id))
}
