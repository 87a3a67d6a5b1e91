//! Opening: the database with its keyspaces, the log's identity, and where each partition begins and ends.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crisislens_model::Topic;
use fjall::compaction::Leveled;
use fjall::config::{BlockSizePolicy, CompressionPolicy, FilterPolicy};
use fjall::{CompressionType, Database, Keyspace, KeyspaceCreateOptions};
use uuid::Uuid;

use super::compaction::Starts;
use super::meta;
use super::options::EmbeddedOptions;
use super::segments::Segments;
use super::store::{Partition, Store, TopicStore, unavailable};
use crate::{LogError, TopicDefinitions};

/// Records are read in runs, so blocks are larger than the engine's default.
const BLOCK_BYTES: u32 = 16 << 10;
/// Small tables: the merge from level 0 to level 1 rewrites all of level 1, because every flush spans all partitions.
const TABLE_BYTES: u64 = 4 << 20;
/// Flushed tables that are gathered before they are merged. Each spans every partition, so a merge rewrites the whole next level:
/// with the default of 4, three quarters of the processor's time under load went into that.
const L0_TABLES: u8 = 16;
/// The notes change when retention runs, and no more often.
const META_MEMTABLE_BYTES: u64 = 256 << 10;

/// Opens or creates the log in `dir`, and says who it is.
pub(super) fn open(
    dir: &Path,
    definitions: &TopicDefinitions,
    options: &EmbeddedOptions,
) -> Result<(Store, Uuid), LogError> {
    let starts = Starts::new(definitions);
    let db = database(dir, &starts, options)?;
    let meta = keyspace(&db, meta::NAME, META_MEMTABLE_BYTES)?;
    let id = meta::identity(&meta, || options.log_id.unwrap_or_else(Uuid::new_v4))?;
    let topics = definitions.iter().map(|definition| {
        meta::settle_partitions(&meta, definition.topic, definition.partitions)?;
        open_topic(&db, &meta, definition.topic, &starts, options)
    });
    let topics = topics.collect::<Result<_, _>>()?;
    let store = Store { db, meta, topics };
    store.sync()?;
    Ok((store, id))
}

fn database(dir: &Path, starts: &Starts, options: &EmbeddedOptions) -> Result<Database, LogError> {
    let builder = Database::builder(dir)
        .cache_size(options.cache_bytes)
        .max_journaling_size(options.journal_bytes)
        .worker_threads(options.worker_threads)
        .with_compaction_filter_factories(starts.filters());
    builder.open().map_err(|error| match error {
        fjall::Error::Locked => LogError::InUse(dir.display().to_string()),
        fjall::Error::Io(error) => LogError::Unavailable(format!("{}: {error}", dir.display())),
        error => unavailable(&error),
    })
}

fn open_topic(
    db: &Database,
    meta: &Keyspace,
    topic: Topic,
    starts: &Starts,
    options: &EmbeddedOptions,
) -> Result<TopicStore, LogError> {
    let segments = Segments::open(db, meta, topic, |name| segment(db, topic, name, options))?;
    let mut store = TopicStore { topic, segments, partitions: Vec::new() };
    let partitions =
        (0..).zip(starts.of(topic)).map(|(n, start)| recover(&store, meta, n, Arc::clone(start)));
    store.partitions = partitions.collect::<Result<_, _>>()?;
    Ok(store)
}

/// Opens or creates the keyspace of a topic's segment.
pub(super) fn segment(
    db: &Database,
    topic: Topic,
    name: &str,
    options: &EmbeddedOptions,
) -> Result<Keyspace, LogError> {
    let memtable_bytes = match topic {
        Topic::RawItems | Topic::NormalizedItems => options.busy_memtable_bytes,
        _ => options.quiet_memtable_bytes,
    };
    keyspace(db, name, memtable_bytes)
}

fn keyspace(db: &Database, name: &str, memtable_bytes: u64) -> Result<Keyspace, LogError> {
    let options = || {
        KeyspaceCreateOptions::default()
            .max_memtable_size(memtable_bytes)
            .data_block_size_policy(BlockSizePolicy::all(BLOCK_BYTES))
            .data_block_compression_policy(CompressionPolicy::all(CompressionType::Lz4))
            // Nothing is looked up that does not exist.
            .filter_policy(FilterPolicy::disabled())
            .compaction_strategy(Arc::new(
                Leveled::default().with_table_target_size(TABLE_BYTES).with_l0_threshold(L0_TABLES),
            ))
    };
    db.keyspace(name, options).map_err(|e| unavailable(&e))
}

/// Finds where a partition begins and ends.
///
/// The start is durable before records are dropped, so the end never goes back: either a record stands at or after the
/// start, and the end follows the last one, or all were dropped, and the start is where the end was.
fn recover(
    topic: &TopicStore,
    meta: &Keyspace,
    partition: u32,
    start: Arc<AtomicU64>,
) -> Result<Partition, LogError> {
    let from = meta::start(meta, topic.topic, partition)?;
    let (end, bytes) = topic.tail(partition, from)?;
    start.store(from, Ordering::Release);
    Ok(Partition { start, end: AtomicU64::new(end), bytes: AtomicU64::new(bytes) })
}
