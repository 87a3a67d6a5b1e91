//! How an item becomes a document.

use ::tantivy::TantivyDocument;
use crisislens_model::{Item, Timestamp};

use super::schema::Fields;
use crate::words::beginning;

/// The item's id as a number, and its document.
pub(super) fn of(fields: &Fields, item: &Item) -> (u128, TantivyDocument) {
    let mut document = TantivyDocument::new();
    let (high, low) = item.id.0.as_u64_pair();
    document.add_bytes(fields.id, item.id.0.as_bytes());
    document.add_u64(fields.id_high, high);
    document.add_u64(fields.id_low, low);
    document.add_i64(fields.timestamp, nanoseconds(item.timestamp));
    document.add_text(fields.source, &item.source);
    document.add_text(fields.hazard, item.hazard.kind.as_str());
    document.add_text(fields.status, item.status.as_str());
    document.add_text(fields.severity, item.severity.as_str());
    if let Some(risk) = comparable(item.risk_score) {
        document.add_f64(fields.risk, risk);
    }
    if let Some(title) = &item.title {
        document.add_text(fields.text, beginning(title));
    }
    document.add_text(fields.text, beginning(&item.text));
    add_place(&mut document, fields, item);
    (item.id.0.as_u128(), document)
}

fn add_place(document: &mut TantivyDocument, fields: &Fields, item: &Item) {
    let Some(place) = &item.location else {
        return;
    };
    document.add_text(fields.text, beginning(&place.name));
    document.add_text(fields.place, beginning(&place.name));
    if let Some(country) = &place.country {
        document.add_text(fields.country, country);
    }
    for (field, degrees) in [(fields.lat, place.lat), (fields.lon, place.lon)] {
        if let Some(degrees) = comparable(degrees) {
            document.add_f64(field, degrees);
        }
    }
}

/// Nanoseconds since 1970, the nearest there is for years before 1677 and after 2262.
pub(super) fn nanoseconds(at: Timestamp) -> i64 {
    let nanoseconds = at.as_nanosecond();
    i64::try_from(nanoseconds).unwrap_or(if nanoseconds < 0 { i64::MIN } else { i64::MAX })
}

/// The number as the index orders it: no NaN, and one zero.
pub(super) fn comparable(number: f64) -> Option<f64> {
    (!number.is_nan()).then_some(number + 0.0)
}
