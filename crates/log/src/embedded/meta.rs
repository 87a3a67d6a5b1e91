//! The small keyspace beside the topics: the log's identity, how many partitions each topic has, and where each begins.

use crisislens_model::Topic;
use fjall::Keyspace;
use uuid::Uuid;

use super::store::unavailable;
use crate::LogError;

/// The keyspace's name.
pub(super) const NAME: &str = "meta";
const LOG_ID: &[u8] = b"id";
const FORMAT: &[u8] = b"format";
/// The layout of keyspaces, keys and values that this code reads and writes.
const CURRENT_FORMAT: u8 = 1;

/// The key of a partition's start, whose value is the offset, little-endian.
pub(super) fn start_key(topic: Topic, partition: u32) -> Vec<u8> {
    let mut key = format!("start/{topic}/").into_bytes();
    key.extend_from_slice(&partition.to_be_bytes());
    key
}

/// Where a partition begins; at zero if retention never touched it.
pub(super) fn start(meta: &Keyspace, topic: Topic, partition: u32) -> Result<u64, LogError> {
    let Some(bytes) = get(meta, &start_key(topic, partition))? else { return Ok(0) };
    let bytes = bytes.as_slice().try_into();
    Ok(u64::from_le_bytes(bytes.map_err(|_| broken(&format!("where {topic}/{partition} begins")))?))
}

/// The log's identity; `fresh` becomes it at the first open.
pub(super) fn identity(meta: &Keyspace, fresh: impl FnOnce() -> Uuid) -> Result<Uuid, LogError> {
    match get(meta, FORMAT)?.as_deref() {
        Some([CURRENT_FORMAT]) => {
            let bytes = get(meta, LOG_ID)?.ok_or_else(|| broken("the log's id"))?;
            Uuid::from_slice(&bytes).map_err(|_| broken("the log's id"))
        }
        Some(_) => Err(LogError::Unavailable("the log was written by a newer version".to_owned())),
        None => create(meta, fresh()),
    }
}

fn create(meta: &Keyspace, id: Uuid) -> Result<Uuid, LogError> {
    put(meta, LOG_ID, id.as_bytes())?;
    // Last, so that a crash between the two leaves a log without format, which is created again.
    put(meta, FORMAT, &[CURRENT_FORMAT])?;
    Ok(id)
}

/// Takes note of a topic's number of partitions, which may only grow.
///
/// Errors with [`LogError::Definition`] if there were more before: their records would be out of reach.
pub(super) fn settle_partitions(meta: &Keyspace, topic: Topic, wanted: u32) -> Result<(), LogError> {
    let key = format!("partitions/{topic}");
    let had = match get(meta, key.as_bytes())? {
        Some(bytes) => {
            let bytes = bytes.as_slice().try_into().map_err(|_| broken(&key))?;
            u32::from_le_bytes(bytes)
        }
        None => 0,
    };
    if wanted < had {
        let message = format!("{topic}: the log has {had} partitions, and fewer ({wanted}) cannot be read");
        return Err(LogError::Definition(message));
    }
    if wanted > had { put(meta, key.as_bytes(), &wanted.to_le_bytes()) } else { Ok(()) }
}

fn get(meta: &Keyspace, key: &[u8]) -> Result<Option<Vec<u8>>, LogError> {
    Ok(meta.get(key).map_err(|e| unavailable(&e))?.map(|value| value.to_vec()))
}

fn put(meta: &Keyspace, key: &[u8], value: &[u8]) -> Result<(), LogError> {
    meta.insert(key, value).map_err(|e| unavailable(&e))
}

fn broken(what: &str) -> LogError {
    LogError::Unavailable(format!("the log's own notes are damaged: {what}"))
}
