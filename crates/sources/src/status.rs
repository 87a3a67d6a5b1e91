//! How a source that has done nothing yet is doing.

use crisislens_model::{SourceKind, SourceStatus};

/// Most skips that a status shows.
pub(crate) const RECENT_SKIPS: usize = 20;

/// The status of a source before its first entry.
pub(crate) fn blank_status(name: &str, kind: SourceKind, connector: &str, mode: &str) -> SourceStatus {
    SourceStatus {
        name: name.to_owned(),
        kind,
        connector: connector.to_owned(),
        url: None,
        mode: mode.to_owned(),
        last_polled_at: None,
        last_ok_at: None,
        last_error: None,
        entries: 0,
        published: 0,
        skipped: 0,
        recent_skips: Vec::new(),
    }
}
