//! Clients that outlive the node they are connected to: one that looks at live items, and one that sends reports.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "test support")]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::socket::Socket;
use crate::support::{note, text};

/// How long a client waits before it tries another node.
const RETRY: Duration = Duration::from_millis(50);

/// Where the nodes are; a node that is started again is elsewhere.
#[derive(Clone, Default)]
pub struct Addresses(Arc<Mutex<Vec<String>>>);

impl Addresses {
    /// Says where node `place` is from now on.
    pub fn set(&self, place: usize, url: &str) {
        let mut urls = self.0.lock().unwrap();
        if urls.len() <= place {
            urls.resize(place + 1, String::new());
        }
        url.clone_into(&mut urls[place]);
    }

    /// The node of a client's `turn`-th try.
    fn get(&self, turn: usize) -> String {
        let urls = self.0.lock().unwrap();
        urls[turn % urls.len()].clone()
    }
}

/// Looks at the room of all items, comes back to another node with its last position when it loses its own, and keeps what
/// it was told.
pub struct Follower {
    got: Arc<Mutex<Vec<String>>>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Follower {
    /// Begins at node `first`.
    pub fn start(addresses: &Addresses, first: usize, token: &str) -> Self {
        let (got, stop) = (Arc::default(), CancellationToken::new());
        let following = follow(addresses.clone(), first, token.to_owned(), Arc::clone(&got));
        let ended = stop.clone();
        let task = tokio::spawn(async move {
            tokio::select! {
                () = ended.cancelled() => {}
                () = following => {}
            }
        });
        Self { got, stop, task }
    }

    /// The items that it was told of, in the order in which it was.
    pub fn got(&self) -> Vec<String> {
        self.got.lock().unwrap().clone()
    }

    /// Stops it; fails where it had failed.
    pub async fn stop(self) {
        self.stop.cancel();
        self.task.await.expect("the client found everything as it must be");
    }
}

async fn follow(addresses: Addresses, first: usize, token: String, got: Arc<Mutex<Vec<String>>>) {
    let mut position: Option<Value> = None;
    for turn in first.. {
        let authorization = format!("Bearer {token}");
        let headers = [("authorization", authorization.as_str())];
        let Ok(mut socket) = Socket::connect_to(&addresses.get(turn), "/ws", &headers).await else {
            tokio::time::sleep(RETRY).await;
            continue;
        };
        let Some(joined) = joined(&mut socket, position.as_ref()).await else { continue };
        // What was missed comes behind the answer: until it is here, it is asked for from where this client was.
        position.get_or_insert_with(|| joined["position"].clone());
        while let Some(frame) = socket.try_frame().await {
            assert_ne!(frame["type"], "resync", "{frame}");
            if frame["type"] == "new_item" {
                position = Some(frame["position"].clone());
                got.lock().unwrap().push(text(&frame["data"]["id"]));
            }
        }
    }
}

/// Joins the room of all items, at the position where there is one; nothing where the node is gone again.
async fn joined(socket: &mut Socket, position: Option<&Value>) -> Option<Value> {
    let first = frame_of(socket, "joined_room").await?;
    let Some(position) = position else { return Some(first) };
    socket.send(&json!({"type": "leave_room", "room": "global"})).await;
    socket.send(&json!({"type": "join_room", "room": "global", "position": position})).await;
    frame_of(socket, "left_room").await?;
    let again = frame_of(socket, "joined_room").await?;
    assert_eq!(again["recovered"], true, "{again}");
    Some(again)
}

async fn frame_of(socket: &mut Socket, kind: &str) -> Option<Value> {
    loop {
        let frame = socket.try_frame().await?;
        if frame["type"] == kind {
            return Some(frame);
        }
    }
}

/// Sends notes to one node after the other, again where no answer came, until it is stopped.
pub struct Reporter {
    stop: CancellationToken,
    task: JoinHandle<BTreeSet<String>>,
}

impl Reporter {
    /// Begins.
    pub fn start(addresses: &Addresses, token: &str) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(report(addresses.clone(), token.to_owned(), stop.clone()));
        Self { stop, task }
    }

    /// Stops it when the present notes are taken; the ids of everything that was acknowledged.
    pub async fn stop(self) -> BTreeSet<String> {
        self.stop.cancel();
        self.task.await.unwrap()
    }
}

async fn report(addresses: Addresses, token: String, stop: CancellationToken) -> BTreeSet<String> {
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().unwrap();
    let mut acknowledged = BTreeSet::new();
    let mut turn = 0;
    for batch in 0.. {
        let notes: Value = (batch * 5..(batch + 1) * 5).map(note).collect();
        loop {
            turn += 1;
            let url = format!("{}/api/ingest", addresses.get(turn));
            let sent = http.post(url).bearer_auth(&token).json(&notes).send().await;
            if let Ok(answer) = sent
                && answer.status() == reqwest::StatusCode::ACCEPTED
                && let Ok(answer) = answer.json::<Value>().await
            {
                acknowledged.extend(answer["ids"].as_array().unwrap().iter().map(text));
                break;
            }
            tokio::time::sleep(RETRY).await;
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(RETRY) => {}
        }
    }
    acknowledged
}
