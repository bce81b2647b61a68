//! How `serve` is doing.

use super::caller::Caller;
use super::problem::{Problem, Refused};
use super::{Api, Shared};
use crate::metrics;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::PoisonError;
use utoipa::ToSchema;
use web::MetricsFormat;
use web::axum::Json;
use web::axum::extract::State;
use web::axum::http::{StatusCode, header};
use web::axum::response::{IntoResponse, Response};

/// How it is doing. Numbers of all areas together are only for tokens of all areas.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Status {
    /// Whether everything that there was has been read.
    is_whole: bool,
    /// Each gateway, and whether it is connected.
    gateways: BTreeMap<String, bool>,
    numbers: Option<Numbers>,
}

/// Numbers of all areas together.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Numbers {
    alerts: usize,
    cases: usize,
    notices: usize,
    /// Rows of outputs that could not be read.
    unreadable: u64,
    /// Messages that are not over.
    messages_waiting: usize,
    /// What became of notices and errands, by name.
    routes: BTreeMap<String, u64>,
    /// Errands in groups, of which some are kept back now.
    grouped: u64,
    /// Errands that wait for a digest.
    held: u64,
    silenced_now: u64,
    inhibited_now: u64,
}

/// How `serve` is doing.
#[utoipa::path(get, path = "/api/v1/status", tag = "status", responses((status = 200, body = Status), Refused))]
pub(super) async fn status(State(api): Shared, caller: Caller) -> Result<Json<Status>, Problem> {
    let figures = api.post().figures.read().unwrap_or_else(PoisonError::into_inner).clone();
    let board = api.post().board();
    let numbers = caller.0.areas.is_none().then(|| Numbers {
        alerts: board.alerts.len(),
        cases: board.cases.len(),
        notices: board.notices.len(),
        unreadable: board.unreadable,
        messages_waiting: figures.waiting,
        routes: figures.routes.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect(),
        grouped: figures.grouped,
        held: figures.held,
        silenced_now: figures.silenced_now,
        inhibited_now: figures.inhibited_now,
    });
    let gateways = figures.gateways.into_iter().collect();
    Ok(Json(Status { is_whole: board.is_whole, gateways, numbers }))
}

/// The numbers for Prometheus, with a token of all areas.
pub(super) async fn metrics(State(api): State<Api>, caller: Caller) -> Result<Response, Problem> {
    if caller.0.areas.is_some() {
        return Err(Problem::forbidden("the numbers are of all areas, and the token is for some"));
    }
    let figures = api.post().figures.read().unwrap_or_else(PoisonError::into_inner).clone();
    let text = metrics::text(&figures, api.post().board().is_whole);
    Ok(([(header::CONTENT_TYPE, MetricsFormat::PrometheusText.content_type())], text).into_response())
}

/// Whether everything that there was has been read, without a token: for probes.
pub(super) async fn ready(State(api): State<Api>) -> Response {
    if api.post().board().is_whole {
        return "ready\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, "the outputs are not read yet\n").into_response()
}
