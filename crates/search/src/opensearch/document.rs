//! How what is indexed of an item becomes a document.

use crisislens_model::{Item, ItemId};
use serde::Serialize;

use crate::SearchError;
use crate::indexed::{DIGEST_BITS, Indexed};
use crate::words::words;

/// The digest's halves have so many bits.
pub(super) const HALF_BITS: u32 = DIGEST_BITS / 2;

/// A document and by what it is found and compared.
#[derive(Debug, Clone)]
pub(super) struct Document {
    pub id: String,
    pub version: u64,
    /// One line of JSON.
    pub json: String,
}

#[derive(Serialize)]
struct Fields<'a> {
    id: &'a str,
    timestamp: i64,
    source: &'a str,
    hazard: &'a str,
    status: &'a str,
    severity: &'a str,
    exercise: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    world: Option<String>,
    fact_check: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    risk: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lat: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lon: Option<f64>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    sphere: Option<Sphere>,
    language: &'a [String],
    topic: &'a [String],
    tag: &'a [String],
    informative: &'a [String],
    humanitarian: &'a [String],
    /// Title, text and place; the server leaves a gap of 100 positions between them, so no phrase reaches across.
    text: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    digest_high: u64,
    digest_low: u64,
}

/// A place on the unit sphere.
#[derive(Serialize)]
struct Sphere {
    x: f64,
    y: f64,
    z: f64,
}

/// The id under which an item's document is kept: 32 hexadecimal digits, ordered as the id is.
pub(super) fn key(id: ItemId) -> String {
    id.0.as_simple().to_string()
}

/// The document of `item`.
pub(super) fn of(item: &Item) -> Result<Document, SearchError> {
    let indexed = Indexed::of(item);
    let id = key(indexed.id);
    let digest = indexed.digest();
    let [language, topic, tag, informative, humanitarian] =
        &indexed.labels.each_ref().map(|(_, values)| values);
    let fields = Fields {
        id: &id,
        timestamp: indexed.nanoseconds,
        source: indexed.source,
        hazard: indexed.hazard,
        status: indexed.status,
        severity: indexed.severity,
        exercise: indexed.exercise,
        world: indexed.world.clone(),
        fact_check: indexed.fact_check,
        country: indexed.country,
        risk: indexed.risk.map(finite),
        lat: indexed.lat.map(finite),
        lon: indexed.lon.map(finite),
        sphere: indexed.sphere.map(|[x, y, z]| Sphere { x, y, z }),
        language,
        topic,
        tag,
        informative,
        humanitarian,
        text: indexed.texts().map(spaced).collect(),
        place: indexed.place.map(spaced),
        digest_high: digest >> HALF_BITS,
        digest_low: digest & ((1 << HALF_BITS) - 1),
    };
    let json = serde_json::to_string(&fields)
        .map_err(|error| SearchError::Unavailable(format!("item {} as JSON: {error}", item.id)))?;
    Ok(Document { id, version: indexed.version, json })
}

fn spaced(text: &str) -> String {
    words(text).join(" ")
}

/// The number as JSON can say it: the greatest there is for what is beyond.
pub(super) fn finite(number: f64) -> f64 {
    number.clamp(f64::MIN, f64::MAX)
}
