//! Redrive: sending dead letters to their consumers again, each at most once for each decision.
//!
//! The decision, the record in the outbox and the entry in the audit log are one transaction that only one caller wins. So a
//! redrive that is killed half-way and run again goes on with the letters that still wait, and none is sent twice. The
//! record keeps its event id: consumers that applied it before drop it, the one that gave it up takes it.

use std::slice;
use std::sync::Arc;

use crisislens_log::{EventLog, LogError, LogRecord, ReadLimit};
use crisislens_model::{Clock, Header, NewRecord, Topic};
use crisislens_state::audit::AuditEntry;
use crisislens_state::dead_letters::{Letter, LetterStatus};
use crisislens_state::{Durability, StateError, Store};
use serde_json::json;
use tokio::sync::Notify;

mod stranded;

use crate::dead_letter::{EVENT_ID, REDRIVE_COUNT, own_headers};

/// Sends letters again, or discards them.
#[derive(Clone)]
pub struct Redrive {
    /// Where decisions are kept.
    pub store: Arc<dyn Store>,
    /// Where the letters are.
    pub log: Arc<dyn EventLog>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Wakes the relay.
    pub relay: Arc<Notify>,
}

/// How a letter is replayed.
#[derive(Debug, Clone, Default)]
pub struct Replay {
    /// The value to send instead of the letter's own.
    pub value: Option<Vec<u8>>,
    /// Send even a letter that is parked.
    pub parked_too: bool,
}

/// What became of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided {
    /// It was done.
    Done,
    /// Somebody has decided about the letter before; it stands as this.
    Already(LetterStatus),
}

/// Why it could not be done.
#[derive(Debug, thiserror::Error)]
pub enum RedriveError {
    /// There is no such letter.
    #[error("there is no dead letter at offset {0}")]
    Unknown(u64),
    /// The record was put on the dead-letter topic by another program and does not say where it belongs.
    #[error(
        "the record at offset {0} of dlq does not say which topic it came from, so it cannot be replayed"
    )]
    Foreign(u64),
    /// Retention has dropped it.
    #[error("the dead letter at offset {0} is not on the log any more")]
    Gone(u64),
    /// The new value is larger than its topic takes.
    #[error("the record would have {size} bytes, and {topic} takes at most {limit}")]
    TooLarge {
        /// Its topic.
        topic: Topic,
        /// Bytes of key, value and headers.
        size: usize,
        /// What the topic takes.
        limit: usize,
    },
    /// The log failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The store failed.
    #[error(transparent)]
    State(#[from] StateError),
}

impl Redrive {
    /// Sends the letter at `offset` to its topic again.
    ///
    /// # Errors
    /// As [`RedriveError`] says; nothing was then sent.
    pub async fn replay(&self, offset: u64, replay: Replay, actor: &str) -> Result<Decided, RedriveError> {
        let letter = self.letter(offset).await?;
        let from = match letter.status {
            LetterStatus::Waiting => LetterStatus::Waiting,
            LetterStatus::Parked if replay.parked_too => LetterStatus::Parked,
            decided => return Ok(Decided::Already(decided)),
        };
        if letter.topic == Topic::Dlq {
            return Err(RedriveError::Foreign(offset));
        }
        let edited = replay.value.is_some();
        let record = redriven(&letter, self.record(offset).await?, replay.value);
        self.check_size(&record)?;
        let detail = json!({
            "topic": letter.topic, "partition": letter.partition, "offset": letter.origin_offset,
            "event_id": letter.event_id, "consumer": letter.consumer, "edited": edited,
            "redrive": letter.redrive_count + 1,
        });
        let decision = Decision { offset, from, to: LetterStatus::Replayed, action: "dlq.replay", detail };
        let done = self.decide(decision, Some(record), actor).await?;
        self.relay.notify_one();
        Ok(done)
    }

    /// Decides that the letter at `offset` will not be applied.
    ///
    /// # Errors
    /// As [`RedriveError`] says.
    pub async fn discard(&self, offset: u64, reason: &str, actor: &str) -> Result<Decided, RedriveError> {
        let letter = self.letter(offset).await?;
        if !matches!(letter.status, LetterStatus::Waiting | LetterStatus::Parked) {
            return Ok(Decided::Already(letter.status));
        }
        let detail = json!({ "reason": reason, "event_id": letter.event_id });
        let (from, to) = (letter.status, LetterStatus::Discarded);
        self.decide(Decision { offset, from, to, action: "dlq.discard", detail }, None, actor).await
    }

    /// The letter's record, as it lies on `dlq`.
    ///
    /// # Errors
    /// [`RedriveError::Gone`] once retention has dropped it.
    pub async fn record(&self, offset: u64) -> Result<LogRecord, RedriveError> {
        let limit = ReadLimit { records: 1, bytes: 1 };
        let read = match self.log.read(Topic::Dlq, 0, offset, limit).await {
            Err(LogError::OutOfRange { .. }) => Vec::new(),
            read => read?,
        };
        read.into_iter().find(|record| record.offset == offset).ok_or(RedriveError::Gone(offset))
    }

    async fn letter(&self, offset: u64) -> Result<Letter, RedriveError> {
        self.store.letter(offset).await?.ok_or(RedriveError::Unknown(offset))
    }

    async fn decide(
        &self,
        decision: Decision,
        record: Option<NewRecord>,
        actor: &str,
    ) -> Result<Decided, RedriveError> {
        let Decision { offset, from, to, action, detail } = decision;
        let now = self.clock.now();
        let mut tx = self.store.begin(Durability::Power).await?;
        if !tx.decide_letter(offset, from, to, now, actor).await? {
            drop(tx);
            return Ok(Decided::Already(self.letter(offset).await?.status));
        }
        if let Some(record) = record {
            tx.publish(vec![record], now).await?;
        }
        let entry = AuditEntry::new(now, actor, action, format!("dlq/{offset}"), detail);
        tx.record_audit(&entry).await?;
        tx.commit().await?;
        metrics::counter!("crisislens_stream_redrives_total", "action" => action).increment(1);
        Ok(Decided::Done)
    }

    fn check_size(&self, record: &NewRecord) -> Result<(), RedriveError> {
        match self.log.definitions().checked_bytes(slice::from_ref(record)) {
            Ok(_) => Ok(()),
            Err(LogError::TooLarge { topic, size, limit }) => {
                Err(RedriveError::TooLarge { topic, size, limit })
            }
            Err(error) => Err(error.into()),
        }
    }
}

struct Decision {
    offset: u64,
    from: LetterStatus,
    to: LetterStatus,
    action: &'static str,
    detail: serde_json::Value,
}

/// The record that died, as it was, with the number of times that it has been sent again.
fn redriven(letter: &Letter, dead: LogRecord, value: Option<Vec<u8>>) -> NewRecord {
    let mut headers = own_headers(&dead.headers);
    // Also where the record brought no id of its own and had one after its first place.
    headers.push(Header::new(EVENT_ID, letter.event_id.to_string()));
    headers.push(Header::new(REDRIVE_COUNT, (letter.redrive_count + 1).to_string()));
    NewRecord {
        topic: letter.topic,
        key: dead.key.to_vec(),
        value: value.or_else(|| dead.value.map(|value| value.to_vec())),
        headers,
    }
}
