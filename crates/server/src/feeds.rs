//! Wires the connectors to the log and the store, and starts what the configuration names.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use crisislens_log::{EventLog, LogError};
use crisislens_model::{Clock, RawItem, SourceStatus};
use crisislens_pipeline::raw_item_record;
use crisislens_sources::{
    AddressPolicy, GuardedClient, Poller, PollerConfig, RawItemSink, Replay, SinkError, SourceJournal,
    SourceMemory,
};
use crisislens_state::{Durability, StateError, Store};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::workers::lease;

/// Raw items go to the log.
pub struct LogSink(pub Arc<dyn EventLog>);

#[async_trait]
impl RawItemSink for LogSink {
    async fn publish(&self, items: Vec<RawItem>) -> Result<(), SinkError> {
        let records = items
            .iter()
            .map(|item| raw_item_record(item, "/crisislens/sources"))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| SinkError::Refused(error.to_string()))?;
        match self.0.append(records).await {
            Ok(_) => Ok(()),
            Err(error @ LogError::TooLarge { .. }) => Err(SinkError::Refused(error.to_string())),
            Err(error) => Err(SinkError::Unavailable(error.to_string())),
        }
    }
}

/// What sources remember goes to the store.
struct StoreJournal(Arc<dyn Store>);

#[async_trait]
impl SourceJournal for StoreJournal {
    async fn load(&self, source: &str) -> Result<Option<SourceMemory>, SinkError> {
        let text = self.0.source_memory(source).await.map_err(unavailable)?;
        text.map(|text| serde_json::from_str(&text).map_err(|error| SinkError::Refused(error.to_string())))
            .transpose()
    }

    async fn save(&self, _: &str, memory: &SourceMemory, status: &SourceStatus) -> Result<(), SinkError> {
        let memory = serde_json::to_string(memory).map_err(|error| SinkError::Refused(error.to_string()))?;
        let mut tx = self.0.begin(Durability::Process).await.map_err(unavailable)?;
        tx.put_source(status, Some(&memory)).await.map_err(unavailable)?;
        tx.commit().await.map_err(unavailable)
    }
}

fn unavailable(error: StateError) -> SinkError {
    SinkError::Unavailable(error.to_string())
}

/// Starts live sources and the exercise. Of several nodes one at a time reads: a source asked twice would be asked too often.
pub fn start(app: &Arc<App>, tasks: &TaskTracker, cancel: &CancellationToken) -> anyhow::Result<()> {
    let feeds = Feeds::new(app)?;
    let cancel = cancel.clone();
    match lease(app, "connectors") {
        None => {
            tasks.spawn(async move { feeds.run(cancel).await });
        }
        Some(lease) => {
            let store = Arc::clone(&app.store);
            tasks.spawn(async move { lease.while_held(&*store, &cancel, |stop| feeds.run(stop)).await });
        }
    }
    Ok(())
}

/// What is read, ready to be begun.
struct Feeds {
    sink: Arc<dyn RawItemSink>,
    journal: Arc<dyn SourceJournal>,
    clock: Arc<dyn Clock>,
    live: Vec<(PollerConfig, GuardedClient)>,
    /// Folder and speed.
    exercise: Option<(PathBuf, f64)>,
}

impl Feeds {
    fn new(app: &App) -> anyhow::Result<Self> {
        let sources = &app.config.sources;
        let mut live = Vec::with_capacity(sources.live.len());
        if !sources.live.is_empty() {
            let policy =
                if sources.allow_private { AddressPolicy::AllowPrivate } else { AddressPolicy::PublicOnly };
            let client = GuardedClient::new(policy, &sources.contact)?;
            for source in &sources.live {
                let url = source.url.parse().with_context(|| format!("sources.live {}: url", source.name))?;
                let config = PollerConfig {
                    interval: Duration::from_secs(source.interval_s),
                    seed: rand::random(),
                    ..PollerConfig::new(&source.name, source.kind, source.format.parse()?, url)
                };
                live.push((config, client.clone()));
            }
        }
        let exercise = &app.config.exercise;
        let folder = Some(exercise.recordings.clone()).filter(|folder| !folder.as_os_str().is_empty());
        Ok(Self {
            sink: Arc::new(LogSink(Arc::clone(&app.log))),
            journal: Arc::new(StoreJournal(Arc::clone(&app.store))),
            clock: Arc::clone(&app.clock),
            live,
            exercise: folder.map(|folder| (folder, exercise.speed)),
        })
    }

    /// Reads everything until `cancel`.
    async fn run(&self, cancel: CancellationToken) {
        let tasks = TaskTracker::new();
        for (config, client) in &self.live {
            let (sink, journal) = (Arc::clone(&self.sink), Arc::clone(&self.journal));
            let poller = Poller::http(config.clone(), client.clone(), sink, journal, Arc::clone(&self.clock));
            tasks.spawn(poller.run(cancel.clone()));
        }
        if let Some((folder, speed)) = &self.exercise {
            let (sink, journal) = (Arc::clone(&self.sink), Arc::clone(&self.journal));
            let replay =
                Replay::new(folder.clone(), *speed, journal, Arc::clone(&self.clock), sink, cancel.clone());
            tasks.spawn(async move {
                match replay.run().await {
                    Ok(summary) => tracing::info!(?summary, "the exercise has been played"),
                    Err(error) => tracing::error!(%error, "the exercise stopped"),
                }
            });
        }
        tasks.close();
        tokio::join!(tasks.wait(), cancel.cancelled());
    }
}
