//! Errors as problem details (RFC 9457).

mod plain_words;

use std::any::Any;

use axum::Json;
use axum::extract::path::ErrorKind;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum_extra::extract::QueryRejection;
use crisislens_log::LogError;
use crisislens_model::{EditLock, FieldError};
use crisislens_notify::TellError;
use crisislens_search::{QueryError, SearchError};
use crisislens_state::StateError;
use crisislens_stream::IntakeError;
use serde::Serialize;

use crate::auth::{Crowded, TokenError};
use crate::rebuild::CompareError;

/// Seconds after which an engine that was away may be back …
const RETRY_AFTER_S: u64 = 5;
/// … and after which a full spool may have room.
const FULL_RETRY_AFTER_S: u64 = 30;

/// What a request could not do, and why.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// A URI reference that names the kind of problem; `about:blank` says no more than the status.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: &'static str,
    /// The status code.
    status: u16,
    /// What went wrong this time, and what to do about it.
    detail: String,
    /// What is wrong with which field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    /// The lock that is in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    lock: Option<Box<EditLock>>,
    /// Seconds until it is worth trying again.
    #[serde(skip)]
    retry_after: Option<u64>,
}

impl Problem {
    /// A problem with `status`.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.into(),
            errors: Vec::new(),
            lock: None,
            retry_after: None,
        }
    }

    /// 400 with what is wrong where.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// 401.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, detail)
    }

    /// 404 for a thing of which there is none.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("there is no such {what}"))
    }

    /// 422 with a list of fields.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = FieldError::in_words(&errors).unwrap_or_default();
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail) }
    }

    /// The same, if anything is wrong.
    ///
    /// # Errors
    /// Something is.
    pub fn of_fields(errors: Vec<FieldError>) -> Result<(), Self> {
        if errors.is_empty() { Ok(()) } else { Err(Self::invalid(errors)) }
    }

    /// 400 for one query parameter.
    pub fn parameter(name: &str, problem: impl Into<String>) -> Self {
        Self::of_parameter(FieldError::new(name, problem))
    }

    /// 400 for a query parameter that cannot be read.
    pub fn of_parameter(error: FieldError) -> Self {
        Self { detail: error.to_string(), errors: vec![error], ..Self::bad_request("") }
    }

    /// 422 for one field.
    pub fn field(name: &str, problem: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError::new(name, problem)])
    }

    /// The same of a part of the body: its fields' names, or what it says, begin with `place`.
    #[must_use]
    pub fn within(self, place: &str) -> Self {
        let named = |error: FieldError| FieldError::new(format!("{place}{}", error.field), error.problem);
        let errors: Vec<FieldError> = self.errors.into_iter().map(named).collect();
        let detail = FieldError::in_words(&errors);
        Self { detail: detail.unwrap_or_else(|| format!("{place} {}", self.detail)), errors, ..self }
    }

    /// The same with the lock that is in the way.
    #[must_use]
    pub fn with_lock(self, lock: Option<EditLock>) -> Self {
        Self { lock: lock.map(Box::new), ..self }
    }

    /// The same with the seconds after which it is worth trying again.
    #[must_use]
    pub fn after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// 500; the cause goes to the log, not to the caller.
    pub fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "something went wrong here; it has been logged")
    }

    /// 503: nothing is wrong with the request, and after a while it may succeed.
    pub fn later(why: &str) -> Self {
        Self { retry_after: Some(RETRY_AFTER_S), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, why) }
    }

    /// 429: too many requests of one person.
    pub fn too_many(detail: impl Into<String>, retry_after: u64) -> Self {
        Self { retry_after: Some(retry_after), ..Self::new(StatusCode::TOO_MANY_REQUESTS, detail) }
    }

    fn unavailable(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "engine unavailable");
        Self::later("a part of CrisisLens is not available now; try again soon")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.retry_after;
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Expired => Self::unauthorized(
                "the token or ticket has expired: refresh the token, or ask for a new ticket",
            ),
            TokenError::Invalid => Self::unauthorized("a valid token or ticket is needed: sign in first"),
            TokenError::Revoked => Self::unauthorized("this session was ended; sign in again"),
            TokenError::NoAccount => Self::new(
                StatusCode::FORBIDDEN,
                "the token is good, but nobody has an account for it here; ask the operator to make one",
            ),
            TokenError::Unavailable => Self::later("the token cannot be checked now; try again soon"),
        }
    }
}

impl From<StateError> for Problem {
    fn from(error: StateError) -> Self {
        match error {
            StateError::EmailTaken => Self::new(StatusCode::CONFLICT, error.to_string()),
            StateError::VersionConflict { .. } => {
                Self::new(StatusCode::PRECONDITION_FAILED, error.to_string())
            }
            StateError::Unavailable(_) => Self::unavailable(&error),
            _ => Self::internal(&error),
        }
    }
}

impl From<TellError> for Problem {
    fn from(error: TellError) -> Self {
        match error {
            TellError::State(error) => error.into(),
            TellError::Template(_) | TellError::Encode(_) => Self::internal(&error),
        }
    }
}

impl From<LogError> for Problem {
    fn from(error: LogError) -> Self {
        match error {
            LogError::TooLarge { .. } | LogError::TooManyHeaders { .. } => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, error.to_string())
            }
            LogError::Refused(_) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
            LogError::OutOfRange { .. } | LogError::NoPartition { .. } => {
                Self::new(StatusCode::NOT_FOUND, error.to_string())
            }
            LogError::Unavailable(_) | LogError::Setup(_) | LogError::Closed => Self::unavailable(&error),
            _ => Self::internal(&error),
        }
    }
}

impl From<IntakeError> for Problem {
    fn from(error: IntakeError) -> Self {
        let retry_after = match error {
            IntakeError::Refused(error) => return error.into(),
            IntakeError::Full { .. } => FULL_RETRY_AFTER_S,
            IntakeError::Away(_) => RETRY_AFTER_S,
        };
        tracing::error!(%error, "raw items were not taken");
        // What the database said is for the operators' log alone.
        let detail = match error {
            IntakeError::Full { .. } => error.to_string(),
            _ => "the store is not available, so nothing can be taken in order; nothing of this request was acknowledged, send all \
                  of it again"
                .to_owned(),
        };
        Self { retry_after: Some(retry_after), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail) }
    }
}

impl From<SearchError> for Problem {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::InvalidCursor => Self::parameter("cursor", error.to_string()),
            _ => Self::unavailable(&error),
        }
    }
}

impl From<CompareError> for Problem {
    fn from(error: CompareError) -> Self {
        match error {
            CompareError::Search(error) => error.into(),
            CompareError::State(error) => error.into(),
        }
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        Self::parameter("q", error.to_string())
    }
}

impl From<anyhow::Error> for Problem {
    fn from(error: anyhow::Error) -> Self {
        if let Some(crowded) = error.downcast_ref::<Crowded>() {
            return Self {
                retry_after: Some(2),
                ..Self::new(StatusCode::TOO_MANY_REQUESTS, format!("{crowded}; try again in a moment"))
            };
        }
        Self::internal(&format!("{error:#}"))
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        let text = rejection.body_text();
        match plain_words::of_body(&text) {
            Some(error) => {
                Self { errors: vec![error.clone()], ..Self::new(rejection.status(), error.to_string()) }
            }
            None => Self::new(rejection.status(), text),
        }
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        let text = rejection.to_string();
        plain_words::of_query(&text).map_or_else(|| Self::bad_request(text), Self::of_parameter)
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        if let PathRejection::FailedToDeserializePathParams(failed) = &rejection {
            let error = match failed.kind() {
                ErrorKind::DeserializeError { key, message, .. } => plain_words::of_path(key, message),
                // Of a path with one part its name is not said.
                ErrorKind::Message(message) => plain_words::of_path("path", message),
                _ => None,
            };
            if let Some(error) = error {
                return Self::of_parameter(error);
            }
        }
        Self::new(rejection.status(), rejection.body_text())
    }
}

/// Answers a method that a route does not have.
pub async fn method_not_allowed() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this route does not take this method")
}

/// Answers for a handler that panicked.
pub fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let what = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    Problem::internal(&format!("a handler panicked: {what}")).into_response()
}
