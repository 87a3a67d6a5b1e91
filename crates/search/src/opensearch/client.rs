//! Requests to the server and its answers, bounded in time and size. Not what is asked.

use std::error::Error as _;
use std::time::Duration;

use reqwest::{Certificate, Method, StatusCode, Url};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::OpenSearchOptions;
use super::address::{Address, invalid};
use super::refusal;
use crate::SearchError;

/// An answer may have so many bytes: a page of the most hits has 1 MB.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

pub(super) struct Client {
    http: reqwest::Client,
    base: Url,
}

/// What the server answered, good or not.
pub(super) struct Answer {
    pub status: StatusCode,
    body: Vec<u8>,
}

impl Client {
    pub fn new(address: &Address, options: &OpenSearchOptions) -> Result<Self, SearchError> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("CrisisLens/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(options.connect_timeout)
            .timeout(options.request_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy();
        if let Some(file) = &address.authorities {
            let unusable = |error: String| invalid(format!("ca={}: {error}", file.display()));
            let pem = std::fs::read(file).map_err(|error| unusable(error.to_string()))?;
            let certificates =
                Certificate::from_pem_bundle(&pem).map_err(|error| unusable(causes(&error)))?;
            if certificates.is_empty() {
                return Err(unusable("there is no certificate in it".to_owned()));
            }
            builder = builder.tls_certs_only(certificates);
        }
        let http = builder.build().map_err(|error| invalid(causes(&error)))?;
        Ok(Self { http, base: address.base.clone() })
    }

    pub async fn get(&self, path: &str) -> Result<Answer, SearchError> {
        self.send(Method::GET, path, None).await
    }

    pub async fn delete(&self, path: &str) -> Result<Answer, SearchError> {
        self.send(Method::DELETE, path, None).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Result<Answer, SearchError> {
        self.send(Method::PUT, path, Some(("application/json", body.to_string()))).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer, SearchError> {
        self.send(Method::POST, path, Some(("application/json", body.to_string()))).await
    }

    /// Posts lines of JSON.
    pub async fn post_lines(&self, path: &str, lines: String) -> Result<Answer, SearchError> {
        self.send(Method::POST, path, Some(("application/x-ndjson", lines))).await
    }

    /// `path` begins with a slash; its parts are ours and need no encoding.
    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<(&'static str, String)>,
    ) -> Result<Answer, SearchError> {
        let url = self.base.join(path).map_err(|error| invalid(error.to_string()))?;
        let mut request = self.http.request(method, url);
        if let Some((kind, body)) = body {
            request = request.header(reqwest::header::CONTENT_TYPE, kind).body(body);
        }
        let failed = |error: reqwest::Error| self.unreachable(&error);
        let mut response = request.send().await.map_err(failed)?;
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(failed)? {
            if body.len() + piece.len() > MAX_ANSWER_BYTES {
                let message = format!("OpenSearch answered with more than {MAX_ANSWER_BYTES} bytes");
                return Err(SearchError::Unavailable(message));
            }
            body.extend_from_slice(&piece);
        }
        Ok(Answer { status: response.status(), body })
    }

    /// Names the server without its password.
    fn unreachable(&self, error: &reqwest::Error) -> SearchError {
        let host = self.base.host_str().unwrap_or_default();
        let port = self.base.port_or_known_default().unwrap_or_default();
        SearchError::Unavailable(format!("OpenSearch at {host}:{port} cannot be reached: {}", causes(error)))
    }
}

impl Answer {
    /// The answer as `T`, or what was refused in words.
    pub fn read<T: DeserializeOwned>(self) -> Result<T, SearchError> {
        if !self.status.is_success() {
            return Err(self.refused());
        }
        serde_json::from_slice(&self.body).map_err(|error| {
            SearchError::Unavailable(format!("OpenSearch answered with something unexpected: {error}"))
        })
    }

    /// Nothing, if it is good.
    pub fn good(self) -> Result<(), SearchError> {
        if self.status.is_success() { Ok(()) } else { Err(self.refused()) }
    }

    /// None where what was asked for is not there.
    pub fn found(self) -> Option<Self> {
        (self.status != StatusCode::NOT_FOUND).then_some(self)
    }

    /// What was refused, in words.
    pub fn refused(&self) -> SearchError {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        SearchError::Unavailable(refusal::explained(self.status, &body["error"]))
    }

    /// Whether the same request may be taken a little later.
    pub fn is_busy(&self) -> bool {
        let error = || serde_json::from_slice::<Value>(&self.body).unwrap_or_default()["error"].take();
        !self.status.is_success() && refusal::is_busy(self.status, &error())
    }
}

/// The error down to its cause, without the address.
fn causes(error: &reqwest::Error) -> String {
    if error.is_timeout() && !error.is_connect() {
        return "it did not answer in time".to_owned();
    }
    let mut words = Vec::new();
    let mut cause = error.source();
    while let Some(current) = cause {
        words.push(current.to_string());
        cause = current.source();
    }
    // The error itself names the address.
    if words.is_empty() { "the request could not be made".to_owned() } else { words.join(": ") }
}

/// How long to wait before the next of some tries: twice as long each time, up to five seconds.
pub(super) fn back_off(tries: u32) -> Duration {
    Duration::from_millis(100 << tries.min(6)).min(Duration::from_secs(5))
}
