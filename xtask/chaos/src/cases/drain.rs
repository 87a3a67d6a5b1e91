//! D9 for live clients: a node that is told to stop sends everybody away in good order, also beside one who does not read.

use std::time::{Duration, Instant};

use rand::Rng;
use rustix::process::Signal;

use super::Setting;
use crate::report::Outcome;
use crate::trial::{Plan, SLACK, Trial};

/// A fresh write comes through within this once the node is back.
const THROUGH_WITHIN: Duration = Duration::from_secs(10);
/// A node ends within this after SIGTERM.
const ENDS_WITHIN: Duration = Duration::from_secs(15);
/// It is not ready any more within this.
const UNREADY_WITHIN: Duration = Duration::from_millis(500);
/// Those who are sent away come back over at least so long.
const SPREAD: Duration = Duration::from_secs(1);
/// What fills the socket of the one who does not read: up to so many writes of this size, so that the node finds it with room, full,
/// or with a queue behind it.
const BURST: usize = 80;
const BURST_BYTES: usize = 64 * 1024;
/// They have read it within this.
const READ_WITHIN: Duration = Duration::from_secs(5);
/// Everybody is live again within this before the next one is told to stop.
const LIVE_WITHIN: Duration = Duration::from_secs(20);
/// How often we look.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Tells nodes to stop under load, with live clients.
pub async fn under_load(setting: Setting<'_>) -> anyhow::Result<Outcome> {
    // The connections that one person may have are 20.
    let plan = Plan { viewers: setting.form.pick(12, 20), ..Plan::on(setting.engine) };
    let mut trial = Trial::begin(setting.lab, setting.case, setting.seed, plan).await?;
    let rounds = setting.form.pick(2, 6);
    let (mut slowest, mut unready, mut sent_away) = (Duration::ZERO, Duration::ZERO, 0);
    for _ in 0..rounds {
        let are_live = async |trial: &Trial| trial.viewers.iter().all(|viewer| viewer.node().is_some());
        if !trial.within(LIVE_WITHIN, are_live).await {
            trial.broken(format!("a client is not live again within {} s", LIVE_WITHIN.as_secs()));
        }
        tokio::time::sleep(Duration::from_millis(trial.random.random_range(200..1500))).await;
        let victim = trial.random.random_range(0..trial.installation.nodes.len());
        let on_it = |trial: &Trial| -> Vec<usize> {
            let all = 0..trial.viewers.len();
            all.filter(|number| trial.viewers[*number].node() == Some(victim)).collect()
        };
        let stalled = on_it(&trial).first().copied();
        if let Some(stalled) = stalled {
            trial.viewers[stalled].pace.slow_down(0);
            let writes = trial.random.random_range(0..BURST);
            trial.load.burst(writes, BURST_BYTES).await;
        }
        let reading: Vec<(usize, usize)> = on_it(&trial)
            .into_iter()
            .filter(|number| Some(*number) != stalled)
            .map(|number| (number, trial.viewers[number].sent_away().len()))
            .collect();
        let (left, ended) = stop(&mut trial, victim).await?;
        (unready, slowest) = (unready.max(left), slowest.max(ended));
        sent_away += reading.len();
        judge_sent_away(&mut trial, &reading).await;
        if let Some(stalled) = stalled {
            let ends = trial.viewers[stalled].ends().len();
            trial.viewers[stalled].pace.free();
            let has_ended = async |trial: &Trial| trial.viewers[stalled].ends().len() > ends;
            if !trial.within(READ_WITHIN, has_ended).await {
                trial.broken("the connection of a client that did not read did not end with the node");
            }
        }
        trial.installation.nodes[victim].start().await?;
    }
    if sent_away == 0 {
        trial.broken("no client was live on a node that was told to stop: nothing was tried");
    }
    let recovered = trial.recovered(THROUGH_WITHIN).await.unwrap_or_default();
    let line = format!(
        "{rounds} SIGTERMs with {sent_away} live clients and one that does not read: not ready after {} ms, ended after {:.1} s at most; \
         fresh write through in {:.1} s",
        unready.as_millis(),
        slowest.as_secs_f64(),
        recovered.as_secs_f64()
    );
    trial.judge(&line).await
}

/// Tells a node to stop: it is not ready at once and for good, and ends well and in time. After how long it was not ready, and ended.
async fn stop(trial: &mut Trial, victim: usize) -> anyhow::Result<(Duration, Duration)> {
    let node = &mut trial.installation.nodes[victim];
    let begun = Instant::now();
    node.signal(Signal::TERM)?;
    let (mut unready, mut turned_back, mut status) = (None, false, None);
    while status.is_none() && begun.elapsed() < ENDS_WITHIN * 2 {
        match (node.is_ready().await, unready) {
            (false, None) => unready = Some(begun.elapsed()),
            (true, Some(_)) => turned_back = true,
            _ => {}
        }
        tokio::time::sleep(LOOK_EVERY).await;
        status = node.ended()?;
    }
    let ended = begun.elapsed();
    let unready = unready.unwrap_or(ended);
    if status.is_none() {
        node.kill().await?;
    }
    match status {
        None => trial.broken("did not end within 30 s of SIGTERM"),
        Some(status) if !status.success() => trial.broken(format!("ended with {status}, not 0")),
        Some(_) if ended > ENDS_WITHIN => {
            trial.broken(format!("ended {:.1} s after SIGTERM, not within 15 s", ended.as_secs_f64()));
        }
        Some(_) => {}
    }
    if unready > UNREADY_WITHIN * SLACK || turned_back {
        let after = unready.as_millis();
        trial.broken(format!("was not ready only {after} ms after SIGTERM, and ready again: {turned_back}"));
    }
    Ok((unready, ended))
}

/// Everybody who read was sent away, each for another time. `reading` has how often they had been sent away before.
async fn judge_sent_away(trial: &mut Trial, reading: &[(usize, usize)]) {
    let told = |trial: &Trial, (number, before): (usize, usize)| -> Option<Duration> {
        trial.viewers[number].sent_away().get(before).copied()
    };
    let all_told = async |trial: &Trial| reading.iter().all(|reader| told(trial, *reader).is_some());
    trial.within(READ_WITHIN, all_told).await;
    let mut waits: Vec<Duration> = reading.iter().filter_map(|reader| told(trial, *reader)).collect();
    if waits.len() < reading.len() {
        trial.broken(format!(
            "{} of {} clients were sent away without a word",
            reading.len() - waits.len(),
            reading.len()
        ));
    }
    waits.sort_unstable();
    let (Some(first), Some(last)) = (waits.first().copied(), waits.last().copied()) else { return };
    waits.dedup();
    // Of three or more.
    let is_spread = last - first >= SPREAD && waits.len() * 2 > reading.len();
    if reading.len() > 2 && !is_spread {
        trial.broken(format!("{} clients were told to come back after {waits:?}: not spread", reading.len()));
    }
}
