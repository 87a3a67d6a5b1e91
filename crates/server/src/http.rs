//! The HTTP server: routes with their OpenAPI description, the policy before them, limits around them.

pub mod about;
mod accounts;
mod alert_actions;
mod alerts;
mod assistant;
mod audit;
mod callbacks;
mod claims;
mod collaboration;
mod comments;
mod cors;
mod described;
mod description;
mod dlq;
mod escalations;
mod exercises;
mod explanations;
mod idempotency;
mod incident_actions;
mod incidents;
mod ingest;
mod item_edit;
mod items;
pub mod listener;
mod notifications;
pub mod params;
mod people;
pub mod presence;
pub mod problem;
mod publish;
mod reach;
mod records;
mod reliability;
mod repeated;
mod search_index;
pub mod serve;
mod set_up;
mod sources;
mod templates;
mod topics;
pub mod unsent;
mod web;
mod workflows;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use bytes::Bytes;
use futures_util::StreamExt;
use tower::util::option_layer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::asyncapi;
use crate::config::Role;
use crate::live;
use crate::policy::{self, Access};
use described::Described;

pub use problem::Problem;

/// A body that is refused for its length is read to its end up to this.
const MAX_DISCARDED_BYTES: u64 = 64 * 1024 * 1024;
/// Largest body of a request that needs no token.
const MAX_PUBLIC_BYTES: usize = 16 * 1024;
/// Largest body of SendGrid's events: they come together, a second's or so many that they are three quarters of a megabyte.
const MAX_EVENTS_BYTES: usize = 1024 * 1024;

fn api() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(description::begun())
        .routes(routes!(about::about))
        .routes(routes!(about::healthz))
        .routes(routes!(about::readyz))
        .routes(routes!(accounts::register))
        .routes(routes!(accounts::login))
        .routes(routes!(accounts::refresh))
        .routes(routes!(accounts::logout))
        .routes(routes!(accounts::me))
        .routes(routes!(accounts::ticket))
        .routes(routes!(ingest::ingest))
        .routes(routes!(items::list))
        .routes(routes!(items::facets))
        .routes(routes!(items::grid))
        .routes(routes!(items::one, item_edit::edit))
        .routes(routes!(explanations::explain))
        .routes(routes!(assistant::about))
        .routes(routes!(assistant::draft))
        .routes(routes!(collaboration::take, collaboration::renew, collaboration::release))
        .routes(routes!(collaboration::ask, collaboration::refuse))
        .routes(routes!(collaboration::presence))
        .routes(routes!(presence::join))
        .routes(routes!(presence::leave))
        .routes(routes!(presence::cursor))
        .routes(routes!(collaboration::of_resource, comments::comment))
        .routes(routes!(collaboration::of_person))
        .routes(routes!(people::named))
        .routes(routes!(incidents::list))
        .routes(routes!(incidents::one, incident_actions::edit))
        .routes(routes!(incident_actions::merge))
        .routes(routes!(incident_actions::split))
        .routes(routes!(claims::list))
        .routes(routes!(claims::one, claims::actions::edit))
        .routes(routes!(claims::actions::decide))
        .routes(routes!(claims::actions::approve))
        .routes(routes!(claims::actions::reject))
        .routes(routes!(claims::actions::reopen))
        .routes(routes!(claims::actions::discard))
        .routes(routes!(claims::evidence::add))
        .routes(routes!(claims::evidence::judge, claims::evidence::remove))
        .routes(routes!(workflows::list))
        .routes(routes!(workflows::start))
        .routes(routes!(workflows::pending_review))
        .routes(routes!(workflows::status))
        .routes(routes!(workflows::resume))
        .routes(routes!(workflows::cancel))
        .routes(routes!(workflows::verify_item))
        .routes(routes!(reliability::of_source))
        .routes(routes!(reliability::training_set))
        .routes(routes!(alerts::list))
        .routes(routes!(alerts::one))
        .routes(routes!(alerts::cap))
        .routes(routes!(alerts::feed))
        .routes(routes!(alert_actions::approve))
        .routes(routes!(alert_actions::correct))
        .routes(routes!(alert_actions::cancel))
        .routes(routes!(alert_actions::acknowledge))
        .routes(routes!(reach::reach))
        .routes(routes!(set_up::saved_searches::list, set_up::saved_searches::make))
        .routes(routes!(
            set_up::saved_searches::one,
            set_up::saved_searches::replace,
            set_up::saved_searches::remove
        ))
        .routes(routes!(set_up::subscriptions::list, set_up::subscriptions::make))
        .routes(routes!(
            set_up::subscriptions::one,
            set_up::subscriptions::replace,
            set_up::subscriptions::remove
        ))
        .routes(routes!(set_up::rules::list, set_up::rules::make))
        .routes(routes!(set_up::rules::one, set_up::rules::replace, set_up::rules::remove))
        .routes(routes!(
            set_up::alert_rules::threshold,
            set_up::alert_rules::set_threshold,
            set_up::alert_rules::reset_threshold
        ))
        .routes(routes!(set_up::alert_rules::test))
        .routes(routes!(set_up::silences::list, set_up::silences::make))
        .routes(routes!(set_up::silences::one, set_up::silences::replace, set_up::silences::remove))
        .routes(routes!(set_up::maintenance_windows::list, set_up::maintenance_windows::make))
        .routes(routes!(
            set_up::maintenance_windows::one,
            set_up::maintenance_windows::replace,
            set_up::maintenance_windows::remove
        ))
        .routes(routes!(set_up::inhibitions::list, set_up::inhibitions::make))
        .routes(routes!(set_up::inhibitions::one, set_up::inhibitions::replace, set_up::inhibitions::remove))
        .routes(routes!(set_up::templates::list, set_up::templates::make))
        .routes(routes!(set_up::templates::one, set_up::templates::replace, set_up::templates::remove))
        .routes(routes!(templates::variables))
        .routes(routes!(templates::versions))
        .routes(routes!(templates::preview))
        .routes(routes!(notifications::trial::send))
        .routes(routes!(set_up::teams::list, set_up::teams::make))
        .routes(routes!(set_up::teams::one, set_up::teams::replace, set_up::teams::remove))
        .routes(routes!(set_up::groups::of_team::list, set_up::groups::of_team::make))
        .routes(routes!(
            set_up::groups::of_team::one,
            set_up::groups::of_team::replace,
            set_up::groups::of_team::remove
        ))
        .routes(routes!(set_up::groups::of_role::list, set_up::groups::of_role::make))
        .routes(routes!(
            set_up::groups::of_role::one,
            set_up::groups::of_role::replace,
            set_up::groups::of_role::remove
        ))
        .routes(routes!(set_up::on_call_schedules::list, set_up::on_call_schedules::make))
        .routes(routes!(
            set_up::on_call_schedules::one,
            set_up::on_call_schedules::replace,
            set_up::on_call_schedules::remove
        ))
        .routes(routes!(escalations::on_call_now))
        .routes(routes!(set_up::escalation_chains::list, set_up::escalation_chains::make))
        .routes(routes!(
            set_up::escalation_chains::one,
            set_up::escalation_chains::replace,
            set_up::escalation_chains::remove
        ))
        .routes(routes!(escalations::of_alert))
        .routes(routes!(notifications::devices::list, notifications::devices::add))
        .routes(routes!(notifications::devices::remove))
        .routes(routes!(notifications::devices::push_key))
        .routes(routes!(notifications::deliveries::list))
        .routes(routes!(notifications::deliveries::one))
        .routes(routes!(notifications::deliveries::retry))
        .routes(routes!(notifications::why::why))
        .routes(routes!(notifications::deliveries::providers))
        .routes(routes!(notifications::deliveries::suppressions, notifications::deliveries::unsuppress))
        .routes(routes!(notifications::unsubscribe::ask, notifications::unsubscribe::end))
        .routes(routes!(callbacks::of_sendgrid))
        .routes(routes!(notifications::acknowledge::ask, notifications::acknowledge::say))
        .routes(routes!(callbacks::of_twilio))
        .routes(routes!(callbacks::inbound::of_twilio))
        .routes(routes!(notifications::list))
        .routes(routes!(notifications::read_one))
        .routes(routes!(notifications::read_all))
        .routes(routes!(notifications::preferences, notifications::set_preferences))
        .routes(routes!(notifications::outbox))
        .routes(routes!(sources::list))
        .routes(routes!(exercises::list))
        .routes(routes!(exercises::status, exercises::start))
        .routes(routes!(exercises::pause))
        .routes(routes!(exercises::resume))
        .routes(routes!(exercises::stop))
        .routes(routes!(topics::list))
        .routes(routes!(topics::groups))
        .routes(routes!(records::tail, publish::publish))
        .routes(routes!(dlq::list))
        .routes(routes!(dlq::counts))
        .routes(routes!(dlq::one))
        .routes(routes!(dlq::replay))
        .routes(routes!(dlq::discard))
        .routes(routes!(dlq::bulk::replay))
        .routes(routes!(dlq::bulk::discard))
        .routes(routes!(dlq::stranded::list))
        .routes(routes!(dlq::stranded::send))
        .routes(routes!(dlq::stranded::drop_one))
        .routes(routes!(audit::list))
        .routes(routes!(search_index::status))
        .routes(routes!(search_index::start))
        .routes(routes!(live::sse::stream))
        .routes(routes!(live::sse::items))
        .routes(routes!(live::sse::alerts))
}

/// The OpenAPI document, as it is committed.
pub fn openapi() -> utoipa::openapi::OpenApi {
    description::complete(api().split_for_parts().1)
}

/// Everything that is served: health and metrics on every node, the rest where its roles have it.
pub fn router(app: &Arc<App>) -> Router {
    if !app.config.node.does(Role::Api) {
        return Router::new()
            .route("/healthz", axum::routing::get(about::healthz))
            .route("/readyz", axum::routing::get(about::readyz))
            .route("/metrics", axum::routing::get(about::metrics))
            .with_state(Arc::clone(app));
    }
    let (api, document) = api().split_for_parts();
    let timeout = Duration::from_secs(app.config.http.request_timeout_s);
    let described = Arc::new(Described::of(&document));
    let document = Bytes::from(description::complete(document).to_json().unwrap_or_default());
    let protocol = Bytes::from(asyncapi::document().map(|protocol| protocol.to_string()).unwrap_or_default());
    api.layer(middleware::from_fn_with_state(Arc::clone(app), repeated::refuse_repeated))
        .layer(middleware::from_fn(move |request: Request, next: Next| limit_time(timeout, request, next)))
        .route("/ws", axum::routing::get(live::ws::global))
        .route("/ws/items/{id}", axum::routing::get(live::ws::item))
        .route("/metrics", axum::routing::get(about::metrics))
        .route("/.well-known/jwks.json", axum::routing::get(about::jwks))
        .route("/api/openapi.json", axum::routing::get(move || about::description(document.clone())))
        .route("/api/asyncapi.json", axum::routing::get(move || about::description(protocol.clone())))
        .route("/api/docs", axum::routing::get(about::docs))
        .method_not_allowed_fallback(problem::method_not_allowed)
        .route_layer(middleware::from_fn_with_state(Arc::clone(app), refuse_large))
        .route_layer(middleware::from_fn_with_state((Arc::clone(app), described), authorise))
        .fallback(web::serve)
        .layer(DefaultBodyLimit::max(app.config.http.body_limit_bytes))
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(CompressionLayer::new())
        .layer(option_layer(cors::layer(&app.config.http.allowed_origins)))
        .layer(header("x-content-type-options", "nosniff"))
        .layer(header("referrer-policy", "same-origin"))
        .layer(header("x-frame-options", "DENY"))
        .with_state(Arc::clone(app))
}

fn header(name: &'static str, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(HeaderName::from_static(name), HeaderValue::from_static(value))
}

/// Applies the policy: a request that it does not let through never reaches a handler.
async fn authorise(
    State((app, described)): State<(Arc<App>, Arc<Described>)>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let route =
        request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned()).unwrap_or_default();
    if let Some(refused) = described.refuse_method(request.method(), &route) {
        return Ok(refused);
    }
    match policy::access(request.method(), &route) {
        None if policy::access(&Method::GET, &route).is_some() => Ok(described::not_allowed("GET, HEAD")),
        None => Err(Problem::new(StatusCode::FORBIDDEN, "no policy lets anybody call this route")),
        Some(Access::Public) => {
            // Nobody knows who sends it, and all that is sent here is short but what providers tell of many messages at once.
            let most = if route == callbacks::SENDGRID { MAX_EVENTS_BYTES } else { MAX_PUBLIC_BYTES };
            DefaultBodyLimit::max(most).apply(&mut request);
            request.extensions_mut().insert(BodyLimit(most));
            Ok(next.run(request).await)
        }
        Some(Access::From(role)) => {
            let token = bearer(request.headers()).ok_or_else(|| {
                Problem::unauthorized("sign in first: send an Authorization: Bearer header")
            })?;
            let claims = app.authenticate(token).await?;
            if claims.role < role {
                let detail =
                    format!("this needs the role {}; yours is {}", role.as_str(), claims.role.as_str());
                return Err(Problem::new(StatusCode::FORBIDDEN, detail));
            }
            described.refuse_unknown(request.method(), &route, request.uri())?;
            let user = claims.sub;
            // Before it is looked for and written, not after.
            if request.method() == Method::GET && app.unsent.is_full(user) {
                return Err(unsent::unread());
            }
            request.extensions_mut().insert(claims);
            app.unsent.hold(user, next.run(request).await).await
        }
    }
}

/// What this request's body may have, where that is not what is configured.
#[derive(Clone, Copy)]
struct BodyLimit(usize);

/// Refuses a body by its stated length. A client that does not wait to be told to go on is heard out before: hung up
/// on in the middle of its body, it would see a broken connection and not the reason.
async fn refuse_large(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let limit =
        request.extensions().get().map_or(app.config.http.body_limit_bytes, |BodyLimit(bytes)| *bytes);
    let limit = limit as u64;
    let stated = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let Some(bytes) = stated.filter(|bytes| *bytes > limit) else { return Ok(next.run(request).await) };
    if bytes <= (limit * 64).min(MAX_DISCARDED_BYTES) && !request.headers().contains_key(header::EXPECT) {
        let mut body = request.into_body().into_data_stream();
        let hear_out = async { while let Some(Ok(_)) = body.next().await {} };
        let _ = tokio::time::timeout(Duration::from_secs(app.config.http.request_timeout_s), hear_out).await;
    }
    let detail = format!("the body has {bytes} bytes; at most {limit} are taken here");
    Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail))
}

/// The token of an `Authorization: Bearer` header.
pub fn bearer(headers: &axum::http::HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Ends what takes too long, but for streams, which are made to.
async fn limit_time(timeout: Duration, request: Request, next: Next) -> Result<Response, Problem> {
    if request.uri().path().starts_with("/api/sse/") {
        return Ok(next.run(request).await);
    }
    tokio::time::timeout(timeout, next.run(request)).await.map_err(|_| {
        let detail = format!("not done within {} seconds; try again with less", timeout.as_secs());
        Problem::new(StatusCode::GATEWAY_TIMEOUT, detail)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_openapi_document_is_current() {
        let committed = include_str!("../../../docs/api/openapi.json");
        let current = openapi().to_pretty_json().unwrap();
        assert!(
            committed.trim() == current.trim(),
            "docs/api/openapi.json is old: run `cargo xtask codegen`"
        );
    }
}
