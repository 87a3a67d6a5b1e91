//! How values of the model stand in columns.

use crisislens_model::{Severity, Timestamp, Topic};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::StateError;

/// A document's JSON.
pub(super) fn to_json<T: Serialize>(what: &'static str, value: &T) -> Result<String, StateError> {
    serde_json::to_string(value).map_err(|error| StateError::Damaged { what, reason: error.to_string() })
}

/// A document read back.
pub(super) fn from_json<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T, StateError> {
    serde_json::from_str(text).map_err(|error| StateError::Damaged { what, reason: error.to_string() })
}

/// Microseconds since 1970.
pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// An instant from microseconds since 1970.
pub(super) fn instant(micros: i64) -> Result<Timestamp, StateError> {
    Timestamp::from_microsecond(micros)
        .map_err(|error| StateError::Damaged { what: "instant", reason: error.to_string() })
}

/// A severity as a rising number.
pub(super) const fn severity_rank(severity: Severity) -> i64 {
    severity as i64
}

/// A severity from its number.
pub(super) fn severity_of(rank: i64) -> Severity {
    usize::try_from(rank).ok().and_then(|rank| Severity::ALL.get(rank).copied()).unwrap_or_default()
}

/// An id's 16 bytes.
pub(super) fn blob(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

/// An id from its 16 bytes.
pub(super) fn uuid(bytes: &[u8]) -> Result<Uuid, StateError> {
    Uuid::from_slice(bytes).map_err(|error| StateError::Damaged { what: "id", reason: error.to_string() })
}

/// A count from SQLite's signed number.
pub(super) fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// A number for SQLite, which has no unsigned ones.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number that was put in as 32 bits.
pub(super) fn small(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A topic from its name.
pub(super) fn topic(name: &str) -> Result<Topic, StateError> {
    Topic::parse(name)
        .ok_or_else(|| StateError::Damaged { what: "topic", reason: format!("there is no topic {name}") })
}
