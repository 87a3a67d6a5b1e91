//! Gathers what is to be judged, over the product's own API: topics, items, incidents, alerts, messages.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::api::Api;
use crate::oracle::payload::source;
use crate::oracle::{AlertSeen, Entry, ItemSeen, NotificationSeen, Observed, Told};
use crate::poison::MARK;

/// Who reads what; each must be at the end before nothing more can change.
const CONSUMERS: [(&str, &str); 8] = [
    ("raw-items", "crisis-lens-main/normalise"),
    ("normalized-items", "crisis-lens-main/incidents"),
    ("normalized-items", "crisis-lens-main/search"),
    ("normalized-items", "crisis-lens-claims/claims"),
    ("claims", "crisis-lens-main/verification"),
    ("alerts", "crisis-lens-notifications/recipients"),
    ("notifications", "crisis-lens-notifications/dispatch"),
    ("dlq", "crisis-lens-dlq/index"),
];
/// How often we look whether all is quiet.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// So often in a row nothing may have changed: the relay brings what a handler decided to the log a moment later.
const QUIET_LOOKS: u32 = 6;

/// Waits until every consumer is at its end and nothing new comes. What still waits, if that takes longer than `within`.
pub async fn settled(api: &Api, within: Duration) -> Result<Duration, String> {
    let begun = Instant::now();
    let mut before = Vec::new();
    let mut quiet = 0;
    loop {
        let why = match api.topics().await {
            Ok(topics) => {
                let ends = ends(&topics);
                let mut waiting = waiting(&topics);
                waiting.extend(unsent(api).await);
                quiet = if waiting.is_empty() && ends == before { quiet + 1 } else { 0 };
                before = ends;
                if waiting.is_empty() { "new records keep coming".to_owned() } else { waiting.join(", ") }
            }
            Err(error) => {
                quiet = 0;
                error.to_string()
            }
        };
        if quiet >= QUIET_LOOKS {
            return Ok(begun.elapsed());
        }
        if begun.elapsed() > within {
            return Err(why);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// What a node that was killed had in hand is sent when its lease has ended.
async fn unsent(api: &Api) -> Option<String> {
    match api.get("/api/notifications/providers").await {
        Ok(providers) => {
            let open = providers["open_deliveries"].as_u64().unwrap_or_default();
            (open > 0).then(|| format!("{open} deliveries are still to leave"))
        }
        Err(error) => Some(error.to_string()),
    }
}

fn ends(topics: &[Value]) -> Vec<u64> {
    let partitions = topics.iter().filter_map(|topic| topic["partitions"].as_array()).flatten();
    partitions.map(|partition| partition["end"].as_u64().unwrap_or(0)).collect()
}

fn waiting(topics: &[Value]) -> Vec<String> {
    let mut waiting = Vec::new();
    for (name, consumer) in CONSUMERS {
        let partitions = topics.iter().filter(|topic| topic["name"] == name);
        let partitions = partitions.filter_map(|topic| topic["partitions"].as_array()).flatten();
        let lag: u64 = partitions
            .map(|partition| {
                let end = partition["end"].as_u64().unwrap_or(0);
                let next = &partition["consumers"][consumer];
                end.saturating_sub(next.as_u64().or(partition["start"].as_u64()).unwrap_or(0))
            })
            .sum();
        if lag > 0 {
            waiting.push(format!("{consumer} is {lag} records behind"));
        }
    }
    waiting
}

/// Everything but the live clients. `expected_letter` says which dead letters the case made on purpose.
pub async fn observe(
    api: &Api,
    seed: u64,
    expected_letter: &(dyn Fn(&Value) -> bool + Send + Sync),
) -> anyhow::Result<Observed> {
    let source = source(seed);
    let letters = api.records("dlq").await?;
    let dead = letters.iter().filter(|letter| !expected_letter(letter)).map(letter_line).collect();
    let items = api.all(&format!("/api/items?source={source}")).await?;
    let found = api.get(&format!("/api/items?limit=1&q=source:{source}")).await?;
    Ok(Observed {
        raw: api.records("raw-items").await?.iter().map(entry).collect(),
        normalized: api.records("normalized-items").await?.iter().map(entry).collect(),
        alerts: api.records("alerts").await?.iter().map(entry).collect(),
        dead,
        items: items.iter().map(item).collect(),
        found: found["total"].as_u64().unwrap_or(0),
        told: told(api).await?,
        viewers: Vec::new(),
    })
}

/// What the topic `claims` tells.
pub async fn claims_told(api: &Api) -> anyhow::Result<Vec<Entry>> {
    Ok(api.records("claims").await?.iter().map(entry).collect())
}

fn letter_line(letter: &Value) -> String {
    let header = |name: &str| letter["headers"][name].as_str().unwrap_or("?").to_owned();
    format!(
        "{}/{}/{} by {}: {} {}",
        header("cl_orig_topic"),
        header("cl_orig_partition"),
        header("cl_orig_offset"),
        header("cl_group"),
        header("cl_error_class"),
        header("cl_error_msg")
    )
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

fn entry(record: &Value) -> Entry {
    let (headers, value) = (&record["headers"], &record["value"]);
    if headers[MARK].is_string() {
        // Poison speaks of nothing, whatever it looks like.
        return Entry::default();
    }
    // An incident's record holds it beside the items that joined it; everything else is the thing itself.
    let thing = if value["incident"].is_object() { &value["incident"] } else { value };
    let version = if thing["version"].is_u64() { &thing["version"] } else { &thing["revision"] };
    Entry {
        partition: number(&record["partition"]),
        offset: number(&record["offset"]),
        event: word(&headers["ce_id"]),
        kind: word(&headers["ce_type"]),
        thing: word(&thing["id"]),
        version: number(version),
        text: word(&value["text"]),
    }
}

fn item(item: &Value) -> ItemSeen {
    ItemSeen {
        id: word(&item["id"]),
        text: word(&item["text"]),
        revision: number(&item["revision"]),
        incident: item["incident_id"].as_str().map(str::to_owned),
    }
}

async fn told(api: &Api) -> anyhow::Result<Told> {
    let incidents = api.all("/api/incidents").await?;
    let alerts = api.all("/api/alerts").await?;
    let notifications = api.all("/api/notifications").await?;
    let mails = api.all("/api/outbox").await?;
    let alert = |alert: &Value| AlertSeen {
        id: word(&alert["id"]),
        incident: word(&alert["incident_id"]),
        revision: number(&alert["revision"]),
    };
    let notification = |notification: &Value| {
        let deliveries = notification["deliveries"].as_array().into_iter().flatten();
        NotificationSeen {
            id: word(&notification["id"]),
            alert: word(&notification["alert_id"]),
            revision: number(&notification["revision"]),
            replaced: deliveries
                .filter(|one| one["channel"] == "email")
                .any(|one| one["status"] == "canceled"),
        }
    };
    Ok(Told {
        incidents: incidents
            .iter()
            .map(|incident| (word(&incident["id"]), number(&incident["item_count"])))
            .collect(),
        alerts: alerts.iter().map(alert).collect(),
        notifications: notifications.iter().map(notification).collect(),
        mails: mails.iter().map(|mail| (word(&mail["id"]), word(&mail["notification_id"]))).collect(),
    })
}
