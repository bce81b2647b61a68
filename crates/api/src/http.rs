//! `/api/v1`: what people and their programs may ask. The document of it is made from these routes.

mod acks;
mod audit;
mod caller;
mod cases;
mod events;
mod inbound;
mod input;
mod messages;
mod meters;
mod page;
mod problem;
mod results;
mod silences;
mod status;
mod tokens;

use crate::office::Post;
use deliver::{Inbound, People, StoreError};
use problem::Problem;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use utoipa::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::axum;
use web::axum::Router;
use web::axum::extract::{DefaultBodyLimit, Request, State};
use web::axum::http::StatusCode;
use web::axum::middleware::{self, Next};
use web::axum::response::{IntoResponse, Response};
use web::axum::routing::get;

/// A request, with its body, may take so long.
const PATIENCE: Duration = Duration::from_secs(10);
/// No body is longer: the longest that makes sense is a silence with its reason.
const MOST_OF_BODY: usize = 16 * 1024;

/// How much clients may ask.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Requests of one token in a second, on average.
    pub per_second: u32,
}

/// What may be seen of an event: by those who may know of this area. `None` is for those who may know all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visible(pub Option<String>);

/// What the routes need.
#[derive(Clone)]
pub struct Api(Arc<Inner>);

struct Inner {
    post: Post,
    people: Mutex<People>,
    settings: Settings,
    inbound: Vec<Inbound>,
    buckets: Mutex<BTreeMap<String, caller::Bucket>>,
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Gridwarden",
        version = "1",
        description = "Cases, alerts and messages of `gridwarden serve`, and what people decided about them. \
            Every request but this document needs a token: `Authorization: Bearer gwt_...`. A token sees only its areas."
    ),
    security(("token" = []))
)]
struct Document;

fn routes() -> OpenApiRouter<Api> {
    let mut document = Document::openapi();
    let components = document.components.get_or_insert_default();
    let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    components.security_schemes.insert("token".to_owned(), scheme.into());
    OpenApiRouter::with_openapi(document)
        .routes(routes!(cases::alerts))
        .routes(routes!(cases::alert))
        .routes(routes!(cases::cases))
        .routes(routes!(cases::case))
        .routes(routes!(cases::evidence))
        .routes(routes!(cases::notices))
        .routes(routes!(meters::one))
        .routes(routes!(silences::list, silences::add))
        .routes(routes!(silences::one, silences::end))
        .routes(routes!(acks::list))
        .routes(routes!(acks::one, acks::acknowledge, acks::take_back))
        .routes(routes!(results::list, results::add))
        .routes(routes!(messages::list))
        .routes(routes!(messages::one))
        .routes(routes!(messages::retry))
        .routes(routes!(messages::discard))
        .routes(routes!(tokens::list, tokens::add))
        .routes(routes!(tokens::revoke))
        .routes(routes!(tokens::whoami))
        .routes(routes!(audit::list))
        .routes(routes!(events::follow))
        .routes(routes!(status::status))
}

/// The OpenAPI 3.1 document of the routes.
pub fn openapi() -> String {
    let (_, document) = routes().split_for_parts();
    document.to_pretty_json().expect("text and numbers can be written")
}

impl Api {
    /// Answers from what the office shares, and from the store.
    pub fn new(post: Post, people: People, settings: Settings, inbound: Vec<Inbound>) -> Self {
        let (buckets, people) = (Mutex::new(BTreeMap::new()), Mutex::new(people));
        Self(Arc::new(Inner { post, people, settings, inbound, buckets }))
    }

    /// All routes.
    pub fn router(self) -> Router {
        let (router, document) = routes().split_for_parts();
        let document = document.to_pretty_json().expect("text and numbers can be written");
        let document =
            async move || ([("content-type", "application/json")], document.clone()).into_response();
        router
            .route("/api/v1/openapi.json", get(document))
            .route("/inbound/{gateway}/{key}", get(inbound::take).post(inbound::take))
            .route("/metrics", get(status::metrics))
            .route("/healthz", get(async || "ok\n"))
            .route("/readyz", get(status::ready))
            .fallback(async || Problem::new(StatusCode::NOT_FOUND, "there is nothing at this path"))
            .method_not_allowed_fallback(async || {
                Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this path has no such method")
            })
            .layer(DefaultBodyLimit::max(MOST_OF_BODY))
            .layer(middleware::from_fn(in_time))
            .with_state(self)
    }

    fn post(&self) -> &Post {
        &self.0.post
    }

    fn inbound(&self) -> &[Inbound] {
        &self.0.inbound
    }

    /// Reads or changes what people decided. The thread waits for the disk, so the others take over its requests.
    fn people<T>(&self, work: impl FnOnce(&mut People) -> Result<T, StoreError>) -> Result<T, Problem> {
        web::blocking(|| {
            let mut people = self.0.people.lock().unwrap_or_else(PoisonError::into_inner);
            work(&mut people).map_err(|error| Problem::broken(&error))
        })
    }
}

async fn in_time(request: Request, next: Next) -> Response {
    let late =
        || Problem::new(StatusCode::REQUEST_TIMEOUT, "the request took too long to come").into_response();
    web::within(PATIENCE, next.run(request), late).await
}

/// The state of a route.
type Shared = State<Api>;
