//! `/api/exercises`, `/api/exercise`: recordings that can be played, and the exercise that plays one.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::{Extension, Json};
use crisislens_model::exercise::speed_problem;
use crisislens_model::object::Object;
use crisislens_model::{Exercise, ExerciseId, Timestamp};
use crisislens_sources::replay::Recording;
use serde::{Deserialize, Serialize};

use super::Problem;
use super::claims::actions::maybe_if_match;
use super::idempotency::{id_for, other_than_before};
use super::params::List;
use crate::app::App;
use crate::auth::Claims;
use crate::exercises::{self, Order, Refusal, Wanted};

/// A recording that can be played as an exercise.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RecordingView {
    /// Its name.
    name: String,
    /// What it is about.
    title: Option<String>,
    /// How many items it has.
    items: u64,
    /// Entries that are no items.
    skipped: u64,
    /// When its first item was said, as it was recorded …
    from: Option<Timestamp>,
    /// … and its last.
    to: Option<Timestamp>,
    /// How long it takes at speed 1, in seconds.
    length_s: f64,
    /// Names of its sources.
    sources: Vec<String>,
    /// Why it cannot be played; null where it can.
    problem: Option<String>,
}

impl From<Recording> for RecordingView {
    fn from(recording: Recording) -> Self {
        let Recording { name, title, items, skipped, from, to, length_s, sources, problem } = recording;
        Self { name, title, items, skipped, from, to, length_s, sources, problem }
    }
}

/// What is to be played.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartExercise {
    /// Name of the recording, as `/api/exercises` has it.
    recording: String,
    /// How many times faster than recorded, 0.01 to 1000.
    #[serde(default = "as_recorded")]
    speed: f64,
}

const fn as_recorded() -> f64 {
    1.0
}

type Tagged = ([(HeaderName, String); 1], Json<Exercise>);

fn tagged(exercise: Exercise) -> Tagged {
    ([(header::ETAG, format!("\"{}\"", exercise.version))], Json(exercise))
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal {
            Refusal::NoRecording | Refusal::NoLibrary | Refusal::None => StatusCode::NOT_FOUND,
            Refusal::Unplayable(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Refusal::Unreadable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Refusal::OneThere(..) | Refusal::Over(_) => StatusCode::CONFLICT,
            Refusal::OtherThanBefore => return other_than_before(),
            Refusal::State(error) => return error.into(),
            Refusal::Encode(_) | Refusal::Reader(_) => return Self::internal(&refusal),
        };
        Self::new(status, refusal.to_string())
    }
}

/// What can be played as an exercise, by name: the folders of `exercise.library`.
#[utoipa::path(get, path = "/api/exercises", tag = "exercises",
    responses((status = 200, body = List<RecordingView>), (status = 422, description = "the folder cannot be read", body = Problem)))]
pub async fn list(State(app): State<Arc<App>>) -> Result<Json<List<RecordingView>>, Problem> {
    let found = app.exercises.recordings(app.clock.now()).await?;
    let items: Vec<RecordingView> = found.into_iter().map(RecordingView::from).collect();
    Ok(Json(List { total: items.len() as u64, items, next: None }))
}

/// The exercise that runs, or the last one. The ETag is its version, which rises with its state and not with each item.
#[utoipa::path(get, path = "/api/exercise", tag = "exercises",
    responses((status = 200, body = Exercise), (status = 404, description = "none was started yet", body = Problem)))]
pub async fn status(State(app): State<Arc<App>>) -> Result<Tagged, Problem> {
    Ok(tagged(exercises::last(&*app.store).await?.ok_or(Refusal::None)?))
}

/// Plays a recording as an exercise. All that comes of it is marked, and none of it leaves. Sent again with the same `Idempotency-Key`
/// (1 to 255 characters) it is started once, and the answer (200) is how it stands.
#[utoipa::path(post, path = "/api/exercise", tag = "exercises", params(("Idempotency-Key" = Option<String>, Header)), request_body = StartExercise,
    responses((status = 201, body = Exercise), (status = 200, description = "it was started before", body = Exercise),
        (status = 404, description = "there is no such recording", body = Problem), (status = 409, description = "one is running or paused", body = Problem), (status = 422, body = Problem)))]
pub async fn start(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Claims>,
    headers: HeaderMap,
    body: Result<Json<Object<StartExercise>>, JsonRejection>,
) -> Result<(StatusCode, Tagged), Problem> {
    let Json(Object(StartExercise { recording, speed })) = body?;
    if let Some(problem) = speed_problem(speed) {
        return Err(Problem::field("speed", problem));
    }
    let id = ExerciseId(id_for(&headers, who.sub, "started exercise")?);
    let (exercise, is_new) = exercises::start(&app, &who, Wanted { id, recording, speed }).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, tagged(exercise)))
}

/// Halts the exercise: what is being said is said to its end, and nothing more until it goes on. The time until then does not count.
#[utoipa::path(post, path = "/api/exercise/pause", tag = "exercises", params(("If-Match" = Option<String>, Header, description = "the version that was read, where it is to matter")),
    responses((status = 200, body = Exercise), (status = 404, body = Problem), (status = 409, description = "it is over", body = Problem), (status = 412, body = Problem)))]
pub async fn pause(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Claims>,
    headers: HeaderMap,
) -> Result<Tagged, Problem> {
    tell(&app, &who, &headers, (Order::Pause, "pause")).await
}

/// Lets a halted exercise go on where it was.
#[utoipa::path(post, path = "/api/exercise/resume", tag = "exercises", params(("If-Match" = Option<String>, Header, description = "the version that was read, where it is to matter")),
    responses((status = 200, body = Exercise), (status = 404, body = Problem), (status = 409, description = "it is over", body = Problem), (status = 412, body = Problem)))]
pub async fn resume(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Claims>,
    headers: HeaderMap,
) -> Result<Tagged, Problem> {
    tell(&app, &who, &headers, (Order::Resume, "resume")).await
}

/// Ends the exercise for good. What it has said stays, marked as it is.
#[utoipa::path(post, path = "/api/exercise/stop", tag = "exercises", params(("If-Match" = Option<String>, Header, description = "the version that was read, where it is to matter")),
    responses((status = 200, body = Exercise), (status = 404, body = Problem), (status = 409, description = "it is over", body = Problem), (status = 412, body = Problem)))]
pub async fn stop(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Claims>,
    headers: HeaderMap,
) -> Result<Tagged, Problem> {
    tell(&app, &who, &headers, (Order::Stop, "stop")).await
}

async fn tell(app: &App, who: &Claims, headers: &HeaderMap, order: (Order, &str)) -> Result<Tagged, Problem> {
    let version = maybe_if_match(headers)?;
    Ok(tagged(exercises::order(app, who, order, version).await?))
}
