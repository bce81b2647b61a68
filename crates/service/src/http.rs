//! `GET /metrics`, `/healthz` and `/readyz`, answered by a thread of their own.

use crate::failure::Failure;
use crate::metrics::Metrics;
use axum::Router;
use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use tokio::sync::oneshot;

/// What `text::encode` writes.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// What `prometheus_text::encode` writes.
const PROMETHEUS_TEXT: &str = prometheus_client::encoding::prometheus_text::CONTENT_TYPE;

/// Answers until it is dropped.
pub struct Http {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Http {
    /// Begins to answer; port 0 takes any that is free, which [`Self::address`] tells.
    pub fn start(address: SocketAddr, metrics: Arc<Metrics>) -> Result<Self, Failure> {
        let failed = |cause: io::Error| Failure::failed(format!("cannot listen on {address}"), &cause);
        let listener = TcpListener::bind(address).map_err(|cause| match cause.kind() {
            io::ErrorKind::AddrInUse => Failure::failed_with_help(
                format!("cannot listen on {address}: the port is taken"),
                "give another port, or 0 for any that is free",
            ),
            _ => failed(cause),
        })?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let (stop, stopped) = oneshot::channel();
        let serve = async move {
            // A listener that the system gave and that does not block is taken.
            let listener = tokio::net::TcpListener::from_std(listener)?;
            tokio::select! {
                served = async { axum::serve(listener, routes(metrics)).await } => served,
                _ = stopped => Ok(()),
            }
        };
        let thread = thread::Builder::new().name("http".to_owned()).spawn(move || {
            // Answers that are under way end with the runtime: a scraper asks again.
            if let Err(cause) = runtime.block_on(serve) {
                crate::telemetry::http_ended(&cause);
            }
        });
        Ok(Self { address, stop: Some(stop), thread: Some(thread.map_err(failed)?) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of its own was told when it happened.
            drop(thread.join());
        }
    }
}

fn routes(metrics: Arc<Metrics>) -> Router {
    Router::new()
        .route("/metrics", get(told))
        .route("/healthz", get(healthy))
        .route("/readyz", get(ready))
        .fallback(async || (StatusCode::NOT_FOUND, "there is /metrics, /healthz and /readyz\n"))
        .with_state(metrics)
}

async fn told(State(metrics): State<Arc<Metrics>>, headers: HeaderMap) -> Response {
    let accepts = headers.get(ACCEPT).and_then(|accepts| accepts.to_str().ok()).unwrap_or("");
    // Prometheus names OpenMetrics first; what names plain text alone may not know `# EOF` and `# UNIT`.
    let plain = accepts.contains("text/plain") && !accepts.contains("application/openmetrics-text");
    let (kind, told) = match plain {
        true => (PROMETHEUS_TEXT, metrics.prometheus_text()),
        false => (OPEN_METRICS, metrics.open_metrics()),
    };
    match told {
        Ok(told) => ([(CONTENT_TYPE, kind)], told).into_response(),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, "the metrics could not be written\n").into_response(),
    }
}

async fn healthy(State(metrics): State<Arc<Metrics>>) -> Response {
    answer(metrics.health.dead())
}

async fn ready(State(metrics): State<Arc<Metrics>>) -> Response {
    answer(metrics.health.missing())
}

fn answer(wrong: Option<String>) -> Response {
    match wrong {
        None => "ok\n".into_response(),
        Some(wrong) => (StatusCode::SERVICE_UNAVAILABLE, wrong + "\n").into_response(),
    }
}

#[cfg(test)]
mod tests;
