//! Documents to the server, many at once, with every single one's answer looked at. Not when they are written.

use std::fmt::Write as _;
use std::time::Duration;

use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::client::{Client, back_off};
use super::document::Document;
use super::refusal;
use crate::SearchError;

/// One request has about so many bytes: OpenSearch works best at some MB, and refuses 100.
const MAX_REQUEST_BYTES: usize = 5 * 1024 * 1024;

/// Where documents go, and for how long they are offered to a busy server.
pub(super) struct Target<'a> {
    pub client: &'a Client,
    /// An alias or an index.
    pub name: &'a str,
    /// Whether it must be an alias; without it, a missing index would be made in silence.
    pub is_alias: bool,
    pub retry_for: Duration,
}

#[derive(Deserialize)]
struct Outcome {
    items: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    index: Status,
}

#[derive(Deserialize)]
struct Status {
    status: u16,
    #[serde(default)]
    error: Value,
}

impl Target<'_> {
    /// Writes all `documents`, in order. A document whose id is there with a higher version is not written, as it is out
    /// of date; every other one is, or there is an error.
    pub async fn write(&self, documents: &[Document]) -> Result<(), SearchError> {
        let mut rest = documents;
        while !rest.is_empty() {
            let (request, others) = rest.split_at(first_request(rest));
            self.offer(request.iter().collect()).await?;
            rest = others;
        }
        Ok(())
    }

    /// Offers one request's documents until the server has taken them all.
    async fn offer(&self, mut documents: Vec<&Document>) -> Result<(), SearchError> {
        let deadline = Instant::now() + self.retry_for;
        for tries in 0.. {
            let (refused, reason) = self.send(&documents).await?;
            if refused.is_empty() {
                return Ok(());
            }
            if Instant::now() + back_off(tries) > deadline {
                let count = refused.len();
                let message = format!("{count} items were not taken for {:?}: {reason}", self.retry_for);
                return Err(SearchError::Unavailable(message));
            }
            tracing::debug!(items = refused.len(), reason, "search server is busy");
            tokio::time::sleep(back_off(tries)).await;
            documents = refused;
        }
        Ok(())
    }

    /// Sends once; the documents for which the server was too busy, and what it said.
    async fn send<'d>(&self, documents: &[&'d Document]) -> Result<(Vec<&'d Document>, String), SearchError> {
        let path = format!(
            "/{}/_bulk?require_alias={}&filter_path=items.*.status,items.*.error.type,items.*.error.reason",
            self.name, self.is_alias
        );
        let answer = self.client.post_lines(&path, lines(documents)).await?;
        if answer.is_busy() {
            return Ok((documents.to_vec(), answer.refused().to_string()));
        }
        let outcome: Outcome = answer.read()?;
        if outcome.items.len() != documents.len() {
            let message = format!("{} of {} items were answered", outcome.items.len(), documents.len());
            return Err(SearchError::Unavailable(format!("OpenSearch answered in part: {message}")));
        }
        let (mut refused, mut reason) = (Vec::new(), String::new());
        for (document, Entry { index }) in documents.iter().zip(outcome.items) {
            let status = StatusCode::from_u16(index.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            // A conflict is a newer version that is there already.
            if status.is_success() || status == StatusCode::CONFLICT {
                continue;
            }
            reason = refusal::explained(status, &index.error);
            if !refusal::is_busy(status, &index.error) {
                return Err(SearchError::Unavailable(format!("item {}: {reason}", document.id)));
            }
            refused.push(*document);
        }
        Ok((refused, reason))
    }
}

/// How many of `documents` go into one request; at least one.
fn first_request(documents: &[Document]) -> usize {
    let mut bytes = 0;
    let fits = documents.iter().take_while(|document| {
        bytes += document.json.len();
        bytes <= MAX_REQUEST_BYTES
    });
    fits.count().max(1)
}

fn lines(documents: &[&Document]) -> String {
    let mut lines = String::with_capacity(documents.iter().map(|document| document.json.len() + 128).sum());
    for document in documents {
        let version = document.version.min(i64::MAX.cast_unsigned());
        let action = json!({
            "index": { "_id": document.id, "version": version, "version_type": "external_gte" }
        });
        // Writing to a string cannot fail.
        let _ = writeln!(lines, "{action}\n{}", document.json);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_bounded_and_one_large_document_still_goes() {
        let document = |bytes| Document { id: String::new(), version: 1, json: "x".repeat(bytes) };
        let small = vec![document(2 * 1024 * 1024); 5];
        assert_eq!(first_request(&small), 2);
        assert_eq!(first_request(&[document(8 * 1024 * 1024), document(1)]), 1);
        assert_eq!(first_request(&small[..1]), 1);
    }
}
