//! The index of dead letters: a consumer of `dlq` that notes each letter in the store, where lists and filters find it.
//!
//! The letters themselves, bytes and all, stay on the log.

use async_trait::async_trait;
use crisislens_log::LogRecord;
use crisislens_model::{EventId, Timestamp, Topic, id, record};
use crisislens_state::Tx;
use crisislens_state::dead_letters::{Letter, LetterStatus};

use crate::dead_letter::{MAX_REDRIVES, event_id_of, place_id, redrive_count};
use crate::{ApplyError, Handler, Reject};

/// Notes every record of `dlq`.
#[derive(Debug, Clone, Copy, Default)]
pub struct LetterIndex;

#[async_trait]
impl Handler for LetterIndex {
    type Work = Letter;

    fn group(&self) -> &'static str {
        "crisis-lens-dlq"
    }

    fn stage(&self) -> &'static str {
        "index"
    }

    fn topic(&self) -> Topic {
        Topic::Dlq
    }

    fn prepare(&self, record: &LogRecord) -> Result<Option<Letter>, Reject> {
        Ok(Some(letter_of(record)))
    }

    async fn apply(&self, tx: &mut dyn Tx, work: &[Letter]) -> Result<(), ApplyError> {
        Ok(tx.put_letters(work).await?)
    }

    /// Who gave up which place. Two consumers may give up the same event, so its id does not tell letters apart; and a
    /// relay that was killed may have put one letter on `dlq` twice, so that its place there does not either.
    fn event_id(&self, record: &LogRecord) -> EventId {
        let header = |name: &str| record::header(&record.headers, &format!("cl_{name}"));
        let origin = (header("group"), header("orig_topic"), header("orig_partition"), header("orig_offset"));
        match origin {
            (Some(group), Some(topic), Some(partition), Some(offset)) => {
                EventId(id::named("letter", &format!("{group}\u{1f}{topic}/{partition}/{offset}")))
            }
            _ => place_id(record),
        }
    }
}

/// What is noted of a record of `dlq`. One that somebody else put there is noted as `foreign`, and cannot be replayed.
fn letter_of(record: &LogRecord) -> Letter {
    let header = |name: &str| record::header(&record.headers, &format!("cl_{name}"));
    let time =
        |name: &str| header(name).and_then(|text| text.parse::<Timestamp>().ok()).unwrap_or(record.timestamp);
    let number = |name: &str| header(name).and_then(|text| text.parse::<u64>().ok());
    let origin = header("orig_topic").and_then(Topic::parse).filter(|topic| *topic != Topic::Dlq);
    let redrive_count = redrive_count(&record.headers);
    let word = |name: &str| header(name).unwrap_or_default().to_owned();
    let small = |name: &str| number(name).and_then(|number| u32::try_from(number).ok()).unwrap_or_default();
    Letter {
        offset: record.offset,
        event_id: event_id_of(record),
        topic: origin.unwrap_or(Topic::Dlq),
        partition: small("orig_partition"),
        origin_offset: number("orig_offset").unwrap_or_default(),
        key: record.key.to_vec(),
        consumer: word("group"),
        stage: word("stage"),
        error_class: if origin.is_some() { word("error_class") } else { "foreign".to_owned() },
        message: word("error_msg"),
        attempts: small("attempts"),
        first_failed_at: time("first_failed_at"),
        last_failed_at: time("last_failed_at"),
        size_bytes: record.value.as_ref().map_or(0, |value| value.len() as u64),
        redrive_count,
        status: if redrive_count >= MAX_REDRIVES { LetterStatus::Parked } else { LetterStatus::Waiting },
        decided_at: None,
        decided_by: None,
    }
}

#[cfg(test)]
mod tests {
    use crisislens_model::Header;

    use super::*;

    fn record(headers: Vec<Header>) -> LogRecord {
        LogRecord {
            topic: Topic::Dlq,
            partition: 0,
            offset: 9,
            timestamp: "2026-01-01T00:00:00Z".parse().unwrap(),
            key: vec![1].into(),
            value: None,
            headers,
        }
    }

    #[test]
    fn a_record_that_is_no_letter_of_ours_is_noted_as_foreign() {
        for headers in
            [vec![], vec![Header::new("cl_orig_topic", *b"dlq")], vec![Header::new("cl_orig_topic", [255])]]
        {
            let letter = letter_of(&record(headers));
            assert_eq!((letter.error_class.as_str(), letter.topic), ("foreign", Topic::Dlq));
        }
    }

    #[test]
    fn a_letter_that_the_relay_appended_twice_is_one_and_that_of_another_consumer_is_another() {
        let id_of = |offset: u64, group: &str, origin: &str| {
            let headers = vec![
                Header::new("cl_group", group),
                Header::new("cl_orig_topic", "claims"),
                Header::new("cl_orig_partition", "1"),
                Header::new("cl_orig_offset", origin),
            ];
            LetterIndex.event_id(&LogRecord { offset, ..record(headers) })
        };
        assert_eq!(id_of(7, "a/b", "40"), id_of(8, "a/b", "40"));
        assert_ne!(id_of(7, "a/b", "40"), id_of(7, "a/c", "40"));
        assert_ne!(id_of(7, "a/b", "40"), id_of(7, "a/b", "41"));
        let foreign = |offset| LetterIndex.event_id(&LogRecord { offset, ..record(Vec::new()) });
        assert_ne!(foreign(7), foreign(8));
    }

    #[test]
    fn a_letter_that_died_again_after_three_replays_is_parked() {
        let headers = |count: &str| {
            vec![Header::new("cl_orig_topic", *b"claims"), Header::new("cl_redrive_count", count)]
        };
        assert_eq!(letter_of(&record(headers("2"))).status, LetterStatus::Waiting);
        assert_eq!(letter_of(&record(headers("3"))).status, LetterStatus::Parked);
    }
}
