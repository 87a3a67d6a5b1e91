//! A live client: a WebSocket that comes back to any node with its last position, and notes what it was shown. Told to fetch
//! everything anew, it does, and notes that too.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;

use crate::api::Api;
use crate::oracle::{Resync, Viewed};

/// Wait before it connects again.
const AGAIN_AFTER: Duration = Duration::from_millis(150);
/// A server that sends nothing for so long, not even a ping, is gone.
const SILENCE: Duration = Duration::from_secs(12);
/// Longest time to connect in.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// A running live client.
pub struct Viewer {
    seen: Arc<Mutex<Notes>>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Notes {
    viewed: Viewed,
    position: Option<String>,
    /// `source_id` of the last new items, to find a fresh one.
    sources: std::collections::BTreeSet<String>,
}

impl Viewer {
    /// Connects, first to the node `first`, and returns once it is live.
    pub async fn open(api: &Api, first: usize) -> Self {
        let seen = Arc::new(Mutex::new(Notes::default()));
        let stop = CancellationToken::new();
        let (live, is_live) = tokio::sync::oneshot::channel();
        let task = tokio::spawn(watch(api.clone(), first, Arc::clone(&seen), stop.clone(), live));
        // Where the task ends without being live, what it misses tells.
        let _ = is_live.await;
        Self { seen, stop, task }
    }

    /// Whether it was shown the item of this `source_id`.
    pub fn has_seen(&self, source_id: &str) -> bool {
        lock(&self.seen).sources.contains(source_id)
    }

    /// How many events it was shown.
    pub fn count(&self) -> usize {
        lock(&self.seen).viewed.events.len()
    }

    /// What it was shown; ends it.
    pub async fn close(self) -> Viewed {
        self.stop.cancel();
        let _ = self.task.await;
        std::mem::take(&mut lock(&self.seen).viewed)
    }
}

fn lock(notes: &Mutex<Notes>) -> std::sync::MutexGuard<'_, Notes> {
    notes.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn watch(
    api: Api,
    first: usize,
    seen: Arc<Mutex<Notes>>,
    stop: CancellationToken,
    live: tokio::sync::oneshot::Sender<()>,
) {
    let mut live = Some(live);
    for node in first.. {
        let url = api.urls[node % api.urls.len()].replacen("http", "ws", 1);
        let position = lock(&seen).position.clone();
        let again = position.is_some();
        let position = position.map_or_else(String::new, |position| format!("&position={position}"));
        let url = format!("{url}/ws?token={}{position}", api.token);
        let connecting = tokio::time::timeout(CONNECT_WITHIN, tokio_tungstenite::connect_async(url));
        let connected = tokio::select! {
            () = stop.cancelled() => return,
            connected = connecting => connected,
        };
        if let Ok(Ok((mut socket, _))) = connected {
            lock(&seen).viewed.reconnects += u32::from(again);
            loop {
                let message = tokio::select! {
                    () = stop.cancelled() => return,
                    message = tokio::time::timeout(SILENCE, socket.next()) => message,
                };
                match message {
                    Ok(Some(Ok(Message::Text(text)))) => {
                        if let Some(after) = note(&seen, &text, &mut live) {
                            let state = tokio::select! {
                                () = stop.cancelled() => return,
                                state = fetched(&api) => state,
                            };
                            lock(&seen).viewed.resyncs.push(Resync { after, state });
                        }
                    }
                    Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => {}
                    _ => break,
                }
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(AGAIN_AFTER) => {}
        }
    }
}

/// Everything that a client shows, with its version, asked for until it is answered.
async fn fetched(api: &Api) -> BTreeMap<String, u64> {
    loop {
        let lists = [("/api/items", "version"), ("/api/incidents", "version"), ("/api/alerts", "revision")];
        let asked = lists.map(|(path, version)| async move {
            let things = api.all(path).await?.into_iter();
            let named = |thing: Value| Some((thing["id"].as_str()?.to_owned(), thing[version].as_u64()?));
            anyhow::Ok(things.filter_map(named).collect::<Vec<_>>())
        });
        match futures_util::future::try_join_all(asked).await {
            Ok(things) => return things.into_iter().flatten().collect(),
            Err(_) => tokio::time::sleep(AGAIN_AFTER).await,
        }
    }
}

/// Notes a frame. For one that says that something was missed: how many events were shown before.
fn note(
    seen: &Mutex<Notes>,
    text: &str,
    live: &mut Option<tokio::sync::oneshot::Sender<()>>,
) -> Option<usize> {
    let frame = serde_json::from_str::<Value>(text).ok()?;
    let mut notes = lock(seen);
    let data = &frame["data"];
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let event = match frame["type"].as_str().unwrap_or_default() {
        "joined_room" => {
            if let Some(live) = live.take() {
                let _ = live.send(());
            }
            None
        }
        "new_item" => {
            notes.sources.insert(word(&data["source_id"]));
            Some((word(&data["id"]), data["version"].as_u64().unwrap_or(0)))
        }
        "item_update" => Some((word(&frame["item_id"]), frame["version"].as_u64().unwrap_or(0))),
        "incident_update" => {
            let incident = &data["incident"];
            Some((word(&incident["id"]), incident["version"].as_u64().unwrap_or(0)))
        }
        "alert" => Some((word(&data["id"]), data["revision"].as_u64().unwrap_or(0))),
        _ => None,
    };
    let before = notes.viewed.events.len();
    notes.viewed.events.extend(event);
    if let Some(position) = frame["position"].as_str() {
        notes.position = Some(position.to_owned());
    }
    (frame["type"] == "resync").then_some(before)
}
