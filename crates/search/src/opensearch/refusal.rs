//! What the server refuses, in words that a person can act on, and whether trying again soon may help.

use reqwest::StatusCode;
use serde_json::Value;

/// `error` is the field of that name of the answer or of one item of a bulk: an object with `type` and `reason`, or a text.
pub(super) fn explained(status: StatusCode, error: &Value) -> String {
    let kind = error["type"].as_str().unwrap_or_default();
    let reason = error["reason"].as_str().or(error.as_str()).unwrap_or("no reason given");
    let advice = match (status.as_u16(), kind) {
        (401, _) => "OpenSearch refuses the user or the password of search.url",
        (_, "cluster_block_exception") if reason.contains("flood") || reason.contains("read-only") => {
            "an index is read-only, as a node's disk is nearly full (flood stage) or someone set it so; free space, or take \
             the block away"
        }
        (_, "cluster_block_exception") => "OpenSearch has blocked an index or the cluster",
        (403, _) => "the user of search.url may not do this",
        (_, "index_not_found_exception") => {
            "the index is not there; it is made and filled again by who writes to it"
        }
        (
            _,
            "strict_dynamic_mapping_exception" | "mapper_parsing_exception" | "illegal_argument_exception",
        ) => "OpenSearch does not take what was sent: has the index another mapping than this release makes?",
        (413, _) => {
            "the request is larger than OpenSearch or a proxy before it takes (http.max_content_length)"
        }
        (429, _) => "OpenSearch has too many requests or too little memory",
        (502..=504, _) => "OpenSearch is not ready",
        _ => "OpenSearch refuses a request",
    };
    let kind = if kind.is_empty() { String::new() } else { format!("{kind}, ") };
    format!("{advice} ({kind}{}: {reason})", status.as_u16())
}

/// Whether the server is only busy: a block, too, may come as 429, but does not go by itself.
pub(super) fn is_busy(status: StatusCode, error: &Value) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504) && error["type"] != "cluster_block_exception"
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_full_disk_is_named_and_does_not_count_as_busy() {
        let error = json!({
            "type": "cluster_block_exception",
            "reason": "index [a] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has \
                       read-only-allow-delete block];"
        });
        assert!(explained(StatusCode::TOO_MANY_REQUESTS, &error).contains("disk is nearly full"));
        assert!(!is_busy(StatusCode::TOO_MANY_REQUESTS, &error));
        let error = json!({ "type": "rejected_execution_exception", "reason": "queue capacity" });
        assert!(explained(StatusCode::TOO_MANY_REQUESTS, &error).contains("too many requests"));
        assert!(is_busy(StatusCode::TOO_MANY_REQUESTS, &error));
    }

    #[test]
    fn an_answer_without_json_is_explained_by_its_status() {
        assert!(explained(StatusCode::UNAUTHORIZED, &Value::Null).contains("password"));
        assert!(is_busy(StatusCode::SERVICE_UNAVAILABLE, &Value::Null));
    }
}
