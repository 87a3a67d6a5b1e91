//! D19: a node is killed, and everybody who was live on it comes back at the same moment.

use std::time::Duration;

use rand::Rng;

use super::Setting;
use crate::report::Outcome;
use crate::trial::{Plan, Trial};
use crate::viewer::Viewer;

/// Everybody is live again and has been shown everything within this.
const CAUGHT_UP_WITHIN: Duration = Duration::from_secs(15);
/// Writes that are missed at least by who waits.
const MISSED: usize = 10;
/// They are through this long after the node is back, so that they are missed.
const MISSED_WITHIN: Duration = Duration::from_secs(20);
/// Files beside the connections that this process needs.
const OTHER_FILES: u64 = 512;

/// Kills a node with many live clients and starts it again; they all come back at once, with their positions.
pub async fn resumed(setting: Setting<'_>) -> anyhow::Result<Outcome> {
    let files = rlimit::increase_nofile_limit(u64::MAX)?.saturating_sub(OTHER_FILES);
    let viewers = setting.form.pick(200, 5000).min(usize::try_from(files)?);
    // Every client reads every event, on the cores that the nodes run on.
    let writes_per_s = setting.form.pick(10, 3);
    let plan = Plan { writes_per_s, ..Plan::on(setting.engine).with_viewers(viewers) };
    let mut trial = Trial::begin(setting.lab, setting.case, setting.seed, plan).await?;
    let rounds = setting.form.pick(1, 3);
    let (mut slowest, mut back) = (Duration::ZERO, 0);
    for _ in 0..rounds {
        tokio::time::sleep(Duration::from_millis(trial.random.random_range(100..1500))).await;
        let victim = trial.random.random_range(0..trial.installation.nodes.len());
        trial.viewers.iter().for_each(Viewer::hold);
        let missed = trial.load.acknowledged() + MISSED;
        trial.installation.nodes[victim].kill().await?;
        trial.installation.nodes[victim].start().await?;
        let is_missed = trial.within(MISSED_WITHIN, async |trial| trial.load.acknowledged() >= missed).await;
        if !is_missed {
            trial.broken("nothing was written while the clients were away: nothing was tried");
        }
        back += trial.viewers.iter().filter(|viewer| viewer.node().is_none()).count();
        trial.viewers.iter().for_each(Viewer::let_go);
        slowest = slowest.max(trial.recovered(CAUGHT_UP_WITHIN).await.unwrap_or_default());
    }
    if back < viewers / 4 {
        trial.broken(format!("only {back} of {viewers} clients had to come back: no storm was tried"));
    }
    let line = format!(
        "{viewers} clients, {rounds} kills: {back} came back at once, and all had been shown everything in {:.1} s",
        slowest.as_secs_f64()
    );
    trial.judge(&line).await
}
