//! What goes wrong, and when.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

/// The faults of each provider: `sendgrid`, `twilio`, `fcm`, `oauth`, `push`, `webhook`, `assistant`, `smtp`, and what is wrong with callbacks.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Plan {
    /// In turn for each request of a provider; after the last one begins again. None where it works.
    pub requests: BTreeMap<String, Vec<Fault>>,
    /// Of the callbacks.
    pub callbacks: Callbacks,
}

/// What happens to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// Nothing: it is answered as it should be.
    None,
    /// 429, with this `Retry-After`.
    Limited {
        /// Seconds.
        retry_after: u64,
    },
    /// Some 5xx.
    Status(u16),
    /// It is taken, and answered so many milliseconds later.
    Slow(u64),
    /// It is taken, and the connection ends without an answer.
    Cut,
    /// The connection ends, and nothing was taken.
    Dropped,
}

/// What is wrong with callbacks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Callbacks {
    /// Each is sent so many times more.
    pub duplicates: u32,
    /// What comes later is told first.
    pub shuffled: bool,
    /// Nothing is told at all.
    pub silent: bool,
    /// Every n-th mail bounces after it was delivered; 0 for none.
    pub late_bounce_every: u32,
    /// Of every n-th message it is told, in the midst of what is true, that it failed for good: by others than the provider; 0 for none.
    pub forged_every: u32,
    /// Of every n-th message what was told first comes once more in the end, byte for byte; 0 for none.
    pub replayed_every: u32,
    /// Milliseconds between two steps of a message.
    pub step_ms: u64,
}

/// A plan and how far it is.
pub(crate) struct Faults(Mutex<State>);

struct State {
    plan: Plan,
    taken: BTreeMap<String, usize>,
}

impl Faults {
    pub(crate) fn new(plan: Plan) -> Self {
        Self(Mutex::new(State { plan, taken: BTreeMap::new() }))
    }

    pub(crate) fn set(&self, plan: Plan) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = State { plan, taken: BTreeMap::new() };
    }

    pub(crate) fn plan(&self) -> Plan {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).plan.clone()
    }

    pub(crate) fn callbacks(&self) -> Callbacks {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).plan.callbacks.clone()
    }

    /// What happens to the provider's next request.
    pub(crate) fn next(&self, provider: &str) -> Fault {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = state.taken.entry(provider.to_owned()).or_default();
        let turn = *count;
        *count += 1;
        let faults = state.plan.requests.get(provider).filter(|faults| !faults.is_empty());
        faults.and_then(|faults| faults.get(turn % faults.len())).copied().unwrap_or(Fault::None)
    }

    /// Has a request over HTTP taken and answered, or not, as the plan has it for the provider's next one.
    pub(crate) async fn serve(&self, provider: &str, take: impl FnOnce() -> Response) -> Response {
        match self.next(provider) {
            Fault::None => take(),
            Fault::Slow(milliseconds) => {
                let answer = take();
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                answer
            }
            Fault::Cut => {
                let _ = take();
                broken()
            }
            Fault::Dropped => broken(),
            Fault::Limited { retry_after } => {
                let wait = [(header::RETRY_AFTER, retry_after.to_string())];
                (StatusCode::TOO_MANY_REQUESTS, wait, "{}").into_response()
            }
            Fault::Status(status) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                (status, "<html>no</html>").into_response()
            }
        }
    }
}

/// A body that ends before its time, so that the connection does.
fn broken() -> Response {
    let error = std::io::Error::from(std::io::ErrorKind::ConnectionAborted);
    let pieces = futures_util::stream::iter([Ok(axum::body::Bytes::new()), Err(error)]);
    let head = [(header::CONTENT_LENGTH, "1")];
    (head, Body::from_stream(pieces)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_come_in_turn_and_begin_again() {
        let faults = Faults::new(Plan::default());
        assert_eq!(faults.next("twilio"), Fault::None);
        let plan: Plan = serde_json::from_value(serde_json::json!({
            "requests": { "twilio": [{ "limited": { "retry_after": 2 } }, "none", { "status": 503 }, "cut"] },
            "callbacks": { "duplicates": 2, "shuffled": true },
        }))
        .unwrap();
        faults.set(plan);
        let turns: Vec<Fault> = (0..5).map(|_| faults.next("twilio")).collect();
        let first = Fault::Limited { retry_after: 2 };
        assert_eq!(turns, [first, Fault::None, Fault::Status(503), Fault::Cut, first]);
        assert_eq!(faults.next("sendgrid"), Fault::None);
        assert_eq!(faults.callbacks().duplicates, 2);
        assert!(serde_json::from_str::<Plan>(r#"{"requets": {}}"#).is_err());
    }
}
