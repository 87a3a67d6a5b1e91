//! D4 to D6: brokers that are away, killed, or silent with their connections open.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::seq::SliceRandom;

use super::Setting;
use crate::lab::{Servers, blocking};
use crate::report::Outcome;
use crate::trial::{Plan, Trial};

/// A fresh write comes through within this once the brokers are back, and nothing gathered.
const THROUGH_WITHIN: Duration = Duration::from_secs(10);
/// What gathered while the broker was away is worked off before a fresh write has its turn: at least so many a second, by a build
/// that is not optimised, beside the servers on the same cores. `bench pipeline` measures the pace.
const WORKED_OFF_PER_S: u64 = 100;
/// The same after a broker that was silent: what was on its way must first be given up.
const THROUGH_AFTER_SILENCE: Duration = Duration::from_secs(30);
/// Longest time without an acknowledgement while one broker of three, or the only one, is down.
const STALL_WITHIN: Duration = Duration::from_secs(10);

/// D4: the only broker is stopped, and comes back. Writes are taken meanwhile, far below what may wait for it.
pub async fn down(setting: Setting<'_>) -> anyhow::Result<Outcome> {
    let mut trial = Trial::begin(setting.lab, setting.case, setting.seed, Plan::on(setting.engine)).await?;
    let away = Duration::from_secs(setting.pick_once(10, 120));
    let servers = trial.installation.servers()?;
    trial.load.take_gap();
    let (failed, acknowledged) = (trial.load.retries(), trial.load.acknowledged());
    with(&servers, |servers| Ok(servers.kafka.stop(1)?)).await?;
    let begun = Instant::now();
    if !trial.within(away, async |trial| !trial.reasons().await.is_empty()).await {
        trial.broken("no node says that the broker is away");
    }
    tokio::time::sleep(away.saturating_sub(begun.elapsed())).await;
    let (failed, stall) = (trial.load.retries() - failed, trial.load.take_gap());
    let acknowledged = trial.load.acknowledged() - acknowledged;
    expect_taken(&mut trial, failed, stall, "while the broker was away");
    with(&servers, |servers| Ok(servers.kafka.start_node(1)?)).await?;
    let recovered = trial.recovered(through_within(acknowledged)).await.unwrap_or_default();
    let line = format!(
        "broker away for {} s: {acknowledged} writes taken, {failed} refused, stall {:.1} s; fresh write through {:.1} s after \
         it was back",
        away.as_secs(),
        stall.as_secs_f64(),
        recovered.as_secs_f64()
    );
    trial.judge(&line).await
}

/// D5: of three brokers one is killed, then another, then both come back.
pub async fn killed_of_three(setting: Setting<'_>) -> anyhow::Result<Outcome> {
    let mut trial = Trial::begin(setting.lab, setting.case, setting.seed, Plan::on(setting.engine)).await?;
    let phase = Duration::from_secs(setting.form.pick(6, 20));
    let mut brokers = [1, 2, 3];
    brokers.shuffle(&mut trial.random);
    let [first, second, _] = brokers;
    let servers = trial.installation.servers()?;

    trial.load.take_gap();
    let before = trial.load.retries();
    with(&servers, move |servers| Ok(servers.kafka.kill(first)?)).await?;
    tokio::time::sleep(phase).await;
    let (stall, errors) = (trial.load.take_gap(), trial.load.retries() - before);
    expect_taken(&mut trial, errors, stall, "while one broker of three was down");
    let acknowledged = trial.load.acknowledged();
    with(&servers, move |servers| Ok(servers.kafka.kill(second)?)).await?;
    tokio::time::sleep(phase).await;
    for broker in [first, second] {
        with(&servers, move |servers| Ok(servers.kafka.start_node(broker)?)).await?;
    }
    let gathered = trial.load.acknowledged() - acknowledged;
    let recovered = trial.recovered(through_within(gathered)).await.unwrap_or_default();
    let line = format!(
        "one of three killed: {errors} errors, stall {:.1} s; then a second; fresh write through {:.1} s after both were back",
        stall.as_secs_f64(),
        recovered.as_secs_f64()
    );
    trial.judge(&line).await
}

/// D6: the only broker is paused: connections stay open and nothing answers.
pub async fn paused(setting: Setting<'_>) -> anyhow::Result<Outcome> {
    let mut trial = Trial::begin(setting.lab, setting.case, setting.seed, Plan::on(setting.engine)).await?;
    let silent = Duration::from_secs(setting.form.pick(8, 40));
    let servers = trial.installation.servers()?;
    servers.kafka.pause(1)?;
    tokio::time::sleep(silent).await;
    servers.kafka.resume(1)?;
    let recovered = trial.recovered(THROUGH_AFTER_SILENCE).await.unwrap_or_default();
    let line = format!(
        "broker silent for {} s, fresh write through {:.1} s after",
        silent.as_secs(),
        recovered.as_secs_f64()
    );
    trial.judge(&line).await
}

/// Writes go on although something is away: none fails, and none waits for long.
fn expect_taken(trial: &mut Trial, failed: u64, stall: Duration, meanwhile: &str) {
    if failed > 0 {
        trial.broken(format!("{failed} writes failed {meanwhile}"));
    }
    if stall > STALL_WITHIN {
        trial.broken(format!("nothing was acknowledged for {:.1} s {meanwhile}", stall.as_secs_f64()));
    }
}

/// A fresh write comes through within this once the brokers are back, with so many gathered before it.
pub fn through_within(gathered: usize) -> Duration {
    THROUGH_WITHIN + Duration::from_secs(gathered as u64 / WORKED_OFF_PER_S)
}

/// Does what blocks with the servers beside the executor.
pub async fn with(
    servers: &Arc<Servers>,
    work: impl FnOnce(&Servers) -> anyhow::Result<()> + Send + 'static,
) -> anyhow::Result<()> {
    let servers = Arc::clone(servers);
    blocking(move || work(&servers)).await
}
