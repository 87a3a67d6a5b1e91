//! The items that share words with a text, by the server's BM25: one request counts the words, one ranks by the rarest.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::client::Client;
use super::document::key;
use super::find::{ask, item};
use super::plan;
use crate::SearchError;
use crate::indexed::world;
use crate::relevant::{Relevant, RelevantHits, RelevantRequest, best, rarest};

/// Lucene leaves out of BM25 the factor k1 + 1, which changes no order.
const LEFT_OUT: f64 = 2.2;

#[derive(Deserialize)]
struct Counted {
    hits: Counts,
    #[serde(default)]
    aggregations: BTreeMap<String, Count>,
}

#[derive(Deserialize)]
struct Count {
    doc_count: u64,
}

#[derive(Deserialize)]
struct Counts {
    total: Total,
}

#[derive(Deserialize)]
struct Total {
    value: u64,
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

/// The best hits, best first, and how rare the words are.
pub(super) async fn best_of(
    client: &Client,
    alias: &str,
    request: &RelevantRequest,
) -> Result<RelevantHits, SearchError> {
    let (items, frequencies) = counted(client, alias, request.words()).await?;
    let terms = rarest(&frequencies);
    if terms.is_empty() || request.limit() == 0 {
        return Ok(RelevantHits { hits: Vec::new(), frequencies, items });
    }
    let should: Vec<Value> = terms.iter().map(|word| has(word)).collect();
    let mut filter =
        vec![plan::of(&request.condition()), json!({ "term": { "exercise": request.exercise } })];
    filter.extend(request.exercise.then(|| json!({ "term": { "world": world(request.exercise_id) } })));
    filter.extend(request.fact_checks.map(|wanted| json!({ "term": { "fact_check": wanted } })));
    let excluded: Vec<String> = request.excluded().iter().map(|id| key(*id)).collect();
    let body = json!({
        "size": request.limit(),
        "query": { "bool": {
            "filter": filter,
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
    Ok(RelevantHits { hits: best(hits, request.limit()), frequencies, items })
}

/// How many items there are, and in how many of them each of `words` is.
async fn counted(
    client: &Client,
    alias: &str,
    words: Vec<String>,
) -> Result<(u64, BTreeMap<String, u64>), SearchError> {
    let counts: Map<String, Value> = (0..)
        .zip(&words)
        .map(|(at, word): (u32, _)| (at.to_string(), json!({ "filter": has(word) })))
        .collect();
    let body = json!({ "size": 0, "query": plan::items(), "track_total_hits": true, "aggs": counts });
    let answer: Counted = ask(client, alias, &body, "hits.total.value,aggregations.*.doc_count").await?;
    let count = |at: usize| answer.aggregations.get(&at.to_string()).map_or(0, |count| count.doc_count);
    let counted = words.into_iter().enumerate().map(|(at, word)| (word, count(at)));
    Ok((answer.hits.total.value, counted.filter(|(_, count)| *count > 0).collect()))
}

fn has(word: &str) -> Value {
    json!({ "term": { "text": { "value": word } } })
}
