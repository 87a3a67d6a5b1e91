//! Raw items to begin with; tests change the fields that matter to them.

use crisislens_model::{RawItem, Timestamp};

/// A raw item of a public post.
#[must_use]
pub fn post(source: &str, source_id: &str, text: &str, at: Timestamp) -> RawItem {
    RawItem { timestamp: at, ingested_at: at, ..RawItem::post(source, source_id, text) }
}
