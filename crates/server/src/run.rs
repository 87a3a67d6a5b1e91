//! The role `serve`: everything in one process, started in order and stopped in the reverse order.

use std::future::IntoFuture;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context;
use crisislens_analysis::Analyzer;
use crisislens_model::Timestamp;
use crisislens_notify::{Dispatch, Recipients, Templates};
use crisislens_pipeline::{Cluster, Normalise, ProjectorOptions, SearchProjector};
use crisislens_realtime::{Tail, TailOptions};
use crisislens_state::Durability;
use crisislens_stream::{Handler, Relay, RelayOptions, Runner, RunnerOptions};
use metrics_exporter_prometheus::PrometheusBuilder;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::config::Config;
use crate::http::listener::{Limited, Peer};
use crate::{feeds, http};

/// How long work in flight may take after the order to stop.
const DRAIN: Duration = Duration::from_secs(10);
/// How often retention is enforced, and after how many of these rounds applied events are forgotten.
const RETENTION_EVERY: Duration = Duration::from_secs(60);
const FORGET_EVERY_ROUNDS: u64 = 60;
/// Applied events are remembered so long: far longer than a relay or a producer takes to send something again.
const INBOX_SECONDS: i64 = 8 * 24 * 3600;

/// What a running server writes into its data folder, so that commands on the same machine find it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Endpoint {
    /// Where it listens.
    pub url: String,
    /// Its process.
    pub pid: u32,
}

impl Endpoint {
    /// Where it is written.
    #[must_use]
    pub fn file(config: &Config) -> PathBuf {
        config.storage.data_dir.join("server.json")
    }
}

/// Serves until SIGTERM or Ctrl-C, or where asked for until standard input closes.
pub async fn serve(config: Config, until_stdin_closes: bool) -> anyhow::Result<()> {
    let metrics = PrometheusBuilder::new().install_recorder().context("cannot set up metrics")?;
    let listener = TcpListener::bind(&config.http.listen)
        .await
        .with_context(|| format!("cannot listen on {} (http.listen)", config.http.listen))?;
    let address = listener.local_addr()?;
    let app = App::open(config, metrics).await?;
    let workers = TaskTracker::new();
    let stop_workers = CancellationToken::new();
    start_workers(&app, &workers, &stop_workers)?;
    let feeders = TaskTracker::new();
    let stop_feeders = CancellationToken::new();
    feeds::start(&app, &feeders, &stop_feeders)?;

    let endpoint = Endpoint { url: format!("http://{address}"), pid: std::process::id() };
    std::fs::write(Endpoint::file(&app.config), serde_json::to_vec(&endpoint)?)?;
    tokio::spawn(end_on_signal(app.cancel.clone()));
    if until_stdin_closes {
        end_with_stdin(app.cancel.clone());
    }
    let router = http::router(&app).into_make_service_with_connect_info::<Peer>();
    let stop_http = CancellationToken::new();
    let listener = Limited::new(listener, app.config.http.max_sockets);
    let served = axum::serve(listener, router).with_graceful_shutdown(stop_http.clone().cancelled_owned());
    let served = tokio::spawn(served.into_future());
    tracing::info!(%address, data_dir = %app.config.storage.data_dir.display(), "serving");

    app.cancel.cancelled().await;
    tracing::info!("stopping");
    stop_feeders.cancel();
    feeders.close();
    app.hub.drain(500..=3000);
    stop_http.cancel();
    let _ = tokio::time::timeout(DRAIN, served).await;
    let _ = tokio::time::timeout(DRAIN, feeders.wait()).await;
    stop_workers.cancel();
    workers.close();
    let _ = tokio::time::timeout(DRAIN, workers.wait()).await;
    app.log.close(DRAIN).await?;
    let _ = std::fs::remove_file(Endpoint::file(&app.config));
    anyhow::ensure!(!app.failed.load(Ordering::SeqCst), "a part ended before its time; see the log");
    Ok(())
}

fn start_workers(app: &Arc<App>, tasks: &TaskTracker, cancel: &CancellationToken) -> anyhow::Result<()> {
    let analyzer = Arc::new(Analyzer::new()?);
    let templates = Arc::new(Templates::shipped()?);
    let clock = || Arc::clone(&app.clock);
    work(app, tasks, cancel, Normalise { analyzer, clock: clock() });
    work(app, tasks, cancel, Cluster { clock: clock() });
    work(app, tasks, cancel, Recipients { templates: Arc::clone(&templates), clock: clock() });
    work(app, tasks, cancel, Dispatch { templates, clock: clock() });

    let projector = SearchProjector {
        log: Arc::clone(&app.log),
        index: Arc::clone(&app.search),
        health: app.health.clone(),
        options: ProjectorOptions {
            commit_after: Duration::from_millis(app.config.workers.search_commit_ms),
            ..ProjectorOptions::default()
        },
        progress: app.searchable.clone(),
    };
    keep(app, tasks, cancel, "search projector", projector.run(cancel.clone()));
    let relay = Relay {
        store: Arc::clone(&app.store),
        log: Arc::clone(&app.log),
        wake: Arc::clone(&app.relay),
        health: app.health.clone(),
        options: RelayOptions::default(),
    };
    keep(app, tasks, cancel, "outbox relay", relay.run(cancel.clone()));

    let (log, hub, stop) = (Arc::clone(&app.log), Arc::clone(&app.hub), cancel.clone());
    keep(app, tasks, cancel, "live tail", async move {
        if let Err(error) = Tail::new(TailOptions::default()).run(log, hub, stop).await {
            tracing::error!(%error, "the live tail ended");
        }
    });
    keep(app, tasks, cancel, "live clock", Arc::clone(&app.hub).run_clock(cancel.clone()));
    keep(app, tasks, cancel, "housekeeping", keep_house(Arc::clone(app), cancel.clone()));
    Ok(())
}

fn work<H: Handler>(app: &Arc<App>, tasks: &TaskTracker, cancel: &CancellationToken, handler: H) {
    let runner = Runner {
        handler: Arc::new(handler),
        log: Arc::clone(&app.log),
        store: Arc::clone(&app.store),
        clock: Arc::clone(&app.clock),
        relay: Arc::clone(&app.relay),
        health: app.health.clone(),
        options: RunnerOptions {
            batch_records: app.config.workers.batch_records,
            ..RunnerOptions::default()
        },
    };
    let stop = cancel.clone();
    let name = runner.handler.consumer();
    keep(app, tasks, cancel, &name, async move {
        if let Err(error) = runner.run(stop).await {
            tracing::error!(%error, "the consumer ended");
        }
    });
}

/// Runs a part that must not end before it is told to. If it does, by error or panic, the whole program stops and says
/// which part it was: a process that is started again is better than one that looks well and does half its work.
fn keep(
    app: &Arc<App>,
    tasks: &TaskTracker,
    cancel: &CancellationToken,
    name: &str,
    part: impl Future<Output = ()> + Send + 'static,
) {
    let (app, cancel, name) = (Arc::clone(app), cancel.clone(), name.to_owned());
    let part = tokio::spawn(part);
    tasks.spawn(async move {
        let ended = part.await;
        if !cancel.is_cancelled() {
            let reason = ended.err().map_or_else(|| "ended".to_owned(), |error| error.to_string());
            tracing::error!(part = name, reason, "a part ended before its time; stopping");
            app.health.failed(&name, reason);
            app.failed.store(true, Ordering::SeqCst);
            app.cancel.cancel();
        }
    });
}

/// Retention, from time to time.
async fn keep_house(app: Arc<App>, cancel: CancellationToken) {
    for round in 1.. {
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(RETENTION_EVERY) => {}
        }
        if let Err(error) = app.log.enforce_retention().await {
            tracing::warn!(%error, "retention");
        }
        if round % FORGET_EVERY_ROUNDS == 0
            && let Err(error) = forget_applied(&app).await
        {
            tracing::warn!(%error, "forgetting applied events");
        }
    }
}

async fn forget_applied(app: &App) -> Result<(), crisislens_state::StateError> {
    let before = Timestamp::from_second(app.clock.now().as_second() - INBOX_SECONDS).unwrap_or_default();
    loop {
        let mut tx = app.store.begin(Durability::Process).await?;
        let forgotten = tx.forget_applied(before).await?;
        tx.commit().await?;
        if forgotten == 0 {
            return Ok(());
        }
    }
}

async fn end_on_signal(cancel: CancellationToken) {
    let ctrl_c = tokio::signal::ctrl_c();
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = ctrl_c => {}
            _ = terminate.recv() => {}
        },
        Err(_) => {
            let _ = ctrl_c.await;
        }
    }
    cancel.cancel();
}

/// Ends when standard input does. A thread of its own: a read of standard input cannot be cancelled.
fn end_with_stdin(cancel: CancellationToken) {
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        cancel.cancel();
    });
}
