//! Opens the engines that the configuration names. The only place that knows which engine is which.

use std::fs::DirBuilder;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;
use std::sync::{Arc, Once};

use anyhow::Context;
use crisislens_log::embedded::{EmbeddedLog, EmbeddedOptions};
use crisislens_log::kafka::KafkaLog;
use crisislens_log::{EventLog, LogError};
use crisislens_model::Clock;
use crisislens_search::SearchIndex;
use crisislens_search::opensearch::{OpenSearchIndex, OpenSearchOptions};
use crisislens_search::tantivy::{TantivyIndex, TantivyOptions};
use crisislens_state::postgres::PostgresStore;
use crisislens_state::sqlite::SqliteStore;
use crisislens_state::{StateError, Store};

use crate::config::{Config, LogUrl, SearchUrl, StateUrl};

/// Makes the data folder, which holds the signing secret: nobody else on the machine may look into it. One that is there
/// already belongs to whoever made it, who is told once where others may.
pub fn make_data_dir(config: &Config) -> anyhow::Result<()> {
    static TOLD: Once = Once::new();
    let dir = &config.storage.data_dir;
    if let Ok(found) = dir.metadata() {
        let mode = found.mode() & 0o777;
        if found.is_dir() && mode & 0o077 != 0 {
            TOLD.call_once(|| {
                tracing::warn!(
                    "others on this machine may look into the data folder {dir} (mode {mode:o}), which holds the signing secret; \
                     close it with: chmod 700 {dir}",
                    dir = dir.display()
                );
            });
        }
        return Ok(());
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .with_context(|| format!("cannot make the data folder {}", dir.display()))
}

/// Opens the log.
pub async fn open_log(config: &Config, clock: Arc<dyn Clock>) -> anyhow::Result<Arc<dyn EventLog>> {
    let definitions = config.log.definitions()?;
    match config.log.url().map_err(anyhow::Error::msg)? {
        LogUrl::Embedded(dir) => {
            let dir = dir.unwrap_or_else(|| config.storage.data_dir.join("log"));
            // It reads its files on opening.
            let opened = tokio::task::spawn_blocking(move || {
                EmbeddedLog::open(&dir, definitions, clock, EmbeddedOptions::default())
                    .with_context(|| format!("cannot open the log in {}", dir.display()))
            });
            Ok(opened.await??)
        }
        LogUrl::Kafka(url) => {
            let mut settings = config.log.kafka.clone();
            // A node that has a name keeps its partitions over a restart.
            if settings.instance.is_empty() {
                settings.instance.clone_from(&config.node.name);
            }
            let log = KafkaLog::open(&url, definitions, settings).await.context("cannot open the log")?;
            tracing::info!(log = log.describe(), "the log is open");
            Ok(log)
        }
    }
}

/// Opens the store.
pub async fn open_store(config: &Config) -> anyhow::Result<Arc<dyn Store>> {
    match config.state.url().map_err(anyhow::Error::msg)? {
        StateUrl::Sqlite(file) => {
            let file = file.unwrap_or_else(|| config.storage.data_dir.join("state.db"));
            let store = SqliteStore::open(&file).await;
            Ok(Arc::new(store.with_context(|| format!("cannot open the store {}", file.display()))?))
        }
        StateUrl::Postgres(url) => {
            let options = config.state.postgres.options(&config.node.name);
            let store = PostgresStore::open(url.expose(), &options).await.context("cannot open the store")?;
            Ok(Arc::new(store))
        }
    }
}

/// Opens the search index, which is that of the installation `owner`. One on a server may be away: everything but searching
/// goes on without it.
pub async fn open_search(config: &Config, owner: String) -> anyhow::Result<Arc<dyn SearchIndex>> {
    match config.search.url().map_err(anyhow::Error::msg)? {
        SearchUrl::Embedded(dir) => {
            let dir = dir.unwrap_or_else(|| config.storage.data_dir.join("search"));
            let opened = tokio::task::spawn_blocking(move || open_tantivy(&dir));
            Ok(opened.await??)
        }
        SearchUrl::OpenSearch(url) => {
            let options = OpenSearchOptions { owner, ..OpenSearchOptions::default() };
            let index =
                OpenSearchIndex::connect(url.expose(), options).context("cannot open the search index")?;
            if let Err(error) = index.standing().await {
                tracing::warn!(%error, "the search index cannot be used yet");
            }
            Ok(index)
        }
    }
}

fn open_tantivy(dir: &Path) -> anyhow::Result<Arc<TantivyIndex>> {
    let options = TantivyOptions { merge_threads: 1, ..TantivyOptions::default() };
    TantivyIndex::open(dir, options)
        .with_context(|| format!("cannot open the search index in {}", dir.display()))
}

/// Whether `error` is of brokers or of a database server that may be there soon.
#[must_use]
pub fn may_pass(config: &Config, error: &anyhow::Error) -> bool {
    let (brokers, server) = servers(config);
    error.chain().any(|cause| {
        let is_log = matches!(cause.downcast_ref::<LogError>(), Some(LogError::Unavailable(_)));
        let is_store = matches!(
            cause.downcast_ref::<StateError>(),
            Some(StateError::Unavailable(_) | StateError::CannotOpen { may_pass: true, .. })
        );
        brokers && is_log || server && is_store
    })
}

/// Whether several nodes may share this store and log.
#[must_use]
pub fn is_shared(config: &Config) -> bool {
    let (brokers, server) = servers(config);
    brokers || server
}

/// Whether the log is on brokers, and the store on a database server.
fn servers(config: &Config) -> (bool, bool) {
    let brokers = !config.log.url().is_ok_and(|url| url.is_embedded());
    (brokers, matches!(config.state.url(), Ok(StateUrl::Postgres(_))))
}
