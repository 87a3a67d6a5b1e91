//! Which pages of other origins may read our answers (the CORS protocol of the Fetch standard): those of `http.allowed_origins`,
//! each named, and without cookies, which nothing here uses.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::collaboration::LOCK_TOKEN;
use super::idempotency::IDEMPOTENCY_KEY;

/// For how long a browser need not ask again.
const PREFLIGHT_HOLDS: Duration = Duration::from_secs(600);
/// What requests to the API are made with.
const METHODS: [Method; 6] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
/// What they carry, beyond what every page may send.
const HEADERS: [HeaderName; 6] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    header::IF_MATCH,
    HeaderName::from_static(IDEMPOTENCY_KEY),
    HeaderName::from_static("last-event-id"),
    HeaderName::from_static(LOCK_TOKEN),
];
/// What of an answer a page may read, beyond what every page may.
const EXPOSED: [HeaderName; 4] =
    [header::ETAG, header::LOCATION, header::RETRY_AFTER, header::WWW_AUTHENTICATE];

/// The layer, where any other origin is allowed. It answers preflights itself, which carry no token.
pub fn layer(allowed: &[String]) -> Option<CorsLayer> {
    let origins: Vec<HeaderValue> = allowed.iter().filter_map(|origin| origin.parse().ok()).collect();
    (!origins.is_empty()).then(|| {
        CorsLayer::new()
            .allow_origin(AllowOrigin::list(origins))
            .allow_methods(METHODS)
            .allow_headers(HEADERS)
            .expose_headers(EXPOSED)
            .max_age(PREFLIGHT_HOLDS)
    })
}
