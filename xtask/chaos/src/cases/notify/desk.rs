//! People who are told of every alert on every channel, over the stand-ins of all providers.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use crisislens_fakes::{Entry, Fakes, Settings};
use crisislens_model::id::named;
use crisislens_model::{Channel, Severity};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::api::Api;
use crate::cases::Setting;
use crate::lab::{Engine, Installation};
use crate::observe::settled;
use crate::oracle::messages::{self, Delivery, Seen, Taken};
use crate::oracle::{Kind, Verdict};
use crate::report::Outcome;
use crate::trial::keep;

/// How people beside the lab's own account are reached: mails to the last bounce at once, and its telephone takes nothing.
const PEOPLE: [(&str, &str); 4] = [
    ("ada@example.org", "+390551234561"),
    ("ben@example.org", "+390551234562"),
    ("cem@example.org", "+390551234563"),
    ("bounce@example.org", "+15005550010"),
];
/// The telephone of the lab's account.
const LAB_PHONE: &str = "+390551234560";
/// At so many addresses a person is told: mail, telephone, browser, app, program.
const ADDRESSES: usize = 5;
/// So few are handed over at once on a channel that some wait.
const AT_ONCE: usize = 8;
/// A node that was killed is known as that after so many seconds, and so long providers get to say what they have.
const LEASE_S: u64 = 5;
const HEARD_WITHIN_S: u64 = 3;
/// The faults go on for so long, or until everything has left.
const FAULTS_FOR: Duration = Duration::from_secs(20);
/// Everything has left within this after the faults.
const LEFT_WITHIN: Duration = Duration::from_secs(150);
/// What was raised is in the ledger within this.
const DECIDED_WITHIN: Duration = Duration::from_secs(30);
/// What is critical has left within this while other things wait.
const OVERTAKEN_WITHIN: Duration = Duration::from_secs(60);
/// Callbacks are told within this.
const TOLD_WITHIN: Duration = Duration::from_secs(30);

/// An installation whose messages go out by the stand-ins.
pub struct Desk {
    case: &'static str,
    seed: u64,
    begun: Instant,
    keep: PathBuf,
    /// Chance.
    pub random: StdRng,
    /// The product.
    pub installation: Installation,
    /// The stand-ins.
    pub fakes: Fakes,
    api: Api,
    people: Vec<Api>,
    seen: Seen,
}

impl Desk {
    /// Sets everything up; nobody has been told of anything.
    pub async fn open(setting: Setting<'_>) -> anyhow::Result<Self> {
        let begun = Instant::now();
        let nodes = if setting.engine == Engine::Embedded { 1 } else { 2 };
        let mut installation = setting.lab.install(setting.engine, nodes, &[]).await?;
        let first = installation.nodes.first().context("no node")?;
        let (url, account) = (first.url.clone(), first.dir.with_file_name("fcm.json"));
        let settings = Settings {
            http: "127.0.0.1:0".to_owned(),
            smtp: "127.0.0.1:0".to_owned(),
            sendgrid_webhook: Some(format!("{url}/api/callbacks/sendgrid")),
            ..Settings::default()
        };
        let (twilio_account, twilio_token) = (settings.twilio_account.clone(), settings.twilio_token.clone());
        let fakes = Fakes::start(settings).await?;
        std::fs::write(&account, fakes.service_account())?;
        let base = fakes.base_url();
        let sets = [
            format!("notify.public_url={url}"),
            format!("notify.at_once={AT_ONCE}"),
            format!("notify.lease_s={LEASE_S}"),
            format!("notify.heard_within_s={HEARD_WITHIN_S}"),
            r#"notify.email=["sendgrid","smtp"]"#.to_owned(),
            r#"notify.sms=["twilio"]"#.to_owned(),
            r#"notify.push=["web_push","fcm"]"#.to_owned(),
            r#"notify.webhook=["webhook"]"#.to_owned(),
            format!("notify.sendgrid.base_url={base}/sendgrid"),
            "notify.sendgrid.key=SG.fake".to_owned(),
            "notify.sendgrid.from=desk@example.org".to_owned(),
            format!("notify.sendgrid.webhook_key={}", fakes.sendgrid_key()),
            format!("notify.smtp.url=smtp://{}", fakes.smtp()),
            "notify.smtp.from=desk@example.org".to_owned(),
            format!("notify.twilio.base_url={base}/twilio"),
            format!("notify.twilio.account_sid={twilio_account}"),
            format!("notify.twilio.token={twilio_token}"),
            "notify.twilio.from=+15005550006".to_owned(),
            format!("notify.fcm.base_url={base}/fcm"),
            format!("notify.fcm.service_account={}", account.display()),
            "notify.outside.subject=mailto:desk@example.org".to_owned(),
            "notify.outside.allow_private=true".to_owned(),
        ];
        for node in &mut installation.nodes {
            node.configure(&sets);
        }
        let api = installation.start().await?;
        reach(&api, &fakes, LAB_PHONE).await?;
        let mut people = vec![api.clone()];
        for (email, phone) in PEOPLE {
            installation.add_person(email, "viewer").await?;
            let person = Api::sign_in_as(api.urls.clone(), email).await?;
            reach(&person, &fakes, phone).await?;
            people.push(person);
        }
        let random = StdRng::seed_from_u64(setting.seed);
        let seen = Seen { addresses: people.len() * ADDRESSES, ..Seen::default() };
        let (case, seed, keep) = (setting.case, setting.seed, setting.lab.keep.clone());
        Ok(Self { case, seed, begun, keep, random, installation, fakes, api, people, seen })
    }

    /// Waits, for a time that the seed decides.
    pub async fn pause(&mut self, milliseconds: std::ops::Range<u64>) {
        tokio::time::sleep(Duration::from_millis(self.random.random_range(milliseconds))).await;
    }

    /// Puts the next alert on the log.
    pub async fn raise(&mut self, severity: &str) -> anyhow::Result<()> {
        let number = self.seen.alerts.len();
        let name = format!("{} {number}", self.seed);
        let (id, incident) = (named("lab alert", &name), named("lab incident", &name));
        self.seen.alerts.push(id.to_string());
        let alert = json!({
            "id": id, "revision": 1, "incident_id": incident, "type": "alert",
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

    /// Waits until everything that was raised is in the ledger.
    pub async fn decided(&self) -> anyhow::Result<()> {
        let begun = Instant::now();
        loop {
            let there = self.deliveries().await?.len();
            if there == self.due() {
                return Ok(());
            }
            anyhow::ensure!(
                begun.elapsed() < DECIDED_WITHIN,
                "{there} of {} deliveries are there",
                self.due()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// So many deliveries all alerts make.
    fn due(&self) -> usize {
        self.seen.alerts.len() * self.seen.addresses
    }

    /// Waits until what is critical has been tried; what was raised so far is judged by its order.
    pub async fn overtake(&mut self) -> anyhow::Result<()> {
        self.seen.queued = self.seen.alerts.iter().cloned().collect();
        let begun = Instant::now();
        loop {
            let deliveries = self.deliveries().await?;
            let all = deliveries.len() == self.due();
            let mut urgent = deliveries.iter().filter(|one| one.priority == Severity::Critical);
            if all && urgent.all(|one| !one.attempts.is_empty() || one.due_at.is_none()) {
                return Ok(());
            }
            // If they come late, the oracle has it from the ledger.
            if begun.elapsed() > OVERTAKEN_WITHIN {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Lets the faults go on.
    pub async fn go_on(&self) {
        // What has not left by then leaves after them.
        let _ = settled(&self.api, FAULTS_FOR).await;
    }

    /// Ends the faults, waits for quiet, and judges. `what` is what was done, for people.
    pub async fn judge(mut self, what: &str) -> anyhow::Result<Outcome> {
        self.fakes.set_plan(crisislens_fakes::faults::Plan::default());
        let mut verdict = Verdict::default();
        let over = Instant::now();
        if let Err(why) = settled(&self.api, LEFT_WITHIN).await {
            verdict.add(Kind::Stuck, format!("not everything left in {} s: {why}", LEFT_WITHIN.as_secs()));
        }
        let left_after = over.elapsed().as_secs_f64();
        let begun = Instant::now();
        while self.fakes.untold() > 0 {
            if begun.elapsed() > TOLD_WITHIN {
                let what = format!("of {} messages not all was told", self.fakes.untold());
                verdict.add(Kind::Stuck, what);
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        self.look().await?;
        let tally = messages::judge(&self.seen, &mut verdict);
        let engine = self.installation.engine.as_str();
        if !verdict.holds() {
            let history =
                json!({"seed": self.seed, "case": self.case, "verdict": verdict, "seen": self.seen});
            let kept = keep(&self.keep, self.case, self.seed, &history, &self.installation);
            eprintln!("  what was seen, the nodes' logs and their data are kept in {}", kept.display());
        }
        let line = format!("{what}; {tally}; all left {left_after:.1} s after the faults");
        Ok(Outcome::new(self.case, engine, self.seed, verdict, self.begun.elapsed(), line))
    }

    /// Gathers what is to be judged.
    async fn look(&mut self) -> anyhow::Result<()> {
        self.seen.deliveries = self.deliveries().await?;
        self.seen.told = self.fakes.told().entries();
        let entries = self.fakes.journal().entries();
        self.seen.taken = entries.iter().filter(|entry| entry.refused.is_none()).map(taken).collect();
        for person in &self.people {
            let notifications = person.all("/api/notifications").await?;
            let alerts = notifications.iter().map(|one| text(&one["alert_id"]).to_owned()).collect();
            self.seen.inboxes.push(alerts);
        }
        let suppressions = self.api.get("/api/notifications/suppressions").await?;
        self.seen.suppressed = serde_json::from_value::<Vec<Suppressed>>(suppressions["items"].clone())?
            .into_iter()
            .map(|one| (one.channel, one.address))
            .collect::<BTreeSet<_>>();
        Ok(())
    }

    async fn deliveries(&self) -> anyhow::Result<Vec<Delivery>> {
        let rows = self.api.all("/api/notifications/deliveries").await?;
        Ok(rows.into_iter().map(serde_json::from_value).collect::<Result<_, _>>()?)
    }
}

/// An address that nothing goes to.
#[derive(serde::Deserialize)]
struct Suppressed {
    channel: Channel,
    address: String,
}

/// Whoever is signed in wants everything on every channel, and has a device of each kind.
async fn reach(person: &Api, fakes: &Fakes, phone: &str) -> anyhow::Result<()> {
    person.want(&["inbox", "email", "sms", "push", "webhook"]).await?;
    let (browser, program) = (fakes.subscribe()?, fakes.program()?);
    let keys = &browser["keys"];
    for target in [
        json!({ "kind": "phone", "number": phone }),
        json!({ "kind": "web_push", "endpoint": browser["endpoint"], "p256dh": keys["p256dh"], "auth": keys["auth"] }),
        json!({ "kind": "fcm_token", "token": format!("app of {phone}") }),
        json!({ "kind": "webhook", "url": program["url"], "secrets": [program["secret"]] }),
    ] {
        let device = json!({ "label": "mine", "target": target });
        let (status, said) =
            person.call(0, Method::POST, "/api/notifications/devices", Some(&device)).await?;
        anyhow::ensure!(status == StatusCode::CREATED, "{device}: {status} {said}");
    }
    Ok(())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A message that was taken, by the name that makes two of them one: for the receiver where there is such a name, else for us.
fn taken(entry: &Entry) -> Taken {
    let said = &entry.message;
    let (provider, key) = match entry.provider {
        "sendgrid" => ("sendgrid", text(&said["personalizations"][0]["custom_args"]["delivery_id"])),
        "smtp" => {
            let name = text(&said["headers"]["message-id"]).trim_matches(['<', '>']);
            ("smtp", name.split('@').next().unwrap_or_default())
        }
        "twilio" => ("twilio", text(&said["status_callback"]).rsplit("delivery=").next().unwrap_or_default()),
        "fcm" => {
            let key = text(&said["android"]["collapse_key"]);
            let others =
                [&said["android"]["notification"]["tag"], &said["apns"]["headers"]["apns-collapse-id"]];
            ("fcm", if others.iter().all(|other| text(other) == key) { key } else { "names that differ" })
        }
        "push" => ("web_push", text(&said["topic"])),
        other => (other, entry.id.trim_start_matches("msg_")),
    };
    Taken { provider, message: entry.id.clone(), key: key.replace('-', ""), at: entry.at }
}
