//! Requests over the network: one client for all providers, which tells what certainly was not taken from what may have been.

use std::time::Duration;

use super::Outcome;
use super::http::{Answer, Request};

/// Of an answer so much is read.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// Longest wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Sends requests by a client that was made for it: its time-outs, and whom it may reach, are that one's. It must follow nobody elsewhere:
/// an answer that points to another address is an answer.
#[derive(Debug, Clone)]
pub struct Client {
    client: reqwest::Client,
    check: fn(&str) -> Result<(), String>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The provider never had the request.
    #[error("not sent: {0}")]
    NotSent(String),
    /// It may have had it.
    #[error("no answer: {0}")]
    Unknown(String),
}

impl From<Failure> for Outcome {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NotSent(why) => Self::Retry { after: None, why },
            Failure::Unknown(why) => Self::Unknown { why },
        }
    }
}

impl Client {
    /// One that sends by this one, wherever it is told to.
    #[must_use]
    pub fn new(client: reqwest::Client) -> Self {
        Self { client, check: |_| Ok(()) }
    }

    /// One that asks before each request whether its address may be asked at all.
    #[must_use]
    pub fn checked(client: reqwest::Client, check: fn(&str) -> Result<(), String>) -> Self {
        Self { client, check }
    }

    /// Sends it, once.
    ///
    /// # Errors
    /// There is no answer; whether the provider had the request is told as far as anybody can know.
    pub async fn post(&self, request: Request) -> Result<Answer, Failure> {
        let Request { url, headers, body } = request;
        (self.check)(&url).map_err(Failure::NotSent)?;
        let asked = headers
            .into_iter()
            .fold(self.client.post(url).timeout(TIMEOUT), |asked, (name, value)| asked.header(name, value));
        let mut answer = asked.body(body).send().await.map_err(|error| failure(&error))?;
        let status = answer.status().as_u16();
        let headers = answer
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let mut body = Vec::new();
        // The head says what became of it: a body that breaks off takes nothing back.
        while let Ok(Some(chunk)) = answer.chunk().await {
            let room = MAX_ANSWER_BYTES - body.len();
            body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
            if body.len() == MAX_ANSWER_BYTES {
                break;
            }
        }
        Ok(Answer { status, headers, body })
    }
}

fn failure(error: &reqwest::Error) -> Failure {
    // Without the address: it may have a secret in it.
    let why = std::iter::successors(std::error::Error::source(error), |error| error.source())
        .last()
        .map_or_else(|| "the request failed".to_owned(), ToString::to_string);
    if error.is_connect() || error.is_builder() { Failure::NotSent(why) } else { Failure::Unknown(why) }
}
