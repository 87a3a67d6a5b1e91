//! What the embedded log tells operators: its log lines and metrics, in one place.

use std::time::Duration;

use crisislens_model::Topic;

use crate::LogError;

/// One commit became durable.
pub(super) fn committed(records: usize, appends: usize, took: Duration) {
    metrics::counter!("crisislens_log_appended_records_total").increment(records as u64);
    metrics::histogram!("crisislens_log_commit_appends").record(appends as f64);
    metrics::histogram!("crisislens_log_commit_seconds").record(took.as_secs_f64());
}

/// How much room the queue has left.
pub(super) fn queue_room(records: usize, bytes: usize) {
    metrics::gauge!("crisislens_log_queue_free_records").set(records as f64);
    metrics::gauge!("crisislens_log_queue_free_bytes").set(bytes as f64);
}

/// A commit failed; nothing is written until the log has been opened again.
pub(super) fn commit_failed(reason: &str) {
    metrics::counter!("crisislens_log_commit_failures_total").increment(1);
    tracing::error!(reason, "the log stopped writing");
}

/// After a failed commit, the log could not be opened again yet.
pub(super) fn not_opened_again(why: &str) {
    tracing::warn!(why, "the log waits before it is opened again");
}

/// After a failed commit, the log was opened again and is written.
pub(super) fn opened_again() {
    metrics::counter!("crisislens_log_openings_after_failure_total").increment(1);
    tracing::info!("the log was opened again and is written");
}

/// A topic could not go on in a new segment.
pub(super) fn not_rolled(topic: Topic, error: &LogError) {
    tracing::warn!(%topic, %error, "no new segment; the old one is filled further");
}

/// The last sync failed; everything acknowledged was durable before it.
pub(super) fn sync_failed(error: &LogError) {
    tracing::error!(%error, "the log could not be synced at its end");
}

/// Retention moved a partition's start.
pub(super) fn dropped(topic: Topic, partition: u32, records: u64) {
    metrics::counter!("crisislens_log_dropped_records_total", "topic" => topic.as_str()).increment(records);
    tracing::debug!(topic = topic.as_str(), partition, records, "retention dropped records");
}
