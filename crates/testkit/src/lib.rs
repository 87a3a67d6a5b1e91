//! For tests only: a clock that is set by hand, fixtures, temporary engines.

use std::sync::{Mutex, PoisonError};

use crisislens_model::{Clock, ItemId, RawItem, SourceKind, Timestamp};

/// A clock that stands until it is moved.
#[derive(Debug)]
pub struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    /// A clock at `text`, RFC 3339.
    #[must_use]
    pub fn at(text: &str) -> Self {
        Self(Mutex::new(text.parse().unwrap_or(Timestamp::UNIX_EPOCH)))
    }

    /// Moves it on.
    pub fn advance(&self, seconds: i64) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = Timestamp::from_second(now.as_second() + seconds).unwrap_or(*now);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

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
