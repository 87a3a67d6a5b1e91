//! A client of the API and of its WebSocket.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::process::{EMAIL, PASSWORD};

/// Calls the API with a token.
pub struct Api {
    client: reqwest::Client,
    url: String,
    token: String,
}

impl Api {
    /// Signs in.
    pub async fn sign_in(url: &str) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder().no_proxy().build()?;
        let body = json!({"email": EMAIL, "password": PASSWORD});
        let answer: Value =
            client.post(format!("{url}/api/auth/login")).json(&body).send().await?.json().await?;
        let token = answer["access_token"].as_str().context("login gave no token")?.to_owned();
        Ok(Self { client, url: url.to_owned(), token })
    }

    /// Posts NDJSON; returns when it is durable.
    pub async fn ingest(&self, lines: String) -> anyhow::Result<()> {
        let response = self
            .client
            .post(format!("{}/api/ingest", self.url))
            .bearer_auth(&self.token)
            .header("content-type", "application/x-ndjson")
            .body(lines)
            .send()
            .await?;
        let status = response.status();
        ensure!(status == 202, "ingest answered {status}: {}", response.text().await?);
        Ok(())
    }

    /// Puts a record on a topic.
    pub async fn publish(&self, topic: &str, record: &Value) -> anyhow::Result<()> {
        let url = format!("{}/api/topics/{topic}/records", self.url);
        let response = self.client.post(url).bearer_auth(&self.token).json(record).send().await?;
        let status = response.status();
        ensure!(status == 201, "publishing answered {status}: {}", response.text().await?);
        Ok(())
    }

    /// How many items of the load can be found by search.
    pub async fn searchable(&self) -> anyhow::Result<u64> {
        let url = format!("{}/api/items?q=source:bench&limit=1", self.url);
        let answer: Value = self.client.get(url).bearer_auth(&self.token).send().await?.json().await?;
        answer["total"].as_u64().context("search gave no total")
    }
}

/// Notes when each new item reaches a WebSocket; connects again with its position when it is cut.
pub struct Watcher {
    seen: Arc<Mutex<HashMap<String, Instant>>>,
    task: tokio::task::JoinHandle<anyhow::Result<()>>,
}

#[derive(Deserialize)]
struct Frame {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    position: Option<String>,
    #[serde(default)]
    data: Option<Identified>,
}

#[derive(Deserialize)]
struct Identified {
    #[serde(default)]
    id: Option<String>,
}

impl Watcher {
    /// Connects, and returns once it is live.
    pub async fn start(api: &Arc<Api>) -> anyhow::Result<Self> {
        let seen = Arc::new(Mutex::new(HashMap::new()));
        let (live, is_live) = tokio::sync::oneshot::channel();
        let task = tokio::spawn(watch(Arc::clone(api), Arc::clone(&seen), live));
        is_live.await.context("the WebSocket did not open")?;
        Ok(Self { seen, task })
    }

    /// Waits until so many items have been seen; answers when each was.
    pub async fn wait_for(
        self,
        count: usize,
        patience: Duration,
    ) -> anyhow::Result<HashMap<String, Instant>> {
        let begun = Instant::now();
        loop {
            let reached = self.seen.lock().unwrap_or_else(PoisonError::into_inner).len();
            if reached >= count {
                self.task.abort();
                return Ok(std::mem::take(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner)));
            }
            if self.task.is_finished() {
                self.task.await??;
                bail!("the WebSocket ended");
            }
            ensure!(begun.elapsed() < patience, "{reached} of {count} items reached the WebSocket");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

async fn watch(
    api: Arc<Api>,
    seen: Arc<Mutex<HashMap<String, Instant>>>,
    live: tokio::sync::oneshot::Sender<()>,
) -> anyhow::Result<()> {
    let mut live = Some(live);
    let mut position: Option<String> = None;
    loop {
        let url = format!("{}/ws?token={}", api.url.replacen("http", "ws", 1), api.token);
        let (mut socket, _) = tokio_tungstenite::connect_async(url).await?;
        if let Some(position) = &position {
            eprintln!("the WebSocket was cut; resuming");
            let join = json!({"type": "join_room", "room": "global", "position": position});
            socket.send(Message::text(join.to_string())).await?;
        }
        while let Some(Ok(message)) = socket.next().await {
            let Message::Text(text) = message else { continue };
            let at = Instant::now();
            let frame: Frame = serde_json::from_str(&text)?;
            match frame.kind.as_str() {
                "joined_room" => {
                    if let Some(live) = live.take() {
                        let _ = live.send(());
                    }
                }
                "new_item" => {
                    if let Some(id) = frame.data.and_then(|data| data.id) {
                        seen.lock().unwrap_or_else(PoisonError::into_inner).entry(id).or_insert(at);
                    }
                }
                "resync" => bail!("history did not reach: the client was too slow for too long"),
                _ => {}
            }
            position = frame.position.or(position);
        }
    }
}
