//! From recordings to a plan: which item is due when. The plan is a function of the recordings, the start and the speed
//! alone, so that a replay that is taken up again says the same things at the same instants.

use std::path::Path;

use crisislens_model::source::Skip;
use crisislens_model::{RawItem, Timestamp};
use jiff::SignedDuration;
use serde_json::json;
use serde_json::value::to_raw_value;

use super::manifest::{Manifest, RecordingSpec, ReplayError};
use crate::{SourceContext, parse};

/// One item with its place in the exercise.
#[derive(Debug, Clone)]
pub struct Planned {
    /// Seconds from the start of the exercise, at speed 1.
    pub due_s: f64,
    /// Index of its recording in the manifest.
    pub recording: usize,
    /// The item as it was recorded; its times are still the original ones.
    pub item: RawItem,
}

/// Everything an exercise will say, in order.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// The manifest it was made from.
    pub manifest: Manifest,
    /// The items by due time.
    pub planned: Vec<Planned>,
    /// What each recording holds, by its index.
    pub read: Vec<RecordingRead>,
}

/// What a recording holds.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordingRead {
    /// Entries, good and bad.
    pub entries: u64,
    /// Why some of them are no items.
    pub skips: Vec<Skip>,
}

/// Reads the recordings in `dir` and plans them. `started_at` stands in where a recorded item has no time of its own.
///
/// # Errors
/// When a file cannot be read or is not what the manifest says.
pub fn load(dir: &Path, started_at: Timestamp) -> Result<Schedule, ReplayError> {
    let manifest = Manifest::read(dir)?;
    let mut planned = Vec::new();
    let mut read = Vec::new();
    for (index, recording) in manifest.recordings.iter().enumerate() {
        let bytes = recording.read(dir)?;
        let ctx = SourceContext {
            source: &recording.source,
            kind: recording.kind,
            now: started_at,
            exercise: true,
            url: None,
        };
        let parsed = parse(recording.format, &bytes, &ctx)
            .map_err(|error| ReplayError::Document { file: recording.file.clone(), error })?;
        read.push(RecordingRead { entries: parsed.entries, skips: parsed.skips });
        planned.extend(place(recording, index, parsed.items));
    }
    // The sort is stable: items due together keep the order of the manifest and of their recording.
    planned.sort_by(|left, right| left.due_s.total_cmp(&right.due_s));
    Ok(Schedule { manifest, planned, read })
}

/// Spreads the items of a recording over its window in the order they were said. Half of an item's place comes from the
/// clock and half from its rank, so that a burst stays a burst but hours of silence do not leave the window empty.
fn place(recording: &RecordingSpec, index: usize, mut items: Vec<RawItem>) -> Vec<Planned> {
    items.sort_by_key(|item| item.timestamp);
    let seconds = |item: &RawItem| item.timestamp.as_millisecond() as f64 / 1000.0;
    let (first, last) = (items.first().map_or(0.0, &seconds), items.last().map_or(0.0, &seconds));
    let span = (last - first).max(f64::MIN_POSITIVE);
    let ranks = (items.len().max(2) - 1) as f64;
    let place = |(rank, item): (usize, RawItem)| {
        let by_clock = (seconds(&item) - first) / span;
        let share = 0.5 * by_clock + 0.5 * (rank as f64 / ranks);
        Planned {
            due_s: recording.start_s + recording.length_s * share.clamp(0.0, 1.0),
            recording: index,
            item,
        }
    };
    items.into_iter().enumerate().map(place).collect()
}

impl Planned {
    /// When the item is due in an exercise that began at `started_at` and runs at `speed`.
    #[must_use]
    pub fn due_at(&self, started_at: Timestamp, speed: f64) -> Timestamp {
        let offset_ms = (self.due_s / speed * 1000.0).round() as i64;
        started_at.saturating_add(SignedDuration::from_millis(offset_ms)).unwrap_or(started_at)
    }

    /// The item as the exercise says it: at its due time, with what it states about the future moved along. What was
    /// recorded stays readable in `raw_data`.
    #[must_use]
    pub fn anchored(&self, started_at: Timestamp, speed: f64) -> RawItem {
        let due_at = self.due_at(started_at, speed);
        let moved = due_at.duration_since(self.item.timestamp);
        let mut item = self.item.clone();
        if let Some(expires) = item.stated.as_mut().and_then(|stated| stated.expires.as_mut()) {
            *expires = expires.saturating_add(moved).unwrap_or(due_at);
        }
        if item.raw_data.is_none() {
            item.raw_data = to_raw_value(&json!({ "timestamp": item.timestamp })).ok();
        }
        item.timestamp = due_at;
        item.ingested_at = due_at;
        item
    }
}
