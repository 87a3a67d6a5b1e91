//! Between our records and librdkafka's messages.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use crisislens_model::nulls::{NULLS, Nulls};
use crisislens_model::{Header, NewRecord, Timestamp, Topic, record};
use rdkafka::message::{BorrowedMessage, Header as KafkaHeader, Headers, Message, OwnedHeaders};

use crate::LogRecord;

/// Stands in the place of a header that the client cannot read (its name is not UTF-8).
pub(super) const UNREADABLE_HEADER: &str = "cl_unreadable_header";

/// The name that another program's header called like our note of nulls has here.
const FOREIGN_NOTE: &str = "cl_null_foreign";

/// Bytes of key, value and headers of a record that was read.
pub(super) fn size_read(record: &LogRecord) -> usize {
    record::size(&record.key, record.value.as_deref(), &record.headers)
}

/// The key as it goes to the brokers: null where it was.
pub(super) fn key<'a>(record: &'a NewRecord, nulls: &Nulls) -> Option<&'a [u8]> {
    (!nulls.key).then_some(&record.key)
}

/// The headers as they go to the brokers, without the note of what is null.
pub(super) fn headers(record: &NewRecord, nulls: &Nulls) -> OwnedHeaders {
    let sent = record.headers.iter().filter(|header| header.name != NULLS).enumerate();
    sent.fold(OwnedHeaders::new_with_capacity(record.headers.len()), |headers, (place, header)| {
        let value = (!nulls.headers.contains(&place)).then_some(&header.value);
        let name = if header.name == FOREIGN_NOTE { NULLS } else { &header.name };
        headers.insert(KafkaHeader { key: name, value })
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
    let mut nulls = Nulls { key: message.key().is_none(), ..Nulls::default() };
    let mut read = Vec::new();
    let headers = message.headers();
    for place in 0..headers.map_or(0, Headers::count) {
        // The client panics on a name that is not UTF-8. Such a record must become a dead letter, not the end of the thread
        // that reads for everybody.
        let header = catch_unwind(AssertUnwindSafe(|| {
            let header = headers?.try_get(place)?;
            Some((header.key.to_owned(), header.value.map(<[u8]>::to_vec)))
        }));
        let (name, value) = match header {
            // Theirs is no note of ours; it takes its name back when it is written.
            Ok(Some((name, value))) if name == NULLS => (FOREIGN_NOTE.to_owned(), value),
            Ok(Some(header)) => header,
            Ok(None) => continue,
            Err(_) => (
                UNREADABLE_HEADER.to_owned(),
                Some(format!("the name of header {place} is not UTF-8").into()),
            ),
        };
        if value.is_none() {
            nulls.headers.insert(read.len());
        }
        read.push(Header::new(name, value.unwrap_or_default()));
    }
    read.extend(nulls.note());
    read
}
