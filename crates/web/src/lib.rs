//! HTTP servers with limits for clients, on threads of their own.
//!
//! This is the home of axum. The crate does not know what it serves. [`Http`] serves `GET /metrics`, `/healthz` and
//! `/readyz`: the caller gives it a closure that answers a [`Question`] with text, and another one that is called if the
//! thread fails. [`Server`] serves any routes, which the caller makes with this crate's [`axum`]; [`Feed`] is for clients
//! that stay to hear what is new. Nothing else is kept between two requests.

mod connections;
mod feed;
mod server;

pub use axum;
pub use connections::{LIMITS_OF_API, Limits};
pub use feed::Feed;
pub use server::Server;

use axum::Router;
use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use connections::LIMITS;
use server::listen;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

/// A question of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// `/metrics`: the numbers of the process, in the format that the client reads.
    Metrics(MetricsFormat),
    /// `/healthz`: whether the process is alive.
    Health,
    /// `/readyz`: whether the process is ready.
    Readiness,
}

/// The format of metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricsFormat {
    /// OpenMetrics 1.0, which ends in `# EOF`.
    OpenMetrics,
    /// The older text format of Prometheus, for clients that do not ask for OpenMetrics.
    PrometheusText,
}

impl MetricsFormat {
    /// The media type under which the format is sent.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::PrometheusText => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// Why there is no good answer. The text becomes the body of the response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The process is not alive or not ready: status 503.
    Unavailable(String),
    /// The answer could not be written: status 500.
    Broken(String),
}

/// Why the server cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address is not valid, or its name is unknown.
    #[error("cannot listen on `{address}`: it is not an address of this machine")]
    NoAddress {
        /// The address that the user gave.
        address: String,
        /// The system's error.
        source: io::Error,
    },
    /// Another process has the port.
    #[error("cannot listen on {address}: the port is taken")]
    Taken {
        /// The address that the user gave.
        address: String,
    },
    /// Any other failure.
    #[error("cannot listen on {address}")]
    Failed {
        /// The address that the user gave.
        address: String,
        /// The system's error.
        source: io::Error,
    },
}

impl ListenError {
    /// Whether the address itself is wrong, so that only another address helps.
    pub fn is_wrong_address(&self) -> bool {
        matches!(self, Self::NoAddress { .. })
    }

    /// What the user can do about it, if anything.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::NoAddress { .. } => Some("give HOST:PORT, such as 127.0.0.1:9464 or localhost:9464"),
            Self::Taken { .. } => Some("give another port, or 0 for any that is free"),
            Self::Failed { .. } => None,
        }
    }
}

/// The running server of metrics. It stops when this is dropped.
pub struct Http(Server);

impl Http {
    /// Starts the server at `HOST:PORT`. With port 0 the system chooses a free port, which [`Self::address`] returns.
    /// `answer` gives the text for each question. `ended` is called if the server fails before this is dropped.
    pub fn start<A, E>(address: &str, answer: A, ended: E) -> Result<Self, ListenError>
    where
        A: Fn(Question) -> Result<String, Refusal> + Send + Sync + 'static,
        E: FnOnce(&io::Error) + Send + 'static,
    {
        let listener = listen(address)?;
        Self::serve(listener, LIMITS, answer, ended)
            .map_err(|source| ListenError::Failed { address: address.to_owned(), source })
    }

    fn serve<A, E>(listener: TcpListener, limits: Limits, answer: A, ended: E) -> io::Result<Self>
    where
        A: Fn(Question) -> Result<String, Refusal> + Send + Sync + 'static,
        E: FnOnce(&io::Error) + Send + 'static,
    {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Server::serve(listener, runtime, routes(answer), limits, ended).map(Self)
    }

    /// The address on which it listens.
    pub fn address(&self) -> SocketAddr {
        self.0.address()
    }
}

fn routes<A>(answer: A) -> Router
where
    A: Fn(Question) -> Result<String, Refusal> + Send + Sync + 'static,
{
    Router::new()
        .route("/metrics", get(metrics::<A>))
        .route("/healthz", get(health::<A>))
        .route("/readyz", get(readiness::<A>))
        .fallback(async || (StatusCode::NOT_FOUND, "there is /metrics, /healthz and /readyz\n"))
        .with_state(Arc::new(answer))
}

async fn metrics<A>(State(answer): State<Arc<A>>, headers: HeaderMap) -> Response
where
    A: Fn(Question) -> Result<String, Refusal>,
{
    let accepts = headers.get(ACCEPT).and_then(|accepts| accepts.to_str().ok()).unwrap_or("");
    // Prometheus asks for OpenMetrics first. A client that asks only for plain text may not know `# EOF` and `# UNIT`.
    let is_plain = accepts.contains("text/plain") && !accepts.contains("application/openmetrics-text");
    let format = if is_plain { MetricsFormat::PrometheusText } else { MetricsFormat::OpenMetrics };
    match answer(Question::Metrics(format)) {
        Ok(text) => ([(CONTENT_TYPE, format.content_type())], text).into_response(),
        Err(refusal) => refused(refusal),
    }
}

async fn health<A>(State(answer): State<Arc<A>>) -> Response
where
    A: Fn(Question) -> Result<String, Refusal>,
{
    answer(Question::Health).map_or_else(refused, IntoResponse::into_response)
}

async fn readiness<A>(State(answer): State<Arc<A>>) -> Response
where
    A: Fn(Question) -> Result<String, Refusal>,
{
    answer(Question::Readiness).map_or_else(refused, IntoResponse::into_response)
}

/// What an answer becomes that takes longer than `most`.
pub async fn within(
    most: Duration,
    answer: impl Future<Output = Response>,
    late: impl FnOnce() -> Response,
) -> Response {
    tokio::time::timeout(most, answer).await.unwrap_or_else(|_| late())
}

/// Does work that waits for a disk or for another thread: other requests go on meanwhile. Only on a [`Server`]'s threads.
pub fn blocking<T>(work: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(work)
}

fn refused(refusal: Refusal) -> Response {
    let (status, why) = match refusal {
        Refusal::Unavailable(why) => (StatusCode::SERVICE_UNAVAILABLE, why),
        Refusal::Broken(why) => (StatusCode::INTERNAL_SERVER_ERROR, why),
    };
    (status, why + "\n").into_response()
}

#[cfg(test)]
mod tests;
