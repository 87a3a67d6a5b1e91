//! One value that holds every engine; handlers get it, and nothing is global.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::Context;
use crisislens_log::EventLog;
use crisislens_log::definition::TopicDefinitions;
use crisislens_log::embedded::{EmbeddedLog, EmbeddedOptions};
use crisislens_model::{Clock, SystemClock, Timestamp};
use crisislens_realtime::{HistoryLimits, Hub, HubOptions, QueueLimits, WATCHED};
use crisislens_search::SearchIndex;
use crisislens_search::tantivy::{TantivyIndex, TantivyOptions};
use crisislens_state::sqlite::SqliteStore;
use crisislens_state::{Durability, Store};
use crisislens_stream::Health;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::auth::{Passwords, Tokens};
use crate::config::Config;

/// The running program.
pub struct App {
    /// What was configured.
    pub config: Config,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The event log.
    pub log: Arc<dyn EventLog>,
    /// The store.
    pub store: Arc<dyn Store>,
    /// The search index.
    pub search: Arc<dyn SearchIndex>,
    /// Live rooms.
    pub hub: Arc<Hub>,
    /// Access tokens and tickets.
    pub tokens: Tokens,
    /// Password hashing, bounded.
    pub passwords: Passwords,
    /// What consumers wait for.
    pub health: Health,
    /// Wakes the relay.
    pub relay: Arc<Notify>,
    /// Offsets that have become searchable.
    pub searchable: watch::Sender<BTreeMap<u32, u64>>,
    /// Metrics.
    pub metrics: PrometheusHandle,
    /// When this process began to serve.
    pub started_at: Timestamp,
    /// Ends it.
    pub cancel: CancellationToken,
    /// Whether it ends because a part of it failed.
    pub failed: AtomicBool,
}

impl App {
    /// Opens every engine.
    pub async fn open(config: Config, metrics: PrometheusHandle) -> anyhow::Result<Arc<Self>> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        make_data_dir(&config)?;
        let store = open_store(&config).await?;
        let tokens = Tokens::open(&config.auth, &*store, Arc::clone(&clock)).await?;
        let log_dir = config.log_dir();
        let search_dir = config.search_dir();
        let opened_clock = Arc::clone(&clock);
        // Both read their files on opening: off the executor, and side by side.
        let log = tokio::task::spawn_blocking(move || open_log(&log_dir, opened_clock));
        let search = tokio::task::spawn_blocking(move || {
            let options = TantivyOptions { merge_threads: 1, ..TantivyOptions::default() };
            TantivyIndex::open(&search_dir, options)
                .with_context(|| format!("cannot open the search index in {}", search_dir.display()))
        });
        let log: Arc<dyn EventLog> = log.await??;
        let search: Arc<dyn SearchIndex> = search.await??;
        check_same_log(&*store, &*log).await?;
        let hub = make_hub(&config, &*log, &clock);
        let started_at = clock.now();
        Ok(Arc::new(Self {
            config,
            clock,
            log,
            store,
            search,
            hub,
            tokens,
            passwords: Passwords::default(),
            health: Health::default(),
            relay: Arc::new(Notify::new()),
            searchable: watch::Sender::new(BTreeMap::new()),
            metrics,
            started_at,
            cancel: CancellationToken::new(),
            failed: AtomicBool::new(false),
        }))
    }
}

/// Makes the data folder, which holds the signing secret: nobody else on the machine may look into it.
pub fn make_data_dir(config: &Config) -> anyhow::Result<()> {
    let dir = &config.storage.data_dir;
    std::fs::create_dir_all(dir).with_context(|| format!("cannot make the data folder {}", dir.display()))?;
    std::fs::set_permissions(dir, std::os::unix::fs::PermissionsExt::from_mode(0o700))
        .with_context(|| format!("cannot close the data folder {} to others", dir.display()))
}

/// Refuses a log that is not the one the store has consumed: what is appended to it would be taken for applied.
async fn check_same_log(store: &dyn Store, log: &dyn EventLog) -> anyhow::Result<()> {
    let mut tx = store.begin(Durability::Power).await?;
    let known = tx.setting_or("log.epoch", &log.epoch().to_string()).await?;
    tx.commit().await?;
    let mut problem = (known != log.epoch().to_string()).then(|| "it is another log".to_owned());
    for offset in store.offsets().await? {
        let end = log.bounds(offset.topic, offset.partition).await?.end;
        if offset.next > end {
            let (topic, partition, next) = (offset.topic, offset.partition, offset.next);
            problem =
                Some(format!("{topic}/{partition} ends at {end}, and {} was at {next}", offset.consumer));
        }
    }
    match problem {
        None => Ok(()),
        Some(problem) => anyhow::bail!(
            "the log does not belong to the store: {problem}. Restore the log's folder, or move the store and the search \
             index away so that both are made anew from the log that is there"
        ),
    }
}

/// Opens the store that the configuration names.
pub async fn open_store(config: &Config) -> anyhow::Result<Arc<dyn Store>> {
    let file = config.state_file();
    let store = SqliteStore::open(&file)
        .await
        .with_context(|| format!("cannot open the store {}", file.display()))?;
    Ok(Arc::new(store))
}

/// Opens the embedded log in `dir`.
pub fn open_log(dir: &Path, clock: Arc<dyn Clock>) -> anyhow::Result<Arc<EmbeddedLog>> {
    let definitions = TopicDefinitions::shipped()?;
    EmbeddedLog::open(dir, definitions, clock, EmbeddedOptions::default())
        .with_context(|| format!("cannot open the log in {}", dir.display()))
}

fn make_hub(config: &Config, log: &dyn EventLog, clock: &Arc<dyn Clock>) -> Arc<Hub> {
    let realtime = &config.realtime;
    let options = HubOptions {
        max_connections: realtime.max_connections,
        max_connections_per_user: realtime.max_connections_per_user,
        queue: QueueLimits { frames: realtime.queue_frames, bytes: realtime.queue_bytes },
        history: HistoryLimits { records: realtime.history_records, bytes: realtime.history_bytes },
        presence_grace: Duration::from_secs(10),
        ..HubOptions::default()
    };
    let partitions: Vec<_> =
        WATCHED.iter().map(|topic| (*topic, log.definitions().get(*topic).partitions)).collect();
    let node = if realtime.node.is_empty() {
        format!("node-{:08x}", rand::random::<u32>())
    } else {
        realtime.node.clone()
    };
    Hub::new(options, log.epoch(), &partitions, node, Arc::clone(clock))
}
