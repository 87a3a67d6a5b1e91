//! Dead letters as operators see them and ask for them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crisislens_log::LogRecord;
use crisislens_model::{EventId, Header, Timestamp, Topic};
use crisislens_state::dead_letters::{Letter, LetterFilter, LetterStatus};
use crisislens_stream::dead_letter::PREFIX;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::http::Problem;
use crate::http::params::list;
use crate::http::records::shown;

/// Conditions on dead letters, as query parameters.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct LetterParams {
    /// The topic they came from; `dlq` for records that are no letters of ours.
    pub topic: Option<Topic>,
    /// The kind of failure, such as undecodable, invalid, failed.
    pub error_class: Option<String>,
    /// Who gave them up, as group/stage.
    pub consumer: Option<String>,
    /// The event they carry.
    pub event_id: Option<EventId>,
    /// Last failed at or after this (RFC 3339).
    pub since: Option<Timestamp>,
    /// Last failed before this (RFC 3339).
    pub until: Option<Timestamp>,
    /// waiting, replayed, parked, discarded; repeated or separated by commas.
    pub status: Vec<String>,
}

impl LetterParams {
    /// The filter they describe.
    pub fn filter(self) -> Result<LetterFilter, Problem> {
        let words = LetterStatus::ALL.map(LetterStatus::as_str);
        Ok(LetterFilter {
            topic: self.topic,
            error_class: self.error_class,
            consumer: self.consumer,
            event_id: self.event_id,
            since: self.since,
            until: self.until,
            status: list("status", &self.status, |word| word.parse().ok(), &words)?,
            offsets: Vec::new(),
        })
    }
}

/// A dead letter.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct LetterView {
    /// Where it stands on the dead-letter topic; its name here.
    offset: u64,
    /// The event that the record carried.
    event_id: EventId,
    /// The topic it came from; null for a record that another program put there.
    topic: Option<Topic>,
    /// The partition it came from.
    partition: u32,
    /// Its offset there.
    origin_offset: u64,
    /// Its key, as text as far as it is text.
    key: String,
    /// Group and stage of the consumer that gave it up.
    consumer: String,
    /// The step that failed.
    stage: String,
    /// The kind of failure.
    error_class: String,
    /// The failure in words.
    message: String,
    /// How often it was tried.
    attempts: u32,
    /// When it first failed.
    first_failed_at: Timestamp,
    /// When it last failed.
    last_failed_at: Timestamp,
    /// Size of its value.
    size_bytes: u64,
    /// How often it had been replayed before it died this time.
    redrive_count: u32,
    /// Where it stands.
    status: LetterStatus,
    /// When that was decided.
    decided_at: Option<Timestamp>,
    /// Who decided it: the id of an account, or `operator` for the command line.
    decided_by: Option<String>,
}

impl From<Letter> for LetterView {
    fn from(letter: Letter) -> Self {
        Self {
            offset: letter.offset,
            event_id: letter.event_id,
            topic: (letter.topic != Topic::Dlq).then_some(letter.topic),
            partition: letter.partition,
            origin_offset: letter.origin_offset,
            key: String::from_utf8_lossy(&letter.key).into_owned(),
            consumer: letter.consumer,
            stage: letter.stage,
            error_class: letter.error_class,
            message: letter.message,
            attempts: letter.attempts,
            first_failed_at: letter.first_failed_at,
            last_failed_at: letter.last_failed_at,
            size_bytes: letter.size_bytes,
            redrive_count: letter.redrive_count,
            status: letter.status,
            decided_at: letter.decided_at,
            decided_by: letter.decided_by,
        }
    }
}

/// A dead letter with the record that died.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct LetterDetail {
    /// What is noted of it.
    letter: LetterView,
    /// The name of who decided about it, where it was a person.
    decided_by_name: Option<String>,
    /// The record as it was; null once retention has dropped it.
    record: Option<DeadRecord>,
}

impl LetterDetail {
    /// `letter` with its record as it lies on the dead-letter topic.
    pub fn new(letter: Letter, decided_by_name: Option<String>, record: Option<LogRecord>) -> Self {
        Self { letter: letter.into(), decided_by_name, record: record.map(DeadRecord::from) }
    }
}

/// The record that died.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DeadRecord {
    /// Its key in base64 where it is no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_base64: Option<String>,
    /// Its value where it is JSON. Neither this nor `value_base64`: it had no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    value: Option<Box<RawValue>>,
    /// Its value in base64 where it is not JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    value_base64: Option<String>,
    /// Its value letter by letter where it is text: what to edit, because reading JSON may round its numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    value_text: Option<String>,
    /// Its own headers, in order.
    headers: Vec<HeaderView>,
    /// What was noted when it died, without the prefix `cl_`.
    death: BTreeMap<String, String>,
}

/// A header of a record.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct HeaderView {
    /// Its name.
    name: String,
    /// Its value where it is text.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    /// Its value in base64 where it is no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    value_base64: Option<String>,
}

impl From<LogRecord> for DeadRecord {
    fn from(record: LogRecord) -> Self {
        let (value, value_base64) = shown(record.value.as_deref());
        let (ours, own): (Vec<Header>, Vec<Header>) =
            record.headers.into_iter().partition(|header| header.name.starts_with(PREFIX));
        let death = ours.into_iter().map(|header| {
            let name = header.name.trim_start_matches(PREFIX).to_owned();
            (name, String::from_utf8_lossy(&header.value).into_owned())
        });
        Self {
            key_base64: std::str::from_utf8(&record.key).is_err().then(|| STANDARD.encode(&record.key)),
            value,
            value_base64,
            value_text: record.value.and_then(|value| String::from_utf8(value.into()).ok()),
            headers: own.into_iter().map(HeaderView::from).collect(),
            death: death.collect(),
        }
    }
}

impl From<Header> for HeaderView {
    fn from(header: Header) -> Self {
        match String::from_utf8(header.value) {
            Ok(text) => Self { name: header.name, value: Some(text), value_base64: None },
            Err(error) => {
                Self { name: header.name, value: None, value_base64: Some(STANDARD.encode(error.as_bytes())) }
            }
        }
    }
}
