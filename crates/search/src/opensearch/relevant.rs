//! The items that share words with a text, by the server's BM25: one request counts the words, one ranks by the rarest.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::client::Client;
use super::document::key;
use super::find::{ask, item};
use super::plan;
use crate::SearchError;
use crate::relevant::{Relevant, RelevantRequest, best, rarest};

/// Lucene leaves out of BM25 the factor k1 + 1, which changes no order.
const LEFT_OUT: f64 = 2.2;

#[derive(Deserialize)]
struct Counted {
    #[serde(default)]
    aggregations: BTreeMap<String, Count>,
}

#[derive(Deserialize)]
struct Count {
    doc_count: u64,
}

#[derive(Deserialize)]
struct Ranked {
    #[serde(default)]
    hits: Hits,
}

#[derive(Default, Deserialize)]
struct Hits {
    /// Left out of the answer where it is empty.
    #[serde(default)]
    hits: Vec<Hit>,
}

#[derive(Deserialize)]
struct Hit {
    /// Score and id.
    sort: (f64, String),
}

/// The best hits, best first.
pub(super) async fn best_of(
    client: &Client,
    alias: &str,
    request: &RelevantRequest,
) -> Result<Vec<Relevant>, SearchError> {
    let words = request.words();
    if words.is_empty() || request.limit() == 0 {
        return Ok(Vec::new());
    }
    let terms = rarest(counted(client, alias, words).await?);
    if terms.is_empty() {
        return Ok(Vec::new());
    }
    let should: Vec<Value> = terms.iter().map(|word| has(word)).collect();
    let excluded: Vec<String> = request.excluded().iter().map(|id| key(*id)).collect();
    let body = json!({
        "size": request.limit(),
        "query": { "bool": {
            "filter": [plan::of(&request.condition()), { "term": { "exercise": request.exercise } }],
            "must_not": [{ "terms": { "id": excluded } }],
            "should": should,
            "minimum_should_match": 1
        } },
        "sort": [{ "_score": "desc" }, { "id": "desc" }],
        "_source": false
    });
    let ranked: Ranked = ask(client, alias, &body, "hits.hits.sort").await?;
    let mut hits = Vec::with_capacity(ranked.hits.hits.len());
    for Hit { sort: (score, id) } in ranked.hits.hits {
        hits.push(Relevant { id: item(&id)?, score: score * LEFT_OUT });
    }
    Ok(best(hits, request.limit()))
}

/// In how many items each of `words` is.
async fn counted(
    client: &Client,
    alias: &str,
    words: Vec<String>,
) -> Result<Vec<(String, u64)>, SearchError> {
    let counts: Map<String, Value> = (0..)
        .zip(&words)
        .map(|(at, word): (u32, _)| (at.to_string(), json!({ "filter": has(word) })))
        .collect();
    let body = json!({ "size": 0, "query": plan::items(), "track_total_hits": false, "aggs": counts });
    let answer: Counted = ask(client, alias, &body, "aggregations.*.doc_count").await?;
    let count = |at: usize| answer.aggregations.get(&at.to_string()).map_or(0, |count| count.doc_count);
    Ok(words.into_iter().enumerate().map(|(at, word)| (word, count(at))).collect())
}

fn has(word: &str) -> Value {
    json!({ "term": { "text": { "value": word } } })
}
