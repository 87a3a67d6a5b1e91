//! From an alert to messages that have left, against a server process of its own and the stand-in of SendGrid on loopback.
//!
//! Prints one JSON line: recipients, intents_s (from the alert on the log until every recipient's intent is durable), deliveries_per_s
//! (over the time in which they leave), critical_overtake_s (from a critical alert on the log, behind a backlog of low ones, until the
//! last of its messages has left), critical_first_s, backlog, rss_mb. Stand-in, stopwatch and server share the machine.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Args;
use crisislens_fakes::faults::{Callbacks, Plan};
use crisislens_fakes::{Entry, Fakes, Settings};
use crisislens_model::id::named;
use crisislens_model::{
    Alert, AlertId, AlertMatch, Clock, IncidentId, Preferences, Role, Severity, Subscription, SystemClock,
    User, UserId,
};
use crisislens_state::ledger::DeskObject;
use crisislens_state::people::Account;
use crisislens_state::sqlite::SqliteStore;
use crisislens_state::{Durability, Store};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use crate::client::Api;
use crate::process::Process;
use crate::round;

/// Accounts made in one transaction.
const BATCH: u64 = 1_000;
/// People whom the critical alert is for.
const CRITICAL: u64 = 100;
/// Everything must have happened within this.
const PATIENCE: Duration = Duration::from_secs(300);
/// How often is looked.
const LOOK: Duration = Duration::from_millis(20);

/// What is measured, and how much of it.
#[derive(Args)]
pub struct Notify {
    /// The server's binary
    #[arg(long)]
    server: PathBuf,
    /// People who are told of one alert
    #[arg(long)]
    recipients: u64,
    /// Low messages that wait while a critical alert comes
    #[arg(long)]
    backlog: u64,
}

/// What was measured.
#[derive(Serialize)]
struct Figures {
    recipients: u64,
    intents_s: f64,
    deliveries_per_s: f64,
    backlog: u64,
    critical_overtake_s: f64,
    critical_first_s: f64,
    rss_mb: f64,
}

/// Measures.
pub async fn measure(arguments: Notify) -> anyhow::Result<()> {
    let settings = Settings {
        http: "127.0.0.1:0".to_owned(),
        smtp: "127.0.0.1:0".to_owned(),
        plan: Plan { callbacks: Callbacks { silent: true, ..Callbacks::default() }, ..Plan::default() },
        ..Settings::default()
    };
    let fakes = Fakes::start(settings).await?;
    let (intents_s, deliveries_per_s, first_rss) = one_for_all(&arguments, &fakes).await?;
    fakes.journal().forget();
    let (critical_first_s, critical_overtake_s, rss) = overtake(&arguments, &fakes).await?;
    let figures = Figures {
        recipients: arguments.recipients,
        intents_s: hundredth(intents_s),
        deliveries_per_s: round(deliveries_per_s),
        backlog: arguments.backlog,
        critical_overtake_s: hundredth(critical_overtake_s),
        critical_first_s: hundredth(critical_first_s),
        rss_mb: round(first_rss.max(rss)),
    };
    println!("{}", serde_json::to_string(&figures)?);
    Ok(())
}

fn hundredth(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// One alert for everybody.
async fn one_for_all(arguments: &Notify, fakes: &Fakes) -> anyhow::Result<(f64, f64, f64)> {
    let desk =
        Desk::open(&arguments.server, fakes, "all", |people| people.add(0..arguments.recipients, None))
            .await?;
    eprintln!("one alert for {} people", arguments.recipients);
    let alert = alert("all", Severity::High, "ES")?;
    let begun = Instant::now();
    desk.raise(&alert).await?;
    desk.until_chosen(alert.id).await?;
    let intents_s = begun.elapsed().as_secs_f64();
    eprintln!("every intent is durable after {intents_s:.2} s; {} have left", fakes.journal().len());
    until("every message has left", async || fakes.journal().len() as u64 >= arguments.recipients).await?;
    let entries = fakes.journal().entries();
    let (first, last) = span(&entries)?;
    let sent = entries.iter().filter(|entry| entry.refused.is_none()).count() as u64;
    ensure!(sent == arguments.recipients, "{sent} messages left for {} people", arguments.recipients);
    until("the ledger says so", async || desk.open_deliveries().await.is_ok_and(|open| open == 0)).await?;
    let rss = desk.close().await?;
    Ok((intents_s, sent as f64 / (last - first), rss))
}

/// A critical alert for a few behind a low one for many.
async fn overtake(arguments: &Notify, fakes: &Fakes) -> anyhow::Result<(f64, f64, f64)> {
    let desk = Desk::open(&arguments.server, fakes, "overtake", |people| {
        people.add(0..arguments.backlog, Some("ES"))?;
        people.add(arguments.backlog..arguments.backlog + CRITICAL, Some("FJ"))
    })
    .await?;
    let low = alert("low", Severity::Low, "ES")?;
    // The provider is slow, so that what is decided waits.
    fakes.set_plan(Plan {
        requests: [("sendgrid".to_owned(), vec![crisislens_fakes::faults::Fault::Slow(400)])].into(),
        callbacks: Callbacks { silent: true, ..Callbacks::default() },
    });
    desk.raise(&low).await?;
    desk.until_chosen(low.id).await?;
    let waiting = desk.open_deliveries().await?;
    eprintln!("{waiting} low messages wait; a critical alert for {CRITICAL} people");
    ensure!(waiting * 10 >= arguments.backlog * 8, "only {waiting} messages wait");
    let critical = alert("critical", Severity::Critical, "FJ")?;
    let begun = Instant::now();
    desk.raise(&critical).await?;
    let theirs = |entries: &[Entry]| {
        entries.iter().filter(|entry| entry.message.to_string().contains("critical-alert")).count() as u64
    };
    let mut first = None;
    until("the critical alert has left", async || {
        let left = theirs(&fakes.journal().entries());
        if left > 0 && first.is_none() {
            first = Some(begun.elapsed().as_secs_f64());
        }
        left >= CRITICAL
    })
    .await?;
    let all = begun.elapsed().as_secs_f64();
    eprintln!("{} low messages still wait", desk.open_deliveries().await?);
    let rss = desk.close().await?;
    Ok((first.unwrap_or(all), all, rss))
}

/// Seconds from the epoch at which the first and the last were taken.
fn span(entries: &[Entry]) -> anyhow::Result<(f64, f64)> {
    let times = || entries.iter().map(|entry| entry.at.as_microsecond() as f64 / 1e6);
    let (first, last) = (times().reduce(f64::min), times().reduce(f64::max));
    Ok((first.context("nothing left")?, last.context("nothing left")?))
}

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) -> anyhow::Result<()> {
    let begun = Instant::now();
    while !is_so().await {
        ensure!(begun.elapsed() < PATIENCE, "{what}: not within {} s", PATIENCE.as_secs());
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

fn alert(name: &str, severity: Severity, country: &str) -> anyhow::Result<Alert> {
    let now = SystemClock.now();
    Ok(serde_json::from_value(json!({
        "id": AlertId(named("bench alert", name)), "revision": 1,
        "incident_id": IncidentId(named("bench incident", name)), "type": "alert", "severity": severity,
        "title": format!("{name}-alert"), "message": "The river has burst its banks. Raised because an authority says so.",
        "area": "Valencia", "country": country, "hazard": "flood", "status": "actual", "effective": now,
        "expires": now.checked_add(Duration::from_secs(24 * 3600))?, "rule_id": "bench", "data": {},
    }))?)
}

/// People who are put into the store before the server starts.
struct People {
    accounts: Vec<Account>,
    subscriptions: Vec<DeskObject>,
}

impl People {
    /// People of these numbers, told by e-mail; of one country's alerts where one is named.
    fn add(&mut self, numbers: std::ops::Range<u64>, country: Option<&str>) -> anyhow::Result<()> {
        for number in numbers {
            let id = UserId(named("bench person", &number.to_string()));
            let user = User {
                id,
                email: format!("person{number}@example.org"),
                name: format!("Person {number}"),
                role: Role::Viewer,
                preferences: Preferences::of_alerts(true, true, Severity::Low),
                created_at: SystemClock.now(),
            };
            self.accounts.push(Account { user, password_hash: "!".to_owned() });
            if let Some(country) = country {
                let matches = AlertMatch { country: vec![country.to_owned()], ..AlertMatch::default() };
                let subscription =
                    Subscription { name: country.to_owned(), matches, ..Subscription::default() };
                self.subscriptions.push(DeskObject {
                    id: Uuid::now_v7(),
                    owner: id.0,
                    version: 1,
                    changed_at: SystemClock.now(),
                    document: serde_json::to_string(&subscription)?,
                });
            }
        }
        Ok(())
    }

    async fn write(&self, store: &SqliteStore) -> anyhow::Result<()> {
        for accounts in self.accounts.chunks(BATCH as usize) {
            let mut tx = store.begin(Durability::Process).await?;
            for account in accounts {
                tx.add_account(account).await?;
            }
            tx.commit().await?;
        }
        for objects in self.subscriptions.chunks(BATCH as usize) {
            let mut tx = store.begin(Durability::Process).await?;
            for object in objects {
                tx.put_desk_object("subscription", object).await?;
            }
            tx.commit().await?;
        }
        Ok(())
    }
}

/// A running server with its people.
struct Desk {
    server: Process,
    api: Api,
    data: PathBuf,
    store: SqliteStore,
}

impl Desk {
    async fn open(
        binary: &Path,
        fakes: &Fakes,
        name: &str,
        who: impl FnOnce(&mut People) -> anyhow::Result<()>,
    ) -> anyhow::Result<Self> {
        let data = std::env::temp_dir().join(format!("crisislens-notify-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&data)?;
        let mut people = People { accounts: Vec::new(), subscriptions: Vec::new() };
        who(&mut people)?;
        eprintln!("making {} accounts", people.accounts.len());
        let store = SqliteStore::open(&data.join("state.db")).await?;
        people.write(&store).await?;
        let set = [
            ("CRISISLENS__NOTIFY__EMAIL", r#"["sendgrid"]"#.to_owned()),
            ("CRISISLENS__NOTIFY__SENDGRID__BASE_URL", format!("{}/sendgrid", fakes.base_url())),
            ("CRISISLENS__NOTIFY__SENDGRID__KEY", "SG.fake".to_owned()),
            ("CRISISLENS__NOTIFY__SENDGRID__FROM", "desk@example.org".to_owned()),
        ];
        let environment = set.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let (server, _) = Process::start_as("admin", binary, &data, environment).await?;
        let api = Api::sign_in(&server.url).await?;
        Ok(Self { server, api, data, store })
    }

    /// Puts an alert on the log.
    async fn raise(&self, alert: &Alert) -> anyhow::Result<()> {
        let record = json!({ "key": alert.incident_id, "type": "crisislens.alert.raised", "value": alert });
        self.api.publish("alerts", &record).await
    }

    async fn until_chosen(&self, alert: AlertId) -> anyhow::Result<()> {
        let is_done = async || {
            let fanouts = crisislens_state::ledger::Ledger::fanouts(&self.store, alert).await;
            fanouts.is_ok_and(|all| all.first().is_some_and(|fanout| fanout.done_at.is_some()))
        };
        until("every recipient is chosen", is_done).await
    }

    async fn open_deliveries(&self) -> anyhow::Result<u64> {
        Ok(crisislens_state::ledger::Ledger::open_deliveries(&self.store).await?)
    }

    /// Stops the server; the most memory that it had, MB.
    async fn close(self) -> anyhow::Result<f64> {
        let rss = self.server.peak_rss_mb()?;
        self.store.close().await;
        self.server.kill().await?;
        std::fs::remove_dir_all(&self.data)?;
        Ok(rss)
    }
}
