//! Between our records and librdkafka's messages.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use crisislens_model::{Header, NewRecord, Timestamp, Topic};
use rdkafka::message::{BorrowedMessage, Header as KafkaHeader, Headers, Message, OwnedHeaders};

use crate::LogRecord;

/// Stands in the place of headers that the client cannot read (a name that is not UTF-8).
pub(super) const UNREADABLE_HEADERS: &str = "cl_unreadable_headers";

/// Bytes of key, value and headers, as `max_message_bytes` counts.
pub(super) fn size(record: &NewRecord) -> usize {
    let headers: usize = record.headers.iter().map(|header| header.name.len() + header.value.len()).sum();
    record.key.len() + record.value.as_ref().map_or(0, Vec::len) + headers
}

/// Bytes of key, value and headers of a record that was read.
pub(super) fn size_read(record: &LogRecord) -> usize {
    let headers: usize = record.headers.iter().map(|header| header.name.len() + header.value.len()).sum();
    record.key.len() + record.value.as_ref().map_or(0, Bytes::len) + headers
}

pub(super) fn headers(record: &NewRecord) -> OwnedHeaders {
    record.headers.iter().fold(OwnedHeaders::new_with_capacity(record.headers.len()), |headers, header| {
        headers.insert(KafkaHeader { key: &header.name, value: Some(&header.value) })
    })
}

/// The record that `message` carries.
pub(super) fn record(topic: Topic, message: &BorrowedMessage<'_>) -> LogRecord {
    let milliseconds = message.timestamp().to_millis().unwrap_or_default();
    LogRecord {
        topic,
        partition: message.partition().unsigned_abs(),
        offset: message.offset().unsigned_abs(),
        timestamp: Timestamp::from_millisecond(milliseconds).unwrap_or_default(),
        key: message.key().map(Bytes::copy_from_slice).unwrap_or_default(),
        value: message.payload().map(Bytes::copy_from_slice),
        headers: headers_read(message),
    }
}

fn headers_read(message: &BorrowedMessage<'_>) -> Vec<Header> {
    // The client panics on a header name that is not UTF-8. Such a record must become a dead letter, not the end of the
    // thread that reads for everybody.
    catch_unwind(AssertUnwindSafe(|| {
        let headers = message.headers()?;
        Some(headers.iter().map(|header| Header::new(header.key, header.value.unwrap_or_default())).collect())
    }))
    .unwrap_or_else(|_| Some(vec![Header::new(UNREADABLE_HEADERS, *b"a header's name is not UTF-8")]))
    .unwrap_or_default()
}
