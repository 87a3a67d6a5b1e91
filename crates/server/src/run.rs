//! The role `serve`: everything in one process, started in order and stopped in the reverse order.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::config::{Config, Role};
use crate::engines::{is_shared, may_pass};
use crate::http::listener::Limited;
use crate::patience::insist;
use crate::waiting_room::WaitingRoom;
use crate::{feeds, http, locks, workers};

/// What is left for a word to those who stay, if stopping took its time.
const LAST_WORD: Duration = Duration::from_secs(1);

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
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    let metrics = PrometheusBuilder::new().install_recorder().context("cannot set up metrics")?;
    let listener = TcpListener::bind(&config.http.listen)
        .await
        .with_context(|| format!("cannot listen on {} (http.listen)", config.http.listen))?
        .into_std()?;
    let address = listener.local_addr()?;
    let cancel = CancellationToken::new();
    tokio::spawn(end_on_signal(cancel.clone()));
    if until_stdin_closes {
        end_with_stdin(cancel.clone());
    }
    let app = tokio::select! {
        app = open(config, metrics, &cancel, &listener) => app?,
        () = cancel.cancelled() => return Ok(()),
    };
    let listener = TcpListener::from_std(listener)?;
    let workers = TaskTracker::new();
    let stop_workers = CancellationToken::new();
    workers::start(&app, &workers, &stop_workers)?;
    let feeders = TaskTracker::new();
    let stop_feeders = CancellationToken::new();
    if app.config.node.does(Role::Connectors) {
        feeds::start(&app, &feeders, &stop_feeders)?;
    }

    let endpoint = Endpoint { url: format!("http://{address}"), pid: std::process::id() };
    std::fs::write(Endpoint::file(&app.config), serde_json::to_vec(&endpoint)?)?;
    let stop_http = CancellationToken::new();
    let listener = Limited::new(listener, &app.config.http);
    let idle = Duration::from_secs(app.config.http.idle_timeout_s);
    let served = tokio::spawn(http::serve::serve(listener, http::router(&app), idle, stop_http.clone()));
    tracing::info!(%address, data_dir = %app.config.storage.data_dir.display(), "serving");

    app.cancel.cancelled().await;
    tracing::info!("stopping");
    let deadline = Instant::now() + Duration::from_secs(app.config.node.stop_within_s);
    stop_feeders.cancel();
    feeders.close();
    // `/readyz` says already that it leaves; whoever has not seen that is served as ever.
    tokio::time::sleep(Duration::from_millis(app.config.realtime.drain_delay_ms)).await;
    app.hub.drain(500..=3000);
    stop_http.cancel();
    // Requests and feeds first: what they brought is then worked, or lies durable on the log for the next start.
    let half = Instant::now() + (deadline - Instant::now()) / 2;
    let _ = tokio::time::timeout_at(half, served).await;
    let _ = tokio::time::timeout_at(half, feeders.wait()).await;
    app.sockets.close();
    let _ = tokio::time::timeout_at(half, app.sockets.wait()).await;
    let _ = tokio::time::timeout_at(half.max(Instant::now() + LAST_WORD), locks::give_notice(&app)).await;
    stop_workers.cancel();
    workers.close();
    if tokio::time::timeout_at(deadline, workers.wait()).await.is_err() {
        tracing::warn!(
            "work in flight was not done in time; its transaction is undone and done again at the next start"
        );
    }
    let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_secs(1));
    // What was not acknowledged is still in the outbox, or was not answered: nothing is lost with it.
    if let Err(error) = app.log.close(left).await {
        tracing::warn!(%error, "the log was left without an answer");
    }
    let _ = std::fs::remove_file(Endpoint::file(&app.config));
    anyhow::ensure!(!app.failed.load(Ordering::SeqCst), "a part ended before its time; see the log");
    Ok(())
}

/// Opens every engine. With some on servers it answers on `listener` meanwhile that it does, and while one is away it tries again.
async fn open(
    config: Config,
    metrics: PrometheusHandle,
    cancel: &CancellationToken,
    listener: &std::net::TcpListener,
) -> anyhow::Result<Arc<App>> {
    let within = config.node.start_within_s;
    let waiting = if is_shared(&config) { Some(TcpListener::from_std(listener.try_clone()?)?) } else { None };
    let room = waiting.map(|listener| WaitingRoom::open(listener, "its engines are being opened".to_owned()));
    let mut said = false;
    let tell = |error: &anyhow::Error| {
        let reason = format!("{error:#}");
        if std::mem::replace(&mut said, true) {
            tracing::debug!(reason, "still waiting");
        } else {
            tracing::warn!(reason, "waiting for it, some {within} s (node.start_within_s)");
        }
        if let Some(room) = &room {
            room.say(reason);
        }
    };
    let attempt = async || App::open(config.clone(), metrics.clone(), cancel.clone()).await;
    let app = insist(Duration::from_secs(within), |error| may_pass(&config, error), tell, attempt).await;
    if let Some(room) = room {
        room.close().await;
    }
    if said { app.with_context(|| format!("not within {within} s (node.start_within_s)")) } else { app }
}

pub async fn end_on_signal(cancel: CancellationToken) {
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
