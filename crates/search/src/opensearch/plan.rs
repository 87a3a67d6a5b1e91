//! What a query asks of the server, in its language. Means exactly what [`Query::matches`] means, but for
//! `filter.incident`, which the index does not know and callers look up in state.

use crisislens_model::{BoundingBox, ItemFilter};
use serde_json::{Value, json};

use super::document::finite;
use crate::indexed::{comparable, nanoseconds, world};
use crate::query::{Label, TextExpr};
use crate::{Near, Query};

/// `query` as a condition; nothing is scored.
pub(super) fn of(query: &Query) -> Value {
    // What holds the offsets is a document too, and is no item.
    let mut parts = vec![items()];
    parts.extend(conditions(&query.filter));
    parts.extend(query.text.as_ref().map(expression));
    all(parts)
}

/// Every item.
pub(super) fn items() -> Value {
    json!({ "exists": { "field": "id" } })
}

fn expression(wanted: &TextExpr) -> Value {
    let each = |parts: &[TextExpr]| parts.iter().map(expression).collect();
    match wanted {
        TextExpr::Words { words, prefix } => phrase("text", words, *prefix),
        TextExpr::Place(words) => phrase("place", words, false),
        TextExpr::Is(condition) => all(conditions(condition)),
        TextExpr::Has(label, values) => json!({ "terms": { field(*label): values } }),
        TextExpr::Near(near) => around(near),
        TextExpr::All(parts) => all(each(parts)),
        TextExpr::Any(parts) => any(each(parts)),
        TextExpr::Not(part) => json!({ "bool": { "must_not": [expression(part)] } }),
    }
}

fn field(label: Label) -> &'static str {
    match label {
        Label::Language => "language",
        Label::Topic => "topic",
        Label::Tag => "tag",
        Label::Informative => "informative",
        Label::Humanitarian => "humanitarian",
    }
}

/// By the numbers and in the order in which [`Near`] adds: the server's own distances round elsewhere.
fn around(near: &Near) -> Value {
    let source = "double x = doc['x'].value - params.x; double y = doc['y'].value - params.y; \
                  double z = doc['z'].value - params.z; return x * x + y * y + z * z <= params.most;";
    let [x, y, z] = near.centre;
    let params = json!({ "x": x, "y": y, "z": z, "most": near.most });
    let script = json!({ "lang": "painless", "source": source, "params": params });
    all(vec![json!({ "exists": { "field": "x" } }), json!({ "script": { "script": script } })])
}

fn all(parts: Vec<Value>) -> Value {
    if parts.is_empty() { json!({ "match_all": {} }) } else { json!({ "bool": { "filter": parts } }) }
}

fn any(parts: Vec<Value>) -> Value {
    if parts.is_empty() {
        return nothing();
    }
    json!({ "bool": { "should": parts, "minimum_should_match": 1 } })
}

fn nothing() -> Value {
    json!({ "match_none": {} })
}

fn conditions(filter: &ItemFilter) -> Vec<Value> {
    let mut parts = Vec::new();
    parts.extend(one_of("status", filter.status.iter().map(|status| status.as_str())));
    parts.extend(one_of("source", filter.source.iter().map(String::as_str)));
    parts.extend(one_of("hazard", filter.hazard.iter().map(|hazard| hazard.as_str())));
    parts.extend(one_of("country", filter.country.iter().map(String::as_str)));
    parts.extend(one_of("severity", filter.severity.iter().map(|severity| severity.as_str())));
    parts.extend(filter.bbox.map(|bbox| inside(&bbox)));
    parts.extend(filter.min_risk.map(|least| bounded("risk", "gte", least)));
    parts.extend(filter.max_risk.map(|most| bounded("risk", "lte", most)));
    parts.extend(filter.since.map(|since| said("gte", nanoseconds(since))));
    parts.extend(filter.until.map(|until| said("lt", nanoseconds(until))));
    parts.extend(filter.exercise.map(|wanted| json!({ "term": { "exercise": wanted } })));
    parts.extend(filter.exercise_id.map(|id| json!({ "term": { "world": world(Some(id)) } })));
    parts
}

/// None where no label is asked for: then any will do.
fn one_of<'a>(field: &str, labels: impl Iterator<Item = &'a str>) -> Option<Value> {
    let labels: Vec<&str> = labels.collect();
    (!labels.is_empty()).then(|| json!({ "terms": { field: labels } }))
}

fn said(bound: &str, nanoseconds: i64) -> Value {
    json!({ "range": { "timestamp": { bound: nanoseconds } } })
}

/// A box whose west is east of its east goes across the antimeridian. Numbers rather than the server's geo points, which
/// round.
fn inside(bbox: &BoundingBox) -> Value {
    let lon = vec![bounded("lon", "gte", bbox.west), bounded("lon", "lte", bbox.east)];
    let within = if bbox.west <= bbox.east { all(lon) } else { any(lon) };
    all(vec![within, bounded("lat", "gte", bbox.south), bounded("lat", "lte", bbox.north)])
}

fn bounded(field: &str, bound: &str, number: f64) -> Value {
    let range = |number| json!({ "range": { field: { bound: finite(number) } } });
    comparable(number).map_or_else(nothing, range)
}

/// Words next to each other. A beginning is always a single word: the parser makes no other.
fn phrase(field: &str, words: &[String], prefix: bool) -> Value {
    match words {
        [] => nothing(),
        [word] if prefix => json!({ "prefix": { field: { "value": word } } }),
        [word] => json!({ "term": { field: { "value": word } } }),
        _ => json!({ "match_phrase": { field: { "query": words.join(" ") } } }),
    }
}
