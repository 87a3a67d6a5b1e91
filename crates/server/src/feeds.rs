//! Wires the connectors to the intake and the store, and starts what the configuration names.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use crisislens_model::{RawItem, SourceStatus};
use crisislens_pipeline::raw_item_record;
use crisislens_sources::{
    AddressPolicy, GuardedClient, Poller, PollerConfig, RawItemSink, Replay, SinkError, SourceJournal,
    SourceMemory,
};
use crisislens_state::{Durability, StateError, Store};
use crisislens_stream::{Intake, IntakeError};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::exercises;
use crate::workers::lease;

/// Raw items go where those of people and programs go. A source moves on once they are durable.
struct IntakeSink(Arc<Intake>);

#[async_trait]
impl RawItemSink for IntakeSink {
    async fn publish(&self, items: Vec<RawItem>) -> Result<(), SinkError> {
        let records = items
            .iter()
            .map(|item| raw_item_record(item, "/crisislens/sources"))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| SinkError::Refused(error.to_string()))?;
        match self.0.take(records).await {
            Ok(_) => Ok(()),
            Err(error @ IntakeError::Refused(_)) => Err(SinkError::Refused(error.to_string())),
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

/// Starts live sources and exercises. Where nodes share the engines, each source is read by one of those that name it: asked
/// by all it would be asked too often.
pub fn start(app: &Arc<App>, tasks: &TaskTracker, cancel: &CancellationToken) -> anyhow::Result<()> {
    let feeds = Feeds {
        app: Arc::clone(app),
        sink: Arc::new(IntakeSink(Arc::clone(&app.intake))),
        journal: Arc::new(StoreJournal(Arc::clone(&app.store))),
    };
    feeds.poll_live(tasks, cancel)?;
    feeds.play_exercise(tasks, cancel);
    if app.exercises.has_library() {
        let playing = Arc::clone(app);
        feeds.begin("started-exercise", tasks, cancel, move |stop| {
            exercises::play(Arc::clone(&playing), stop)
        });
    }
    Ok(())
}

struct Feeds {
    app: Arc<App>,
    sink: Arc<dyn RawItemSink>,
    journal: Arc<dyn SourceJournal>,
}

impl Feeds {
    fn poll_live(&self, tasks: &TaskTracker, cancel: &CancellationToken) -> anyhow::Result<()> {
        let sources = &self.app.config.sources;
        if sources.live.is_empty() {
            return Ok(());
        }
        let policy =
            if sources.allow_private { AddressPolicy::AllowPrivate } else { AddressPolicy::PublicOnly };
        let client = GuardedClient::new(policy, &sources.contact)?;
        for source in &sources.live {
            let url =
                source.url.expose().parse().with_context(|| format!("sources.live {}: url", source.name))?;
            let config = PollerConfig {
                interval: Duration::from_secs(source.interval_s),
                seed: rand::random(),
                ..PollerConfig::new(&source.name, source.kind, source.format.parse()?, url)
            };
            let (client, clock) = (client.clone(), Arc::clone(&self.app.clock));
            let (sink, journal) = (Arc::clone(&self.sink), Arc::clone(&self.journal));
            let poller = move || {
                let (sink, journal) = (Arc::clone(&sink), Arc::clone(&journal));
                Poller::http(config.clone(), client.clone(), sink, journal, Arc::clone(&clock))
            };
            self.begin(&source.name, tasks, cancel, move |stop| poller().run(stop));
        }
        Ok(())
    }

    fn play_exercise(&self, tasks: &TaskTracker, cancel: &CancellationToken) {
        let exercise = self.app.config.exercise.clone();
        if exercise.recordings.as_os_str().is_empty() {
            return;
        }
        let (sink, journal) = (Arc::clone(&self.sink), Arc::clone(&self.journal));
        let clock = Arc::clone(&self.app.clock);
        self.begin("exercise", tasks, cancel, move |stop| {
            let (sink, journal, folder) =
                (Arc::clone(&sink), Arc::clone(&journal), exercise.recordings.clone());
            let replay = Replay::new(folder, exercise.speed, journal, Arc::clone(&clock), sink, stop.clone());
            async move {
                match replay.run().await {
                    Ok(summary) => tracing::info!(?summary, "the exercise has been played"),
                    Err(error) => tracing::error!(%error, "the exercise stopped"),
                }
                // Whoever holds the source keeps it: another node would only find that it has been read.
                stop.cancelled().await;
            }
        });
    }

    /// Reads a source until `cancel`; under its lease, where nodes share the engines.
    fn begin<F: Future<Output = ()> + Send>(
        &self,
        name: &str,
        tasks: &TaskTracker,
        cancel: &CancellationToken,
        read: impl Fn(CancellationToken) -> F + Send + Sync + 'static,
    ) {
        let (store, cancel) = (Arc::clone(&self.app.store), cancel.clone());
        let lease = lease(&self.app, &format!("source/{name}"));
        tasks.spawn(async move {
            match lease {
                None => read(cancel).await,
                Some(lease) => lease.while_held(&*store, &cancel, read).await,
            }
        });
    }
}
