//! The index template: which fields there are and how words are indexed. An index of an older schema is started over.

use serde_json::{Value, json};

use super::MAX_PAGE_ITEMS;

/// Raise it when anything here, in [`super::document`] or in [`crate::words`] changes.
pub(super) const SCHEMA: u64 = 4;

/// Template for the indexes that `pattern` names.
pub(super) fn template(pattern: &str) -> Value {
    json!({ "index_patterns": [pattern], "priority": 500, "version": SCHEMA, "template": definition() })
}

/// Settings and mappings of an index. Texts come as words of ours with spaces between, so the server's own idea of words
/// plays no part. There is one shard: facets and sums are exact, and the order of writes is one.
pub(super) fn definition() -> Value {
    let words = |norms: bool| json!({ "type": "text", "analyzer": "words", "norms": norms });
    let label = json!({ "type": "keyword" });
    let number = json!({ "type": "double" });
    let addend = json!({ "type": "integer", "index": false });
    json!({
        "settings": {
            "number_of_shards": 1,
            "auto_expand_replicas": "0-1",
            // A commit refreshes, so that nothing shows before it.
            "refresh_interval": "-1",
            // One more than a page tells whether there is another.
            "max_result_window": MAX_PAGE_ITEMS + 1,
            "analysis": { "analyzer": { "words": { "type": "custom", "tokenizer": "whitespace" } } }
        },
        "mappings": {
            "dynamic": "strict",
            "properties": {
                "id": label, "timestamp": { "type": "long" },
                "source": label, "hazard": label, "country": label, "status": label, "severity": label,
                "risk": number, "lat": number, "lon": number,
                "x": number, "y": number, "z": number,
                "language": label, "topic": label, "tag": label, "informative": label, "humanitarian": label,
                "exercise": { "type": "boolean" }, "world": label, "fact_check": { "type": "boolean" },
                // Ranked by BM25, which needs lengths.
                "text": words(true), "place": words(false),
                "digest_high": addend, "digest_low": addend,
                "offsets": { "type": "object", "enabled": false }
            }
        }
    })
}
