//! The connections of clients: only a few at a time, and none for long.
//!
//! The engine beside it needs descriptors for its log and its checkpoints. So a client that opens thousands of
//! connections and sends half a request on each must neither take them all nor keep a probe from its answer.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{self, JoinHandle};
use tokio::time;

/// The limits for clients.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many connections there may be at a time. One more ends the oldest.
    pub connections: usize,
    /// The longest time from the start of a connection to the end of the request's head.
    pub head: Duration,
    /// The longest time of a connection.
    pub whole: Duration,
}

/// Enough for a scraper and some probes, and few beside 256 descriptors, the smallest limit in common use.
pub const LIMITS: Limits =
    Limits { connections: 32, head: Duration::from_secs(5), whole: Duration::from_secs(10) };

/// For an API. A page of people has a connection that stays, so there are more of them. After ten minutes such a client
/// connects again and goes on where it was.
pub const LIMITS_OF_API: Limits =
    Limits { connections: 256, head: Duration::from_secs(5), whole: Duration::from_secs(600) };

/// How long to wait when the process has no descriptor left.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until the future is dropped.
pub async fn serve(listener: TcpListener, routes: Router, limits: Limits) -> Infallible {
    let mut open: VecDeque<JoinHandle<()>> = VecDeque::new();
    loop {
        let accepted = listener.accept().await;
        open.retain(|connection| !connection.is_finished());
        let Ok((stream, _)) = accepted else {
            // The client has gone, or there is no descriptor left. Then the oldest connection gives one back.
            end_oldest(&mut open);
            time::sleep(PAUSE).await;
            continue;
        };
        if open.len() >= limits.connections {
            end_oldest(&mut open);
        }
        open.push_back(task::spawn(answer(stream, routes.clone(), limits)));
        // Give the connections a turn after each `accept`. Otherwise this loop would accept a whole flood in one turn,
        // and end an honest probe as the oldest before its request is read.
        task::yield_now().await;
    }
}

fn end_oldest(open: &mut VecDeque<JoinHandle<()>>) {
    if let Some(oldest) = open.pop_front() {
        oldest.abort();
    }
}

/// One request, and the end of the connection: a scraper that comes every few seconds can open a new one.
async fn answer(stream: TcpStream, routes: Router, limits: Limits) {
    let service = tower::ServiceExt::map_request(routes, |request: Request<Incoming>| request.map(Body::new));
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    // A client that is too slow, or gone, gets no answer: it may ask again.
    let _ = time::timeout(limits.whole, connection).await;
}
