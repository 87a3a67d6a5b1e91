//! How what is indexed of an item becomes a document.

use ::tantivy::TantivyDocument;
use crisislens_model::Item;

use super::schema::Fields;
use crate::indexed::Indexed;

/// A document and what tells it from others of the same id.
#[derive(Debug, Clone)]
pub(super) struct Document {
    /// The item's id as a number.
    pub id: u128,
    pub version: u64,
    pub fields: TantivyDocument,
}

/// The documents of `items`.
pub(super) fn all(fields: &Fields, items: &[Item]) -> Vec<Document> {
    items.iter().map(|item| of(fields, &Indexed::of(item))).collect()
}

fn of(fields: &Fields, item: &Indexed<'_>) -> Document {
    let mut document = TantivyDocument::new();
    let (high, low) = item.id.0.as_u64_pair();
    document.add_bytes(fields.id, item.id.0.as_bytes());
    document.add_u64(fields.id_high, high);
    document.add_u64(fields.id_low, low);
    document.add_u64(fields.version, item.version);
    document.add_u64(fields.digest, item.digest());
    document.add_i64(fields.timestamp, item.nanoseconds);
    document.add_text(fields.source, item.source);
    document.add_text(fields.hazard, item.hazard);
    document.add_text(fields.status, item.status);
    document.add_text(fields.severity, item.severity);
    document.add_bool(fields.exercise, item.exercise);
    if let Some(world) = &item.world {
        document.add_text(fields.world, world);
    }
    document.add_bool(fields.fact_check, item.fact_check);
    item.texts().for_each(|text| document.add_text(fields.text, text));
    if let Some(place) = item.place {
        document.add_text(fields.place, place);
    }
    if let Some(country) = item.country {
        document.add_text(fields.country, country);
    }
    for (field, number) in [(fields.risk, item.risk), (fields.lat, item.lat), (fields.lon, item.lon)] {
        if let Some(number) = number {
            document.add_f64(field, number);
        }
    }
    for (field, number) in fields.sphere.into_iter().zip(item.sphere.into_iter().flatten()) {
        document.add_f64(field, number);
    }
    for (label, values) in &item.labels {
        values.iter().for_each(|value| document.add_text(fields.of(*label), value));
    }
    Document { id: item.id.0.as_u128(), version: item.version, fields: document }
}
