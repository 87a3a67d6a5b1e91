//! Opening: the database with its keyspaces, the log's identity, and where each partition begins and ends.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crisislens_model::Topic;
use fjall::compaction::Leveled;
use fjall::config::{BlockSizePolicy, CompressionPolicy, FilterPolicy};
use fjall::{CompressionType, Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use uuid::Uuid;

use super::compaction::Starts;
use super::meta;
use super::options::EmbeddedOptions;
use super::segments::Segments;
use super::store::{Partition, Store, TopicStore, unavailable};
use crate::{LogError, TopicDefinitions};

/// Where the engine keeps its keyspaces.
const KEYSPACES: &str = "keyspaces";
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
    clear_unfinished(dir)?;
    let (db, meta) = with_notes(dir, &starts, options)?;
    let id = meta::identity(&meta, || options.log_id.unwrap_or_else(Uuid::new_v4))?;
    let topics = definitions.iter().map(|definition| {
        meta::settle_partitions(&meta, definition.topic, definition.partitions)?;
        open_topic(&db, &meta, definition.topic, &starts, options)
    });
    let topics = topics.collect::<Result<_, _>>()?;
    let store = Store { db, meta, topics };
    sync_entry_of(&store.meta)?;
    for topic in &store.topics {
        meta::made(&store.meta, topic.topic)?;
    }
    store.sync()?;
    Ok((store, id))
}

/// A first opening that ended before its first note leaves a folder that the engine cannot open; there is nothing in it yet.
fn clear_unfinished(dir: &Path) -> Result<(), LogError> {
    let failed = |error: io::Error| LogError::Unavailable(format!("{}: {error}", dir.display()));
    let Some(lock) = found(File::open(dir.join("lock"))).map_err(failed)? else { return Ok(()) };
    if lock.try_lock().is_err() {
        // Whoever opens it is told so by the engine.
        return Ok(());
    }
    let marker = found(fs::metadata(dir.join("version"))).map_err(failed)?;
    let keyspaces = found(fs::read_dir(dir.join(KEYSPACES))).map_err(failed)?;
    if marker.is_some_and(|marker| marker.len() > 0) || keyspaces.is_some_and(|mut all| all.next().is_some())
    {
        return Ok(());
    }
    for name in ["0.jnl", "version"] {
        found(fs::remove_file(dir.join(name))).map_err(failed)?;
    }
    Ok(())
}

/// `None` for what is not there.
fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(it) => Ok(Some(it)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The database and the log's notes, ready for keyspaces to be made and removed.
fn with_notes(
    dir: &Path,
    starts: &Starts,
    options: &EmbeddedOptions,
) -> Result<(Database, Keyspace), LogError> {
    let db = database(dir, starts, options)?;
    pass_forgotten_numbers(&db);
    let notes = keyspace(&db, meta::NAME, META_MEMTABLE_BYTES)?;
    meta::opened(&notes)?;
    db.persist(PersistMode::SyncAll).map_err(|e| unavailable(&e))?;
    Ok((db, notes))
}

/// The engine counts its writes, and after a restart begins where the keyspaces of its users end: its own notes of which
/// keyspaces there are may be beyond that, and then what is made anew counts as older than what was removed. So we begin far
/// beyond anything that it can have counted unseen.
fn pass_forgotten_numbers(db: &Database) {
    const FAR: u64 = 1 << 20;
    let counter = &db.supervisor.seqno;
    counter.fetch_max(counter.get() + FAR);
}

/// Makes it durable that `keyspace` is there; the engine does so only for what is in it.
pub(super) fn sync_entry_of(keyspace: &Keyspace) -> Result<(), LogError> {
    let folder = keyspace.path().parent().unwrap_or(keyspace.path());
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|error| LogError::Unavailable(format!("{}: {error}", folder.display())))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::compaction::Starts;

    /// One process after another on the same folder, each closed in order.
    fn process(dir: &Path, act: impl FnOnce(&Database, &dyn Fn(&str) -> Keyspace)) {
        let definitions = TopicDefinitions::shipped().unwrap();
        let starts = Starts::new(&definitions);
        let (db, _) = with_notes(dir, &starts, &EmbeddedOptions::default()).unwrap();
        act(&db, &|name| keyspace(&db, name, 1 << 20).unwrap());
        db.persist(PersistMode::SyncAll).unwrap();
    }

    fn write(keyspace: &Keyspace, times: u32) {
        for n in 0..times {
            keyspace.insert(n.to_be_bytes(), b"x").unwrap();
        }
    }

    #[test]
    fn a_keyspace_made_after_a_restart_outlives_the_removed_one_whose_number_it_bears() {
        let dir = tempfile::tempdir().unwrap();
        process(dir.path(), |db, create| {
            write(&create("alerts"), 5);
            db.delete_keyspace(create("alerts.1")).unwrap();
        });
        process(dir.path(), |_, create| {
            write(&create("alerts.2"), 100);
            create("alerts.3");
        });
        process(dir.path(), |db, create| {
            assert!(db.list_keyspace_names().iter().any(|name| **name == *"alerts.2"));
            assert_eq!(create("alerts.2").len().unwrap(), 100);
        });
    }

    #[test]
    fn a_folder_whose_first_opening_was_cut_short_is_opened() {
        for marker in [None, Some("")] {
            let dir = tempfile::tempdir().unwrap();
            fs::create_dir(dir.path().join(KEYSPACES)).unwrap();
            for name in ["lock", "0.jnl"] {
                fs::write(dir.path().join(name), "").unwrap();
            }
            if let Some(marker) = marker {
                fs::write(dir.path().join("version"), marker).unwrap();
            }
            let opened = open(dir.path(), &TopicDefinitions::shipped().unwrap(), &EmbeddedOptions::default());
            assert!(opened.is_ok(), "{marker:?}: {:?}", opened.err());
        }
    }
}
