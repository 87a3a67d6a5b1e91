//! A person's browser tab on an item: a live connection that shows who is there. It does not come back by itself.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use crisislens_model::ItemId;
use futures_util::StreamExt;
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;

use crate::desk::Person;

/// Longest time until it shows who is there.
const OPEN_WITHIN: Duration = Duration::from_secs(20);

/// An open tab; dropping it closes it.
pub struct Tab {
    shown: Arc<Mutex<Shown>>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Shown {
    session: String,
    /// Ids of the people who are there.
    people: BTreeSet<String>,
    /// Ids of those who were shown to leave.
    left: BTreeSet<String>,
}

impl Tab {
    /// Opens an item on a node as `who`, and returns once it shows who is there.
    pub async fn open(who: &Person, node: usize, item: ItemId) -> anyhow::Result<Self> {
        let url = who.api.urls[node % who.api.urls.len()].replacen("http", "ws", 1);
        let url = format!("{url}/ws/items/{item}?token={}", who.api.token);
        let shown = Arc::new(Mutex::new(Shown::default()));
        let (there, is_there) = oneshot::channel();
        let opening = async {
            let (mut socket, _) = tokio_tungstenite::connect_async(url).await?;
            let noted = Arc::clone(&shown);
            let task = tokio::spawn(async move {
                let mut there = Some(there);
                while let Some(Ok(message)) = socket.next().await {
                    let Message::Text(text) = message else { continue };
                    let Ok(frame) = serde_json::from_str::<Value>(&text) else { continue };
                    let is_state = lock(&noted).note(&frame);
                    if is_state && let Some(there) = there.take() {
                        let _ = there.send(());
                    }
                }
            });
            let tab = Self { shown: Arc::clone(&shown), task };
            is_there.await.context("the connection ended before it showed who is there")?;
            anyhow::Ok(tab)
        };
        tokio::time::timeout(OPEN_WITHIN, opening).await.context("the item's room did not open in time")?
    }

    /// The name of its connection.
    pub fn session(&self) -> String {
        lock(&self.shown).session.clone()
    }

    /// Ids of the people whom it shows.
    pub fn people(&self) -> BTreeSet<String> {
        lock(&self.shown).people.clone()
    }

    /// Whether it was shown that this person left.
    pub fn saw_leave(&self, person: &str) -> bool {
        lock(&self.shown).left.contains(person)
    }
}

impl Drop for Tab {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock(shown: &Mutex<Shown>) -> MutexGuard<'_, Shown> {
    shown.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shown {
    /// Takes in a frame; whether it says who is there in all.
    fn note(&mut self, frame: &Value) -> bool {
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        match frame["type"].as_str().unwrap_or_default() {
            "connection" => self.session = word(&frame["session"]),
            "presence_state" => {
                self.people = ids(&frame["users"]);
                return true;
            }
            "presence_update" => {
                self.people = ids(&frame["active_users"]);
                if frame["action"] == "left" {
                    self.left.insert(word(&frame["user_id"]));
                }
            }
            _ => {}
        }
        false
    }
}

/// Ids of the people of a list.
pub fn ids(people: &Value) -> BTreeSet<String> {
    let listed = people.as_array().into_iter().flatten();
    listed.filter_map(|person| person["user_id"].as_str().map(str::to_owned)).collect()
}
