//! Dead letters: the record byte for byte, with headers that say where it was, what failed and when.

use crisislens_log::LogRecord;
use crisislens_model::nulls::retain_headers;
use crisislens_model::{EventId, Header, NewRecord, Timestamp, Topic, id, record};

use crate::Reject;

/// Longest error message kept, in bytes, of a letter or of a record that is put off: neither may grow with each try.
const MAX_MESSAGE_BYTES: usize = 1024;
/// Prefix of the headers that we add; those of an earlier death are replaced. Any producer may write them, as it may write any
/// `ce_id`: who may append to a topic is trusted with what an event is.
pub const PREFIX: &str = "cl_";
/// The headers that we add, without the prefix.
const ADDED: [&str; 16] = [
    "orig_topic",
    "orig_partition",
    "orig_offset",
    "orig_timestamp",
    "orig_ts_type",
    "event_id",
    "group",
    "instance",
    "stage",
    "error_class",
    "error_msg",
    "attempts",
    "first_failed_at",
    "last_failed_at",
    "redrive_count",
    "parked",
];
/// The event's id, whatever the record's own headers say of it: a record that is replayed is the same event.
pub(crate) const EVENT_ID: &str = "cl_event_id";
/// How often a record has been replayed; the one header of ours that outlives a death.
pub(crate) const REDRIVE_COUNT: &str = "cl_redrive_count";
/// A record that has died again after so many replays is parked: only a person sends it once more.
pub const MAX_REDRIVES: u32 = 3;

/// How a record came to die.
#[derive(Debug, Clone, Copy)]
pub struct Death<'a> {
    /// The consumer that gave up.
    pub consumer: &'a str,
    /// The process that it ran in.
    pub instance: &'a str,
    /// Why.
    pub reject: &'a Reject,
    /// How often it was tried.
    pub attempts: u32,
    /// When it first failed.
    pub first_failed_at: Timestamp,
    /// When it was given up.
    pub last_failed_at: Timestamp,
}

/// The dead letter of `dead`. It keeps the record's own headers, `ce_id` among them: a letter that is replayed is the same
/// event again. What tells letters apart is `cl_group` with the place of the record.
#[must_use]
pub fn dead_letter(dead: &LogRecord, death: &Death<'_>) -> NewRecord {
    let mut headers = own_headers(&dead.headers);
    let mut add = |name: &str, value: String| headers.push(Header::new(format!("{PREFIX}{name}"), value));
    add("orig_topic", dead.topic.to_string());
    add("orig_partition", dead.partition.to_string());
    add("orig_offset", dead.offset.to_string());
    add("orig_timestamp", dead.timestamp.to_string());
    // Both engines stamp a record when they take it, whatever its producer's clock says.
    add("orig_ts_type", "LogAppendTime".to_owned());
    add("event_id", event_id_of(dead).to_string());
    add("group", death.consumer.to_owned());
    add("instance", death.instance.to_owned());
    add("stage", death.reject.stage.to_owned());
    add("error_class", death.reject.class.to_owned());
    add("error_msg", cut(&death.reject.message).to_owned());
    add("attempts", death.attempts.to_string());
    add("first_failed_at", death.first_failed_at.to_string());
    add("last_failed_at", death.last_failed_at.to_string());
    let redrives = redrive_count(&dead.headers);
    add("redrive_count", redrives.to_string());
    add("parked", (redrives >= MAX_REDRIVES).to_string());
    NewRecord {
        topic: Topic::Dlq,
        key: dead.key.to_vec(),
        value: dead.value.as_ref().map(|value| value.to_vec()),
        headers,
    }
}

/// A record's own headers: all but those that a death or a replay has added. Whatever else another program puts under our
/// prefix is its own.
pub(crate) fn own_headers(headers: &[Header]) -> Vec<Header> {
    let is_added = |name: &str| name.strip_prefix(PREFIX).is_some_and(|name| ADDED.contains(&name));
    retain_headers(headers, |header| !is_added(&header.name))
}

/// How often a record with these headers has been replayed.
#[must_use]
pub fn redrive_count(headers: &[Header]) -> u32 {
    record::header(headers, REDRIVE_COUNT).and_then(|count| count.parse().ok()).unwrap_or(0)
}

/// The event id of a record: the one it was replayed with, its `ce_id`, or one derived from its place where it has none.
#[must_use]
pub fn event_id_of(record: &LogRecord) -> EventId {
    record::header(&record.headers, EVENT_ID)
        .and_then(|id| id.parse().ok())
        .or_else(|| record::event_id(&record.headers))
        .unwrap_or_else(|| place_id(record))
}

/// An id derived from a record's place.
#[must_use]
pub fn place_id(record: &LogRecord) -> EventId {
    EventId(id::named("place", &format!("{}/{}/{}", record.topic, record.partition, record.offset)))
}

/// As much of `message` as is kept of it.
pub(crate) fn cut(message: &str) -> &str {
    &message[..message.floor_char_boundary(MAX_MESSAGE_BYTES)]
}

#[cfg(test)]
mod tests {
    use crisislens_model::nulls::NULLS;

    use super::*;

    #[test]
    fn key_value_and_headers_are_kept_byte_for_byte_and_an_earlier_death_is_replaced() {
        let at: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let dead = LogRecord {
            topic: Topic::RawItems,
            partition: 3,
            offset: 42,
            timestamp: at,
            key: vec![0, 255, 7].into(),
            value: Some(vec![0xC3, 0x28].into()),
            headers: vec![
                Header::new("cl_attempts", "1"),
                Header::new("x", vec![1, 2, 255]),
                Header::new("cl_theirs", "2"),
                Header::new("null", ""),
                Header::new(NULLS, "key,3"),
            ],
        };
        let reject = Reject::decode("é".repeat(2000));
        let death = Death {
            consumer: "g/s",
            instance: "n",
            reject: &reject,
            attempts: 2,
            first_failed_at: at,
            last_failed_at: at,
        };
        let letter = dead_letter(&dead, &death);
        assert_eq!(letter.key, vec![0, 255, 7]);
        assert_eq!(letter.value, Some(vec![0xC3, 0x28]));
        let own = [Header::new("x", vec![1, 2, 255]), Header::new("cl_theirs", "2"), Header::new("null", "")];
        assert_eq!(letter.headers[..3], own);
        assert_eq!(record::header(&letter.headers, NULLS), Some("key,2"));
        assert_eq!(record::header(&letter.headers, "cl_attempts"), Some("2"));
        assert_eq!(record::header(&letter.headers, "cl_orig_offset"), Some("42"));
        assert!(record::header(&letter.headers, "cl_error_msg").is_some_and(|text| text.len() <= 1024));
    }
}
