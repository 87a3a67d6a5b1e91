//! A live client: a WebSocket that comes back to any node with its last position, and notes what it was shown. Told to fetch
//! everything anew, it does, and notes that too. Told to go away, it comes back when it was told to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_util::sync::CancellationToken;

use crate::api::Api;
use crate::oracle::{Resync, Viewed};
use crate::pace::{Pace, Paced};

/// Wait before it connects again.
const AGAIN_AFTER: Duration = Duration::from_millis(150);
/// A server that sends nothing for so long, not even a ping, is gone.
const SILENCE: Duration = Duration::from_secs(12);
/// Longest time to connect in.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// What a connection reads at once; thousands of them are open in some cases.
const READ_BYTES: usize = 8 * 1024;
/// How a connection ended that ended without a word (RFC 6455 §7.4.1).
pub const BROKEN_OFF: u16 = 1006;

/// A running live client.
pub struct Viewer {
    seen: Arc<Mutex<Notes>>,
    /// How fast it reads.
    pub pace: Arc<Pace>,
    may_connect: watch::Sender<bool>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Notes {
    viewed: Viewed,
    position: Option<String>,
    /// `source_id` of the last new items, to find a fresh one.
    sources: std::collections::BTreeSet<String>,
    /// The node that it is live on.
    node: Option<usize>,
    /// The close code with which each of its connections ended.
    ends: Vec<u16>,
    /// How long it was told to stay away, each time that a node sent it away.
    sent_away: Vec<Duration>,
    last_frame: Option<Instant>,
    gap: Duration,
}

impl Viewer {
    /// Connects, first to the node `first`, and returns once it is live.
    pub async fn open(api: &Api, first: usize) -> Self {
        let seen = Arc::new(Mutex::new(Notes::default()));
        let pace = Arc::new(Pace::default());
        let (may_connect, gate) = watch::channel(true);
        let stop = CancellationToken::new();
        let (live, is_live) = oneshot::channel();
        let client = Client {
            api: api.clone(),
            seen: Arc::clone(&seen),
            pace: Arc::clone(&pace),
            gate,
            live: Some(live),
        };
        let until = stop.clone();
        let task = tokio::spawn(async move {
            tokio::select! {
                () = until.cancelled() => {}
                () = client.follow(first) => {}
            }
        });
        // Where the task ends without being live, what it misses tells.
        let _ = is_live.await;
        Self { seen, pace, may_connect, stop, task }
    }

    /// Whether it was shown the item of this `source_id`.
    pub fn has_seen(&self, source_id: &str) -> bool {
        lock(&self.seen).sources.contains(source_id)
    }

    /// How many events it was shown.
    pub fn count(&self) -> usize {
        lock(&self.seen).viewed.events.len()
    }

    /// The node that it is live on now.
    pub fn node(&self) -> Option<usize> {
        lock(&self.seen).node
    }

    /// The close codes with which its connections ended so far; [`BROKEN_OFF`] where there was none.
    pub fn ends(&self) -> Vec<u16> {
        lock(&self.seen).ends.clone()
    }

    /// How long it was told to stay away, each time that a node sent it away so far.
    pub fn sent_away(&self) -> Vec<Duration> {
        lock(&self.seen).sent_away.clone()
    }

    /// The longest time between two frames, up to now, since this was asked last.
    pub fn take_gap(&self) -> Duration {
        let mut notes = lock(&self.seen);
        let open = notes.last_frame.map(|last| last.elapsed()).unwrap_or_default();
        std::mem::take(&mut notes.gap).max(open)
    }

    /// Once its connection is gone it makes no other until [`Viewer::let_go`].
    pub fn hold(&self) {
        self.may_connect.send_replace(false);
    }

    /// It may connect again.
    pub fn let_go(&self) {
        self.may_connect.send_replace(true);
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

/// What runs for a [`Viewer`].
struct Client {
    api: Api,
    seen: Arc<Mutex<Notes>>,
    pace: Arc<Pace>,
    gate: watch::Receiver<bool>,
    /// Told when it is live for the first time.
    live: Option<oneshot::Sender<()>>,
}

impl Client {
    async fn follow(mut self, first: usize) {
        for node in first.. {
            if self.gate.wait_for(|may| *may).await.is_err() {
                return;
            }
            let mut wait = AGAIN_AFTER;
            if let Some(socket) = self.connect(node).await {
                let told = lock(&self.seen).sent_away.len();
                let code = self.read(node % self.api.urls.len(), socket).await;
                let mut notes = lock(&self.seen);
                notes.node = None;
                notes.ends.push(code);
                wait = notes.sent_away.get(told).copied().unwrap_or_default().max(AGAIN_AFTER);
            }
            tokio::time::sleep(wait).await;
        }
    }

    async fn connect(&self, node: usize) -> Option<WebSocketStream<Paced<TcpStream>>> {
        let address = self.api.urls[node % self.api.urls.len()].strip_prefix("http://")?;
        let position = lock(&self.seen).position.clone();
        let again = position.is_some();
        let position = position.map_or_else(String::new, |position| format!("&position={position}"));
        let url = format!("ws://{address}/ws?token={}{position}", self.api.token);
        let connecting = async {
            let stream = Paced::new(TcpStream::connect(address).await.ok()?, Arc::clone(&self.pace));
            let config = WebSocketConfig::default().read_buffer_size(READ_BYTES);
            tokio_tungstenite::client_async_with_config(url, stream, Some(config)).await.ok()
        };
        let (socket, _) = tokio::time::timeout(CONNECT_WITHIN, connecting).await.ok()??;
        lock(&self.seen).viewed.reconnects += u32::from(again);
        Some(socket)
    }

    /// Notes what comes until the connection ends; the code that it ended with.
    async fn read(&mut self, node: usize, mut socket: WebSocketStream<Paced<TcpStream>>) -> u16 {
        loop {
            match tokio::time::timeout(SILENCE, socket.next()).await {
                Ok(Some(Ok(Message::Text(text)))) => {
                    if let Some(after) = note(&self.seen, &text, node, &mut self.live) {
                        let state = fetched(&self.api).await;
                        lock(&self.seen).viewed.resyncs.push(Resync { after, state });
                    }
                }
                Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => {}
                Ok(Some(Ok(Message::Close(Some(frame))))) => return frame.code.into(),
                // It is we who do not read.
                Err(_) if self.pace.is_slow() => {}
                _ => return BROKEN_OFF,
            }
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
    node: usize,
    live: &mut Option<oneshot::Sender<()>>,
) -> Option<usize> {
    let frame = serde_json::from_str::<Value>(text).ok()?;
    let mut notes = lock(seen);
    if let Some(last) = notes.last_frame.replace(Instant::now()) {
        notes.gap = notes.gap.max(last.elapsed());
    }
    let data = &frame["data"];
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let event = match frame["type"].as_str().unwrap_or_default() {
        "joined_room" => {
            notes.node = Some(node);
            if let Some(live) = live.take() {
                let _ = live.send(());
            }
            None
        }
        "going_away" => {
            let wait = frame["reconnect_after_ms"].as_u64().unwrap_or_default();
            notes.sent_away.push(Duration::from_millis(wait));
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
