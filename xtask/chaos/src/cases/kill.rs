//! D1: whatever the moment at which a node is killed, nothing is lost and nothing happens twice.

use std::time::Duration;

use rand::Rng;

use super::Setting;
use crate::report::Outcome;
use crate::trial::{Plan, Trial};

/// A fresh write comes through within this after the last kill.
const THROUGH_WITHIN: Duration = Duration::from_secs(10);

/// Kills nodes (`SIGKILL`) at random moments under load, and starts each again.
pub async fn server(setting: Setting<'_>) -> anyhow::Result<Outcome> {
    let mut trial = Trial::begin(setting.lab, setting.case, setting.seed, Plan::on(setting.engine)).await?;
    let kills = setting.form.pick(4, 12);
    let mut slowest = Duration::ZERO;
    for _ in 0..kills {
        // The moment is the experiment, so this one waits by the clock.
        let wait = Duration::from_millis(trial.random.random_range(100..1500));
        tokio::time::sleep(wait).await;
        let victim = trial.random.random_range(0..trial.installation.nodes.len());
        let node = &mut trial.installation.nodes[victim];
        node.kill().await?;
        slowest = slowest.max(node.start().await?);
    }
    let recovered = trial.recovered(THROUGH_WITHIN).await.unwrap_or_default();
    let line = format!(
        "{kills} kills, ready again after {:.1} s at most, fresh write through in {:.1} s",
        slowest.as_secs_f64(),
        recovered.as_secs_f64()
    );
    trial.judge(&line).await
}
