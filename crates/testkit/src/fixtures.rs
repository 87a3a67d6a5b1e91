//! Raw items to begin with; tests change the fields that matter to them.

use crisislens_model::{ItemId, RawItem, SourceKind, Timestamp};

/// A raw item of a public post.
#[must_use]
pub fn post(source: &str, source_id: &str, text: &str, at: Timestamp) -> RawItem {
    RawItem {
        id: ItemId::of(source, source_id),
        source: source.to_owned(),
        source_id: source_id.to_owned(),
        source_kind: SourceKind::Social,
        url: None,
        title: None,
        text: text.to_owned(),
        author: None,
        timestamp: at,
        language_hint: None,
        media: Vec::new(),
        stated: None,
        raw_data: None,
        exercise: false,
        ingested_at: at,
    }
}
