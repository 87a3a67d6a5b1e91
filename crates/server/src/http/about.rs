//! What this is, whether it is well, its metrics, and its API's description.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{Html, IntoResponse};
use bytes::Bytes;
use crisislens_model::{RiskSteps, Timestamp};
use crisislens_state::Store;
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use tokio::time::Instant;

use super::Problem;
use crate::app::App;
use crate::exercises;

/// What this is.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct About {
    /// Always `CrisisLens`.
    name: &'static str,
    /// Version of the program.
    version: &'static str,
    /// Name of the node that answers.
    node: String,
    /// Whether it plays an exercise, or has one that is paused.
    exercise: bool,
    /// Where the steps of risks begin.
    risk: RiskSteps,
    /// When this process began to serve.
    started_at: Timestamp,
}

/// Whether it serves, and how well.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Readiness {
    /// Whether requests and live connections belong here: not while it starts, and not once it leaves.
    ready: bool,
    /// What it waits for, one line each. What it can do without that it goes on doing: a node is ready all the same.
    reasons: Vec<String>,
    /// What a person should know or decide while everything goes on, one line each.
    notes: Vec<String>,
}

/// What this is, for anybody.
#[utoipa::path(get, path = "/api/about", tag = "operations", security(()), responses((status = 200, body = About)))]
pub async fn about(State(app): State<Arc<App>>) -> Json<About> {
    let is_under_way = app.under_way.ask(&*app.store).await;
    Json(About {
        name: "CrisisLens",
        version: env!("CARGO_PKG_VERSION"),
        node: app.hub.node().to_owned(),
        exercise: is_under_way || !app.config.exercise.recordings.as_os_str().is_empty(),
        risk: app.config.risk.steps(),
        started_at: app.started_at,
    })
}

/// Whether an exercise is under way, asked of the store once at a time: who asks meanwhile takes the answer to a question that was asked
/// after they came. So nobody is told what is over, and a flood of strangers is one reader.
#[derive(Debug, Default)]
pub struct UnderWay(tokio::sync::Mutex<Option<(Instant, bool)>>);

impl UnderWay {
    async fn ask(&self, store: &dyn Store) -> bool {
        let came = Instant::now();
        let mut last = self.0.lock().await;
        if let Some((asked, answer)) = *last
            && asked >= came
        {
            return answer;
        }
        let asked = Instant::now();
        // Whoever asks while the store is away sees what is configured.
        let started = exercises::last(store).await.ok().flatten();
        let answer = started.is_some_and(|exercise| !exercise.state.is_over());
        *last = Some((asked, answer));
        answer
    }
}

/// Whether the process is alive.
#[utoipa::path(get, path = "/healthz", tag = "operations", security(()), responses((status = 200)))]
pub async fn healthz() -> &'static str {
    "alive\n"
}

/// Whether requests belong here, for a proxy, and what the node waits for, for people.
///
/// What is away for one node is mostly away for all: were that a reason to be taken out, all of them would go at once, and with
/// them what they can still serve.
#[utoipa::path(get, path = "/readyz", tag = "operations", security(()),
    responses((status = 200, body = Readiness), (status = 503, body = Readiness)))]
pub async fn readyz(State(app): State<Arc<App>>) -> (StatusCode, Json<Readiness>) {
    let mut reasons: Vec<String> = app
        .health
        .troubles()
        .into_iter()
        .map(|(name, trouble)| format!("{name}: {} ({} failures)", trouble.reason, trouble.failures))
        .collect();
    let ready = app.hub.is_ready() && !app.cancel.is_cancelled();
    if !ready {
        reasons.push("live rooms: history is still being filled, or the node is leaving".to_owned());
    }
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let notes = app.health.notes().into_iter().map(|(name, note)| format!("{name}: {note}")).collect();
    (status, Json(Readiness { ready, reasons, notes }))
}

/// Metrics in Prometheus' text format.
pub async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], app.metrics.text())
}

/// The metrics as text, written at most once a second: anybody may ask, as often as they like, and read it as slowly as they like.
pub struct Metrics {
    handle: PrometheusHandle,
    last: Mutex<Option<(Instant, Bytes)>>,
}

impl Metrics {
    /// What was recorded through `handle`'s recorder.
    pub fn of(handle: PrometheusHandle) -> Self {
        Self { handle, last: Mutex::default() }
    }

    fn text(&self) -> Bytes {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = last.take().filter(|(at, _)| at.elapsed() < Duration::from_secs(1));
        let (at, text) = fresh.unwrap_or_else(|| (Instant::now(), self.handle.render().into()));
        *last = Some((at, text.clone()));
        text
    }
}

/// The public keys of our tokens (a JWK set), where they are signed by keys that have one (`auth.signing`).
pub async fn jwks(State(app): State<Arc<App>>) -> Result<impl IntoResponse, Problem> {
    let document = app
        .tokens
        .keys
        .document()
        .ok_or_else(|| Problem::not_found("document: tokens are signed by a secret here"))?;
    Ok(([(header::CACHE_CONTROL, "public, max-age=300")], Json(document)))
}

/// A description of an API: the OpenAPI or the AsyncAPI document.
pub async fn description(document: Bytes) -> ([(HeaderName, &'static str); 1], Bytes) {
    ([(header::CONTENT_TYPE, "application/json")], document)
}

/// A page to read and try the API: the document drawn by the browser itself, without anything from another host.
pub async fn docs() -> Html<&'static str> {
    Html(include_str!("docs.html"))
}
