//! `Idempotency-Key`: what is sent again with the same key is done once.

use axum::http::HeaderMap;
use crisislens_model::id::named;
use crisislens_model::{EventId, UserId};
use uuid::Uuid;

use super::Problem;

/// The header by which what is sent again is known.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Longest key.
const MAX_KEY: usize = 255;

/// The id of what a person makes: for the same key of the same person the same one, without a key a new one.
pub fn id_for(headers: &HeaderMap, user: UserId, what: &str) -> Result<Uuid, Problem> {
    Ok(match key(headers)? {
        Some(key) => named(what, &format!("{user}\u{1f}{key}")),
        None => EventId::random().0,
    })
}

fn key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| (1..=MAX_KEY).contains(&key.len()) && !key.contains('\t'));
    key.map(Some).ok_or_else(|| {
        Problem::bad_request(format!("Idempotency-Key has 1 to {MAX_KEY} printable ASCII characters"))
    })
}

/// What came with a key before was something else.
pub fn other_than_before() -> Problem {
    let detail = "this Idempotency-Key came with something else before; send a new one";
    Problem::new(axum::http::StatusCode::UNPROCESSABLE_ENTITY, detail)
}
