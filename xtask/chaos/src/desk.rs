//! People who edit pages under locks, and what they note of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use crisislens_model::{Clock, ItemId, SystemClock};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::api::{Answer, Api};
use crate::lab::Installation;
use crate::oracle::Kind;
use crate::oracle::locks::{Grant, LockHistory, LockedWrite, Span, WriteFate, judge};
use crate::trial::Trial;

/// A page is an item within this.
const MADE_WITHIN: Duration = Duration::from_secs(60);
/// How often we look.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The address of the account with this number.
fn email(number: usize) -> String {
    format!("person-{number}@crisislens.example")
}

/// Makes so many accounts that may edit; before the nodes start, since that is all that they do then.
pub async fn make_accounts(installation: &Installation, count: usize) -> anyhow::Result<()> {
    for number in 0..count {
        installation.add_person(&email(number), "analyst").await?;
    }
    Ok(())
}

/// Somebody who is signed in.
#[derive(Clone)]
pub struct Person {
    /// As whom requests are sent.
    pub api: Api,
    /// Their id.
    pub id: String,
}

impl Person {
    /// Signs the account with this number in.
    pub async fn sign_in(urls: &[String], number: usize) -> anyhow::Result<Self> {
        let api = Api::sign_in_as(urls.to_vec(), &email(number)).await?;
        let me = api.get("/api/auth/me").await?;
        Ok(Self { api, id: me["id"].as_str().context("an account without id")?.to_owned() })
    }
}

/// An item that people edit, with what they did.
pub struct Page {
    /// The item.
    pub id: ItemId,
    begun: Instant,
    history: Mutex<LockHistory>,
}

/// The lease of a lock that is wanted without one, as the guide of the API has it.
const LEASE_S: u64 = 300;

/// What came of wanting a lock.
#[derive(Debug)]
pub enum Taking {
    /// It is theirs.
    Granted(i64),
    /// Somebody else has it.
    Held,
    /// Nobody knows.
    Unanswered,
}

impl Page {
    /// Makes the page with this number. It is no write of the oracle's, because people change it.
    pub async fn make(api: &Api, seed: u64, number: usize) -> anyhow::Result<Arc<Self>> {
        let (source, name) = (format!("desk-{seed:x}"), format!("page-{number}"));
        let item = json!([{
            "source": source, "source_id": name, "text": "A page that several people edit", "source_kind": "social",
            "timestamp": SystemClock.now().to_string(),
        }]);
        let begun = Instant::now();
        match api.ingest(0, item.to_string().into_bytes()).await {
            Answer::Accepted => {}
            other => bail!("the page was not taken: {other:?}"),
        }
        let id = ItemId::of(&source, &name);
        let path = format!("/api/items/{id}");
        while let Err(error) = api.get(&path).await {
            if begun.elapsed() > MADE_WITHIN {
                return Err(error.context("the page did not come to be"));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(Arc::new(Self { id, begun, history: Mutex::default() }))
    }

    fn notes(&self) -> MutexGuard<'_, LockHistory> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn since(&self, asked: Instant) -> Span {
        Span { asked: asked - self.begun, answered: self.begun.elapsed() }
    }

    fn lock_path(&self) -> String {
        format!("/api/collaboration/lock/item:{}", self.id)
    }

    /// Wants its lock.
    pub async fn take(&self, who: &Person, node: usize, wanted: &Value) -> anyhow::Result<Taking> {
        let asked = Instant::now();
        let answer = who.api.call(node, Method::POST, &self.lock_path(), Some(wanted)).await;
        let span = self.since(asked);
        let token = match answer {
            Ok((StatusCode::CONFLICT, _)) => return Ok(Taking::Held),
            Ok((StatusCode::OK, lock)) => Some(lock["token"].as_i64().context("a lock without token")?),
            Ok((status, body)) if status.is_client_error() => bail!("a lock was refused: {status} {body}"),
            _ => None,
        };
        let lease = Duration::from_secs(wanted["lease_s"].as_u64().unwrap_or(LEASE_S));
        self.notes().grants.push(Grant { span, lease, token });
        Ok(token.map_or(Taking::Unanswered, Taking::Granted))
    }

    /// Gives its lock back; whether that was done.
    pub async fn give_back(&self, who: &Person, node: usize, token: i64) -> bool {
        let headers = [("lock-token", token.to_string())];
        let answer = who.api.call_with(node, Method::DELETE, &self.lock_path(), &headers, None).await;
        matches!(answer, Ok((StatusCode::NO_CONTENT, _)))
    }

    /// Reads the page and changes it with this token.
    pub async fn write(&self, who: &Person, node: usize, token: i64) -> WriteFate {
        let path = format!("/api/items/{}", self.id);
        let Ok((StatusCode::OK, item)) = who.api.call(node, Method::GET, &path, None).await else {
            return WriteFate::Unknown;
        };
        let headers = [("lock-token", token.to_string()), ("if-match", format!("\"{}\"", item["version"]))];
        let body = json!({"tags": [format!("token {token}"), format!("of {}", who.id)]});
        let asked = Instant::now();
        let answer = who.api.call_with(node, Method::PATCH, &path, &headers, Some(&body)).await;
        let fate = match answer {
            Ok((StatusCode::OK, item)) => WriteFate::Taken(item["version"].as_u64().unwrap_or_default()),
            Ok((StatusCode::PRECONDITION_FAILED, problem)) if is_of_lock(&problem) => WriteFate::Stale,
            Ok((status, _)) if status.is_client_error() => WriteFate::Refused(status.as_u16()),
            _ => WriteFate::Unknown,
        };
        self.notes().writes.push(LockedWrite { span: self.since(asked), token, fate });
        fate
    }

    /// How many writes had this fate.
    pub fn count(&self, fate: impl Fn(WriteFate) -> bool) -> usize {
        self.notes().count(fate)
    }

    /// Judges what was done to it, and has it kept.
    pub async fn judge(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let item = trial.api.get(&format!("/api/items/{}", self.id)).await?;
        let version = item["version"].as_u64().context("an item without version")?;
        let history = self.notes().clone();
        trial.notes.push(json!({"page": self.id, "version": version, "history": history}));
        judge(&format!("page {}", self.id), &history, version, &mut trial.verdict);
        // Whose tags it bears, unless a write without an answer may have come after.
        let last = history.writes.iter().find(|write| write.fate == WriteFate::Taken(version));
        if let Some(last) = last.filter(|last| item["tags"][0] != json!(format!("token {}", last.token))) {
            let what = format!(
                "page {}: version {version} was written with token {}, and its tags are {}",
                self.id, last.token, item["tags"]
            );
            trial.verdict.add(Kind::Lost, what);
        }
        Ok(())
    }
}

/// A 412 for the lock, and not for the version.
fn is_of_lock(problem: &Value) -> bool {
    problem["detail"].as_str().is_some_and(|detail| detail.contains("Lock-Token"))
}
