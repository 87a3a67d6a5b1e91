//! The small keyspace beside the topics: the log's identity, how many partitions each topic has, where each begins, and the
//! topics' segments.

use crisislens_model::Topic;
use fjall::Keyspace;
use uuid::Uuid;

use super::segments::Base;
use super::store::unavailable;
use crate::LogError;

/// The keyspace's name.
pub(super) const NAME: &str = "meta";
const LOG_ID: &[u8] = b"id";
const FORMAT: &[u8] = b"format";
/// The layout of keyspaces, keys and values that this code reads and writes.
const CURRENT_FORMAT: u8 = 2;
/// The layout before there were segments: every topic had one keyspace, which is segment 0 now.
const WITHOUT_SEGMENTS: u8 = 1;

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

/// Whether a topic's first segment was made.
pub(super) fn is_made(meta: &Keyspace, topic: Topic) -> Result<bool, LogError> {
    Ok(get(meta, made_key(topic).as_bytes())?.is_some())
}

/// Notes that it was.
pub(super) fn made(meta: &Keyspace, topic: Topic) -> Result<(), LogError> {
    put(meta, made_key(topic).as_bytes(), b"")
}

fn made_key(topic: Topic) -> String {
    format!("made/{topic}")
}

/// Notes that the log was opened: something that the engine recovers its count of writes from.
pub(super) fn opened(meta: &Keyspace) -> Result<(), LogError> {
    put(meta, b"opened", b"")
}

/// The log's identity; `fresh` becomes it at the first open.
pub(super) fn identity(meta: &Keyspace, fresh: impl FnOnce() -> Uuid) -> Result<Uuid, LogError> {
    match get(meta, FORMAT)?.as_deref() {
        Some([format @ (CURRENT_FORMAT | WITHOUT_SEGMENTS)]) => {
            if *format != CURRENT_FORMAT {
                // An older program would not see what is in later segments.
                put(meta, FORMAT, &[CURRENT_FORMAT])?;
            }
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

/// The key of a segment's note, whose value is [`bases`].
pub(super) fn segment_key(topic: Topic, number: u32) -> Vec<u8> {
    let mut key = segment_prefix(topic);
    key.extend_from_slice(&number.to_be_bytes());
    key
}

fn segment_prefix(topic: Topic) -> Vec<u8> {
    format!("segment/{topic}/").into_bytes()
}

/// Where a segment begins, for its note: offset and bytes of each partition, little-endian.
pub(super) fn bases(bases: &[Base]) -> Vec<u8> {
    bases.iter().flat_map(|base| [base.offset.to_le_bytes(), base.bytes.to_le_bytes()]).flatten().collect()
}

/// The noted segments of a topic, in their order.
pub(super) fn segments(meta: &Keyspace, topic: Topic) -> Result<Vec<(u32, Vec<Base>)>, LogError> {
    let prefix = segment_prefix(topic);
    let mut segments = Vec::new();
    for guard in meta.prefix(&prefix) {
        let (key, value) = guard.into_inner().map_err(|e| unavailable(&e))?;
        let segment = parse_segment(&key[prefix.len()..], &value);
        segments.push(segment.ok_or_else(|| broken(&format!("a segment of {topic}")))?);
    }
    Ok(segments)
}

fn parse_segment(number: &[u8], bases: &[u8]) -> Option<(u32, Vec<Base>)> {
    let number = u32::from_be_bytes(number.try_into().ok()?);
    let (numbers, rest) = bases.as_chunks::<8>();
    let (pairs, odd) = numbers.as_chunks::<2>();
    let base = |[offset, bytes]: &[[u8; 8]; 2]| Base {
        offset: u64::from_le_bytes(*offset),
        bytes: u64::from_le_bytes(*bytes),
    };
    (rest.is_empty() && odd.is_empty()).then(|| (number, pairs.iter().map(base).collect()))
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
