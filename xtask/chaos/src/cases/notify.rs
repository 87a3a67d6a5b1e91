//! D23 and D24: whatever providers do, and whenever a node is killed while it hands messages over, everybody is told of every alert, and
//! twice only where the ledger says that nobody could know.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crisislens_fakes::faults::{Callbacks, Fault, Plan};
use crisislens_fakes::{Fakes, Settings};
use crisislens_model::id::named;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::Setting;
use crate::api::Api;
use crate::lab::Installation;
use crate::observe::settled;
use crate::oracle::{Kind, Verdict};
use crate::report::Outcome;

/// People who are told of every alert, the lab's own account among them.
const PEOPLE: usize = 6;
/// A node that was killed is known as that after so many seconds, and so long providers get to say what they have.
const LEASE_S: u64 = 5;
const HEARD_WITHIN_S: u64 = 3;
/// Everything has left within this after the faults.
const LEFT_WITHIN: Duration = Duration::from_secs(150);
/// Callbacks are told within this.
const TOLD_WITHIN: Duration = Duration::from_secs(20);

/// D23: providers limit, fail, hang up before and after they took a message, and tell what became of it twice and in any order.
pub async fn storm(setting: Setting<'_>) -> anyhow::Result<Outcome> {
    let mut desk = Desk::open(setting).await?;
    let (limited, failed) = (Fault::Limited { retry_after: 1 }, Fault::Status(503));
    let faults = vec![
        Fault::None,
        limited,
        Fault::Cut,
        failed,
        Fault::None,
        Fault::Dropped,
        Fault::Slow(300),
        Fault::None,
    ];
    let callbacks = Callbacks {
        duplicates: 3,
        shuffled: true,
        late_bounce_every: 0,
        step_ms: 20,
        ..Callbacks::default()
    };
    desk.fakes.set_plan(Plan { requests: [("sendgrid".to_owned(), faults)].into(), callbacks });
    let alerts = setting.form.pick(15, 60);
    for number in 0..alerts {
        desk.raise(number).await?;
        desk.pause(20..120).await;
    }
    desk.judge(alerts, "limits, 503, cut and dropped connections, callbacks thrice and backwards").await
}

/// D24: nodes are killed (`SIGKILL`) while a provider answers slowly that tells nothing of what it took: what may have been taken is
/// handed over again.
pub async fn killed(setting: Setting<'_>) -> anyhow::Result<Outcome> {
    let mut desk = Desk::open(setting).await?;
    let callbacks = Callbacks { silent: true, ..Callbacks::default() };
    let slow = vec![Fault::Slow(150), Fault::None, Fault::Slow(400)];
    desk.fakes.set_plan(Plan { requests: [("sendgrid".to_owned(), slow)].into(), callbacks });
    let kills = setting.form.pick(5, 15);
    let mut alerts = 0;
    for _ in 0..kills {
        for _ in 0..3 {
            desk.raise(alerts).await?;
            alerts += 1;
        }
        // The moment is the experiment.
        desk.pause(0..500).await;
        let victim = desk.random.random_range(0..desk.installation.nodes.len());
        let node = &mut desk.installation.nodes[victim];
        node.kill().await?;
        node.start().await?;
    }
    desk.judge(alerts, &format!("{kills} kills while messages are handed over")).await
}

/// An installation whose mails go out by the stand-in of SendGrid.
struct Desk {
    case: &'static str,
    seed: u64,
    begun: Instant,
    random: StdRng,
    installation: Installation,
    fakes: Fakes,
    api: Api,
}

impl Desk {
    async fn open(setting: Setting<'_>) -> anyhow::Result<Self> {
        let begun = Instant::now();
        let nodes = if setting.engine == crate::lab::Engine::Embedded { 1 } else { 2 };
        let mut installation = setting.lab.install(setting.engine, nodes, &[]).await?;
        let webhook = installation.nodes.first().map(|node| format!("{}/api/callbacks/sendgrid", node.url));
        let settings = Settings {
            http: "127.0.0.1:0".to_owned(),
            smtp: "127.0.0.1:0".to_owned(),
            sendgrid_webhook: webhook,
            ..Settings::default()
        };
        let fakes = Fakes::start(settings).await?;
        let sets = [
            r#"notify.email=["sendgrid"]"#.to_owned(),
            format!("notify.sendgrid.base_url={}/sendgrid", fakes.base_url()),
            "notify.sendgrid.key=SG.fake".to_owned(),
            "notify.sendgrid.from=desk@example.org".to_owned(),
            format!("notify.sendgrid.webhook_key={}", fakes.sendgrid_key()),
            format!("notify.lease_s={LEASE_S}"),
            format!("notify.heard_within_s={HEARD_WITHIN_S}"),
        ];
        for node in &mut installation.nodes {
            node.configure(&sets);
        }
        let api = installation.start().await?;
        for number in 1..PEOPLE {
            let email = format!("person{number}@example.org");
            installation.add_person(&email, "viewer").await?;
            let urls = installation.nodes.iter().map(|node| node.url.clone()).collect();
            Api::sign_in_as(urls, &email).await?.want_every_mail().await?;
        }
        let random = StdRng::seed_from_u64(setting.seed);
        Ok(Self { case: setting.case, seed: setting.seed, begun, random, installation, fakes, api })
    }

    async fn pause(&mut self, milliseconds: std::ops::Range<u64>) {
        tokio::time::sleep(Duration::from_millis(self.random.random_range(milliseconds))).await;
    }

    /// Puts alert number `number` on the log.
    async fn raise(&mut self, number: usize) -> anyhow::Result<()> {
        let name = format!("{} {number}", self.seed);
        let incident = named("lab incident", &name);
        let severity = if number.is_multiple_of(2) { "medium" } else { "high" };
        let alert = json!({
            "id": named("lab alert", &name), "revision": 1, "incident_id": incident, "type": "alert",
            "severity": severity, "title": format!("Alert {number}"), "message": "Water rises.",
            "area": "Bologna", "country": "IT", "hazard": "flood", "status": "actual",
            "effective": "2026-01-01T00:00:00Z", "expires": "2126-01-01T00:00:00Z", "rule_id": "lab", "data": {},
        });
        let record = json!({ "key": incident, "type": "crisislens.alert.raised", "id": named("lab event", &name), "value": alert });
        let begun = Instant::now();
        loop {
            // With an id of its own it can be sent until somebody has it.
            let sent = self.api.call(number, Method::POST, "/api/topics/alerts/records", Some(&record)).await;
            match sent {
                Ok((StatusCode::CREATED, _)) => return Ok(()),
                _ if begun.elapsed() < Duration::from_secs(30) => {
                    tokio::time::sleep(Duration::from_millis(50)).await
                }
                other => anyhow::bail!("alert {number} cannot be raised: {other:?}"),
            }
        }
    }

    async fn judge(self, alerts: usize, what: &str) -> anyhow::Result<Outcome> {
        self.fakes.set_plan(Plan::default());
        let mut verdict = Verdict::default();
        let over = Instant::now();
        if let Err(why) = settled(&self.api, LEFT_WITHIN).await {
            verdict.add(Kind::Stuck, format!("not everything left in {} s: {why}", LEFT_WITHIN.as_secs()));
        }
        let left_after = over.elapsed();
        let ledger = self.ledger().await?;
        let mut taken: BTreeMap<String, usize> = BTreeMap::new();
        for entry in self.fakes.journal().taken("sendgrid") {
            let delivery = &entry.message["personalizations"][0]["custom_args"]["delivery_id"];
            *taken.entry(delivery.as_str().unwrap_or_default().to_owned()).or_default() += 1;
        }
        let expected = alerts * PEOPLE;
        if ledger.len() < expected {
            verdict.add(Kind::Lost, format!("{} of {expected} deliveries are in the ledger", ledger.len()));
        }
        if ledger.len() > expected {
            verdict.add(Kind::DuplicateEffect, format!("{} deliveries for {expected}", ledger.len()));
        }
        let (mut repeats, mut retried, mut unknowns) = (0, 0, 0);
        for row in &ledger {
            let id = row["id"].as_str().unwrap_or_default();
            let times = taken.remove(id).unwrap_or_default();
            let status = row["status"].as_str().unwrap_or_default();
            if times == 0 {
                verdict.add(Kind::Lost, format!("delivery {id} is {status}, and the provider never had it"));
            }
            let tries = row["attempts"].as_array().map(Vec::as_slice).unwrap_or_default();
            let unknown = tries.iter().filter(|attempt| attempt["outcome"] == "unknown").count();
            if times > 1 + unknown {
                let what = format!("delivery {id} was taken {times} times, and {unknown} tries are unknown");
                verdict.add(Kind::DuplicateEffect, what);
            }
            repeats += times.saturating_sub(1);
            retried += tries.iter().filter(|attempt| attempt["outcome"] == "retry").count();
            unknowns += unknown;
            if !matches!(status, "sent" | "delivered") {
                verdict.add(Kind::Broken, format!("delivery {id} is {status}: {}", row["reason"]));
            }
        }
        for id in taken.keys() {
            verdict.add(Kind::Phantom, format!("the provider had {id}, which is in no ledger"));
        }
        let line = format!(
            "{what}; {expected} deliveries, {retried} tries again, {unknowns} tries of which nobody knew, {repeats} messages repeated for them, all left {:.1} s after the faults",
            left_after.as_secs_f64()
        );
        Ok(Outcome::new(
            self.case,
            self.installation.engine.as_str(),
            self.seed,
            verdict,
            self.begun.elapsed(),
            line,
        ))
    }

    /// The ledger, once providers have told what they have to tell: then nothing is merely handed over.
    async fn ledger(&self) -> anyhow::Result<Vec<Value>> {
        let begun = Instant::now();
        loop {
            let rows = self.api.all("/api/notifications/deliveries?channel=email").await?;
            let is_told = rows.iter().all(|row| row["status"] != "sending" && row["status"] != "deferred");
            if is_told || begun.elapsed() > TOLD_WITHIN {
                return Ok(rows);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}
