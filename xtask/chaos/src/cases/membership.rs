//! D7 to D9: nodes that come and go, one that sleeps past its session, and one that is told to stop.

use std::time::Duration;

use rand::Rng;
use rustix::process::Signal;

use super::Setting;
use super::broker::{through_within, with};
use crate::report::Outcome;
use crate::trial::{Plan, Trial};

/// A fresh write comes through within this afterwards. A member that was killed is given up after the session time-out of
/// 10 s, and only then do others take its partitions.
const THROUGH_WITHIN: Duration = Duration::from_secs(10);
/// The session time-out that is shipped.
const SESSION: Duration = Duration::from_secs(10);
/// A node ends within this after SIGTERM.
const ENDS_WITHIN: Duration = Duration::from_secs(15);

/// D7: beside one node that stays, others join and leave every five seconds, some in order and some by `SIGKILL`.
pub async fn rebalance(setting: Setting<'_>) -> anyhow::Result<Outcome> {
    let plan = Plan { nodes: 1, ..Plan::on(setting.engine) };
    let mut trial = Trial::begin(setting.lab, setting.case, setting.seed, plan).await?;
    let rounds = setting.form.pick(3, 12);
    let every = Duration::from_secs(5);
    let (mut joined, mut left, mut killed) = (0, 0, 0);
    // They come and go; without a name they leave their groups when they stop.
    let others = setting.form.pick(2, 3);
    for _ in 0..others {
        trial.installation.add_node(false)?;
    }
    for round in 0..rounds {
        let began = std::time::Instant::now();
        let number = 1 + round % others;
        let is_killed = trial.random.random_bool(0.4);
        let node = &mut trial.installation.nodes[number];
        if node.runs() && is_killed {
            node.kill().await?;
            killed += 1;
        } else if node.runs() {
            let (status, took) = node.terminate(ENDS_WITHIN).await?;
            if !status.success() || took > ENDS_WITHIN {
                trial.broken(format!(
                    "a node that left ended with {status} after {:.1} s",
                    took.as_secs_f64()
                ));
            }
            left += 1;
        } else {
            node.start().await?;
            joined += 1;
        }
        tokio::time::sleep(every.saturating_sub(began.elapsed())).await;
    }
    for node in &mut trial.installation.nodes[1..] {
        if node.runs() {
            node.kill().await?;
            killed += 1;
        }
    }
    // What the killed one held is given up after its session.
    let recovered = trial.recovered(SESSION + THROUGH_WITHIN).await.unwrap_or_default();
    let line = format!(
        "{joined} joined, {left} left, {killed} killed; fresh write through {:.1} s after the last",
        recovered.as_secs_f64()
    );
    trial.judge(&line).await
}

/// D8: a node is stopped for longer than its session, so that others have its partitions when it goes on.
pub async fn zombie(setting: Setting<'_>) -> anyhow::Result<Outcome> {
    let mut trial = Trial::begin(setting.lab, setting.case, setting.seed, Plan::on(setting.engine)).await?;
    let rounds = setting.form.pick(1, 3);
    let asleep = SESSION + Duration::from_secs(3);
    for _ in 0..rounds {
        let victim = trial.random.random_range(0..trial.installation.nodes.len());
        trial.installation.nodes[victim].signal(Signal::STOP)?;
        tokio::time::sleep(asleep).await;
        trial.installation.nodes[victim].signal(Signal::CONT)?;
        tokio::time::sleep(Duration::from_millis(trial.random.random_range(0..2000))).await;
    }
    let recovered = trial.recovered(THROUGH_WITHIN).await.unwrap_or_default();
    for node in &mut trial.installation.nodes {
        if let Some(status) = node.ended()? {
            trial.verdict.add(crate::oracle::Kind::Broken, format!("a node that slept ended: {status}"));
        }
    }
    let line = format!(
        "a node asleep for {} s, {rounds} times; fresh write through in {:.1} s",
        asleep.as_secs(),
        recovered.as_secs_f64()
    );
    trial.judge(&line).await
}

/// D9 with D4: a node is told to stop while the only broker is away. It waits for no answer longer than it may, and nothing that
/// it had taken is lost.
pub async fn sigterm_without_broker(setting: Setting<'_>) -> anyhow::Result<Outcome> {
    let mut trial = Trial::begin(setting.lab, setting.case, setting.seed, Plan::on(setting.engine)).await?;
    let servers = trial.installation.servers()?;
    let rounds = setting.form.pick(1, 3);
    let (mut slowest, mut gathered) = (Duration::ZERO, 0);
    for round in 0..rounds {
        let acknowledged = trial.load.acknowledged();
        with(&servers, |servers| Ok(servers.kafka.stop(1)?)).await?;
        tokio::time::sleep(Duration::from_millis(trial.random.random_range(0..8000))).await;
        let victim = trial.random.random_range(0..trial.installation.nodes.len());
        slowest = slowest.max(terminate(&mut trial, victim).await?);
        let back = with(&servers, |servers| Ok(servers.kafka.start_node(1)?));
        if round % 2 == 0 {
            back.await?;
            trial.installation.nodes[victim].start().await?;
        } else {
            // The node is started first, and waits for the broker.
            tokio::try_join!(trial.installation.nodes[victim].start(), back)?;
        }
        gathered += trial.load.acknowledged() - acknowledged;
    }
    let recovered = trial.recovered(SESSION + through_within(gathered)).await.unwrap_or_default();
    let line = format!(
        "{rounds} SIGTERMs without a broker, ended after {:.1} s at most; fresh write through {:.1} s after all were back",
        slowest.as_secs_f64(),
        recovered.as_secs_f64()
    );
    trial.judge(&line).await
}

/// Tells a node to stop; it must end well and in time. How long it took.
async fn terminate(trial: &mut Trial, victim: usize) -> anyhow::Result<Duration> {
    let (status, took) = trial.installation.nodes[victim].terminate(ENDS_WITHIN * 2).await?;
    if !status.success() {
        trial.broken(format!("ended with {status}, not 0"));
    }
    if took > ENDS_WITHIN {
        trial.broken(format!("ended {:.1} s after SIGTERM, not within 15 s", took.as_secs_f64()));
    }
    Ok(took)
}

/// D9: a node is told to stop under load; it ends well and in time, and starts again where it was.
pub async fn sigterm(setting: Setting<'_>) -> anyhow::Result<Outcome> {
    let mut trial = Trial::begin(setting.lab, setting.case, setting.seed, Plan::on(setting.engine)).await?;
    let rounds = setting.form.pick(2, 6);
    let mut slowest = Duration::ZERO;
    for _ in 0..rounds {
        let victim = trial.random.random_range(0..trial.installation.nodes.len());
        slowest = slowest.max(terminate(&mut trial, victim).await?);
        trial.installation.nodes[victim].start().await?;
        tokio::time::sleep(Duration::from_millis(trial.random.random_range(200..1500))).await;
    }
    let recovered = trial.recovered(THROUGH_WITHIN).await.unwrap_or_default();
    let line = format!(
        "{rounds} SIGTERMs, ended after {:.1} s at most; fresh write through in {:.1} s",
        slowest.as_secs_f64(),
        recovered.as_secs_f64()
    );
    trial.judge(&line).await
}
