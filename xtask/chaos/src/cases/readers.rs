//! D18: clients that read slowly or not at all, among others that read.

use std::time::{Duration, Instant};

use rand::Rng;

use super::Setting;
use crate::report::Outcome;
use crate::trial::{Plan, SLACK, Trial};
use crate::viewer::{BROKEN_OFF, Viewer};

/// A fresh write is shown to those who read within this.
const THROUGH_WITHIN: Duration = Duration::from_secs(10);
/// Those who did not read have all of it within this once they do: each has some twenty megabytes of history to take in, which here
/// servers and clients work off on the same cores.
const CAUGHT_UP_WITHIN: Duration = Duration::from_secs(45);
/// A client that does not read is cut within this at the latest: two pings, 15 s apart, without an answer.
const CUT_WITHIN: Duration = Duration::from_secs(60);
/// Those who read are never without an event for longer, while so much is written.
const STALL_WITHIN: Duration = Duration::from_secs(3);
/// What those who read slowly read, bytes in a second.
const TRICKLE: usize = 400;
/// Text of each of the writes that fill up sockets and queues.
const BURST_BYTES: usize = 128 * 1024;
/// So many of them at a time, one megabyte …
const BURST: usize = 8;
/// … until all the slow ones are cut, or so often: more than a socket (4 MB here, and what the client's takes) and a queue (1 MB) hold.
const BURSTS: u32 = 16;
/// What the node may hold beyond what it holds under load, MB, beside the queues of those who do not read.
const RISE_MB: u64 = 96;
/// Close code of who reads too slowly.
const SLOW_CONSUMER: u16 = 4408;
/// The metric that says how many connections a node has.
const CONNECTIONS: &str = "crisislens_realtime_connections";
/// The metric that says how many it has cut because their queues were full.
const SLOW_CLOSED: &str = "crisislens_realtime_slow_closed_total";

/// Some clients stop reading, or read next to nothing, while much is written: they are cut, nobody else notices, and each comes back
/// with its position.
pub async fn slow(setting: Setting<'_>) -> anyhow::Result<Outcome> {
    let (slow, reading, rounds) = setting.form.pick((8, 3, 1), (60, 20, 3));
    let plan = Plan::on(setting.engine).with_viewers(slow + reading);
    let nodes = plan.nodes;
    let mut trial = Trial::begin(setting.lab, setting.case, setting.seed, plan).await?;
    let (mut slowest, mut worst_gap, mut caught_up) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    for _ in 0..rounds {
        for (number, viewer) in trial.viewers.iter().enumerate() {
            if number < slow {
                viewer.hold();
                viewer.pace.slow_down(if number % 2 == 0 { 0 } else { TRICKLE });
            } else {
                viewer.take_gap();
            }
        }
        let cut = until_cut(&mut trial, nodes, slow).await;
        let Some(cut) = cut else {
            trial.broken(format!("clients that do not read are not cut within {} s", CUT_WITHIN.as_secs()));
            break;
        };
        slowest = slowest.max(cut);
        // Some come back at once, some after a while.
        let wait = Duration::from_millis(trial.random.random_range(0..3000));
        tokio::time::sleep(wait).await;
        worst_gap = trial.viewers[slow..].iter().map(Viewer::take_gap).fold(worst_gap, Duration::max);
        for viewer in &trial.viewers[..slow] {
            viewer.pace.free();
            viewer.let_go();
        }
        trial.shown_to(slow.., THROUGH_WITHIN).await;
        caught_up = caught_up.max(trial.recovered(CAUGHT_UP_WITHIN).await.unwrap_or_default());
    }
    if worst_gap > STALL_WITHIN * SLACK {
        trial.broken(format!("clients that read had to wait {:.1} s for an event", worst_gap.as_secs_f64()));
    }
    let told = judge_ends(&mut trial, slow);
    let rise = trial.highest_rise_mb();
    let allowed = RISE_MB + slow as u64;
    if rise > allowed {
        trial.broken(format!("the node took {rise} MB beyond what it holds under load, not {allowed} MB"));
    }
    let line = format!(
        "{slow} clients that do not read, {rounds} times: all cut within {:.1} s ({told} told 4408), {rise} MB more at most, \
         caught up {:.1} s after they read again; {reading} others waited {:.1} s at most",
        slowest.as_secs_f64(),
        caught_up.as_secs_f64(),
        worst_gap.as_secs_f64()
    );
    trial.judge(&line).await
}

/// Writes until every slow client is cut: its queue was full, or it is gone already. How long that took.
async fn until_cut(trial: &mut Trial, nodes: usize, slow: usize) -> Option<Duration> {
    let begun = Instant::now();
    let reading = trial.viewers.len() - slow;
    let closed = sum(trial, nodes, SLOW_CLOSED).await + slow;
    // Who was told to go counts as connected until its socket has taken that, or ten seconds have passed.
    let are_cut = async |trial: &Trial| {
        sum(trial, nodes, SLOW_CLOSED).await >= closed || sum(trial, nodes, CONNECTIONS).await == reading
    };
    for _ in 0..BURSTS {
        let sent = trial.load.burst(BURST, BURST_BYTES).await;
        // Who reads has their time: how much our own clients can take in is not what is tried.
        let is_shown = async |trial: &Trial| {
            trial.viewers[slow..].iter().all(|viewer| sent.iter().all(|id| viewer.has_seen(id)))
        };
        trial.within(THROUGH_WITHIN, is_shown).await;
        if are_cut(trial).await {
            return Some(begun.elapsed());
        }
    }
    trial.within(CUT_WITHIN, are_cut).await.then(|| begun.elapsed())
}

/// What a metric stands at on all nodes together; a node that has not counted yet has none.
async fn sum(trial: &Trial, nodes: usize, metric: &str) -> usize {
    let mut all = 0.0;
    for node in 0..nodes {
        all += trial.api.metric(node, metric).await.unwrap_or_default();
    }
    all as usize
}

/// Nobody who reads was cut, and who was cut was told so or found the connection broken. How many were told.
fn judge_ends(trial: &mut Trial, slow: usize) -> usize {
    let mut told = 0;
    for number in 0..trial.viewers.len() {
        let ends = trial.viewers[number].ends();
        if number >= slow && !ends.is_empty() {
            trial.broken(format!("client {number} reads, and its connection ended with {ends:?}"));
        }
        if let Some(other) = ends.iter().find(|code| ![SLOW_CONSUMER, BROKEN_OFF].contains(code)) {
            trial
                .broken(format!("client {number} was cut with {other}, which does not tell it to come back"));
        }
        told += ends.iter().filter(|code| **code == SLOW_CONSUMER).count();
    }
    told
}
