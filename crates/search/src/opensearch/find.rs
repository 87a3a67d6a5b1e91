//! The newest matches, the counts of labels, and the sums over all: what is read from the index.

use std::collections::BTreeMap;

use crisislens_model::ItemId;
use reqwest::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::client::{Client, back_off};
use super::document::{HALF_BITS, key};
use super::plan;
use crate::cursor::Key;
use crate::indexed::{FACETS, MAX_FACET_LABELS};
use crate::{Query, SearchError, SearchPage, Summary};

/// A search that is under way while a rebuild replaces the index fails, and is asked again so often: for 0.7 s.
const REPLACED_TRIES: u32 = 3;

type Counts = BTreeMap<String, BTreeMap<String, u64>>;

/// What of an answer is read here.
const READ: &str = "hits.total.value,hits.hits.sort,aggregations.*.value,aggregations.*.buckets";

#[derive(Deserialize)]
struct Timed<T> {
    timed_out: bool,
    #[serde(flatten)]
    answer: T,
}

#[derive(Deserialize)]
struct Answer {
    hits: Hits,
    #[serde(default)]
    aggregations: BTreeMap<String, Aggregation>,
}

#[derive(Deserialize)]
struct Hits {
    #[serde(default)]
    total: Total,
    /// Left out of the answer where it is empty.
    #[serde(default)]
    hits: Vec<Hit>,
}

#[derive(Default, Deserialize)]
struct Total {
    value: u64,
}

#[derive(Deserialize)]
struct Hit {
    /// Time and id.
    sort: (i64, String),
}

#[derive(Deserialize)]
struct Aggregation {
    #[serde(default)]
    buckets: Vec<Bucket>,
    #[serde(default)]
    value: f64,
}

#[derive(Deserialize)]
struct Bucket {
    key: String,
    doc_count: u64,
}

/// The page of `limit` hits that begins after `after`.
pub(super) async fn newest(
    client: &Client,
    alias: &str,
    query: &Query,
    limit: usize,
    after: Option<Key>,
) -> Result<SearchPage, SearchError> {
    let mut body = json!({
        // One more than asked for tells whether there is another page.
        "size": limit + 1,
        "query": plan::of(query),
        "sort": [{ "timestamp": "desc" }, { "id": "desc" }],
        "track_total_hits": true,
        "_source": false
    });
    if let Some(after) = after {
        body["search_after"] = json!([after.nanoseconds, key(after.item())]);
    }
    let answer: Answer = ask(client, alias, &body, READ).await?;
    let mut hits = answer.hits.hits.iter().map(place).collect::<Result<Vec<Key>, _>>()?;
    let more = hits.len() > limit;
    hits.truncate(limit);
    Ok(SearchPage {
        ids: hits.iter().map(|hit| hit.item()).collect(),
        total: answer.hits.total.value,
        next: hits.last().filter(|_| more).map(|last| last.cursor()),
    })
}

fn place(hit: &Hit) -> Result<Key, SearchError> {
    let (nanoseconds, id) = &hit.sort;
    Ok(Key { nanoseconds: *nanoseconds, id: item(id)?.0.as_u128() })
}

/// The item that the index calls `id`.
pub(super) fn item(id: &str) -> Result<ItemId, SearchError> {
    let id = Uuid::parse_str(id).map_err(|error| {
        SearchError::Unavailable(format!("the index has an item with the id {id}: {error}"))
    })?;
    Ok(ItemId(id))
}

/// The counts of the matches by facet and label. Every facet is there, if empty.
pub(super) async fn counts(client: &Client, alias: &str, query: &Query) -> Result<Counts, SearchError> {
    let facet = |name: &&str| {
        let terms = json!({ "terms": { "field": name, "size": MAX_FACET_LABELS } });
        ((*name).to_owned(), terms)
    };
    let facets: Map<String, Value> = FACETS.iter().map(facet).collect();
    let body = json!({ "size": 0, "query": plan::of(query), "aggs": facets });
    let answer: Answer = ask(client, alias, &body, READ).await?;
    let mut counts: Counts = FACETS.iter().map(|facet| ((*facet).to_owned(), BTreeMap::new())).collect();
    for (facet, Aggregation { buckets, .. }) in answer.aggregations {
        let labels = buckets.into_iter().map(|bucket| (bucket.key, bucket.doc_count));
        counts.entry(facet).or_default().extend(labels);
    }
    Ok(counts)
}

/// Count and checksum of what the last refresh of `index`, an index or an alias, shows.
pub(super) async fn summary(client: &Client, index: &str) -> Result<Summary, SearchError> {
    let body = json!({
        "size": 0,
        "query": plan::items(),
        "track_total_hits": true,
        "aggs": {
            "high": { "sum": { "field": "digest_high" } },
            "low": { "sum": { "field": "digest_low" } }
        }
    });
    let answer: Answer = ask(client, index, &body, READ).await?;
    let sum = |name: &str| answer.aggregations.get(name).map_or(0, |sum| whole(sum.value));
    let checksum = (sum("high") << HALF_BITS).wrapping_add(sum("low"));
    Ok(Summary { items: answer.hits.total.value, checksum })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a sum of whole numbers below 2^53"
)]
fn whole(sum: f64) -> u64 {
    sum as u64
}

/// Part of an answer is none: totals and facets would be wrong without a word.
pub(super) async fn ask<T: DeserializeOwned>(
    client: &Client,
    index: &str,
    body: &Value,
    read: &str,
) -> Result<T, SearchError> {
    let path = format!("/{index}/_search?allow_partial_search_results=false&filter_path=timed_out,{read}");
    let mut answer = client.post(&path, body).await?;
    for tries in 0..REPLACED_TRIES {
        if !matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::SERVICE_UNAVAILABLE) {
            break;
        }
        tokio::time::sleep(back_off(tries)).await;
        answer = client.post(&path, body).await?;
    }
    let Timed { timed_out, answer } = answer.read()?;
    if timed_out {
        return Err(SearchError::Unavailable("OpenSearch did not finish the search in time".to_owned()));
    }
    Ok(answer)
}
