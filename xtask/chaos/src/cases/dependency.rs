//! D14, D15 and D17: PostgreSQL or OpenSearch is away, restarted, read-only, or has lost what it held.

use std::time::{Duration, Instant};

use crisislens_servers::Postgres;
use reqwest::Method;

use super::Setting;
use super::broker::with;
use crate::oracle::payload::source;
use crate::report::Outcome;
use crate::trial::{Plan, Trial};

/// Work goes on within this once the dependency is back.
const THROUGH_WITHIN: Duration = Duration::from_secs(10);
/// Health says why within this.
const TELLS_WITHIN: Duration = Duration::from_secs(10);
/// A search that lacks something says so within this.
const STALE_WITHIN: Duration = Duration::from_secs(4);
/// So long, after the index was deleted, every answer is looked at.
const WATCH_FOR: Duration = Duration::from_secs(15);
/// PostgreSQL can be started again within this after a kill.
const START_WITHIN: Duration = Duration::from_secs(20);

/// D14: the store is away for a while. Nothing dies, health says why, and work goes on by itself.
pub async fn store_away(setting: Setting<'_>) -> anyhow::Result<Outcome> {
    let mut trial = Trial::begin(setting.lab, setting.case, setting.seed, Plan::on(setting.engine)).await?;
    let away = Duration::from_secs(setting.form.pick(8, 40));
    let servers = trial.installation.servers()?;
    with(&servers, |servers| {
        servers.postgres.stop();
        Ok(())
    })
    .await?;
    expect_reason(&mut trial, "PostgreSQL is away").await;
    tokio::time::sleep(away).await;
    with(&servers, |servers| Ok(servers.postgres.start_again()?)).await?;
    let recovered = trial.recovered(THROUGH_WITHIN).await.unwrap_or_default();
    let line = format!(
        "PostgreSQL away for {} s, fresh write through {:.1} s after it was back",
        away.as_secs(),
        recovered.as_secs_f64()
    );
    trial.judge(&line).await
}

/// D15: the store is killed and started again at once, then takes no writes for a while.
pub async fn store_restart(setting: Setting<'_>) -> anyhow::Result<Outcome> {
    let mut trial = Trial::begin(setting.lab, setting.case, setting.seed, Plan::on(setting.engine)).await?;
    let rounds = setting.form.pick(2, 5);
    let servers = trial.installation.servers()?;
    for _ in 0..rounds {
        with(&servers, |servers| {
            servers.postgres.kill();
            start_killed(&servers.postgres)
        })
        .await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let restarted = trial.recovered(THROUGH_WITHIN).await.unwrap_or_default();
    read_only(&servers, true).await?;
    expect_reason(&mut trial, "PostgreSQL is read-only").await;
    tokio::time::sleep(Duration::from_secs(setting.form.pick(3, 20))).await;
    read_only(&servers, false).await?;
    let recovered = trial.recovered(THROUGH_WITHIN).await.unwrap_or_default();
    let line = format!(
        "PostgreSQL killed {rounds} times, through after {:.1} s; then read-only, through after {:.1} s",
        restarted.as_secs_f64(),
        recovered.as_secs_f64()
    );
    trial.judge(&line).await
}

/// D17: search is away, and then its index is deleted. Writing goes on, a search that lacks something says that it does, and
/// search has everything in the end.
pub async fn search_down(setting: Setting<'_>) -> anyhow::Result<Outcome> {
    let mut trial = Trial::begin(setting.lab, setting.case, setting.seed, Plan::on(setting.engine)).await?;
    let servers = trial.installation.servers()?;
    let before = trial.load.retries();
    let mut known = 0;
    let finds = async |trial: &Trial| {
        known = found(trial, 0).await.map_or(0, |(total, _)| total);
        known > 0
    };
    // Else there would be nothing to miss.
    if !trial.within(THROUGH_WITHIN, finds).await {
        trial.broken("search finds nothing before anything has happened");
    }
    with(&servers, |servers| {
        servers.opensearch.kill();
        Ok(())
    })
    .await?;
    tokio::time::sleep(Duration::from_secs(setting.form.pick(3, 20))).await;
    if trial.recovered(THROUGH_WITHIN).await.is_none() {
        trial.broken("without search, nothing comes through");
    }
    with(&servers, |servers| Ok(servers.opensearch.start_again()?)).await?;
    let failed = trial.load.retries() - before;
    if failed > 0 {
        trial.broken(format!("{failed} writes failed because search was away"));
    }
    let indices = format!("{}/{}*", servers.opensearch.url(), trial.installation.index());
    let client = reqwest::Client::builder().no_proxy().build()?;
    let begun = Instant::now();
    loop {
        let deleted = client.delete(&indices).send().await?;
        if deleted.status().is_success() {
            break;
        }
        // A node that makes the index anew has removed one of them at the same moment, and then none is deleted.
        let is_raced = deleted.status() == reqwest::StatusCode::NOT_FOUND && begun.elapsed() < THROUGH_WITHIN;
        anyhow::ensure!(is_raced, "DELETE {indices}: {}", deleted.text().await?);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let told = watch_searches(&mut trial, known).await;
    let recovered = trial.recovered(THROUGH_WITHIN).await.unwrap_or_default();
    let line = format!(
        "OpenSearch killed and started, then its index deleted; {failed} writes failed, {told} answers told that they may lack \
         something, fresh write through in {:.1} s",
        recovered.as_secs_f64()
    );
    trial.judge(&line).await
}

/// Asks every node what search finds, again and again. Where it is less than was `known`, the answer must say so, or there must
/// be none. How many did.
async fn watch_searches(trial: &mut Trial, known: u64) -> u32 {
    let begun = Instant::now();
    let (mut told, mut silent) = (0, 0);
    while begun.elapsed() < WATCH_FOR {
        for node in 0..trial.api.urls.len() {
            match found(trial, node).await {
                Some((_, true)) | None => told += 1,
                Some((total, false)) if total < known && begun.elapsed() > STALE_WITHIN => silent += 1,
                Some(_) => {}
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    if silent > 0 {
        trial.broken(format!("{silent} answers lacked items of before and did not say so"));
    }
    told
}

/// How many items search finds at a node, and whether the answer says that something may be missing; none where there is no
/// answer.
async fn found(trial: &Trial, node: usize) -> Option<(u64, bool)> {
    let path = format!("/api/items?limit=1&q=source:{}", source(trial.seed));
    let (status, page) = trial.api.call(node, Method::GET, &path, None).await.ok()?;
    let total = page["total"].as_u64().filter(|_| status.is_success())?;
    Some((total, page["stale"].is_string()))
}

/// Starts PostgreSQL again; its last processes hold the shared memory for another moment after their first was killed.
fn start_killed(postgres: &Postgres) -> anyhow::Result<()> {
    let begun = Instant::now();
    loop {
        match postgres.start_again() {
            Ok(()) => return Ok(()),
            Err(error) if begun.elapsed() > START_WITHIN => return Err(error.into()),
            Err(_) => std::thread::sleep(Duration::from_millis(200)),
        }
    }
}

async fn expect_reason(trial: &mut Trial, why: &str) {
    let told = trial.within(TELLS_WITHIN, async |trial| !trial.reasons().await.is_empty()).await;
    if !told {
        trial.broken(format!("{why}, and no node says so"));
    }
}

async fn read_only(servers: &std::sync::Arc<crate::lab::Servers>, on: bool) -> anyhow::Result<()> {
    with(servers, move |servers| {
        let word = if on { "on" } else { "off" };
        // Sessions may be read-only now, so the order to end that says that it is not.
        servers.postgres.execute(&format!(
            "SET default_transaction_read_only = off; ALTER SYSTEM SET default_transaction_read_only = {word}"
        ))?;
        Ok(servers.postgres.execute("SELECT pg_reload_conf()")?)
    })
    .await
}
