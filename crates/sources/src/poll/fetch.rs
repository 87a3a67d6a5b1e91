//! One conditional request for a document, within its limits of size and time.

use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use crisislens_model::Timestamp;
use futures_util::StreamExt;
use reqwest::header::{
    ACCEPT, ETAG, HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, RETRY_AFTER,
};
use reqwest::{RequestBuilder, Response, StatusCode, Url};

use super::guard::{ForbiddenAddress, GuardedClient};
use crate::SourceMemory;
use crate::time::parse_time;

const ACCEPTED: &str = "application/geo+json, application/json, application/cap+xml, application/atom+xml, \
                        application/rss+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5";

/// What a request brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// The document is the one we know.
    NotModified,
    /// A document with its validators.
    Document {
        /// The body, decompressed.
        body: Bytes,
        /// Its ETag.
        etag: Option<String>,
        /// Its Last-Modified.
        last_modified: Option<String>,
    },
}

/// Why a request brought nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The address is refused.
    #[error(transparent)]
    Forbidden(#[from] ForbiddenAddress),
    /// No answer, or a broken one.
    #[error("no answer: {0}")]
    Transport(String),
    /// Longer than it may take.
    #[error("no complete answer within {0:?}")]
    TimedOut(Duration),
    /// Larger than it may be.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// A further page that lies elsewhere than the source.
    #[error("the next page, `{0}`, is not on the source's own host")]
    Elsewhere(String),
    /// An answer that is no document.
    #[error("answered {status}")]
    Status {
        /// The status code.
        status: u16,
        /// How long the server asks to be left alone.
        retry_after: Option<Duration>,
    },
}

/// Asks for the document of a source.
#[async_trait]
pub trait Fetch: Send + Sync {
    /// Asks for the document unless it is still the one `memory` has validators of; `now` reads dates in the answer.
    async fn fetch(&self, memory: &SourceMemory, now: Timestamp) -> Result<Fetched, FetchError>;

    /// Asks for a further page of the document at `page`, an address that the document itself has named.
    async fn fetch_page(&self, page: &str, now: Timestamp) -> Result<Bytes, FetchError>;
}

/// [`Fetch`] over HTTP.
#[derive(Debug, Clone)]
pub struct HttpFetch {
    /// The client.
    pub client: GuardedClient,
    /// What is asked for.
    pub url: Url,
    /// Most bytes of a body, after decompression.
    pub max_bytes: usize,
    /// Longest time from the request to the last byte.
    pub timeout: Duration,
}

#[async_trait]
impl Fetch for HttpFetch {
    async fn fetch(&self, memory: &SourceMemory, now: Timestamp) -> Result<Fetched, FetchError> {
        let mut request = self.client.get(&self.url)?.header(ACCEPT, ACCEPTED);
        if let Some(etag) = &memory.etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        if let Some(last_modified) = &memory.last_modified {
            request = request.header(IF_MODIFIED_SINCE, last_modified);
        }
        self.in_time(ask(request, self.max_bytes, now)).await
    }

    async fn fetch_page(&self, page: &str, now: Timestamp) -> Result<Bytes, FetchError> {
        let url = self.page(page)?;
        let request = self.client.get(&url)?.header(ACCEPT, ACCEPTED);
        match self.in_time(ask(request, self.max_bytes, now)).await? {
            Fetched::Document { body, .. } => Ok(body),
            Fetched::NotModified => Err(FetchError::Status { status: 304, retry_after: None }),
        }
    }
}

impl HttpFetch {
    async fn in_time(
        &self,
        asking: impl Future<Output = Result<Fetched, FetchError>>,
    ) -> Result<Fetched, FetchError> {
        tokio::time::timeout(self.timeout, asking).await.unwrap_or(Err(FetchError::TimedOut(self.timeout)))
    }

    /// The address of a page, which a document could point anywhere: it must lie on the same host, and never loses https.
    fn page(&self, page: &str) -> Result<Url, FetchError> {
        let elsewhere = || FetchError::Elsewhere(page.chars().take(200).collect());
        let mut url = self.url.join(page).map_err(|_| elsewhere())?;
        if self.url.scheme() == "https" && url.scheme() == "http" {
            url.set_scheme("https").map_err(|()| elsewhere())?;
        }
        let same = url.host_str() == self.url.host_str()
            && url.port_or_known_default() == self.url.port_or_known_default()
            && url.scheme() == self.url.scheme();
        if same { Ok(url) } else { Err(elsewhere()) }
    }
}

async fn ask(request: RequestBuilder, max_bytes: usize, now: Timestamp) -> Result<Fetched, FetchError> {
    let response = request.send().await.map_err(transport)?;
    match response.status() {
        StatusCode::NOT_MODIFIED => return Ok(Fetched::NotModified),
        status if !status.is_success() => {
            let retry_after = retry_after(response.headers(), now);
            return Err(FetchError::Status { status: status.as_u16(), retry_after });
        }
        _ => {}
    }
    let etag = header(response.headers(), &ETAG);
    let last_modified = header(response.headers(), &LAST_MODIFIED);
    let body = read_at_most(response, max_bytes).await?;
    Ok(Fetched::Document { body, etag, last_modified })
}

/// Reads the body piece by piece, so that one that is too large is dropped as soon as it shows. The pieces are decompressed
/// already: a small body that swells is stopped at the same limit.
async fn read_at_most(response: Response, limit: usize) -> Result<Bytes, FetchError> {
    let announced = response.content_length().unwrap_or_default();
    if announced > limit as u64 {
        return Err(FetchError::TooLarge { limit });
    }
    let mut body = BytesMut::new();
    let mut pieces = response.bytes_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(transport)?;
        if body.len() + piece.len() > limit {
            return Err(FetchError::TooLarge { limit });
        }
        body.extend_from_slice(&piece);
    }
    Ok(body.freeze())
}

fn header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// Seconds or a date (RFC 9110 §10.2.3).
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = header(headers, &RETRY_AFTER)?;
    if let Ok(seconds) = text.trim().parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let seconds = parse_time(&text)?.as_second().saturating_sub(now.as_second());
    u64::try_from(seconds).ok().map(Duration::from_secs)
}

/// The error in words, down to its cause; a forbidden address is found among the causes. The address that was asked is left out:
/// it may hold a key, and is known to whoever asked.
fn transport(error: reqwest::Error) -> FetchError {
    let error = error.without_url();
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(current) = cause {
        if let Some(forbidden) = current.downcast_ref::<ForbiddenAddress>() {
            return FetchError::Forbidden(forbidden.clone());
        }
        words = format!("{words}: {current}");
        cause = current.source();
    }
    FetchError::Transport(words)
}
