//! D25: whatever the moment at which a node is killed, each claim is verified, and none is verified twice in effect.

use std::time::{Duration, Instant};

use rand::Rng;
use serde_json::Value;

use super::Setting;
use crate::observe::claims_told;
use crate::oracle::Kind;
use crate::oracle::claims::{ClaimSeen, WorkflowSeen, judge};
use crate::report::Outcome;
use crate::trial::{Plan, Trial};

/// What a killed node had taken is taken again after so many seconds.
const LEASE_S: u64 = 5;
/// Everything is verified within this after the last kill.
const VERIFIED_WITHIN: Duration = Duration::from_secs(90);
/// For so long nothing may have been under way.
const QUIET: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Kills nodes (`SIGKILL`) in the middle of verifications, and starts each again.
pub async fn killed(setting: Setting<'_>) -> anyhow::Result<Outcome> {
    let mut plan = Plan::on(setting.engine);
    // Only what the case itself sends, so that nothing changes while the end is read.
    plan.writes_per_s = 0;
    plan.sets.extend([
        "verification.settle_s=0".to_owned(),
        "verification.duty=1.0".to_owned(),
        format!("verification.lease_s={LEASE_S}"),
    ]);
    let mut trial = Trial::begin(setting.lab, setting.case, setting.seed, plan).await?;
    let kills = setting.form.pick(3, 10);
    for _ in 0..kills {
        trial.load.statements(12).await;
        // The moment is the experiment, so this one waits by the clock.
        let wait = Duration::from_millis(trial.random.random_range(0..400));
        tokio::time::sleep(wait).await;
        let victim = trial.random.random_range(0..trial.installation.nodes.len());
        let node = &mut trial.installation.nodes[victim];
        node.kill().await?;
        node.start().await?;
    }
    trial.load.statements(6).await;
    let begun = Instant::now();
    let mut quiet_since = Instant::now();
    let mut before = (0, 0);
    while quiet_since.elapsed() < QUIET {
        let open = trial.api.get("/api/workflows?status=running,retrying&limit=1").await?;
        let all = trial.api.get("/api/workflows?limit=1").await?;
        let claims = trial.api.get("/api/claims?limit=1").await?;
        let count = |list: &Value| list["total"].as_u64().unwrap_or_default();
        let now = (count(&all), count(&claims));
        if count(&open) > 0 || now != before || now.1 == 0 {
            (quiet_since, before) = (Instant::now(), now);
        }
        if begun.elapsed() > VERIFIED_WITHIN {
            let within = VERIFIED_WITHIN.as_secs();
            trial.verdict.add(Kind::Stuck, format!("{} workflows still run after {within} s", count(&open)));
            break;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let (claims, workflows) = seen(&trial).await?;
    let told = claims_told(&trial.api).await?;
    judge(&claims, &workflows, &told, &mut trial.verdict);
    let line = format!(
        "{kills} kills, {} claims, {} workflows over {} records, verified {:.1} s after the last",
        claims.len(),
        workflows.len(),
        told.len(),
        begun.elapsed().as_secs_f64()
    );
    trial.judge(&line).await
}

async fn seen(trial: &Trial) -> anyhow::Result<(Vec<ClaimSeen>, Vec<WorkflowSeen>)> {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let items = trial.api.all("/api/items").await?;
    let made = |claim: &Value| {
        let makes = |item: &&Value| item["claim_ids"].as_array().is_some_and(|claims| claims.contains(claim));
        items.iter().filter(makes).count() as u64
    };
    let claims = trial.api.all("/api/claims").await?;
    let claims = claims.iter().map(|claim| ClaimSeen {
        id: word(&claim["id"]),
        version: number(&claim["version"]),
        item_count: number(&claim["item_count"]),
        items: made(&claim["id"]),
        discarded: claim["status"] == "discarded",
    });
    let workflows = trial.api.all("/api/workflows").await?;
    let workflows = workflows.iter().map(|workflow| WorkflowSeen {
        id: word(&workflow["id"]),
        claim: word(&workflow["claim_id"]),
        round: number(&workflow["round"]),
        status: word(&workflow["status"]),
    });
    Ok((claims.collect(), workflows.collect()))
}
