//! How values of the model stand in columns, the same in every engine. Knows no SQL.

use crisislens_model::{Severity, Timestamp, Topic};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::StateError;

/// A document's JSON.
pub(crate) fn to_json<T: Serialize>(what: &'static str, value: &T) -> Result<String, StateError> {
    serde_json::to_string(value).map_err(|error| StateError::Damaged { what, reason: error.to_string() })
}

/// A document read back.
pub(crate) fn from_json<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T, StateError> {
    serde_json::from_str(text).map_err(|error| StateError::Damaged { what, reason: error.to_string() })
}

/// Microseconds since 1970. Of the last second there is only its beginning can be read back.
pub(crate) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond().min(Timestamp::MAX.as_second() * 1_000_000)
}

/// An instant from microseconds since 1970.
pub(crate) fn instant(micros: i64) -> Result<Timestamp, StateError> {
    Timestamp::from_microsecond(micros)
        .map_err(|error| StateError::Damaged { what: "instant", reason: error.to_string() })
}

/// A severity as a rising number.
pub(crate) const fn severity_rank(severity: Severity) -> i64 {
    severity as i64
}

/// A severity from its number.
pub(crate) fn severity_of(rank: i64) -> Severity {
    usize::try_from(rank).ok().and_then(|rank| Severity::ALL.get(rank).copied()).unwrap_or_default()
}

/// An id's 16 bytes.
pub(crate) fn blob(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

/// An id from its 16 bytes.
pub(crate) fn uuid(bytes: &[u8]) -> Result<Uuid, StateError> {
    Uuid::from_slice(bytes).map_err(|error| StateError::Damaged { what: "id", reason: error.to_string() })
}

/// A count from a signed column.
pub(crate) fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// A number for a signed column; databases have no unsigned ones.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number that was put in as 32 bits.
pub(crate) fn small(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A topic from its name.
pub(crate) fn topic(name: &str) -> Result<Topic, StateError> {
    Topic::parse(name)
        .ok_or_else(|| StateError::Damaged { what: "topic", reason: format!("there is no topic {name}") })
}

/// A text for a column. PostgreSQL takes no NUL, so no engine is given one; whole things stand in JSON, which escapes it.
pub(crate) fn text(text: &str) -> String {
    text.replace('\0', "\u{FFFD}")
}

/// A value of one of the four column types; `None` is NULL.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Integer(Option<i64>),
    Real(Option<f64>),
    Text(Option<String>),
    Blob(Option<Vec<u8>>),
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(Some(number))
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::Integer(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Real(Some(number))
    }
}

impl From<Option<f64>> for Value {
    fn from(number: Option<f64>) -> Self {
        Self::Real(number)
    }
}

impl From<&str> for Value {
    fn from(word: &str) -> Self {
        Self::Text(Some(text(word)))
    }
}

impl From<String> for Value {
    fn from(word: String) -> Self {
        Self::Text(Some(if word.contains('\0') { text(&word) } else { word }))
    }
}

impl From<Option<String>> for Value {
    fn from(word: Option<String>) -> Self {
        word.map_or(Self::Text(None), Self::from)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Blob(Some(bytes))
    }
}

impl From<Option<Vec<u8>>> for Value {
    fn from(bytes: Option<Vec<u8>>) -> Self {
        Self::Blob(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instant_is_read_back() {
        for at in [Timestamp::MIN, Timestamp::UNIX_EPOCH] {
            assert_eq!(instant(micros(at)).unwrap(), at);
        }
        assert_eq!(instant(micros(Timestamp::MAX)).unwrap().as_second(), Timestamp::MAX.as_second());
    }

    #[test]
    fn no_column_is_given_a_nul() {
        assert_eq!(text("a\0b\0"), "a\u{FFFD}b\u{FFFD}");
        let Value::Text(Some(stored)) = Value::from("\0".to_owned()) else { panic!("a text is a text") };
        assert_eq!(stored, "\u{FFFD}");
    }
}
