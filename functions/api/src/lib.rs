//! The public REST API: an axum router on Lambda. Handlers check, convert and call; what is decided is decided in
//! the pure crates, what is stored is stored by `copilot_aws`.

pub mod access;
pub mod audit;
pub mod auth;
pub mod beta;
pub mod body;
pub mod card;
pub mod ctx;
pub mod cursor;
pub mod dto;
pub mod edge;
pub mod etag;
pub mod filter;
pub mod idempotency;
pub mod jwks;
pub mod openapi;
pub mod paging;
pub mod playbooks;
pub mod predicted;
pub mod problem;
pub mod profiles;
pub mod query;
pub mod rate;
pub mod routes;
pub mod tell;
pub mod text;

use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::middleware::{from_fn, from_fn_with_state, map_request};
use axum::routing::get;

pub use ctx::Ctx;

/// The state of the router.
#[derive(Debug)]
pub struct App {
    /// What handlers work with.
    pub ctx: Ctx,
    /// What every operation needs.
    pub access: access::Access,
    /// The rate limit.
    pub rate: rate::Limiter,
}

/// The state, as handlers take it.
pub type Shared = axum::extract::State<Arc<App>>;

/// The whole API as a service.
pub fn app(ctx: Ctx) -> Router {
    let (router, document) = routes::router().split_for_parts();
    let access = access::Access::of(&document);
    let rate = rate::Limiter::new(ctx.rate_per_minute);
    let app = Arc::new(App { ctx, access, rate });
    let inner = router
        .layer(from_fn_with_state(app.clone(), idempotency::once))
        .layer(from_fn_with_state(app.clone(), access::authorize))
        .route("/v1/openapi.json", get(document_json))
        .fallback(edge::no_route)
        .method_not_allowed_fallback(edge::no_method)
        .layer(from_fn(edge::edge))
        .with_state(app);
    // Outside of the routing, so that a path can be put right before it is matched.
    Router::new()
        .fallback_service(inner)
        .layer(map_request(|request| async { edge::plain_colon(request) }))
}

/// The document, as it stands beside the code; a test keeps the two equal.
async fn document_json() -> ([(header::HeaderName, &'static str); 2], &'static str) {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "public, max-age=300"),
    ];
    (headers, include_str!("../openapi.json"))
}
